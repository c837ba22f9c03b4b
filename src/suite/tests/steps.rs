//! Steps, captures, clean-ups and sessions.

use std::time::Duration;

use super::super::testing::{Folder, says, suite};
use super::super::{Look, Step};
use crate::model::StepName;

fn names(steps: &[Step]) -> Vec<&str> {
    let names = steps.iter().filter_map(|step| step.name.as_ref());
    names.map(StepName::as_str).collect()
}

#[test]
fn steps_share_what_they_capture_and_clean_ups_say_what_they_want() {
    let suites = Folder::with_target(
        "budgets: { poll: 7s }\n",
        "- name: x
  steps:
    - name: login
      timeout: \"${budget.poll}\"
      until: { within: \"${budget.poll}\" }
      scripted: { looks: [] }
      expect: { text: ok }
      capture: { token: { text: true } }
    - scripted: { looks: [{ text: \"${token}\" }] }
      expect: { text: \"${token}\" }
  cleanup:
    - scripted: { looks: [{ text: \"bye ${token}\" }] }
    - scripted: { looks: [] }
",
    );
    let suites = suites.loaded();
    let test = &suites.tests[0];
    assert_eq!(names(&test.steps), ["login", "step 2"]);
    assert_eq!(test.steps[0].timeout, Some(Duration::from_secs(7)));
    assert_eq!(
        test.steps[0].until.as_ref().map(|until| until.within),
        Some(Duration::from_secs(7))
    );
    assert!(matches!(test.steps[0].look, Look::Ready(..)));
    assert!(
        matches!(&test.steps[1].look, Look::Late(late) if late.probe.late_names() == ["token"])
    );
    assert_eq!(test.steps[1].wants, ["token"]);
    assert_eq!(
        (
            test.steps[1].request.as_deref(),
            test.steps[1].resources.len()
        ),
        (None, 0)
    );
    assert_eq!(test.cleanup[0].wants, ["token"]);
    assert_eq!(test.cleanup[1].wants, [""; 0]);
}

#[test]
fn what_is_wrong_with_steps_is_told_once() {
    let step = "scripted: { looks: [] }, expect: { fault: none }";
    for (steps, says) in [
        ("[]".to_owned(), "an empty list looks at nothing"),
        (format!("{{ {step} }}"), "expected a list of steps"),
        (
            "[{ scripted: { looks: [] } }]".to_owned(),
            "no step expects anything",
        ),
        (
            format!("[{{ name: s, {step} }}, {{ name: s, {step} }}]"),
            "a second step is called `s`",
        ),
        (
            format!("[{{ name: step 2, {step} }}, {{ {step} }}]"),
            "a second step is called `step 2`",
        ),
        (
            format!("[{{ name: \"\", {step} }}]"),
            "a step's name is one line",
        ),
        (
            format!("[{{ critical: true, {step} }}]"),
            "unknown key `critical`",
        ),
        (
            "[{ name: s, expect: { fault: none } }]".to_owned(),
            "there is no probe",
        ),
        (format!("[{{ timeout: 5, {step} }}]"), "a unit is missing"),
        (
            format!("[{{ until: {{ within: 1s, stable_for: 2s }}, {step} }}]"),
            "shorter than `within`",
        ),
        (
            format!("[{{ timeout: \"${{attempt}}\", {step} }}]"),
            "`attempt` has no value yet",
        ),
        // Used before anything captures it.
        (
            format!(
                "[{{ scripted: {{ looks: [{{ text: \"${{t}}\" }}] }}, expect: {{ fault: none }} }}, {{ {step}, capture: {{ t: {{ text: true }} }} }}]"
            ),
            "nothing is called `t`",
        ),
        (
            format!(
                "[{{ {step}, capture: {{ t: {{ text: true }} }} }}, {{ {step}, capture: {{ t: {{ text: true }} }} }}]"
            ),
            "`t` has a meaning already",
        ),
        // A broken step still gives its names.
        (
            format!(
                "[{{ timeout: 5, {step}, capture: {{ t: {{ text: true }} }} }}, {{ scripted: {{ looks: [{{ text: \"${{t}}\" }}] }} }}]"
            ),
            "a unit is missing",
        ),
    ] {
        let folder = Folder::tests(&format!("- {{ name: x, steps: {steps} }}"));
        let errors = folder.errors();
        assert!(
            errors.len() == 1 && errors[0].contains(says),
            "{steps}: {errors:?}"
        );
    }
}

#[test]
fn a_capture_must_not_hide_a_variable() {
    let folder = Folder::with_target(
        "vars: { token: x }\n",
        "- { name: x, scripted: { looks: [] }, expect: { fault: none }, capture: { token: { text: true } } }",
    );
    assert!(
        says(
            &folder.errors(),
            "`token` has a meaning already: a variable"
        ),
        "{}",
        folder.told()
    );
}

const SESSIONS: &str = "
sessions:
  alice:
    steps:
      - scripted: { looks: [] }
        expect: { text: ok }
        capture: { token: { text: true } }
    cleanup:
      - scripted: { looks: [{ text: \"${token}\" }] }
";

fn with_session(sessions: &str, test: &str) -> Folder {
    Folder::new(&[
        ("allclear.yaml", "defaults: { timeout: 4s }\n"),
        ("sessions.yaml", sessions),
        ("a.yaml", &suite(test)),
    ])
}

#[test]
fn sessions_give_their_captures_to_those_who_use_them() {
    let test = "- { name: x, uses: [alice], scripted: { looks: [{ text: \"${session.alice.token}\" }] }, expect: { fault: none } }";
    let suites = with_session(SESSIONS, test).loaded();
    assert_eq!(suites.sessions[0].name.as_str(), "alice");
    assert_eq!(suites.sessions[0].timeout, Duration::from_secs(4));
    assert_eq!(suites.sessions[0].cleanup[0].wants, ["token"]);
    let used = suites.tests[0].uses[0].names().next();
    assert_eq!(used, Some(&suites.sessions[0].name));
    assert!(matches!(suites.tests[0].steps[0].look, Look::Late(_)));

    for (sessions, test, says) in [
        (
            SESSIONS.to_owned(),
            test.replace("uses: [alice], ", ""),
            "no session `alice` is used here",
        ),
        (
            SESSIONS.to_owned(),
            test.replace(".token", ".tokn"),
            "did you mean `session.alice.token`",
        ),
        (
            SESSIONS.to_owned(),
            test.replace("[alice]", "[alcie]"),
            "sessions.yaml has no session `alcie`; did you mean `alice`?",
        ),
        (
            SESSIONS.replace("expect: { text: ok }\n", "\n"),
            test.to_owned(),
            "no step of this session expects anything",
        ),
        (
            SESSIONS.replace("expect: { text: ok }", "expect: { txt: ok }"),
            test.to_owned(),
            "did you mean `text`",
        ),
        (
            SESSIONS.replace("alice", "Alice-1"),
            test.replace("alice", "Alice-1"),
            "`Alice-1` is no name for a session",
        ),
        (
            SESSIONS.replace("    cleanup", "    clenup"),
            test.to_owned(),
            "did you mean `cleanup`",
        ),
        (
            "sessions: []\n".to_owned(),
            test.to_owned(),
            "expected a mapping of sessions",
        ),
        ("sessions: {\n".to_owned(), test.to_owned(), ""),
        ("alice: {}\n".to_owned(), test.to_owned(), "`alice`"),
    ] {
        let errors = with_session(&sessions, &test).errors();
        let is_told = errors.iter().any(|error| error.contains(says));
        let most = 1 + usize::from(says.contains("alcie") || says == "`alice`");
        assert!(
            is_told && errors.len() <= most,
            "{sessions}\n{test}: {errors:?}"
        );
    }
}

#[test]
fn a_session_sees_no_other_session_and_needs_a_timeout() {
    let own = SESSIONS.replace("looks: []", "looks: [{ text: \"${session.alice.token}\" }]");
    assert!(says(
        &with_session(
            &own,
            "- { name: x, scripted: { looks: [] }, expect: { fault: none } }"
        )
        .errors(),
        "no session `alice` is used here"
    ));
    let folder = Folder::new(&[("sessions.yaml", SESSIONS)]);
    assert!(
        says(&folder.errors(), "has no `timeout`"),
        "{}",
        folder.told()
    );
}
