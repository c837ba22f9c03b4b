//! `allclear run`: the verdict, its exit code, what is selected, and what is written where.

use std::collections::BTreeSet;
use std::fs;
use std::process::Stdio;

use serde_json::Value;

use crate::support::{Answer, Canary, Hostile, Output, Refusing, Running, Tool};

const LIVE: &str = r#"
  - name: live
    timeout: 500ms
    http: { url: "${url}/health" }
    expect: { status: 200, json: { $.status: healthy } }
"#;

fn live(url: &str) -> Tool {
    Tool::new().var("url", url).suite(LIVE)
}

/// A test a letter, each of its own path.
fn letters(canary: &Canary, letters: &str) -> Tool {
    let tests = letters.chars().map(|letter| {
        format!("  - name: {letter}\n    http: {{ url: \"${{url}}/{letter}\" }}\n    expect: {{ status: 200 }}\n")
    });
    Tool::new()
        .var("url", canary.url())
        .suite(&tests.collect::<String>())
}

fn statuses(run: &Value) -> Vec<(&str, &str)> {
    let tests = run["tests"].as_array().unwrap();
    tests
        .iter()
        .map(|test| {
            (
                test["id"].as_str().unwrap(),
                test["status"].as_str().unwrap(),
            )
        })
        .collect()
}

fn run_json(tool: Tool, args: &[&str]) -> (Output, Value) {
    let mut all = vec!["run", "--report", "json=out.json"];
    all.extend(args);
    let tool = tool.args(all);
    let output = tool.run();
    let json = tool.json("out.json");
    (output, json)
}

#[test]
fn a_healthy_service_is_go_and_a_sick_one_is_not() {
    let canary = Canary::healthy();
    live(&canary.url()).run().exits(0).stdout_has(" GO   here");
    let canary = Canary::answering(|_| Answer::json(503, "{}"));
    let output = live(&canary.url())
        .run()
        .exits(1)
        .stdout_has(" NO-GO   here");
    output
        .stdout_has("status equals 200, but was 503")
        .stdout_has("expect.status");
}

#[test]
fn what_stopped_a_look_is_told_by_its_code() {
    let refusing = Refusing::hold();
    let (hanging, resetting) = (Hostile::hanging(), Hostile::resetting());
    let (dripping, garbage) = (Hostile::dripping(), Hostile::garbage());
    for (url, code) in [
        (refusing.url(), "tcp.refused"),
        (hanging.url(), "http.timeout.first_byte"),
        (resetting.url(), "http.reset.first_byte"),
        (dripping.url(), "http.timeout.body"),
        (garbage.url(), "http.protocol"),
    ] {
        let (output, run) = run_json(live(&url), &[]);
        let output = output.exits(1);
        assert_eq!(run["tests"][0]["code"], code, "{output}");
        assert_eq!(run["tests"][0]["status"], "failed");
    }
    assert_eq!(hanging.connections(), 1, "one look is one connection");
}

#[test]
fn a_preflight_that_fails_is_inconclusive_whatever_else_happened() {
    let canary = Canary::answering(|_| Answer::json(503, "{}"));
    let project = "target: here\ndefaults: { timeout: 5s }\ncategories: { us: { preflight: true, critical: true }, c: { critical: true } }\n";
    let us = "category: us\ntests:\n  - name: can\n    runner: { look: limits }\n    expect: { descriptors: { below: 1 } }\n";
    let tool = live(&canary.url())
        .file("suites/allclear.yaml", project)
        .file("suites/us.yaml", us);
    tool.run().exits(3).stdout_has(" INCONCLUSIVE   here");
    assert_eq!(
        canary.paths(),
        ["/health"],
        "the others' evidence is wanted"
    );
}

#[test]
fn a_folder_without_tests_is_no_go_ahead() {
    Tool::bare()
        .file("suites/readme.txt", "")
        .run()
        .exits(3)
        .stdout_has("INCONCLUSIVE")
        .stdout_has("\n 0 tests in ");
    let output = Tool::bare().run().exits(2);
    output
        .stderr_has("there is no folder suites")
        .stderr_has("allclear init");
}

