//! JSONPath (RFC 9535), bounded so that neither a selector nor a document can exhaust us.

use std::fmt;
use std::sync::Arc;

use super::json::to_value;
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
    path: serde_json_path::JsonPath,
    is_singular: bool,
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
        check_shape(text)?;
        let path = serde_json_path::JsonPath::parse(text).map_err(|error| {
            format!(
                "`{text}` is no JSONPath: {} (at character {})",
                error.message(),
                error.position()
            )
        })?;
        Ok(Self {
            text: text.into(),
            path,
            is_singular: is_singular(text),
        })
    }

    /// Whether it can match one node only (RFC 9535 §2.3.5.1): names and indices.
    pub fn is_singular(&self) -> bool {
        self.is_singular
    }

    /// The node of a singular path, `None` when there is none; the list of nodes, possibly empty, of any other.
    pub fn find(&self, json: &serde_json::Value) -> Option<Value> {
        let nodes = self.path.query(json);
        if self.is_singular {
            return nodes.first().cloned().map(to_value);
        }
        Some(Value::List(
            nodes.iter().map(|node| to_value((*node).clone())).collect(),
        ))
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
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

/// Of a path that parses: whether every segment is a name or an index.
fn is_singular(text: &str) -> bool {
    let mut rest = text.strip_prefix('$').unwrap_or(text).trim_start();
    while !rest.is_empty() {
        let after = if let Some(name) = rest.strip_prefix('.') {
            let name = name.trim_start();
            if name.starts_with(['.', '*']) {
                return false;
            }
            let end = name
                .find(|c: char| matches!(c, '.' | '[') || c.is_whitespace())
                .unwrap_or(name.len());
            Some(&name[end..])
        } else {
            rest.strip_prefix('[').and_then(after_bracket)
        };
        match after {
            Some(after) => rest = after.trim_start(),
            None => return false,
        }
    }
    true
}

/// What follows `'name']` or `0]`; `None` when more than one name or index stands in the brackets.
fn after_bracket(inner: &str) -> Option<&str> {
    let inner = inner.trim_start();
    let after = if let Some(quote) = inner.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let mut end = None;
        let mut chars = inner.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => {
                    chars.next();
                }
                c if c == quote => {
                    end = Some(at + 1);
                    break;
                }
                _ => {}
            }
        }
        &inner[end?..]
    } else {
        let digits = inner.strip_prefix('-').unwrap_or(inner);
        let end = digits.find(|c: char| !c.is_ascii_digit())?;
        if end == 0 {
            return None;
        }
        &digits[end..]
    };
    after.trim_start().strip_prefix(']')
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
        path.find(&store())
            .map(|value| super::super::to_json(&value))
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
                path.find(&store());
            }
        }
    }
}
