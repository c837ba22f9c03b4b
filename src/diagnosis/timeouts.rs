//! Every attempt took the same time: somebody stopped waiting, and it can be said who.

use std::time::Duration;

use super::graph::{Failure, Graph};
use crate::model::{Adjustment, Diagnosed, Fault, Modifier, Outcome, RunHeader, TestRecord};
use crate::yaml::parse_duration;

/// Says in each failure whose timeout it was, where its attempts took the same time.
pub(super) fn fixed_timeout(graph: &Graph<'_>, diagnosed: &mut [Diagnosed]) {
    let declared = declared(&graph.record.header);
    for (failure, one) in graph.failures.iter().zip(diagnosed) {
        let Some(took) = failure.test.map(times) else {
            continue;
        };
        if let Some((middle, spread)) = same(took) {
            let whose = whose(failure, middle, &declared);
            one.adjusted.push(Adjustment {
                kind: Modifier::FixedTimeout,
                text: format!(
                    "every attempt took {:.1} s (± {spread:.1} %): a fixed timeout, {whose}",
                    middle.as_secs_f64()
                ),
            });
        }
    }
}

/// So many attempts that take the same time are no accident.
const ENOUGH: usize = 3;

/// What is this fast is no timeout of anybody.
const SHORTEST: Duration = Duration::from_secs(1);

/// Timeouts that many leave as they came, and who has them.
const USUAL: &[(u64, &str)] = &[
    (5, "what resolvers and health checks wait"),
    (8, "what some clients wait"),
    (15, "what some clients wait"),
    (30, "what load balancers and pools of connections wait"),
    (60, "what nginx and most load balancers wait"),
    (75, "what nginx keeps a connection for"),
    (300, "what Cloud Run and many gateways wait"),
];

/// How long each attempt took that did not hold.
fn times(test: &TestRecord) -> Vec<Duration> {
    if let Some(sample) = &test.sample {
        let failed = sample
            .rows
            .iter()
            .filter(|row| row.outcome == Outcome::NotHeld);
        return failed
            .map(|row| Duration::from_micros(row.latency_us))
            .collect();
    }
    let failed = test
        .attempts
        .iter()
        .filter(|one| one.outcome == Outcome::NotHeld);
    failed.map(|one| one.elapsed).collect()
}

/// The middle of them and how far they are from it, in per cent, where that is at most two.
fn same(mut took: Vec<Duration>) -> Option<(Duration, f64)> {
    took.sort_unstable();
    let middle = took.get(took.len() / 2).copied()?;
    let (first, last) = (took.first()?, took.last()?);
    let far = middle
        .saturating_sub(*first)
        .max(last.saturating_sub(middle));
    let spread = far.as_secs_f64() / middle.as_secs_f64().max(f64::MIN_POSITIVE) * 100.0;
    (took.len() >= ENOUGH && middle >= SHORTEST && spread <= 2.0).then_some((middle, spread))
}

/// The variables of the target that are durations: how long, which, and as it is written.
fn declared(header: &RunHeader) -> Vec<(Duration, &str, &str)> {
    let variables = header.variables.iter();
    let read = variables.filter_map(|(name, value)| {
        let time = parse_duration(value).ok()?;
        Some((time, name.as_str(), value.as_str()))
    });
    read.collect()
}

fn whose(failure: &Failure<'_>, time: Duration, declared: &[(Duration, &str, &str)]) -> String {
    let fault = failure
        .step
        .and_then(|step| step.observation.fault.as_ref());
    if fault.is_some_and(Fault::is_our_deadline) {
        return "our own: the budget of the test ended".to_owned();
    }
    let is_near = |other: Duration| {
        let far = other.abs_diff(time).as_secs_f64();
        far <= time.as_secs_f64() * 0.02
    };
    let declared = declared.iter().find(|(other, ..)| is_near(*other));
    if let Some((_, name, value)) = declared {
        return format!("as the target's `{name}` says ({value})");
    }
    let usual = USUAL
        .iter()
        .find(|(seconds, _)| is_near(Duration::from_secs(*seconds)));
    match usual {
        Some((seconds, who)) => format!("not ours; {seconds} s is {who}"),
        None => "not ours".to_owned(),
    }
}
