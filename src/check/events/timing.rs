//! When events come. Where there is nothing to measure, no limit is kept.

use std::time::Duration;

use super::super::matcher::{Matcher, Seen};
use super::Measure;
use super::answers::{Longest, first, gap, unanswered};
use super::judge::{Mark, Outcome};
use super::stream::Stream;
use crate::model::{Observation, State, Value};
use crate::yaml::written_duration;

pub(super) fn judge(
    measure: Measure,
    matcher: &Matcher,
    stream: &Stream<'_>,
    seen: &Observation,
    is_silent: bool,
) -> Outcome {
    // Nothing can come out of a stream that has ended.
    if measure == Measure::Quiet
        && !is_silent
        && seen.facts.get("ended") == Some(&Value::Bool(true))
    {
        return Outcome::held(Some("the stream has ended".to_owned()));
    }
    // However soon the other sends were answered: this one is still waited for.
    let missing = match measure {
        Measure::First => unanswered(stream, false),
        Measure::Gap => unanswered(stream, true),
        Measure::Total | Measure::Quiet => None,
    };
    let measured = match measure {
        Measure::First => first(stream),
        Measure::Gap => gap(stream),
        Measure::Total => total(stream),
        Measure::Quiet if is_silent => None,
        Measure::Quiet => quiet(stream, seen),
    };
    let Some(measured) = measured.filter(|_| missing.is_none()) else {
        let why = missing.as_deref().unwrap_or(match measure {
            Measure::First => "no event came after something was sent",
            Measure::Total if stream.has_turns() => "what followed a send is left out",
            Measure::Total => "no event came to measure to",
            Measure::Gap => "there were no two events to measure between",
            Measure::Quiet => "no event came, after which it could be quiet",
        });
        return Outcome::broken(None, why.to_owned());
    };
    let took = written_duration(measured.time);
    let value = Value::Duration(measured.time);
    let mut outcome = Outcome::of(matcher, Seen::One(&value), Some(took.clone()));
    if outcome.state == State::NotHeld
        && let Some(at) = measured.at
    {
        let note = match measure {
            Measure::First => format!("{took} after the send"),
            Measure::Gap => format!("after {took} of silence"),
            Measure::Total if stream.has_turns() => format!("{took} after the send"),
            Measure::Total => format!("{took} after the stream was open"),
            Measure::Quiet => format!("listened for {took} after it"),
        };
        outcome.marks.push(Mark { at, note });
    }
    outcome
}

/// The longest turn: from a send to the last event before the next one. What we do between turns is nobody's fault. Where nothing
/// that came followed a send, from the open stream.
fn total(stream: &Stream<'_>) -> Option<Longest> {
    if stream.has_turns() {
        // Of the events of one turn the last is the furthest from its send.
        return Longest::of(stream.counted.iter().filter_map(|at| {
            let time = stream.events[*at].since_send?;
            Some(Longest::at(*at, time))
        }));
    }
    let last = *stream.counted.last()?;
    Some(Longest::at(last, stream.events[last].at))
}

/// Since the last event, as far as was listened. Where nothing was to come, it is quiet from the beginning.
fn quiet(stream: &Stream<'_>, seen: &Observation) -> Option<Longest> {
    let Some(Value::Duration(listened)) = seen.facts.get("listened") else {
        return None;
    };
    let last = stream.counted.last().copied();
    let came = last.map_or(Duration::ZERO, |last| stream.events[last].at);
    Some(Longest {
        time: listened.saturating_sub(came),
        at: last,
    })
}
