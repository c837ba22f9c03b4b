//! `handoff`: a page for the team it belongs to. Status, causes, evidence, what was ruled out, what to run, and the tests that
//! will confirm the fix, with boxes to tick.
//!
//! Nothing stands in it without evidence, and nothing sounds surer than the confidence.

mod entries;
mod markdown;

use std::collections::HashSet;
use std::fmt::Write as _;

use self::entries::{Entries, Entry};
use self::markdown::{block, code, link, prose};
use super::explained::{
    Explained, UNEXPLAINED, adjusted, advised, folded, name, numbered, owner, runbooks, split, tied,
};
use super::rerun::{Again, rerun};
use super::{Format, Style, wording};
use crate::model::{Cause, Cited, FinishedRun, RunHeader, Status, TestId, WhyLine, Word};

pub(super) const FORMAT: Format = Format {
    name: "handoff",
    extension: "md",
    help: "Markdown for the team it belongs to: causes, evidence, what to run, what will confirm the fix",
    render,
};

/// So many tests, and so many pieces of evidence.
const MOST: usize = 20;

/// So many causes that are not told whole.
const SHORT: usize = 100;

fn render(run: &FinishedRun, _style: Style) -> String {
    let explained = Explained::new(run);
    let mut page = Page(String::new());
    let causes = explained.causes();
    let entries = Entries::of(causes, &run.record);
    status(&mut page, &explained);
    counted(&mut page, &explained, &entries);
    for entry in &entries.whole {
        one(&mut page, &explained, entry);
    }
    if !entries.short.is_empty() {
        page.heading(2, &format!("{} more, in short", entries.short.len()));
        for at in entries.short.iter().take(SHORT) {
            page.item(&short(&explained, *at));
        }
        page.more(entries.short.len(), SHORT);
    }
    unexplained(&mut page, &explained);
    page.0
}

/// The verdict, of which run, and why.
fn status(page: &mut Page, explained: &Explained<'_>) {
    let run = explained.run;
    let (record, header) = (&*run.record, &*run.record.header);
    let word = run.verdict.word;
    page.heading(1, &format!("{word}: {}", prose(&header.target)));
    match explained.headline() {
        Some(headline) => page.paragraph(&format!("**{}**", prose(&headline))),
        None if word == Word::Go => page.paragraph("Nothing is to be handed over."),
        None if !run.diagnosis.is_made() => page.paragraph("Nobody diagnosed this run."),
        None => page.paragraph("Nothing failed that could be explained."),
    }
    let counts = record.counts();
    page.item(&format!(
        "Run {}, {}, from {}, {} in {}: {}",
        code(&header.id.to_string()),
        header.started.strftime("%Y-%m-%d %H:%M:%S UTC"),
        code(&header.vantage),
        wording::count(counts.total(), "test"),
        wording::duration(record.elapsed),
        wording::ended_text(&counts),
    ));
    if let Some(partial) = &header.partial {
        page.item(&format!("*partial*: {}", prose(&wording::partial(partial))));
    }
    if let Some(signal) = record.interrupted {
        page.item(&wording::interrupted(signal));
    }
    for reason in run.verdict.reasons.iter().take(MOST) {
        page.item(&format!(
            "{}: {}",
            reason.word,
            code(&wording::reason(reason))
        ));
    }
    page.more(run.verdict.reasons.len(), MOST);
    if word != Word::Go
        && let Some(split) = split(&run.diagnosis)
    {
        page.item(&format!("Split: {}", prose(&split)));
    }
    if !explained.causes().is_empty() {
        let (tool, rules) = (&header.tool_version, &run.diagnosis.ruleset);
        page.item(&format!(
            "Made by allclear {} with rules {}",
            code(tool),
            code(rules)
        ));
        if let Some(others) = &run.diagnosis.instead_of {
            page.item(&format!(
                "These are not the rules of the run, which were {}; the verdict is that of the run",
                code(others)
            ));
        }
    }
}

/// What the numbers below count, where they are not those of the headline.
fn counted(page: &mut Page, explained: &Explained<'_>, entries: &Entries) {
    let all = explained.causes().len();
    let (whole, places) = (entries.whole.len(), entries.places());
    let counted = explained.run.diagnosis.split().total();
    let ties = if counted == all as u64 {
        String::new()
    } else {
        format!(" (counted above as {counted}: those that tie are one)")
    };
    if whole == all && ties.is_empty() {
        return;
    }
    page.item(&format!(
        "Numbered below: {all}{ties}; {whole} told whole, {places} like them at other places, {} in short",
        entries.short.len()
    ));
}

