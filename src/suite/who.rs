//! Who does a test: nobody in particular or its actors, each with sessions of its own; and what only makes sense among several.

use std::sync::Arc;

use super::actors::{MOST, actors};
use super::defaults::{Defaults, connections};
use super::early::EarlyFields;
use super::file::Surroundings;
use super::scope::{ACTOR, Own, PORT, StepScope};
use super::step::named_span;
use super::uses::used_sessions;
use super::{Mode, Step, Used};
use crate::check::isolation;
use crate::model::{ActorName, Connections};
use crate::template::Lookup;
use crate::yaml::{Diagnostic, Diagnostics, Fields, Node, Span};

/// Who does an instance, with which sessions, and so what its steps see.
pub(super) struct Who {
    pub(super) scope: StepScope,
    pub(super) actors: Vec<ActorName>,
    pub(super) uses: Vec<Used>,
}

pub(super) fn who(
    fields: &Fields<'_>,
    mut scope: StepScope,
    around: &Surroundings<'_>,
    problems: &mut Diagnostics,
) -> Who {
    let actors = actors(&mut EarlyFields {
        fields,
        scope: &scope,
        sources: around.sources,
        problems,
    });
    let own = [
        (ACTOR, !actors.is_empty()),
        (PORT, starts_a_program(fields)),
    ];
    let own = own.into_iter().filter(|(_, is_there)| *is_there);
    let own = own.map(|(name, _)| Own {
        name: name.to_owned(),
        value: Lookup::Late,
    });
    scope.own = Arc::new(own.collect());
    need_no_variable(PORT, fields, &scope, problems);
    let (uses, named) = used_sessions(fields, &scope, &actors, around, problems);
    scope.sessions = captures_of(&named, around);
    Who {
        scope,
        actors,
        uses,
    }
}

/// Whether one of its looks starts a program that may need a port.
fn starts_a_program(fields: &Fields<'_>) -> bool {
    let mut steps = fields
        .get("steps")
        .and_then(Node::as_sequence)
        .into_iter()
        .flatten();
    fields.entry(PROGRAM).is_some() || steps.any(|step| step.get(PROGRAM).is_some())
}

/// Tells of a variable that a name of the test's own would hide.
fn need_no_variable(
    name: &str,
    fields: &Fields<'_>,
    scope: &StepScope,
    problems: &mut Diagnostics,
) {
    let is_own = scope.own.iter().any(|own| own.name == name);
    if is_own
        && scope
            .early
            .variables
            .iter()
            .any(|(known, ..)| known == name)
    {
        let message = format!(
            "`${{{name}}}` is a variable of the target, and in a test with `{PROGRAM}` the port chosen for it"
        );
        problems.push(
            Diagnostic::error(named_span(fields), message).help("give the variable another name"),
        );
    }
}

/// The probe that starts a program which may listen.
const PROGRAM: &str = "process";

/// Whether attempts connect anew. Actors always do, as a server may know by the connection who speaks: `reuse` among the
/// defaults is not for them.
pub(super) fn connections_of(
    fields: &Fields<'_>,
    actors: &[ActorName],
    defaults: &Defaults,
    problems: &mut Diagnostics,
) -> Connections {
    let written = fields
        .get("connections")
        .map(|node| (node, connections(node, problems)));
    match written {
        Some((node, Some(Connections::Reuse))) if !actors.is_empty() => {
            let message = "actors share no connections: a server may know by one who speaks";
            problems.push(
                Diagnostic::error(node.span, message)
                    .help("leave it out: each actor connects on its own"),
            );
            Connections::Fresh
        }
        Some((_, own)) => own.unwrap_or_default(),
        None if !actors.is_empty() => Connections::Fresh,
        None => defaults.connections.unwrap_or_default(),
    }
}

