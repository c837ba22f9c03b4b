use super::*;

use proptest::prelude::*;

use crate::model::Phase;
use crate::yaml::{Diagnostics, Sources, parse};

fn read(yaml: &str) -> Result<Claims, Vec<String>> {
    let mut sources = Sources::default();
    let file = sources.add("t.yaml", format!("repeat: {yaml}\n"));
    let mut problems = Diagnostics::default();
    let node = parse(&sources, file, &mut problems).expect("a tree");
    let decoded = Claims::decode(node.get("repeat").unwrap(), &sources, &mut problems);
    decoded.ok_or_else(|| problems.iter().map(|p| p.message.clone()).collect())
}

fn claims(yaml: &str) -> Claims {
    read(yaml).unwrap_or_else(|problems| panic!("{yaml}: {problems:?}"))
}

fn rows(outcome: Outcome, count: u64, ms: u64) -> impl Iterator<Item = SampleRow> {
    let row = SampleRow {
        outcome,
        latency_us: ms * 1_000,
        phases_us: Box::new([(Phase::Tls, ms * 100)]),
    };
    (0..count).map(move |_| row.clone())
}

/// A complete sample of attempts that took 10 ms.
fn sample(held: u64, missed: u64) -> Sample {
    Sample {
        times: held + missed,
        held,
        rows: rows(Outcome::Held, held, 10)
            .chain(rows(Outcome::NotHeld, missed, 10))
            .collect(),
        findings: Vec::new(),
        futile: false,
        skew: None,
    }
}

fn state(yaml: &str, sample: &Sample) -> State {
    judge(&claims(yaml), sample).last().unwrap().state
}

fn undecided(more: u64) -> State {
    State::Undecided {
        more_successes_needed: Some(more),
    }
}

/// The table of docs/gate.md.
#[test]
fn the_documented_numbers_prove_and_one_less_does_not() {
    for (rate, table) in [
        ("80%", [14, 22, 30]),
        ("90%", [29, 46, 61]),
        ("95%", [59, 93, 124]),
        ("99%", [299, 473, 628]),
    ] {
        let yaml = format!("{{ pass_rate: {rate}, confidence: 95% }}");
        for (misses, needed) in (0..).zip(table) {
            assert_eq!(state(&yaml, &sample(needed - misses, misses)), State::Held);
            assert_eq!(
                state(&yaml, &sample(needed - misses - 1, misses)),
                undecided(1)
            );
        }
    }
    assert_eq!(
        state("{ pass_rate: 90%, confidence: 95% }", &sample(10, 10)),
        State::NotHeld
    );
}

#[test]
fn without_a_rate_every_attempt_must_hold() {
    let finding = judge(&claims("{ times: 3 }"), &sample(2, 1)).remove(0);
    assert_eq!(
        (finding.code.as_str(), finding.state),
        ("claim.pass_rate", State::NotHeld)
    );
    assert_eq!(finding.actual.as_deref(), Some("2 of 3 held (66.66 %)"));
    assert_eq!(state("{}", &sample(3, 0)), State::Held);
    assert_ne!(state("{}", &sample(0, 0)), State::Held);
}

#[test]
fn without_confidence_a_rate_is_observed_exactly() {
    let yaml = "{ pass_rate: 80% }";
    assert_eq!(state(yaml, &sample(4, 1)), State::Held);
    assert_eq!(state(yaml, &sample(79, 20)), State::NotHeld);
    assert_eq!(
        state(yaml, &sample(0, 0)),
        State::Undecided {
            more_successes_needed: None
        }
    );
    let finding = judge(&claims(yaml), &sample(4, 1)).remove(0);
    assert_eq!(finding.detail.as_deref(), Some("observed, not proved"));

    // Cut short: what is left decides.
    let cut = |held, missed| Sample {
        times: 10,
        ..sample(held, missed)
    };
    assert_eq!(state(yaml, &cut(7, 1)), undecided(1));
    assert_eq!(state(yaml, &cut(8, 0)), State::Held);
    assert_eq!(state(yaml, &cut(0, 3)), State::NotHeld);
}

