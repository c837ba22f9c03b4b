//! What reports are given.

use std::sync::Arc;

use super::{Diagnosis, RunRecord, Verdict};

/// A run that has ended, has been judged and, where it did not hold, explained.
#[derive(Debug, Clone, PartialEq)]
pub struct FinishedRun {
    /// What happened.
    pub record: Arc<RunRecord>,
    /// What the gate decided.
    pub verdict: Arc<Verdict>,
    /// What explains it. The verdict does not depend on it.
    pub diagnosis: Arc<Diagnosis>,
}
