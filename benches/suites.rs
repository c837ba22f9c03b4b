//! What is run and read: folders of suites, made anew for each sitting.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Result;
use tempfile::TempDir;

use crate::Load;

/// A folder of suites, gone when dropped.
pub(crate) struct Suites {
    folder: TempDir,
    /// How many bytes of YAML it holds.
    pub(crate) bytes: u64,
    /// How many test cases a report of it has.
    pub(crate) cases: u64,
}

/// A file of more tests would be split by whoever has to read it.
const TESTS_A_FILE: usize = 1_000;

impl Suites {
    /// Each check is a test of its own, as short as a test can be.
    pub(crate) fn of_tests(load: &Load) -> Result<Self> {
        Self::with(load.checks, TESTS_A_FILE, load.is_fresh, |text, number| {
            let _ = writeln!(
                text,
                "  - name: check-{number}\n    http: {{ url: \"${{api}}{}i={number}\" }}\n    expect: {{ status: 200, json: {{ $.status: healthy }} }}",
                load.path,
            );
        })
    }

    /// All checks are the attempts of one test.
    pub(crate) fn of_one_sample(load: &Load) -> Result<Self> {
        Self::with(1, 1, load.is_fresh, |text, _| {
            let _ = writeln!(
                text,
                "  - name: checks\n    http: {{ url: \"${{api}}{}\" }}\n    expect: {{ status: 200, json: {{ $.status: healthy }} }}\n    repeat: {{ times: {}, concurrency: {} }}",
                load.path,
                load.checks,
                crate::JOBS,
            );
        })
    }

    /// Tests as people write them who will be asked about them at night: about 600 bytes each, in files of `a_file`.
    pub(crate) fn documented(tests: usize, a_file: usize) -> Result<Self> {
        Self::with(tests, a_file, true, |text, number| {
            let (shard, team) = (number % 64, number % 7);
            let _ = write!(
                text,
                r#"
  # The balancer asks the same question every second; whoever changes the path changes it there, too.
  - name: orders-{number}-answers
    title: Shard {shard} of the order service answers and says it is healthy
    description: What the balancer asks. While this is red, customers of shard {shard} see errors in their basket.
    tags: [orders, shard-{shard}]
    owner: team-{team}
    http:
      url: "${{api}}/health?service=orders&i={number}"
      headers: {{ accept: application/json }}
    expect:
      status: 200
      headers: {{ content-type: {{ starts_with: application/json }} }}
      json: {{ $.status: healthy }}
      latency: {{ below: 5s }}
"#,
            );
        })
    }

    fn with(
        tests: usize,
        a_file: usize,
        is_fresh: bool,
        write: impl Fn(&mut String, usize),
    ) -> Result<Self> {
        let folder = TempDir::with_prefix("allclear-bench-")?;
        let connections = if is_fresh { "fresh" } else { "reuse" };
        let mut project = format!(
            "target: here\ndefaults: {{ timeout: 10s, connections: {connections} }}\ncategories:\n"
        );
        let mut bytes = 0;
        for first in (0..tests).step_by(a_file) {
            let category = format!("part-{}", first / a_file);
            let _ = writeln!(project, "  {category}: {{ critical: true }}");
            let mut text = format!("category: {category}\ntests:\n");
            (first..tests.min(first + a_file)).for_each(|number| write(&mut text, number));
            bytes += text.len() as u64;
            fs::write(folder.path().join(format!("{category}.yaml")), text)?;
        }
        fs::write(folder.path().join("allclear.yaml"), project)?;
        let targets = folder.path().join("targets");
        fs::create_dir(&targets)?;
        fs::write(
            targets.join("here.yaml"),
            "vars: { api: http://127.0.0.1 }\n",
        )?;
        Ok(Self {
            folder,
            bytes,
            cases: tests as u64,
        })
    }

    /// The folder, as `--suites` wants it.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}
