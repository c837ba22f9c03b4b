//! What is said of a cause or of a failure, line by line: what each is about, and what is said.

use super::Explained;
use super::words::{
    UNEXPLAINED, adjusted, advised, cited, distinct, folded, owner, runbooks, tied, title, why,
};
use crate::model::{Cause, Cited, Diagnosed};
use crate::report::style::Tone;
use crate::report::visible;

/// A line of a cause or a failure: what it is about, and what is said.
#[derive(Debug)]
pub(in crate::report) struct Row {
    pub(in crate::report) label: String,
    pub(in crate::report) tone: Tone,
    pub(in crate::report) text: String,
}

/// How much of a cause is told.
#[derive(Debug, Clone, Copy)]
pub(in crate::report) struct Extent {
    /// Names of tests.
    pub(in crate::report) names: usize,
    /// Pieces of evidence, of what speaks against it, of what was looked at, and of what authors wrote.
    pub(in crate::report) evidence: usize,
    /// Lines of the chain of whys, with what was rejected and how to make sure; 0 leaves these out.
    pub(in crate::report) why: usize,
    /// Commands.
    pub(in crate::report) commands: usize,
    /// Characters of a line that is no command.
    pub(in crate::report) line: usize,
}

impl Extent {
    /// For a screen that many causes share.
    pub(in crate::report) const BRIEF: Self = Self {
        names: 2,
        evidence: 1,
        why: 0,
        commands: 1,
        line: 200,
    };
    /// For a screen.
    pub(in crate::report) const SCREEN: Self = Self {
        names: 3,
        evidence: 3,
        why: 6,
        commands: 2,
        line: 200,
    };
    /// For a file that is searched later.
    pub(in crate::report) const FILE: Self = Self {
        names: 20,
        evidence: 20,
        why: 20,
        commands: 10,
        line: 1000,
    };
}

