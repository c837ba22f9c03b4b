//! What holds for every record, tried on random ones.

use std::collections::HashMap;

use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::gate::decide::{rulings, word};
use crate::gate::{decide, decide_with};
use crate::model::{
    Blamed, Cap, Code, GateMode, Interrupt, NotRun, Rate, Rule, RunRecord, Status, TestId, Why,
    Word,
};

use super::building::{Told, root_of};

const CATEGORIES: [&str; 4] = ["preflight", "core", "agents", "plain"];
const SESSIONS: [&str; 2] = ["alice", "bob"];

/// A status, and what goes with it. Roots are chosen among the tests and the sessions, sensibly or not.
#[derive(Debug, Clone)]
struct End {
    status: Status,
    roots: Vec<Index>,
    not_run: NotRun,
}

fn end(good: u32) -> impl Strategy<Value = End> {
    let status = prop_oneof![
        good => Just(Status::Passed),
        1 => select(Status::ALL),
    ];
    let roots = proptest::collection::vec(any::<Index>(), 0..3);
    (status, roots, select(NotRun::ALL)).prop_map(|(status, roots, not_run)| End {
        status,
        roots,
        not_run,
    })
}

fn put(record: &mut RunRecord, at: usize, end: &End) {
    let names: Vec<_> = record
        .tests
        .iter()
        .map(|test| test.header.id.to_string())
        .chain(SESSIONS.map(|name| format!("session:{name}")))
        .collect();
    let statuses: Vec<_> = record
        .tests
        .iter()
        .map(|test| test.status)
        .chain(record.sessions.iter().map(|session| session.status))
        .collect();
    let test = &mut record.tests[at];
    test.status = end.status;
    test.why = match end.status {
        Status::Blocked => Some(Why::Blocked(
            end.roots
                .iter()
                .map(|root| root.index(names.len()))
                .map(|root| Blamed {
                    root: root_of(&names[root]),
                    status: statuses[root],
                    code: Some(Code::fixed("tcp.refused")),
                })
                .collect(),
        )),
        Status::NotRun => Some(Why::NotRun(end.not_run)),
        Status::Skipped => Some(Why::Skipped("because".to_owned())),
        _ => None,
    };
}

fn rate() -> impl Strategy<Value = Rate> {
    prop_oneof![
        select(&[1, 500_000, 800_000, 1_000_000][..]),
        1..=1_000_000_u32
    ]
    .prop_map(|millionths| Rate::from_millionths(millionths).unwrap())
}

fn cap() -> impl Strategy<Value = Cap> {
    prop_oneof![
        (0..5_u64).prop_map(Cap::Count),
        (0..=1_000_000_u32).prop_map(Cap::Share),
        Just(Cap::Count(u64::MAX)),
    ]
}

#[derive(Debug, Clone)]
struct Rules {
    pass_rate: Rate,
    caps: (Cap, Cap, Cap),
    min_executed: (Option<u64>, Option<Rate>),
    categories: Vec<(bool, bool, Option<Rate>, bool)>,
    required: Vec<bool>,
    invariants: Vec<usize>,
    selection: bool,
}

fn rules() -> impl Strategy<Value = Rules> {
    let category = (
        any::<bool>(),
        prop::bool::weighted(0.3),
        prop::option::weighted(0.3, rate()),
        prop::bool::weighted(0.3),
    );
    (
        rate(),
        (cap(), cap(), cap()),
        (
            prop::option::weighted(0.2, 0..4_u64),
            prop::option::weighted(0.6, rate()),
        ),
        proptest::collection::vec(category, CATEGORIES.len()),
        proptest::collection::vec(prop::bool::weighted(0.3), CATEGORIES.len()),
        proptest::collection::vec(0..12_usize, 0..2),
        any::<bool>(),
    )
        .prop_map(
            |(pass_rate, caps, min_executed, categories, required, invariants, selection)| Rules {
                pass_rate,
                caps,
                min_executed,
                categories,
                required,
                invariants,
                selection,
            },
        )
}

