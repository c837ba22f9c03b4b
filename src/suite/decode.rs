//! Reading one test: its common keys by hand, then exactly one probe or steps.

use std::collections::HashSet;
use std::sync::LazyLock;

use sha2::{Digest, Sha256};

use super::cold::{self, Cold, cold};
use super::defaults::{Defaults, switch, tags, timeout};
use super::early::EarlyFields;
use super::failure_keys::{expect_failure, on_fail};
use super::file::Surroundings;
use super::look_on_fail::looks_of;
use super::matrix::{Row, rows};
use super::project::{LONGEST_NAME, NAME_RULE, is_name};
use super::relations::{alone, requires, when};
use super::scope::StepScope;
use super::session::no_timeout;
use super::step::{self, Around, Meant, decode_list, is_told, named_span};
use super::test::Spans;
use super::who::{connections_of, few_at_once, fit_actors, need_no_actors, who};
use super::{CompareWith, Mode, Repeat, Retry, Step, Test, Until};
use crate::model::{Category, TestId};
use crate::probe::AnyProbe;
use crate::template::{self, Lookup, Scope, place};
use crate::yaml::{Diagnostic, Diagnostics, Fields, Node, Span};

/// What every test of a file is read with.
pub(super) struct TestDecoder<'a> {
    pub(super) category: &'a Category,
    pub(super) defaults: &'a Defaults,
    pub(super) around: &'a Surroundings<'a>,
}

/// The keys of a test beside its probe.
pub(super) const KEYS: &[&str] = &[
    "name",
    "title",
    "description",
    "tags",
    "owner",
    "actors",
    "steps",
    "expect",
    "capture",
    "critical",
    "requires",
    "uses",
    "timeout",
    "retry",
    "until",
    "repeat",
    "force_cold",
    "proof_of_cold",
    "cleanup",
    "matrix",
    "when",
    "alone",
    "connections",
    "expect_failure",
    "side_effects",
    "on_fail",
];

/// All keys of a test.
static KNOWN: LazyLock<Vec<&str>> =
    LazyLock::new(|| KEYS.iter().chain(AnyProbe::NAMES).copied().collect());

/// What reading a file's tests gives.
#[derive(Debug, Default)]
pub(super) struct Decoded {
    /// The instances.
    pub(super) tests: Vec<Test>,
    /// Tests that are there, though something is wrong with them: who requires them is right.
    pub(super) broken: Vec<TestId>,
}

impl Decoded {
    /// Nothing yet, with room for so many tests: one is too large to be moved each time there is more of them.
    pub(super) fn of_about(tests: usize) -> Self {
        Self {
            tests: Vec::with_capacity(tests),
            broken: Vec::new(),
        }
    }

    /// With these behind it.
    pub(super) fn add(&mut self, more: Self) {
        self.tests.extend(more.tests);
        self.broken.extend(more.broken);
    }
}

/// Reads a test and adds its instances, one a row of its matrix.
pub(super) fn decode_test(
    node: &Node,
    decoder: &TestDecoder<'_>,
    decoded: &mut Decoded,
    problems: &mut Diagnostics,
) {
    let Some(fields) = Fields::of(node, "test", &KNOWN, problems) else {
        return;
    };
    let Surroundings { early, sources, .. } = decoder.around;
    let name = test_name(&fields, problems);
    let id = name.map(|(_, name)| TestId::new(decoder.category.clone(), name));
    let scope = StepScope {
        is_omitted: id.is_some_and(|id| decoder.around.omits(&id)),
        ..StepScope::new(early)
    };
    let broken_before = problems.errors();
    let rows = match fields.get("matrix") {
        // What is left out needs no rows, and where its variable is missing there are none.
        Some(matrix) if scope.is_omitted && is_unknown(matrix, &scope) => vec![None],
        Some(matrix) => rows(matrix, &scope, sources, problems)
            .into_iter()
            .map(Some)
            .collect(),
        None => vec![None],
    };
    // A nameless test is still read, so that its other mistakes are told.
    let is_named = name.is_some();
    let name = name.unwrap_or((named_span(&fields), "unnamed"));
    let mut is_broken = problems.errors() > broken_before;
    // A matrix of thousands of rows is long, and is hashed once.
    let text = &sources.text(fields.span().file)[bytes(fields.span())];
    let written = Sha256::new_with_prefix(text);
    // What is wrong with a test is mostly wrong in each of its rows: each problem is told once.
    let mut told = HashSet::new();
    for row in rows {
        let mut of_row = Diagnostics::default();
        let digest = digest(written.clone(), row.as_ref());
        match decode_row(&fields, name, row.as_ref(), digest, decoder, &mut of_row) {
            Some(test) if is_named => decoded.tests.push(test),
            _ => is_broken = true,
        }
        for problem in of_row.iter() {
            if told.insert(problem.clone()) {
                problems.push(problem.clone());
            }
        }
        // The other rows of a long matrix will hardly say anything new. Only ever after an error: rows that are not read
        // must not be missing from a run.
        if of_row.has_errors() && told.len() > 20 {
            is_broken = true;
            break;
        }
    }
    if is_broken && is_named {
        let id = TestId::new(decoder.category.clone(), name.1);
        decoded.broken.push(id);
    }
}

