//! `junit`: the XML every CI reads. Written for Jenkins' schema, which is the strictest reader in use; why by hand is
//! told in `docs/decisions/0002-junit.md`.
//!
//! Looked and different is `<failure>`; not known is `<error>`; not looked is `<skipped>`. The verdict is a property of
//! each suite, never a test case: it would be counted.

mod case;
mod document;
mod xml_text;

use std::collections::HashMap;
use std::time::Duration;

use self::case::{Case, Names};
use self::document::{Document, Suite};
use super::explained::{Explained, numbered};
use super::{Format, Style, wording};
use crate::model::{FinishedRun, Status, TestRecord};

pub(super) const FORMAT: Format = Format {
    name: "junit",
    extension: "xml",
    help: "JUnit XML, as Jenkins, GitLab and others read it",
    render,
};

/// One suite a file, in plan order. A run of nothing has one empty suite, so that its verdict is not lost.
fn render(run: &FinishedRun, _style: Style) -> String {
    let record = &*run.record;
    let header = &*record.header;
    let mut files: Vec<(&str, Vec<&TestRecord>)> = Vec::new();
    let mut position: HashMap<&str, usize> = HashMap::new();
    for test in &record.tests {
        let file = &*test.header.place.file;
        let at = *position.entry(file).or_insert_with(|| {
            files.push((file, Vec::new()));
            files.len() - 1
        });
        files[at].1.push(test);
    }
    if files.is_empty() {
        files.push(("allclear", Vec::new()));
    }
    let explained = Explained::new(run);
    let mut cases = case::Cases::new(&header.policy, &explained);
    let mut names = Names::default();
    let suites = files.into_iter().map(|(file, tests)| {
        let cases: Vec<Case> = tests.iter().map(|test| cases.of(test)).collect();
        let first = tests.iter().map(|test| test.started).min();
        let started = header
            .started
            .saturating_add(first.unwrap_or_default())
            .unwrap_or(header.started);
        let elapsed = tests.iter().map(|test| test.elapsed);
        Suite {
            name: names.unique("", without_extension(file)),
            started,
            elapsed: elapsed.fold(Duration::ZERO, Duration::saturating_add),
            properties: properties(&explained, &tests),
            cases,
        }
    });
    let mut document = Document::new(&header.target, &header.host);
    for suite in suites {
        document.add(&suite);
    }
    document.finish()
}

/// So many causes stand as properties of each suite; each failure tells its own.
const CAUSES: usize = 5;

/// What is true of the whole run, and what of these tests has no place in a test case.
fn properties(explained: &Explained<'_>, tests: &[&TestRecord]) -> Vec<(&'static str, String)> {
    let run = explained.run;
    let header = &run.record.header;
    let mut properties = vec![
        ("run", header.id.to_string()),
        ("target", header.target.clone()),
        ("vantage", header.vantage.clone()),
        ("allclear", header.tool_version.clone()),
        ("verdict", run.verdict.word.name().to_owned()),
    ];
    if let Some(partial) = &header.partial {
        properties.push(("partial", wording::partial(partial)));
    }
    if let Some(signal) = run.record.interrupted {
        properties.push(("interrupted", signal.name().to_owned()));
    }
    for reason in &run.verdict.reasons {
        let text = format!("{} {}", reason.word, wording::reason(reason));
        properties.push(("reason", text));
    }
    properties.extend(explained.headline().map(|text| ("causes", text)));
    for (at, cause) in explained.causes().iter().enumerate().take(CAUSES) {
        properties.push(("cause", numbered(at, cause)));
    }
    // The schema has no properties in a test case.
    let expected = tests
        .iter()
        .filter(|test| test.status == Status::ExpectedFailure);
    for test in expected {
        let named = wording::id_and_code(&test.header.id, test.code.as_ref());
        properties.push(("expected_failure", named));
    }
    properties
}

fn without_extension(file: &str) -> &str {
    file.strip_suffix(".yaml")
        .or_else(|| file.strip_suffix(".yml"))
        .unwrap_or(file)
}
