//! A suite file: its category, its defaults, its tests.

use std::collections::HashMap;
use std::sync::Arc;

use super::decode::{Decoded, TestDecoder, decode_test};
use super::defaults::Defaults;
use super::early;
use super::project::{NAME_RULE, Project, is_name};
use super::scope::{EarlyScope, StepScope};
use super::side_by_side;
use super::step::meant;
use super::uses::KnownSession;
use crate::model::{Category, IdPattern, TestId};
use crate::yaml::{Diagnostic, Diagnostics, Fields, Node, Sources, visible};

/// What all suite files are read with.
pub(super) struct Surroundings<'a> {
    pub(super) sources: &'a Arc<Sources>,
    pub(super) early: &'a Arc<EarlyScope>,
    /// Each session by its name; `None` when sessions.yaml cannot be read.
    pub(super) sessions: Option<HashMap<String, KnownSession>>,
    /// What the target leaves out.
    pub(super) omitted: Vec<IdPattern>,
}

impl Surroundings<'_> {
    /// Whether the target leaves this out.
    pub(super) fn omits(&self, id: &TestId) -> bool {
        self.omitted.iter().any(|pattern| pattern.matches(id))
    }
}

/// So many tests are read by one thread before it looks for more: most files need no second one.
const TESTS_AT_ONCE: usize = 64;

/// Reads one suite file; every test by itself, so that one bad test hides no other. `false` when it cannot be said which
/// tests it has.
pub(super) fn decode_file(
    node: &Node,
    project: &mut Project,
    around: &Surroundings<'_>,
    decoded: &mut Decoded,
    problems: &mut Diagnostics,
) -> bool {
    let keys = ["category", "description", "defaults", "tests"];
    let Some(fields) = Fields::of(node, "suite", &keys, problems) else {
        return false;
    };
    fields.text("description", problems);
    let category = category(&fields, project, problems);
    let scope = StepScope::new(around.early);
    let defaults = fields
        .get("defaults")
        .and_then(|node| {
            let filled = early::fill("defaults", node, &scope, around.sources, problems)?;
            Some(Defaults::decode(&filled, problems))
        })
        .unwrap_or_default();
    let defaults = defaults.over(&project.defaults);
    let Some(list) = fields.required("tests", problems) else {
        return false;
    };
    let Some(items) = list.as_sequence() else {
        problems.push(Diagnostic::error(
            list.span,
            "expected a list of tests, each beginning with `- name:`",
        ));
        return false;
    };
    if items.is_empty() {
        problems.push(Diagnostic::error(
            list.span,
            "no tests: an empty list proves nothing",
        ));
    }
    // Tests of a file whose category is wrong are still read, so that their own mistakes are told.
    let is_known = category.is_some();
    let category = category.unwrap_or_else(|| Category::new("unknown"));
    let mut nowhere = Decoded::default();
    let decoded = if is_known { decoded } else { &mut nowhere };
    let decoder = TestDecoder {
        category: &category,
        defaults: &defaults,
        around,
    };
    let parts: Vec<&[Node]> = items.chunks(TESTS_AT_ONCE).collect();
    let decode = |part: &&[Node]| {
        let (mut decoded, mut problems) = (Decoded::of_about(part.len()), Diagnostics::default());
        for item in *part {
            decode_test(item, &decoder, &mut decoded, &mut problems);
        }
        (decoded, problems)
    };
    for (part, of_part) in side_by_side::each(&parts, decode) {
        decoded.tests.extend(part.tests);
        decoded.broken.extend(part.broken);
        problems.extend(of_part);
    }
    is_known
}

fn category(
    fields: &Fields<'_>,
    project: &mut Project,
    problems: &mut Diagnostics,
) -> Option<Category> {
    let node = fields.required("category", problems)?;
    let name = fields.text("category", problems)?;
    if !is_name(name) {
        problems.push(Diagnostic::error(
            node.span,
            format!("`{}` is no category: {NAME_RULE}", visible(name)),
        ));
        return None;
    }
    if !project.knows(name) {
        let known = project
            .categories
            .iter()
            .map(|category| category.name.as_str());
        let message = format!(
            "allclear.yaml lists no category `{name}`{}",
            meant(name, known)
        );
        problems.push(
            Diagnostic::error(node.span, message)
                .help("list it under `categories`, where it says what it is worth"),
        );
        return None;
    }
    let category = Category::new(name);
    project.found(&category);
    Some(category)
}
