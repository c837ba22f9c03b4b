use super::*;
use crate::probe::testing::node;
use crate::yaml::{Diagnostics, decode};

const SECOND: Duration = Duration::from_secs(1);

fn read(yaml: &str) -> Vec<Phase> {
    let mut problems = Diagnostics::default();
    decode(&node(yaml), &mut problems).unwrap_or_else(|| panic!("{yaml}: {problems:?}"))
}

/// Two phases that say both of their ends, and one that follows.
fn three() -> Vec<Phase> {
    let phases = read(
        r#"
- { name: config, start: "phase 1 begin", end: "phase 1 done", budget: 5s }
- { name: database, start: "phase 2 begin", end: "phase 2 done", budget: 3s }
- { name: cache, end: "phase 3 done" }
"#,
    );
    check(&phases).unwrap();
    phases
}

/// After these lines, one each second from the first on.
fn after<'p>(phases: &'p [Phase], lines: &[&str]) -> Phases<'p> {
    let mut seen = Phases::begin(phases);
    for (line, at) in lines.iter().zip(1..) {
        seen.line(line, SECOND * at);
    }
    seen
}

/// Of each phase its name, whether it was reached, and its seconds.
fn told<'p>(seen: &Phases<'p>, at: u32) -> Vec<(&'p str, bool, Option<u64>)> {
    let outcomes = seen.outcomes(SECOND * at).into_iter();
    outcomes
        .map(|one| {
            (
                one.name,
                one.is_reached,
                one.took.map(|took| took.as_secs()),
            )
        })
        .collect()
}

const WELL: [&str; 6] = [
    "phase 1 begin",
    "reading",
    "phase 1 done",
    "phase 2 begin",
    "phase 2 done",
    "phase 3 done",
];

#[test]
fn a_start_that_goes_well_has_all_its_phases_and_their_times() {
    let phases = three();
    let seen = after(&phases, &WELL);
    let all = [
        ("config", true, Some(2)),
        ("database", true, Some(1)),
        ("cache", true, Some(1)),
    ];
    assert_eq!(told(&seen, 100), all);
    assert_eq!(seen.are_in_order(Wanted::Some), Some(true));
    let first = &seen.outcomes(SECOND * 100)[0];
    assert_eq!(first.started, Some(SECOND));
    assert_eq!(first.budget, Some(SECOND * 5));
    assert!(!first.is_over_budget);
    let past = seen.whereabouts(SECOND * 9);
    assert_eq!(past.to_string(), "3s after phase `cache`");
}

#[test]
fn nothing_said_is_nothing_proved() {
    let phases = three();
    let seen = after(&phases, &["hello", "", "phase 1"]);
    let none = [
        ("config", false, None),
        ("database", false, None),
        ("cache", false, None),
    ];
    assert_eq!(told(&seen, 9), none);
    assert_eq!(seen.are_in_order(Wanted::Some), None);
    assert_eq!(
        seen.whereabouts(SECOND * 9).to_string(),
        "before its first phase"
    );
}

#[test]
fn one_that_hangs_is_not_reached_and_is_told_with_its_budget() {
    let phases = three();
    let seen = after(&phases, &WELL[..4]);
    let database = &seen.outcomes(SECOND * 6)[1];
    assert!(!database.is_reached && !database.is_over_budget);
    let database = &seen.outcomes(SECOND * 24)[1];
    assert!(!database.is_reached && database.is_over_budget);
    assert_eq!(database.took, Some(SECOND * 20));
    let now = seen.whereabouts(SECOND * 24);
    assert_eq!(now.to_string(), "in phase `database` for 20s of 3s");
    assert_eq!(seen.are_in_order(Wanted::Some), Some(true));
}

#[test]
fn the_budget_is_a_time_it_may_take() {
    let phases = read("[{ name: a, end: done, budget: 1s }]");
    for (at, is_over) in [(1000, false), (1001, true)] {
        let mut seen = Phases::begin(&phases);
        seen.line("done", Duration::from_millis(at));
        assert_eq!(seen.outcomes(SECOND * 9)[0].is_over_budget, is_over, "{at}");
    }
}

#[test]
fn phases_out_of_order_are_noticed() {
    let phases = three();
    for lines in [
        // The second before the first.
        [
            "phase 2 begin",
            "phase 2 done",
            "phase 1 begin",
            "phase 1 done",
            "phase 3 done",
        ],
        // Both at once.
        [
            "phase 1 begin",
            "phase 2 begin",
            "phase 1 done",
            "phase 2 done",
            "phase 3 done",
        ],
        // The first never ends.
        [
            "phase 1 begin",
            "phase 2 begin",
            "phase 2 done",
            "phase 3 done",
            "",
        ],
        // The last before the one it follows on.
        [
            "phase 3 done",
            "phase 1 begin",
            "phase 1 done",
            "phase 2 begin",
            "phase 2 done",
        ],
    ] {
        assert_eq!(
            after(&phases, &lines).are_in_order(Wanted::Some),
            Some(false),
            "{lines:?}"
        );
    }
}

