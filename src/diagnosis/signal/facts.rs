//! What a probe saw, by the names it gives it.

use super::items::{scalar, span};
use super::texts::Pattern;
use crate::diagnosis::seen::Seen;
use crate::diagnosis::short::short;
use crate::model::Value;
use crate::yaml::{Diagnostic, Diagnostics, Kind, Node, Resolved};

/// Every fact must be so.
#[derive(Debug, Clone)]
pub(in crate::diagnosis) struct Facts(Vec<(String, Wanted)>);

#[derive(Debug, Clone)]
enum Wanted {
    Truth(bool),
    Present,
    Absent,
    /// In the text, in an item of the list, or in a name of the mapping.
    Matching(Pattern),
}

impl Facts {
    /// Reads `{ oom_killed: true, covers_sibling: present, codes: '^postgres' }`.
    pub(super) fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        let Kind::Mapping(entries) = &node.resolved().kind else {
            problems.push(Diagnostic::error(
                span(node),
                "`fact` is a mapping from names to what they are: `oom_killed: true`",
            ));
            return None;
        };
        let read: Vec<_> = entries
            .iter()
            .map(|entry| Some((entry.key.to_string(), wanted(&entry.value, problems)?)))
            .collect();
        let facts: Vec<_> = read.into_iter().collect::<Option<_>>()?;
        if facts.is_empty() {
            problems.push(Diagnostic::error(span(node), "`fact` names no fact"));
            return None;
        }
        Some(Self(facts))
    }

    pub(super) fn hold(&self, seen: &Seen<'_>) -> bool {
        self.0
            .iter()
            .all(|(name, wanted)| match (wanted, seen.fact(name)) {
                (Wanted::Absent, found) => found.is_none(),
                (Wanted::Present, found) => found.is_some(),
                (Wanted::Truth(truth), found) => found == Some(&Value::Bool(*truth)),
                (Wanted::Matching(pattern), found) => {
                    found.is_some_and(|found| is_in(found, pattern))
                }
            })
    }

    /// `oom_killed is true`.
    pub(super) fn evidence(&self, seen: &Seen<'_>) -> Option<String> {
        let told: Vec<String> = self
            .0
            .iter()
            .filter_map(|(name, wanted)| {
                let found = match (wanted, seen.fact(name)?) {
                    (Wanted::Truth(truth), _) => truth.to_string(),
                    (_, Value::Map(entries)) => {
                        let names: Vec<_> = entries.iter().map(|(name, _)| &**name).collect();
                        names.join(", ")
                    }
                    (_, found) => found.as_text().unwrap_or(found.type_name()).to_owned(),
                };
                Some(format!("{name} is {found}"))
            })
            .collect();
        (!told.is_empty()).then(|| short(&told.join("; ")))
    }
}

fn wanted(node: &Node, problems: &mut Diagnostics) -> Option<Wanted> {
    let scalar = scalar(
        node,
        "true, false, `present`, `absent` or a regular expression",
        problems,
    )?;
    Some(match (scalar.resolve(), &*scalar.text) {
        (Resolved::Bool(truth), _) => Wanted::Truth(truth),
        (_, "present") => Wanted::Present,
        (_, "absent") => Wanted::Absent,
        _ => Wanted::Matching(Pattern::decode(node, problems)?),
    })
}

fn is_in(value: &Value, pattern: &Pattern) -> bool {
    match value {
        Value::Text(text) | Value::Untyped(text) => pattern.find(text).is_some(),
        Value::List(items) => items.iter().any(|item| is_in(item, pattern)),
        Value::Map(entries) => entries.iter().any(|(name, _)| pattern.find(name).is_some()),
        Value::Number(number) => pattern.find(&number.to_string()).is_some(),
        Value::Null | Value::Bool(_) | Value::Duration(_) => false,
    }
}
