//! From YAML to a matcher. Everything that could never hold, or never fail, is an error here.

use regex::{Regex, RegexBuilder};

use super::super::literal::{Bound, Literal, is_blank, named};
use super::contradiction::contradiction;
use super::schema::Schema;
use super::{Comparison, Matcher, Test};
use crate::model::FactKind;
use crate::template::is_filled;
use crate::yaml::{Diagnostic, Diagnostics, Entry, Kind, Node, Resolved, did_you_mean};

/// Every key, as suites write it.
const KEYS: &[&str] = &[
    "equals",
    "not",
    "in",
    "above",
    "at_least",
    "below",
    "at_most",
    "between",
    "contains",
    "starts_with",
    "ends_with",
    "matches",
    "exists",
    "empty",
    "length",
    "probe_window",
    "type",
    "each",
    "any",
    "all_of",
    "any_of",
    "none_of",
    "includes",
    "schema",
];

const TYPES: &[&str] = &[
    "null", "boolean", "number", "string", "duration", "array", "object",
];

/// A compiled regular expression may take this many bytes.
const REGEX_SIZE: usize = 1 << 20;

impl Matcher {
    /// Reads a matcher for a fact of any type. Problems are told; `None` when there are any.
    pub fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        Self::decode_for(node, FactKind::Any, problems)
    }

    /// Reads a matcher for a fact whose type is known.
    pub(in super::super) fn decode_for(
        node: &Node,
        kind: FactKind,
        problems: &mut Diagnostics,
    ) -> Option<Self> {
        // What came out of a variable is a value, also when it looks like a matcher.
        if is_filled(node) || node.resolved().kind == Kind::Pending {
            // A captured list or mapping is no number, one value is no list: simply never equal.
            let kind = match (kind, node.as_scalar()) {
                (FactKind::Number | FactKind::Truth, None) | (FactKind::List, Some(_)) => {
                    FactKind::Any
                }
                _ => kind,
            };
            return Literal::decode(node, kind, problems).map(Self::equals);
        }
        if is_blank(node) {
            problems.push(Diagnostic::error(
                node.span,
                "nothing to compare with; write `null`, or `\"\"` for an empty text",
            ));
            return None;
        }
        match &node.resolved().kind {
            Kind::Sequence(items) => list(node, items, kind, problems),
            Kind::Mapping(entries) => mapping(node, entries, kind, problems),
            _ => Literal::decode(node, kind, problems).map(Self::equals),
        }
    }

    fn equals(literal: Literal) -> Self {
        Self {
            tests: vec![Test::Equals(literal)],
        }
    }
}

fn list(
    node: &Node,
    items: &[Node],
    kind: FactKind,
    problems: &mut Diagnostics,
) -> Option<Matcher> {
    let problem = if items.is_empty() {
        Diagnostic::error(node.span, "an empty list matches nothing")
            .help("that a list has no items is written `{ empty: true }`")
    } else if matches!(kind, FactKind::Any | FactKind::List) {
        return Literal::decode(node, kind, problems).map(Matcher::equals);
    } else {
        Diagnostic::error(node.span, "one value never equals a list")
            .help("that it is one of several is written `{ in: […] }`")
    };
    problems.push(problem);
    None
}

fn mapping(
    node: &Node,
    entries: &[Entry],
    kind: FactKind,
    problems: &mut Diagnostics,
) -> Option<Matcher> {
    if entries.is_empty() {
        problems.push(Diagnostic::error(
            node.span,
            "an empty matcher expects nothing",
        ));
        return None;
    }
    let tests: Vec<_> = entries
        .iter()
        .map(|entry| test(entry, kind, problems))
        .collect();
    let tests = tests.into_iter().collect::<Option<Vec<_>>>()?;
    if let Some(why) = contradiction(&tests) {
        problems.push(Diagnostic::error(node.span, why));
        return None;
    }
    Some(Matcher { tests })
}