/// `cause 3: infrastructure/service-down at sock:b:1, owner …, runbook …: 2 failed (…)`.
fn short(explained: &Explained<'_>, at: usize) -> String {
    let cause = &explained.causes()[at];
    let runbooks = runbooks(cause).into_iter().take(3);
    let runbooks: Vec<String> = runbooks
        .map(|runbook| format!(", runbook {}", link(runbook)))
        .collect();
    format!(
        "{}, owner {}{}: {}",
        code(&numbered(at, cause)),
        prose(&owner(cause)),
        runbooks.concat(),
        prose(&explained.explains(cause, 3))
    )
}

fn one(page: &mut Page, explained: &Explained<'_>, entry: &Entry) {
    let at = entry.first;
    let cause = &explained.causes()[at];
    page.heading(2, &prose(&numbered(at, cause)));
    let header = &explained.run.record.header;
    if !cause.meaning.trim().is_empty() {
        page.paragraph(&prose(&cause.meaning));
    }
    if cause.unexplained {
        page.item(&format!("Not called a cause: {UNEXPLAINED}"));
    }
    page.item(&format!("Owner: {}", prose(&owner(cause))));
    for runbook in runbooks(cause).into_iter().take(MOST) {
        page.item(&format!("Runbook: {}", link(runbook)));
    }
    page.item(&format!(
        "Where: {}, layer {}, rule {}, seen as {}",
        code(&cause.resource),
        cause.layer,
        code(&cause.rule),
        code(cause.code.as_str())
    ));
    page.item(&format!("Seen: {}", seen(header, cause)));
    page.item(&format!(
        "Explains: {}",
        prose(&explained.explains(cause, 5))
    ));
    if !entry.others.is_empty() {
        page.label("The same at other places");
        for at in entry.others.iter().take(MOST) {
            page.item(&short(explained, *at));
        }
        page.more(entry.others.len(), MOST);
    }
    if !cause.tied_with.is_empty() {
        page.item(&format!("Or else: {}", tied(cause)));
    }
    let left = cause.left_out;
    page.cited("Evidence", &cause.evidence, left.evidence);
    page.cited(
        "What was looked at once it had failed (`on_fail`)",
        &cause.looks,
        left.looks,
    );
    let advised: Vec<String> = cause
        .advice
        .iter()
        .filter_map(|one| advised(cause, one))
        .collect();
    page.some(
        "What those who wrote the tests say",
        &advised,
        left.advice,
        |text| prose(text),
    );
    page.cited("What speaks against it", &cause.refuting, 0);
    let why = |line: &WhyLine| reasoning(line, &cause.evidence);
    page.all("Why the failures follow from it", &cause.why, why);
    let rejected: Vec<&WhyLine> = cause.rejected.iter().collect();
    page.all("What was ruled out", &rejected, |line| why(line));
    let lead = cause.lead().and_then(|test| explained.of(test));
    if let Some(one) = lead {
        page.all(
            "What changed the rule's own words",
            &adjusted(cause, lead),
            |adjusted| format!("{}: {}", adjusted.kind, code(&adjusted.text)),
        );
        page.all("What else it could be", &one.alternatives, |text| {
            prose(text)
        });
    }
    page.label("To do");
    let check = lead.map_or("", |one| one.next.as_str());
    for (task, text) in [
        ("Check", check),
        ("Do", cause.hint.as_str()),
        ("It is right if", cause.confirm.as_str()),
        ("It is wrong if", &cause.falsify),
    ] {
        if !text.trim().is_empty() {
            page.item(&format!("[ ] {task}: {}", prose(text)));
        }
    }
    page.item("[ ] Repaired, or handed on to:");
    let tests = confirming(explained, entry);
    if !tests.is_empty() {
        let n = wording::count(tests.len() as u64, "test");
        page.item(&format!("[ ] Confirmed by {n}: {}", names(&tests)));
    }
    let mut commands = cause.commands.clone();
    commands.truncate(MOST);
    if !commands.is_empty() {
        page.label("Run next (printed by allclear, never run by it)");
        page.block(&commands);
    }
    let line = rerun(header, Again::Only(&tests)).filter(|_| !tests.is_empty());
    if let Some(line) = line {
        page.label("Confirm the fix");
        page.block(&[line]);
    }
}

