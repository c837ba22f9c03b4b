//! JSONPath (RFC 9535), bounded so that neither a selector nor a document can exhaust us.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::fmt;
use std::sync::Arc;

use super::json::{to_json, to_value};
use crate::model::Value;

/// Longest selector, in bytes.
const LONGEST: usize = 2 * 1024;

/// How deep parentheses and brackets may nest. The parser behind recurses.
const DEEPEST: usize = 32;

/// How many `..` a selector may have: each multiplies the work by the depth of the document.
const DESCENDANTS: usize = 3;

/// A JSONPath.
#[derive(Debug, Clone)]
pub struct JsonPath {
    text: Arc<str>,
    query: Query,
}

#[derive(Debug, Clone)]
enum Query {
    /// Names and indices alone, as most selectors are: one walk, and nothing has to become JSON again.
    Walk(Box<[Segment]>),
    /// Everything else.
    Full {
        path: Box<serde_json_path::JsonPath>,
        is_singular: bool,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Name(Box<str>),
    /// From the end when negative.
    Index(i64),
}

impl JsonPath {
    /// Reads a selector of at most 2 KiB. The error says what is wrong and where.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err(format!("a JSONPath has at most {LONGEST} bytes"));
        }
        if !text.starts_with('$') {
            return Err(format!(
                "`{text}` is no JSONPath: it begins with `$`, as in `$.status`"
            ));
        }
        if let Some(names) = names(text) {
            return Ok(Self {
                text: text.into(),
                query: Query::Walk(names),
            });
        }
        check_shape(text)?;
        let path = serde_json_path::JsonPath::parse(text).map_err(|error| {
            format!(
                "`{text}` is no JSONPath: {} (at character {})",
                error.message(),
                error.position()
            )
        })?;
        let segments = singular(text);
        let is_singular = segments.is_some();
        let walk = segments.and_then(|segments| segments.into_iter().collect());
        Ok(Self {
            text: text.into(),
            query: match walk {
                Some(segments) => Query::Walk(segments),
                None => Query::Full {
                    path: Box::new(path),
                    is_singular,
                },
            },
        })
    }

    /// Whether it can match one node only (RFC 9535 §2.3.5.1): names and indices.
    pub fn is_singular(&self) -> bool {
        match self.query {
            Query::Walk(_) => true,
            Query::Full { is_singular, .. } => is_singular,
        }
    }

    /// The node of a singular path, `None` when there is none; the list of nodes, possibly empty, of any other. `converted`
    /// is for the document as JSON, should it be needed; the same for every path that looks into this document.
    pub fn find<'v>(
        &self,
        document: &'v Value,
        converted: &OnceCell<serde_json::Value>,
    ) -> Option<Cow<'v, Value>> {
        let (path, is_singular) = match &self.query {
            Query::Walk(segments) => return walk(segments, document).map(Cow::Borrowed),
            Query::Full { path, is_singular } => (path, *is_singular),
        };
        let nodes = path.query(converted.get_or_init(|| to_json(document)));
        let mut values = nodes.iter().map(|node| to_value((*node).clone()));
        if is_singular {
            return values.next().map(Cow::Owned);
        }
        Some(Cow::Owned(Value::List(values.collect())))
    }
}

fn walk<'v>(segments: &[Segment], document: &'v Value) -> Option<&'v Value> {
    segments
        .iter()
        .try_fold(document, |value, segment| match (segment, value) {
            (Segment::Name(name), Value::Map(_)) => value.get(name),
            (Segment::Index(index), Value::List(items)) => {
                let from_the_end = || usize::try_from(index.unsigned_abs()).ok();
                let at = match usize::try_from(*index) {
                    Ok(at) => at,
                    Err(_) => items.len().checked_sub(from_the_end()?)?,
                };
                items.get(at)
            }
            _ => None,
        })
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// `$.order.status`: names of ASCII alone, which most selectors are, need no parser.
fn names(text: &str) -> Option<Box<[Segment]>> {
    let is_name = |name: &&str| {
        let is_first = |b: u8| b.is_ascii_alphabetic() || b == b'_';
        name.bytes().next().is_some_and(is_first)
            && name.bytes().all(|b| is_first(b) || b.is_ascii_digit())
    };
    let names = text.strip_prefix("$.")?.split('.');
    let segment = |name| is_name(&name).then(|| Segment::Name(name.into()));
    names.map(segment).collect()
}

