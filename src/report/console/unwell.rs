//! What is not simply good: failures by category, each told once, the many folded into counts.

use std::collections::{HashMap, HashSet};

use super::Page;
use crate::model::{Category, Code, Outcome, Root, SessionRecord, Status, TestId, TestRecord, Why};
use crate::report::explained::Explained;
use crate::report::failure::{self, Bounds, Line};
use crate::report::style::Tone;
use crate::report::{Detail, sample, visible, wording};

/// Of the failures with one code, so many are told in full …
const IN_FULL: u32 = 3;
/// … and up to so many in one line; the rest becomes a count with ids.
const IN_BRIEF: u32 = 8;
/// So many ids stand beside a count.
const IDS: usize = 8;

/// How a test with this status is listed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Listing {
    /// With everything known about it.
    Told,
    /// In one line.
    Brief,
    /// Folded by its reason, whatever its category.
    Folded,
    /// Only with `-v`.
    Silent,
}

const fn listing(status: Status) -> Listing {
    match status {
        Status::Failed | Status::UnexpectedPass | Status::Unproved | Status::Errored => {
            Listing::Told
        }
        Status::Flaky | Status::Waived => Listing::Brief,
        Status::Blocked | Status::NotRun | Status::Skipped => Listing::Folded,
        Status::Passed | Status::ExpectedFailure => Listing::Silent,
    }
}

/// Adds the part of the report above the verdict.
pub(super) fn tell(page: &mut Page, explained: &Explained<'_>) {
    let record = &*explained.run.record;
    sessions(page, &record.sessions);
    let mut by_category: HashMap<&Category, Vec<&TestRecord>> = HashMap::new();
    for test in &record.tests {
        by_category
            .entry(test.header.id.category())
            .or_default()
            .push(test);
    }
    let mut told: HashMap<Option<&Code>, u32> = HashMap::new();
    for name in record.header.categories() {
        if let Some(tests) = by_category.get(&name) {
            category(page, explained, &name, tests, &mut told);
        }
    }
    folded(page, explained);
}

fn sessions(page: &mut Page, sessions: &[std::sync::Arc<SessionRecord>]) {
    for session in sessions {
        let is_well = session.status == Status::Passed && session.left_behind.is_empty();
        if is_well || matches!(session.status, Status::Skipped | Status::NotRun) {
            continue;
        }
        page.gap();
        let code = session
            .code
            .as_ref()
            .map_or_else(String::new, |code| format!(": {code}"));
        let said = format!(
            "session {} {}{code}",
            session.name,
            wording::status(session.status)
        );
        let sign = wording::sign(session.status);
        page.line(
            0,
            wording::tone(session.status),
            &format!("{sign} {}", visible::line(&said)),
        );
        if let Some(why) = &session.why {
            page.line(4, Tone::Plain, &wording::why(why));
        }
        if let Some(attempt) = &session.attempt {
            lines(page, &failure::tell_attempt(attempt, Bounds::SCREEN));
        }
        for left in &session.left_behind {
            page.line(
                4,
                Tone::Warn,
                &visible::line(&format!("left behind: {left}")),
            );
        }
    }
}

fn category<'a>(
    page: &mut Page,
    explained: &Explained<'_>,
    name: &Category,
    tests: &[&'a TestRecord],
    told: &mut HashMap<Option<&'a Code>, u32>,
) {
    let verbose = page.style.detail == Detail::Verbose;
    let mut headed = false;
    // In the order in which the codes first appear.
    let mut rest: Vec<(Option<&Code>, Vec<String>)> = Vec::new();
    for test in tests {
        let listing = listing(test.status);
        let is_listed = match listing {
            Listing::Told | Listing::Brief => true,
            Listing::Folded => verbose,
            // What held of some attempts only is not passed over, although it is enough.
            Listing::Silent => verbose || unseen(test) > 0,
        };
        if !is_listed {
            continue;
        }
        if !headed {
            page.gap();
            page.line(0, Tone::Strong, &visible::line(name.as_str()));
            headed = true;
        }
        let code = test.code.as_ref();
        let so_far = told.entry(code).or_default();
        if listing != Listing::Silent {
            *so_far += 1;
        }
        if verbose || *so_far <= IN_FULL {
            one(page, explained, test);
            if listing == Listing::Told {
                lines(page, &failure::tell(test, Bounds::SCREEN));
            } else if listing == Listing::Silent {
                sampled(page, test);
            }
        } else if *so_far <= IN_BRIEF {
            one(page, explained, test);
        } else {
            let id = visible::line(&test.header.id.to_string());
            match rest.iter_mut().find(|(known, _)| *known == code) {
                Some((_, ids)) => ids.push(id),
                None => rest.push((code, vec![id])),
            }
        }
    }
    for (code, ids) in rest {
        let with = code.map_or_else(String::new, |code| format!(" with {code}"));
        let text = format!("… {} more{with}: {}", ids.len(), wording::list(&ids, IDS));
        page.line(2, Tone::Dim, &visible::line(&text));
    }
}

/// How many attempts of a sample could not look, or looked at no cold start.
fn unseen(test: &TestRecord) -> usize {
    let rows = test.sample.iter().flat_map(|sample| &sample.rows);
    rows.filter(|row| row.outcome == Outcome::Unable).count()
}

