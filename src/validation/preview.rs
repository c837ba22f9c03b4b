//! What would run: loaded and planned, nothing started.

use std::sync::Arc;

use super::inputs::Inputs;
use super::{Refused, Request, identity};
use crate::demo;
use crate::plan::Plan;
use crate::settings::RunConfig;
use crate::suite::Environment;
use crate::yaml::{Diagnostics, Sources};

/// A plan that is not run.
#[derive(Debug)]
pub struct Preview {
    /// What would run.
    pub plan: Plan,
    /// With which settings.
    pub config: RunConfig,
    /// Warnings of the load and lints.
    pub warnings: Diagnostics,
    /// For their places.
    pub sources: Arc<Sources>,
}

/// Reads everything and plans; what `check`, `list` and the list of trials need. Names of the embedded environment are
/// known, its values are late.
pub fn preview(request: &Request) -> Result<Preview, Refused> {
    let opened = request.open()?;
    request.demo_fault()?;
    let embedded = if opened.target().embedded {
        Environment::Names(
            demo::VARIABLES
                .iter()
                .map(|(name, _)| (*name).to_owned())
                .collect(),
        )
    } else {
        Environment::None
    };
    let inputs = Inputs::read(request, opened, embedded, None)?;
    let (plan, rest) = inputs.plan(request, identity::of_now(request.shipped))?;
    Ok(Preview {
        plan,
        config: rest.config,
        warnings: rest.warnings,
        sources: rest.sources,
    })
}
