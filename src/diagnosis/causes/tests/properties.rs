//! What holds for every run, whatever is broken in it.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::building::{Told, id};
use super::pieces::{failed, pieces, saw_something, told};
use crate::diagnosis::address::Address;
use crate::model::{Confidence, Diagnosis, Layer, Phase, Root, Status, TestId, Why};

/// The diagnosis with lists in the order of ids.
fn sorted(mut diagnosis: Diagnosis) -> Diagnosis {
    diagnosis.failures.sort_by(|a, b| a.test.cmp(&b.test));
    for cause in &mut diagnosis.causes {
        cause.failed.sort();
        cause.blocked.sort();
        // It names the first in plan order.
        cause
            .why
            .retain(|line| !line.text.contains("not run") && !line.text.contains("consequence"));
    }
    diagnosis
}

/// The same run, its tests in another order.
fn shuffled(told: &Told, keys: &[u32]) -> Told {
    let mut shuffled = told.clone();
    let mut order: Vec<usize> = (0..told.record.tests.len()).collect();
    order.sort_by_key(|at| keys[*at]);
    shuffled.record.tests = order
        .iter()
        .map(|at| told.record.tests[*at].clone())
        .collect();
    let tests = &shuffled.record.tests;
    let place = |test: &TestId| tests.iter().position(|one| one.header.id == *test);
    let sessions = told.record.sessions.len();
    shuffled.failures[sessions..].sort_by_key(|one| place(&one.test));
    shuffled
}

/// The same run, this test not in it.
fn without(told: &Told, test: &TestId) -> Told {
    let mut less = told.clone();
    less.record.tests.retain(|one| one.header.id != *test);
    less
}

