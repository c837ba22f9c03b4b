//! `--rerun failed`: the instances of an earlier run that were not good.

use std::path::Path;

use super::Refused;
use crate::journal;
use crate::plan::Picked;

/// Reads the run and picks from it.
pub(super) fn pick(runs: &Path, wanted: &str) -> Result<Picked, Refused> {
    let folder = journal::find(runs, wanted).map_err(Refused::Rerun)?;
    let recorded = journal::read(&folder).map_err(Refused::Rerun)?;
    let tests = recorded.record.tests.iter();
    let again = tests.filter(|test| test.is_worth_repeating());
    Ok(Picked {
        by: format!("--rerun failed of {}", recorded.record.header.id),
        ids: again.map(|test| test.header.id.clone()).collect(),
    })
}
