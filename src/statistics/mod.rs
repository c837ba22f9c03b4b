//! Exact statistics about counts and order. Pure: the same numbers in, the same numbers out, and nothing of ours is imported.
//!
//! Whether a claim is *proved* or *refuted* is asked of [`is_proved`] and [`is_refuted`]; the bounds and the Wilson interval are
//! for showing. Confidences and rates are fractions of one. A confidence outside `0 < c < 1` (NaN included) supports no claim at
//! all: every function then gives the answer that says least, and none panics or gives NaN.

mod binomial;
mod clopper_pearson;
mod fisher;
mod mann_whitney;
mod percentile;
mod sample_size;
mod wilson;

pub use clopper_pearson::{is_proved, is_refuted, lower_bound, upper_bound};
pub use fisher::{Counted, fisher_differs, fisher_worse};
pub use mann_whitney::mann_whitney_slower;
pub use percentile::{Ended, Ranked};
pub use sample_size::{min_attempts, misses_allowed, more_successes_needed};
pub use wilson::wilson;