#[test]
fn a_percentile_is_a_claim_about_all_attempts() {
    let yaml = "{ claims: { latency: { p95: 2s } } }";
    assert_eq!(state(yaml, &sample(59, 0)), State::Held);
    assert_eq!(state(yaml, &sample(58, 0)), undecided(1));
    // A miss is an attempt that did not end within the limit.
    assert_eq!(state(yaml, &sample(59, 1)), undecided(33));
    let mut slow = sample(50, 0);
    slow.rows.extend(rows(Outcome::Held, 30, 3_000));
    slow.times = 80;
    let finding = judge(&claims(yaml), &slow).pop().unwrap();
    assert_eq!(
        (finding.code.as_str(), finding.state),
        ("claim.latency.p95", State::NotHeld)
    );
    assert_eq!(
        finding.actual.as_deref(),
        Some("p95 3s; 50 of 80 within 2s")
    );
    assert_eq!(finding.expected, "at most 2s at 95 % confidence");
    assert_eq!(
        state(
            "{ confidence: 50%, claims: { latency: { p95: 2s } } }",
            &sample(20, 0)
        ),
        State::Held
    );
}

#[test]
fn a_maximum_is_over_attempts_that_held() {
    let yaml = "{ pass_rate: 10%, claims: { latency: { max: 2s } } }";
    let mut seen = sample(3, 0);
    seen.rows.extend(rows(Outcome::NotHeld, 1, 9_000));
    seen.times = 4;
    assert_eq!(state(yaml, &seen), State::Held);
    seen.rows.extend(rows(Outcome::Held, 1, 2_001));
    seen.times = 5;
    let finding = judge(&claims(yaml), &seen).pop().unwrap();
    assert_eq!(finding.state, State::NotHeld);
    assert_eq!(
        finding.actual.as_deref(),
        Some("2.001s over 4 attempts that held")
    );
    assert_eq!(
        state(yaml, &sample(0, 4)),
        State::Undecided {
            more_successes_needed: None
        }
    );
}

#[test]
fn phases_are_claimed_in_both_spellings() {
    for yaml in [
        "{ claims: { phases.tls: { max: 1ms } } }",
        "{ claims: { phases: { tls: { max: 1ms } } } }",
    ] {
        let finding = judge(&claims(yaml), &sample(3, 0)).pop().unwrap();
        assert_eq!(
            (finding.code.as_str(), finding.state),
            ("claim.phases.tls.max", State::Held)
        );
    }
    let never = judge(
        &claims("{ claims: { phases.connect: { max: 1s } } }"),
        &sample(3, 0),
    );
    assert_ne!(never[1].state, State::Held);
}

#[test]
fn attempts_that_could_not_look_count_neither_way() {
    let mut seen = sample(29, 0);
    seen.rows.extend(rows(Outcome::Unable, 5, 1));
    seen.times = 34;
    let finding = judge(&claims("{ pass_rate: 90%, confidence: 95% }"), &seen).remove(0);
    assert_eq!(finding.state, State::Held);
    assert!(
        finding
            .detail
            .unwrap()
            .ends_with("5 could not look and do not count")
    );
    let mut nothing = sample(0, 0);
    nothing.rows.extend(rows(Outcome::Unable, 5, 1));
    nothing.times = 5;
    for yaml in [
        "{}",
        "{ pass_rate: 1% }",
        "{ claims: { latency: { max: 1s } } }",
    ] {
        for finding in judge(&claims(yaml), &nothing) {
            assert!(matches!(finding.state, State::Undecided { .. }), "{yaml}");
        }
    }
}

#[test]
fn futility_is_certain_and_never_from_the_start() {
    let of = |times, held, missed| Sample {
        times,
        ..sample(held, missed)
    };
    let yaml = claims("{ pass_rate: 90%, confidence: 95% }");
    assert!(!is_futile(&yaml, &of(46, 0, 1)));
    // It cannot be proved any more; whether it is refuted, the rest decides.
    assert!(!is_futile(&yaml, &of(46, 0, 2)));
    assert!(!is_futile(&yaml, &of(46, 0, 8)));
    assert!(is_futile(&yaml, &of(46, 0, 9)));
    assert!(is_futile(&yaml, &of(46, 38, 2)));
    // 20 attempts cannot prove it anyway; they are still worth making.
    assert!(!is_futile(&yaml, &of(20, 0, 0)));
    assert!(!is_futile(&yaml, &of(20, 19, 0)));
    assert!(is_futile(&yaml, &of(20, 0, 20)));
    assert!(is_futile(&claims("{}"), &of(10, 5, 1)));
    assert!(!is_futile(&claims("{}"), &of(10, 5, 0)));
    assert!(is_futile(&claims("{ pass_rate: 80% }"), &of(10, 0, 3)));
    assert!(!is_futile(&claims("{ pass_rate: 80% }"), &of(10, 0, 2)));
    let max = claims("{ claims: { latency: { max: 5ms } } }");
    assert!(is_futile(&max, &of(10, 1, 0)));
    // One claim that is lost does not cut the sample of another that is not.
    let both = claims("{ pass_rate: 80%, confidence: 95%, claims: { latency: { p95: 1s } } }");
    assert!(!is_futile(&both, &of(100, 30, 3)));
}

