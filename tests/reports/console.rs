//! What a person sees: short however many tests there are, and never acted upon by a terminal.

use std::sync::Arc;

use allclear::model::{Outcome, Status};
use allclear::report::{Detail, Format, Style};

use super::built;

fn console(run: &allclear::model::FinishedRun, style: Style) -> String {
    (Format::named("console").unwrap().render)(run, style)
}

#[test]
fn ten_thousand_passing_tests_fit_on_a_screen() {
    let text = console(&built::many(0, 10_000), Style::default());
    assert!(text.contains("10000 passed"), "{text}");
    assert!(text.lines().count() < 25, "{text}");
    assert!(!text.contains("--rerun"), "{text}");
}

#[test]
fn many_failures_of_one_code_become_a_count_with_ids() {
    let run = built::many(2_000, 10);
    let text = console(&run, Style::default());
    assert!(
        text.contains("… 1992 more with tcp.refused: database/login[row 8], "),
        "{text}"
    );
    assert!(text.contains("… and 1984 more"), "{text}");
    assert!(text.lines().count() < 70, "{text}");
    assert_eq!(
        text.matches("was the password rotated?").count(),
        3,
        "{text}"
    );

    let verbose = Style {
        detail: Detail::Verbose,
        ..Style::default()
    };
    let text = console(&run, verbose);
    assert_eq!(text.matches("was the password rotated?").count(), 2_000);
    assert!(text.contains("platform/t9"));
}

#[test]
fn what_a_sample_came_to_is_told_with_v_and_what_counts_for_nothing_always() {
    let verbose = Style {
        detail: Detail::Verbose,
        ..Style::default()
    };
    let held = "46 of 46 held, 100 % (Wilson 95 %: ";
    let mut run = built::every_status();
    assert!(console(&run, verbose).contains(held));
    assert!(!console(&run, Style::default()).contains("latency/p95"));
    let record = Arc::make_mut(&mut run.record);
    let mut tests = record.tests.iter_mut();
    let test = tests.find(|test| test.header.id.to_string() == "latency/p95");
    let sample = Arc::make_mut(test.unwrap().sample.as_mut().unwrap());
    for row in &mut sample.rows[..3] {
        row.outcome = Outcome::Unable;
    }
    let text = console(&run, Style::default());
    assert!(text.contains("latency/p95"), "{text}");
    assert!(text.contains("    3 of 46 count for nothing\n"), "{text}");
}

#[test]
fn of_many_actors_the_one_that_decided_is_told_first_and_only_a_few_in_full() {
    let text = console(&built::acted(200, 150), Style::default());
    let guilty = text.find("actor150 · http GET").expect("it is told");
    let waited = text.find("actor1 · websocket").expect("it is told");
    assert!(guilty < waited, "{text}");
    assert!(
        text.contains("actor2 · websocket") && !text.contains("actor3 · websocket"),
        "{text}"
    );
    assert!(
        text.contains("… and 197 more actors: actor3, actor4, "),
        "{text}"
    );
    assert!(text.lines().count() < 60, "{text}");
    let junit = (Format::named("junit").unwrap().render)(&built::acted(3, 2), Style::default());
    assert!(
        junit.contains("message=\"actor2: status equals 200, but was 503"),
        "{junit}"
    );
}

#[test]
fn quiet_is_the_verdict_and_its_reasons() {
    let quiet = Style {
        detail: Detail::Quiet,
        ..Style::default()
    };
    insta::assert_snapshot!(console(&built::every_status(), quiet));
}

#[test]
fn blocked_tests_are_folded_under_what_blocks_them() {
    let text = console(&built::every_status(), Style::default());
    assert!(
        text.contains("⊘ 6 blocked by database/login: tcp.refused"),
        "{text}"
    );
}

#[test]
fn the_verdict_is_the_end_and_names_the_command() {
    let text = console(&built::every_status(), Style::default());
    let verdict = text.find(" NO-GO ").unwrap();
    let failure = text.find("tcp.refused in phase connect").unwrap();
    assert!(failure < verdict, "{text}");
    assert!(
        text.trim_end()
            .ends_with("allclear run --target staging --rerun failed --deadline 10m"),
        "{text}"
    );
}

#[test]
fn text_from_outside_cannot_act_on_the_terminal() {
    let mut test = built::of_status(Status::Failed);
    let mut header = (*test.header).clone();
    header.title = Some("\u{1b}]0;owned\u{7} \u{202e}GO".to_owned());
    header.id = header.id.with_row("\u{1b}[2J\nGO");
    test.header = header.into();
    let verdict = (*built::every_status().verdict).clone();
    let text = console(&built::finished(vec![test], verdict), Style::default());
    assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{text:?}");
    assert!(text.contains("␛[2J␊GO"), "{text}");
}
