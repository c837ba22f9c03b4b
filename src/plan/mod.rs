//! What will run: selected, ordered, every default applied; nothing optional left.

mod build;
mod planned;
mod requirements;
mod select;
mod sessions;

pub use build::{Identity, build};
pub use planned::{
    Plan, PlannedActor, PlannedCold, PlannedSession, PlannedStep, PlannedTest, Skip,
};
pub use select::{Picked, PlanError, Selection};

pub use crate::suite::{
    Alone, CompareWith, ExpectFailure, LateLook, Look, Mode, PROOF, Repeat, Retry, Until,
};