fn test_name<'n>(fields: &Fields<'n>, problems: &mut Diagnostics) -> Option<(Span, &'n str)> {
    let node = fields.required("name", problems)?;
    let name = fields.text("name", problems)?;
    if !is_name(name) {
        let message = if name.len() > LONGEST_NAME {
            format!("a name has at most {LONGEST_NAME} characters")
        } else {
            let shown = crate::yaml::visible(name);
            format!("`{shown}` is no name for a test: {NAME_RULE}")
        };
        problems.push(Diagnostic::error(node.span, message).help("`title` may say anything"));
        return None;
    }
    Some((node.span, name))
}

fn decode_row(
    fields: &Fields<'_>,
    (name_span, name): (Span, &str),
    row: Option<&Row>,
    digest: String,
    decoder: &TestDecoder<'_>,
    problems: &mut Diagnostics,
) -> Option<Test> {
    let sources = decoder.around.sources;
    let id = TestId::new(decoder.category.clone(), name);
    let id = match row {
        Some(row) => id.with_row(row.label.as_str()),
        None => id,
    };
    let who = who(
        fields,
        row_scope(&id, row, decoder.around),
        decoder.around,
        problems,
    );
    let (scope, actors) = (who.scope, who.actors);
    for cell in scope.late_cells() {
        // Whoever uses it, and also where nobody does: what is wrong in it is told at its place.
        template::fill_early(cell, &scope, sources, problems);
    }

    let mut early_fields = EarlyFields {
        fields,
        scope: &scope,
        sources,
        problems,
    };
    let title = early_fields.text("title");
    let description = early_fields.text("description");
    let owner = early_fields
        .text("owner")
        .or_else(|| decoder.defaults.owner.clone());
    let own_timeout = early_fields
        .node("timeout")
        .map(|node| timeout(&node, early_fields.problems));
    let (mode, mode_span) = mode(&mut early_fields);
    let on_fail = on_fail(&mut early_fields);
    let expect_failure = expect_failure(&mut early_fields).map(Box::new);

    let (cold, scope_of_steps) = cold(fields, &scope, sources, problems);
    let (steps, after) = steps(fields, &scope_of_steps, decoder, problems);
    let cleanup = fields
        .get("cleanup")
        .map(|node| decode_list(node, sources, &after, problems).0)
        .unwrap_or_default();
    let looks = looks_of(fields, sources, &after, problems);
    fit_actors(&actors, steps.as_deref().unwrap_or_default(), problems);
    let mode_there = mode.as_ref().zip(mode_span);
    cold::fit(cold.as_deref(), mode_there, &actors, problems);
    few_at_once(actors.len(), mode_there, problems);
    need_no_actors(&cleanup, "a clean-up", problems);
    let (requires, requires_spans) = requires(fields, &scope, sources, problems);
    let (alone, alone_spans) = alone(fields, cold.is_some(), problems);
    let timeout = match own_timeout {
        Some(own) => own,
        None if decoder.defaults.timeout.is_none() => {
            problems.push(no_timeout(name_span));
            None
        }
        None => decoder.defaults.timeout,
    };
    if let (Some(steps), Some(timeout)) = (&steps, timeout) {
        step::must_fit(steps, timeout, problems);
    }
    let connections = match &cold {
        Some(_) => Cold::connections(fields, problems),
        None => connections_of(fields, &actors, decoder.defaults, problems),
    };
    Some(Test {
        place: place(sources, name_span),
        title,
        description,
        tags: all_tags(fields, decoder.defaults, problems),
        owner,
        critical: switch(fields, "critical", problems),
        requires,
        actors,
        uses: who.uses,
        when_false: when(fields, &scope, sources, problems),
        mode: mode?,
        timeout: timeout?,
        cold,
        steps: steps?,
        cleanup,
        alone,
        connections,
        expect_failure,
        side_effects: switch(fields, "side_effects", problems),
        on_fail,
        looks,
        digest,
        spans: Spans {
            name: name_span,
            requires: requires_spans,
            mode: mode_span,
            compare_with: fields
                .get("repeat")
                .and_then(|repeat| repeat.get("compare_with"))
                .map(|node| CompareWith::named(node).span),
            timeout: fields.entry("timeout").map(|entry| entry.key_span),
            alone: alone_spans,
            expect_failure: fields.entry("expect_failure").map(|entry| entry.key_span),
        },
        id,
    })
}