proptest! {
    #[test]
    fn every_failure_has_one_cause_and_every_line_its_evidence(pieces in pieces(40)) {
        let told = told(&pieces);
        let diagnosis = told.diagnosis();
        let mut named: Vec<TestId> = diagnosis.causes.iter().flat_map(|one| one.failed.clone()).collect();
        named.sort();
        let mut all = failed(&told);
        all.sort();
        prop_assert_eq!(named, all);
        for one in &diagnosis.failures {
            let cause = &diagnosis.causes[one.cause];
            prop_assert!(cause.failed.contains(&one.test));
            prop_assert!(cause.layer <= one.layer, "{one:?}");
        }
        for (number, cause) in diagnosis.causes.iter().enumerate() {
            prop_assert!(!cause.failed.is_empty() && !cause.evidence.is_empty());
            prop_assert!(cause.why.iter().all(|line| line.evidence.is_some()));
            prop_assert!(!cause.why.is_empty());
            let is_weak = cause.blame.confidence == Confidence::Low;
            let is_alone = cause.failed.len() == 1 && cause.blocked.is_empty();
            prop_assert_eq!(cause.unexplained, is_weak && is_alone);
            for other in &cause.tied_with {
                prop_assert!(*other != number && diagnosis.causes[*other].tied_with.contains(&number));
            }
        }
    }

    #[test]
    fn who_passed_is_not_cited_as_failed_nor_who_saw_nothing_as_a_witness(pieces in pieces(40)) {
        let told = told(&pieces);
        let all: BTreeSet<TestId> = failed(&told).into_iter().collect();
        for cause in told.diagnosis().causes {
            prop_assert!(cause.failed.iter().all(|test| all.contains(test)));
            prop_assert!(cause.lead().is_some_and(|test| cause.failed.contains(test)));
            for cited in &cause.evidence {
                prop_assert!(cause.failed.contains(&cited.test), "{cited:?} of {cause:?}");
            }
            for cited in &cause.refuting {
                // Who failed further on shows as well that everything before was there.
                let got_further = all.contains(&cited.test) && !cause.failed.contains(&cited.test);
                prop_assert!(saw_something(&told, &cited.test) || got_further, "{cited:?} of {cause:?}");
            }
        }
    }

    #[test]
    fn what_was_not_run_hangs_below_what_blocked_it(pieces in pieces(40)) {
        let told = told(&pieces);
        let diagnosis = told.diagnosis();
        for test in &told.record.tests {
            let roots = match &test.why {
                Some(Why::Blocked(roots)) => roots.as_slice(),
                _ => &[],
            };
            let failures = roots.iter().filter_map(|blamed| {
                let name = match &blamed.root {
                    Root::Test(id) => id.clone(),
                    Root::Session(name) => id(&format!("session/{name}")),
                };
                diagnosis.of(&name)
            });
            let expected: BTreeSet<usize> = failures.map(|one| one.cause).collect();
            let numbered = diagnosis.causes.iter().enumerate();
            let found = numbered.filter(|(_, cause)| cause.blocked.contains(&test.header.id));
            let found: BTreeSet<usize> = found.map(|(number, _)| number).collect();
            prop_assert_eq!(found, expected, "{}", test.header.id);
        }
        for cause in &diagnosis.causes {
            let times: BTreeSet<&TestId> = cause.blocked.iter().collect();
            prop_assert_eq!(times.len(), cause.blocked.len());
        }
    }

    #[test]
    fn no_cause_is_refuted_by_what_it_explains(pieces in pieces(40)) {
        let told = told(&pieces);
        let diagnosis = told.diagnosis();
        for one in &diagnosis.failures {
            let cause = &diagnosis.causes[one.cause];
            let Some(record) = told.record.test(&one.test) else {
                continue;
            };
            // What it names in its answer is behind what it got through, and so is nothing of this machine.
            if cause.layer == Layer::Runner || !record.header.resources.contains(&cause.resource) {
                continue;
            }
            let fault = record.attempts[0].steps[0].observation.fault.as_ref();
            let got_through = match fault.map(|fault| fault.phase) {
                Some(Phase::Resolve) => Layer::Configuration,
                Some(Phase::Connect) => Layer::Dns,
                _ => Layer::Tls,
            };
            prop_assert!(cause.layer > got_through, "{one:?} and {cause:?}");
        }
    }

    #[test]
    fn the_order_of_tests_changes_nothing(
        pieces in pieces(30),
        keys in prop::collection::vec(any::<u32>(), 30),
    ) {
        let told = told(&pieces);
        let (before, after) = (told.diagnosis(), shuffled(&told, &keys).diagnosis());
        prop_assert_eq!(sorted(before), sorted(after));
    }

    /// Of those who passed and are named nowhere, with nothing in common with what failed, none makes a difference.
    #[test]
    fn who_has_nothing_to_do_with_it_changes_nothing(pieces in pieces(30)) {
        let told = told(&pieces);
        let diagnosis = told.diagnosis();
        let all: BTreeSet<TestId> = failed(&told).into_iter().collect();
        let tests = &told.record.tests;
        let of_failures = tests.iter().filter(|one| all.contains(&one.header.id));
        let looked = of_failures.flat_map(|one| one.attempts.iter().flat_map(|attempt| &attempt.steps));
        let of_sessions = told.record.sessions.iter().filter_map(|one| one.attempt.as_ref());
        let looked = looked.chain(of_sessions.flat_map(|attempt| &attempt.steps));
        let used: BTreeSet<_> = looked.flat_map(|step| &step.resources).map(|one| Address::of(one).host).collect();
        let words = format!("{diagnosis:?}");
        let is_between = |c: char| !(c.is_ascii_alphanumeric() || "/-".contains(c));
        let told_of: BTreeSet<&str> = words.split(is_between).collect();
        let named = |test: &TestId| told_of.contains(&*test.to_string()) || words.contains(&format!("{test:?}"));
        let idle = tests.iter().filter(|one| one.status == Status::Passed);
        for idle in idle.filter(|one| one.header.resources.iter().all(|at| !used.contains(&Address::of(at).host))) {
            let less = without(&told, &idle.header.id).diagnosis();
            if !named(&idle.header.id) {
                prop_assert_eq!(&less, &diagnosis, "without {}", idle.header.id);
            }
        }
    }

    #[test]
    fn the_same_record_gives_the_same_bytes(pieces in pieces(30)) {
        let told = told(&pieces);
        prop_assert_eq!(format!("{:?}", told.diagnosis()), format!("{:?}", told.diagnosis()));
    }
}
