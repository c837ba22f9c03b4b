//! Where `${…}` gets its values from at load, and which names come later.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::secret::{Means, Secret, Without};
use super::suites::Environment;
use super::variables::{Variable, is_secret_name};
use crate::model::Value;
use crate::template::{Lookup, Mask, Scope, Secrecy};
use crate::yaml::Node;

/// What all files share: variables, environment, secrets, budgets, the embedded environment.
#[derive(Debug)]
pub(super) struct EarlyScope {
    /// Variables of the target, `--set` applied, in order.
    pub(super) variables: Vec<Variable>,
    /// Variables that are lists and only known in a run, filled as far as they are: a `matrix` of them has its rows already.
    pub(super) pending_lists: HashMap<String, Node>,
    pub(super) secrets: Vec<Secret>,
    pub(super) budgets: Vec<(String, String)>,
    pub(super) embedded: Environment,
    pub(super) run_id: Option<String>,
    /// Variables that are not resolved yet.
    pub(super) below: HashSet<String>,
    /// Names whose definitions are broken: told once there, not again at every use. `vars.*`, `secret.*` and `budget.*`
    /// when it cannot be said which there are.
    pub(super) broken: HashSet<String>,
    pub(super) means: Means,
    pub(super) mask: Mask,
}

impl Scope for EarlyScope {
    fn lookup(&self, name: &str) -> Lookup {
        let found = self.find(name);
        let kind = name.split_once('.').map_or("vars", |(kind, _)| kind);
        let is_broken = self.broken.contains(name) || self.broken.contains(&format!("{kind}.*"));
        if found == Lookup::Unknown && is_broken {
            return Lookup::Late;
        }
        found
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .variables
            .iter()
            .map(|(name, ..)| name.clone())
            .collect();
        names.extend(
            self.secrets
                .iter()
                .map(|secret| format!("secret.{}", secret.name())),
        );
        names.extend(
            self.budgets
                .iter()
                .map(|(name, _)| format!("budget.{name}")),
        );
        names.extend(self.embedded.names().map(|name| format!("demo.{name}")));
        names.extend(LATE.iter().map(|name| (*name).to_owned()));
        names.push("run.id".to_owned());
        names
    }

    fn hide(&self, made: &str) {
        self.mask.add(made);
    }
}

impl EarlyScope {
    fn find(&self, name: &str) -> Lookup {
        match name.split_once('.') {
            None => self.plain(name),
            Some(("env", variable)) => match self.means.environment.get(variable) {
                Some(value) if value.is_empty() => {
                    Lookup::Unusable(format!("environment variable {variable} is empty"))
                }
                Some(value) => Lookup::Known(Value::Text(value.clone()), Secrecy::Public),
                None => Lookup::Unusable(format!("environment variable {variable} is not set")),
            },
            Some(("secret", secret)) => self.secret(secret),
            Some(("budget", budget)) => {
                match self.budgets.iter().find(|(known, _)| known == budget) {
                    Some((_, text)) => Lookup::Known(Value::Text(text.clone()), Secrecy::Public),
                    None => Lookup::Unknown,
                }
            }
            Some(("demo", variable)) => self.demo(variable),
            Some(("run", "id")) => match &self.run_id {
                Some(id) => Lookup::Known(Value::Text(id.clone()), Secrecy::Public),
                None => Lookup::Late,
            },
            Some(("run", "started")) => Lookup::Late,
            Some(_) => Lookup::Unknown,
        }
    }
}

/// Made anew for each attempt, but for the moment at which the run began, which is there before the first of them.
const LATE: &[&str] = &["uuid", "nonce", "now", "attempt", "run.started"];

/// Whether the values of a matrix may use a name before a test runs: it is filled in for each attempt then. Captures are not
/// among them, as each step knows others.
pub(super) fn is_late_in_a_row(name: &str) -> bool {
    LATE.contains(&name) || name == ACTOR || name.starts_with("session.")
}

/// Whether a late name is late only because nothing was started: `check` and `list` do not know it, a run does.
pub(super) fn is_known_in_a_run(name: &str) -> bool {
    !LATE.contains(&name) && name != ACTOR
}

/// The name of the one who does it, in a test with `actors`.
pub(super) const ACTOR: &str = "actor";

/// A free port, in a test that starts a program.
pub(super) const PORT: &str = "port";

impl EarlyScope {
    fn plain(&self, name: &str) -> Lookup {
        if let Some((_, value, secrecy)) = self.variables.iter().find(|(known, ..)| known == name) {
            return value
                .clone()
                .map_or(Lookup::Late, |value| Lookup::Known(value, *secrecy));
        }
        if LATE.contains(&name) {
            Lookup::Late
        } else if name == ACTOR {
            let why = "only a test with `actors` has it; a session is told by a parameter: `params: [name]`";
            Lookup::Unusable(why.to_owned())
        } else if name == PORT && !self.below.contains(name) {
            let why = "only a test that starts a program, with `process`, has it";
            Lookup::Unusable(why.to_owned())
        } else if self.below.contains(name) {
            let why = "not known yet; a variable can use those that stand above it";
            Lookup::Unusable(why.to_owned())
        } else {
            Lookup::Unknown
        }
    }

    fn secret(&self, name: &str) -> Lookup {
        let Some(secret) = self.secrets.iter().find(|secret| secret.name() == name) else {
            return Lookup::Unknown;
        };
        match secret.value(&self.means) {
            Ok(value) => {
                self.mask.add(value);
                Lookup::Known(Value::Text(value.to_owned()), Secrecy::Secret)
            }
            Err(Without::Missing(_) | Without::Later) if self.means.only_reading => Lookup::Late,
            Err(without) => Lookup::Unusable(without.why().to_owned()),
        }
    }

