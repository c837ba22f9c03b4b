//! Parts of a suite that can only be filled when their test runs.

use std::sync::Arc;

use super::early::uses;
use super::fill::{Filler, WhenLate};
use super::{Lookup, Scope, place};
use crate::yaml::{Node, Sources};

/// A tree with late scalars, the early scope it was loaded with, and the sources its places point into.
#[derive(Clone)]
pub struct Template {
    /// The tree as written.
    pub node: Node,
    /// For its early names.
    pub early: Arc<dyn Scope>,
    /// For messages.
    pub sources: Arc<Sources>,
}

impl std::fmt::Debug for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Template")
            .field("node", &self.node)
            .finish_non_exhaustive()
    }
}

/// A tree without late scalars, ready to be decoded.
#[derive(Debug, Clone)]
pub struct Filled {
    /// The tree.
    pub node: Node,
    /// For messages.
    pub sources: Arc<Sources>,
}

/// A late value could not be filled: the attempt ends as errored, `error.value`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LateError(pub String);

impl Template {
    /// Fills every scalar: a name that `late` does not know is looked up in the scope of the load. The error names the
    /// variable and its place, never a value.
    pub fn fill(&self, late: &dyn Scope) -> Result<Filled, LateError> {
        let scope = Layered {
            late,
            early: &*self.early,
        };
        let mut filler = Filler::new(&scope, &self.sources, WhenLate::Wrong);
        let filled = filler.fill(&self.node);
        if let Some(problem) = filler.problems.into_iter().next() {
            let at = problem.span.map_or_else(String::new, |span| {
                format!(" ({})", place(&self.sources, span))
            });
            return Err(LateError(format!("{}{at}", problem.message)));
        }
        Ok(Filled {
            node: filled.unwrap_or_else(|| self.node.clone()),
            sources: self.sources.clone(),
        })
    }

    /// The late names it uses, in the order written, each once.
    pub fn late_names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for used in uses(&self.node) {
            if self.early.lookup(&used.name) == Lookup::Late && !names.contains(&used.name) {
                names.push(used.name);
            }
        }
        names
    }
}

/// The late scope over the early one.
struct Layered<'s> {
    late: &'s dyn Scope,
    early: &'s dyn Scope,
}

impl Scope for Layered<'_> {
    fn lookup(&self, name: &str) -> Lookup {
        match self.late.lookup(name) {
            Lookup::Unknown => self.early.lookup(name),
            known => known,
        }
    }

    fn names(&self) -> Vec<String> {
        let mut names = self.late.names();
        names.extend(self.early.names());
        names
    }

    fn written(&self, name: &str) -> Option<&Node> {
        self.late.written(name).or_else(|| self.early.written(name))
    }

    fn hide(&self, made: &str) {
        self.early.hide(made);
    }
}
