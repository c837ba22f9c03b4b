//! The document, element by element, in the order and with the attributes Jenkins' schema (junit-10.xsd of its xUnit
//! plugin) and Ant's both allow: three decimals in every time, counts on each suite, one child a case.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;

use super::case::{Case, Ending, Problem};
use super::xml_text::{xml_attribute, xml_text};
use crate::report::wording;

/// A suite and its cases.
pub(super) struct Suite {
    pub(super) name: String,
    pub(super) started: Timestamp,
    pub(super) elapsed: Duration,
    pub(super) properties: Vec<(&'static str, String)>,
    pub(super) cases: Vec<Case>,
}

/// The document so far.
pub(super) struct Document {
    text: String,
    suites: usize,
    package: String,
    host: String,
}

impl Document {
    pub(super) fn new(package: &str, host: &str) -> Self {
        Self {
            text: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n".to_owned(),
            suites: 0,
            package: package.to_owned(),
            host: host.to_owned(),
        }
    }

    pub(super) fn add(&mut self, suite: &Suite) {
        let of = |wanted: fn(&Ending) -> bool| {
            let cases = suite.cases.iter();
            cases
                .filter(|case| wanted(&case.ending))
                .count()
                .to_string()
        };
        // No offset: Ant's schema forbids it, and readers take the time as UTC.
        let timestamp = suite.started.strftime("%Y-%m-%dT%H:%M:%S").to_string();
        self.open(
            1,
            "testsuite",
            &[
                ("name", &suite.name),
                ("id", &self.suites.to_string()),
                ("package", &self.package.clone()),
                ("hostname", &self.host.clone()),
                ("timestamp", &timestamp),
                ("tests", &suite.cases.len().to_string()),
                (
                    "failures",
                    &of(|ending| matches!(ending, Ending::Failure(_))),
                ),
                ("errors", &of(|ending| matches!(ending, Ending::Error(_)))),
                (
                    "skipped",
                    &of(|ending| matches!(ending, Ending::Skipped(_))),
                ),
                ("time", &wording::seconds(suite.elapsed)),
            ],
            ">\n",
        );
        self.suites += 1;
        self.open(2, "properties", &[], ">\n");
        for (name, value) in &suite.properties {
            self.open(3, "property", &[("name", name), ("value", value)], "/>\n");
        }
        self.close(2, "properties");
        for case in &suite.cases {
            self.case(case);
        }
        // Ant's schema asks for both, even when there is nothing to say.
        self.open(2, "system-out", &[], "/>\n");
        self.open(2, "system-err", &[], "/>\n");
        self.close(1, "testsuite");
    }

    pub(super) fn finish(mut self) -> String {
        self.close(0, "testsuites");
        self.text
    }

    fn case(&mut self, case: &Case) {
        let time = wording::seconds(case.elapsed);
        let attributes = [
            ("name", case.name.as_str()),
            ("classname", &case.classname),
            ("time", &time),
        ];
        let problems: (&str, &[Problem]) = match &case.ending {
            Ending::Plain => return self.open(2, "testcase", &attributes, "/>\n"),
            Ending::Skipped(message) => {
                self.open(2, "testcase", &attributes, ">\n");
                self.open(3, "skipped", &[("message", message)], "/>\n");
                return self.close(2, "testcase");
            }
            Ending::Flaky(problems) => ("flakyFailure", problems),
            Ending::Failure(problem) => ("failure", std::slice::from_ref(problem)),
            Ending::Error(problem) => ("error", std::slice::from_ref(problem)),
        };
        self.open(2, "testcase", &attributes, ">\n");
        for problem in problems.1 {
            self.problem(problems.0, problem);
        }
        self.close(2, "testcase");
    }

    fn problem(&mut self, element: &str, problem: &Problem) {
        let attributes = [
            ("type", problem.kind.as_str()),
            ("message", &problem.message),
        ];
        self.open(3, element, &attributes, ">");
        self.text.push_str(&xml_text(&problem.body, usize::MAX));
        self.close(0, element);
    }

    fn open(&mut self, depth: usize, element: &str, attributes: &[(&str, &str)], end: &str) {
        self.text.extend(std::iter::repeat_n("  ", depth));
        self.text.push('<');
        self.text.push_str(element);
        for (name, value) in attributes {
            let _ = write!(self.text, " {name}=\"{}\"", xml_attribute(value));
        }
        self.text.push_str(end);
    }

    fn close(&mut self, depth: usize, element: &str) {
        self.text.extend(std::iter::repeat_n("  ", depth));
        let _ = writeln!(self.text, "</{element}>");
    }
}
