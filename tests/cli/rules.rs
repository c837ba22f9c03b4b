//! Rules of a user's own: `diagnosis.rules`, `--rules`, ALLCLEAR_RULES.

use crate::support::Tool;

/// A test that nobody listens for.
const REFUSED: &str =
    "  - name: a\n    tcp: { host: 127.0.0.1, port: 1 }\n    expect: { latency: { below: 5s } }\n";

/// A rule that calls it the mesh's.
const MESH: &str = "
rules:
  - id: MESH-1
    layer: transport
    when: { fault: tcp.refused, phase: connect }
    class: infrastructure/mesh
    confidence: medium
    owner: mesh-team
    meaning: The mesh has no route to the service.
";

/// A project that names a file of rules, which stands among its suites.
fn project(rules: &str) -> Tool {
    Tool::new()
        .suite(REFUSED)
        .file(
            "suites/allclear.yaml",
            "target: here\ndefaults: { timeout: 5s }\ncategories: { c: { critical: true } }\ndiagnosis: { rules: rules.yaml }\n",
        )
        .file("suites/rules.yaml", rules)
}

#[test]
fn a_rule_of_ones_own_explains_a_failure() {
    let tool = project(MESH);
    tool.then(["run", "--report", "json=out.json"]).exits(1);
    let run = tool.json("out.json").to_string();
    for part in ["MESH-1", "mesh-team", "rules.yaml"] {
        assert!(run.contains(part), "no {part}: {run}");
    }
}

#[test]
fn a_flag_and_a_variable_stand_above_the_project() {
    let tool = project(MESH)
        .file("flag.yaml", "rules: [{ id: TCP-1, owner: flag-team }]")
        .file(
            "variable.yaml",
            "rules: [{ id: TCP-1, owner: variable-team }]",
        )
        .env("ALLCLEAR_RULES", "variable.yaml");
    for (args, owner) in [
        (&[][..], "variable-team"),
        (&["--rules", "flag.yaml"], "flag-team"),
    ] {
        let run = ["run", "--report", "json=out.json"];
        tool.then(run.iter().chain(args)).exits(1);
        let run = tool.json("out.json").to_string();
        assert!(
            run.contains(owner) && !run.contains("mesh-team"),
            "{owner}: {run}"
        );
    }
    tool.then(["check", "--rules", "nowhere.yaml"])
        .exits(2)
        .stderr_has("could not read nowhere.yaml");
}

#[test]
fn mistakes_point_into_the_file_and_nothing_is_probed() {
    let wrong = MESH
        .replace("tcp.refused", "tcp.refusd")
        .replace("medium", "hihg");
    for command in ["check", "run"] {
        project(&wrong)
            .then([command])
            .exits(2)
            .stderr_has("suites/rules.yaml:5:20")
            .stderr_has("did you mean `tcp.refused`?")
            .stderr_has("did you mean `high`?")
            .stderr_has("nothing was probed");
    }
}

#[test]
fn a_rule_that_never_matches_is_a_lint() {
    let tool = project(&MESH.replace("phase: connect", "phase: tls"));
    tool.then(["check"])
        .exits(0)
        .stderr_has("rule `MESH-1` can never match")
        .stderr_has("suites/rules.yaml:3:9");
    tool.then(["check", "--strict"]).exits(2);
}

#[test]
fn what_is_no_file_of_rules_is_told() {
    let outside = project(MESH).file(
        "suites/allclear.yaml",
        "target: here\ndefaults: { timeout: 5s }\ncategories: { c: { critical: true } }\ndiagnosis: { rules: ../rules.yaml }\n",
    );
    outside
        .then(["check"])
        .exits(2)
        .stderr_has("`../rules.yaml` is not below the folder of allclear.yaml")
        .stderr_has("suites/allclear.yaml:4");
    let tool = project(MESH);
    let huge = "#".repeat(33 << 20);
    for (bytes, says) in [
        (&b""[..], "the file is empty"),
        (b"\xff\xfer\0", "UTF-16"),
        (b"rules: [\xe9]", "is not UTF-8"),
        (b"rules: 3", "`rules` is a list of rules"),
        (huge.as_bytes(), "32 MiB"),
    ] {
        std::fs::write(tool.path("given.yaml"), bytes).unwrap();
        let output = tool.then(["check", "--rules", "given.yaml"]).exits(2);
        output.stderr_has(says);
    }
    // A byte order mark is no mistake.
    std::fs::write(tool.path("given.yaml"), format!("\u{feff}{MESH}")).unwrap();
    tool.then(["check", "--rules", "given.yaml"]).exits(0);
}

