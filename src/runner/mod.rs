//! Running a plan: who may start when, what one instance comes to, and the events of it all.
//!
//! One loop ([`run`]) owns counts, records and order, and is the only one that emits; tasks only send. What is decided
//! without a clock stands in files of its own: `dependencies` (who is due), `limits` (who may start beside whom),
//! `polling` (when to poll again).

mod actors;
mod attempt;
mod blame;
mod cancel;
mod cold;
mod coordinator;
mod dependencies;
mod earlier;
mod executor;
mod expiry;
mod halt;
mod isolation;
mod kept;
mod lanes;
mod left_behind;
mod limits;
mod look;
mod look_on_fail;
mod polling;
mod repeat;
mod retry;
mod round;
mod scope;
mod session;
mod slim;
mod step;
mod told;
mod unstable;
mod until;

#[cfg(test)]
mod tests;

pub use cancel::Cancel;
pub use coordinator::run;
