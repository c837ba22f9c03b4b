//! What each status becomes in a test case.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use crate::model::{Diagnosed, KnownCode, Outcome, Policy, Status, TestRecord};
use crate::report::explained::{Explained, Extent, Row, class};
use crate::report::failure::{self, Bounds, Line};
use crate::report::{visible, wording};

/// Characters of all bodies together. GitLab takes 30 MB a file; a character can become six bytes.
const BODIES: usize = 4_000_000;
/// Characters of one body.
const BODY: usize = 16_000;

/// A test case, its texts not yet escaped.
pub(super) struct Case {
    pub(super) classname: String,
    pub(super) name: String,
    pub(super) elapsed: Duration,
    pub(super) ending: Ending,
}

/// The one child that says how it ended.
pub(super) enum Ending {
    /// No child: it passed.
    Plain,
    /// It passed in the end; these attempts had not.
    Flaky(Vec<Problem>),
    Failure(Problem),
    Error(Problem),
    Skipped(String),
}

/// What a failure, an error or an earlier attempt says.
pub(super) struct Problem {
    /// `infrastructure/network tcp.timeout.connect`: the class as far as it is known, and the code.
    pub(super) kind: String,
    pub(super) message: String,
    pub(super) body: String,
}

/// Makes the cases of one document, whose names are all different and whose bodies together stay bounded.
pub(super) struct Cases<'a> {
    policy: &'a Policy,
    explained: &'a Explained<'a>,
    names: Names,
    left: usize,
}

impl<'a> Cases<'a> {
    pub(super) fn new(policy: &'a Policy, explained: &'a Explained<'a>) -> Self {
        Self {
            policy,
            explained,
            names: Names::default(),
            left: BODIES,
        }
    }

    pub(super) fn of(&mut self, test: &TestRecord) -> Case {
        let id = &test.header.id;
        let stem = Path::new(&*test.header.place.file)
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy();
        let classname = name(&format!("{}.{stem}", id.category()));
        Case {
            name: self.names.unique(&classname, &id.name_with_row()),
            classname,
            elapsed: test.elapsed,
            ending: self.ending(test),
        }
    }

    fn ending(&mut self, test: &TestRecord) -> Ending {
        match test.status {
            Status::Passed | Status::ExpectedFailure => Ending::Plain,
            Status::Flaky if self.flaky_is_good(test) => Ending::Flaky(self.earlier_attempts(test)),
            Status::Flaky => Ending::Error(self.problem(test, KnownCode::Flaky.shape())),
            Status::Failed => Ending::Failure(self.problem(test, "expect")),
            Status::UnexpectedPass => {
                Ending::Failure(self.problem(test, KnownCode::UnexpectedPass.shape()))
            }
            Status::Unproved => Ending::Error(self.problem(test, "gate.unproved")),
            Status::Errored => Ending::Error(self.problem(test, "error")),
            Status::Blocked | Status::Skipped | Status::NotRun => {
                Ending::Skipped(match &test.why {
                    Some(why) => wording::why(why),
                    None => wording::status(test.status).to_owned(),
                })
            }
            Status::Waived => Ending::Skipped(match (&test.code, failure::headline(test)) {
                (Some(code), Some(headline)) => format!("waived: {code}: {headline}"),
                (Some(code), None) => format!("waived: {code}"),
                (None, headline) => format!("waived: {}", headline.unwrap_or_default()),
            }),
        }
    }

    /// As in docs/gate.md: a flaky instance is good unless it is critical; `flaky: pass` makes critical ones good too.
    fn flaky_is_good(&self, test: &TestRecord) -> bool {
        let category = self.policy.category(test.header.id.category());
        !test.header.critical || category.is_some_and(|category| category.flaky_passes)
    }

