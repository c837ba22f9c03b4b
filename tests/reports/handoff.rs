//! The page for another team: safe whatever stands in it, and never surer than the evidence.

use std::sync::Arc;

use allclear::model::*;
use allclear::report::{Format, Style};

use super::built;
use super::explained::{advice, blame, cause, cited, diagnosed, two_causes, why, with};

fn handoff(run: &FinishedRun) -> String {
    (Format::named("handoff").unwrap().render)(run, Style::default())
}

const HOSTILE: &str = "`` ` x | <img src=x onerror=alert(1)> [a](https://evil.example) @ops #1\n# heading\n```\n- [x] done <!--";

/// What is left of a page without its code: fenced blocks, then code spans.
fn without_code(page: &str) -> String {
    let mut left = String::new();
    let mut fence: Option<String> = None;
    for line in page.lines() {
        let ticks: String = line.chars().take_while(|c| *c == '`').collect();
        match &fence {
            Some(open) if line.trim_end() == *open => fence = None,
            Some(_) => {}
            None if ticks.len() >= 3 && !line[ticks.len()..].contains('`') => fence = Some(ticks),
            None => {
                left.push_str(&without_spans(line));
                left.push('\n');
            }
        }
    }
    assert_eq!(fence, None, "a block without an end: {page}");
    left
}

/// As CommonMark §6.1 reads it: a run of backticks closes with the next run as long.
fn without_spans(line: &str) -> String {
    let mut left = String::new();
    let mut rest = line;
    while let Some(start) = rest.find('`') {
        let before = &rest[..start];
        if before.ends_with('\\') {
            left.push_str(&rest[..=start]);
            rest = &rest[start + 1..];
            continue;
        }
        left.push_str(before);
        let run: String = rest[start..].chars().take_while(|c| *c == '`').collect();
        let mut after = &rest[start + run.len()..];
        loop {
            let at = after
                .find('`')
                .unwrap_or_else(|| panic!("a span without an end: {line}"));
            let close = after[at..].chars().take_while(|c| *c == '`').count();
            after = &after[at + close..];
            if close == run.len() {
                break;
            }
        }
        rest = after;
    }
    left.push_str(rest);
    left
}

#[test]
fn hostile_text_stays_text() {
    let text = HOSTILE;
    let place = &["database/login"];
    let hostile = Cause {
        evidence: vec![cited("database/login", 1, text)],
        refuting: vec![cited("database/login", 1, text)],
        why: vec![why(text, Some(cited("database/login", 1, text)))],
        rejected: Some(why(text, None)),
        confirm: text.to_owned(),
        falsify: text.to_owned(),
        hint: text.to_owned(),
        commands: vec![text.to_owned()],
        ..cause(
            text,
            Layer::Transport,
            text,
            blame(Class::Application, text, Confidence::High, text),
            place,
        )
    };
    let hostile = Cause {
        meaning: text.to_owned(),
        advice: [
            "https://evil.example/ <img src=x>",
            "javascript:alert(1)",
            text,
        ]
        .map(|runbook| Advice {
            on_fail: OnFail {
                class: Some(text.to_owned()),
                owner: Some(text.to_owned()),
                hint: Some(text.to_owned()),
                runbook: Some(runbook.to_owned()),
            },
            ..advice("database/login", 1)
        })
        .to_vec(),
        looks: vec![cited("database/login", 0, text)],
        ..hostile
    };
    let mut one = diagnosed(&hostile, 0);
    one.alternatives = vec![text.to_owned()];
    one.next = text.to_owned();
    one.adjusted = vec![Adjustment {
        kind: Modifier::Nested,
        text: text.to_owned(),
    }];
    let mut run = with(built::every_status(), vec![hostile], vec![one], 0);
    let record = Arc::make_mut(&mut run.record);
    let header = Arc::make_mut(&mut record.header);
    header.target = text.to_owned();
    header.vantage = text.to_owned();
    let page = handoff(&run);
    let left = without_code(&page);
    for dangerous in [
        "<img",
        "<!--",
        "@ops",
        "https://",
        "](",
        "[x] done",
        "\n# heading",
        "\n```",
    ] {
        let found = left.contains(dangerous) && !left.contains(&format!("\\{dangerous}"));
        assert!(!found, "{dangerous}: {left}");
    }
    // One title, ours.
    assert_eq!(
        left.lines().filter(|line| line.starts_with("# ")).count(),
        1,
        "{left}"
    );
    // Every box is ours, and open.
    let boxes = left.lines().filter(|line| line.starts_with("- [")).count();
    assert_eq!(left.matches("- [ ] ").count(), boxes, "{left}");
}