/// Nesting and `..`, outside of quotes.
fn check_shape(text: &str) -> Result<(), String> {
    let (mut depth, mut descendants) = (0_usize, 0_usize);
    let mut quote = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(_), '\\') => {
                chars.next();
            }
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            // Negations recurse as well, without a bracket.
            (None, '(' | '[' | '!') => depth += 1,
            (None, ')' | ']') => depth = depth.saturating_sub(1),
            (None, '.') if chars.peek() == Some(&'.') => {
                descendants += 1;
                chars.next();
            }
            _ => {}
        }
        if depth > DEEPEST {
            return Err(format!("a JSONPath nests at most {DEEPEST} deep"));
        }
        if descendants > DESCENDANTS {
            return Err(format!("a JSONPath has at most {DESCENDANTS} times `..`"));
        }
    }
    Ok(())
}

/// Of a path that parses: its names and indices; a name with an escape in it stays unread. `None` when there is anything
/// else.
fn singular(text: &str) -> Option<Vec<Option<Segment>>> {
    let mut segments = Vec::new();
    let mut rest = text.strip_prefix('$').unwrap_or(text).trim_start();
    while !rest.is_empty() {
        let (segment, after) = if let Some(name) = rest.strip_prefix('.') {
            let name = name.trim_start();
            if name.starts_with(['.', '*']) {
                return None;
            }
            let end = name
                .find(|c: char| matches!(c, '.' | '[') || c.is_whitespace())
                .unwrap_or(name.len());
            (Some(Segment::Name(name[..end].into())), &name[end..])
        } else {
            in_brackets(rest.strip_prefix('[')?)?
        };
        segments.push(segment);
        rest = after.trim_start();
    }
    Some(segments)
}

