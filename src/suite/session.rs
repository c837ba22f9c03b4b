//! `sessions.yaml`: things done once per run and shared.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::Step;
use super::defaults::{Defaults, timeout};
use super::early;
use super::scope::{EarlyScope, StepScope};
use super::step::{decode_list, must_fit};
use crate::model::{Place, SessionName};
use crate::template::{is_variable_name, place};
use crate::yaml::{Diagnostic, Diagnostics, Entry, Fields, Node, Sources, visible};

/// One session.
#[derive(Debug)]
pub struct Session {
    /// Its name.
    pub name: SessionName,
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
    pub(super) all: Vec<Session>,
    /// What each captures, by its name; broken ones too, so that who uses them is not told off as well.
    pub(super) captures: HashMap<String, Vec<String>>,
}

/// Reads `sessions.yaml`. `None` when it cannot be said what sessions there are.
pub(super) fn decode_sessions(
    node: &Node,
    sources: &Arc<Sources>,
    early: &Arc<EarlyScope>,
    defaults: &Defaults,
    problems: &mut Diagnostics,
) -> Option<Sessions> {
    let file = Fields::of(node, "file of sessions", &["sessions"], problems)?;
    let node = file.required("sessions", problems)?;
    let Some(entries) = node.as_mapping() else {
        problems.push(Diagnostic::error(
            node.span,
            "expected a mapping of sessions, each with `steps`",
        ));
        return None;
    };
    let scope = StepScope {
        early: early.clone(),
        row: Arc::default(),
        captures: Vec::new(),
        sessions: Arc::default(),
        any_session: false,
        is_omitted: false,
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
        let (session, captures) = decode(entry, sources, &scope, defaults, problems);
        sessions.all.extend(session);
        sessions.captures.insert(entry.key.to_string(), captures);
    }
    Some(sessions)
}

fn decode(
    entry: &Entry,
    sources: &Arc<Sources>,
    scope: &StepScope,
    defaults: &Defaults,
    problems: &mut Diagnostics,
) -> (Option<Session>, Vec<String>) {
    let keys = ["description", "steps", "cleanup", "timeout"];
    let Some(fields) = Fields::of(&entry.value, "session", &keys, problems) else {
        return (None, Vec::new());
    };
    fields.text("description", problems);
    let Some(list) = fields.required("steps", problems) else {
        return (None, Vec::new());
    };
    let broken_before = problems.errors();
    let (steps, after) = decode_list(list, sources, scope, problems);
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
    let own = fields.get("timeout").map(|node| {
        let filled = early::fill("timeout", node, scope, sources, problems)?;
        timeout(&filled, problems)
    });
    if own.is_none() && defaults.timeout.is_none() {
        problems.push(no_timeout(entry.key_span));
    }
    let timeout = own.unwrap_or(defaults.timeout);
    if let Some(timeout) = timeout {
        must_fit(&steps, timeout, problems);
    }
    let session = timeout.map(|timeout| Session {
        name: SessionName::new(entry.key.clone()),
        steps,
        cleanup,
        timeout,
        place: place(sources, entry.key_span),
    });
    (session, after.captures)
}

/// A timeout is required or inherited, never infinite.
pub(super) fn no_timeout(span: crate::yaml::Span) -> Diagnostic {
    Diagnostic::error(span, "has no `timeout`, and inherits none")
        .help("write `timeout: 10s` here, under `defaults` of this file, or under `defaults` in allclear.yaml")
}
