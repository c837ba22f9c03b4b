//! `pool` against real servers: storms that fit and that do not, pools that are carried and that are not, and that nothing stays
//! open whichever way it ends.

mod mariadb;
mod postgres;
mod proxy;

use serde_json::Value;

use crate::support::{Output, Tool};

/// A look of `pool` with these keys, this budget and this expectation.
fn test(name: &str, keys: &str, timeout: &str, expect: &str) -> String {
    format!(
        "  - name: {name}\n    timeout: {timeout}\n    pool: {{ {keys} }}\n    expect: {{ {expect} }}\n"
    )
}

/// The same once a server has let go of who asked it before: he has one of its few connections for a moment more.
fn settled(test: &str) -> String {
    format!("{test}    until: {{ within: 60s, every: 200ms }}\n")
}

/// One test after the other, side effects allowed.
fn tool(tests: &[String]) -> Tool {
    let args = ["run", "-v", "--jobs", "1", "--allow-side-effects"];
    Tool::new()
        .suite(&tests.concat())
        .args(args.into_iter().chain(["--report", "json=out.json"]))
}

/// They all hold.
#[track_caller]
fn hold(tests: &[String]) {
    tool(tests).run().exits(0);
}

/// A single test, as its report has it.
#[track_caller]
fn ended(test: String) -> (Output, Value) {
    let tool = tool(&[test]);
    let output = tool.run();
    let run = tool.json("out.json");
    (output, run["tests"][0].clone())
}

/// It ends so: status, code, and this in what is said of it.
#[track_caller]
fn ends(test: String, status: &str, code: &str, says: &str) {
    let (output, record) = ended(test);
    let told = (record["status"].as_str(), record["code"].as_str());
    assert_eq!(told, (Some(status), Some(code)), "{output}");
    output.stdout_has(says);
}
