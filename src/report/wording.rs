//! The words, numbers and signs that more than one report uses.

use std::time::Duration;

use super::style::Tone;
use super::visible;
use crate::model::{
    Blamed, Code, ConditionKind, Counts, Interrupt, NotRun, Partial, Reason, Root, Rule, Status,
    TestId, Why, Word,
};

/// A duration for people: `124 ms`, `1.2 s`, `2 min 5 s`, `1 h 2 min`. Cut, never rounded up: 59.99 s is not a minute.
pub(super) fn duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    let seconds = duration.as_secs();
    match seconds {
        0 if millis == 0 && !duration.is_zero() => "<1 ms".to_owned(),
        0 => format!("{millis} ms"),
        1..60 => format!("{seconds}.{} s", duration.subsec_millis() / 100),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

/// Seconds with three decimals and no exponent: `0.124`. What JUnit's readers take.
pub(super) fn seconds(duration: Duration) -> String {
    format!("{}.{:03}", duration.as_secs(), duration.subsec_millis())
}

/// A count with its noun: `1 test`, `2 tests`. For nouns that take an `s`.
pub(super) fn count(n: u64, noun: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{n} {noun}{s}")
}

/// A share with one decimal, cut: 999 of 1 000 is `99.9 %`, and only all of it is `100 %`.
pub(super) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "0 %".to_owned();
    }
    let tenths = u128::from(part) * 1000 / u128::from(whole);
    match (tenths / 10, tenths % 10) {
        (units, 0) => format!("{units} %"),
        (units, tenth) => format!("{units}.{tenth} %"),
    }
}

/// The status in words.
pub(super) const fn status(status: Status) -> &'static str {
    match status {
        Status::Passed => "passed",
        Status::Flaky => "flaky",
        Status::Failed => "failed",
        Status::UnexpectedPass => "passed unexpectedly",
        Status::Unproved => "unproved",
        Status::Errored => "errored",
        Status::Blocked => "blocked",
        Status::NotRun => "not run",
        Status::Skipped => "skipped",
        Status::ExpectedFailure => "failed as expected",
        Status::Waived => "waived",
    }
}

/// `62 passed`, `5 failed`: the statuses that occurred, in the order of the enum.
pub(super) fn ended(counts: &Counts) -> impl Iterator<Item = (Status, String)> {
    let occurred = Status::ALL.iter().filter(|one| counts.of(**one) > 0);
    occurred.map(|one| (*one, format!("{} {}", counts.of(*one), status(*one))))
}

/// The same in one text: `62 passed, 5 failed`.
pub(super) fn ended_text(counts: &Counts) -> String {
    let parts: Vec<String> = ended(counts).map(|(_, text)| text).collect();
    parts.join(", ")
}

/// `12 of 80 selected by --only connectivity/*`: beside the word *partial*.
pub(super) fn partial(partial: &Partial) -> String {
    let Partial { selected, of, by } = partial;
    visible::line(&format!("{selected} of {of} selected by {by}"))
}

/// `interrupted by SIGTERM`.
pub(super) fn interrupted(signal: Interrupt) -> String {
    format!("interrupted by {}", signal.name())
}

/// The sign before a test.
pub(super) const fn sign(status: Status) -> &'static str {
    match status {
        Status::Passed => "✓",
        Status::Flaky => "~",
        Status::Failed | Status::UnexpectedPass => "✗",
        Status::Unproved => "?",
        Status::Errored => "!",
        Status::Blocked => "⊘",
        Status::NotRun | Status::Skipped => "-",
        Status::ExpectedFailure | Status::Waived => "·",
    }
}

/// The tone of a status.
pub(super) const fn tone(status: Status) -> Tone {
    match status {
        Status::Passed => Tone::Good,
        Status::Failed | Status::UnexpectedPass => Tone::Bad,
        Status::Flaky | Status::Unproved | Status::Errored | Status::Waived => Tone::Warn,
        Status::Blocked | Status::NotRun | Status::Skipped | Status::ExpectedFailure => Tone::Dim,
    }
}

