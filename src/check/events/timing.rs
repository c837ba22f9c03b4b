//! When events come. Where there is nothing to measure, no limit is kept.

use std::time::Duration;

use super::super::matcher::{Matcher, Seen};
use super::Measure;
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
    let fact = |name: &str| match seen.facts.get(name) {
        Some(Value::Duration(duration)) => Some(*duration),
        _ => None,
    };
    let has_ended = seen.facts.get("ended") == Some(&Value::Bool(true));
    let measured = match measure {
        Measure::First => fact("first_event"),
        Measure::Gap => fact("max_gap"),
        Measure::Total => total(stream),
        Measure::Quiet if is_silent => None,
        // Nothing can come out of a stream that has ended.
        Measure::Quiet if has_ended => {
            return Outcome::held(Some("the stream has ended".to_owned()));
        }
        Measure::Quiet => fact("listened").map(|listened| {
            // Where nothing was to come, it is quiet from the beginning.
            let last = stream.counted.last().map(|at| stream.events[*at].at);
            listened.saturating_sub(last.unwrap_or_default())
        }),
    };
    let Some(measured) = measured else {
        let why = match measure {
            Measure::First => "no event came after something was sent",
            Measure::Total if stream.has_turns() => "what followed a send is left out",
            Measure::Total => "no event came to measure to",
            Measure::Gap => "there were no two events to measure between",
            Measure::Quiet => "no event came, after which it could be quiet",
        };
        return Outcome::broken(None, why.to_owned());
    };
    let shown = Some(written_duration(measured));
    let mut outcome = Outcome::of(matcher, Seen::One(&Value::Duration(measured)), shown);
    if outcome.state == State::NotHeld {
        outcome.marks.extend(mark(measure, measured, stream));
    }
    outcome
}

/// The longest turn: from a send to the last event before the next one. What we do between turns is nobody's fault. Where nothing that
/// came followed a send, from the open stream.
fn total(stream: &Stream<'_>) -> Option<Duration> {
    let counted = || stream.counted.iter().map(|at| &stream.events[*at]);
    if stream.has_turns() {
        // Of the events of one turn the last is the furthest from its send.
        return counted().filter_map(|event| event.since_send).max();
    }
    counted().next_back().map(|event| event.at)
}

/// The event that came too late, or after which it was not quiet for long enough.
fn mark(measure: Measure, measured: Duration, stream: &Stream<'_>) -> Option<Mark> {
    let took = written_duration(measured);
    let (at, note) = match measure {
        Measure::First => {
            let is_it = |at: &usize| stream.events[*at].since_send == Some(measured);
            let at = (0..stream.events.len()).find(is_it)?;
            (at, format!("{took} after the send"))
        }
        Measure::Gap => {
            let is_it = |at: &usize| silence_before(*at, stream) == Some(measured);
            let at = (0..stream.events.len()).find(is_it)?;
            (at, format!("after {took} of silence"))
        }
        Measure::Total if stream.has_turns() => {
            let is_it = |at: &&usize| stream.events[**at].since_send == Some(measured);
            let at = *stream.counted.iter().find(is_it)?;
            (at, format!("{took} after the send"))
        }
        Measure::Total => {
            let since = format!("{took} after the stream was open");
            (*stream.counted.last()?, since)
        }
        Measure::Quiet => (
            *stream.counted.last()?,
            format!("listened for {took} after it"),
        ),
    };
    Some(Mark { at, note })
}

/// Since the event before, or since a send between them; nothing before the first send and the first event.
fn silence_before(at: usize, stream: &Stream<'_>) -> Option<Duration> {
    let event = &stream.events[at];
    let before = at.checked_sub(1).map(|before| &stream.events[before]);
    let since_event = before.map(|before| event.at.saturating_sub(before.at));
    match (event.since_send, since_event) {
        (Some(send), Some(event)) => Some(send.min(event)),
        (send, event) => send.or(event),
    }
}