/// Those of the file, then its own.
fn all_tags(fields: &Fields<'_>, defaults: &Defaults, problems: &mut Diagnostics) -> Vec<String> {
    let mut all = defaults.tags.clone();
    let own = fields.get("tags").map(|node| tags(node, problems));
    let own = own.unwrap_or_default().into_iter();
    all.extend(own.filter(|tag| !defaults.tags.contains(tag)));
    all
}

/// Whether it is a variable that the target does not have.
fn is_unknown(node: &Node, scope: &StepScope) -> bool {
    let has = |name: &str| scope.early.lookup(name) != Lookup::Unknown;
    template::uses(node).iter().any(|used| !has(&used.name))
}

/// What an instance sees before its sessions: its row.
fn row_scope(id: &TestId, row: Option<&Row>, around: &Surroundings<'_>) -> StepScope {
    StepScope {
        row: row.map(|row| row.values.clone()).unwrap_or_default(),
        any_session: around.sessions.is_none(),
        is_omitted: around.omits(id),
        ..StepScope::new(around.early)
    }
}

/// At most one of the three. `None` when it is broken.
fn mode(early: &mut EarlyFields<'_, '_>) -> (Option<Mode>, Option<Span>) {
    let written: Vec<_> = early
        .fields
        .entries()
        .filter(|entry| matches!(&*entry.key, "retry" | "until" | "repeat"))
        .map(|entry| (entry.key.to_string(), entry.key_span))
        .collect();
    if let [(first, first_span), (second, second_span), ..] = &written[..] {
        let message = format!(
            "`{second}` beside `{first}`: a test has at most one of `retry`, `until` and `repeat`"
        );
        let problem =
            Diagnostic::error(*second_span, message).related(*first_span, "the first is here");
        early.problems.push(problem);
        return (None, None);
    }
    let Some((key, span)) = written.into_iter().next() else {
        return (Some(Mode::Once), None);
    };
    let Some(node) = early.node(&key) else {
        return (None, Some(span));
    };
    let sources = early.sources;
    let mode = match key.as_str() {
        "retry" => Retry::decode(&node, early.problems)
            .map(Box::new)
            .map(Mode::Retry),
        "until" => Until::decode(&node, early.problems)
            .map(Box::new)
            .map(Mode::Until),
        _ => Repeat::decode(&node, sources, early.problems)
            .map(Box::new)
            .map(Mode::Repeat),
    };
    (mode, Some(span))
}

/// The one probe of the test, or its `steps`; and what a clean-up sees of them.
fn steps(
    fields: &Fields<'_>,
    scope: &StepScope,
    decoder: &TestDecoder<'_>,
    problems: &mut Diagnostics,
) -> (Option<Vec<Step>>, StepScope) {
    let sources = decoder.around.sources;
    let Some(list) = fields.get("steps") else {
        let around = Around {
            sources,
            scope: scope.clone(),
            position: None,
            meant: Meant::ToJudge,
        };
        if fields.get("expect").is_none() && !is_told(fields, &["expect"]) {
            problems.push(
                Diagnostic::error(named_span(fields), "expects nothing, so it could not fail")
                    .help("the shortest honest expectation is `expect: { fault: none }`"),
            );
        }
        let step = step::decode(fields, &around, problems);
        let mut after = scope.clone();
        if let Some(step) = &step {
            after.captures.extend(
                step.captures
                    .names()
                    .iter()
                    .map(|(name, _)| (*name).to_owned()),
            );
        }
        return (step.map(|step| vec![step]), after);
    };
    for key in ["expect", "capture"].iter().chain(AnyProbe::NAMES) {
        if let Some(entry) = fields.entry(key) {
            let message = format!("`{key}` beside `steps`: it belongs into one of the steps");
            problems.push(Diagnostic::error(entry.key_span, message));
        }
    }
    let broken_before = problems.errors();
    let (steps, after) = decode_list(list, sources, scope, problems);
    let is_broken = problems.errors() > broken_before;
    if !is_broken && !steps.iter().any(|step| step.expects) {
        problems.push(Diagnostic::error(
            named_span(fields),
            "no step expects anything, so the test could not fail",
        ));
    }
    ((!steps.is_empty()).then_some(steps), after)
}

fn bytes(span: Span) -> std::ops::Range<usize> {
    span.start as usize..span.end as usize
}

fn digest(mut hash: Sha256, row: Option<&Row>) -> String {
    if let Some(row) = row {
        hash.update([0]);
        hash.update(&row.label);
    }
    format!("{:x}", hash.finalize())
}
