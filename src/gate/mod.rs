//! Decides the run: GO, NO-GO or INCONCLUSIVE, as `docs/gate.md` says. A pure function of the record: no clock, no IO.
//!
//! How it is built: every instance gets its standing (good, bad, open, out); every rule is asked for all its checks, held or not;
//! the word is read from the states of the checks, and GO only from all of them holding. Reasons are worded from the same checks,
//! but nothing is decided on them.

mod complete;
mod conditions;
mod decide;
mod floor;
mod instance;
mod rules;
mod ruling;
mod standing;
#[cfg(test)]
mod tests;

pub use decide::{decide, decide_with};
