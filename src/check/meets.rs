//! Whether a document has, at a place, what a matcher wants.

use std::cell::OnceCell;

use super::json_path::JsonPath;
use super::matcher::{Judgement, Matcher, Seen, judge};
use crate::model::Value;

/// Whether what a JSONPath finds in a document meets a matcher, as `expect: { json: … }` judges it: where nothing is there
/// nothing is met, and nothing can be denied. `converted` keeps the document for the next path.
pub fn meets(
    json: &Value,
    path: &JsonPath,
    matcher: &Matcher,
    converted: &OnceCell<serde_json::Value>,
) -> bool {
    let found = path.find(json, converted);
    judge(matcher, seen(path, found.as_deref())) == Judgement::Holds
}

/// What a JSONPath found, as matchers take it: one node, or the list of nodes of a path that may find several.
pub(super) fn seen<'v>(path: &JsonPath, found: Option<&'v Value>) -> Seen<'v> {
    match found {
        None => Seen::Absent,
        Some(value) if path.is_singular() => Seen::One(value),
        Some(nodes) => Seen::Nodes(nodes),
    }
}
