//! What reports are given.

use std::sync::Arc;

use super::{RunRecord, Verdict};

/// A run that has ended and has been judged.
#[derive(Debug, Clone, PartialEq)]
pub struct FinishedRun {
    /// What happened.
    pub record: Arc<RunRecord>,
    /// What the gate decided.
    pub verdict: Arc<Verdict>,
}
