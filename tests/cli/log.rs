//! What logs say, as suites ask and reports tell.

use crate::support::Tool;

const LOG: &str = "\
2020-01-01T00:00:00Z INFO Container called exit(1).
2999-01-01T00:00:00Z ERROR could not start
ModuleNotFoundError: No module named 'asyncpg'
";

#[test]
fn each_count_has_a_code_of_its_own_and_shows_what_was_found() {
    let suite = r#"
  - name: nothing-crashed
    log:
      file: app.log
      since: "${run.started}"
      patterns: { container_exit: 'Container called exit\(', missing_module: 'ModuleNotFoundError|ImportError' }
    expect: { counts: { container_exit: 0, missing_module: 0 }, lines: 2 }
"#;
    let tool =
        Tool::new()
            .suite(suite)
            .file("app.log", LOG)
            .args(["run", "--report", "json=out.json"]);
    let output = tool.run();
    output
        .exits(1)
        .stdout_has("expect.counts.missing_module")
        .stdout_has("line 3: ModuleNotFoundError: No module named 'asyncpg'");
    let json = tool.json("out.json");
    let test = &json["tests"][0];
    assert_eq!(test["code"], "expect.counts.missing_module");
    let findings = test["attempts"][0]["steps"][0]["findings"]
        .as_array()
        .unwrap();
    let told: Vec<_> = findings
        .iter()
        .map(|one| {
            (
                one["path"].as_str().unwrap(),
                one["state"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("fault", "held"),
        ("counts.container_exit", "held"),
        ("counts.missing_module", "not_held"),
        ("lines", "held"),
    ];
    assert_eq!(told, expected);
    tool.then(["report"])
        .stdout_has("expect.counts.missing_module");
}

#[test]
fn a_log_that_a_program_prints_needs_permission_and_one_that_is_not_there_proves_nothing() {
    let suite = r"
  - name: nothing-crashed
    log: { command: [cat, app.log], patterns: { panic: panicked } }
    expect: { counts: { panic: 0 } }
";
    let tool = Tool::new().suite(suite).file("app.log", LOG);
    tool.run().exits(3).stdout_has("needs --allow-commands");
    tool.then(["run", "--allow-commands"]).exits(0);
    let tool = Tool::new().suite(suite);
    let output = tool.then(["run", "--allow-commands"]);
    output.exits(3).stdout_has("error.program");
    let tool = Tool::new().suite(&suite.replace("command: [cat, app.log]", "file: app.log"));
    tool.run().exits(3).stdout_has("error.file");
}
