//! How a run of the shipped suites ended, as a table of expectations has it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::output::Output;
use super::tool::Tool;

/// By id, how each instance ended that is not good: `failed tcp.refused`, `blocked tcp.refused`, `skipped `.
pub(crate) type Ends = BTreeMap<String, String>;

/// The verdict of a run that was told to write `json=run.json`, and who did not end well. Nobody took longer than this, and
/// nothing was left behind.
#[track_caller]
pub(crate) fn ends_of(tool: &Tool, output: &Output, longest: Duration) -> (String, Ends) {
    assert!(
        matches!(output.status.code(), Some(0 | 1 | 3)),
        "there is no verdict\n{output}"
    );
    let left_over = tool.left_over();
    assert!(left_over.is_empty(), "{left_over:?}\n{output}");
    let run = tool.json("run.json");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let tests = run["tests"].as_array().unwrap();
    for test in tests {
        let took = Duration::from_nanos(test["elapsed_ns"].as_u64().unwrap());
        assert!(took <= longest, "{} took {took:?}\n{output}", test["id"]);
    }
    let not_good = tests.iter().filter(|test| test["status"] != "passed");
    let ends = not_good.map(|test| {
        let how = format!("{} {}", text(&test["status"]), text(&test["code"]));
        (text(&test["id"]), how)
    });
    (text(&run["verdict"]["word"]), ends.collect())
}