#[test]
fn explain_knows_the_rules_of_the_project_and_of_the_flag() {
    let tool = project(MESH).file("other.yaml", &MESH.replace("MESH-1", "MESH-2"));
    tool.then(["explain", "MESH-1"])
        .exits(0)
        .stdout_has("The mesh has no route to the service.");
    tool.then(["explain", "tcp.refused"])
        .exits(0)
        .stdout_has("MESH-1");
    tool.then(["explain", "--rules", "other.yaml", "mesh"])
        .exits(0)
        .stdout_has("MESH-2")
        .stdout_lacks("MESH-1");
    let elsewhere = Tool::bare().file("other.yaml", MESH);
    elsewhere.then(["explain", "MESH-1"]).exits(2);
    elsewhere
        .then(["explain", "MESH-1", "--rules", "other.yaml"])
        .exits(0);
}

#[test]
fn rules_that_cannot_be_read_are_told_to_who_wants_something_explained() {
    let wrong = MESH.replace("tcp.refused", "tcp.refusd");
    project(&wrong)
        .then(["explain", "tcp.refused"])
        .exits(0)
        .stdout_has("TCP-1")
        .stderr_has("suites/rules.yaml:5:20")
        .stderr_has("explained with our rules alone");
    Tool::bare()
        .file("wrong.yaml", &wrong)
        .then(["explain", "tcp.refused", "--rules", "wrong.yaml"])
        .exits(2)
        .stderr_has("wrong.yaml:5:20");
    Tool::bare()
        .then(["explain", "tcp.refused", "--rules", "nowhere.yaml"])
        .exits(2)
        .stderr_has("could not read nowhere.yaml");
}

#[test]
fn an_old_run_is_explained_again_and_its_verdict_stays() {
    let tool = Tool::new().suite(REFUSED).file("own.yaml", MESH);
    tool.then(["run", "--report", "json=before.json"]).exits(1);
    let again = [
        "report",
        "last",
        "--rules",
        "own.yaml",
        "--report",
        "json=after.json",
        "--report",
        "handoff=after.md",
    ];
    tool.then(again)
        .exits(0)
        .stdout_has("rule MESH-1")
        .stdout_has("explained with 2026.1 + own.yaml, and not with the rules of the run, 2026.1")
        .stderr_has("the verdict stays as it was");
    assert!(
        tool.read("after.md")
            .contains("These are not the rules of the run")
    );
    let [before, after] = ["before.json", "after.json"].map(|name| tool.json(name));
    assert_eq!(before["verdict"], after["verdict"]);
    assert_eq!(after["causes"][0]["rule"], "MESH-1");
    assert_eq!(before["diagnosis"]["instead_of"], serde_json::Value::Null);
    assert_eq!(after["diagnosis"]["instead_of"], "2026.1");
    // Nothing of it is kept, and a pipeline's variable is about its run.
    tool.then(["report", "last"])
        .stdout_has("rule TCP-1")
        .stdout_lacks("explained with");
    let wrong = tool
        .file("own.yaml", "rules: [{ id: X }]")
        .env("ALLCLEAR_RULES", "own.yaml");
    wrong
        .then(["report", "last"])
        .exits(0)
        .stdout_has("rule TCP-1");
    wrong
        .then(["report", "last", "--rules", "own.yaml"])
        .exits(2)
        .stderr_has("own.yaml:1:9");
}
