//! The suite of `tests/asgi/suites` against it: all of it holds, and each reason for which it does not start is told apart
//! from the others by what is found, though all of them are exit code 3.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::support::postgres::Options;
use crate::support::{Ends, Postgres, Tool, at_work, ends_of};

/// Every file of the suite.
const FILES: [(&str, &str); 3] = [
    ("allclear.yaml", include_str!("suites/allclear.yaml")),
    (
        "targets/here.yaml",
        include_str!("suites/targets/here.yaml"),
    ),
    ("starts.yaml", include_str!("suites/starts.yaml")),
];

/// The interpreter of the environment that has uvicorn.
#[track_caller]
fn installed() -> PathBuf {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../asgi");
    let wanted = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/asgi/requirements.txt");
    let is_there = fs::read(home.join("ready")).is_ok_and(|made| made == fs::read(wanted).unwrap());
    assert!(
        is_there,
        "there is no uvicorn of this version here; install it with: tests/asgi/install"
    );
    home.join("venv/bin/python")
}

/// A run of the suite with the service in a directory of its own.
struct Run {
    tool: Tool,
    word: String,
    ends: Ends,
}

impl Run {
    #[track_caller]
    fn with(dsn: &str, besides: &[&str]) -> Self {
        let python = format!("python={}", installed().display());
        let mut args = vec!["run", "--allow-commands", "--report", "json=run.json"];
        args.extend(["--set", &python]);
        args.extend(besides);
        let tool = FILES
            .iter()
            .fold(Tool::bare(), |tool, (name, text)| {
                tool.file(&format!("suites/{name}"), text)
            })
            .file("service.py", include_str!("service.py"))
            .env("DATABASE_URL", dsn)
            .args(args);
        let output = tool.run();
        let (word, ends) = ends_of(&tool, &output, Duration::from_mins(1));
        let left = at_work(&tool.path(""));
        assert!(left.is_empty(), "{left:?} is still there\n{output}");
        Self { tool, word, ends }
    }

    /// How this test ended; `""` where it held.
    fn how(&self, id: &str) -> &str {
        let ends = self.ends.get(&format!("startup/{id}"));
        ends.map_or("", String::as_str)
    }

    /// What the service said, as the record of a test that did not hold keeps it.
    #[track_caller]
    fn said(&self, id: &str) -> String {
        let run = self.tool.json("run.json");
        let tests = run["tests"].as_array().unwrap();
        let id = format!("startup/{id}");
        tests
            .iter()
            .find(|test| test["id"] == id)
            .unwrap()
            .to_string()
    }
}

#[test]
fn all_of_it_holds() {
    let server = Postgres::start(&Options::default());
    let run = Run::with(&server.dsn(), &[]);
    assert_eq!((run.word.as_str(), &run.ends), ("GO", &Ends::new()));
}

#[test]
fn a_database_that_refuses_is_not_taken_for_a_module_that_is_missing() {
    let run = Run::with("postgres://app@127.0.0.1:1/app", &[]);
    assert_eq!(run.word, "NO-GO");
    assert_eq!(run.how("comes-up"), "failed process.exit.3");
    assert_eq!(run.how("goes"), "failed process.exit.3");
    let said = run.said("comes-up");
    assert!(
        said.contains("ConnectionRefusedError: [Errno 111]"),
        "{said}"
    );
    assert!(!said.contains("ModuleNotFoundError"), "{said}");
    // What is expected to fail fails as it was expected, since none of these gets as far as the database, or needs it.
    assert_eq!(run.ends.len(), 2, "{:?}", run.ends);
}

#[test]
fn a_module_that_is_missing_is_not_taken_for_a_database_that_refuses() {
    let server = Postgres::start(&Options::default());
    let run = Run::with(&server.dsn(), &["--set", "module=agents_of_nobody"]);
    assert_eq!(run.word, "NO-GO");
    assert_eq!(run.how("comes-up"), "failed process.exit.3");
    assert_eq!(run.how("goes"), "failed process.exit.3");
    let said = run.said("comes-up");
    assert!(
        said.contains("ModuleNotFoundError: No module named 'agents_of_nobody'"),
        "{said}"
    );
    assert!(!said.contains("ConnectionRefused"), "{said}");
    // It never came as far as the database, so nothing is known of that.
    let other = "failed expect.phases_reached";
    assert_eq!(run.how("fails[database-refused]"), other);
    assert_eq!(run.ends.len(), 3, "{:?}", run.ends);
}