/// Records of up to twelve tests in four categories, mostly good, under mostly lenient rules: near the edge.
fn records() -> impl Strategy<Value = RunRecord> {
    let good = select(&[1_u32, 6, 20][..]);
    let tests = good.prop_flat_map(|good| {
        proptest::collection::vec(
            (0..CATEGORIES.len(), prop::bool::weighted(0.2), end(good)),
            0..12,
        )
    });
    let sessions = proptest::collection::vec(
        select(
            &[
                Status::Passed,
                Status::Failed,
                Status::Errored,
                Status::NotRun,
            ][..],
        ),
        SESSIONS.len(),
    );
    let partial = prop::option::weighted(0.2, 0..5_u64);
    let interrupted = prop::option::weighted(0.05, select(Interrupt::ALL));
    (rules(), tests, sessions, partial, interrupted).prop_map(
        |(rules, tests, sessions, partial, interrupted)| {
            told(&rules, &tests, &sessions, partial, interrupted)
        },
    )
}

fn told(
    rules: &Rules,
    tests: &[(usize, bool, End)],
    sessions: &[Status],
    partial: Option<u64>,
    interrupted: Option<Interrupt>,
) -> RunRecord {
    let mut told = Told::new().policy(|policy| {
        policy.pass_rate = rules.pass_rate;
        (policy.max_flaky, policy.max_skipped, policy.max_waived) = rules.caps;
        policy.min_executed.tests = rules.min_executed.0;
        policy.min_executed.percent = rules.min_executed.1;
        if rules.selection {
            policy.mode = GateMode::Selection;
        }
        for invariant in &rules.invariants {
            // Most of them exist: the test of that number, in its category.
            let category = tests.get(*invariant).map_or(3, |test| test.0);
            let id = format!("{}/t{invariant}", CATEGORIES[category]);
            policy.invariants.push(TestId::parse(&id).unwrap());
        }
    });
    for (name, (critical, preflight, pass_rate, flaky_passes)) in
        CATEGORIES.iter().zip(&rules.categories)
    {
        told = told.category(name, |category| {
            category.critical = *critical;
            category.preflight = *preflight;
            category.pass_rate = *pass_rate;
            category.flaky_passes = *flaky_passes;
        });
    }
    let names = CATEGORIES.iter().zip(&rules.required);
    let required = names.filter(|(_, required)| **required);
    told = told.policy(|policy| {
        policy.require_categories = required
            .map(|(name, _)| crate::model::Category::new(*name))
            .collect();
    });
    for (number, (category, critical, end)) in tests.iter().enumerate() {
        told = told.test(&format!("{}/t{number}", CATEGORIES[*category]), end.status);
        if *critical {
            told = told.critical();
        }
    }
    for (name, status) in SESSIONS.iter().zip(sessions) {
        told = told.session(name, *status);
    }
    if let Some(filtered) = partial {
        let selected = tests.len() as u64;
        told = told.partial(selected, selected + filtered);
    }
    let mut record = told.build();
    record.interrupted = interrupted;
    for (number, (_, _, end)) in tests.iter().enumerate() {
        put(&mut record, number, end);
    }
    record
}

fn is_critical(record: &RunRecord, at: usize) -> bool {
    let header = &record.tests[at].header;
    header.critical || header.invariant
}

