//! `github`: annotations of a GitHub workflow, as workflow commands on standard output. The summary first, then the causes, then
//! the tests they were seen in, each at its line; nothing of what held.
//!
//! The commands and their escaping: <https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands>.

use std::fmt::Write as _;

use super::explained::{Explained, Extent, about, numbered};
use super::{Format, Style, failure, visible, wording};
use crate::model::{FinishedRun, Place, Status, TestRecord, Word};

pub(super) const FORMAT: Format = Format {
    name: "github",
    extension: "txt",
    help: "annotations of a GitHub workflow: the verdict, its causes, and what did not hold",
    render,
};

/// Of each level GitHub shows so many a step, and silently drops the rest.
const SHOWN: usize = 10;
/// So many of them are causes at most.
const CAUSES: usize = 5;
/// Characters of one message.
const MESSAGE: usize = 2000;

fn render(run: &FinishedRun, _style: Style) -> String {
    let explained = Explained::new(run);
    let mut page = Annotations::default();
    page.add(summary(&explained));
    let worst = match run.verdict.word {
        Word::NoGo => Level::Error,
        Word::Go | Word::Inconclusive => Level::Warning,
    };
    for (at, _) in explained.causes().iter().enumerate().take(CAUSES) {
        page.add(cause(&explained, at, worst));
    }
    let tests = &run.record.tests;
    for test in tests {
        match test.status {
            Status::Failed | Status::UnexpectedPass => page.add(unwell(&explained, test, worst)),
            Status::Unproved | Status::Errored | Status::Flaky => {
                page.add(unwell(&explained, test, Level::Warning));
            }
            Status::Passed
            | Status::Blocked
            | Status::NotRun
            | Status::Skipped
            | Status::ExpectedFailure
            | Status::Waived => {}
        }
    }
    page.finish()
}

/// The levels of an annotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Notice,
    Warning,
    Error,
}

impl Level {
    const ALL: [Self; 3] = [Self::Error, Self::Warning, Self::Notice];

