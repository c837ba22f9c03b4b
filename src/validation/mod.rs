//! One validation, from paths and flags to a [`FinishedRun`](crate::model::FinishedRun).
//!
//! Opens the target, starts what it embeds, loads, folds settings, plans, runs, decides, and emits `Judged`. The command
//! line and the libtest harness are two doors to this room.

mod identity;
mod inputs;
mod own_rules;
mod preview;
mod request;
mod rerun;
mod validate;

pub use own_rules::OwnRules;
pub use preview::{Preview, preview};
pub use request::{Refused, Request};
pub use validate::{Validated, validate};
