//! What diagnosis says of a run, in words and lines: the headline, the split, a cause, a failure. Every report that tells it tells it so.
//!
//! No word in here says more than the confidence does, and every list ends with how much it leaves out.

mod counted;

use std::collections::HashMap;

use self::counted::how_many;
pub(super) use self::counted::split;
use super::style::Tone;
use super::{visible, wording};
use crate::model::{Cause, Cited, Diagnosed, FinishedRun, Standing, Status, TestId, WhyLine, Word};

/// A line of a cause or a failure: what it is about, and what is said.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) label: String,
    pub(super) tone: Tone,
    pub(super) text: String,
}

/// How much of a cause is told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    /// Names of tests.
    pub(super) names: usize,
    /// Pieces of evidence, and of what speaks against it.
    pub(super) evidence: usize,
    /// Lines of the chain of whys, with what was rejected and how to make sure; 0 leaves these out.
    pub(super) why: usize,
    /// Commands.
    pub(super) commands: usize,
    /// Characters of a line.
    pub(super) line: usize,
}

impl Extent {
    /// For a screen that many causes share.
    pub(super) const BRIEF: Self = Self {
        names: 2,
        evidence: 1,
        why: 0,
        commands: 1,
        line: 200,
    };
    /// For a screen.
    pub(super) const SCREEN: Self = Self {
        names: 4,
        evidence: 3,
        why: 6,
        commands: 2,
        line: 200,
    };
    /// For a file that is searched later.
    pub(super) const FILE: Self = Self {
        names: 20,
        evidence: 20,
        why: 20,
        commands: 10,
        line: 1000,
    };
}

/// A run with its diagnosis, ready to be asked about tests.
pub(super) struct Explained<'a> {
    pub(super) run: &'a FinishedRun,
    statuses: HashMap<&'a TestId, Status>,
    by_test: HashMap<&'a TestId, &'a Diagnosed>,
}

impl<'a> Explained<'a> {
    pub(super) fn new(run: &'a FinishedRun) -> Self {
        let tests = run.record.tests.iter();
        let failures = run.diagnosis.failures.iter();
        Self {
            run,
            statuses: tests.map(|test| (&test.header.id, test.status)).collect(),
            by_test: failures.map(|one| (&one.test, one)).collect(),
        }
    }

    /// The causes that are told: of a GO none.
    pub(super) fn causes(&self) -> &'a [Cause] {
        match self.run.verdict.word {
            Word::Go => &[],
            Word::NoGo | Word::Inconclusive => &self.run.diagnosis.causes,
        }
    }

    /// Whether it is an instance of the run: a session is none.
    pub(super) fn is_test(&self, id: &TestId) -> bool {
        self.statuses.contains_key(id)
    }

    /// What the evidence of this instance says.
    pub(super) fn of(&self, test: &TestId) -> Option<&'a Diagnosed> {
        self.by_test.get(test).copied()
    }

    /// `NO-GO: 23 failed, 9 blocked — at least 2 causes, 1 cannot be told`; `None` where there is nothing to explain.
    pub(super) fn headline(&self) -> Option<String> {
        let how_many = how_many(self.causes(), self.run.diagnosis.hidden)?;
        let counts = self.run.record.counts();
        let ended: Vec<String> = UNWELL
            .iter()
            .filter(|status| counts.of(**status) > 0)
            .map(|status| format!("{} {}", counts.of(*status), wording::status(*status)))
            .collect();
        let ended = if ended.is_empty() {
            String::new()
        } else {
            format!("{} — ", ended.join(", "))
        };
        Some(format!("{}: {ended}{how_many}", self.run.verdict.word))
    }

    /// Everything that is said of a cause below its [`title`].
    pub(super) fn rows(&self, cause: &Cause, extent: Extent) -> Vec<Row> {
        let mut rows = Rows {
            all: Vec::new(),
            extent,
        };
        let is_whole = extent.why > 0;
        rows.add("explains", Tone::Plain, &self.explains(cause, extent.names));
        if !cause.tied_with.is_empty() {
            let others: Vec<String> = cause
                .tied_with
                .iter()
                .map(|at| (at + 1).to_string())
                .collect();
            let others = wording::list(&others, 5);
            rows.add(
                "or else",
                Tone::Warn,
                &format!(
                    "cause {others}, which explains as much: this run cannot tell which it is"
                ),
            );
        }
        rows.cited("evidence", Tone::Plain, &cause.evidence);
        rows.cited("against", Tone::Warn, &cause.refuting);
        let lead = cause.lead().and_then(|test| self.of(test));
        if is_whole {
            let adjusted = lead.map_or(&[][..], |one| &one.adjusted);
            rows.several("adjusted", adjusted, |one| {
                format!("{}: {}", one.kind, one.text)
            });
            for (line, number) in cause.why.iter().zip(1..=extent.why) {
                rows.add(&format!("Why {number}"), Tone::Plain, &why(line));
            }
            rows.more("", cause.why.len(), extent.why);
            if let Some(line) = &cause.rejected {
                rows.add("ruled out", Tone::Plain, &why(line));
            }
            let alternatives = lead.map_or(&[][..], |one| &one.alternatives);
            rows.add("or else", Tone::Plain, &wording::list(alternatives, 3));
            rows.add("right if", Tone::Plain, &cause.confirm);
        }
        rows.add("wrong if", Tone::Plain, &cause.falsify);
        if is_whole || cause.commands.is_empty() {
            rows.add("check", Tone::Plain, lead.map_or("", |one| &one.next));
        }
        for command in cause.commands.iter().take(extent.commands) {
            rows.add("run", Tone::Strong, command);
        }
        rows.more("run", cause.commands.len(), extent.commands);
        rows.all
    }

    /// What is said of one failure, for those who read of it alone.
    pub(super) fn failure_rows(&self, one: &Diagnosed, extent: Extent) -> Vec<Row> {
        let mut rows = Rows {
            all: Vec::new(),
            extent,
        };
        let text = format!(
            "{} · layer {} · rule {} · owner {}",
            one.blame, one.layer, one.rule, one.blame.owner
        );
        rows.add("diagnosis", Tone::Plain, &text);
        rows.several("evidence", &one.evidence, Clone::clone);
        rows.several("adjusted", &one.adjusted, |one| {
            format!("{}: {}", one.kind, one.text)
        });
        rows.several("or else", &one.alternatives, Clone::clone);
        rows.add("check", Tone::Plain, &one.next);
        if let Some(cause) = self.causes().get(one.cause) {
            let text = format!("{}: {}", one.cause + 1, title(cause));
            rows.add("cause", Tone::Plain, &text);
            rows.add("wrong if", Tone::Plain, &cause.falsify);
            for command in cause.commands.iter().take(extent.commands) {
                rows.add("run", Tone::Plain, command);
            }
        }
        rows.all
    }

    /// `13 failed, 1 errored (database/login, … and 11 more); 9 blocked (database/rows, …)`.
    pub(super) fn explains(&self, cause: &Cause, names: usize) -> String {
        let status = |test: &TestId| self.statuses.get(test).copied().unwrap_or(Status::Failed);
        let mut counts: Vec<String> = Vec::new();
        for wanted in Status::ALL {
            let n = cause
                .failed
                .iter()
                .filter(|test| status(test) == *wanted)
                .count();
            if n > 0 {
                counts.push(format!("{n} {}", wording::status(*wanted)));
            }
        }
        let mut parts = Vec::new();
        if !counts.is_empty() {
            parts.push(format!(
                "{} ({})",
                counts.join(", "),
                ids(&cause.failed, names)
            ));
        }
        if !cause.blocked.is_empty() {
            let n = cause.blocked.len();
            parts.push(format!("{n} blocked ({})", ids(&cause.blocked, names)));
        }
        parts.join("; ")
    }
}

