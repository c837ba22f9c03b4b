//! A suite file: its category, its defaults, its tests.

use std::collections::HashMap;
use std::sync::Arc;

use super::decode::{Decoded, TestDecoder, decode_test};
use super::defaults::Defaults;
use super::early;
use super::files::SuiteFile;
use super::lint::{Pages, lint_pages};
use super::project::{NAME_RULE, Project, is_name};
use super::scope::{EarlyScope, StepScope};
use super::side_by_side;
use super::step::meant;
use super::uses::KnownSession;
use crate::model::{Category, IdPattern, TestId};
use crate::yaml::{Diagnostic, Diagnostics, Fields, LARGE, Node, Sources, visible};

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
    /// Whether the names of sessions show what they are opened with, as far as that is no secret.
    pub(super) fn shows_openings(&self) -> bool {
        let mut sessions = self.sessions.iter().flat_map(HashMap::values);
        sessions.any(|session| !session.parameters.is_empty())
    }

    /// Whether the target leaves this out.
    pub(super) fn omits(&self, id: &TestId) -> bool {
        self.omitted.iter().any(|pattern| pattern.matches(id))
    }
}

/// So many tests are read by one thread before it looks for more: most files need no second one.
const TESTS_AT_ONCE: usize = 64;

/// What one file gives.
#[derive(Default)]
pub(super) struct ReadFile {
    /// `None` when it cannot be said which tests it has.
    pub(super) category: Option<Category>,
    pub(super) decoded: Decoded,
    pub(super) problems: Diagnostics,
    /// What looks wrong as it is written.
    pub(super) lints: Diagnostics,
}

impl ReadFile {
    /// Whether it can be said which tests it has.
    pub(super) const fn is_known(&self) -> bool {
        self.category.is_some()
    }

    /// How many instances it has.
    pub(super) const fn tests(&self) -> usize {
        self.decoded.tests.len()
    }
}

/// Reads all suite files side by side. A large one is work for every core by itself.
pub(super) fn read_suites(
    suites: &[SuiteFile],
    project: &Project,
    around: &Surroundings<'_>,
) -> Vec<ReadFile> {
    let is_large = |suite: &SuiteFile| around.sources.text(suite.file()).len() >= LARGE;
    let (large, small): (Vec<_>, Vec<_>) = suites
        .iter()
        .enumerate()
        .partition(|(_, suite)| is_large(suite));
    let is_alone = small.len() == 1;
    let mut read = side_by_side::each(&small, |(at, suite)| {
        (*at, read_suite(suite, project, around, is_alone))
    });
    let of_large = |(at, suite)| (at, read_suite(suite, project, around, true));
    read.extend(large.into_iter().map(of_large));
    read.sort_unstable_by_key(|(at, _)| *at);
    read.into_iter().map(|(_, of_file)| of_file).collect()
}

/// Reads one, `with_all_cores` or with this one.
fn read_suite(
    suite: &SuiteFile,
    project: &Project,
    around: &Surroundings<'_>,
    with_all_cores: bool,
) -> ReadFile {
    let mut problems = Diagnostics::default();
    let Some(tree) = suite.tree(around.sources, &mut problems) else {
        return ReadFile {
            problems,
            ..ReadFile::default()
        };
    };
    let page = Pages::of_suite(&tree, around.sources, around.early);
    page.mask_literals(&around.early.mask);
    let (category, decoded) = decode_file(&tree, project, around, with_all_cores, &mut problems);
    ReadFile {
        category,
        decoded,
        problems,
        lints: lint_pages(&page),
    }
}

/// Decodes every test by itself, so that one bad test hides no other.
fn decode_file(
    node: &Node,
    project: &Project,
    around: &Surroundings<'_>,
    with_all_cores: bool,
    problems: &mut Diagnostics,
) -> (Option<Category>, Decoded) {
    let nothing = || (None, Decoded::default());
    let keys = ["category", "description", "defaults", "tests"];
    let Some(fields) = Fields::of(node, "suite", &keys, problems) else {
        return nothing();
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
        return nothing();
    };
    let Some(items) = list.as_sequence() else {
        problems.push(Diagnostic::error(
            list.span,
            "expected a list of tests, each beginning with `- name:`",
        ));
        return nothing();
    };
    if items.is_empty() {
        problems.push(Diagnostic::error(
            list.span,
            "no tests: an empty list proves nothing",
        ));
    }
    // Tests of a file whose category is wrong are still read, so that their own mistakes are told.
    let known = category.clone();
    let decoder = TestDecoder {
        category: &category.unwrap_or_else(|| Category::new("unknown")),
        defaults: &defaults,
        around,
    };
    let decode = |part: &&[Node]| {
        let (mut decoded, mut problems) = (Decoded::of_about(part.len()), Diagnostics::default());
        for item in *part {
            decode_test(item, &decoder, &mut decoded, &mut problems);
        }
        (decoded, problems)
    };
    let at_once = if with_all_cores {
        TESTS_AT_ONCE
    } else {
        items.len().max(1)
    };
    let parts: Vec<&[Node]> = items.chunks(at_once).collect();
    let mut decoded = Decoded::default();
    for (part, of_part) in side_by_side::each(&parts, decode) {
        decoded.add(part);
        problems.extend(of_part);
    }
    match known {
        Some(category) => (Some(category), decoded),
        None => nothing(),
    }
}

fn category(
    fields: &Fields<'_>,
    project: &Project,
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
    Some(Category::new(name))
}
