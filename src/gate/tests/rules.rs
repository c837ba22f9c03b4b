//! For every rule a record that just holds, and one that just does not.

use crate::model::{
    Cap, Category, ConditionKind, GateMode, Interrupt, NotRun, Omitted, Rule, Status, TestId,
    Verdict, Why, Word,
};

use super::building::{Told, line, percent, rules_of};

use Status::{
    Blocked, Errored, ExpectedFailure, Failed, Flaky, NotRun as NotRunStatus, Passed, Skipped,
    UnexpectedPass, Unproved, Waived,
};

/// Twenty plain tests that passed: room for one that did not.
fn twenty() -> Told {
    Told::new().tests("plain/ok", 20, Passed)
}

fn reasons(told: &Told) -> Vec<String> {
    told.verdict().reasons.iter().map(line).collect()
}

fn assert_go(told: &Told) {
    assert_eq!(reasons(told), Vec::<String>::new());
    assert_eq!(told.word(), Word::Go);
}

fn assert_only(told: &Told, word: Word, rule: Rule) {
    assert_eq!(
        (told.word(), rules_of(&told.verdict())),
        (word, vec![rule]),
        "{:#?}",
        reasons(told)
    );
}

#[test]
fn everything_passed_is_go() {
    assert_go(&Told::new().test("a/b", Passed));
    assert_go(&twenty());
}

#[test]
fn a_critical_preflight_test_decides_whether_anything_can_be_said() {
    let told = |status| {
        twenty()
            .category("preflight", |category| category.preflight = true)
            .category("core", |category| category.critical = true)
            .test("preflight/identity", status)
            .critical()
    };
    assert_go(&told(Passed));
    for status in Status::ALL
        .iter()
        .copied()
        .filter(|status| *status != Passed)
    {
        // Also with a veto beside it: what cannot be trusted is no basis for NO-GO either.
        let told = told(status).test("core/login", Failed);
        assert_eq!(told.word(), Word::Inconclusive, "{status}");
        let rules = rules_of(&told.verdict());
        assert_eq!(rules[..2], [Rule::Preflight, Rule::Critical], "{status}");
    }
}

#[test]
fn an_invariant_in_preflight_is_critical_too() {
    let told = |status| {
        twenty()
            .category("preflight", |category| category.preflight = true)
            .policy(|policy| {
                policy
                    .invariants
                    .push(TestId::parse("preflight/identity").unwrap());
            })
            .test("preflight/identity", status)
    };
    assert_go(&told(Passed));
    for status in [Failed, Errored, Skipped, Waived] {
        assert_only(&told(status), Word::Inconclusive, Rule::Preflight);
    }
}

#[test]
fn a_preflight_test_that_is_not_critical_counts_only_in_floors() {
    let told = |failed| {
        Told::new()
            .category("preflight", |category| category.preflight = true)
            .tests("plain/ok", 8, Passed)
            .tests("preflight/hint", failed, Failed)
    };
    assert_go(&told(2));
    assert_only(&told(3), Word::NoGo, Rule::PassRate);
}

#[test]
fn a_flaky_preflight_test_counts_as_good_only_where_its_category_says_so() {
    let told = |flaky_passes| {
        twenty()
            .category("preflight", |category| {
                category.preflight = true;
                category.critical = true;
                category.flaky_passes = flaky_passes;
            })
            .test("preflight/identity", Flaky)
    };
    assert_go(&told(true));
    assert_only(&told(false), Word::Inconclusive, Rule::Preflight);
}

#[test]
fn a_preflight_test_blocked_from_outside_is_a_veto_like_the_rest() {
    let told = |root: Status| {
        twenty()
            .category("preflight", |category| {
                category.preflight = true;
                category.critical = true;
            })
            .test("plain/root", root)
            .blocked("preflight/identity", &["plain/root"])
    };
    assert_only(&told(Failed), Word::NoGo, Rule::Critical);
    assert_only(&told(Errored), Word::Inconclusive, Rule::Critical);
}

