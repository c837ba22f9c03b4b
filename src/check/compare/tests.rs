use proptest::prelude::*;

use super::*;
use crate::check::testing::{claims, comparison};
use crate::model::{Phase, SampleRow};

const NOTHING_WRITTEN: &str = "{ times: 1 }";

fn row(outcome: Outcome, ms: u64) -> SampleRow {
    SampleRow {
        outcome,
        latency_us: ms * 1000,
        phases_us: Box::new([(Phase::Connect, ms * 500)]),
    }
}

/// So many held, after so many milliseconds and a little more each; the rest did not.
fn sample(held: u64, n: u64, ms: u64) -> Sample {
    let good = (0..held).map(|number| row(Outcome::Held, ms + number));
    let bad = (held..n).map(|_| row(Outcome::NotHeld, 1));
    Sample {
        times: n,
        held,
        rows: good.chain(bad).collect(),
        findings: Vec::new(),
        futile: false,
        skew: None,
    }
}

/// How two samples are made, and what is claimed.
struct Asked {
    claimed: &'static str,
    concurrency: u64,
    idle: u64,
    not_slower: bool,
    measure: Measure,
}

const BURST: Asked = Asked {
    claimed: NOTHING_WRITTEN,
    concurrency: 10,
    idle: 0,
    not_slower: false,
    measure: Measure::Latency,
};

impl Asked {
    fn judge(&self, serial: &Sample, burst: &Sample) -> Finding {
        let comparison = Comparison {
            measure: self.measure,
            ..comparison(self.not_slower)
        };
        let claims = claims(self.claimed);
        let other = Compared {
            name: "serial",
            sample: serial,
            claims: &claims,
            concurrency: 1,
            idle: Duration::ZERO,
        };
        let this = Compared {
            name: "burst",
            sample: burst,
            concurrency: self.concurrency,
            idle: Duration::from_secs(self.idle),
            ..other
        };
        let id = TestId::parse("startup/serial").unwrap();
        comparison.judge(this, other, &id)
    }
}

const UNDECIDED: State = State::Undecided {
    more_successes_needed: None,
};

#[test]
fn what_starts_alone_and_not_beside_others_is_capacity() {
    let finding = BURST.judge(&sample(20, 20, 200), &sample(7, 20, 2000));
    assert_eq!(finding.state, State::NotHeld);
    assert_eq!(finding.code.as_str(), "claim.compare");
    assert_eq!(finding.expected, "not worse than startup/serial");
    assert_eq!(
        finding.actual.unwrap(),
        "serial 20/20, burst 7/20 (p < 0.00001); median of latency 209ms and never (p < 0.00001)"
    );
    assert_eq!(
        finding.detail.unwrap(),
        "it holds alone and not beside others: capacity or contention"
    );
}

#[test]
fn the_words_follow_who_is_bad_and_the_state_follows_the_numbers() {
    let connectivity = "both are bad: connectivity or configuration";
    for (serial, burst, state, words) in [
        (0, 0, UNDECIDED, connectivity),
        (15, 12, State::Held, connectivity),
        (
            15,
            0,
            State::NotHeld,
            "both are bad, burst even more: connectivity or configuration",
        ),
        (
            0,
            20,
            State::Held,
            "serial is bad and burst is not: order or state",
        ),
        (20, 20, State::Held, "no difference shown"),
        (20, 16, State::Held, "no difference shown"),
        (
            20,
            15,
            State::NotHeld,
            "it holds alone and not beside others: capacity or contention",
        ),
    ] {
        let finding = BURST.judge(&sample(serial, 20, 100), &sample(burst, 20, 100));
        assert_eq!(
            (finding.state, finding.detail.as_deref()),
            (state, Some(words)),
            "{serial} and {burst} of 20"
        );
    }
}

#[test]
fn a_pass_rate_of_its_own_says_what_is_bad() {
    let asked = Asked {
        claimed: "{ times: 1, pass_rate: 50% }",
        ..BURST
    };
    let finding = asked.judge(&sample(12, 20, 100), &sample(12, 20, 100));
    assert_eq!(finding.detail.as_deref(), Some("no difference shown"));
}

#[test]
fn samples_too_small_to_show_anything_hold_nothing() {
    // All of three and none of three: one in twenty, which is not less than 0.05; of four it is one in thirty-five.
    let undecided = State::Undecided {
        more_successes_needed: Some(1),
    };
    let finding = BURST.judge(&sample(3, 3, 100), &sample(3, 3, 100));
    assert_eq!(finding.state, undecided);
    assert!(finding.detail.unwrap().starts_with("too few attempts"));
    assert_eq!(
        BURST.judge(&sample(3, 3, 100), &sample(0, 3, 100)).state,
        undecided
    );
    assert_eq!(
        BURST.judge(&sample(4, 4, 100), &sample(4, 4, 100)).state,
        State::Held
    );
    // Nothing is worse than nothing.
    assert_eq!(
        BURST.judge(&sample(0, 20, 1), &sample(0, 20, 100)).state,
        UNDECIDED
    );
    // Where the other has but one it takes twenty to be told from it.
    assert_eq!(
        BURST.judge(&sample(1, 1, 1), &sample(1, 1, 100)).state,
        State::Undecided {
            more_successes_needed: Some(19)
        }
    );
}