fn test(entry: &Entry, kind: FactKind, problems: &mut Diagnostics) -> Option<Test> {
    let (key, node) = (&*entry.key, &entry.value);
    let Some(key) = KEYS.iter().copied().find(|known| *known == key) else {
        problems.push(unknown_key(entry));
        return None;
    };
    if is_blank(node) {
        problems.push(Diagnostic::error(
            entry.key_span,
            format!("`{key}` is empty"),
        ));
        return None;
    }
    let compare = |comparison, problems: &mut Diagnostics| {
        Bound::decode(node, kind, problems).map(|bound| Test::Compare(comparison, bound))
    };
    match key {
        "equals" => Literal::decode(node, kind, problems).map(Test::Equals),
        "in" => items(node, key, problems)?.map_or(Some(Test::Pending("in")), |items| {
            let items: Vec<_> = items
                .iter()
                .map(|item| Literal::decode(item, kind, problems))
                .collect();
            items.into_iter().collect::<Option<_>>().map(Test::In)
        }),
        "above" => compare(Comparison::Above, problems),
        "at_least" => compare(Comparison::AtLeast, problems),
        "below" => compare(Comparison::Below, problems),
        "at_most" => compare(Comparison::AtMost, problems),
        "between" => between(node, kind, problems),
        "contains" => not_empty(node, key, problems)
            .and_then(|()| Literal::decode(node, FactKind::Any, problems))
            .map(Test::Contains),
        "includes" => not_empty(node, key, problems)
            .and_then(|()| Literal::decode(node, FactKind::Any, problems))
            .map(Test::Includes),
        "schema" => Schema::decode(node, problems).map(Test::Schema),
        "starts_with" => text(node, key, problems)
            .map(|text| text.map_or(Test::Pending("starts_with"), Test::StartsWith)),
        "ends_with" => text(node, key, problems)
            .map(|text| text.map_or(Test::Pending("ends_with"), Test::EndsWith)),
        "matches" => {
            regex(node, problems).map(|regex| regex.map_or(Test::Pending("matches"), Test::Matches))
        }
        "exists" => truth(node, key, problems)
            .map(|truth| truth.map_or(Test::Pending("exists"), Test::Exists)),
        "empty" => truth(node, key, problems)
            .map(|truth| truth.map_or(Test::Pending("empty"), Test::Empty)),
        "type" => type_name(node, problems),
        "length" => Matcher::decode_for(node, FactKind::Number, problems).map(Test::Length),
        "probe_window" => {
            Matcher::decode_for(node, FactKind::Duration, problems).map(Test::ProbeWindow)
        }
        "each" => Matcher::decode(node, problems).map(Test::Each),
        "any" => Matcher::decode(node, problems).map(Test::Any),
        "not" => not(node, kind, problems),
        "all_of" => several(node, key, kind, problems).map(Test::AllOf),
        "any_of" => several(node, key, kind, problems).map(Test::AnyOf),
        "none_of" => several(node, key, kind, problems).map(Test::NoneOf),
        // The key is one of `KEYS`.
        _ => None,
    }
}

fn unknown_key(entry: &Entry) -> Diagnostic {
    let key = &*entry.key;
    let hint = did_you_mean(key, KEYS.iter().copied());
    let problem = Diagnostic::error(entry.key_span, format!("unknown matcher `{key}`{hint}"));
    if is_blank(&entry.value) {
        problem.help(format!("a plain value is compared without braces: `{key}`"))
    } else if hint.is_empty() {
        problem.help("to compare with a mapping write `equals: { … }`, or `includes: { … }` for a part of it")
    } else {
        problem
    }
}

/// The items of a list that must have some; `Some(None)` when it is only known later.
#[expect(clippy::option_option, reason = "wrong, only known later, or there")]
fn items<'n>(node: &'n Node, key: &str, problems: &mut Diagnostics) -> Option<Option<&'n [Node]>> {
    let message = match &node.resolved().kind {
        Kind::Pending => return Some(None),
        Kind::Sequence(items) if !items.is_empty() => return Some(Some(items)),
        Kind::Sequence(_) => format!("`{key}` is empty, so nothing is expected"),
        _ => format!("`{key}` takes a list: `{key}: [ … ]`"),
    };
    problems.push(Diagnostic::error(node.span, message));
    None
}

fn several(
    node: &Node,
    key: &str,
    kind: FactKind,
    problems: &mut Diagnostics,
) -> Option<Vec<Matcher>> {
    if is_filled(node) {
        problems.push(Diagnostic::error(
            node.span,
            format!("`{key}` cannot come from a variable"),
        ));
        return None;
    }
    let Some(items) = items(node, key, problems)? else {
        problems.push(Diagnostic::error(
            node.span,
            format!("`{key}` cannot come from a variable"),
        ));
        return None;
    };
    let matchers: Vec<_> = items
        .iter()
        .map(|item| Matcher::decode_for(item, kind, problems))
        .collect();
    matchers.into_iter().collect()
}

