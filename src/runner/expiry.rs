//! Whether the tokens of a session outlive those that use it: one that ends before them would make them fail for it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use tokio::time::Instant;

use super::executor::Run;
use crate::check::{Captured, NoDate, Token};
use crate::model::{Finding, KnownCode, Outcome, State, StepRecord};
use crate::plan::PlannedSession;

/// How long tokens must be valid, and why.
#[derive(Debug)]
pub(super) struct Needed {
    time: Duration,
    why: String,
}

impl Needed {
    /// From now to the deadline of the run; without one, as long as the longest of its users may take.
    pub(super) fn of(session: &PlannedSession, run: &Run) -> Self {
        match (run.deadline, &session.longest) {
            (Some(deadline), _) => Self {
                time: deadline.saturating_duration_since(Instant::now()),
                why: "until the deadline of the run".to_owned(),
            },
            (None, Some((test, budget))) => Self {
                time: *budget,
                why: format!("as long as {test} may take"),
            },
            (None, None) => Self {
                time: Duration::ZERO,
                why: "now".to_owned(),
            },
        }
    }

    /// Adds a finding for each token that ends too early to the step that captured it; whether there is one.
    pub(super) fn judge(
        &self,
        session: &PlannedSession,
        captures: &[Captured],
        steps: &mut [StepRecord],
    ) -> bool {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let mut is_any = false;
        for captured in captures {
            let token = captured.value.as_text().and_then(Token::read);
            let Some(actual) = token.and_then(|token| self.wrong_with(&token, now)) else {
                continue;
            };
            let by_it = |step: &StepRecord| step.captured.contains(&captured.name);
            if let Some(at) = steps.iter().rposition(by_it) {
                is_any = true;
                steps[at].outcome = Outcome::NotHeld;
                steps[at].findings.push(Finding {
                    code: KnownCode::SessionExpires.code(),
                    path: captured.name.clone(),
                    expected: format!("is valid for {}, {}", seconds(self.time), self.why),
                    actual: Some(actual),
                    state: State::NotHeld,
                    detail: None,
                    place: session.steps.get(at).map(|step| step.place.clone()),
                });
            }
        }
        is_any
    }

    /// In words; `now` counts from 1970.
    fn wrong_with(&self, token: &Token, now: Duration) -> Option<String> {
        let expires = match token.expires()? {
            Ok(expires) => expires,
            Err(NoDate) => return Some("a token whose `exp` is no number".to_owned()),
        };
        let needed = now.saturating_add(self.time).as_secs_f64();
        if expires > needed {
            return None;
        }
        let left = expires - now.as_secs_f64();
        let time = Duration::try_from_secs_f64(left.abs()).unwrap_or(Duration::MAX);
        let at = date(expires).map_or_else(String::new, |at| format!(", at {at}"));
        Some(if left > 0.0 {
            format!("a token that expires in {}{at}", seconds(time))
        } else {
            format!("a token that expired {} ago{at}", seconds(time))
        })
    }
}

/// Whole seconds: what a token says has no more.
fn seconds(time: Duration) -> String {
    format!("{:?}", Duration::from_secs(time.as_secs()))
}

/// `None` for what no calendar has.
#[expect(
    clippy::cast_possible_truncation,
    reason = "beyond what a calendar has it is no date anyway"
)]
fn date(seconds: f64) -> Option<Timestamp> {
    Timestamp::from_second(seconds as i64).ok()
}
