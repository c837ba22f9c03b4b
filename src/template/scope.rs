//! Where names get their values from.

use std::sync::Arc;

use crate::model::Value;
use crate::yaml::Node;

/// Whether a value must never be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrecy {
    /// May be shown.
    Public,
    /// Masked wherever anything leaves the process.
    Secret,
}

/// What a scope knows about a name.
#[derive(Debug, Clone, PartialEq)]
pub enum Lookup {
    /// Its value.
    Known(Value, Secrecy),
    /// The name is right, its value comes later (a capture, a session, `uuid`, …).
    Late,
    /// Nobody has this name.
    Unknown,
    /// The name is right, but its value cannot be had: an environment variable that is not set, an empty secret. Why.
    Unusable(String),
}

/// Gives names their values. `name` is the whole dotted name: `api`, `secret.password`, `session.alice.token`.
pub trait Scope: Send + Sync {
    /// What is known about a name.
    fn lookup(&self, name: &str) -> Lookup;

    /// The names there are, for suggestions.
    fn names(&self) -> Vec<String>;

    /// The tree that stands for a name that is late, where one was written: it is filled when the name is.
    fn written(&self, _name: &str) -> Option<&Node> {
        None
    }

    /// Takes note of a secret that was made just now, of a secret: it must not be shown either. A scope that has none keeps
    /// no mask.
    fn hide(&self, _made: &str) {}
}

impl<S: Scope + ?Sized> Scope for Arc<S> {
    fn lookup(&self, name: &str) -> Lookup {
        (**self).lookup(name)
    }

    fn names(&self) -> Vec<String> {
        (**self).names()
    }

    fn written(&self, name: &str) -> Option<&Node> {
        (**self).written(name)
    }

    fn hide(&self, made: &str) {
        (**self).hide(made);
    }
}