    fn problem(&mut self, test: &TestRecord, without_code: &str) -> Problem {
        let code = match (test.status, &test.code) {
            // The code of a flaky test is that of an attempt which was made good.
            (Status::Flaky | Status::UnexpectedPass, _) | (_, None) => without_code.to_owned(),
            (_, Some(code)) => code.to_string(),
        };
        let message = match test.status {
            Status::Flaky => format!(
                "critical, and held only after a retry; {}",
                failure::attempts(test)
            ),
            _ => failure::headline(test).unwrap_or_else(|| wording::status(test.status).to_owned()),
        };
        let mut lines = failure::tell(test, Bounds::FILE);
        let Some(one) = self.explained.of(&test.header.id) else {
            let body = self.body(&lines);
            return Problem {
                kind: code,
                message,
                body,
            };
        };
        lines.extend(self.diagnosis(one));
        Problem {
            kind: format!("{} {code}", class(one)),
            message: format!("{message} — {} at {}", one.blame, one.resource),
            body: self.body(&lines),
        }
    }

    fn diagnosis(&self, one: &Diagnosed) -> Vec<Line> {
        let rows = self.explained.failure_rows(one, Extent::FILE);
        let line = |row: Row| Line {
            indent: 0,
            tone: row.tone,
            text: format!("{}: {}", row.label, row.text),
        };
        rows.into_iter().map(line).collect()
    }

    fn earlier_attempts(&mut self, test: &TestRecord) -> Vec<Problem> {
        let earlier = test
            .attempts
            .iter()
            .filter(|attempt| attempt.outcome != Outcome::Held);
        earlier
            .map(|attempt| Problem {
                kind: attempt
                    .code
                    .as_ref()
                    .map_or_else(|| KnownCode::Flaky.code().to_string(), ToString::to_string),
                message: format!(
                    "attempt {} of {}: {}",
                    attempt.number,
                    test.attempts_made,
                    failure::attempt_headline(attempt).unwrap_or_else(|| "did not hold".to_owned())
                ),
                body: self.body(&failure::tell_attempt(attempt, Bounds::FILE)),
            })
            .collect()
    }

    fn body(&mut self, lines: &[Line]) -> String {
        let mut text = String::new();
        for line in lines {
            text.extend(std::iter::repeat_n(' ', 2 * line.indent));
            text.push_str(&line.text);
            text.push('\n');
        }
        let body = visible::cut(&text, BODY);
        let size = body.chars().count();
        if size > self.left {
            return "left out: this report is as long as its readers take; the console and JSON reports tell it".to_owned();
        }
        self.left -= size;
        body
    }
}

/// Names already given. GitLab uses only the first of equals.
#[derive(Default)]
pub(super) struct Names(HashSet<(String, String)>);

impl Names {
    /// The name, followed by the smallest number that makes it one of its own within `group` where it is not.
    pub(super) fn unique(&mut self, group: &str, wanted: &str) -> String {
        let wanted = name(wanted);
        let mut candidate = wanted.clone();
        let mut number = 2;
        while !self.0.insert((group.to_owned(), candidate.clone())) {
            candidate = format!("{wanted} ({number})");
            number += 1;
        }
        candidate
    }
}

/// A name as it will stand in the document, so that two which become alike there are seen to be alike here.
fn name(text: &str) -> String {
    visible::cut(&visible::line(text), 300)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_become_alike_are_told_apart() {
        let mut names = Names::default();
        assert_eq!(names.unique("a", "x\n"), "x␊");
        assert_eq!(names.unique("a", "x␊"), "x␊ (2)");
        assert_eq!(names.unique("b", "x␊"), "x␊");
        assert_eq!(names.unique("a", "x␊ (2)"), "x␊ (2) (2)");
    }

    #[test]
    fn bodies_stay_within_what_readers_take() {
        let run = crate::wire::specimen::finished("text");
        let explained = Explained::new(&run);
        let policy = Policy::default();
        let mut cases = Cases::new(&policy, &explained);
        let line = || Line {
            indent: 0,
            tone: crate::report::style::Tone::Plain,
            text: "x".repeat(2 * BODY),
        };
        let written: usize = (0..1000).map(|_| cases.body(&[line()]).len()).sum();
        assert!(written < BODIES + 1000 * 100, "{written}");
        assert!(cases.body(&[line()]).starts_with("left out"));
    }
}