#[test]
fn a_preflight_test_blocked_also_from_inside_decides() {
    let told = |roots: &[&str]| {
        twenty()
            .category("preflight", |category| category.preflight = true)
            .session("alice", Failed)
            .test("plain/root", Failed)
            .test("preflight/clock", Failed)
            .blocked("preflight/identity", roots)
            .critical()
            .word()
    };
    assert_eq!(told(&["plain/root"]), Word::NoGo);
    for roots in [
        &["preflight/clock"][..],
        &["plain/root", "preflight/clock"],
        &["session:alice"],
        &[],
    ] {
        assert_eq!(told(roots), Word::Inconclusive, "{roots:?}");
    }
}

#[test]
fn one_critical_instance_that_is_bad_is_a_veto() {
    let told = |status| {
        twenty()
            .category("database", |category| category.critical = true)
            .tests("database/ok", 3, Passed)
            .test("database/login", status)
    };
    assert_go(&told(Passed));
    assert_eq!(
        reasons(&told(Failed).code("postgres.28P01")),
        [
            "NO-GO critical [database] 3 of 4 good; needs 4 of 4 good; database/login: postgres.28P01"
        ]
    );
    assert_eq!(
        reasons(&told(UnexpectedPass)),
        [
            "NO-GO critical [database] 3 of 4 good; needs 4 of 4 good; database/login: gate.unexpected_pass"
        ]
    );
    for status in [Unproved, Errored, Blocked, NotRunStatus, Flaky] {
        assert_only(&told(status), Word::Inconclusive, Rule::Critical);
    }
    assert_eq!(
        reasons(&told(Flaky)),
        [
            "INCONCLUSIVE critical [database] 3 of 4 good, 1 open; needs 4 of 4 good; database/login: gate.flaky"
        ]
    );
    for status in [ExpectedFailure, Waived, Skipped] {
        assert_only(&told(status), Word::Inconclusive, Rule::CriticalOut);
    }
    assert_eq!(
        reasons(&told(Waived).code("tcp.refused")),
        [
            "INCONCLUSIVE critical_out [database] 3 of 4 counted; needs 4 of 4 counted; database/login: tcp.refused"
        ]
    );
}

#[test]
fn a_test_is_critical_by_its_own_word_and_as_an_invariant() {
    let own = twenty().test("plain/own", Failed).critical();
    assert_only(&own, Word::NoGo, Rule::Critical);
    let invariant = twenty()
        .policy(|policy| policy.invariants.push(TestId::parse("plain/inv").unwrap()))
        .test("plain/inv[row]", Failed);
    assert_only(&invariant, Word::NoGo, Rule::Critical);
    assert_go(&twenty().test("plain/neither", Failed));
}

#[test]
fn flaky_is_good_where_nothing_depends_on_it_or_its_category_says_so() {
    let all = || twenty().policy(|policy| policy.pass_rate = percent(100));
    assert_go(&all().test("plain/f", Flaky));
    assert_only(
        &all().test("plain/f", Errored),
        Word::Inconclusive,
        Rule::PassRate,
    );
    let told = |flaky_passes| {
        twenty()
            .category("core", |category| {
                category.critical = true;
                category.flaky_passes = flaky_passes;
            })
            .test("core/f", Flaky)
    };
    assert_go(&told(true));
    assert_only(&told(false), Word::Inconclusive, Rule::Critical);
}

#[test]
fn blocked_is_as_bad_as_its_root() {
    let told = |root: &str, status| {
        twenty()
            .category("preflight", |category| category.preflight = true)
            .category("core", |category| category.critical = true)
            .session("alice", status)
            .test("plain/root", status)
            .test("preflight/root", status)
            .blocked("core/b", &["plain/ok-0", root])
            .word()
    };
    for bad in [Failed, UnexpectedPass] {
        assert_eq!(told("plain/root", bad), Word::NoGo, "{bad}");
        assert_eq!(told("session:alice", bad), Word::NoGo, "{bad}");
        assert_eq!(told("preflight/root", bad), Word::Inconclusive, "{bad}");
    }
    for open in [
        Errored,
        Unproved,
        NotRunStatus,
        Waived,
        ExpectedFailure,
        Blocked,
    ] {
        assert_eq!(told("plain/root", open), Word::Inconclusive, "{open}");
        assert_eq!(told("session:alice", open), Word::Inconclusive, "{open}");
    }
}

