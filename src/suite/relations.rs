//! What a test has to do with others and with its target: `requires`, `when`, `alone`.

use super::early;
use super::gate_keys::texts;
use super::project::is_name;
use super::scope::StepScope;
use super::{Alone, Condition, Requirement};
use crate::model::{Category, TestId};
use crate::template::{Lookup, Scope};
use crate::yaml::{Diagnostic, Diagnostics, Fields, Sources, Span};

/// What must have passed before. Each row of a matrix may require something else.
pub(super) fn requires(
    fields: &Fields<'_>,
    scope: &StepScope,
    sources: &Sources,
    problems: &mut Diagnostics,
) -> (Vec<Requirement>, Vec<Span>) {
    let mut result = (Vec::new(), Vec::new());
    let filled = fields
        .get("requires")
        .and_then(|node| early::fill("requires", node, scope, sources, problems));
    let Some(node) = filled else {
        return result;
    };
    for (span, text) in texts(&node, "test ids and categories", problems) {
        let requirement = match TestId::parse(&text) {
            Some(id) => Some(Requirement::Test(id)),
            None if is_name(&text) => Some(Requirement::Category(Category::new(text.as_str()))),
            None => None,
        };
        match requirement {
            Some(requirement) => {
                result.0.push(requirement);
                result.1.push(span);
            }
            None => problems.push(Diagnostic::error(
                span,
                "expected an id `category/name`, or a category",
            )),
        }
    }
    result
}

/// The condition as written, when it is false.
pub(super) fn when(
    fields: &Fields<'_>,
    scope: &StepScope,
    sources: &Sources,
    problems: &mut Diagnostics,
) -> Option<String> {
    let node = fields.get("when")?;
    let Some(scalar) = node.as_scalar() else {
        problems.push(Diagnostic::error(
            node.span,
            "expected a condition such as `has_redis and not production`",
        ));
        return None;
    };
    let variables: Vec<&str> = scope
        .early
        .variables
        .iter()
        .map(|(name, ..)| name.as_str())
        .collect();
    let condition = match Condition::of_variables(&scalar.text, &variables) {
        Ok(condition) => condition,
        Err(error) => {
            let at = early::inside(node, error.at..error.at + error.length, sources);
            problems.push(Diagnostic::error(at, error.message));
            return None;
        }
    };
    // Nothing is started for `check` and `list`: what a run would decide is not decided here.
    let is_open = |name: &&str| matches!(scope.lookup(name), Lookup::Late);
    if condition.names().iter().any(is_open) {
        return None;
    }
    let value = |name: &str| match scope.lookup(name) {
        Lookup::Known(value, _) => value,
        Lookup::Late | Lookup::Unknown | Lookup::Unusable(_) => crate::model::Value::Null,
    };
    (!condition.holds_for(&value)).then(|| scalar.text.to_string())
}

/// With the place of each category it names. What forces a cold start would fail those beside it, who are blamed for it: where
/// nothing is said, nobody is.
pub(super) fn alone(
    fields: &Fields<'_>,
    forces: bool,
    problems: &mut Diagnostics,
) -> (Alone, Vec<Span>) {
    let Some(node) = fields.get("alone") else {
        let unsaid = if forces { Alone::Everything } else { Alone::No };
        return (unsaid, Vec::new());
    };
    if node.as_sequence().is_some() {
        let (spans, names): (Vec<_>, Vec<_>) =
            texts(node, "categories", problems).into_iter().unzip();
        return (
            Alone::Of(names.into_iter().map(Category::new).collect()),
            spans,
        );
    }
    let alone = match fields.decode::<bool>("alone", problems) {
        Some(true) => Alone::Everything,
        _ => Alone::No,
    };
    (alone, Vec::new())
}
