//! Every format of `FORMATS`, on one run that holds every status: the walker of that table.

#![expect(
    clippy::unwrap_used,
    reason = "the lint knows only test functions; what they call may fail the test, too"
)]

mod built;
mod console;
mod explained;
mod handoff;
mod json;
mod junit;
mod junit_readers;
mod live;
mod retold;
mod written;

use allclear::model::Status;
use allclear::report::{Detail, FORMATS, Style};

#[test]
fn every_format_tells_every_status() {
    let run = built::every_status();
    for format in FORMATS {
        let text = (format.render)(&run, Style::default());
        insta::assert_snapshot!(format.name, text);
        assert_eq!(
            text,
            (format.render)(&run, Style::default()),
            "{}: pure",
            format.name
        );
        for test in run.record.tests.iter().filter(|test| test.code.is_some()) {
            let code = test.code.as_ref().unwrap().as_str();
            // What is as it should be is only counted where people read, and what is waived is no news to other teams.
            let is_told = match test.status {
                Status::ExpectedFailure => !["console", "github", "handoff"].contains(&format.name),
                Status::Waived => !["github", "handoff"].contains(&format.name),
                _ => true,
            };
            if is_told {
                assert!(text.contains(code), "{} does not tell {code}", format.name);
            }
        }
    }
}

#[test]
fn every_format_says_the_word_and_partial_whatever_the_style() {
    for (word, run) in built::every_word() {
        for format in FORMATS {
            for detail in [Detail::Quiet, Detail::Normal, Detail::Verbose] {
                for colour in [false, true] {
                    let text = (format.render)(&run, Style { colour, detail });
                    assert!(text.contains(word), "{} {detail:?}: {text}", format.name);
                    assert!(text.contains("partial"), "{} {detail:?}", format.name);
                    assert!(colour || !text.contains('\u{1b}'), "{}", format.name);
                }
            }
        }
    }
}

#[test]
fn format_names_are_words_and_unique() {
    let mut names: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
    assert!(
        names
            .iter()
            .all(|name| name.bytes().all(|b| b.is_ascii_lowercase()))
    );
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), FORMATS.len());
}
