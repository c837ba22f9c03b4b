//! Every way to a wrong GO we could think of, each tried.

use std::sync::Arc;

use crate::gate::decide::{rulings, word};
use crate::model::{Cap, Category, GateMode, NotRun, Policy, Rule, Status, TestId, Why, Word};

use super::building::{Told, percent, rules_of};

use Status::{ExpectedFailure, Failed, Flaky, Passed, Skipped, Waived};

/// Rules that ask for nothing that can be turned off.
fn lenient(told: Told) -> Told {
    told.policy(|policy| {
        policy.min_executed.percent = None;
        policy.min_executed.tests = None;
        policy.pass_rate = crate::model::Rate::from_millionths(1).unwrap();
        policy.max_flaky = Cap::Count(u64::MAX);
        policy.max_skipped = Cap::Count(u64::MAX);
        policy.max_waived = Cap::Count(u64::MAX);
    })
}

#[test]
fn a_run_of_nothing() {
    assert_eq!(lenient(Told::new()).word(), Word::Inconclusive);
    let selection = lenient(Told::new())
        .policy(|policy| policy.mode = GateMode::Selection)
        .partial(0, 5);
    assert_eq!(selection.word(), Word::Inconclusive);
}

#[test]
fn a_run_in_which_nothing_counts() {
    for out in [Skipped, ExpectedFailure, Waived] {
        let told = lenient(Told::new()).tests("plain/t", 5, out);
        assert_eq!(told.word(), Word::Inconclusive, "{out}");
    }
}

#[test]
fn a_critical_instance_that_is_anything_but_good_under_lenient_rules() {
    for status in Status::ALL
        .iter()
        .copied()
        .filter(|status| *status != Passed)
    {
        for preflight in [false, true] {
            let told = lenient(Told::new())
                .category("core", |category| {
                    category.critical = true;
                    category.preflight = preflight;
                })
                .tests("plain/ok", 1000, Passed)
                .tests("core/ok", 100, Passed)
                .test("core/t", status);
            assert_ne!(told.word(), Word::Go, "{status}, preflight: {preflight}");
        }
    }
}

#[test]
fn a_preflight_test_blocked_by_a_failure_outside_that_vetoes_nothing_itself() {
    let told = lenient(Told::new())
        .category("preflight", |category| {
            category.preflight = true;
            category.critical = true;
        })
        .tests("plain/ok", 1000, Passed)
        .test("plain/root", Failed)
        .blocked("preflight/identity", &["plain/root"]);
    assert_eq!(told.word(), Word::NoGo);
}

#[test]
fn a_header_that_forgot_what_the_policy_says() {
    let told = Told::new()
        .category("core", |category| category.critical = true)
        .policy(|policy| policy.invariants.push(TestId::parse("plain/inv").unwrap()))
        .tests("plain/ok", 50, Passed)
        .test("core/t", Failed)
        .last_header(|header| header.critical = false)
        .test("plain/inv", Failed)
        .last_header(|header| {
            header.critical = false;
            header.invariant = false;
        });
    assert_eq!(rules_of(&told.verdict()), [Rule::Critical, Rule::Critical]);
    let only_invariant = Told::new()
        .tests("plain/ok", 50, Passed)
        .test("plain/inv", Failed)
        .last_header(|header| header.invariant = true);
    assert_eq!(only_invariant.word(), Word::NoGo);
}

#[test]
fn an_end_that_is_not_of_the_test_that_was_planned() {
    let told = Told::new()
        .tests("plain/ok", 50, Passed)
        .test("plain/t", Failed)
        .critical()
        .last(|test| Arc::make_mut(&mut test.header).critical = false);
    assert_eq!(told.word(), Word::Inconclusive);
    assert_eq!(rules_of(&told.verdict()), [Rule::Complete]);
}

#[test]
fn a_critical_failure_replaced_by_a_second_end_of_something_that_passed() {
    let told = Told::new()
        .tests("plain/ok", 50, Passed)
        .test("plain/t", Failed)
        .critical()
        .record(|record| record.tests[50] = record.tests[0].clone());
    assert_eq!(told.word(), Word::Inconclusive);
}

#[test]
fn a_critical_instance_hidden_by_leaving_it_out_of_the_selection() {
    let told = Told::new().tests("plain/ok", 50, Passed);
    assert_eq!(told.word(), Word::Go);
    let filtered = told.header(|header| header.filtered = 1);
    assert_eq!(
        filtered.word(),
        Word::Inconclusive,
        "partial by its count alone"
    );
}

#[test]
fn a_killed_run_whose_rest_would_be_enough() {
    let told = Told::new()
        .tests("plain/ok", 99, Passed)
        .test("plain/last", Status::NotRun)
        .last(|test| test.why = Some(Why::NotRun(NotRun::Killed)));
    assert_eq!(told.word(), Word::Inconclusive);
}

#[test]
fn a_rate_that_only_rounds_to_what_is_asked() {
    // 7 999 of 9 999 reads 80.0 % with one decimal.
    let told = Told::new()
        .tests("plain/ok", 7_999, Passed)
        .tests("plain/bad", 2_000, Failed);
    assert_eq!(told.word(), Word::NoGo);
}

#[test]
fn a_flaky_allowance_of_another_category() {
    let told = Told::new()
        .category("lax", |category| category.flaky_passes = true)
        .category("core", |category| category.critical = true)
        .tests("lax/ok", 50, Passed)
        .test("core/t", Flaky);
    assert_eq!(told.word(), Word::Inconclusive);
}

#[test]
fn a_retry_until_green() {
    let told = Told::new()
        .tests("plain/ok", 18, Passed)
        .tests("plain/f", 2, Flaky);
    assert_eq!(rules_of(&told.verdict()), [Rule::MaxFlaky]);
}

#[test]
fn a_category_rescued_by_the_others() {
    let told = Told::new()
        .category("agents", |category| category.pass_rate = Some(percent(50)))
        .tests("plain/ok", 1000, Passed)
        .tests("agents/bad", 2, Failed)
        .tests("agents/ok", 1, Passed);
    assert_eq!(rules_of(&told.verdict()), [Rule::CategoryPassRate]);
}

#[test]
fn a_required_category_of_another_spelling() {
    let told = Told::new()
        .policy(|policy| policy.require_categories.push(Category::new("Startup")))
        .tests("startup/ok", 10, Passed);
    assert_eq!(told.word(), Word::Inconclusive);
}

#[test]
fn what_if_without_the_rules_the_run_was_planned_with() {
    let told = Told::new()
        .category("preflight", |category| {
            category.preflight = true;
            category.critical = true;
        })
        .tests("plain/ok", 50, Passed)
        .test("preflight/identity", Failed);
    let forgetful = told.verdict_if(|policy| *policy = Policy::default());
    assert_eq!(forgetful.word, Word::Inconclusive);
}

/// The rule that stands in the way is not asked, or has lost its checks: no GO by forgetting.
#[test]
fn a_rule_that_was_not_asked() {
    let go = Told::new().tests("plain/ok", 20, Passed).build();
    let all = || rulings(&go.header.policy, &go);
    assert_eq!(word(&all()), Word::Go);
    for index in 0..all().len() {
        let mut fewer = all();
        let forgotten = fewer.remove(index);
        assert_ne!(word(&fewer), Word::Go, "{:?}", forgotten.rule);
    }
    assert_ne!(word(&[]), Word::Go);
}
