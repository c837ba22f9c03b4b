//! `matrix`: one test, a row each.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use super::early;
use super::scope::{Cell, Content, StepScope, is_late_in_a_row};
use super::value::value_of;
use crate::template::{is_variable_name, uses};
use crate::yaml::{Diagnostic, Diagnostics, Entry, Kind, Node, Sources};

/// One row: its label and its values for `${matrix.…}`.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) label: String,
    pub(super) values: Arc<Vec<Cell>>,
}

/// More rows than this are a list somebody generated, and nobody reads their results.
const MAX_ROWS: usize = 10_000;

/// Reads the rows; every broken one is told.
pub(super) fn rows(
    node: &Node,
    scope: &StepScope,
    sources: &Sources,
    problems: &mut Diagnostics,
) -> Vec<Row> {
    let aside = set_aside(node, problems);
    let filled = match pending_list(node, scope) {
        Some(list) => Cow::Borrowed(list),
        None => match early::fill("matrix", &aside.known, scope, sources, problems) {
            Some(filled) => filled,
            None => return Vec::new(),
        },
    };
    let Some(items) = filled.as_sequence() else {
        problems.push(
            Diagnostic::error(node.span, "expected a list of rows")
                .help("write `matrix: [{ name: web, host: \"${web}\" }]`, or `\"${origins}\"` with a list of the target"),
        );
        return Vec::new();
    };
    if items.is_empty() || items.len() > MAX_ROWS {
        problems.push(Diagnostic::error(
            node.span,
            format!("found {} rows, expected 1 to {MAX_ROWS}", items.len()),
        ));
        return Vec::new();
    }
    let mut rows: Vec<Row> = Vec::new();
    let mut labels: HashSet<String> = HashSet::new();
    for (at, item) in items.iter().enumerate() {
        let Some(entries) = item.as_mapping() else {
            problems.push(Diagnostic::error(
                item.span,
                "expected a row: a mapping with `name` and what differs",
            ));
            continue;
        };
        for entry in entries.iter().filter(|entry| !is_variable_name(&entry.key)) {
            problems.push(Diagnostic::error(
                entry.key_span,
                format!("`{}` is no name: a-z, 0-9 and `_`", entry.key),
            ));
        }
        let label = match item.get("name") {
            // Only a run knows it; until then the row is called by its position.
            Some(name) if !early::is_complete(name) => Some(format!("row {}", at + 1)),
            name => name
                .and_then(Node::as_scalar)
                .map(|scalar| scalar.text.trim().to_owned()),
        };
        let Some(label) = label.filter(|label| is_label(label)) else {
            let rule = "a row needs a `name` of letters, digits, blanks, `_`, `.`, `:` and `-`, at most 100 of them";
            problems.push(Diagnostic::error(item.span, rule));
            continue;
        };
        if !labels.insert(label.clone()) {
            problems.push(Diagnostic::error(
                item.span,
                format!("two rows are called `{label}`"),
            ));
            continue;
        }
        let values = entries
            .iter()
            .map(|entry| {
                let content = match aside.late(at, &entry.key) {
                    Some(written) => Content::Late(written.clone()),
                    None if early::is_complete(&entry.value) => {
                        Content::Known(value_of(&entry.value))
                    }
                    None => Content::InARun,
                };
                (entry.key.to_string(), content)
            })
            .collect();
        rows.push(Row {
            label,
            values: Arc::new(values),
        });
    }
    rows
}

/// A matrix without the values that are filled for each attempt, and these.
struct Aside<'n> {
    known: Cow<'n, Node>,
    /// Each with its row and its key.
    late: Vec<(usize, &'n str, &'n Node)>,
}

impl Aside<'_> {
    fn late(&self, row: usize, key: &str) -> Option<&Node> {
        let is_it = |(at, name, _): &&(usize, &str, &Node)| *at == row && *name == key;
        self.late.iter().find(is_it).map(|(_, _, node)| *node)
    }
}

/// Sets the late values of rows that are written aside.
/// The `name` of a row is part of an id, so it is known before anything runs.
fn set_aside<'n>(node: &'n Node, problems: &mut Diagnostics) -> Aside<'n> {
    let is_late = |node: &Node| uses(node).iter().any(|used| is_late_in_a_row(&used.name));
    let rows = node.as_sequence().unwrap_or_default();
    let mut late: Vec<(usize, &'n Entry)> = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        for entry in row.as_mapping().unwrap_or_default() {
            if &*entry.key != "name" && is_late(&entry.value) {
                late.push((at, entry));
            }
        }
    }
    if late.is_empty() {
        return Aside {
            known: Cow::Borrowed(node),
            late: Vec::new(),
        };
    }
    for (_, entry) in &late {
        for used in uses(&entry.value) {
            if used.name.starts_with("matrix.") {
                let message = format!("`{}`: a value of a row knows nothing of the row", used.name);
                problems.push(Diagnostic::error(used.span, message));
            }
        }
    }
    let without = |at: usize, row: &Node| {
        let entries = row.as_mapping().unwrap_or_default().iter();
        let entry = |entry: &Entry| {
            let is_aside = late
                .iter()
                .any(|(of, one)| *of == at && std::ptr::eq(*one, entry));
            let value = Node {
                span: entry.value.span,
                kind: Kind::Pending,
            };
            Entry {
                value: if is_aside { value } else { entry.value.clone() },
                ..entry.clone()
            }
        };
        Kind::Mapping(entries.map(entry).collect())
    };
    let is_touched = |at: usize| late.iter().any(|(of, ..)| *of == at);
    let known = rows.iter().enumerate().map(|(at, row)| match at {
        at if is_touched(at) => Node {
            span: row.span,
            kind: without(at, row),
        },
        _ => row.clone(),
    });
    Aside {
        known: Cow::Owned(Node {
            span: node.span,
            kind: Kind::Sequence(known.collect()),
        }),
        late: late
            .iter()
            .map(|(at, entry)| (*at, &*entry.key, &entry.value))
            .collect(),
    }
}

/// What is known of a list that is a variable of the target: `check` and `list` know its rows, if not all that stands in them.
fn pending_list<'s>(node: &Node, scope: &'s StepScope) -> Option<&'s Node> {
    let text = &node.as_scalar()?.text;
    let name = text.strip_prefix("${")?.strip_suffix('}')?;
    scope.early.pending_lists.get(name.trim())
}

fn is_label(label: &str) -> bool {
    let is_fine = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '_' | '.' | ':' | '-');
    !label.is_empty() && label.chars().count() <= 100 && label.chars().all(is_fine)
}
