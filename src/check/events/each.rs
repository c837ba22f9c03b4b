//! What must hold of every event of a name: a JSONPath into it, and a matcher.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::fmt::Write as _;

use super::super::matcher::{Judgement, judge as hold};
use super::super::meets::seen;
use super::super::words::show;
use super::Each;
use super::judge::{MARKED, Mark, Outcome};
use super::stream::Stream;
use super::words::events;
use crate::model::{State, Value};

/// Longest value that a finding shows. A longer one is described instead of cut: see [`super::words`].
const LONGEST: usize = 4 * 1024;

/// Longest value beside an event.
const BESIDE: usize = 40;

pub(super) fn judge(each: &Each, stream: &Stream<'_>) -> Outcome {
    let positions = match &each.of {
        Some(name) => stream.positions(name),
        None => &stream.counted,
    };
    let mut first: Option<Broken> = None;
    let (mut marks, mut count) = (Vec::new(), 0);
    for at in positions {
        if let Some(broken) = each.of_one(*at, stream.events[*at].json) {
            count += 1;
            if marks.len() < MARKED {
                marks.push(Mark {
                    at: *at,
                    note: broken.note(each),
                });
            }
            first.get_or_insert(broken);
        }
    }
    let Some(first) = first else {
        return Outcome::held(Some(format!("so in {}", events(positions.len()))));
    };
    let mut why = format!("event {}", first.at + 1);
    if let Some(reason) = first.why {
        // Writing to a string cannot fail.
        let _ = write!(why, ": {reason}");
    }
    if count > 1 {
        let _ = write!(why, ", and {} more", events(count - 1));
    }
    Outcome {
        state: State::NotHeld,
        actual: first.actual,
        why: Some(why),
        marks,
        rows: None,
    }
}

/// An event it does not hold of.
struct Broken {
    at: usize,
    actual: Option<String>,
    why: Option<String>,
}

impl Each {
    /// `None` when it holds.
    fn of_one(&self, at: usize, json: Option<&Value>) -> Option<Broken> {
        let Some(json) = json else {
            // What is no JSON has none of what must not be in it, and proves nothing by that.
            return Some(Broken {
                at,
                actual: None,
                why: Some("it is no JSON".to_owned()),
            });
        };
        let converted = OnceCell::new();
        let found = self.path.find(json, &converted);
        let why = match hold(&self.matcher, seen(&self.path, found.as_deref())) {
            Judgement::Holds => return None,
            Judgement::Fails(why) => why,
            Judgement::Senseless(why) => Some(why),
        };
        Some(Broken {
            at,
            actual: found.map(|value: Cow<'_, Value>| {
                let text = show(&value);
                if text.len() > LONGEST {
                    format!("({} bytes)", text.len())
                } else {
                    text
                }
            }),
            why,
        })
    }
}

impl Broken {
    fn note(&self, each: &Each) -> String {
        match (&self.actual, &self.why) {
            (Some(actual), _) if actual.len() <= BESIDE => format!("{} is {actual}", each.path),
            (Some(_), _) => format!("{} is not so", each.path),
            (None, Some(why)) => format!("{}: {why}", each.path),
            (None, None) => format!("{} is absent", each.path),
        }
    }
}