/// How instances end that are counted in the headline.
const UNWELL: &[Status] = &[
    Status::Failed,
    Status::UnexpectedPass,
    Status::Unproved,
    Status::Errored,
    Status::Flaky,
    Status::Blocked,
];

/// What broke, and whose it is: `infrastructure/network (medium) at sock:db.internal:5432, in 3 of 20`.
pub(super) fn title(cause: &Cause) -> String {
    let mut text = cause.blame.to_string();
    if cause.unexplained {
        text = format!("not explained: {text}");
    }
    if !cause.resource.is_empty() {
        text = format!("{text} at {}", cause.resource);
    }
    if let Standing::Intermittent { failed, of } = cause.standing {
        text = format!("{text}, now and then: {failed} of {of} failed there");
    }
    visible::cut(&visible::line(&text), 200)
}

/// `cause 1: infrastructure/network (medium) at …`; what is not explained is not called a cause.
pub(super) fn numbered(at: usize, cause: &Cause) -> String {
    let called = if cause.unexplained { "" } else { "cause " };
    format!("{called}{}: {}", at + 1, title(cause))
}

/// `infrastructure/network`, or `unknown`: what may be said in one word.
pub(super) fn class(one: &Diagnosed) -> String {
    match (one.blame.leaning(), &one.blame.detail) {
        (None, Some(detail)) => format!("{}/{detail}", one.blame.class),
        _ => one.blame.decided().to_string(),
    }
}

/// `database/login#1: tcp.refused, errno 111, after 2 ms`.
pub(super) fn cited(cited: &Cited) -> String {
    let attempt = cited.attempt.map_or_else(String::new, |n| format!("#{n}"));
    format!("{}{attempt}: {}", cited.test, cited.text)
}

/// A line of reasoning with what it rests on, in brackets.
pub(super) fn why(line: &WhyLine) -> String {
    match &line.evidence {
        Some(evidence) => format!("{} [{}]", line.text, cited(evidence)),
        None => line.text.clone(),
    }
}

fn ids(tests: &[TestId], most: usize) -> String {
    // As many places as are counted, and as many texts as are shown.
    let mut names: Vec<String> = tests.iter().take(most + 1).map(TestId::to_string).collect();
    names.resize(tests.len(), String::new());
    wording::list(&names, most)
}

struct Rows {
    all: Vec<Row>,
    extent: Extent,
}

impl Rows {
    fn add(&mut self, label: &str, tone: Tone, text: &str) {
        if text.trim().is_empty() {
            return;
        }
        self.all.push(Row {
            label: label.to_owned(),
            tone,
            text: visible::cut(&visible::line(text), self.extent.line),
        });
    }

    fn cited(&mut self, label: &str, tone: Tone, all: &[Cited]) {
        for one in all.iter().take(self.extent.evidence) {
            self.add(label, tone, &cited(one));
        }
        self.more(label, all.len(), self.extent.evidence);
    }

    fn several<T>(&mut self, label: &str, all: &[T], text: impl Fn(&T) -> String) {
        for one in all.iter().take(self.extent.evidence) {
            self.add(label, Tone::Plain, &text(one));
        }
        self.more(label, all.len(), self.extent.evidence);
    }

    fn more(&mut self, label: &str, of: usize, shown: usize) {
        if of > shown {
            self.add(label, Tone::Dim, &format!("… and {} more", of - shown));
        }
    }
}
