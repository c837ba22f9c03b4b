//! `allclear list`: what would run, in which order, and what each test asserts.

use crate::support::{Canary, Tool};

fn shipped(args: &[&str]) -> Tool {
    let suites = concat!(env!("CARGO_MANIFEST_DIR"), "/suites");
    Tool::bare().args(["list", "--suites", suites].iter().chain(args))
}

#[test]
fn the_shipped_suites_assert_what_they_say() {
    let output = shipped(&["--explain"]).run().exits(0);
    // Where this checkout lies is nobody's business.
    let text = output
        .stdout
        .replace(concat!(env!("CARGO_MANIFEST_DIR"), "/"), "");
    insta::assert_snapshot!("shipped", text);
    assert_eq!(output.stderr, "");
}

#[test]
fn json_is_for_programs() {
    let output = shipped(&["--format", "json", "--explain"]).run().exits(0);
    let list = output.json();
    assert_eq!(list["format"], "allclear-list");
    let tests = list["tests"].as_array().unwrap();
    assert_eq!(tests[0]["id"], "preflight/loopback");
    assert!(
        tests
            .iter()
            .all(|test| !test["expectations"].as_array().unwrap().is_empty())
    );
    let listed: Vec<&str> = tests
        .iter()
        .map(|test| test["id"].as_str().unwrap())
        .collect();
    let text = shipped(&[]).run().exits(0).stdout;
    for id in &listed {
        let name = id.split_once('/').unwrap().1;
        assert!(text.contains(&format!("\n  {name} ")), "{id}\n{text}");
    }
    assert!(text.contains(&format!("{} planned for target demo", listed.len())));
}

#[test]
fn a_list_shows_the_selection_and_asks_nobody() {
    let canary = Canary::healthy();
    let tool = Tool::new().var("url", canary.url()).suite(
        r#"
  - name: a
    http: { url: "${url}/a" }
    expect: { status: 200 }
  - name: b
    requires: [c/a]
    when: not url
    http: { url: "${url}/b" }
    expect: { status: 200 }
"#,
    );
    let output = tool.then(["list", "--only", "c/b"]).exits(0);
    let output = output.stdout_has("pulled in").stdout_has("skipped: ");
    output.stdout_has("2 planned for target here");
    assert!(canary.asked().is_empty());
}
