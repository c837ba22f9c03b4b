//! Rules of one's own where nothing is run: for `explain`, and for a report of an old run.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::request::nearest_project;
use super::{Refused, Request};
use crate::diagnosis::Rules;
use crate::suite::{Unusable, rules_file, rules_file_of};
use crate::yaml::{Diagnostics, FileId, Sources};

/// Rules over ours, and what only looks wrong with them.
#[derive(Debug)]
pub struct OwnRules {
    /// Ours, and these before them.
    pub rules: Rules,
    /// The lints, each with its place.
    pub warnings: Diagnostics,
    /// For the places.
    pub sources: Arc<Sources>,
}

impl Request {
    /// The rules of `--rules`; `None` where it is not given.
    pub fn own_rules(&self) -> Result<Option<OwnRules>, Refused> {
        let file = self.flags.rules.as_deref().map(rules_file).transpose()?;
        Ok(file.map(read).transpose()?)
    }

    /// The rules that the project names in whose folder, or above which, this is run. Nothing else of the project is read.
    pub fn rules_of_project(&self) -> Result<Option<OwnRules>, Refused> {
        let here = std::env::current_dir().ok();
        let around = here.as_deref().and_then(nearest_project);
        let folder = around.unwrap_or_else(|| PathBuf::from("suites"));
        let folder = shortest(folder, here.as_deref());
        Ok(rules_file_of(&folder)?.map(read).transpose()?)
    }
}

/// As people would write it.
fn shortest(folder: PathBuf, here: Option<&Path>) -> PathBuf {
    match here {
        Some(here) if here == folder => PathBuf::from("."),
        _ => folder,
    }
}

fn read((sources, file): (Arc<Sources>, FileId)) -> Result<OwnRules, Unusable> {
    let mut problems = Diagnostics::default();
    let rules = Rules::embedded().with(file, &sources, &mut problems);
    if problems.has_errors() {
        return Err(Unusable {
            sources,
            problems,
            what: "rules",
        });
    }
    Ok(OwnRules {
        rules,
        warnings: problems,
        sources,
    })
}