/// What is not good and belongs to no cause, where nobody diagnosed the run.
fn unexplained(page: &mut Page, explained: &Explained<'_>) {
    let tests = &explained.run.record.tests;
    let left: Vec<String> = tests
        .iter()
        .filter(|test| {
            let is_told = explained
                .of(&test.header.id)
                .is_some_and(|one| one.cause < explained.causes().len());
            !is_told
                && matches!(
                    test.status,
                    Status::Failed
                        | Status::UnexpectedPass
                        | Status::Unproved
                        | Status::Errored
                        | Status::Flaky
                )
        })
        .map(|test| {
            let named = wording::id_and_code(&test.header.id, test.code.as_ref());
            format!("{}, {}", code(&named), wording::status(test.status))
        })
        .collect();
    if left.is_empty() {
        return;
    }
    page.heading(2, "Without a cause");
    for text in left.iter().take(MOST) {
        page.item(text);
    }
    page.more(left.len(), MOST);
}

/// `2026-11-21 08:57:52 UTC, 3 of 20 that were there`.
fn seen(header: &RunHeader, cause: &Cause) -> String {
    let at = |offset| {
        let at = header
            .started
            .saturating_add(offset)
            .unwrap_or(header.started);
        at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
    };
    let (first, last) = (at(cause.seen.0), at(cause.seen.1));
    if first == last {
        first
    } else {
        format!("{first} to {last}")
    }
}

/// A line of reasoning with what it rests on; what stands among the evidence is not told again.
fn reasoning(line: &WhyLine, told: &[Cited]) -> String {
    let rests_on = |cited: &Cited| {
        let is_told = told.iter().take(MOST).any(|one| one.text == cited.text);
        let named = code(&name(cited));
        if is_told {
            format!(" ({named}, above)")
        } else {
            format!(" ({named}: {})", code(&cited.text))
        }
    };
    let rests_on = line.evidence.as_ref().map_or_else(String::new, rests_on);
    format!("{}{rests_on}", prose(&line.text))
}

/// The tests that must hold again.
fn confirming<'a>(explained: &Explained<'a>, entry: &Entry) -> Vec<&'a TestId> {
    let causes = [entry.first]
        .into_iter()
        .chain(entry.others.iter().copied());
    let causes = causes.map(|at| &explained.causes()[at]);
    let all = causes.flat_map(|cause| cause.failed.iter().chain(&cause.blocked));
    let mut known = HashSet::new();
    all.filter(|id| explained.is_test(id) && known.insert(*id))
        .collect()
}

fn names(tests: &[&TestId]) -> String {
    let names: Vec<String> = tests.iter().map(|id| code(&id.to_string())).collect();
    wording::list(&names, MOST)
}

/// The page so far.
struct Page(String);

impl Page {
    fn heading(&mut self, level: usize, text: &str) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
        let _ = writeln!(self.0, "{} {text}\n", "#".repeat(level));
    }

    fn paragraph(&mut self, text: &str) {
        let _ = writeln!(self.0, "{text}\n");
    }

    fn label(&mut self, text: &str) {
        let _ = writeln!(self.0, "\n**{text}**\n");
    }

    fn item(&mut self, text: &str) {
        let _ = writeln!(self.0, "- {text}");
    }

    fn more(&mut self, of: usize, shown: usize) {
        if of > shown {
            self.item(&format!("… and {} more", of - shown));
        }
    }

    /// A labelled list; nothing where there is nothing to list.
    fn all<T>(&mut self, label: &str, all: &[T], text: impl Fn(&T) -> String) {
        self.some(label, all, 0, text);
    }

    /// A labelled list of which `left` more are not in the record.
    fn some<T>(&mut self, label: &str, all: &[T], left: usize, text: impl Fn(&T) -> String) {
        if all.is_empty() {
            return;
        }
        self.label(label);
        for one in all.iter().take(MOST) {
            self.item(&text(one));
        }
        let of = all.len().saturating_add(left);
        self.more(of, all.len().min(MOST));
    }

    /// A labelled list of what was seen, alike things once; `left` more are not in the record.
    fn cited(&mut self, label: &str, all: &[Cited], left: usize) {
        self.some(label, &folded(all), left, |(names, text)| {
            let names: Vec<String> = names.iter().map(|name| code(name)).collect();
            format!("{}: {}", wording::list(&names, MOST), code(text))
        });
    }

    fn block(&mut self, lines: &[String]) {
        self.0.push_str(&block(lines));
    }
}