#[test]
fn what_could_not_look_counts_nowhere() {
    let mut burst = sample(4, 4, 100);
    burst.rows.extend(vec![row(Outcome::Unable, 1); 16]);
    let finding = BURST.judge(&sample(20, 20, 100), &burst);
    assert_eq!(finding.state, State::Held);
    assert_eq!(
        finding.detail.as_deref(),
        Some("no difference shown; 16 could not look and do not count")
    );
    let mut blind = sample(0, 0, 100);
    blind.rows.extend(vec![row(Outcome::Unable, 1); 20]);
    assert_eq!(
        BURST.judge(&sample(20, 20, 100), &blind).state,
        State::Undecided {
            more_successes_needed: Some(1)
        }
    );
    // Who could not look is named, whichever of the two it is.
    let finding = BURST.judge(&blind, &sample(20, 20, 100));
    assert_eq!(finding.state, UNDECIDED);
    assert_eq!(
        finding.detail.as_deref(),
        Some(
            "no attempt of serial could look: there is nothing to compare; 20 could not look and do not count"
        )
    );
}

#[test]
fn the_time_is_told_and_only_judged_where_it_is_claimed() {
    let (serial, burst) = (sample(20, 20, 200), sample(20, 20, 2000));
    let told = BURST.judge(&serial, &burst);
    assert_eq!(told.state, State::Held);
    assert_eq!(
        told.actual.as_deref(),
        Some("serial 20/20, burst 20/20 (p = 1); median of latency 209ms and 2.009s (p < 0.00001)")
    );
    let asked = Asked {
        not_slower: true,
        measure: Measure::Phase(Phase::Connect),
        ..BURST
    };
    let judged = asked.judge(&serial, &burst);
    assert_eq!(judged.state, State::NotHeld);
    assert_eq!(
        judged.expected,
        "not worse than startup/serial, nor slower in phases.connect"
    );
    assert_eq!(
        judged.detail.as_deref(),
        Some("it is slower beside others than alone: capacity or contention")
    );
    // The other way round it is faster, which is nothing to complain of.
    assert_eq!(asked.judge(&burst, &serial).state, State::Held);
    // What was never entered was never measured.
    let asked = Asked {
        measure: Measure::Phase(Phase::Tls),
        ..asked
    };
    assert_eq!(asked.judge(&serial, &burst).state, UNDECIDED);
}

#[test]
fn a_pause_before_it_has_words_of_its_own() {
    let asked = Asked {
        concurrency: 1,
        idle: 60,
        not_slower: true,
        ..BURST
    };
    let slower = asked.judge(&sample(10, 10, 1), &sample(10, 10, 300));
    assert_eq!(
        slower.detail.as_deref(),
        Some("it is slower after a pause than warm: the first contact after idle")
    );
    let worse = asked.judge(&sample(10, 10, 1), &sample(1, 10, 1));
    assert_eq!(
        worse.detail.as_deref(),
        Some("it holds when warm and not after a pause: the first contact after idle")
    );
}

#[test]
fn chances_are_cut_and_never_rounded_up_to_the_limit() {
    for (p, told) in [
        (1.0, "p = 1"),
        (0.5, "p = 0.5"),
        (0.049_999, "p = 0.049"),
        (0.05, "p = 0.05"),
        (0.29, "p = 0.29"),
        (0.000_012_88, "p = 0.000012"),
        (0.000_009, "p < 0.00001"),
        (0.0, "p < 0.00001"),
    ] {
        assert_eq!(chance(p), told);
    }
}

proptest! {
    #[test]
    fn it_holds_only_where_it_could_have_failed(n in 1..40_u64, m in 1..40_u64, held in 0..40_u64, kept in 0..40_u64) {
        let (serial, burst) = (sample(kept.min(m), m, 10), sample(held.min(n), n, 10));
        let worst = sample(0, n, 10);
        let is_better = is_significant(fisher_worse(
            Counted { held: serial.held, n: m },
            Counted { held: burst.held, n },
        ));
        if BURST.judge(&serial, &burst).state == State::Held && !is_better {
            prop_assert_eq!(BURST.judge(&serial, &worst).state, State::NotHeld);
        }
    }
}
