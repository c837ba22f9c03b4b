//! Secrets that are written literally, as far as one can tell from keys and URLs.

use super::variables::password_of_url;
use super::written::{Written, looks};
use crate::yaml::{Entry, Kind, Node, Resolved, Span};

/// A value that looks like a secret.
#[derive(Debug, Clone, Copy)]
pub(super) struct Literal<'s> {
    pub(super) span: Span,
    /// Its key; `None` for the password of a URL.
    pub(super) key: Option<&'s str>,
    pub(super) value: &'s str,
}

/// Every one in probe mappings, in what sessions are opened with, and in the variables of a target.
pub(super) fn literals<'s>(
    suite: Option<&'s Node>,
    sessions: Option<&'s Node>,
    target: Option<&'s Node>,
) -> Vec<Literal<'s>> {
    let mut found = Vec::new();
    for look in looks(suite, sessions) {
        if !is_to_be_refused(&look) {
            walk(&look.probe.value, &mut found);
        }
    }
    for used in uses(suite) {
        let with = used.get("with").and_then(Node::as_mapping);
        for entry in with.unwrap_or_default() {
            entry_of(entry, &mut found);
        }
    }
    let vars = target.and_then(|target| target.get("vars")?.as_mapping());
    for entry in vars.unwrap_or_default() {
        entry_of(entry, &mut found);
    }
    found
}

/// Each entry of `uses` of every test.
fn uses(suite: Option<&Node>) -> impl Iterator<Item = &Node> {
    let tests = suite
        .into_iter()
        .filter_map(|suite| suite.get("tests")?.as_sequence())
        .flatten();
    tests
        .filter_map(|test| test.get("uses")?.as_sequence())
        .flatten()
}

impl Literal<'_> {
    /// Whether masking it hides it without making everything else unreadable: a word of letters stands elsewhere, too.
    pub(super) fn is_no_word(&self) -> bool {
        !self.value.chars().all(char::is_alphabetic)
    }
}

fn walk<'s>(node: &'s Node, found: &mut Vec<Literal<'s>>) {
    match &node.resolved().kind {
        Kind::Mapping(entries) => entries.iter().for_each(|entry| entry_of(entry, found)),
        Kind::Sequence(items) => items.iter().for_each(|item| walk(item, found)),
        Kind::Scalar(scalar) => {
            // `scheme://user:password@host`
            let password = password_of_url(&scalar.text);
            if let Some(value) = password.filter(|password| !password.contains("${")) {
                found.push(Literal {
                    span: node.resolved().span,
                    key: None,
                    value,
                });
            }
        }
        Kind::Pending | Kind::Alias(_) => {}
    }
}

fn entry_of<'s>(entry: &'s Entry, found: &mut Vec<Literal<'s>>) {
    match literal(&entry.value).filter(|_| names_a_secret(&entry.key)) {
        Some(value) => found.push(Literal {
            span: entry.key_span,
            key: Some(&entry.key),
            value,
        }),
        None => walk(&entry.value, found),
    }
}

fn literal(node: &Node) -> Option<&str> {
    let scalar = node.as_scalar()?;
    let is_a_switch = matches!(scalar.resolve(), Resolved::Null | Resolved::Bool(_));
    let is_literal = !is_a_switch && !scalar.text.is_empty() && !scalar.text.contains("${");
    is_literal.then_some(&*scalar.text)
}

/// What a key ends with when its value is a secret; `token_path` and `password_field` are none.
const WORDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "bearer",
    "api_key",
    "apikey",
    "private_key",
    "credential",
    "credentials",
    "authorization",
    "cookie",
];

fn names_a_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase().replace('-', "_");
    // `wrong_password` is meant to be refused.
    let is_decoy = ["wrong", "invalid", "bad", "expired", "unknown"]
        .iter()
        .any(|word| key.starts_with(word));
    !is_decoy && WORDS.iter().any(|word| key.ends_with(word))
}

/// Credentials that must be refused are no secret: the test says so itself.
fn is_to_be_refused(look: &Written<'_>) -> bool {
    let Some(expect) = look.expect else {
        return false;
    };
    let text = |node: &Node| node.as_scalar().map(|scalar| scalar.text.to_string());
    let is_refusal = |node: &Node| {
        text(node)
            .is_some_and(|text| matches!(text.as_str(), "400" | "401" | "403" | "404" | "422"))
    };
    let expects_fault = expect
        .get("fault")
        .is_some_and(|fault| text(fault).as_deref() != Some("none"));
    let expects_refusal = expect.get("status").is_some_and(|status| {
        let several = status.get("in").and_then(Node::as_sequence);
        is_refusal(status) || several.is_some_and(|several| several.iter().all(is_refusal))
    });
    expects_fault || expects_refusal
}