/// `'name']` or `0]`, and what follows it; `None` when more than one name or index stands in the brackets.
fn in_brackets(inner: &str) -> Option<(Option<Segment>, &str)> {
    let inner = inner.trim_start();
    let (segment, after) =
        if let Some(quote) = inner.chars().next().filter(|c| matches!(c, '"' | '\'')) {
            let mut end = None;
            let mut has_escape = false;
            let mut chars = inner.char_indices().skip(1);
            while let Some((at, c)) = chars.next() {
                match c {
                    '\\' => {
                        has_escape = true;
                        chars.next();
                    }
                    c if c == quote => {
                        end = Some(at);
                        break;
                    }
                    _ => {}
                }
            }
            let end = end?;
            let name = (!has_escape).then(|| Segment::Name(inner[1..end].into()));
            (name, &inner[end + 1..])
        } else {
            let digits = inner.strip_prefix('-').unwrap_or(inner);
            let end = digits.find(|c: char| !c.is_ascii_digit())?;
            if end == 0 {
                return None;
            }
            let index = &inner[..inner.len() - digits.len() + end];
            (index.parse().ok().map(Segment::Index), &digits[end..])
        };
    let after = after.trim_start().strip_prefix(']')?;
    Some((segment, after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// The store of RFC 9535 §1.5.
    fn store() -> serde_json::Value {
        json!({ "store": {
            "book": [
                { "category": "reference", "author": "Nigel Rees", "price": 8.95 },
                { "category": "fiction", "author": "Evelyn Waugh", "price": 12.99 },
                { "category": "fiction", "author": "Herman Melville", "isbn": "0-553-21311-3", "price": 8.99 },
                { "category": "fiction", "author": "J. R. R. Tolkien", "isbn": "0-395-19395-8", "price": 22.99 },
            ],
            "bicycle": { "color": "red", "price": 399 },
        }})
    }

    fn find(path: &str) -> Option<serde_json::Value> {
        let path = JsonPath::parse(path).unwrap_or_else(|error| panic!("{error}"));
        path.find(&to_value(store()), &OnceCell::new())
            .map(|value| to_json(&value))
    }

    #[test]
    fn the_examples_of_the_rfc() {
        for (path, wanted) in [
            (
                "$.store.book[*].author",
                json!([
                    "Nigel Rees",
                    "Evelyn Waugh",
                    "Herman Melville",
                    "J. R. R. Tolkien"
                ]),
            ),
            ("$.store.book[2].author", json!("Herman Melville")),
            ("$..book[2].author", json!(["Herman Melville"])),
            ("$..book[2].publisher", json!([])),
            ("$.store.book[-1].price", json!(22.99)),
            ("$.store..price", json!([8.95, 12.99, 8.99, 22.99, 399])),
            ("$..book[0,1].category", json!(["reference", "fiction"])),
            ("$..book[:2].price", json!([8.95, 12.99])),
            ("$..book[?@.isbn].price", json!([8.99, 22.99])),
            (
                "$..book[?@.price<10].author",
                json!(["Nigel Rees", "Herman Melville"]),
            ),
            ("$['store'][\"bicycle\"]['color']", json!("red")),
            ("$.store.book[?length(@.author) > 15].price", json!([22.99])),
            ("$.store.book[?match(@.author, 'N.*')].price", json!([8.95])),
        ] {
            assert_eq!(find(path), Some(wanted), "{path}");
        }
        assert_eq!(find("$.store.shop"), None);
        assert_eq!(find("$"), Some(store()));
    }

    #[test]
    fn a_walk_finds_what_the_full_query_finds() {
        for (path, is_walk) in [
            ("$", true),
            ("$.store.bicycle", true),
            ("$ .store [ 'book' ] [ -4 ].price", true),
            ("$.store.book[3]", true),
            ("$.store.book[4]", true),
            ("$.store.book[-5]", true),
            ("$.store.book.price", true),
            ("$.store[0]", true),
            ("$.store.bicycle.color.x", true),
            ("$['st\\u006fre'].bicycle.color", false),
        ] {
            let read = JsonPath::parse(path).unwrap();
            assert_eq!(matches!(read.query, Query::Walk(_)), is_walk, "{path}");
            let full = JsonPath {
                query: Query::Full {
                    path: Box::new(serde_json_path::JsonPath::parse(path).unwrap()),
                    is_singular: true,
                },
                ..read.clone()
            };
            let (store, converted) = (to_value(store()), OnceCell::new());
            assert_eq!(
                read.find(&store, &converted),
                full.find(&store, &converted),
                "{path}"
            );
        }
    }

    #[test]
    fn only_names_and_indices_are_singular() {
        for path in [
            "$",
            "$.a",
            "$.a.b",
            "$['a b']",
            "$[0]",
            "$[-1].x",
            "$ .a [ 0 ]",
            "$[\"]'\"]",
        ] {
            assert!(JsonPath::parse(path).unwrap().is_singular(), "{path}");
        }
        for path in [
            "$.*",
            "$..a",
            "$[*]",
            "$[0,1]",
            "$['a','b']",
            "$[1:2]",
            "$[:1]",
            "$[?@.a]",
        ] {
            assert!(!JsonPath::parse(path).unwrap().is_singular(), "{path}");
        }
    }

    #[test]
    fn what_does_not_parse_is_said() {
        for (path, part) in [
            ("", "begins with `$`"),
            ("status", "begins with `$`"),
            ("$.", "is no JSONPath"),
            ("$[", "is no JSONPath"),
            ("$.a[?nope(@)]", "is no JSONPath"),
            ("$..a..b..c..d", "at most 3 times"),
        ] {
            let error = JsonPath::parse(path).expect_err(path);
            assert!(error.contains(part), "{path}: {error}");
        }
    }

    #[test]
    fn deep_and_long_selectors_do_not_reach_the_parser() {
        for piece in ["(", "[", "!", "[?(", "!("] {
            let path = format!("$[?{}", piece.repeat(20_000 / piece.len()));
            assert!(JsonPath::parse(&path).is_err());
            let path = format!("$[?{}", piece.repeat(500));
            assert!(JsonPath::parse(&path).is_err());
        }
    }

    proptest! {
        #[test]
        fn no_selector_makes_it_panic(path in "\\$[a-z.\\[\\]'\"*?@(),:!&|<>= 0-9-]{0,40}") {
            if let Ok(path) = JsonPath::parse(&path) {
                path.find(&to_value(store()), &OnceCell::new());
            }
        }
    }
}
