//! What is asked for, and why it can be refused before anything is probed.

use std::path::{Path, PathBuf};

use crate::demo;
use crate::journal::JournalError;
use crate::plan::{Picked, PlanError};
use crate::settings::{Flags, FoldError, Variables};
use crate::suite::{Opened, Root, Unusable, open};
use crate::template::Mask;

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Flags, already over the environment's.
    pub flags: Flags,
    /// PATHs: files or folders of the suites.
    pub paths: Vec<PathBuf>,
    /// The suites inside this binary instead of a folder.
    pub shipped: bool,
    /// Instances picked one by one, beside what the flags select.
    pub picked: Option<Picked>,
    /// The environment of the process.
    pub variables: Variables,
    /// Every resolved secret; whoever shows an error masks it with this.
    pub mask: Mask,
}

/// Why nothing was probed.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The suites cannot be used.
    #[error("{0}")]
    Suites(Box<Unusable>),
    /// A PATH leads nowhere.
    #[error("there is no file or folder {}", .0.display())]
    NoPath(PathBuf),
    /// Flags, target and project contradict each other.
    #[error(transparent)]
    Settings(#[from] FoldError),
    /// The selection cannot be read.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// `--set demo.…` names nothing the embedded environment has.
    #[error("{0}")]
    DemoSet(String),
    /// The run to repeat cannot be read.
    #[error("--rerun: {0}")]
    Rerun(JournalError),
    /// The embedded environment did not start.
    #[error("could not start the embedded environment: {0}")]
    Demo(#[from] demo::StartError),
    /// The run cannot be recorded, so it is not begun.
    #[error("could not record the run: {0}")]
    Journal(JournalError),
}

impl From<Unusable> for Refused {
    fn from(unusable: Unusable) -> Self {
        Self::Suites(Box::new(unusable))
    }
}

impl Request {
    /// `--suites`, else the nearest parent of the first PATH that holds `allclear.yaml`, else `suites`.
    pub(super) fn root(&self) -> Root {
        if self.shipped {
            return Root::Shipped;
        }
        let by_path = || self.paths.first().and_then(|path| nearest_project(path));
        Root::Folder(
            self.flags
                .suites
                .clone()
                .or_else(by_path)
                .unwrap_or_else(|| PathBuf::from("suites")),
        )
    }

    /// The project and the target, and the rules of `--rules`.
    pub(super) fn open(&self) -> Result<Opened, Refused> {
        let opened = open(&self.root(), self.flags.target.as_deref())?;
        Ok(match &self.flags.rules {
            Some(path) => opened.with_rules(path),
            None => opened,
        })
    }

    /// The fault of `--set demo.fault=…`; the last one given.
    pub(super) fn demo_fault(&self) -> Result<demo::Fault, Refused> {
        let mut fault = demo::Fault::None;
        for (name, value) in self
            .flags
            .set
            .iter()
            .filter(|(name, _)| name.starts_with("demo."))
        {
            if name != "demo.fault" {
                return Err(Refused::DemoSet(format!(
                    "--set {name}: the embedded environment takes only demo.fault; for one of `allclear demo --serve` use the target that it writes, allclear-demo/served.yaml"
                )));
            }
            fault = demo::Fault::parse(value).ok_or_else(|| {
                let names: Vec<&str> = demo::Fault::ALL.iter().map(|fault| fault.name()).collect();
                Refused::DemoSet(format!(
                    "--set demo.fault={value}: there is no such fault; there are {}",
                    names.join(", ")
                ))
            })?;
        }
        Ok(fault)
    }
}

pub(super) fn nearest_project(path: &Path) -> Option<PathBuf> {
    let has_project = |folder: &&Path| folder.join("allclear.yaml").is_file();
    if let Some(folder) = path
        .ancestors()
        .filter(|folder| !folder.as_os_str().is_empty())
        .find(has_project)
    {
        return Some(folder.to_owned());
    }
    // A bare `http.yaml` has its project beside it.
    Path::new("allclear.yaml")
        .is_file()
        .then(|| PathBuf::from("."))
}
