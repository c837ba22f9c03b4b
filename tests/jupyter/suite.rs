//! The suite of `tests/jupyter/suites` against it: all of it holds, and what is broken is told by those who look at it.

use std::time::Duration;

use crate::support::{Ends, Jupyter, Tool, ends_of, is_kept};

/// Every file of the suite.
const FILES: [(&str, &str); 5] = [
    ("allclear.yaml", include_str!("suites/allclear.yaml")),
    (
        "targets/here.yaml",
        include_str!("suites/targets/here.yaml"),
    ),
    ("sessions.yaml", include_str!("suites/sessions.yaml")),
    ("rest.yaml", include_str!("suites/rest.yaml")),
    ("websocket.yaml", include_str!("suites/websocket.yaml")),
];

/// The verdict of a run with these arguments besides, and who did not end well.
#[track_caller]
fn run(server: &Jupyter, besides: &[&str]) -> (String, Ends) {
    let address = format!("address={}", server.address());
    let mut args = vec!["run", "-v", "--report", "json=run.json", "--set", &address];
    args.extend(besides);
    let tool = FILES.iter().fold(Tool::bare(), |tool, (name, text)| {
        tool.file(&format!("suites/{name}"), text)
    });
    let tool = tool.env("JUPYTER_TOKEN", Jupyter::TOKEN).args(args);
    let output = tool.run();
    is_kept(&tool, &output, Jupyter::TOKEN);
    ends_of(&tool, &output, Duration::from_mins(1))
}

/// What `ends_of` tells, written down.
fn ends<const N: usize>(verdict: &str, not_good: [(&str, &str); N]) -> (String, Ends) {
    let own = |(id, how): (&str, &str)| (format!("kernels/{id}"), how.to_owned());
    (verdict.to_owned(), not_good.into_iter().map(own).collect())
}

#[test]
fn all_of_it_holds() {
    let server = Jupyter::start();
    assert_eq!(run(&server, &[]), ends("GO", []), "{}", server.log());
}

#[test]
fn a_token_that_is_wrong_is_no_proof_that_others_are_refused() {
    let server = Jupyter::start();
    let others = ["none", "other", "signed-by-nobody"].map(|row| {
        let id = format!("wrong-token-is-refused[{row}]");
        (id, "blocked expect.status")
    });
    let [none, other, signed] = &others;
    assert_eq!(
        run(&server, &["--set", "token=not-the-one-it-knows"]),
        ends(
            "NO-GO",
            [
                ("code-runs", "blocked expect.status"),
                ("endless-code-is-interrupted", "failed expect.status"),
                ("kernel-comes-and-goes", "failed expect.status"),
                (
                    "kernel-that-is-gone-answers-nobody",
                    "blocked expect.status"
                ),
                ("token-lets-in", "failed expect.status"),
                ("wrong-token-opens-nothing", "blocked expect.status"),
                (&none.0, none.1),
                (&other.0, other.1),
                (&signed.0, signed.1),
            ]
        )
    );
}

/// Code that a kernel is given, and the code of what has to be said of it.
const BROKEN: [(&str, &str); 4] = [
    // No `stream`, and an `error` that is forbidden.
    ("code=raise ValueError(6 * 7)", "expect.events"),
    // All of it comes, and once too often.
    (
        "code=import sys; print(6 * 7, flush=True); print(6 * 7, file=sys.stderr)",
        "expect.events",
    ),
    // All of it comes, and says another thing.
    ("code=print(6 * 9)", "expect.events"),
    // The kernel is gone mid-way: its socket stays open, and the server starts another, which knows of nothing.
    (
        "code=import os; print(6 * 7, flush=True); os._exit(1)",
        "websocket.timeout.event",
    ),
];

#[test]
fn code_that_does_not_do_its_work_is_told() {
    let server = Jupyter::start();
    for (set, code) in BROKEN {
        let told = run(&server, &["--only", "kernels/code-runs", "--set", set]);
        let failed = format!("failed {code}");
        assert_eq!(told, ends("NO-GO", [("code-runs", &failed)]), "{set}");
    }
}

#[test]
fn a_kernel_that_heeds_no_interrupt_is_told() {
    let server = Jupyter::start();
    let id = "endless-code-is-interrupted";
    let only = format!("kernels/{id}");
    let deaf =
        "endless=import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass";
    let told = run(&server, &["--only", &only, "--set", deaf]);
    assert_eq!(told, ends("NO-GO", [(id, "failed expect.json")]));
}