#[test]
fn a_slip_is_pointed_at_and_nothing_is_probed() {
    let canary = Canary::healthy();
    let suite = "  - name: live\n    http: { url: \"${url}/health\" }\n    expect: { stauts: 200 }";
    let output = Tool::new()
        .var("url", canary.url())
        .suite(suite)
        .run()
        .exits(2);
    let output = output
        .stderr_has("suites/10-c/c.yaml:5:15")
        .stderr_has("did you mean `status`?");
    assert_eq!(output.stderr_has("nothing was probed").stdout, "");
    for args in [
        &["run", "--jbos", "3"][..],
        &["run", "--deadline", "10"],
        &["run", "--tag", "nonsense"],
        &["run", "--target", "nowhere"],
        &["run", "no/such/path"],
        &["run", "--rerun", "failed"],
        &["run", "--set", "url"],
        &["run", "--report", "junti=x"],
        &["run", "--report", "json", "--report", "junit"],
        &["run", "--report", "json=x", "--report", "junit=x"],
    ] {
        let output = live(&canary.url()).args(args).run().exits(2);
        assert!(
            !output.stderr.is_empty() && output.stdout.is_empty(),
            "{args:?}\n{output}"
        );
    }
    assert!(canary.asked().is_empty());
}

#[test]
fn only_what_is_selected_is_asked_and_the_run_is_partial() {
    let canary = Canary::healthy();
    let tool = letters(&canary, "abc").args(["run", "--only", "c/b"]);
    tool.run()
        .exits(3)
        .stdout_has("partial")
        .stdout_has("2 not selected");
    assert_eq!(canary.paths(), ["/b"]);
    let selection = tool
        .then(["run", "--only", "c/b", "--gate", "selection"])
        .exits(0);
    selection.stdout_has("partial");
    let misnamed = tool.then(["run", "--only", "c/bb"]).exits(2);
    misnamed.stderr_has("--only c/bb means no test; did you mean `c/b`?; nothing was probed");
    tool.then(["run", "--only", "d/*"]).exits(3);
    // One slip among several would drop a test and still be GO.
    for slip in [["--only", "c/nothing"], ["suites/10-c", "suites/targets"]] {
        let args = ["run", "--only", "c/b", "--gate", "selection"];
        let output = tool.then(args.iter().chain(&slip)).exits(2);
        output.stderr_has("means no test; nothing was probed");
    }
    assert_eq!(canary.asked().len(), 2);
}

#[test]
fn tags_and_paths_select() {
    let canary = Canary::healthy();
    let suite = r#"
  - name: a
    tags: [slow]
    http: { url: "${url}/a" }
    expect: { status: 200 }
  - name: b
    http: { url: "${url}/b" }
    expect: { status: 200 }
"#;
    let other = "category: d\ntests:\n  - name: x\n    http: { url: \"${url}/x\" }\n    expect: { status: 200 }\n";
    let project = "target: here\ndefaults: { timeout: 5s }\ncategories: { c: {}, d: {} }\n";
    let tool = Tool::new()
        .var("url", canary.url())
        .suite(suite)
        .file("suites/20-d/d.yaml", other);
    let tool = tool.file("suites/allclear.yaml", project);
    tool.then(["run", "--tag", "slow or d"]).exits(3);
    assert_eq!(
        canary.paths().into_iter().collect::<BTreeSet<_>>(),
        ["/a", "/x"].map(str::to_owned).into()
    );
    tool.then(["run", "suites/10-c", "--tag", "not slow"])
        .exits(3);
    assert_eq!(canary.paths()[2..], ["/b"]);
    tool.then(["run", "suites/20-d/d.yaml"]).exits(3);
    assert_eq!(canary.paths()[3..], ["/x"]);
}

#[test]
fn what_a_selected_test_requires_is_run_too() {
    let canary = Canary::healthy();
    let suite = r#"
  - name: base
    http: { url: "${url}/base" }
    expect: { status: 200 }
  - name: top
    requires: [c/base]
    http: { url: "${url}/top" }
    expect: { status: 200 }
  - name: other
    http: { url: "${url}/other" }
    expect: { status: 200 }
"#;
    let tool = Tool::new().var("url", canary.url()).suite(suite);
    let (output, run) = run_json(tool, &["--only", "c/top"]);
    output.exits(3);
    assert_eq!(canary.paths(), ["/base", "/top"]);
    assert_eq!(run["tests"][0]["pulled_in"], true);
    assert_eq!(run["counts"]["filtered"], 1);
}