/// The tone of the word.
pub(super) const fn banner(word: Word) -> Tone {
    match word {
        Word::Go => Tone::GoBanner,
        Word::NoGo => Tone::NoGoBanner,
        Word::Inconclusive => Tone::InconclusiveBanner,
    }
}

/// `database/login: postgres.28P01`, or the id alone.
pub(super) fn id_and_code(id: &TestId, code: Option<&Code>) -> String {
    named_and_code(&id.to_string(), code)
}

/// A root as those it blocks name it: `database/login: postgres.28P01`, `session admin: http.timeout.first_byte`.
pub(super) fn blamed(blamed: &Blamed) -> String {
    let name = match &blamed.root {
        Root::Test(id) => id.to_string(),
        Root::Session(name) => format!("session {name}"),
    };
    match &blamed.code {
        Some(code) => named_and_code(&name, Some(code)),
        None => visible::line(&format!("{name}: {}", status(blamed.status))),
    }
}

fn named_and_code(name: &str, code: Option<&Code>) -> String {
    match code {
        Some(code) => visible::line(&format!("{name}: {code}")),
        None => visible::line(name),
    }
}

/// Why an instance was not judged on what was seen: `blocked by database/login: postgres.28P01`.
pub(super) fn why(why: &Why) -> String {
    match why {
        Why::Blocked(roots) => {
            let roots: Vec<String> = roots.iter().map(blamed).collect();
            format!("blocked by {}", list(&roots, 3))
        }
        Why::Skipped(reason) => format!("skipped: {}", visible::line(reason)),
        Why::Errored(reason) => format!("could not look: {}", visible::line(reason)),
        Why::NotRun(reason) => format!("not run: {}", not_run(*reason)),
    }
}

/// Why an instance was not run.
pub(super) const fn not_run(reason: NotRun) -> &'static str {
    match reason {
        NotRun::FailFast => "an earlier test ended badly (--fail-fast)",
        NotRun::Deadline => "the deadline of the run passed",
        NotRun::Interrupted => "the run was interrupted",
        NotRun::Killed => "the run was killed",
    }
}

/// `critical tests of database: 3 of 4 good, needs 4 (database/login: postgres.28P01)`.
pub(super) fn reason(reason: &Reason) -> String {
    let rule = rule(reason);
    let mut text = if reason.required.is_empty() {
        format!("{rule}: {}", reason.actual)
    } else {
        let needs = needed(&reason.required, &reason.actual);
        format!("{rule}: {}, needs {needs}", reason.actual)
    };
    if !reason.tests.is_empty() {
        let tests: Vec<String> = reason
            .tests
            .iter()
            .map(|(id, code)| id_and_code(id, code.as_ref()))
            .collect();
        text = format!("{text} ({})", list(&tests, 5));
    }
    visible::line(&text)
}

/// What is required without what was just said: after `3 of 4 good` it is enough to say `4`, and not `4 of 4 good`.
fn needed(required: &str, actual: &str) -> String {
    match actual.split_once(" of ") {
        Some((_, whole)) => {
            let whole = whole.split(',').next().unwrap_or_default();
            required.replacen(&format!(" of {whole}"), "", 1)
        }
        None => required.to_owned(),
    }
}

fn rule(reason: &Reason) -> String {
    let of = |with: &str, without: &str| match &reason.category {
        Some(category) => format!("{with} {category}"),
        None => without.to_owned(),
    };
    match reason.rule {
        Rule::Preflight => of("preflight category", "preflight"),
        Rule::Critical => of("critical tests of", "critical tests"),
        Rule::PassRate => "pass rate".to_owned(),
        Rule::CategoryPassRate => of("pass rate of category", "pass rate of a category"),
        Rule::CriticalOut => of(
            "critical tests that proved nothing in category",
            "critical tests that proved nothing",
        ),
        Rule::MinExecuted => "too little executed".to_owned(),
        Rule::RequiredCategory => of("required category", "required categories"),
        Rule::MaxFlaky => "too many flaky".to_owned(),
        Rule::MaxSkipped => "too many skipped".to_owned(),
        Rule::MaxWaived => "too many waived".to_owned(),
        Rule::Strict => "stands under conditions".to_owned(),
        Rule::Partial => "partial run".to_owned(),
        Rule::Interrupted => "cut short".to_owned(),
        Rule::Complete => "completeness of the record".to_owned(),
    }
}

