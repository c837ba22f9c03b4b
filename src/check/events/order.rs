//! Which events come, and in which order.

use std::collections::HashMap;

use super::judge::{Mark, Outcome, marks};
use super::list::Row;
use super::stream::Stream;
use super::words::{events, first_of, times};
use super::{Name, Which};
use crate::model::State;

/// Exactly these, in this order.
pub(super) fn strict(names: &[Name], stream: &Stream<'_>) -> Outcome {
    let came = &stream.counted;
    let is_same = |(name, at): &(&Name, &usize)| name.as_str() == stream.name(**at);
    let before = names.iter().zip(came).take_while(is_same).count();
    if before == names.len() && before == came.len() {
        return Outcome::held(Some(format!("{}, as listed", events(before))));
    }
    let after = names[before..]
        .iter()
        .rev()
        .zip(came[before..].iter().rev());
    let after = after.take_while(is_same).count();
    let why = match (names.get(before), came.get(before)) {
        (Some(name), Some(at)) => format!(
            "event {} is {}, where {name} was to come",
            at + 1,
            stream.called(*at)
        ),
        (Some(name), None) => format!("{name} was to come, and nothing more did"),
        (None, Some(at)) => format!(
            "event {} is {}, where nothing more was to come",
            at + 1,
            stream.called(*at)
        ),
        // Equal lists were told above.
        (None, None) => String::new(),
    };
    let mut rows: Vec<Row> = came[..before].iter().map(|at| Row::Came(*at)).collect();
    align(
        &names[before..names.len() - after],
        &came[before..came.len() - after],
        stream,
        &mut rows,
    );
    rows.extend(came[came.len() - after..].iter().map(|at| Row::Came(*at)));
    Outcome {
        state: State::NotHeld,
        actual: Some(events(came.len())),
        why: Some(why),
        marks: Vec::new(),
        rows: Some(rows),
    }
}

/// Cells of the table by which two lists are aligned. Beyond that the one stands before the other.
const TABLE: usize = 64 * 1024;

