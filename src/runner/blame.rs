//! Who is to blame for a blocked instance: the first on the way that are not blocked themselves.

use std::collections::HashSet;
use std::sync::Arc;

use crate::model::{Blamed, Code, Root, Status};

/// How an instance or a session ended, for those that depend on it.
#[derive(Debug, Clone)]
pub(super) struct End {
    pub(super) status: Status,
    pub(super) code: Option<Code>,
    /// Of a blocked instance: its roots.
    pub(super) roots: Arc<[Blamed]>,
    /// Of a skipped one: what those that require it say.
    pub(super) skipped: Option<Arc<str>>,
}

/// Roots, each once, in the order they were found.
#[derive(Debug, Default)]
pub(super) struct Blame {
    roots: Vec<Blamed>,
    known: HashSet<Root>,
}

impl Blame {
    /// Blames this one, or whoever it blames.
    pub(super) fn add(&mut self, root: impl FnOnce() -> Root, end: &End) {
        if end.status == Status::Blocked {
            end.roots.iter().for_each(|root| self.push(root.clone()));
        } else {
            self.push(Blamed {
                root: root(),
                status: end.status,
                code: end.code.clone(),
            });
        }
    }

    /// Who is blamed.
    pub(super) fn into_roots(self) -> Vec<Blamed> {
        self.roots
    }

    fn push(&mut self, blamed: Blamed) {
        if self.known.insert(blamed.root.clone()) {
            self.roots.push(blamed);
        }
    }
}