#[test]
fn too_few_attempts_are_told_beforehand() {
    let yaml = claims("{ pass_rate: 90%, confidence: 95% }");
    assert_eq!(
        yaml.cannot_prove(20).as_deref(),
        Some("`times: 20` cannot prove 90 % at 95 % even without a miss: 29 are needed")
    );
    assert_eq!(yaml.cannot_prove(29), None);
    let p99 = claims("{ claims: { latency: { p99: 2s } } }").cannot_prove(100);
    assert!(
        p99.unwrap()
            .contains("`latency.p99` at 95 % even without a miss: 299 are needed")
    );
    assert_eq!(claims("{ pass_rate: 90% }").cannot_prove(1), None);
    let all = claims("{ pass_rate: 100%, confidence: 95% }").cannot_prove(100_000);
    assert!(all.unwrap().ends_with("no number is enough"));
}

#[test]
fn claims_read_as_sentences() {
    assert_eq!(
        claims("{ pass_rate: 90%, confidence: 95%, claims: { latency: { p95: 2s, max: 5s } } }")
            .texts(),
        [
            "pass_rate at least 90 % at 95 % confidence",
            "latency.p95 at most 2s at 95 % confidence",
            "latency.max at most 5s",
        ]
    );
    assert_eq!(
        claims("{}").texts(),
        ["pass_rate every attempt holds (100 %)"]
    );
}

#[test]
fn mistakes_are_told_at_load() {
    for (yaml, part) in [
        ("{ pass_rate: 0.9 }", "`0.9`"),
        ("{ pass_rate: 150% }", "150%"),
        (
            "{ pass_rate: 90%, confidence: 100% }",
            "no sample is ever 100% sure",
        ),
        ("{ confidence: 95% }", "`confidence` of what?"),
        ("{ claims: {} }", "takes what is measured"),
        (
            "{ claims: { latncy: { max: 1s } } }",
            "did you mean `latency`?",
        ),
        ("{ claims: { latency: { max: 5 } } }", "a unit is missing"),
        (
            "{ claims: { latency: { p100: 5s } } }",
            "neither `max` nor a percentile",
        ),
        (
            "{ claims: { latency: { q95: 5s } } }",
            "neither `max` nor a percentile",
        ),
        (
            "{ claims: { phases.tsl: { max: 5s } } }",
            "did you mean `tls`?",
        ),
        ("{ claims: { latency: 5s } }", "expected limits"),
    ] {
        let problems = read(yaml).expect_err(yaml);
        assert!(
            problems.iter().any(|p| p.contains(part)),
            "{yaml}: {problems:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_futile_ends_the_same_way_whatever_is_left(held in 0..40_u64, missed in 0..6_u64, left in 0..40_u64, at in 0..4_usize) {
        let yaml = claims([
            "{}",
            "{ pass_rate: 80% }",
            "{ pass_rate: 80%, confidence: 95% }",
            "{ pass_rate: 1%, claims: { latency: { p80: 20ms } } }",
        ][at]);
        let now = Sample { times: held + missed + left, ..sample(held, missed) };
        if is_futile(&yaml, &now) {
            let refuted = |sample: &Sample| judge(&yaml, sample).iter().any(|finding| finding.state == State::NotHeld);
            let (best, worst) = (sample(held + left, missed), sample(held, missed + left));
            prop_assert!(judge(&yaml, &best).iter().any(|finding| finding.state != State::Held));
            prop_assert_eq!(refuted(&best), refuted(&worst));
            prop_assert_eq!(refuted(&best), refuted(&now));
        }
    }
}

/// Stopping early must not turn what the whole sample would have left open into a refutation.
#[test]
fn a_sample_stopped_early_is_refuted_only_when_the_whole_one_would_be() {
    let proved = "{ pass_rate: 80%, confidence: 95% }";
    let stopped = |missed, times| Sample {
        times,
        futile: true,
        ..sample(0, missed)
    };
    assert!(!is_futile(&claims(proved), &stopped(3, 20)));
    assert_eq!(state(proved, &sample(0, 3)), State::NotHeld);
    assert!(matches!(
        state(proved, &stopped(3, 20)),
        State::Undecided { .. }
    ));
    assert_eq!(state(proved, &stopped(12, 20)), State::NotHeld);
}
