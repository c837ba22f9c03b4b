//! What holds for every run, whatever is broken in it.

use proptest::prelude::*;

use super::building::{Told, says};
use crate::model::{Class, Confidence, Diagnosis, Layer, Phase};

/// One test of a run that nobody designed.
#[derive(Debug, Clone)]
struct Piece {
    host: usize,
    what: usize,
    from: u64,
    took: u64,
    class: usize,
    confidence: usize,
}

fn piece() -> impl Strategy<Value = Piece> {
    (
        0..3_usize,
        0..9_usize,
        0..40_u64,
        1..20_u64,
        0..5_usize,
        0..3_usize,
    )
        .prop_map(|(host, what, from, took, class, confidence)| Piece {
            host,
            what,
            from: from * 100,
            took: took * 50,
            class,
            confidence,
        })
}

fn told(pieces: &[Piece]) -> Told {
    let mut told = Told::new();
    for (number, piece) in pieces.iter().enumerate() {
        let host = ["a.example", "b.example", "10.0.0.3"][piece.host];
        let (name, sock) = (format!("dns:{host}"), format!("sock:{host}:80"));
        let origin = format!("origin:http://{host}:80");
        let mut uses = vec![sock.as_str(), origin.as_str()];
        if piece.host < 2 {
            uses.insert(0, &name);
        }
        let class = Class::ALL[piece.class];
        let confidence = Confidence::ALL[piece.confidence];
        let test = format!("a/t{number}");
        let fault = |rule, layer, at: &str| says(rule, layer, at, class, confidence);
        let fail = |told: Told, code, phase, of| told.fail(&test, code, phase, &uses, &of);
        told = match piece.what {
            0 | 1 => told.pass(&test, &uses),
            2 => fail(
                told,
                "dns.again",
                Phase::Resolve,
                fault("DNS-2", Layer::Dns, &name),
            ),
            3 => fail(
                told,
                "tcp.refused",
                Phase::Connect,
                fault("TCP-1", Layer::Transport, &sock),
            ),
            4 => fail(
                told,
                "tcp.timeout",
                Phase::Connect,
                fault("TCP-3", Layer::Transport, &sock),
            ),
            5 => told.answered(&test, 502, &uses, &fault("PRX-1", Layer::Proxy, &origin)),
            6 => {
                let of = fault("TIME-5", Layer::Performance, &origin);
                fail(told, "http.timeout.first_byte", Phase::FirstByte, of)
            }
            7 => told.answered(
                &test,
                500,
                &uses,
                &fault("HTTP-7", Layer::Application, &origin),
            ),
            _ => {
                let root = format!("a/t{}", number / 2);
                told.blocked(&test, &[&root])
            }
        }
        .at(piece.from, piece.from + piece.took);
    }
    told
}

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

proptest! {
    #[test]
    fn every_failure_has_one_cause_and_every_line_its_evidence(pieces in prop::collection::vec(piece(), 1..40)) {
        let told = told(&pieces);
        let diagnosis = told.diagnosis();
        let named: usize = diagnosis.causes.iter().map(|cause| cause.failed.len()).sum();
        prop_assert_eq!(named, told.failures.len());
        for one in &diagnosis.failures {
            let cause = &diagnosis.causes[one.cause];
            prop_assert!(cause.failed.contains(&one.test));
            prop_assert!(cause.layer <= one.layer, "{one:?}");
        }
        for (number, cause) in diagnosis.causes.iter().enumerate() {
            prop_assert!(!cause.failed.is_empty() && !cause.evidence.is_empty());
            prop_assert!(cause.why.iter().all(|line| line.evidence.is_some()));
            prop_assert!(!cause.why.is_empty());
            for other in &cause.tied_with {
                prop_assert!(*other != number && diagnosis.causes[*other].tied_with.contains(&number));
            }
        }
    }

    #[test]
    fn no_cause_is_refuted_by_what_it_explains(pieces in prop::collection::vec(piece(), 1..40)) {
        let told = told(&pieces);
        let diagnosis = told.diagnosis();
        for one in &diagnosis.failures {
            let cause = &diagnosis.causes[one.cause];
            let record = told.record.test(&one.test).unwrap();
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
        pieces in prop::collection::vec(piece(), 1..30),
        keys in prop::collection::vec(any::<u32>(), 30),
    ) {
        let told = told(&pieces);
        let mut shuffled = told.clone();
        let mut order: Vec<usize> = (0..told.record.tests.len()).collect();
        order.sort_by_key(|at| keys[*at]);
        shuffled.record.tests = order.iter().map(|at| told.record.tests[*at].clone()).collect();
        let place = |test| shuffled.record.tests.iter().position(|one| one.header.id == test);
        shuffled.failures.sort_by_key(|one| place(one.test.clone()));
        let (before, after) = (sorted(told.diagnosis()), sorted(shuffled.diagnosis()));
        prop_assert_eq!(before, after);
    }

    #[test]
    fn the_same_record_gives_the_same_bytes(pieces in prop::collection::vec(piece(), 1..30)) {
        let told = told(&pieces);
        prop_assert_eq!(format!("{:?}", told.diagnosis()), format!("{:?}", told.diagnosis()));
    }
}