/// The heading over conditions of one kind.
pub(super) const fn condition(kind: ConditionKind) -> &'static str {
    match kind {
        ConditionKind::NotGood => "not good",
        ConditionKind::Waived => "waived",
        ConditionKind::Flaky => "flaky",
        ConditionKind::Skipped => "skipped",
        ConditionKind::ExpectedFailure => "expected failure",
        ConditionKind::Omitted => "omitted by the target",
        ConditionKind::LeftBehind => "left behind",
        ConditionKind::Lint => "lint",
    }
}

/// The first `most` items, then how many more there are: `a, b, … and 12 more`.
pub(super) fn list(items: &[String], most: usize) -> String {
    // "… and 1 more" is no shorter than the one.
    if items.len() <= most + 1 {
        return items.join(", ");
    }
    format!(
        "{}, … and {} more",
        items[..most].join(", "),
        items.len() - most
    )
}

/// A word as a shell takes it, quoted where it must be.
pub(super) fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/:@%+=,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_cut_and_never_rounded_up() {
        for (nanos, text) in [
            (0, "0 ms"),
            (1, "<1 ms"),
            (124_000_000, "124 ms"),
            (999_999_999, "999 ms"),
            (1_250_000_000, "1.2 s"),
            (59_999_999_999, "59.9 s"),
            (125_000_000_000, "2 min 5 s"),
            (3_720_000_000_000, "1 h 2 min"),
        ] {
            assert_eq!(duration(Duration::from_nanos(nanos)), text);
        }
        assert_eq!(seconds(Duration::from_micros(1_002_999)), "1.002");
        assert_eq!(seconds(Duration::from_secs(4000)), "4000.000");
    }

    #[test]
    fn only_all_of_it_is_a_hundred_percent() {
        assert_eq!(percent(9_999, 10_000), "99.9 %");
        assert_eq!(percent(10_000, 10_000), "100 %");
        assert_eq!(percent(2, 3), "66.6 %");
        assert_eq!(percent(0, 0), "0 %");
        assert_eq!(percent(u64::MAX, u64::MAX), "100 %");
    }

    #[test]
    fn a_list_says_how_many_it_leaves_out() {
        let items: Vec<String> = (1..=7).map(|n| n.to_string()).collect();
        assert_eq!(list(&items, 5), "1, 2, 3, 4, 5, … and 2 more");
        assert_eq!(list(&items[..6], 5), "1, 2, 3, 4, 5, 6");
        assert_eq!(list(&[], 5), "");
    }

    #[test]
    fn a_word_is_quoted_only_where_a_shell_needs_it() {
        assert_eq!(shell_word("staging"), "staging");
        assert_eq!(shell_word("a b"), "'a b'");
        assert_eq!(shell_word("it's"), r"'it'\''s'");
        assert_eq!(shell_word(""), "''");
    }

    #[test]
    fn what_is_needed_does_not_repeat_what_was_said() {
        assert_eq!(
            needed("72 of 80 executed (90 %)", "60 of 80 executed"),
            "72 (90 %)"
        );
        assert_eq!(
            needed("4 of 5 good (80 %)", "3 of 5 good, 1 open"),
            "4 (80 %)"
        );
        assert_eq!(
            needed("all 80 selected", "12 of 80 selected"),
            "all 80 selected"
        );
        assert_eq!(
            needed("run to its end", "interrupted by SIGINT"),
            "run to its end"
        );
    }

    #[test]
    fn a_reason_reads_as_the_gate_documents_it() {
        let text = reason(&Reason {
            rule: Rule::Critical,
            word: Word::NoGo,
            category: Some(crate::model::Category::new("database")),
            required: "4 of 4 good".to_owned(),
            actual: "3 of 4 good".to_owned(),
            tests: vec![(
                TestId::parse("database/login").unwrap(),
                Some(Code::fixed("postgres.28P01")),
            )],
        });
        assert_eq!(
            text,
            "critical tests of database: 3 of 4 good, needs 4 (database/login: postgres.28P01)"
        );
    }
}