#[test]
fn an_end_before_the_start_has_no_time_and_is_no_end_once_it_begins() {
    let phases = three();
    let seen = after(&phases, &["phase 1 done"]);
    assert_eq!(told(&seen, 9)[0], ("config", true, None));
    assert_eq!(seen.are_in_order(Wanted::Some), Some(false));
    let seen = after(&phases, &["phase 1 done", "phase 1 begin"]);
    assert_eq!(told(&seen, 9)[0], ("config", false, Some(7)));
    let seen = after(&phases, &["phase 1 done", "phase 1 begin", "phase 1 done"]);
    assert_eq!(told(&seen, 9)[0], ("config", true, Some(1)));
    assert_eq!(seen.are_in_order(Wanted::Some), Some(false));
}

#[test]
fn one_line_may_end_a_phase_and_begin_the_next() {
    let phases = read(
        r"
- { name: config, end: loaded }
- { name: database, start: connecting, end: connected }
- { name: cache, start: connected, end: warm }
",
    );
    let lines = ["loaded, connecting", "connected", "warm"];
    let seen = after(&phases, &lines);
    let all = [
        ("config", true, Some(1)),
        ("database", true, Some(1)),
        ("cache", true, Some(1)),
    ];
    assert_eq!(told(&seen, 9), all);
    assert_eq!(seen.are_in_order(Wanted::Some), Some(true));
}

#[test]
fn one_line_is_never_both_ends_of_a_phase() {
    // Both patterns are too wide: a start that hangs behind its first line must not look done.
    let phases = read("[{ name: database, start: database, end: database }]");
    let seen = after(&phases, &["opening the database"]);
    assert_eq!(told(&seen, 5), [("database", false, Some(4))]);
    // Nor does it end what only follows because of it.
    let phases = read("[{ name: a, end: done }, { name: b, end: done }]");
    let seen = after(&phases, &["done"]);
    assert_eq!(
        told(&seen, 3),
        [("a", true, Some(1)), ("b", false, Some(2))]
    );
    let seen = after(&phases, &["done", "done"]);
    assert_eq!(told(&seen, 3), [("a", true, Some(1)), ("b", true, Some(1))]);
}

#[test]
fn phases_may_share_their_patterns() {
    let phases = read(
        "[{ name: a, start: begin, end: done }, { name: b, start: begin, end: done }, { name: c, start: begin, end: done }]",
    );
    let seen = after(&phases, &["begin", "done", "begin", "done", "begin"]);
    let all = [
        ("a", true, Some(1)),
        ("b", true, Some(1)),
        ("c", false, Some(2)),
    ];
    assert_eq!(told(&seen, 7), all);
    assert_eq!(seen.are_in_order(Wanted::Some), Some(true));
}

#[test]
fn a_start_seen_twice_counts_from_the_first() {
    let phases = three();
    let seen = after(
        &phases,
        &[
            "phase 1 begin",
            "phase 1 begin",
            "phase 1 done",
            "phase 1 begin",
        ],
    );
    let config = &seen.outcomes(SECOND * 9)[0];
    assert_eq!((config.took, config.times), (Some(SECOND * 2), 3));
    assert!(config.is_reached);
    // An end that comes again changes nothing.
    let seen = after(&phases, &["phase 1 begin", "phase 1 done", "phase 1 done"]);
    assert_eq!(told(&seen, 9)[0], ("config", true, Some(1)));
    assert_eq!(seen.are_in_order(Wanted::Some), Some(true));
}

#[test]
fn slips_are_told_at_their_place() {
    for (yaml, field, why) in [
        ("[]", "phases", "1 to 100 phases"),
        (
            "[{ name: a, end: x }, { name: a, end: y }]",
            "phases.1.name",
            "a phase `a` before",
        ),
        ("[{ name: '', end: x }]", "phases.0.name", "a line of text"),
        (
            "[{ name: a, end: x }, { name: b, start: '(', end: y }]",
            "phases.1.start",
            "unclosed",
        ),
        ("[{ name: a, end: '[' }]", "phases.0.end", "unclosed"),
    ] {
        let told = check(&read(yaml)).unwrap_err();
        assert_eq!(told.field, field, "{yaml}");
        assert!(told.message.contains(why), "{yaml}: {}", told.message);
    }
}