#[test]
fn the_rerun_names_the_tests_that_confirm_the_fix() {
    let page = handoff(&two_causes());
    assert!(
        page.contains("allclear run --target staging --only database/login --only database/tables --only 'database/tables[orders]'"),
        "{page}"
    );
    assert!(
        page.contains("- [ ] Confirmed by 7 tests: `database/login`, "),
        "{page}"
    );
}

#[test]
fn the_rerun_is_given_what_the_run_was_given() {
    let mut run = two_causes();
    let record = Arc::make_mut(&mut run.record);
    let header = Arc::make_mut(&mut record.header);
    header.flags = [
        "--suites our suites",
        "--allow-commands",
        "--allow-side-effects=staging eu",
        "--set password",
    ]
    .map(str::to_owned)
    .to_vec();
    let page = handoff(&run);
    let given = "--suites 'our suites' --allow-commands '--allow-side-effects=staging eu' \
                 --set password=\"${PASSWORD:?}\"";
    assert!(
        page.contains(&format!(
            "--only connectivity/slow {given} --gate selection\n"
        )),
        "{page}"
    );
    let style = Style::default();
    let console = (Format::named("console").unwrap().render)(&run, style);
    assert!(
        console.contains(&format!(
            "allclear run --target staging --rerun failed {given}\n"
        )),
        "{console}"
    );
}

#[test]
fn many_tests_are_run_again_by_their_run() {
    let rows: Vec<String> = (0..50)
        .map(|row| format!("database/login[row {row}]"))
        .collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let down = blame(
        Class::Infrastructure,
        "service-down",
        Confidence::Medium,
        "platform",
    );
    let down = cause(
        "TCP-1",
        Layer::Transport,
        "sock:127.0.0.1:5432",
        down,
        &rows,
    );
    let page = handoff(&with(built::many(50, 0), vec![down], Vec::new(), 0));
    assert!(
        page.contains("allclear run --target staging --rerun failed:20261121T085751Z-3f9a1c"),
        "{page}"
    );
    assert!(
        page.contains("Confirmed by 50 tests: `database/login[row 0]`, "),
        "{page}"
    );
    assert!(page.contains("… and 30 more"), "{page}");
}

#[test]
fn what_differs_in_its_place_alone_is_told_once_with_all_places() {
    let names: Vec<String> = (0..25)
        .map(|n| format!("database/login[row {n}]"))
        .collect();
    let causes = names.iter().enumerate().map(|(n, name)| {
        let blame = blame(
            Class::Infrastructure,
            "network",
            Confidence::High,
            "network",
        );
        let rule = if n < 3 {
            "TCP-2".to_owned()
        } else {
            format!("X-{n}")
        };
        let place = format!("sock:h{n}:1");
        cause(&rule, Layer::Transport, &place, blame, &[name])
    });
    let page = handoff(&with(built::many(50, 0), causes.collect(), Vec::new(), 0));
    for part in [
        "- Numbered below: 25; 20 told whole, 2 like them at other places, 3 in short\n",
        "**The same at other places**\n\n- `cause 2: infrastructure/network (high) at sock:h1:1`, owner network: 1 failed (",
        "Confirmed by 3 tests: `database/login[row 0]`, `database/login[row 1]`, `database/login[row 2]`",
        "## 3 more, in short\n\n- `cause 23: infrastructure/network (high) at sock:h22:1`, owner network: 1 failed (database/login\\[row 22\\])",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("\n## cause 2:"), "{page}");
}

#[test]
fn an_unknown_is_handed_over_as_one() {
    let page = handoff(&two_causes());
    assert!(
        page.contains("## cause 2: unknown, leaning application/slow"),
        "{page}"
    );
    for word in [
        "certainly",
        "clearly",
        "obviously",
        "definitely",
        "must be",
        "root cause",
    ] {
        assert!(!page.contains(word), "{word}: {page}");
    }
}
