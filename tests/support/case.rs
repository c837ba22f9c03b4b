//! A look and how it has to end; many of them are one run of the program.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Output, Tool};

/// For looks that must end by themselves.
const AMPLE: Duration = Duration::from_secs(10);

/// For looks that only their budget can end.
const BRIEF: Duration = Duration::from_millis(400);

/// So much later than its budget may a look end, whatever the peer does.
const GRACE: Duration = Duration::from_millis(250);

/// How long the program may take beside its looks.
const LEAVING: Duration = Duration::from_secs(3);

/// One look.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    name: String,
    /// `http: { url: … }`
    probe: String,
    budget: Duration,
    ends: Ends,
}

#[derive(Debug, Clone)]
enum Ends {
    /// It passes, and this holds: the mapping of `expect`.
    Passes(String),
    /// It is stopped by a fault with one of these codes, in the phase beside it.
    Stops(Vec<(&'static str, &'static str)>),
    /// We cannot look, for this reason.
    Unable(&'static str),
}

/// A look that ends well, and at which this holds: `status: 200`.
pub(crate) fn passes(name: &str, probe: impl Into<String>, expect: impl Into<String>) -> Case {
    Case::new(name, probe, Ends::Passes(expect.into()))
}

/// A look that the fault `code` stops, in this phase.
pub(crate) fn stops(
    name: &str,
    probe: impl Into<String>,
    code: &'static str,
    phase: &'static str,
) -> Case {
    Case::new(name, probe, Ends::Stops(vec![(code, phase)]))
}

/// A look that cannot be taken.
pub(crate) fn is_unable(name: &str, probe: impl Into<String>, code: &'static str) -> Case {
    Case::new(name, probe, Ends::Unable(code))
}

impl Case {
    fn new(name: &str, probe: impl Into<String>, ends: Ends) -> Self {
        Self {
            name: name.to_owned(),
            probe: probe.into(),
            budget: AMPLE,
            ends,
        }
    }

    /// Only its budget ends it, which is short.
    pub(crate) fn by_its_budget(mut self) -> Self {
        self.budget = BRIEF;
        self
    }

    /// Or by this: which of the two is decided by who is faster.
    pub(crate) fn or(mut self, code: &'static str, phase: &'static str) -> Self {
        if let Ends::Stops(all) = &mut self.ends {
            all.push((code, phase));
        }
        self
    }

    fn yaml(&self) -> String {
        let Self {
            name,
            probe,
            budget,
            ends,
        } = self;
        let expect = match ends {
            Ends::Passes(expect) => expect,
            Ends::Stops(_) | Ends::Unable(_) => "latency: { below: 1h }",
        };
        let budget = budget.as_millis();
        format!(
            "  - name: {name}\n    timeout: {budget}ms\n    {probe}\n    expect: {{ {expect} }}\n"
        )
    }

    /// What is wrong with how it ended.
    fn wrong(&self, test: &Value) -> Option<String> {
        let attempt = &test["attempts"][0];
        let seen = &attempt["steps"][0]["observation"];
        let fault = &seen["fault"];
        let ended = (
            test["status"].as_str().unwrap_or_default(),
            test["code"].as_str(),
            fault["phase"].as_str(),
        );
        let must = match &self.ends {
            // A fault that was expected is no failure.
            Ends::Passes(_) => vec![("passed", None, ended.2)],
            Ends::Unable(code) => vec![("errored", Some(*code), None)],
            Ends::Stops(all) => all
                .iter()
                .map(|&(code, phase)| ("failed", Some(code), Some(phase)))
                .collect(),
        };
        let took = attempt["elapsed_ns"].as_u64().map(Duration::from_nanos);
        let is_in_time = took.is_some_and(|took| took <= self.budget + GRACE);
        // What only its budget can end has to use it.
        let is_patient =
            self.budget != BRIEF || took.is_some_and(|took| took >= self.budget.mul_f64(0.9));
        let is_right = must.contains(&ended) && is_in_time && is_patient;
        let why = &attempt["steps"][0]["findings"];
        (!is_right).then(|| {
            format!(
                "{}: {ended:?} after {took:?}, not {must:?} within {:?}\n  {fault}\n  {why}",
                self.name, self.budget
            )
        })
    }
}

/// A run of them, eight at once.
#[track_caller]
pub(crate) fn look_at(cases: &[Case]) -> (Output, Value) {
    look_at_with(Tool::new(), cases)
}

/// The same with something prepared.
#[track_caller]
pub(crate) fn look_at_with(tool: Tool, cases: &[Case]) -> (Output, Value) {
    let mut suite = String::new();
    for case in cases {
        let _ = write!(suite, "{}", case.yaml());
    }
    let tool = tool
        .suite(&suite)
        .args(["run", "-v", "--report", "json=out.json"]);
    let began = Instant::now();
    let output = tool.run();
    let took = began.elapsed();
    assert!(matches!(output.status.code(), Some(0 | 1 | 3)), "{output}");
    let run = tool.json("out.json");
    // Nothing that was looked at keeps it from leaving.
    let of_looking = Duration::from_nanos(run["elapsed_ns"].as_u64().unwrap());
    assert!(
        took < of_looking + LEAVING,
        "{took:?}, {of_looking:?}\n{output}"
    );
    let tests: BTreeMap<&str, &Value> = run["tests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|test| (test["id"].as_str().unwrap(), test))
        .collect();
    assert_eq!(
        tests.len(),
        cases.len(),
        "two cases have one name\n{output}"
    );
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|case| case.wrong(tests[format!("c/{}", case.name).as_str()]))
        .collect();
    assert!(wrong.is_empty(), "{}\n{output}", wrong.join("\n"));
    (output, run)
}
