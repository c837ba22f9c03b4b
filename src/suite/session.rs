//! `sessions.yaml`: things done once per run and shared.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::Step;
use super::defaults::{Defaults, timeout};
use super::early;
use super::gate_keys::texts;
use super::scope::{EarlyScope, Own, StepScope};
use super::step::{decode_list, must_fit};
use super::uses::{KnownSession, Opening};
use super::variables::Variable;
use super::who::need_no_actors;
use crate::check::{Captured, is_taken};
use crate::model::{Place, SessionName};
use crate::template::{Lookup, Secrecy, is_variable_name, place};
use crate::yaml::{Diagnostic, Diagnostics, Entry, Fields, Node, Sources, visible};

/// One session; of one with parameters, one for each that some test opens it with.
#[derive(Debug)]
pub struct Session {
    /// Its name: `user[name=alice]`.
    pub name: SessionName,
    /// What tests call it, whatever it is opened with: `user`.
    pub called: SessionName,
    /// What it is opened with.
    pub parameters: Vec<Captured>,
    /// In order.
    pub steps: Vec<Step>,
    /// At the end of the run.
    pub cleanup: Vec<Step>,
    /// Of all its steps together; after the project's defaults.
    pub timeout: Duration,
    /// Where it stands.
    pub place: Place,
}

/// The sessions of a project.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    /// Those without parameters.
    pub(super) all: Vec<Session>,
    /// All, by name.
    pub(super) known: HashMap<String, KnownSession>,
}

/// Reads sessions.
pub(super) struct SessionDecoder<'d> {
    pub(super) sources: &'d Arc<Sources>,
    pub(super) early: &'d Arc<EarlyScope>,
    pub(super) defaults: &'d Defaults,
}