impl Explained<'_> {
    /// Everything that is said of a cause below its [`title`] and what it is [`about`](super::about).
    pub(in crate::report) fn rows(&self, cause: &Cause, extent: Extent) -> Vec<Row> {
        let mut rows = Rows {
            all: Vec::new(),
            extent,
        };
        let is_whole = extent.why > 0;
        rows.add("means", Tone::Plain, &cause.meaning);
        if cause.unexplained {
            rows.add("but", Tone::Warn, UNEXPLAINED);
        }
        rows.add("explains", Tone::Plain, &self.explains(cause, extent.names));
        rows.add("or else", Tone::Warn, &tied(cause));
        let left = cause.left_out;
        rows.cited("evidence", Tone::Plain, &cause.evidence, left.evidence);
        rows.cited("looked", Tone::Plain, &cause.looks, left.looks);
        rows.cited("against", Tone::Warn, &cause.refuting, 0);
        let advised: Vec<String> = cause
            .advice
            .iter()
            .filter_map(|one| advised(cause, one))
            .collect();
        rows.some("on_fail", &advised, left.advice, Clone::clone);
        rows.several("runbook", &runbooks(cause), |one| (*one).to_owned());
        let lead = cause.lead().and_then(|test| self.of(test));
        if is_whole {
            rows.several("adjusted", &adjusted(cause, lead), |one| {
                format!("{}: {}", one.kind, one.text)
            });
            let told = distinct(&cause.evidence).take(extent.evidence);
            let told: Vec<&str> = told.collect();
            for (line, number) in cause.why.iter().zip(1..=extent.why) {
                rows.add(&format!("Why {number}"), Tone::Plain, &why(line, &told));
            }
            rows.more("", cause.why.len(), extent.why);
            if let Some(line) = &cause.rejected {
                rows.add("ruled out", Tone::Plain, &why(line, &told));
            }
            let alternatives = lead.map_or(&[][..], |one| &one.alternatives);
            // They have commas of their own.
            rows.add("or else", Tone::Plain, &alternatives.join("; "));
            rows.add("right if", Tone::Plain, &cause.confirm);
        }
        rows.add("wrong if", Tone::Plain, &cause.falsify);
        if is_whole || cause.commands.is_empty() {
            rows.add("check", Tone::Plain, lead.map_or("", |one| &one.next));
        }
        rows.add("do", Tone::Strong, &cause.hint);
        for command in cause.commands.iter().take(extent.commands) {
            rows.command(Tone::Strong, command);
        }
        rows.more("run", cause.commands.len(), extent.commands);
        rows.all
    }

    /// What is said of one failure, for those who read of it alone.
    pub(in crate::report) fn failure_rows(&self, one: &Diagnosed, extent: Extent) -> Vec<Row> {
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
            if !cause.named_owners().is_empty() {
                rows.add("call", Tone::Plain, &owner(cause));
            }
            rows.add("means", Tone::Plain, &cause.meaning);
            rows.add("wrong if", Tone::Plain, &cause.falsify);
            for command in cause.commands.iter().take(extent.commands) {
                rows.command(Tone::Plain, command);
            }
        }
        rows.all
    }
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

    /// Somebody pastes it: never a part of it.
    fn command(&mut self, tone: Tone, command: &str) {
        self.all.push(Row {
            label: "run".to_owned(),
            tone,
            text: visible::command(command),
        });
    }

    /// What was seen, alike things once; `left` more are not in the record.
    fn cited(&mut self, label: &str, tone: Tone, all: &[Cited], left: usize) {
        let all = folded(all);
        for (names, text) in all.iter().take(self.extent.evidence) {
            self.add(label, tone, &cited(names, text, 2));
        }
        self.more_than_are_told(label, all.len(), left);
    }

    fn several<T>(&mut self, label: &str, all: &[T], text: impl Fn(&T) -> String) {
        self.some(label, all, 0, text);
    }

    /// Of several of which `left` more are not in the record.
    fn some<T>(&mut self, label: &str, all: &[T], left: usize, text: impl Fn(&T) -> String) {
        for one in all.iter().take(self.extent.evidence) {
            self.add(label, Tone::Plain, &text(one));
        }
        self.more_than_are_told(label, all.len(), left);
    }

    fn more_than_are_told(&mut self, label: &str, kept: usize, left: usize) {
        let all = kept.saturating_add(left);
        self.more(label, all, kept.min(self.extent.evidence));
    }

    /// How many were left out: on a line of its own, or behind the only one that is told.
    fn more(&mut self, label: &str, of: usize, shown: usize) {
        if of <= shown {
            return;
        }
        let more = format!("… and {} more", of - shown);
        match self.all.last_mut().filter(|row| row.label == label) {
            Some(row) if shown == 1 && label != "run" => {
                row.text = format!("{} ({more})", row.text);
            }
            _ => self.add(label, Tone::Dim, &more),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::specimen;

    #[test]
    fn what_the_rule_says_to_do_is_told() {
        let mut run = specimen::finished("x");
        for cause in &mut std::sync::Arc::make_mut(&mut run.diagnosis).causes {
            cause.hint = "Raise the limit.".to_owned();
        }
        let explained = Explained::new(&run);
        for extent in [Extent::BRIEF, Extent::FILE] {
            let rows = explained.rows(&explained.causes()[0], extent);
            let told = rows.iter().find(|row| row.label == "do");
            assert_eq!(told.map(|row| &*row.text), Some("Raise the limit."));
        }
    }

    #[test]
    fn what_the_record_left_out_is_told() {
        let mut run = specimen::finished("x");
        let cause = &mut std::sync::Arc::make_mut(&mut run.diagnosis).causes[0];
        let seen = |n: usize| Cited {
            text: format!("seen {n}"),
            ..cause.evidence[0].clone()
        };
        cause.looks = (0..10).map(seen).collect();
        cause.evidence.truncate(1);
        cause.left_out = crate::model::LeftOut {
            evidence: 40,
            advice: 2,
            looks: 3,
        };
        let explained = Explained::new(&run);
        let last = |extent: Extent, label: &str| {
            let rows = explained.rows(&explained.causes()[0], extent);
            let mut of_it = rows.into_iter().filter(|row| row.label == label);
            of_it.next_back().map(|row| row.text).unwrap_or_default()
        };
        assert_eq!(last(Extent::FILE, "looked"), "… and 3 more");
        assert_eq!(last(Extent::SCREEN, "looked"), "… and 10 more");
        assert!(last(Extent::BRIEF, "looked").ends_with(" (… and 12 more)"));
        assert!(last(Extent::FILE, "evidence").ends_with(" (… and 40 more)"));
    }

    #[test]
    fn a_command_is_told_whole_where_a_line_is_cut() {
        let mut run = specimen::finished("x");
        let long = format!("curl {}", "x".repeat(900));
        for cause in &mut std::sync::Arc::make_mut(&mut run.diagnosis).causes {
            cause.commands = vec![long.clone()];
            cause.meaning.clone_from(&long);
        }
        let explained = Explained::new(&run);
        let of = |rows: &[Row], label: &str| -> Vec<String> {
            let rows = rows.iter().filter(|row| row.label == label);
            rows.map(|row| row.text.clone()).collect()
        };
        let rows = explained.rows(&explained.causes()[0], Extent::SCREEN);
        assert_eq!(of(&rows, "run"), [&*long]);
        assert_ne!(of(&rows, "means"), [&*long]);
        let rows = explained.failure_rows(&run.diagnosis.failures[0], Extent::SCREEN);
        assert_eq!(of(&rows, "run"), [&*long]);
    }
}