/// However many there are of either: each instance names the category, and only one list names what is in it.
#[test]
fn a_required_category_is_recorded_by_its_name() {
    let canary = Canary::answering(|asked| match asked.path.as_str() {
        "/base/2" => Answer::json(500, "{}"),
        _ => Answer::ok(),
    });
    let suite = |category: &str, requires: &str| {
        format!(
            "category: {category}
tests:
  - name: each
    {requires}
    matrix: [{{ name: \"1\" }}, {{ name: \"2\" }}, {{ name: \"3\" }}]
    http: {{ url: \"${{url}}/{category}/${{matrix.name}}\" }}
    expect: {{ status: 200 }}
"
        )
    };
    let tool = || {
        let project =
            "target: here\ndefaults: { timeout: 5s }\ncategories: { base: {}, top: {} }\n";
        Tool::new()
            .var("url", canary.url())
            .file("suites/allclear.yaml", project)
            .file("suites/base.yaml", &suite("base", ""))
            .file("suites/top.yaml", &suite("top", "requires: [base]"))
    };
    let (_, run) = run_json(tool(), &["--only", "top/each[3]"]);
    let tests = run["tests"].as_array().unwrap();
    let ids: Vec<_> = tests
        .iter()
        .map(|test| test["id"].as_str().unwrap())
        .collect();
    let expected = [
        "base/each[1]",
        "base/each[2]",
        "base/each[3]",
        "top/each[3]",
    ];
    assert_eq!(ids, expected);
    let top = &tests[3];
    assert_eq!(top["requires"], serde_json::json!([]));
    assert_eq!(top["requires_categories"], serde_json::json!(["base"]));
    assert_eq!(top["status"], "blocked");
    let told = tool().args(["list", "--explain"]).run().exits(0);
    assert_eq!(told.stdout.matches("requires all of base").count(), 3);
}

#[test]
fn rerun_failed_asks_again_only_what_was_not_good() {
    let canary = Canary::answering(|asked| match asked.path.as_str() {
        // Sick for one run only.
        "/b" if asked.number <= 3 => Answer::json(500, "{}"),
        _ => Answer::ok(),
    });
    let tool = letters(&canary, "abc");
    tool.then(["run", "-j", "1"]).exits(1);
    let again = tool
        .then(["run", "--rerun", "failed", "--gate", "selection"])
        .exits(0);
    again.stdout_has("--rerun failed of ");
    assert_eq!(canary.paths(), ["/a", "/b", "/c", "/b"]);
    let none = tool.then(["run", "--rerun", "failed"]).exits(3);
    none.stdout_has("INCONCLUSIVE");
    assert_eq!(canary.asked().len(), 4);
}

#[test]
fn fail_fast_starts_nothing_more() {
    let canary = Canary::answering(|_| Answer::json(500, "{}"));
    let (output, run) = run_json(letters(&canary, "abc"), &["--fail-fast", "-j", "1"]);
    output.exits(1);
    assert_eq!(
        statuses(&run),
        [("c/a", "failed"), ("c/b", "not_run"), ("c/c", "not_run")]
    );
    assert_eq!(canary.paths(), ["/a"]);
}

#[test]
fn the_deadline_ends_the_run_and_what_has_not_ended_is_not_run() {
    let canary = Canary::answering(|asked| match asked.path.as_str() {
        "/a" => Answer::Silence,
        _ => Answer::ok(),
    });
    // The attempt ends by its own timeout within the grace, so the test need not wait for the grace itself.
    let tool = letters(&canary, "abc").file(
        "suites/allclear.yaml",
        "target: here\ndefaults: { timeout: 600ms }\ncategories: { c: { critical: true } }\n",
    );
    let (_, run) = run_json(tool, &["--deadline", "200ms", "-j", "1"]);
    assert_eq!(
        statuses(&run)[1..],
        [("c/b", "not_run"), ("c/c", "not_run")]
    );
    assert_ne!(run["verdict"]["word"], "GO");
    assert_eq!(canary.paths(), ["/a"]);
}

#[test]
fn set_stands_above_the_target() {
    let (right, wrong) = (Canary::healthy(), Canary::healthy());
    let set = format!("url={}", right.url());
    live(&wrong.url())
        .args(["run", "--set", &set])
        .run()
        .exits(0);
    assert_eq!((right.asked().len(), wrong.asked().len()), (1, 0));
    let output = live(&wrong.url()).args(["run", "--set", "ulr=x"]).run();
    assert_eq!(
        wrong.asked().len(),
        usize::from(output.status.code() == Some(0))
    );
}

#[test]
fn conditions_are_inconclusive_when_strict() {
    let canary = Canary::answering(|asked| match asked.path.as_str() {
        "/logout" => Answer::json(500, "{}"),
        _ => Answer::ok(),
    });
    let suite = format!(
        "{LIVE}    cleanup:\n      - http: {{ url: \"${{url}}/logout\" }}\n        expect: {{ status: 200 }}\n"
    );
    let tool = Tool::new().var("url", canary.url()).suite(&suite);
    tool.then(["run"]).exits(0).stdout_has("left behind");
    let strict = tool.then(["run", "--strict"]).exits(3);
    strict.stdout_has("INCONCLUSIVE  stands under conditions: 1 condition, needs none (--strict)");
}

#[test]
fn exit_zero_silences_the_verdict_but_not_a_mistake() {
    let refusing = Refusing::hold();
    let tool = live(&refusing.url());
    tool.then(["run", "--exit-zero"])
        .exits(0)
        .stdout_has("NO-GO");
    tool.then(["run", "--exit-zero", "--tag", "nonsense"])
        .exits(2);
    tool.then(["run", "--exit-zero", "--report", "junit=/dev/full"])
        .exits(4);
}

#[test]
fn quiet_is_the_verdict_and_verbose_is_everything() {
    let canary = Canary::healthy();
    let tool = live(&canary.url());
    let quiet = tool
        .then(["run", "-q"])
        .exits(0)
        .stdout_has("GO")
        .stdout_lacks("c/live");
    assert_eq!(quiet.stderr, "");
    tool.then(["run"]).exits(0).stdout_lacks("c/live");
    tool.then(["run", "-v"]).exits(0).stdout_has("c/live");
    tool.then(["run", "-q", "-v"]).exits(2);
    let refusing = Refusing::hold();
    let quiet = live(&refusing.url()).args(["run", "-q"]).run().exits(1);
    assert_eq!(quiet.stdout_has("tcp.refused").stderr, "");
}

#[test]
fn every_flag_has_a_variable_and_stands_above_it() {
    let (canary, refusing) = (Canary::healthy(), Refusing::hold());
    let tool = || {
        live(&canary.url()).file(
            "suites/targets/other.yaml",
            &format!("vars: {{ url: \"{}\" }}\n", refusing.url()),
        )
    };
    tool().env("ALLCLEAR_TARGET", "other").run().exits(1);
    tool()
        .env("ALLCLEAR_TARGET", "other")
        .args(["run", "--target", "here"])
        .run()
        .exits(0);
    tool()
        .env("ALLCLEAR_TARGET", "other")
        .env("ALLCLEAR_EXIT_ZERO", "true")
        .run()
        .exits(0);
    let report = tool().env("ALLCLEAR_REPORT", "json=a.json\njunit=b.xml");
    report.run().exits(0);
    assert!(report.path("a.json").exists() && report.path("b.xml").exists());
    tool()
        .env("ALLCLEAR_JOBS", "many")
        .run()
        .exits(2)
        .stderr_has("ALLCLEAR_JOBS");
    // Empty is not set.
    tool().env("ALLCLEAR_TARGET", "").run().exits(0);
}

#[test]
fn a_report_that_cannot_be_written_is_known_before_the_first_look() {
    let canary = Canary::healthy();
    let tool = live(&canary.url())
        .file("old.json", "old")
        .file("folder/x", "");
    for wrong in [
        "junit=missing/x.xml",
        "junit=folder",
        "junit=old.json/x.xml",
    ] {
        let output = tool
            .then(["run", "--report", "json=old.json", "--report", wrong])
            .exits(4);
        output.stderr_has("error: the junit report");
        assert_eq!(tool.read("old.json"), "old", "{wrong}");
    }
    assert!(canary.asked().is_empty());
}

#[test]
fn a_report_that_is_lost_at_the_end_takes_no_other_with_it() {
    let canary = Canary::answering(|_| Answer::json(500, "{}"));
    let tool = live(&canary.url());
    let reports = [
        "run",
        "--report",
        "junit=/dev/full",
        "--report",
        "json=out.json",
    ];
    tool.then(reports)
        .exits(4)
        .stdout_has("NO-GO")
        .stderr_has("No space left");
    assert_eq!(tool.json("out.json")["verdict"]["word"], "NO-GO");
}

#[test]
fn whoever_stops_reading_does_not_change_the_verdict() {
    let canary = Canary::answering(|_| Answer::json(500, "{}"));
    let tool = live(&canary.url());
    // The reader of the pipe is gone before the first byte.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = tool.command();
    command
        .args(["run", "--report", "json=out.json"])
        .stdout(writer);
    Running::start(command).end().exits(1);
    assert_eq!(tool.json("out.json")["verdict"]["word"], "NO-GO");
    // Both streams at once.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = tool.command();
    command
        .arg("run")
        .stdout(writer.try_clone().unwrap())
        .stderr(writer);
    Running::start(command).end().exits(1);
    // A full disk is not a choice of the reader.
    let mut command = tool.command();
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    command.arg("run").stdout(Stdio::from(full));
    Running::start(command)
        .end()
        .exits(4)
        .stderr_has("No space left");
}

#[test]
fn a_bare_environment_is_enough() {
    let canary = Canary::healthy();
    let tool = live(&canary.url());
    let mut command = tool.command();
    command.env_clear().arg("run");
    Running::start(command).end().exits(0);
    let coloured = tool.then(["run", "--color", "always"]).exits(0);
    assert!(coloured.stdout.contains('\u{1b}'));
    let plain = tool.then(["run"]).exits(0);
    assert!(!plain.stdout.contains('\u{1b}') && !plain.stderr.contains('\u{1b}'));
}

#[test]
fn two_runs_at_once_in_one_directory_do_not_meet() {
    let canary = Canary::answering(|_| Answer::Held);
    let tool = Tool::new()
        .var("url", canary.url())
        .suite(&LIVE.replace("500ms", "20s"));
    let (first, second) = (tool.start(), tool.start());
    // Both have come before either is answered.
    canary.wait_for(2);
    canary.release();
    first.end().exits(0);
    second.end().exits(0);
    assert_eq!(
        fs::read_dir(tool.path(".allclear/runs")).unwrap().count(),
        2
    );
    tool.then(["report"]).exits(0);
}

#[test]
fn the_same_suite_twice_says_the_same() {
    let canary = Canary::answering(|asked| match asked.path.as_str() {
        "/b" => Answer::json(500, r#"{"why":"sick"}"#),
        _ => Answer::ok(),
    });
    let tool = letters(&canary, "abcdefgh");
    let told = || {
        tool.then(["run", "--report", "json=out.json"]).exits(1);
        timeless(tool.json("out.json"))
    };
    assert_eq!(told(), told());
}

/// Without what is another in every run: times and the run's own name.
fn timeless(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let is_time = |name: &str| {
                ["_ns", "_us", "_ms"]
                    .iter()
                    .any(|unit| name.ends_with(unit))
                    || name == "started"
            };
            let is_run = fields.contains_key("tool_version");
            let kept = fields
                .into_iter()
                .filter(|(name, _)| !(is_time(name) || is_run && name == "id"));
            Value::Object(kept.map(|(name, value)| (name, timeless(value))).collect())
        }
        Value::Array(items) => items.into_iter().map(timeless).collect(),
        // What is cited says how long it took.
        Value::String(text) => Value::String(without_times(&text)),
        value => value,
    }
}

fn without_times(text: &str) -> String {
    let times = regex::Regex::new(r"\b[0-9]+(\.[0-9]+)?\u{a0}?\s?(ns|µs|ms|s)\b").unwrap();
    times.replace_all(text, "…").into_owned()
}

#[test]
fn a_permission_whose_want_shows_only_late_is_asked_for_then() {
    let tool = || {
        Tool::bare()
            .file(
                "suites/allclear.yaml",
                "target: demo\ncategories: { c: { critical: true } }\ndefaults: { timeout: 10s }\n",
            )
            .file(
                "suites/targets/demo.yaml",
                "embedded: demo\nvars: { dsn: \"${demo.dsn}\" }\n",
            )
            .file(
                "suites/c/c.yaml",
                "category: c\ntests:\n  - name: late\n    steps:\n      \
                 - sql: { dsn: \"${dsn}\", query: \"SELECT 'false' AS keep\" }\n        \
                 expect: { fault: none }\n        capture: { keep: { rows: [0, keep] } }\n      \
                 - sql: { dsn: \"${dsn}\", query: \"INSERT INTO environment (name) VALUES ('mine')\", \
                 rollback: \"${keep}\" }\n        expect: { rows_affected: 1 }\n",
            )
    };
    tool()
        .args(["run"])
        .run()
        .exits(3)
        .stdout_has("error.guard")
        .stdout_has("with the values it has now it needs --allow-side-effects");
    tool().args(["run", "--allow-side-effects"]).run().exits(0);
}