#[test]
fn a_root_the_record_lacks_is_taken_as_the_blocked_test_tells_it() {
    let told = |roots: &[&str]| {
        twenty()
            .category("preflight", |category| category.preflight = true)
            .blocked("core/b", roots)
            .critical()
            .word()
    };
    assert_eq!(told(&["gone/root"]), Word::NoGo);
    assert_eq!(told(&["session:gone"]), Word::NoGo);
    assert_eq!(told(&["preflight/gone"]), Word::Inconclusive);
    assert_eq!(told(&[]), Word::Inconclusive);
}

#[test]
fn the_code_of_a_blocked_test_is_its_roots() {
    let told = twenty()
        .test("plain/root", Failed)
        .blocked("core/b", &["plain/root"])
        .critical();
    assert_eq!(
        reasons(&told),
        ["NO-GO critical [core] 0 of 1 good; needs 1 of 1 good; core/b: tcp.refused"]
    );
}

#[test]
fn the_pass_rate_is_lost_only_when_it_can_no_longer_be_reached() {
    let told = |failed, errored| {
        Told::new()
            .policy(|policy| policy.min_executed.percent = None)
            .tests("plain/ok", 80, Passed)
            .tests("plain/bad", failed, Failed)
            .tests("plain/open", errored, Errored)
    };
    assert_go(&told(20, 0));
    assert_go(&told(0, 20));
    assert_only(&told(20, 1), Word::Inconclusive, Rule::PassRate);
    assert_only(&told(21, 0), Word::NoGo, Rule::PassRate);
    assert!(reasons(&told(21, 0))[0].starts_with(
        "NO-GO pass_rate [-] 80 of 101 good; needs 81 of 101 good (80 %); plain/bad-0,"
    ));
}

#[test]
fn a_pass_rate_over_nothing_is_open() {
    let told = Told::new()
        .policy(|policy| {
            policy.max_skipped = Cap::Count(9);
            policy.min_executed.percent = None;
        })
        .tests("plain/s", 3, Skipped);
    assert_only(&told, Word::Inconclusive, Rule::PassRate);
}

#[test]
fn a_category_has_its_own_floor() {
    let told = |good, bad| {
        twenty()
            .category("agents", |category| category.pass_rate = Some(percent(50)))
            .tests("agents/ok", good, Passed)
            .tests("agents/bad", bad, Failed)
    };
    assert_go(&told(2, 2));
    assert_only(&told(1, 2), Word::NoGo, Rule::CategoryPassRate);
    assert_only(&told(0, 0), Word::Inconclusive, Rule::CategoryPassRate);
    assert_only(
        &told(1, 1).test("agents/open", Unproved),
        Word::Inconclusive,
        Rule::CategoryPassRate,
    );
}

#[test]
fn an_invariant_that_is_out_or_missing_proves_nothing() {
    let told = |policy_has_it: bool| {
        twenty().policy(|policy| {
            if policy_has_it {
                policy
                    .invariants
                    .push(TestId::parse("agents/isolation").unwrap());
            }
        })
    };
    assert_go(&told(true).test("agents/isolation", Passed));
    assert_go(&told(false).test("agents/isolation", Waived));
    assert_only(
        &told(true).test("agents/isolation", Waived),
        Word::Inconclusive,
        Rule::CriticalOut,
    );
    assert_only(
        &told(true).test("agents/isolation", Skipped),
        Word::Inconclusive,
        Rule::CriticalOut,
    );
    assert_only(&told(true), Word::Inconclusive, Rule::CriticalOut);
    assert_go(&told(false));
}

#[test]
fn enough_must_be_executed() {
    let told = |open| {
        Told::new()
            .tests("plain/ok", 18, Passed)
            .tests("plain/open", open, Errored)
    };
    assert_go(&told(2));
    assert_only(&told(3), Word::Inconclusive, Rule::MinExecuted);
    assert_eq!(
        reasons(&told(3)),
        [
            "INCONCLUSIVE min_executed [-] 18 of 21 executed; needs 19 of 21 executed (90 %); plain/open-0, plain/open-1, plain/open-2"
        ]
    );
    // Skipped ones are not missed, and not named.
    let thin = told(3).test("plain/s", Skipped);
    assert!(reasons(&thin)[0].ends_with("plain/open-0, plain/open-1, plain/open-2"));
    let generous = told(2).policy(|policy| policy.max_skipped = Cap::Count(9));
    assert_go(&generous.tests("plain/s", 5, Skipped));
}