/// What its sample came to, and what of it counts for nothing.
fn sampled(page: &mut Page, test: &TestRecord) {
    let Some(sample) = &test.sample else { return };
    page.line(4, Tone::Plain, &visible::line(&sample::summary(sample)));
    let unseen = unseen(test);
    if unseen > 0 {
        let mut codes: Vec<&str> = Vec::new();
        let unable = test
            .attempts
            .iter()
            .filter(|one| one.outcome == Outcome::Unable);
        for code in unable.filter_map(|one| one.code.as_ref()) {
            if !codes.contains(&code.as_str()) {
                codes.push(code.as_str());
            }
        }
        let codes = if codes.is_empty() {
            String::new()
        } else {
            format!(": {}", codes.join(", "))
        };
        let text = format!("{unseen} of {} count for nothing{codes}", sample.rows.len());
        page.line(4, Tone::Warn, &visible::line(&text));
    }
}

/// One test in one line: sign, id, status, code, time; what made it so, unless that follows below; and the number of its cause.
fn one(page: &mut Page, explained: &Explained<'_>, test: &TestRecord) {
    let tone = wording::tone(test.status);
    let sign = page.style.paint(tone, wording::sign(test.status));
    let id = visible::line(&test.header.id.to_string());
    let id = if listing(test.status) == Listing::Told {
        page.style.paint(Tone::Strong, &id)
    } else {
        id
    };
    let status = page.style.paint(tone, wording::status(test.status));
    let code = match (&test.code, test.status) {
        (Some(code), status) if status != Status::Blocked => {
            visible::line(&format!("  {}{}", code, phase(test)))
        }
        _ => String::new(),
    };
    let also = match test.status {
        Status::Flaky => format!("  {}", failure::attempts(test)),
        Status::Blocked | Status::NotRun | Status::Skipped => test
            .why
            .as_ref()
            .map_or_else(String::new, |why| format!("  {}", wording::why(why))),
        Status::Passed
        | Status::Failed
        | Status::UnexpectedPass
        | Status::Unproved
        | Status::Errored
        | Status::ExpectedFailure
        | Status::Waived => String::new(),
    };
    let cause = explained
        .of(&test.header.id)
        .filter(|one| one.cause < explained.causes().len())
        .map_or_else(String::new, |one| format!("  cause {}", one.cause + 1));
    let time = page.style.paint(
        Tone::Dim,
        &format!("  {}{cause}", wording::duration(test.elapsed)),
    );
    page.raw(2, &format!("{sign} {id}  {status}{code}{also}{time}"));
}

/// ` in phase connect`, when a fault made the test fail.
fn phase(test: &TestRecord) -> String {
    let fault = test
        .attempts
        .iter()
        .rev()
        .flat_map(|attempt| &attempt.steps)
        .filter(|step| step.may_decide())
        .filter_map(|step| step.observation.fault.as_ref())
        .find(|fault| Some(fault.code()) == test.code);
    fault.map_or_else(String::new, |fault| format!(" in phase {}", fault.phase))
}

fn lines(page: &mut Page, lines: &[Line]) {
    for line in lines {
        page.line(6 + 2 * line.indent, line.tone, &line.text);
    }
}

/// What is only a consequence, or was decided before: one line a reason. What stands under a cause is told there.
fn folded(page: &mut Page, explained: &Explained<'_>) {
    if page.style.detail == Detail::Verbose {
        return;
    }
    let causes = explained.causes().iter().take(super::causes::CAUSES);
    let told: HashSet<&TestId> = causes.flat_map(|cause| &cause.blocked).collect();
    let mut groups: Vec<(Status, String, Vec<String>)> = Vec::new();
    let mut position: HashMap<(Status, String), usize> = HashMap::new();
    for test in &explained.run.record.tests {
        if listing(test.status) != Listing::Folded || told.contains(&test.header.id) {
            continue;
        }
        let why = because(test);
        let at = *position
            .entry((test.status, why.clone()))
            .or_insert_with(|| {
                groups.push((test.status, why, Vec::new()));
                groups.len() - 1
            });
        groups[at]
            .2
            .push(visible::line(&test.header.id.to_string()));
    }
    if groups.is_empty() {
        return;
    }
    // What blocks the most comes first: it is what to repair first.
    groups.sort_by_key(|(status, _, ids)| (*status, std::cmp::Reverse(ids.len())));
    page.gap();
    let hidden = groups.len().saturating_sub(12);
    for (status, why, ids) in groups.iter().take(12) {
        let sign = wording::sign(*status);
        let text = format!("{sign} {} {}{why}", ids.len(), wording::status(*status));
        let ids = page
            .style
            .paint(Tone::Dim, &format!("  {}", wording::list(ids, 3)));
        page.raw(0, &format!("{text}{ids}"));
    }
    if hidden > 0 {
        page.line(0, Tone::Dim, &format!("… and {hidden} more reasons"));
    }
}

fn because(test: &TestRecord) -> String {
    match &test.why {
        Some(Why::Blocked(roots)) => {
            let mut roots: Vec<_> = roots.iter().collect();
            roots.sort_by_key(|blamed| match &blamed.root {
                Root::Session(name) => (0, name.to_string()),
                Root::Test(id) => (1, id.to_string()),
            });
            let roots: Vec<String> = roots.into_iter().map(wording::blamed).collect();
            format!(" by {}", wording::list(&roots, 3))
        }
        Some(Why::Skipped(reason) | Why::Errored(reason)) => {
            format!(": {}", visible::line(reason))
        }
        Some(Why::NotRun(reason)) => format!(": {}", wording::not_run(*reason)),
        None => String::new(),
    }
}
