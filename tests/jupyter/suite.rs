//! The suite of `tests/jupyter/suites` against it: all of it holds, and what is broken is told by those who look at it.

use std::time::Duration;

use crate::support::{Ends, Jupyter, Tool, ends_of, is_kept};

/// Every file of the suite.
const FILES: [(&str, &str); 3] = [
    ("allclear.yaml", include_str!("suites/allclear.yaml")),
    (
        "targets/here.yaml",
        include_str!("suites/targets/here.yaml"),
    ),
    ("rest.yaml", include_str!("suites/rest.yaml")),
];

/// The verdict of a run, and who did not end well; `set` are variables that are other than in the target.
#[track_caller]
fn run(server: &Jupyter, set: &[&str]) -> (String, Ends) {
    let address = format!("address={}", server.address());
    let mut args = vec!["run", "-v", "--report", "json=run.json", "--set", &address];
    args.extend(set.iter().flat_map(|set| ["--set", set]));
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
    assert_eq!(
        run(&server, &["token=not-the-one-it-knows"]),
        ends(
            "NO-GO",
            [
                ("kernel-comes-and-goes", "failed expect.status"),
                ("token-lets-in", "failed expect.status"),
                ("wrong-token-is-refused[none]", "blocked expect.status"),
                ("wrong-token-is-refused[other]", "blocked expect.status"),
                (
                    "wrong-token-is-refused[signed-by-nobody]",
                    "blocked expect.status"
                ),
            ]
        )
    );
}