    const fn command(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// An annotation, its texts not yet escaped.
struct Annotation {
    level: Level,
    place: Option<Place>,
    title: String,
    message: Vec<String>,
}

fn summary(explained: &Explained<'_>) -> Annotation {
    let run = explained.run;
    let header = &run.record.header;
    let counts = run.record.counts();
    let mut message: Vec<String> = explained.headline().into_iter().collect();
    message.push(format!(
        "{}: {} in {}",
        wording::count(counts.total(), "test"),
        wording::ended_text(&counts),
        wording::duration(run.record.elapsed)
    ));
    if let Some(partial) = &header.partial {
        message.push(format!("partial: {}", wording::partial(partial)));
    }
    if let Some(signal) = run.record.interrupted {
        message.push(wording::interrupted(signal));
    }
    let reasons = run.verdict.reasons.iter();
    message.extend(reasons.map(|reason| format!("{}: {}", reason.word, wording::reason(reason))));
    Annotation {
        level: match run.verdict.word {
            Word::Go => Level::Notice,
            Word::Inconclusive => Level::Warning,
            Word::NoGo => Level::Error,
        },
        place: None,
        title: format!("allclear {}: {}", run.verdict.word, header.target),
        message,
    }
}

/// A cause, at the test whose failure speaks for it.
fn cause(explained: &Explained<'_>, at: usize, level: Level) -> Annotation {
    let cause = &explained.causes()[at];
    let tests = &explained.run.record.tests;
    let lead = cause.lead();
    let lead = lead.and_then(|id| tests.iter().find(|test| test.header.id == *id));
    let mut message = vec![about(cause)];
    let rows = explained.rows(cause, Extent::SCREEN);
    message.extend(
        rows.into_iter()
            .map(|row| format!("{}: {}", row.label, row.text)),
    );
    Annotation {
        level,
        place: lead.and_then(|test| place(explained, test)),
        title: numbered(at, cause),
        message,
    }
}

fn unwell(explained: &Explained<'_>, test: &TestRecord, level: Level) -> Annotation {
    let code = test
        .code
        .as_ref()
        .map_or_else(String::new, |code| format!(": {code}"));
    let mut message = vec![match (test.status, failure::headline(test)) {
        (Status::Flaky, _) => failure::attempts(test),
        (_, Some(headline)) => headline,
        (_, None) => wording::status(test.status).to_owned(),
    }];
    if let Some(one) = explained.of(&test.header.id) {
        let known = explained.causes().get(one.cause);
        let cause = known.map_or_else(String::new, |_| format!("cause {}, ", one.cause + 1));
        message.push(format!("{}: {cause}rule {}", one.blame, one.rule));
    }
    Annotation {
        level,
        place: place(explained, test),
        title: format!("{} {}{code}", test.header.id, wording::status(test.status)),
        message,
    }
}

/// Where the test stands; suites inside the program stand in no file of a repository.
fn place(explained: &Explained<'_>, test: &TestRecord) -> Option<Place> {
    let is_shipped = explained.run.record.header.shipped;
    (!is_shipped).then(|| test.header.place.clone())
}

/// The commands so far, by level: the last that GitHub shows of one counts what follows it.
#[derive(Default)]
struct Annotations {
    all: Vec<Annotation>,
}

impl Annotations {
    fn add(&mut self, annotation: Annotation) {
        self.all.push(annotation);
    }

    fn finish(self) -> String {
        let mut text = String::new();
        let mut left = Level::ALL.map(|level| (level, self.count(level), 0));
        for annotation in self.all {
            let Some((_, total, told)) = left
                .iter_mut()
                .find(|(level, ..)| *level == annotation.level)
            else {
                continue;
            };
            *told += 1;
            if *told < SHOWN || *total <= SHOWN {
                write(&mut text, &annotation);
            } else if *told == SHOWN {
                let more = (*total - SHOWN + 1) as u64;
                write(
                    &mut text,
                    &Annotation {
                        place: None,
                        title: format!("… and {}", wording::count(more, "more annotation")),
                        message: vec![
                            "GitHub shows ten of a level; the other reports tell them all"
                                .to_owned(),
                        ],
                        ..annotation
                    },
                );
            }
        }
        text
    }

    fn count(&self, level: Level) -> usize {
        self.all.iter().filter(|one| one.level == level).count()
    }
}

/// `::error file=…,line=…,title=…::…`, on one line.
fn write(text: &mut String, annotation: &Annotation) {
    let mut properties = Vec::new();
    if let Some(place) = &annotation.place {
        properties.push(("file", place.file.to_string()));
        properties.push(("line", place.line.to_string()));
    }
    properties.push(("title", annotation.title.clone()));
    let properties: Vec<String> = properties
        .iter()
        .map(|(name, value)| format!("{name}={}", property(value)))
        .collect();
    let lines: Vec<String> = annotation
        .message
        .iter()
        .map(|line| visible::line(line))
        .collect();
    let message = visible::cut(&lines.join("\n"), MESSAGE);
    let command = annotation.level.command();
    let _ = writeln!(
        text,
        "::{command} {}::{}",
        properties.join(","),
        data(&message)
    );
}

/// The message of a command: what would end its line or begin an escape is escaped.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A property of a command: besides what would end it, or the properties.
fn property(text: &str) -> String {
    let text = visible::cut(&visible::line(text), 250);
    data(&text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_command_is_escaped() {
        let mut text = String::new();
        write(
            &mut text,
            &Annotation {
                level: Level::Error,
                place: Some(Place {
                    file: "a,b:c%.yaml".into(),
                    line: 7,
                    column: 3,
                }),
                title: "a::b,line=9\n".to_owned(),
                message: vec!["100 %\r\n::warning::x".to_owned(), "%0A".to_owned()],
            },
        );
        assert_eq!(
            text,
            "::error file=a%2Cb%3Ac%25.yaml,line=7,title=a%3A%3Ab%2Cline=9␊::100 %25␍␊::warning::x%0A%250A\n"
        );
    }
}
