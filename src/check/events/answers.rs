//! How soon what was sent was answered, and how long it was silent: from the times of the events themselves.
//!
//! An answer is an event that the rules are about; whatever comes shows that the other side lives.

use std::time::Duration;

use super::stream::{Event, Stream};

/// The longest of some times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Longest {
    pub(super) time: Duration,
    /// The event it is measured at.
    pub(super) at: Option<usize>,
}

impl Longest {
    /// A time that is measured at an event.
    pub(super) const fn at(at: usize, time: Duration) -> Self {
        Self { time, at: Some(at) }
    }

    /// The longest; of several that are as long the first.
    pub(super) fn of(times: impl Iterator<Item = Self>) -> Option<Self> {
        times.reduce(|longest, one| {
            if one.time > longest.time {
                one
            } else {
                longest
            }
        })
    }
}

/// From each send to the first event after it that counts.
pub(super) fn first(stream: &Stream<'_>) -> Option<Longest> {
    let mut before = 0;
    let answers = stream.counted.iter().filter_map(|at| {
        let event = &stream.events[*at];
        let is_first = std::mem::replace(&mut before, event.send) < event.send;
        let time = event.since_send.filter(|_| is_first)?;
        Some(Longest::at(*at, time))
    });
    Longest::of(answers)
}

/// Between two events after a send, and between a send and the first event after it.
pub(super) fn gap(stream: &Stream<'_>) -> Option<Longest> {
    let silence = |at: usize| {
        let event = &stream.events[at];
        let since_send = event.since_send?;
        let before = at.checked_sub(1).map(|before| &stream.events[before]);
        let before = before.filter(|before| before.send == event.send);
        // Not from `at`, in which is also what nobody was connected for.
        let said = before.and_then(|before| before.since_send);
        let time = since_send.saturating_sub(said.unwrap_or_default());
        Some(Longest::at(at, time))
    };
    Longest::of((0..stream.events.len()).filter_map(silence))
}

/// The first send after which an answer was waited for and none came: no event that counts, or with `is_any_good` none at all.
/// What is sent in a row, before anything is waited for, is answered together.
pub(super) fn unanswered(stream: &Stream<'_>, is_any_good: bool) -> Option<String> {
    let is_answer = |event: &&Event<'_>| is_any_good || !event.is_ignored;
    let mut answers = stream.events.iter().filter(is_answer).peekable();
    let all = stream.sends.len();
    let mut first = 1;
    for (at, send) in stream.sends.iter().enumerate() {
        if !send.is_awaited {
            continue;
        }
        let (from, to) = (std::mem::replace(&mut first, at + 2), at + 1);
        while answers.next_if(|event| event.send < from).is_some() {}
        if answers.peek().is_none_or(|event| event.send > to) {
            let which = match all {
                1 => "what was sent".to_owned(),
                all => format!("the {} of {all} sends", ordinal(to)),
            };
            let came = stream
                .events
                .iter()
                .filter(|event| (from..=to).contains(&event.send));
            let left_out = match came.count() {
                0 => String::new(),
                _ => ": what came after it is left out".to_owned(),
            };
            return Some(format!("{which} was never answered{left_out}"));
        }
    }
    None
}

/// `1st`, `2nd`, `11th`, `23rd`.
fn ordinal(number: usize) -> String {
    let ending = match (number % 10, number % 100) {
        (1, tens) if tens != 11 => "st",
        (2, tens) if tens != 12 => "nd",
        (3, tens) if tens != 13 => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

#[cfg(test)]
mod tests {
    use super::ordinal;

    #[test]
    fn numbers_are_read_aloud_as_people_do() {
        let read = [1, 2, 3, 4, 11, 12, 13, 21, 22, 103, 111].map(ordinal);
        assert_eq!(
            read,
            [
                "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "103rd",
                "111th"
            ]
        );
    }
}
