//! Lints about single tests.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};

use url::Url;

use super::View;
use crate::suite::{Look, Mode, Test, side_by_side};
use crate::yaml::{Diagnostic, Diagnostics};

/// A proxy's page has a status, too.
pub(super) fn only_a_status(view: &View<'_>, found: &mut Diagnostics) {
    for test in view.planned.iter().filter(|test| view.is_critical(test)) {
        let mut facts = test.steps.iter().flat_map(|step| &step.facts);
        let says_more = |fact: &str| !matches!(fact, "status" | "latency" | "fault");
        let captures = test
            .steps
            .iter()
            .any(|step| !step.captures.names().is_empty());
        let expects_fault = test.steps.iter().any(|step| step.expects_fault);
        let has_status = test
            .steps
            .iter()
            .any(|step| step.facts.iter().any(|fact| &**fact == "status"));
        if has_status && !captures && !expects_fault && !facts.any(|fact| says_more(fact)) {
            found.push(
                Diagnostic::warning(
                    test.spans.name,
                    format!("critical test `{}` asserts nothing of what is answered but its status", test.id.without_row()),
                )
                .help("a proxy's page may have the same status: expect something that only the service says"),
            );
        }
    }
}

/// The same request with the same expectations proves nothing twice.
pub(super) fn the_same_twice(view: &View<'_>, found: &mut Diagnostics) {
    let asked = side_by_side::each(&view.planned, |test| Asked::by(test));
    let mut first: HashMap<Asked<'_>, &Test> = HashMap::with_capacity(asked.len());
    for (test, asked) in view.planned.iter().zip(asked) {
        let Some(asked) = asked else { continue };
        let step = &test.steps[0];
        let other = *first.entry(asked).or_insert(test);
        if !std::ptr::eq(other, *test) {
            found.push(
                Diagnostic::warning(
                    step.spans.probe,
                    format!("`{}` asks and expects the same as `{}`", test.id, other.id),
                )
                .related(other.steps[0].spans.probe, "the other is here"),
            );
        }
    }
}

/// What a test of one look asks and expects.
#[derive(PartialEq, Eq)]
struct Asked<'t> {
    request: String,
    asks: u64,
    expectations: &'t [String],
}

impl<'t> Asked<'t> {
    /// `None` where nobody can say before the run.
    fn by(test: &'t Test) -> Option<Self> {
        let [step] = &test.steps[..] else { return None };
        let (Some(request), Some(asks), Look::Ready(..)) = (&step.request, step.asks, &step.look)
        else {
            return None;
        };
        Some(Self {
            request: canonical(request),
            asks,
            expectations: &step.expectations,
        })
    }
}

impl Hash for Asked<'_> {
    /// Few ask for the same and expect something else.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.request.hash(state);
    }
}

/// `GET http://H:80/a` and `GET http://h/a` are the same (RFC 3986 §6.2).
fn canonical(request: &str) -> String {
    let parsed = request
        .split_once(' ')
        .and_then(|(method, url)| Some((method, Url::parse(url).ok()?)));
    match parsed {
        Some((method, url)) => format!("{method} {url}"),
        None => request.to_owned(),
    }
}

/// What holds only after a retry is flaky, and a flaky critical test is no GO.
pub(super) fn retry_on_critical(view: &View<'_>, found: &mut Diagnostics) {
    for test in view.planned.iter().filter(|test| view.is_critical(test)) {
        let is_wanted = view
            .category(test)
            .is_some_and(|category| category.flaky_passes);
        if let (Mode::Retry(_), Some(span), false) = (&test.mode, test.spans.mode, is_wanted) {
            found.push(
                Diagnostic::warning(
                    span,
                    format!("`retry` on the critical test `{}`", test.id.without_row()),
                )
                .help("held after a retry it is flaky, and then the verdict is not GO; `until` waits for what takes time"),
            );
        }
    }
}

/// Neither good nor waived: such a run is never GO.
pub(super) fn critical_and_expected_to_fail(view: &View<'_>, found: &mut Diagnostics) {
    for test in view.planned.iter().filter(|test| view.is_critical(test)) {
        if let Some(span) = test.spans.expect_failure {
            let id = test.id.without_row();
            found.push(
                Diagnostic::warning(
                    span,
                    format!("`{id}` is critical and expected to fail: the verdict is never GO"),
                )
                .help(
                    "put the reproduction of a known problem into a category that is not critical",
                ),
            );
        }
    }
}

/// Who sees what is another's has no share to pay for it with.
pub(super) fn a_leak_is_outvoted(view: &View<'_>, found: &mut Diagnostics) {
    for test in view.planned.iter().filter(|test| !view.is_critical(test)) {
        if let Some(span) = test.steps.iter().find_map(|step| step.isolation_key) {
            let id = test.id.without_row();
            found.push(
                Diagnostic::warning(
                    span,
                    format!(
                        "`{id}` is not critical: a leak would cost only its share of the pass rate"
                    ),
                )
                .help(format!(
                    "make it an invariant: `gate: {{ invariants: [{id}] }}`"
                )),
            );
        }
    }
}
