//! `matrix`: one test, a row each.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use super::early;
use super::scope::{Cell, StepScope};
use super::value::value_of;
use crate::template::is_variable_name;
use crate::yaml::{Diagnostic, Diagnostics, Node, Sources};

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
    let filled = match pending_list(node, scope) {
        Some(list) => Cow::Borrowed(list),
        None => match early::fill("matrix", node, scope, sources, problems) {
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
                let is_known = early::is_complete(&entry.value);
                let value = is_known.then(|| value_of(&entry.value));
                (entry.key.to_string(), value)
            })
            .collect();
        rows.push(Row {
            label,
            values: Arc::new(values),
        });
    }
    rows
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
