//! What is wrong with ourselves, or with what we were given.

use allclear::model::{Class, Layer};

use crate::expert::Answer::{self, Is};
use crate::row::{Row, look_at_with, row};
use crate::support::{Canary, Hostile, Tool};
use crate::told::Told;

pub(super) fn faults() -> Vec<Told> {
    use Class::{Configuration, TestDefect};
    let broken = |name: &str, look: &str, code, layer, answer: Answer, expect: &str| -> Row {
        let probe = format!("runner: {{ look: {look} }}");
        row(&format!("ours-{name}"), probe, code, layer, answer).expecting(expect)
    };
    // Its clock is an hour behind, or so it says.
    let late = Hostile::hearing(
        b"HTTP/1.1 200 OK\r\ndate: Sat, 01 Jan 2022 00:00:00 GMT\r\ncontent-length: 0\r\n\r\n"
            .to_vec(),
    );
    let mut all = look_at_with(
        Tool::new()
            .var("database_host", "10.0.0.1\n")
            .var("port", "5432"),
        &["run"],
        vec![
            broken(
                "unclean-variable",
                "variables",
                "expect.unclean",
                Layer::Configuration,
                Is(Configuration),
                "unclean: { empty: true }",
            ),
            broken(
                "clock",
                &format!("clock, url: \"{}\"", late.url()),
                "expect.skew",
                Layer::Runner,
                Is(TestDefect),
                "skew: { below: 5s }",
            ),
            broken(
                "names",
                "names, names: [nowhere.invalid, nobody.invalid]",
                "expect.resolved",
                Layer::Runner,
                Is(TestDefect),
                "resolved: { empty: false }",
            ),
        ],
    );
    all.extend(value_that_came_late());
    all
}

/// A host that somebody else gave, with white space around it.
fn value_that_came_late() -> Vec<Told> {
    let app = Canary::answering(|_| crate::support::Answer::json(200, "{\"host\":\"10.0.0.1 \"}"));
    let url = app.url();
    let steps = format!(
        "steps:\n      - name: ask\n        http: {{ url: \"{url}\" }}\n        expect: {{ status: 200 }}\n        \
         capture: {{ host: {{ json: $.host }} }}\n      - name: go\n        \
         tcp: {{ host: \"${{host}}\", port: 80 }}\n        expect: {{ connected: true }}"
    );
    let row = row(
        "ours-host-with-a-blank",
        steps,
        "error.value",
        Layer::Configuration,
        Is(Class::Configuration),
    );
    look_at_with(Tool::new(), &["run"], vec![row.in_steps()])
}