/// What only makes sense among several is told where there are not so many.
pub(super) fn fit_actors(actors: &[ActorName], steps: &[Step], problems: &mut Diagnostics) {
    match actors {
        [] => need_no_actors(steps, "a test without `actors`", problems),
        [_] => steps
            .iter()
            .for_each(|step| need_no_others(step, "one actor alone", problems)),
        _ => {
            need_long_names(actors, steps, problems);
            steps
                .iter()
                .filter(|step| step.until.is_some())
                .for_each(|step| need_one_look(step, problems));
        }
    }
}

/// Tells of what a step that is polled cannot do: each poll is a look of its own.
fn need_one_look(step: &Step, problems: &mut Diagnostics) {
    if let Some(span) = step.waits {
        problems.push(
            Diagnostic::error(
                span,
                "a step with `until` would come here once a poll, and count as several actors",
            )
            .help("wait in a step without `until`"),
        );
    }
    if let Some(span) = step.isolation_key {
        problems.push(
            Diagnostic::error(span, "of a step with `until` only the last poll could be searched")
                .help("expect it of a step without `until`; `until` of the whole test polls rounds, and each is searched"),
        );
    }
}

/// Tells of names too short to be searched for, where they would be: in a run no round could hold.
fn need_long_names(actors: &[ActorName], steps: &[Step], problems: &mut Diagnostics) {
    let is_short = |name: &&ActorName| name.as_str().chars().count() < isolation::SHORTEST;
    let mut short = actors.iter().filter(is_short);
    let (Some(first), Some(span)) = (short.next(), steps.iter().find_map(|s| s.isolation_key))
    else {
        return;
    };
    let more = match short.count() {
        0 => String::new(),
        more => format!(", like {more} more,"),
    };
    problems.push(
        Diagnostic::error(
            span,
            format!("the actor's name `{first}`{more} is too short to be searched for"),
        )
        .help(format!(
            "an actor's name of at least {} characters can be found in what others received",
            isolation::SHORTEST
        )),
    );
}

/// More at once are a load, whether by actors, by lanes or by both.
pub(super) fn few_at_once(actors: usize, mode: Option<(&Mode, Span)>, problems: &mut Diagnostics) {
    let Some((Mode::Repeat(repeat), span)) = mode else {
        return;
    };
    let at_once = repeat.concurrency.saturating_mul(actors as u64);
    if at_once > MOST {
        let concurrency = repeat.concurrency;
        let message = format!(
            "{concurrency} rounds of {actors} actors are {at_once} at once, expected at most {MOST}"
        );
        problems.push(Diagnostic::error(span, message));
    }
}

/// Tells of what only the steps of a test with actors may say.
pub(super) fn need_no_actors(steps: &[Step], whose: &str, problems: &mut Diagnostics) {
    for step in steps {
        if let Some(span) = step.waits {
            problems.push(
                Diagnostic::error(span, format!("{whose} has nobody to wait for"))
                    .help("only the steps of a test with `actors` wait for each other"),
            );
        }
        need_no_others(step, whose, problems);
    }
}

/// Tells of `isolation` where there is nobody to be isolated from.
fn need_no_others(step: &Step, whose: &str, problems: &mut Diagnostics) {
    if let Some(span) = step.isolation_key {
        problems.push(
            Diagnostic::error(span, format!("{whose} has nobody to be isolated from"))
                .help("only a step of a test with `actors`, two or more, can expect it"),
        );
    }
}

/// What these sessions capture.
fn captures_of(sessions: &[String], around: &Surroundings<'_>) -> Arc<Vec<String>> {
    let known = around.sessions.as_ref();
    let captures_of = |name: &String| {
        let captures = known
            .and_then(|known| known.get(name))
            .map(|known| known.captures.as_slice())
            .unwrap_or_default();
        let named = |capture| format!("{name}.{capture}");
        captures.iter().map(named).collect::<Vec<_>>()
    };
    Arc::new(sessions.iter().flat_map(captures_of).collect())
}
