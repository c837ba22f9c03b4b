//! Which instances were asked for.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::model::{IdPattern, TestId};
use crate::suite::{Condition, ConditionError, Test};
use crate::yaml::did_you_mean;

/// What was asked for. Everything given must be met; nothing given selects everything.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Files and folders: a test is meant when its file is one of them or lies in one.
    pub paths: Vec<PathBuf>,
    /// `--only`: a test is meant when one of them matches.
    pub only: Vec<String>,
    /// `--tag`.
    pub tag: Option<String>,
    /// Instances picked one by one: `--rerun failed`, or trials.
    pub picked: Option<Picked>,
}

/// Instances picked one by one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picked {
    /// By what, in words: `--rerun failed of 20261121T085751Z-3f9a1c`.
    pub by: String,
    /// Which; an instance that is there no more picks nothing.
    pub ids: BTreeSet<TestId>,
}

/// The plan cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// `--tag` cannot be read, or names a tag that nobody has.
    #[error("--tag: {0}")]
    Tag(ConditionError),
    /// Something that was asked for by name, or one of several, is no test's: a slip that would drop tests unseen.
    #[error("{asked} means no test{hint}")]
    Nobody {
        /// As given.
        asked: String,
        /// `; did you mean …?`, or nothing.
        hint: String,
    },
}

/// Decides for each instance whether it is meant.
pub(super) struct Chooser<'s> {
    selection: &'s Selection,
    only: Vec<IdPattern>,
    tag: Option<Condition>,
    /// The suite files that lie in one of the paths.
    files: HashSet<Arc<str>>,
}

impl<'s> Chooser<'s> {
    pub(super) fn new(selection: &'s Selection, tests: &[Test]) -> Result<Self, PlanError> {
        let mut words: BTreeSet<&str> = BTreeSet::from(["critical"]);
        let mut files: HashSet<Arc<str>> = HashSet::new();
        for test in tests {
            words.insert(test.id.category().as_str());
            words.extend(test.tags.iter().map(String::as_str));
            files.insert(test.place.file.clone());
        }
        let words: Vec<&str> = words.into_iter().collect();
        let tag = selection
            .tag
            .as_deref()
            .map(|text| Condition::of_tags(text, &words))
            .transpose();
        let only: Vec<_> = selection
            .only
            .iter()
            .map(|pattern| IdPattern::new(pattern.as_str()))
            .collect();
        let means = |one: &IdPattern| tests.iter().any(|test| one.matches(&test.id));
        let misnamed = only
            .iter()
            .find(|one| !one.is_glob() && !means(one))
            .or_else(|| idle(&only, means));
        if let Some(pattern) = misnamed {
            let ids: BTreeSet<String> = tests
                .iter()
                .flat_map(|test| [test.id.without_row().to_string(), test.id.to_string()])
                .collect();
            return Err(PlanError::Nobody {
                asked: format!("--only {}", pattern.as_str()),
                hint: did_you_mean(pattern.as_str(), ids.iter().map(String::as_str)),
            });
        }
        let holds = |path: &PathBuf| files.iter().any(|file| lies_in(Path::new(&**file), path));
        if let Some(path) = idle(&selection.paths, holds) {
            return Err(PlanError::Nobody {
                asked: path.display().to_string(),
                hint: String::new(),
            });
        }
        files.retain(|file| {
            selection
                .paths
                .iter()
                .any(|path| lies_in(Path::new(&**file), path))
        });
        Ok(Self {
            selection,
            only,
            tag: tag.map_err(PlanError::Tag)?,
            files,
        })
    }

    pub(super) fn means(&self, test: &Test, is_critical: bool) -> bool {
        let Selection { paths, picked, .. } = self.selection;
        let by_path = paths.is_empty() || self.files.contains(&test.place.file);
        let by_id =
            self.only.is_empty() || self.only.iter().any(|pattern| pattern.matches(&test.id));
        let by_pick = picked
            .as_ref()
            .is_none_or(|picked| picked.ids.contains(&test.id));
        let has = |word: &str| {
            (word == "critical" && is_critical)
                || word == test.id.category().as_str()
                || test.tags.iter().any(|tag| tag == word)
        };
        by_path && by_id && by_pick && self.tag.as_ref().is_none_or(|tag| tag.holds(&has))
    }
}

impl Selection {
    /// What was asked for, as given; `None` when nothing was.
    pub fn in_words(&self) -> Option<String> {
        let paths = self.paths.iter().map(|path| path.display().to_string());
        let only = self.only.iter().map(|pattern| format!("--only {pattern}"));
        let tag = self.tag.iter().map(|tag| format!("--tag {tag:?}"));
        let picked = self.picked.iter().map(|picked| picked.by.clone());
        let words: Vec<String> = paths.chain(only).chain(tag).chain(picked).collect();
        (!words.is_empty()).then(|| words.join(" "))
    }
}

/// The first that is met by nobody while another is. That nobody meets any is an empty selection, which the gate tells.
fn idle<T>(asked: &[T], is_met: impl Fn(&T) -> bool) -> Option<&T> {
    let (met, unmet): (Vec<_>, Vec<_>) = asked.iter().partition(|one| is_met(one));
    unmet.into_iter().next().filter(|_| !met.is_empty())
}

/// Both as written, or by what they really are on disk when that can be said.
fn lies_in(file: &Path, folder: &Path) -> bool {
    if file.starts_with(folder) {
        return true;
    }
    match (file.canonicalize(), folder.canonicalize()) {
        (Ok(file), Ok(folder)) => file.starts_with(folder),
        _ => false,
    }
}
