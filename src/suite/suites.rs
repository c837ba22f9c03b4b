//! What a load is given, and what it gives.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::scope::EarlyScope;
use super::{Project, Session, Target, Test};
use crate::model::Digests;
use crate::template::Mask;
use crate::yaml::{Diagnostics, FileId, Node, Sources};

/// Where suites come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Root {
    /// A folder.
    Folder(PathBuf),
    /// The suites inside this binary.
    Shipped,
}

/// What a load is told from outside the files.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// `--set NAME=VALUE`, in order.
    pub set: Vec<(String, String)>,
    /// What the embedded environment offers as `${demo.…}`.
    pub embedded: Environment,
    /// Nothing will run: a secret that nobody has given here is told, and is late.
    pub only_reading: bool,
    /// `--allow-commands`: secrets may be given by programs.
    pub allow_commands: bool,
    /// The environment variables for `${env.…}` and secrets.
    pub environment: Arc<BTreeMap<String, String>>,
    /// `${run.id}`; late when there is `None`.
    pub run_id: Option<String>,
    /// Where every resolved secret goes.
    pub mask: Mask,
}

/// The embedded environment, as far as a load knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Environment {
    /// This target embeds nothing.
    #[default]
    None,
    /// It would be started; only its names are known (`check`, `list`).
    Names(Vec<String>),
    /// It runs, and these are its variables.
    Running(Vec<(String, String)>),
}

impl Environment {
    /// The names it offers, without `demo.`.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let (names, variables): (&[String], &[(String, String)]) = match self {
            Self::None => (&[], &[]),
            Self::Names(names) => (names, &[]),
            Self::Running(variables) => (&[], variables),
        };
        names
            .iter()
            .map(String::as_str)
            .chain(variables.iter().map(|(name, _)| name.as_str()))
    }
}

/// Everything that was loaded.
#[derive(Debug)]
pub struct Suites {
    /// For every place.
    pub sources: Arc<Sources>,
    /// The file of a user's rules of diagnosis, read and not understood yet.
    pub rules: Option<FileId>,
    /// `allclear.yaml`.
    pub project: Project,
    /// Where to look.
    pub target: Target,
    /// Every test instance, files by path, then position, then row. Tests the target omits are among them.
    pub tests: Vec<Test>,
    /// Every session.
    pub sessions: Vec<Session>,
    /// What looks wrong although it can be used.
    pub warnings: Diagnostics,
    /// Of what was read.
    pub digests: Digests,
    /// For lints.
    pub(super) read: Read,
}

/// What is kept of what was read. The trees of the suites are not: they are as large as all that is made of them.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) early: Arc<EarlyScope>,
    pub(super) sessions: Option<Node>,
    pub(super) target: Option<Node>,
    /// What looks wrong in them as they are written.
    pub(super) lints: Diagnostics,
}
