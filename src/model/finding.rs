//! One judgement: an expectation or a claim held against what was seen.

use super::{Code, Place};

/// What one expectation came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// `expect.status`, `claim.latency.p95`, `capture.token`, or the fault's own code.
    pub code: Code,
    /// What was judged, as the suite names it: `status`, `json $.status`, `headers content-type`.
    pub path: String,
    /// What was wanted, in the suite's words: `equals 200`, `below 5s`.
    pub expected: String,
    /// What was seen. `None` when the fact was absent or not reached.
    pub actual: Option<String>,
    /// How it came out.
    pub state: State,
    /// The smallest difference, for structures; or why it could not be compared.
    pub detail: Option<String>,
    /// Where the expectation stands.
    pub place: Option<Place>,
}

impl Finding {
    /// Whether it has something to say: it does not hold, or nobody knows.
    pub const fn is_open(&self) -> bool {
        matches!(self.state, State::NotHeld | State::Undecided { .. })
    }
}

/// How an expectation came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It held.
    Held,
    /// It did not hold.
    NotHeld,
    /// A fault or an earlier step kept us from looking at it.
    NotReached,
    /// A claim about a sample that is neither proved nor refuted.
    Undecided {
        /// How many more attempts that hold, without a miss, would prove it; `None` when no number within reach does.
        more_successes_needed: Option<u64>,
    },
}