/// The documentation again, written as directly as possible and without any of the gate's own parts: when is a run GO?
fn is_plainly_go(record: &RunRecord) -> bool {
    let policy = &record.header.policy;
    let passes = |at: usize| {
        let test = &record.tests[at];
        let lax = policy
            .category(test.header.id.category())
            .is_some_and(|category| category.flaky_passes);
        test.status == Status::Passed
            || (test.status == Status::Flaky && (lax || !is_critical(record, at)))
    };
    let is_out = |at: usize| {
        matches!(
            record.tests[at].status,
            Status::Skipped | Status::ExpectedFailure | Status::Waived
        )
    };
    let everywhere = 0..record.tests.len();
    let share_reached = |rate: Rate, part: usize, whole: usize| {
        whole > 0 && part as u128 * 1_000_000 >= u128::from(rate.millionths()) * whole as u128
    };
    let floor = |rate: Rate, among: &dyn Fn(usize) -> bool| {
        let counted = everywhere.clone().filter(|at| among(*at) && !is_out(*at));
        let good = counted.clone().filter(|at| passes(*at)).count();
        share_reached(rate, good, counted.count())
    };
    let of = |name: &crate::model::Category| {
        let name = name.clone();
        move |at: usize| *record.tests[at].header.id.category() == name
    };
    let partial = record.header.partial.is_some();
    let ended = |status: Status| {
        everywhere
            .clone()
            .filter(|at| record.tests[*at].status == status)
            .count()
    };
    let within = |cap: Cap, count: usize| match cap {
        Cap::Count(most) => count as u64 <= most,
        Cap::Share(share) => {
            count as u128 * 1_000_000 <= u128::from(share) * record.tests.len() as u128
        }
    };
    let executed = record
        .tests
        .iter()
        .filter(|test| test.status.is_executed())
        .count();

    !record.tests.is_empty()
        && everywhere
            .clone()
            .all(|at| !is_critical(record, at) || passes(at))
        && floor(policy.pass_rate, &|_| true)
        && policy.categories.iter().all(|category| {
            let mine = of(&category.name);
            let absent = !everywhere.clone().any(&mine);
            category
                .pass_rate
                .is_none_or(|rate| (partial && absent) || floor(rate, &mine))
        })
        && policy.require_categories.iter().all(|name| {
            let mine = of(name);
            let absent = !everywhere.clone().any(&mine);
            (partial && absent) || everywhere.clone().any(|at| mine(at) && !is_out(at))
        })
        && policy
            .invariants
            .iter()
            .all(|wanted| partial || record.tests.iter().any(|test| test.header.id == *wanted))
        && policy
            .min_executed
            .tests
            .is_none_or(|least| executed as u64 >= least)
        && policy.min_executed.percent.is_none_or(|rate| {
            share_reached(rate, executed, record.tests.len() - ended(Status::Skipped))
        })
        && within(policy.max_flaky, ended(Status::Flaky))
        && within(policy.max_skipped, ended(Status::Skipped))
        && within(policy.max_waived, ended(Status::Waived))
        && !(partial && policy.mode == GateMode::Full)
        && record.interrupted.is_none()
        && !record.tests.iter().any(|test| {
            matches!(
                test.why,
                Some(Why::NotRun(NotRun::Killed | NotRun::Interrupted))
            )
        })
}

