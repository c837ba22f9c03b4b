//! Everything read and folded, before it is planned.

use std::path::PathBuf;

use super::{Refused, Request, rerun};
use crate::diagnosis::Rules;
use crate::model::RunId;
use crate::plan::{self, Identity, Plan, Selection};
use crate::probe::Inventory;
use crate::settings::{Flags, RunConfig, fold};
use crate::suite::{Environment, Given, Opened, Suites, Unusable, lint, load};
use crate::yaml::{Diagnostics, Sources};

/// What a run is called where none begins: what is written with it (`allclear:${run.id}:x`) can be judged all the same.
const NO_RUN: &str = "RUN";

/// Loaded suites and folded settings.
pub(super) struct Inputs {
    suites: Suites,
    pub(super) config: RunConfig,
    /// Warnings of the load and lints.
    pub(super) warnings: Diagnostics,
    rules: Option<Rules>,
    selection: Selection,
    /// What the target gives a run; empty where nothing is run.
    inventory: Inventory,
}

impl Inputs {
    pub(super) fn read(
        request: &Request,
        opened: Opened,
        embedded: Environment,
        run: Option<&RunId>,
    ) -> Result<Self, Refused> {
        let flags = &request.flags;
        let given = Given {
            set: flags.set.clone(),
            embedded,
            only_reading: run.is_none(),
            allow_commands: flags.allow_commands.unwrap_or(false),
            environment: request.variables.all(),
            run_id: Some(run.map_or_else(|| NO_RUN.to_owned(), ToString::to_string)),
            mask: request.mask.clone(),
        };
        let suites = load(opened, &given)?;
        let config = fold(flags, &suites.project, &suites.target)?;
        let mut warnings = suites.warnings.clone();
        warnings.extend(lint(&suites));
        let rules = rules(&suites, &mut warnings)?;
        let inventory = match run {
            Some(_) => Inventory {
                deadline: config.deadline,
                ..suites.inventory()
            },
            None => Inventory::default(),
        };
        let selection = selection(request, &config)?;
        Ok(Self {
            suites,
            config,
            warnings,
            rules,
            selection,
            inventory,
        })
    }

    /// Plans; what is left of the inputs is for messages.
    pub(super) fn plan(
        self,
        request: &Request,
        identity: Identity,
    ) -> Result<(Plan, Planned), Refused> {
        let sources = self.suites.sources.clone();
        let lints = self.warnings.in_words(&sources);
        let plan = plan::build(
            self.suites,
            &self.selection,
            &self.config,
            identity,
            &lints,
            &request.mask,
        )?;
        Ok((
            plan,
            Planned {
                config: self.config,
                warnings: self.warnings,
                rules: self.rules,
                inventory: self.inventory,
                sources,
            },
        ))
    }
}

/// What remains when the suites have become a plan.
pub(super) struct Planned {
    pub(super) config: RunConfig,
    pub(super) warnings: Diagnostics,
    /// A user's rules over ours, where there are any.
    pub(super) rules: Option<Rules>,
    pub(super) inventory: Inventory,
    pub(super) sources: std::sync::Arc<Sources>,
}

/// A user's rules over ours. What only looks wrong joins the warnings.
fn rules(suites: &Suites, warnings: &mut Diagnostics) -> Result<Option<Rules>, Refused> {
    let Some(file) = suites.rules else {
        return Ok(None);
    };
    let mut problems = Diagnostics::default();
    let rules = Rules::embedded().with(file, &suites.sources, &mut problems);
    if problems.has_errors() {
        let unusable = Unusable {
            sources: suites.sources.clone(),
            problems,
            what: "rules",
        };
        return Err(unusable.into());
    }
    warnings.extend(problems);
    Ok(Some(rules))
}

fn selection(request: &Request, config: &RunConfig) -> Result<Selection, Refused> {
    let Flags {
        only, tag, rerun, ..
    } = &request.flags;
    if let Some(missing) = request.paths.iter().find(|path| !path.exists()) {
        return Err(Refused::NoPath(PathBuf::clone(missing)));
    }
    let picked = match (rerun, &request.picked) {
        (Some(run), _) => Some(rerun::pick(&config.runs, run)?),
        (None, picked) => picked.clone(),
    };
    Ok(Selection {
        paths: request.paths.clone(),
        only: only.clone(),
        tag: tag.clone(),
        picked,
    })
}