    fn demo(&self, name: &str) -> Lookup {
        match &self.embedded {
            Environment::None => {
                Lookup::Unusable("only a target with `embedded: demo` has `demo.…`".to_owned())
            }
            Environment::Names(names) if names.iter().any(|known| known == name) => Lookup::Late,
            Environment::Names(_) => Lookup::Unknown,
            Environment::Running(variables) => {
                match variables.iter().find(|(known, _)| known == name) {
                    Some((_, value)) if is_secret_name(name) => {
                        self.mask.add(value);
                        Lookup::Known(Value::Text(value.clone()), Secrecy::Secret)
                    }
                    Some((_, value)) => Lookup::Known(Value::Text(value.clone()), Secrecy::Public),
                    None => Lookup::Unknown,
                }
            }
        }
    }
}

/// What one step of a test or session sees: the early scope, its row, and the names that steps and sessions before it
/// give later.
#[derive(Debug, Clone)]
pub(super) struct StepScope {
    pub(super) early: Arc<EarlyScope>,
    /// The row of the matrix.
    pub(super) row: Arc<Vec<Cell>>,
    /// Captures of earlier steps.
    pub(super) captures: Vec<String>,
    /// Names that only it has: the parameters of a session, `actor` of a test with actors, `port` of one that starts a program.
    pub(super) own: Arc<Vec<Own>>,
    /// `NAME.CAPTURE` of the sessions it uses.
    pub(super) sessions: Arc<Vec<String>>,
    /// sessions.yaml cannot be read: what it would have given is not told to be missing.
    pub(super) any_session: bool,
    /// The target leaves the test out: its variables need not be there, nor be what the test could be asked with.
    pub(super) is_omitted: bool,
}

/// A value of a matrix row, and its name.
pub(super) type Cell = (String, Content);

/// What stands in a cell.
#[derive(Debug, Clone)]
pub(super) enum Content {
    Known(Value),
    /// A run knows it when it begins; nothing was started here.
    InARun,
    /// It is filled anew for each attempt.
    Late(Node),
}

/// A name of a scope's own.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Own {
    pub(super) name: String,
    /// Its value, or that it comes later.
    pub(super) value: Lookup,
}

impl StepScope {
    /// What all files see, and nothing else yet.
    pub(super) fn new(early: &Arc<EarlyScope>) -> Self {
        Self {
            early: Arc::clone(early),
            row: Arc::default(),
            captures: Vec::new(),
            own: Arc::default(),
            sessions: Arc::default(),
            any_session: false,
            is_omitted: false,
        }
    }

    /// The same for a name that may also be a capture or a session's.
    pub(super) fn is_known_in_a_run(&self, name: &str) -> bool {
        let is_given_by_a_step = self.captures.iter().any(|known| known == name)
            || (name.starts_with("session.") && !self.any_session);
        let mut own = self.own.iter();
        let is_own = own.any(|own| own.name == name && own.value == Lookup::Late);
        let is_late = is_given_by_a_step || is_own || self.written(name).is_some();
        !is_late && is_known_in_a_run(name)
    }

    /// The cells of its row that are filled for each attempt.
    pub(super) fn late_cells(&self) -> impl Iterator<Item = &Node> {
        self.row.iter().filter_map(|(_, content)| match content {
            Content::Late(node) => Some(node),
            Content::Known(_) | Content::InARun => None,
        })
    }
}

impl Scope for StepScope {
    fn lookup(&self, name: &str) -> Lookup {
        match self.find(name) {
            Lookup::Unknown if self.is_omitted => Lookup::Late,
            found => found,
        }
    }

    fn names(&self) -> Vec<String> {
        let mut names = self.early.names();
        names.extend(self.captures.iter().cloned());
        names.extend(self.own.iter().map(|own| own.name.clone()));
        names.extend(self.row.iter().map(|(key, _)| format!("matrix.{key}")));
        names.extend(
            self.sessions
                .iter()
                .map(|capture| format!("session.{capture}")),
        );
        names
    }

    fn written(&self, name: &str) -> Option<&Node> {
        let key = name.strip_prefix("matrix.")?;
        match self.row.iter().find(|(known, _)| known == key)? {
            (_, Content::Late(node)) => Some(node),
            (_, Content::Known(_) | Content::InARun) => None,
        }
    }

    fn hide(&self, made: &str) {
        self.early.hide(made);
    }
}

impl StepScope {
    fn find(&self, name: &str) -> Lookup {
        match name.split_once('.') {
            Some(("matrix", key)) => match self.row.iter().find(|(known, _)| known == key) {
                Some((_, Content::Known(value))) => Lookup::Known(value.clone(), Secrecy::Public),
                Some((_, Content::InARun | Content::Late(_))) => Lookup::Late,
                None => Lookup::Unknown,
            },
            Some(("session", _)) if self.any_session => Lookup::Late,
            Some(("session", capture)) if self.sessions.iter().any(|known| known == capture) => {
                Lookup::Late
            }
            Some(("session", capture)) => {
                let session = capture.split('.').next().unwrap_or_default();
                let is_used = |known: &String| known.split('.').next() == Some(session);
                if self.sessions.iter().any(is_used) {
                    Lookup::Unknown
                } else {
                    Lookup::Unusable(format!(
                        "no session `{session}` is used here; a test says `uses: [{session}]`"
                    ))
                }
            }
            None if self.captures.iter().any(|known| known == name) => Lookup::Late,
            None => match self.own.iter().find(|own| own.name == name) {
                Some(own) => own.value.clone(),
                None => self.early.lookup(name),
            },
            Some(_) => self.early.lookup(name),
        }
    }
}
