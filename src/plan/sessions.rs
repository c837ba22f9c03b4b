//! The sessions that planned tests use, and those who use them.

use std::collections::{HashMap, HashSet};

use super::build::{CLEANUP_TIMEOUT, missing_permission, plan_steps};
use super::{PlannedActor, PlannedSession, PlannedTest};
use crate::model::{ActorName, SessionName};
use crate::settings::RunConfig;
use crate::suite::{Session, Test, Used};

/// The sessions that planned tests use, and where each of them is.
pub(super) fn plan_sessions(
    sessions: Vec<Session>,
    tests: &[Test],
    planned: &[bool],
    config: &RunConfig,
) -> (Vec<PlannedSession>, HashMap<SessionName, usize>) {
    let planned = tests.iter().zip(planned).filter(|(_, planned)| **planned);
    let uses = planned.flat_map(|(test, _)| &test.uses);
    let used: HashSet<&SessionName> = uses.flat_map(Used::names).collect();
    let mut positions = HashMap::new();
    let mut result = Vec::new();
    for session in sessions
        .into_iter()
        .filter(|session| used.contains(&session.name))
    {
        positions.insert(session.name.clone(), result.len());
        result.push(PlannedSession {
            skip: missing_permission(session.steps.iter().chain(&session.cleanup), false, config),
            name: session.name,
            called: session.called,
            parameters: session.parameters,
            steps: plan_steps(session.steps, session.timeout),
            cleanup: plan_steps(session.cleanup, CLEANUP_TIMEOUT),
            timeout: session.timeout,
            longest: None,
            place: session.place,
        });
    }
    (result, positions)
}

/// Its actors, each with its sessions.
pub(super) fn plan_actors(
    test: &Test,
    sessions: &HashMap<SessionName, usize>,
) -> Vec<PlannedActor> {
    let uses_of = |actor: usize| {
        let names = test.uses.iter().map(|used| used.name_for(actor));
        names
            .filter_map(|name| sessions.get(name).copied())
            .collect()
    };
    let actors = test.actors.iter().enumerate();
    let actor = |(at, name): (usize, &ActorName)| PlannedActor {
        name: name.clone(),
        uses: uses_of(at),
    };
    actors.map(actor).collect()
}

/// The sessions of this test must last as long as it may take.
pub(super) fn used_by(test: &PlannedTest, sessions: &mut [PlannedSession]) {
    let budget = test.budget();
    for session in &test.uses {
        let longest = &mut sessions[*session].longest;
        if longest.as_ref().is_none_or(|(_, known)| *known < budget) {
            *longest = Some((test.header.id.clone(), budget));
        }
    }
}