#[test]
fn enough_can_be_a_number_or_both() {
    let told = |count, percent| {
        twenty().test("plain/open", Errored).policy(|policy| {
            policy.min_executed.tests = Some(count);
            policy.min_executed.percent = percent;
        })
    };
    assert_go(&told(20, None));
    assert_only(&told(21, None), Word::Inconclusive, Rule::MinExecuted);
    assert_go(&told(20, Some(percent(95))));
    assert_only(
        &told(20, Some(percent(96))),
        Word::Inconclusive,
        Rule::MinExecuted,
    );
    assert_eq!(
        rules_of(&told(21, Some(percent(96))).verdict()),
        [Rule::MinExecuted, Rule::MinExecuted]
    );
}

#[test]
fn which_statuses_count_as_executed() {
    for status in Status::ALL {
        let executed = matches!(
            status,
            Passed | Flaky | Failed | Unproved | ExpectedFailure | UnexpectedPass | Waived
        );
        let told = twenty().test("plain/t", *status).policy(|policy| {
            policy.min_executed.tests = Some(21);
            policy.min_executed.percent = None;
        });
        let missed = rules_of(&told.verdict()).contains(&Rule::MinExecuted);
        assert_eq!(missed, !executed, "{status}");
    }
}

#[test]
fn a_required_category_must_have_something_that_counts() {
    let told = || {
        twenty()
            .policy(|policy| policy.require_categories.push(Category::new("startup")))
            .category("startup", |_| {})
    };
    assert_go(&told().test("startup/t", Passed));
    assert_go(&told().test("startup/t", Failed));
    assert_go(
        &told()
            .test("startup/t", Passed)
            .test("startup/x", ExpectedFailure),
    );
    assert_only(&told(), Word::Inconclusive, Rule::RequiredCategory);
    for out in [Skipped, ExpectedFailure, Waived] {
        assert_only(
            &told().test("startup/t", out),
            Word::Inconclusive,
            Rule::RequiredCategory,
        );
    }
    assert_eq!(
        reasons(&told().test("startup/t", Waived)),
        [
            "INCONCLUSIVE required_category [startup] 0 of 1 counted; needs at least 1 counted; startup/t"
        ]
    );
}

#[test]
fn caps_are_over_planned_minus_filtered() {
    for (status, rule) in [
        (Flaky, Rule::MaxFlaky),
        (Skipped, Rule::MaxSkipped),
        (Waived, Rule::MaxWaived),
    ] {
        let told = |cap, count: usize| {
            Told::new()
                .policy(|policy| {
                    (policy.max_flaky, policy.max_skipped, policy.max_waived) = (cap, cap, cap);
                })
                .tests("plain/ok", 20 - count, Passed)
                .tests("plain/c", count, status)
        };
        assert_go(&told(Cap::Share(100_000), 2));
        assert_only(&told(Cap::Share(100_000), 3), Word::Inconclusive, rule);
        assert_go(&told(Cap::Count(3), 3));
        assert_only(&told(Cap::Count(2), 3), Word::Inconclusive, rule);
        assert_go(&told(Cap::Count(0), 0));
        assert_only(&told(Cap::Share(0), 1), Word::Inconclusive, rule);
        // Those that were not selected do not make the cap roomier.
        let partial = told(Cap::Share(100_000), 3)
            .partial(20, 2000)
            .policy(|policy| policy.mode = GateMode::Selection);
        assert_only(&partial, Word::Inconclusive, rule);
    }
}

#[test]
fn the_default_caps_are_as_documented() {
    for (status, most) in [(Flaky, 2), (Skipped, 4), (Waived, 3)] {
        let told = |count| {
            Told::new()
                .tests("plain/ok", 40 - count, Passed)
                .tests("plain/c", count, status)
                .word()
        };
        assert_eq!(
            (told(most), told(most + 1)),
            (Word::Go, Word::Inconclusive),
            "{status}"
        );
    }
}

