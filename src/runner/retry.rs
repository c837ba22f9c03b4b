//! One attempt, or `retry`: again after a failure that may pass by itself.

use std::time::Duration;

use tokio::time::Instant;

use super::attempt::Subject;
use super::executor::Ending;
use super::halt::later;
use super::left_behind::LeftBehind;
use crate::model::{Code, KnownCode, NotRun, Outcome, Status};
use crate::plan::Retry;

/// Makes attempts until one holds, cannot look, or may not be tried again. Without `retry` there is one.
pub(super) async fn run(subject: &Subject, retry: Option<&Retry>) -> Ending {
    let mut left_behind = LeftBehind::default();
    let mut number = 0;
    let ending = loop {
        number += 1;
        let mut attempted = subject.attempt(number, None).await;
        left_behind.extend(std::mem::take(&mut attempted.left_behind));
        let halting = &subject.run.halting;
        let code = attempted.record.code.clone();
        let again = retry.filter(|_| !attempted.leaked);
        let delay = again.and_then(|retry| next(retry, number, code.as_ref()));
        let ending = match (attempted.record.outcome, delay) {
            _ if attempted.cut => {
                Ending::not_run(halting.reason().unwrap_or(NotRun::Interrupted), number)
            }
            (Outcome::Held, _) if number == 1 => Ending::new(Status::Passed, None, number),
            (Outcome::Held, _) => Ending::new(Status::Flaky, Some(KnownCode::Flaky.code()), number),
            (Outcome::Unable, _) => Ending::errored(code, attempted.error(), number),
            (Outcome::NotHeld, None) => Ending::new(Status::Failed, code, number),
            (Outcome::NotHeld, Some(delay)) => {
                subject.tell(attempted.record).await;
                if let Err(reason) = halting.sleep_until(later(Instant::now(), delay)).await {
                    break Ending::not_run(reason, number);
                }
                continue;
            }
        };
        break ending.decided_by(attempted);
    };
    Ending {
        left_behind: left_behind.into_lines(),
        ..ending
    }
}

/// How long to wait before trying again after attempt `number`; `None` when it stays failed.
fn next(retry: &Retry, number: u64, code: Option<&Code>) -> Option<Duration> {
    let is_named = code.is_some_and(|code| retry.codes.iter().any(|pattern| pattern.matches(code)));
    if number > u64::from(retry.count) || !is_named {
        return None;
    }
    Some(retry.delay_after(number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CodePattern;

    fn retry(delay: Duration, backoff: f64) -> Retry {
        let codes = vec![CodePattern::parse("tcp.*").unwrap()];
        Retry {
            count: 100,
            delay,
            backoff,
            codes,
        }
    }

    #[test]
    fn delays_grow_to_a_minute_and_never_overflow() {
        let code = Code::fixed("tcp.refused");
        let seconds =
            |retry: &Retry, number| next(retry, number, Some(&code)).unwrap().as_secs_f64();
        let doubling = retry(Duration::from_secs(2), 2.0);
        let firsts = [1, 2, 3].map(|number| next(&doubling, number, Some(&code)));
        assert_eq!(
            firsts,
            [2, 4, 8].map(|seconds| Some(Duration::from_secs(seconds)))
        );
        assert!((seconds(&doubling, 100) - 60.0).abs() < 1e-9);
        for wild in [f64::MAX, f64::INFINITY, f64::NAN] {
            assert!(seconds(&retry(Duration::MAX, wild), 100) <= 60.0);
            assert!(seconds(&retry(Duration::ZERO, wild), 100) <= 60.0);
        }
        assert!((seconds(&retry(Duration::from_secs(90), 1.0), 1) - 60.0).abs() < 1e-9);
    }

    #[test]
    fn only_named_codes_are_tried_again_and_only_so_often() {
        let once = Retry {
            count: 1,
            ..retry(Duration::ZERO, 1.0)
        };
        assert!(next(&once, 1, Some(&Code::fixed("tcp.refused"))).is_some());
        assert!(next(&once, 2, Some(&Code::fixed("tcp.refused"))).is_none());
        assert!(next(&once, 1, Some(&Code::fixed("expect.status"))).is_none());
        assert!(next(&once, 1, None).is_none());
    }
}
