//! A fault, the look at it, and what an expert says of it.

use std::fmt::Write as _;
use std::time::Duration;

use allclear::model::Layer;

use crate::expert::Answer;
use crate::support::Tool;
use crate::told::{Told, told};

/// For looks that must end by themselves.
const AMPLE: Duration = Duration::from_secs(10);

/// For looks that only their budget can end.
const BRIEF: Duration = Duration::from_millis(400);

/// One look at one fault.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) name: String,
    /// `http: { url: … }`
    probe: String,
    /// The mapping of `expect`.
    expect: String,
    budget: Duration,
    pub(crate) layer: Layer,
    pub(crate) answer: Answer,
    /// With this the test ends.
    pub(crate) code: &'static str,
}

/// A look at a fault that stops it on the way with this code.
pub(crate) fn row(
    name: &str,
    probe: impl Into<String>,
    code: &'static str,
    layer: Layer,
    answer: Answer,
) -> Row {
    Row {
        name: name.to_owned(),
        probe: probe.into(),
        expect: "latency: { below: 1h }".to_owned(),
        budget: AMPLE,
        layer,
        answer,
        code,
    }
}

impl Row {
    /// What is expected, and is not so: `status: 200`.
    pub(crate) fn expecting(mut self, expect: &str) -> Self {
        expect.clone_into(&mut self.expect);
        self
    }

    /// Only its budget ends it, which is short.
    pub(crate) fn by_its_budget(mut self) -> Self {
        self.budget = BRIEF;
        self
    }

    /// What is looked at is steps, each of which says what it expects.
    pub(crate) fn in_steps(mut self) -> Self {
        self.expect.clear();
        self
    }

    fn yaml(&self) -> String {
        let Self {
            name,
            probe,
            budget,
            expect,
            ..
        } = self;
        let budget = budget.as_millis();
        let mut test = format!("  - name: {name}\n    timeout: {budget}ms\n    {probe}\n");
        if !expect.is_empty() {
            let _ = writeln!(test, "    expect: {{ {expect} }}");
        }
        test
    }
}

/// Looks at all of them in one run: each has an address of its own, so that none says anything of another.
#[track_caller]
pub(crate) fn look_at(rows: Vec<Row>) -> Vec<Told> {
    look_at_with(Tool::new(), &["run"], rows)
}

/// The same with something prepared, and with other arguments than `run`.
#[track_caller]
pub(crate) fn look_at_with(tool: Tool, args: &[&str], rows: Vec<Row>) -> Vec<Told> {
    let mut suite = String::new();
    for row in &rows {
        let _ = write!(suite, "{}", row.yaml());
    }
    let args = [args, &["--report", "json=out.json"]].concat();
    let tool = tool.suite(&suite).args(args);
    let output = tool.run();
    assert!(matches!(output.status.code(), Some(0 | 1 | 3)), "{output}");
    let run = tool.json("out.json");
    let tests = run["tests"].as_array().unwrap();
    assert_eq!(tests.len(), rows.len(), "two rows have one name\n{output}");
    rows.into_iter().map(|row| told(row, &run)).collect()
}

/// Looks at each in a run of its own, since they have a server in common.
#[track_caller]
pub(crate) fn look_at_each(rows: Vec<Row>) -> Vec<Told> {
    let looks = rows.into_iter().map(|row| look_at(vec![row]));
    looks.flatten().collect()
}