fn not(node: &Node, kind: FactKind, problems: &mut Diagnostics) -> Option<Test> {
    let inner = Matcher::decode_for(node, kind, problems)?;
    if inner
        .tests
        .iter()
        .any(|test| matches!(test, Test::Exists(_)))
    {
        problems.push(Diagnostic::error(
            node.span,
            "`not` around `exists` says nothing clearly; write `exists: true` or `exists: false`",
        ));
        return None;
    }
    Some(Test::Not(inner))
}

fn between(node: &Node, kind: FactKind, problems: &mut Diagnostics) -> Option<Test> {
    let Some(items) = items(node, "between", problems)? else {
        return Some(Test::Pending("between"));
    };
    let [low, high] = items else {
        problems.push(Diagnostic::error(
            node.span,
            "`between` takes two values: `between: [1, 5]`",
        ));
        return None;
    };
    let low = Bound::decode(low, kind, problems);
    let high = Bound::decode(high, kind, problems);
    Some(Test::Between(low?, high?))
}

/// Something empty is in everything.
fn not_empty(node: &Node, key: &str, problems: &mut Diagnostics) -> Option<()> {
    let is_empty = match &node.resolved().kind {
        Kind::Scalar(scalar) => scalar.text.is_empty(),
        Kind::Sequence(items) => items.is_empty(),
        Kind::Mapping(entries) => entries.is_empty(),
        Kind::Pending | Kind::Alias(_) => false,
    };
    if is_empty {
        problems.push(Diagnostic::error(
            node.span,
            format!("`{key}` of something empty always holds"),
        ));
        return None;
    }
    Some(())
}

/// The text of a scalar that must not be empty; `Some(None)` when it is only known later.
#[expect(clippy::option_option, reason = "wrong, only known later, or there")]
fn text(node: &Node, key: &str, problems: &mut Diagnostics) -> Option<Option<String>> {
    not_empty(node, key, problems)?;
    match &node.resolved().kind {
        Kind::Pending => Some(None),
        Kind::Scalar(scalar) => Some(Some(scalar.text.to_string())),
        _ => {
            problems.push(Diagnostic::error(
                node.span,
                format!("`{key}` takes a text"),
            ));
            None
        }
    }
}

/// A regular expression; `Some(None)` when it is only known later.
#[expect(clippy::option_option, reason = "wrong, only known later, or there")]
pub(in super::super) fn regex(node: &Node, problems: &mut Diagnostics) -> Option<Option<Regex>> {
    let Some(text) = text(node, "matches", problems)? else {
        return Some(None);
    };
    match RegexBuilder::new(&text).size_limit(REGEX_SIZE).build() {
        Ok(regex) => Some(Some(regex)),
        Err(error) => {
            let why = match error {
                regex::Error::CompiledTooBig(_) => {
                    "it is too large when its repetitions are written out".to_owned()
                }
                // The parser draws its own caret; its last line says what is wrong.
                error => error
                    .to_string()
                    .lines()
                    .last()
                    .unwrap_or_default()
                    .trim_start_matches("error: ")
                    .to_owned(),
            };
            problems.push(
                Diagnostic::error(node.span, format!("the regular expression does not parse: {why}"))
                    .help("matching takes time linear in the text; backreferences and look-around do not exist"),
            );
            None
        }
    }
}

/// `true` or `false`; `Some(None)` when it is only known later.
#[expect(clippy::option_option, reason = "wrong, only known later, or there")]
fn truth(node: &Node, key: &str, problems: &mut Diagnostics) -> Option<Option<bool>> {
    if node.resolved().kind == Kind::Pending {
        return Some(None);
    }
    if let Some(Resolved::Bool(truth)) =
        node.as_scalar().map(crate::yaml::Scalar::as_number_or_bool)
    {
        Some(Some(truth))
    } else {
        problems.push(Diagnostic::error(
            node.span,
            format!("`{key}` takes `true` or `false`"),
        ));
        None
    }
}

fn type_name(node: &Node, problems: &mut Diagnostics) -> Option<Test> {
    let Some(scalar) = node.as_scalar() else {
        if node.resolved().kind == Kind::Pending {
            return Some(Test::Pending("type"));
        }
        problems.push(Diagnostic::error(node.span, "`type` takes one name"));
        return None;
    };
    if TYPES.contains(&&*scalar.text) {
        return Some(Test::Type(scalar.text.to_string()));
    }
    let hint = did_you_mean(&scalar.text, TYPES.iter().copied());
    problems.push(Diagnostic::error(
        node.span,
        format!(
            "{} is no type: there are {}{hint}",
            named(scalar),
            TYPES.join(", ")
        ),
    ));
    None
}
