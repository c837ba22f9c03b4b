//! Rules of `events`: what a person is told of a stream that breaks them.

use crate::support::{Answer, Canary, Tool};

const AGENT: &str = r#"
  - name: agent
    timeout: 5s
    steps:
      - http: { url: "${url}/login" }
        expect: { status: 200 }
        capture: { token: { json: $.token, secret: true } }
      - sse: { url: "${url}/stream", auth: { bearer: "${token}" } }
        expect:
          events:
            partial:
              before: [[agent_started, "*"]]
              pairs: [{ first: tool_executing, then: tool_completed, by: $.tool_id }]
              once: [agent_started, agent_completed]
              last: agent_completed
            counts: { tool_executing: { at_least: 1 } }
            forbidden: [error]
            quiet: { at_least: 1s }
        capture: { answer: { events: [last, json, answer] } }
"#;

/// A server of which every stream says these, after a login.
fn agent(events: &'static [&'static str]) -> Canary {
    Canary::answering(move |asked| {
        if asked.path == "/login" {
            return Answer::json(200, r#"{"token":"t0ken-of-a-user"}"#);
        }
        let data: Vec<String> = events.iter().map(|one| format!("data: {one}")).collect();
        let data = data.join("\n\n") + "\n\n";
        Answer::Reply(200, "text/event-stream", data)
    })
}

#[test]
fn a_stream_that_keeps_its_rules_is_go() {
    let server = agent(&[
        r#"{"type":"agent_started"}"#,
        r#"{"type":"tool_executing","tool_id":"t-1"}"#,
        r#"{"type":"tool_completed","tool_id":"t-1"}"#,
        r#"{"type":"agent_completed","answer":"42"}"#,
    ]);
    let tool = Tool::new().var("url", server.url()).suite(AGENT);
    tool.run().exits(0);
}

#[test]
fn a_stream_that_breaks_its_rules_shows_what_came_and_where() {
    let server = agent(&[
        r#"{"type":"agent_started","of":"t0ken-of-a-user"}"#,
        r#"{"type":"tool_executing","tool_id":"t-1"}"#,
        r#"{"type":"agent_completed","answer":"42"}"#,
        r#"{"type":"agent_completed","answer":"42"}"#,
    ]);
    let tool = Tool::new().var("url", server.url()).suite(AGENT);
    let output = tool.run().exits(1);
    let told = output.stdout.clone();
    let listed: Vec<&str> = told
        .lines()
        .filter_map(|line| Some(line.split_once("│ ")?.1))
        .map(|line| match line.split_once('s') {
            // The time is what it is.
            Some((time, rest)) if line.contains("  +") => {
                assert!(time.contains("  +0.0"), "{told}");
                rest.trim_start()
            }
            _ => line,
        })
        .collect();
    assert_eq!(
        listed[..5],
        [
            "event 2: no tool_completed for t-1",
            "agent_started    of: ***",
            "tool_executing   tool_id: t-1  <- no tool_completed for t-1",
            "agent_completed  answer: \"42\"",
            "agent_completed  answer: \"42\"  <- agent_completed came 2 times",
        ],
        "{told}"
    );
    let output = output
        .stdout_has("expect.events")
        .stdout_has("events partial.pairs")
        .stdout_has("events partial.once");
    assert!(!output.stdout.contains("t0ken-of-a-user"));
}

#[test]
fn every_report_lists_a_long_stream_alike_and_does_so_again() {
    const STARTED: &str = r#"{"type":"agent_started"}"#;
    const THINKING: &str = r#"{"type":"agent_thinking","about":"the thirty bytes of a thought","of":"somebody who asked for it all"}"#;
    const USES: &str = r#"{"type":"tool_executing","tool_id":"t-1"}"#;
    const USED: &str = r#"{"type":"tool_completed","tool_id":"t-1"}"#;
    const COMPLETED: &str = r#"{"type":"agent_completed","answer":"42"}"#;
    const EVENTS: [&str; 38] = {
        let mut events = [THINKING; 38];
        events[0] = STARTED;
        events[1] = USES;
        events[2] = USED;
        events[36] = COMPLETED;
        events[37] = COMPLETED;
        events
    };
    let server = agent(&EVENTS);
    let tool = Tool::new().var("url", server.url()).suite(AGENT);
    let asked = |command: &str, folder: &str| {
        let formats = ["console", "junit", "json"];
        let reports = formats.map(|format| format!("--report={format}={folder}.{format}"));
        tool.then([command.to_owned()].into_iter().chain(reports))
    };
    asked("run", "live").exits(1);
    asked("report", "again").exits(0);
    for format in ["console", "junit", "json"] {
        let live = tool.read(&format!("live.{format}"));
        assert_eq!(live, tool.read(&format!("again.{format}")), "{format}");
        let listed = live.matches("about: the thirty").count();
        assert_eq!(listed, 33, "{format}: {live}");
        assert!(
            live.contains("agent_completed came 2 times"),
            "{format}: {live}"
        );
    }
}

#[test]
fn every_rule_is_explained() {
    let tool = Tool::new().var("url", "http://127.0.0.1:9").suite(AGENT);
    tool.args(["list", "--explain"])
        .run()
        .exits(0)
        .stdout_has("events key $.type names every event, and at least one comes")
        .stdout_has("events partial.before agent_started before every other")
        .stdout_has("events quiet at_least 1s");
}