#[test]
fn a_partial_run_is_at_most_inconclusive_unless_the_gate_is_about_the_selection() {
    let told = |mode| {
        twenty()
            .policy(|policy| {
                policy.mode = mode;
                policy.require_categories.push(Category::new("elsewhere"));
                policy
                    .invariants
                    .push(TestId::parse("elsewhere/inv").unwrap());
            })
            .category("elsewhere", |category| {
                category.pass_rate = Some(percent(100));
            })
            .partial(20, 80)
    };
    assert_go(&told(GateMode::Selection));
    assert_eq!(
        reasons(&told(GateMode::Full)),
        ["INCONCLUSIVE partial [-] 20 of 80 selected; needs all 80 selected; "]
    );
    // What was selected is judged like any run.
    let bad = |mode| told(mode).test("elsewhere/inv", Failed).partial(21, 80);
    assert_eq!(bad(GateMode::Selection).word(), Word::NoGo);
    assert_eq!(bad(GateMode::Full).word(), Word::NoGo);
    let out = told(GateMode::Selection)
        .test("elsewhere/t", Skipped)
        .partial(21, 80);
    assert_eq!(
        rules_of(&out.verdict()),
        [Rule::CategoryPassRate, Rule::RequiredCategory]
    );
}

#[test]
fn an_interrupted_run_is_at_most_inconclusive() {
    for signal in Interrupt::ALL {
        let told = twenty().record(|record| record.interrupted = Some(*signal));
        assert_only(&told, Word::Inconclusive, Rule::Interrupted);
    }
    for (why, word) in [
        (NotRun::Interrupted, Word::Inconclusive),
        (NotRun::Killed, Word::Inconclusive),
        (NotRun::Deadline, Word::Go),
        (NotRun::FailFast, Word::Go),
    ] {
        let told = twenty()
            .test("plain/cut", NotRunStatus)
            .last(|test| test.why = Some(Why::NotRun(why)));
        assert_eq!(told.word(), word, "{why:?}");
    }
}

/// All of its tests have ended, one may still be looked into, and sessions be open.
#[test]
fn a_run_that_never_said_that_it_had_ended_is_at_most_inconclusive() {
    let told = twenty().record(|record| record.ended = false);
    assert_only(&told, Word::Inconclusive, Rule::Interrupted);
}

#[test]
fn a_record_must_add_up() {
    assert_go(&twenty());
    let missing = twenty().record(|record| record.tests.truncate(19));
    let twice = twenty().record(|record| record.tests[3] = record.tests[4].clone());
    let unplanned = twenty().header(|header| header.tests.truncate(19));
    let planned_twice = twenty().test("plain/ok-0", Passed);
    let ended_once = twenty()
        .test("plain/ok-0", Passed)
        .record(|record| record.tests.truncate(20));
    for told in [missing, twice, unplanned, planned_twice, ended_once] {
        assert_only(&told, Word::Inconclusive, Rule::Complete);
    }
    let nothing = Told::new();
    assert_eq!(nothing.word(), Word::Inconclusive);
    assert!(rules_of(&nothing.verdict()).contains(&Rule::Complete));
}

#[test]
fn all_reasons_are_listed_in_order() {
    let told = Told::new()
        .policy(|policy| {
            policy.require_categories = vec![Category::new("b"), Category::new("gone")];
            policy.max_waived = Cap::Count(0);
        })
        .category("b", |category| category.critical = true)
        .category("a", |category| {
            category.critical = true;
            category.pass_rate = Some(percent(100));
        })
        .category("preflight", |category| {
            category.preflight = true;
            category.critical = true;
        })
        .test("a/failed", Failed)
        .test("a/flaky", Flaky)
        .test("a/skipped", Skipped)
        .test("b/failed", Failed)
        .test("b/waived", Waived)
        .test("preflight/us", Errored)
        .partial(6, 8)
        .record(|record| {
            record.interrupted = Some(Interrupt::Int);
            record.tests[5].header = record.tests[4].header.clone();
        });
    // The record that does not add up lacks preflight/us and has b/waived twice: once waived, once errored.
    let verdict = told.verdict();
    assert_eq!(verdict.word, Word::Inconclusive);
    let found: Vec<_> = verdict
        .reasons
        .iter()
        .map(|reason| (reason.rule, reason.category.as_ref().map(Category::as_str)))
        .collect();
    assert_eq!(
        found,
        [
            (Rule::Critical, Some("b")),
            (Rule::Critical, Some("a")),
            (Rule::PassRate, None),
            (Rule::CategoryPassRate, Some("a")),
            (Rule::CriticalOut, Some("b")),
            (Rule::CriticalOut, Some("a")),
            (Rule::MinExecuted, None),
            (Rule::MaxFlaky, None),
            (Rule::MaxSkipped, None),
            (Rule::MaxWaived, None),
            (Rule::Partial, None),
            (Rule::Interrupted, None),
            (Rule::Complete, None),
        ]
    );
}