impl SessionDecoder<'_> {
    /// Reads `sessions.yaml`, those with parameters as far as they are the same whatever they are opened with. `None` when it
    /// cannot be said what sessions there are.
    pub(super) fn all(&self, node: &Node, problems: &mut Diagnostics) -> Option<Sessions> {
        let file = Fields::of(node, "file of sessions", &["sessions"], problems)?;
        let node = file.required("sessions", problems)?;
        let Some(entries) = node.as_mapping() else {
            problems.push(Diagnostic::error(
                node.span,
                "expected a mapping of sessions, each with `steps`",
            ));
            return None;
        };
        let mut sessions = Sessions::default();
        for entry in entries {
            if !is_variable_name(&entry.key) {
                problems.push(Diagnostic::error(
                    entry.key_span,
                    format!(
                        "`{}` is no name for a session: a-z, 0-9 and `_`",
                        visible(&entry.key)
                    ),
                ));
            }
            let parameters = self.parameters(&entry.value, problems);
            let later = |name: &String| Own {
                name: name.clone(),
                value: Lookup::Late,
            };
            let own = Arc::new(parameters.iter().map(later).collect());
            let name = SessionName::new(entry.key.clone());
            let (session, captures) = self.one(entry, name, own, problems);
            if parameters.is_empty() {
                sessions.all.extend(session);
            }
            let known = KnownSession {
                parameters,
                captures,
            };
            sessions.known.insert(entry.key.to_string(), known);
        }
        Some(sessions)
    }

    /// Reads the sessions with parameters again, with the values they are opened with. What was told before is not told again.
    pub(super) fn opened(
        &self,
        node: &Node,
        openings: &[&Opening],
        problems: &mut Diagnostics,
    ) -> Vec<Session> {
        let entries = node.get("sessions").and_then(Node::as_mapping);
        let mut told: HashSet<Diagnostic> = problems.iter().cloned().collect();
        let mut broken: HashSet<&str> = HashSet::new();
        let mut sessions = Vec::new();
        for opening in openings {
            let base = opening.called.as_str();
            let entry = entries
                .unwrap_or_default()
                .iter()
                .find(|entry| *entry.key == *base);
            // What is wrong with it is mostly wrong whatever it is opened with.
            let Some(entry) = entry.filter(|_| !broken.contains(base)) else {
                continue;
            };
            let mut found = Diagnostics::default();
            let values = opening.values.clone();
            let (session, _) = self.one(entry, opening.name.clone(), values, &mut found);
            if found.has_errors() {
                broken.insert(base);
            }
            for problem in found.iter() {
                if told.insert(problem.clone()) {
                    problems.push(problem.clone());
                }
            }
            sessions.extend(session);
        }
        sessions
    }

    /// `params`.
    fn parameters(&self, session: &Node, problems: &mut Diagnostics) -> Vec<String> {
        let Some(node) = session.get("params") else {
            return Vec::new();
        };
        let mut parameters: Vec<String> = Vec::new();
        let found = texts(node, "names", problems);
        if node.as_sequence().is_some_and(<[Node]>::is_empty) {
            problems.push(Diagnostic::error(
                node.span,
                "an empty list names no parameters",
            ));
        }
        for (span, name) in found {
            let is_variable = |(known, ..): &Variable| *known == name;
            let why = if !is_variable_name(&name) {
                Some("is no name: names are a-z, 0-9 and _, and do not begin with a digit")
            } else if is_taken(&name) {
                Some("has a meaning of its own in `${…}`")
            } else if self.early.variables.iter().any(is_variable) {
                Some("has a meaning already: a variable of the target")
            } else if parameters.contains(&name) {
                Some("is there twice")
            } else {
                None
            };
            if let Some(why) = why {
                let message = format!("`{}` {why}", visible(&name));
                problems.push(Diagnostic::error(span, message));
            }
            // One with a wrong name is there all the same: those who give it a value are not told off as well.
            if !parameters.contains(&name) {
                parameters.push(name);
            }
        }
        parameters
    }

    /// Reads one whose parameters have these values; also gives what it captures.
    fn one(
        &self,
        entry: &Entry,
        name: SessionName,
        own: Arc<Vec<Own>>,
        problems: &mut Diagnostics,
    ) -> (Option<Session>, Vec<String>) {
        let keys = ["description", "params", "steps", "cleanup", "timeout"];
        let Some(fields) = Fields::of(&entry.value, "session", &keys, problems) else {
            return (None, Vec::new());
        };
        let parameters = own.iter().filter_map(given).collect();
        let scope = StepScope {
            own,
            ..StepScope::new(self.early)
        };
        let sources = self.sources;
        fields.text("description", problems);
        let Some(list) = fields.required("steps", problems) else {
            return (None, Vec::new());
        };
        let broken_before = problems.errors();
        let (steps, after) = decode_list(list, sources, &scope, problems);
        let is_broken = problems.errors() > broken_before;
        let cleanup = fields
            .get("cleanup")
            .map(|node| decode_list(node, sources, &after, problems).0)
            .unwrap_or_default();
        if !is_broken && !steps.iter().any(|step| step.expects) {
            problems.push(Diagnostic::error(
                entry.key_span,
                "no step of this session expects anything, so it could not fail",
            ));
        }
        need_no_actors(&steps, "a session", problems);
        need_no_actors(&cleanup, "a clean-up", problems);
        let own = fields.get("timeout").map(|node| {
            let filled = early::fill("timeout", node, &scope, sources, problems)?;
            timeout(&filled, problems)
        });
        if own.is_none() && self.defaults.timeout.is_none() {
            problems.push(no_timeout(entry.key_span));
        }
        let timeout = own.unwrap_or(self.defaults.timeout);
        if let Some(timeout) = timeout {
            must_fit(&steps, timeout, problems);
        }
        let session = timeout.map(|timeout| Session {
            name,
            called: SessionName::new(entry.key.clone()),
            parameters,
            steps,
            cleanup,
            timeout,
            place: place(sources, entry.key_span),
        });
        (session, after.captures)
    }
}

/// A timeout is required or inherited, never infinite.
pub(super) fn no_timeout(span: crate::yaml::Span) -> Diagnostic {
    Diagnostic::error(span, "has no `timeout`, and inherits none")
        .help("write `timeout: 10s` here, under `defaults` of this file, or under `defaults` in allclear.yaml")
}

/// A parameter whose value is known.
fn given(own: &Own) -> Option<Captured> {
    let Lookup::Known(value, secrecy) = &own.value else {
        return None;
    };
    Some(Captured {
        name: own.name.clone(),
        value: value.clone(),
        secret: *secrecy == Secrecy::Secret,
    })
}
