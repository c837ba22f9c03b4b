//! Tests that start a program.

use super::super::Look;
use super::super::testing::{Folder, says};

const READY: &str =
    "ready: { http: { url: \"http://127.0.0.1:${port}/\" }, expect: { status: 200 } }";

/// A test of one program.
fn program(keys: &str, rest: &str) -> String {
    format!("- {{ name: a, process: {{ argv: [app, \"${{port}}\"], {keys} }}, {rest} }}")
}

#[test]
fn a_program_has_a_port_that_its_other_steps_know_too() {
    let suites = Folder::tests(&program(READY, "expect: { ready: true }")).loaded();
    let step = &suites.tests[0].steps[0];
    assert!(matches!(step.look, Look::Late(_)));
    assert!(step.needs.commands);
    let steps = format!(
        "- {{ name: a, steps: [{{ process: {{ argv: [app, \"${{port}}\"], {READY} }} }}, {{ tcp: {{ host: localhost, port: \"${{port}}\" }}, expect: {{ fault: tcp.refused }} }}] }}"
    );
    assert_eq!(Folder::tests(&steps).loaded().tests[0].steps.len(), 2);
}

#[test]
fn without_a_program_there_is_no_port() {
    let test =
        "- { name: a, tcp: { host: localhost, port: \"${port}\" }, expect: { connected: true } }";
    let errors = Folder::tests(test).errors();
    assert!(
        says(&errors, "only a test that starts a program"),
        "{errors:?}"
    );
    // A variable of the target may be called so, but not where the port would hide it.
    let with_variable = |test: &str| Folder::with_target("vars: { port: 80 }", test).errors();
    assert!(with_variable(test).is_empty());
    let errors = with_variable(&program(READY, "expect: { ready: true }"));
    assert!(says(&errors, "is a variable of the target"), "{errors:?}");
}

#[test]
fn what_could_not_fail_is_an_error() {
    let errors = |keys: &str, rest: &str| Folder::tests(&program(keys, rest)).errors();
    let stays = format!("{READY}, stays_up: {{ for: 5s }}");
    assert!(says(
        &errors(&stays, "expect: { ready: true }"),
        "only counted"
    ));
    assert!(errors(&stays, "expect: { flaps: 0 }").is_empty());
    assert!(says(
        &errors("exits: {}", "expect: { stderr: x }"),
        "only counted"
    ));
    assert!(errors("exits: {}", "expect: { exit_code: 3 }").is_empty());
    let long = format!("{READY}, stays_up: {{ for: 5m }}");
    let told = errors(&long, "expect: { flaps: 0 }");
    assert!(
        told.is_empty(),
        "it is only known when it is late: {told:?}"
    );
}

#[test]
fn what_is_wrong_in_ready_is_told_there() {
    let ready = "ready: { http: { url: \"http://127.0.0.1:${port}/\" }, expect: { satus: 200 } }";
    let told = Folder::tests(&program(ready, "expect: { ready: true }")).told();
    assert!(told.contains("did you mean `status`"), "{told}");
    assert!(told.contains("^^^"), "{told}");
}