#[test]
fn what_if_asks_other_rules() {
    let told = twenty().test("plain/bad", Failed);
    assert_go(&told);
    assert_eq!(
        told.verdict_if(|policy| policy.pass_rate = percent(100))
            .word,
        Word::NoGo
    );
    let vetoed = twenty().test("plain/bad", Failed).critical();
    let relaxed = vetoed.verdict_if(|policy| policy.categories.clear());
    assert_eq!(relaxed.word, Word::NoGo);
}

#[test]
fn conditions_are_told_at_go_too() {
    let told = twenty()
        .test("plain/w", Waived)
        .code("tcp.refused")
        .test("plain/f", Flaky)
        .last(|test| test.attempts_made = 3)
        .test("plain/s", Skipped)
        .last(|test| test.why = Some(Why::Skipped("needs --allow-commands".to_owned())))
        .test("plain/l", Passed)
        .last(|test| test.left_behind.push("DELETE /x".to_owned()))
        .session("alice", Passed)
        .record(|record| {
            let mut alice = (*record.sessions[0]).clone();
            alice.left_behind.push("POST /logout".to_owned());
            record.sessions[0] = alice.into();
        })
        .header(|header| {
            header.lints.push("no category is critical".to_owned());
            header.omitted.push(Omitted {
                pattern: "database/storm".to_owned(),
                reason: "shared instance".to_owned(),
                instances: 1,
            });
        });
    assert_go(&told);
    let found: Vec<_> = told
        .verdict()
        .conditions
        .into_iter()
        .map(|condition| (condition.kind, condition.subject, condition.text))
        .collect();
    let expected = [
        (
            ConditionKind::Waived,
            Some("plain/w"),
            "failed with tcp.refused, waived",
        ),
        (
            ConditionKind::Flaky,
            Some("plain/f"),
            "held only on attempt 3",
        ),
        (
            ConditionKind::Skipped,
            Some("plain/s"),
            "needs --allow-commands",
        ),
        (
            ConditionKind::Omitted,
            Some("database/storm"),
            "shared instance",
        ),
        (ConditionKind::LeftBehind, Some("plain/l"), "DELETE /x"),
        (
            ConditionKind::LeftBehind,
            Some("session alice"),
            "POST /logout",
        ),
        (ConditionKind::Lint, None, "no category is critical"),
    ]
    .map(|(kind, subject, text)| (kind, subject.map(str::to_owned), text.to_owned()));
    assert_eq!(found, expected);
}

/// 80 % may be enough; who reads GO hears of the rest by name.
#[test]
fn what_the_floors_of_a_go_allow_is_a_condition_and_strict_wants_none() {
    let told = || twenty().test("plain/bad", Failed);
    let verdict = told().verdict();
    assert_eq!(verdict.word, Word::Go);
    let named = |verdict: &Verdict| {
        let all = verdict.conditions.iter();
        let bad = all.filter(|one| one.kind == ConditionKind::NotGood);
        bad.filter_map(|one| one.subject.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(named(&verdict), ["plain/bad"]);
    let strict = told().policy(|policy| policy.strict = true).verdict();
    assert_eq!(strict.word, Word::Inconclusive);
    assert_eq!(rules_of(&strict), [Rule::Strict]);
    // The reasons say it, and the tests.
    assert!(named(&strict).is_empty());
}