/// The longest common subsequence, and around it what is missing and what is too much.
fn align(names: &[Name], came: &[usize], stream: &Stream<'_>, rows: &mut Vec<Row>) {
    if names.len().saturating_mul(came.len()) > TABLE {
        rows.extend(names.iter().cloned().map(Row::Missing));
        rows.extend(came.iter().map(|at| Row::Surplus(*at)));
        return;
    }
    let width = came.len() + 1;
    let is_same = |i: usize, j: usize| names[i].as_str() == stream.name(came[j]);
    let mut longest = vec![0_u32; (names.len() + 1) * width];
    for i in (0..names.len()).rev() {
        for j in (0..came.len()).rev() {
            longest[i * width + j] = if is_same(i, j) {
                longest[(i + 1) * width + j + 1] + 1
            } else {
                longest[(i + 1) * width + j].max(longest[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < names.len() || j < came.len() {
        if i < names.len() && j < came.len() && is_same(i, j) {
            rows.push(Row::Came(came[j]));
            i += 1;
            j += 1;
        } else if j == came.len()
            || (i < names.len() && longest[(i + 1) * width + j] >= longest[i * width + j + 1])
        {
            rows.push(Row::Missing(names[i].clone()));
            i += 1;
        } else {
            rows.push(Row::Surplus(came[j]));
            j += 1;
        }
    }
}

/// These in this order; others may come before, between and after.
pub(super) fn subsequence(names: &[Name], stream: &Stream<'_>) -> Outcome {
    let mut wanted = names.iter().peekable();
    let mut last = None;
    for at in &stream.counted {
        let Some(name) = wanted.peek() else { break };
        if name.as_str() == stream.name(*at) {
            last = Some(*at);
            wanted.next();
        }
    }
    let Some(missing) = wanted.next() else {
        return Outcome::held(Some(match last {
            Some(last) => format!("complete with event {}", last + 1),
            None => "nothing".to_owned(),
        }));
    };
    let Some(last) = last else {
        return Outcome::broken(
            Some("none of it".to_owned()),
            format!("{missing} never came"),
        );
    };
    let found = names.len() - 1 - wanted.count();
    let came = stream.positions(missing).len();
    let why = match came {
        0 => format!("{missing} never came"),
        came => format!(
            "after event {} no {missing} came; in all it came {}",
            last + 1,
            times(came)
        ),
    };
    Outcome {
        marks: vec![Mark {
            at: last,
            note: format!("no {missing} after this"),
        }],
        ..Outcome::broken(Some(format!("the first {found} of {}", names.len())), why)
    }
}

/// Each of these as often as it is listed.
pub(super) fn any_order(names: &[Name], stream: &Stream<'_>) -> Outcome {
    let mut wanted: Vec<(&Name, usize)> = Vec::new();
    let mut places: HashMap<&Name, usize> = HashMap::new();
    for name in names {
        let place = *places.entry(name).or_insert(wanted.len());
        if place == wanted.len() {
            wanted.push((name, 0));
        }
        wanted[place].1 += 1;
    }
    as_often(&wanted, stream)
}

/// Each of these once.
pub(super) fn once(names: &[Name], stream: &Stream<'_>) -> Outcome {
    let wanted: Vec<_> = names.iter().map(|name| (name, 1)).collect();
    as_often(&wanted, stream)
}

fn as_often(wanted: &[(&Name, usize)], stream: &Stream<'_>) -> Outcome {
    let (mut wrong, mut all) = (Vec::new(), Vec::new());
    for (name, wanted) in wanted {
        let positions = stream.positions(name);
        let count = positions.len();
        if count == *wanted {
            continue;
        }
        let instead = if *wanted == 1 {
            String::new()
        } else {
            format!(" instead of {}", times(*wanted))
        };
        wrong.push(match count {
            0 => format!("no {name}"),
            count => format!("{name} {}{instead}", times(count)),
        });
        let surplus = positions.get(*wanted..).unwrap_or_default();
        all.extend(marks(surplus, || format!("{name} came {}", times(count))));
    }
    if wrong.is_empty() {
        return Outcome::held(Some("each as often as asked".to_owned()));
    }
    Outcome {
        state: State::NotHeld,
        actual: first_of(&wrong),
        why: None,
        marks: all,
        rows: None,
    }
}

/// Each of the first before each of the second. Of names that never came there is nothing to order; that they come is for
/// `once` and `counts` to ask, and is asked there.
pub(super) fn before(first: &Which, then: &Which, stream: &Stream<'_>) -> Outcome {
    let (early, late) = match (first, then) {
        (Which::Named(first), Which::Named(then)) => (
            stream.positions(first).last().copied(),
            stream.positions(then).first().copied(),
        ),
        (Which::Named(first), Which::Others) => {
            let is_other = |at: &&usize| stream.name(**at) != first.as_str();
            (
                stream.positions(first).last().copied(),
                stream.counted.iter().find(is_other).copied(),
            )
        }
        (Which::Others, Which::Named(then)) => {
            let is_other = |at: &&usize| stream.name(**at) != then.as_str();
            (
                stream.counted.iter().rev().find(is_other).copied(),
                stream.positions(then).first().copied(),
            )
        }
        // Refused at load.
        (Which::Others, Which::Others) => (None, None),
    };
    let (Some(early), Some(late)) = (early, late) else {
        return Outcome::held(Some("one of them never came".to_owned()));
    };
    if early < late {
        return Outcome::held(Some(format!(
            "event {} before event {}",
            early + 1,
            late + 1
        )));
    }
    let (early_name, late_name) = (stream.called(early), stream.called(late));
    Outcome {
        marks: vec![Mark {
            at: late,
            note: format!("{late_name} came before {early_name}, event {}", early + 1),
        }],
        state: State::NotHeld,
        ..Outcome::held(Some(format!(
            "{late_name} (event {}) before {early_name} (event {})",
            late + 1,
            early + 1
        )))
    }
}

/// The last event is this.
pub(super) fn last(name: &Name, stream: &Stream<'_>) -> Outcome {
    let Some(last) = stream.counted.last() else {
        return Outcome::broken(Some("no event".to_owned()), format!("{name} never came"));
    };
    let actual = format!("event {}, {}", last + 1, stream.called(*last));
    if stream.name(*last) == name.as_str() {
        return Outcome::held(Some(actual));
    }
    let note = match stream.positions(name).last() {
        None => {
            return Outcome {
                marks: vec![Mark {
                    at: *last,
                    note: format!("the last is not {name}"),
                }],
                ..Outcome::broken(Some(actual), format!("{name} never came"))
            };
        }
        Some(at) => {
            let after = stream.counted.len() - stream.counted.partition_point(|one| one <= at);
            Mark {
                at: *at,
                note: format!("{} came after {name}", events(after)),
            }
        }
    };
    Outcome {
        marks: vec![note],
        state: State::NotHeld,
        ..Outcome::held(Some(actual))
    }
}