/// Reasons that can be compared whatever the order of the tests: what each says of how many, and of which.
fn unordered(record: &RunRecord) -> Vec<(Rule, Word, String, String, Vec<String>)> {
    let mut reasons: Vec<_> = decide(record)
        .reasons
        .into_iter()
        .map(|reason| {
            let mut tests: Vec<_> = reason.tests.iter().map(|(id, _)| id.to_string()).collect();
            tests.sort();
            (
                reason.rule,
                reason.word,
                reason.required,
                reason.actual,
                tests,
            )
        })
        .collect();
    reasons.sort_by_key(|reason| (reason.0.name(), reason.4.clone(), reason.3.clone()));
    reasons
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn go_is_what_the_documentation_says(record in records()) {
        prop_assert_eq!(decide(&record).word == Word::Go, is_plainly_go(&record), "{:#?}", decide(&record));
    }

    #[test]
    fn a_worse_end_never_makes_a_run_better(record in records(), worse in end(0)) {
        let before = decide(&record).word;
        for at in 0..record.tests.len() {
            if record.tests[at].status != Status::Passed {
                continue;
            }
            let mut changed = record.clone();
            put(&mut changed, at, &worse);
            let after = decide(&changed).word;
            prop_assert!(after != Word::Go || before == Word::Go, "{before} became {after}");
            if before == Word::NoGo && !record.tests[at].header.preflight {
                prop_assert_eq!(after, Word::NoGo);
            }
        }
    }

    #[test]
    fn a_critical_instance_that_is_not_good_is_never_go(record in records(), end in end(0)) {
        for at in (0..record.tests.len()).filter(|at| is_critical(&record, *at)) {
            let mut record = record.clone();
            put(&mut record, at, &end);
            let status = record.tests[at].status;
            let category = record.header.policy.category(record.tests[at].header.id.category()).unwrap();
            let good = status == Status::Passed || (status == Status::Flaky && category.flaky_passes);
            prop_assert!(good || decide(&record).word != Word::Go);
        }
    }

    #[test]
    fn a_failed_critical_instance_outside_preflight_is_no_go_when_preflight_is_good(record in records()) {
        let failed = (0..record.tests.len()).any(|at| {
            is_critical(&record, at) && !record.tests[at].header.preflight && record.tests[at].status == Status::Failed
        });
        let preflight = decide(&record).reasons.iter().any(|reason| reason.rule == Rule::Preflight);
        if failed && !preflight {
            prop_assert_eq!(decide(&record).word, Word::NoGo);
        }
        if preflight {
            prop_assert_eq!(decide(&record).word, Word::Inconclusive);
        }
    }

    #[test]
    fn the_order_of_tests_does_not_matter(
        (record, shuffled) in records().prop_flat_map(|record| {
            let tests = Just(record.tests.clone()).prop_shuffle();
            (Just(record), tests)
        }),
    ) {
        let mut other = record.clone();
        other.tests = shuffled;
        prop_assert_eq!(decide(&record).word, decide(&other).word);
        prop_assert_eq!(unordered(&record), unordered(&other));
    }

    #[test]
    fn reasons_are_there_exactly_when_it_is_not_go_and_in_order(record in records()) {
        let verdict = decide(&record);
        prop_assert_eq!(verdict.reasons.is_empty(), verdict.word == Word::Go);
        let places: Vec<_> = verdict
            .reasons
            .iter()
            .map(|reason| Rule::ALL.iter().position(|rule| *rule == reason.rule))
            .collect();
        prop_assert!(places.is_sorted());
        let no_go = verdict.reasons.iter().any(|reason| reason.word == Word::NoGo);
        prop_assert!(verdict.word != Word::NoGo || no_go);
        prop_assert!(verdict.reasons.iter().all(|reason| reason.word != Word::Go));
    }

    #[test]
    fn no_reason_taken_away_makes_a_run_go(record in records()) {
        let policy = &record.header.policy;
        let before = decide(&record);
        for rule in Rule::ALL {
            // Its reasons: nothing is left to say why, and the word stands.
            let mut silent = rulings(policy, &record);
            for check in silent.iter_mut().filter(|one| one.rule == *rule).flat_map(|one| &mut one.checks) {
                check.required.clear();
                check.actual.clear();
                check.tests.clear();
                check.category = None;
            }
            prop_assert_eq!(word(&silent), before.word);
            // The whole rule: a gate that forgot to ask is not satisfied.
            let mut forgetful = rulings(policy, &record);
            forgetful.retain(|one| one.rule != *rule);
            prop_assert_ne!(word(&forgetful), Word::Go);
        }
    }

    #[test]
    fn planned_is_the_sum_of_statuses(record in records(), at: Index) {
        prop_assert_eq!(record.counts().total(), record.header.tests.len() as u64);
        if !record.tests.is_empty() {
            let at = at.index(record.tests.len());
            let mut short = record.clone();
            let test = short.tests.remove(at);
            prop_assert_eq!(decide(&short).word, Word::Inconclusive);
            let mut long = record.clone();
            long.tests.push(test);
            prop_assert_eq!(decide(&long).word, Word::Inconclusive);
        }
    }

    #[test]
    fn no_share_exceeds_the_whole(record in records()) {
        let all = record.tests.len() as u64 + record.header.filtered;
        for reason in decide(&record).reasons {
            for text in [reason.required, reason.actual] {
                let words: Vec<_> = text.split(' ').collect();
                if let [part, "of", whole, ..] = words[..] {
                    let (part, whole) = (part.parse::<u64>().unwrap(), whole.parse::<u64>().unwrap());
                    prop_assert!(part <= whole && whole <= all, "{text}");
                }
            }
        }
    }

    #[test]
    fn a_stricter_policy_never_makes_a_run_go(record in records()) {
        let before = decide(&record).word;
        let mut policy = record.header.policy.clone();
        policy.pass_rate = Rate::ALL;
        policy.max_flaky = Cap::Count(0);
        for category in &mut policy.categories {
            category.critical = true;
            category.flaky_passes = false;
        }
        prop_assert!(before == Word::Go || decide_with(&policy, &record).word != Word::Go);
    }
}

/// The generator reaches all three words often enough for the properties to say something.
#[test]
fn random_records_reach_every_word() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let mut words: HashMap<Word, usize> = HashMap::new();
    for _ in 0..2000 {
        let record = records().new_tree(&mut runner).unwrap().current();
        *words.entry(decide(&record).word).or_default() += 1;
    }
    for word in [Word::Go, Word::NoGo, Word::Inconclusive] {
        assert!(
            words.get(&word).is_some_and(|count| *count >= 100),
            "{words:?}"
        );
    }
}
