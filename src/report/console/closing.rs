//! The end of the report, which must be unmistakable: what was counted, the word, its reasons, its conditions, what next.

use super::Page;
use crate::model::{ConditionKind, Counts, FinishedRun, RunRecord, TestRecord, Verdict, Word};
use crate::report::rerun::{Again, rerun};
use crate::report::style::Tone;
use crate::report::{Detail, visible, wording};

/// So many conditions of one kind are listed.
const CONDITIONS: usize = 5;

/// One line a category: how many, and how they ended.
pub(super) fn categories(page: &mut Page, record: &RunRecord) {
    let names = record.header.categories();
    if names.is_empty() {
        return;
    }
    page.gap();
    let width = names
        .iter()
        .map(|name| visible::line(name.as_str()).chars().count())
        .max()
        .unwrap_or_default();
    for name in &names {
        let mut counts = Counts::default();
        let mut critical = false;
        for test in &record.tests {
            if test.header.id.category() == name {
                counts.add(test.status);
                critical |= test.header.critical;
            }
        }
        let shown = visible::line(name.as_str());
        let mark = if critical { "  critical" } else { "" };
        let mark = page.style.paint(Tone::Dim, mark);
        let ended = ended(page, &counts);
        page.raw(
            2,
            &format!("{shown:width$}  {:>5}  {ended}{mark}", counts.total()),
        );
    }
}

/// `62 passed, 5 failed`, each in the colour of its status.
fn ended(page: &Page, counts: &Counts) -> String {
    let painted =
        wording::ended(counts).map(|(status, text)| page.style.paint(wording::tone(status), &text));
    painted.collect::<Vec<_>>().join(", ")
}

/// The word, its reasons, its conditions, and the command that re-runs what failed.
pub(super) fn verdict(page: &mut Page, run: &FinishedRun) {
    let (record, verdict) = (&*run.record, &*run.verdict);
    if page.style.detail != Detail::Quiet {
        page.gap();
    }
    banner(page, record, verdict.word);
    for reason in &verdict.reasons {
        let tone = match reason.word {
            Word::NoGo => Tone::Bad,
            Word::Inconclusive => Tone::Warn,
            Word::Go => Tone::Good,
        };
        let word = page.style.paint(tone, reason.word.name());
        page.raw(2, &format!("{word}  {}", wording::reason(reason)));
    }
    if page.style.detail == Detail::Quiet {
        return;
    }
    conditions(page, verdict);
    let is_worth_it = record.tests.iter().any(TestRecord::is_worth_repeating);
    let command = rerun(&record.header, Again::Failed).filter(|_| is_worth_it);
    if let Some(command) = command {
        page.gap();
        let label = page.style.paint(Tone::Dim, "run again what did not hold:");
        page.raw(2, &format!("{label}  {command}"));
    }
}

fn banner(page: &mut Page, record: &RunRecord, word: Word) {
    let rule = "━".repeat(78);
    let tone = match word {
        Word::Go => Tone::Good,
        Word::NoGo => Tone::Bad,
        Word::Inconclusive => Tone::Warn,
    };
    let header = &record.header;
    let partial = header.partial.as_ref().map_or_else(String::new, |partial| {
        format!("  *partial*: {}", wording::partial(partial))
    });
    let interrupted = record.interrupted.map_or_else(String::new, |signal| {
        format!("  {}", wording::interrupted(signal))
    });
    let word = page
        .style
        .paint(wording::banner(word), &format!(" {} ", word.name()));
    page.line(0, tone, &rule);
    page.raw(
        0,
        &format!(
            "{word}  {}{partial}{interrupted}",
            visible::line(&header.target)
        ),
    );
    let counts = record.counts();
    let ended = match ended(page, &counts) {
        none if none.is_empty() => none,
        some => format!(": {some}"),
    };
    let filtered = match counts.filtered {
        0 => String::new(),
        n => format!(", {n} not selected"),
    };
    page.raw(
        1,
        &format!(
            "{}{ended}{filtered} in {}",
            wording::count(counts.total(), "test"),
            wording::duration(record.elapsed)
        ),
    );
    page.line(0, tone, &rule);
}

fn conditions(page: &mut Page, verdict: &Verdict) {
    if verdict.conditions.is_empty() {
        return;
    }
    page.gap();
    let n = wording::count(verdict.conditions.len() as u64, "condition");
    page.line(2, Tone::Strong, &n);
    let most = match page.style.detail {
        Detail::Verbose => usize::MAX,
        Detail::Quiet | Detail::Normal => CONDITIONS,
    };
    for kind in ConditionKind::ALL {
        let of_kind: Vec<_> = verdict
            .conditions
            .iter()
            .filter(|condition| condition.kind == *kind)
            .collect();
        for condition in of_kind.iter().take(most) {
            let subject = condition
                .subject
                .as_ref()
                .map_or_else(String::new, |subject| format!(" {subject}"));
            let text = format!("{}{subject}: {}", wording::condition(*kind), condition.text);
            page.line(4, Tone::Plain, &visible::cut(&visible::line(&text), 200));
        }
        if of_kind.len() > most {
            let more = of_kind.len() - most;
            let kind = wording::condition(*kind);
            page.line(4, Tone::Dim, &format!("… and {more} more {kind}"));
        }
    }
}
