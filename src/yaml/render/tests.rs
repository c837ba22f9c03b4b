use super::*;
use crate::yaml::told::source;
use crate::yaml::{FileId, Span, parse};

fn unmasked(text: &str) -> String {
    text.to_owned()
}

fn rendered(text: &str, problem: impl FnOnce(FileId) -> Diagnostic) -> String {
    let (sources, file) = source(text);
    let mut problems = Diagnostics::default();
    problems.push(problem(file));
    problems.render(&sources, false, &unmasked)
}

fn span(file: FileId, start: u32, end: u32) -> Span {
    Span { file, start, end }
}

#[test]
fn a_problem_shows_its_line_its_caret_and_what_would_be_right() {
    let (sources, file) = source("tests:\n  - name: a\n    http: { url: ${api}/x }\n");
    let mut problems = Diagnostics::default();
    parse(&sources, file, &mut problems);
    insta::assert_snapshot!(problems.render(&sources, false, &unmasked), @r"
    error: a variable inside `{ }` or `[ ]` needs quotes
     --> suites/a.yaml:3:18
      |
    3 |     http: { url: ${api}/x }
      |                  ^^
      |
      = help: quote it: inside `{ }` quote what holds `${`, `[`, `]`, `{` or `,`
    ");
}

#[test]
fn both_places_of_a_duplicate_are_shown_near_or_far() {
    let (sources, file) = source("a: 1\nb: 2\na: 3\nc: 4\nd: 5\ne: 6\nf: 7\nb: 8\n");
    let mut problems = Diagnostics::default();
    parse(&sources, file, &mut problems);
    insta::assert_snapshot!(problems.render(&sources, false, &unmasked), @r"
    error: duplicate key `a`
     --> suites/a.yaml:3:1
      |
    1 | a: 1
      | - first defined here
    2 | b: 2
    3 | a: 3
      | ^ and again here

    error: duplicate key `b`
     --> suites/a.yaml:8:1
      |
    8 | b: 8
      | ^ and again here
      |
     ::: suites/a.yaml:2:1
      |
    2 | b: 2
      | - first defined here
    ");
}

#[test]
fn problems_are_sorted_by_place_and_told_once() {
    let (mut sources, first) = source("a: 1\nb: 2\n");
    let second = sources.add("suites/b.yaml", "c: 3\n");
    let mut problems = Diagnostics::default();
    problems.push(Diagnostic::error_without_place(
        "no `allclear.yaml` in `suites`",
    ));
    problems.push(Diagnostic::warning(span(second, 0, 1), "third"));
    problems.push(Diagnostic::error(span(first, 5, 6), "second"));
    problems.push(Diagnostic::error(span(first, 0, 1), "first").label("here"));
    problems.push(Diagnostic::error(span(first, 5, 6), "second"));
    insta::assert_snapshot!(problems.render(&sources, false, &unmasked), @r"
    error: first
     --> suites/a.yaml:1:1
      |
    1 | a: 1
      | ^ here

    error: second
     --> suites/a.yaml:2:1
      |
    2 | b: 2
      | ^

    warning: third
     --> suites/b.yaml:1:1
      |
    1 | c: 3
      | ^

    error: no `allclear.yaml` in `suites`
    ");
}

#[test]
fn long_lines_are_cut_around_the_place_and_columns_stay_true() {
    let text = format!(
        "{{ {}wrong: 2, {} }}",
        "key: 1, ".repeat(100),
        "key: 1, ".repeat(100)
    );
    insta::assert_snapshot!(rendered(&text, |file| Diagnostic::error(span(file, 802, 807), "unknown key `wrong`")), @r"
    error: unknown key `wrong`
     --> suites/a.yaml:1:803
      |
    1 | … key: 1, key: 1, key: 1, key: 1, key: 1, wrong: 2, key: 1, key: 1, key: 1, key: 1, key: 1, key: 1, key: 1, key: 1, key: …
      |                                           ^^^^^
    ");
}

#[test]
fn tabs_controls_and_direction_marks_are_made_visible() {
    let text = "a:\t\u{1b}[31m \u{202e}é: x\n";
    let start = u32::try_from(text.find('x').unwrap()).unwrap();
    insta::assert_snapshot!(
        rendered(text, |file| Diagnostic::error(span(file, start, start + 1), "found \u{202e}x\u{7}")),
        @r"
    error: found <U+202E>x␇
     --> suites/a.yaml:1:14
      |
    1 | a:    ␛[31m <U+202E>é: x
      |                        ^
    "
    );
}

#[test]
fn a_place_of_several_lines_is_shown_by_its_first_and_one_behind_the_end_by_the_last() {
    insta::assert_snapshot!(rendered("- a: 1\n  b: 2\n\n\n", |file| Diagnostic::error(span(file, 2, 13), "missing key `c`")), @r"
    error: missing key `c`
     --> suites/a.yaml:1:3
      |
    1 | - a: 1
      |   ^^^^
    ");
    insta::assert_snapshot!(rendered("- a: 1\n  b: 2\n\n\n", |file| Diagnostic::error(span(file, 16, 16), "ends too early")), @r"
    error: ends too early
     --> suites/a.yaml:2:7
      |
    2 |   b: 2
      |       ^
    ");
}

#[test]
fn secrets_are_masked_before_lines_are_cut_and_carets_move_along() {
    let secret = "s3cr3t-".repeat(30);
    let text = format!("password: \"{secret}\", port: x");
    let (sources, file) = source(&text);
    let mut problems = Diagnostics::default();
    let port = u32::try_from(text.len() - 1).unwrap();
    problems.push(Diagnostic::error(
        span(file, port, port + 1),
        format!("not {secret}"),
    ));
    let masked = problems.render(&sources, false, &|text| text.replace(&secret, "***"));
    assert!(!masked.contains("s3cr3t"), "{masked}");
    insta::assert_snapshot!(masked, @r#"
    error: not ***
     --> suites/a.yaml:1:231
      |
    1 | password: "***", port: x
      |                        ^
    "#);
}

#[test]
fn no_place_is_too_strange_to_be_shown() {
    for text in ["", "\n", "é", "a\r\nb", "\t\t", "😀😀\n\n\n", "x\u{2028}y"] {
        for start in 0..12 {
            for end in [0, start, start + 1, start + 3, u32::MAX] {
                let shown = rendered(text, |file| {
                    Diagnostic::error(span(file, start, end), "strange")
                        .label("l")
                        .related(span(file, end, start), "other")
                });
                assert!(shown.starts_with("error: strange\n"), "{shown}");
            }
        }
    }
}

#[test]
fn colour_changes_the_look_only() {
    let (sources, file) = source("a: 1\n");
    let mut problems = Diagnostics::default();
    problems.push(Diagnostic::error(span(file, 0, 1), "x"));
    let coloured = problems.render(&sources, true, &unmasked);
    assert!(coloured.contains("\u{1b}["));
    assert!(
        !problems
            .render(&sources, false, &unmasked)
            .contains('\u{1b}')
    );
}

#[test]
fn thousands_of_problems_end_with_a_count() {
    let (sources, file) = source("a: 1\n");
    let mut problems = Diagnostics::default();
    for number in 0..1_000 {
        problems.push(Diagnostic::error(
            span(file, 0, 1),
            format!("problem {number}"),
        ));
    }
    assert!(
        problems
            .render(&sources, false, &unmasked)
            .ends_with("\n… and 800 more\n")
    );
}
