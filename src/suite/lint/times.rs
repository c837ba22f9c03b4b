//! Lints about samples and timeouts.

use std::time::Duration;

use super::View;
use crate::check::could_differ;
use crate::suite::mode::LONGEST_DELAY;
use crate::suite::{Mode, Step, Until};
use crate::yaml::{Diagnostic, Diagnostics, Span};

/// A claim that so many attempts cannot prove.
pub(super) fn too_few(view: &View<'_>, found: &mut Diagnostics) {
    for test in &view.planned {
        if let (Mode::Repeat(repeat), Some(span)) = (&test.mode, test.spans.mode)
            && let Some(why) = repeat.claims.cannot_prove(repeat.times)
        {
            found.push(Diagnostic::warning(span, why));
        }
    }
}

/// A comparison that could show nothing, however badly it came out.
pub(super) fn too_few_to_compare(view: &View<'_>, found: &mut Diagnostics) {
    for test in &view.planned {
        let (Some((with, span)), Mode::Repeat(repeat)) = (test.compared(), &test.mode) else {
            continue;
        };
        let named_so = view.planned.iter().copied();
        let named_so = named_so.filter(|other| other.id.is_meant_by(&with.test));
        if let Some(other) = with.pick(&test.id, named_so, |other| &other.id)
            && let Mode::Repeat(other) = &other.mode
            && !could_differ(repeat.times, other.times)
        {
            let message = format!(
                "`times: {}` cannot be told from {} of `{}`, even if none of one held and all of the other",
                repeat.times, other.times, with.test
            );
            found.push(Diagnostic::warning(span, message));
        }
    }
}

/// An inner limit that the outer one never lets be reached.
pub(super) fn wrong_way_round(view: &View<'_>, found: &mut Diagnostics) {
    for test in &view.planned {
        for step in &test.steps {
            step_in(step, test.timeout, "test", found);
        }
        match (&test.mode, test.spans.mode) {
            (Mode::Until(until), Some(span)) => {
                polls(until, span, found);
                if let Some(own) = test.spans.timeout.filter(|_| test.timeout > until.within) {
                    found.push(Diagnostic::warning(
                        own,
                        format!(
                            "a poll may take {:?}, but `within` ends after {:?}",
                            test.timeout, until.within
                        ),
                    ));
                }
            }
            (Mode::Retry(retry), Some(span)) if retry.delay > LONGEST_DELAY => {
                found.push(Diagnostic::warning(
                    span,
                    format!("`delay: {:?}` is cut to 60s", retry.delay),
                ));
            }
            _ => {}
        }
    }
    for session in &view.suites.sessions {
        for step in &session.steps {
            step_in(step, session.timeout, "session", found);
        }
    }
}

fn step_in(step: &Step, whole: Duration, what: &str, found: &mut Diagnostics) {
    match (&step.until, step.timeout, step.spans.timeout) {
        (Some(until), timeout, _) => {
            if let Some(span) = step.spans.until.filter(|_| step.name.is_some()) {
                polls(until, span, found);
            }
            if let (Some(timeout), Some(span)) = (timeout, step.spans.timeout)
                && timeout > until.within
            {
                found.push(Diagnostic::warning(
                    span,
                    format!(
                        "a poll may take {timeout:?}, but `within` ends after {:?}",
                        until.within
                    ),
                ));
            }
        }
        (None, Some(timeout), Some(span)) if timeout > whole => {
            found.push(Diagnostic::warning(
                span,
                format!("a step may take {timeout:?}, but its {what} only {whole:?}"),
            ));
        }
        _ => {}
    }
}

/// A budget of its own that a look never comes to spend: who is over it is told to be late, and not where.
pub(super) fn never_spent(view: &View<'_>, found: &mut Diagnostics) {
    for test in &view.planned {
        for step in &test.steps {
            let whole = step.timeout.unwrap_or(test.timeout);
            if let Some((allowed, span)) = step.allowed.as_deref()
                && allowed.time > whole
            {
                let message = format!(
                    "{} {:?}, and the look ends after {whole:?}",
                    allowed.why, allowed.time
                );
                let help = "a longer `timeout`, or a shorter budget: else it ends before it can tell what was too slow";
                found.push(Diagnostic::warning(*span, message).help(help));
            }
        }
    }
}

fn polls(until: &Until, span: Span, found: &mut Diagnostics) {
    if until.every >= until.within {
        found.push(Diagnostic::warning(
            span,
            format!(
                "polls only once: `every` is {:?}, `within` {:?}",
                until.every, until.within
            ),
        ));
    }
}
