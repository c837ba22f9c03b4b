//! What a test expects of one look, and the judgement.

mod decode;
mod fault;
mod isolation;

use std::fmt::Write as _;

use super::events;
use super::fact::{Fact, Found, Sight};
use super::matcher::{Judgement, Matcher, judge};
use super::words::show;
use crate::model::{CodePattern, Finding, KnownFact, Observation, Place, State, Value};
use crate::template::{Filled, LateError, place};
use crate::yaml::Diagnostics;

/// The facts a probe can give, so that a misspelt one is found at load.
#[derive(Debug, Clone, Copy)]
pub struct Vocabulary {
    /// The probe's key: `http`.
    pub probe: &'static str,
    /// Its facts beyond the common `latency`, `phases.*` and `fault`.
    pub facts: &'static [KnownFact],
}

impl Vocabulary {
    /// The probe's fact of this name; `None` for the common ones too.
    pub(super) fn fact(&self, name: &str) -> Option<KnownFact> {
        self.facts.iter().find(|fact| fact.name == name).copied()
    }
}

/// Everything one look must show.
#[derive(Debug, Clone)]
pub struct Expectations {
    /// Whether a fault is expected.
    pub fault: ExpectedFault,
    /// Where `fault` stands, and how many expectations stand before it; `None` when nothing is said about it.
    written_fault: Option<Box<(Place, usize)>>,
    /// The others, in the order written.
    others: Vec<Expectation>,
    /// Where `isolation: true` stands.
    isolation: Option<Box<Place>>,
}

/// What is expected about a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExpectedFault {
    /// No fault: `fault: none`, or nothing said.
    None,
    /// One of these must happen.
    OneOf(Vec<CodePattern>),
}

/// What is expected of one fact.
#[derive(Debug, Clone)]
enum Expectation {
    /// What it must be.
    Fact(Matched),
    /// Rules of `events`, each with a finding of its own.
    Events(Box<events::Rules>),
}

/// What one fact must be.
#[derive(Debug, Clone)]
struct Matched {
    fact: Fact,
    matcher: Matcher,
    place: Place,
}

impl Expectations {
    /// Nothing but "no fault": what a step without `expect` has.
    pub fn no_fault() -> Self {
        Self {
            fault: ExpectedFault::None,
            written_fault: None,
            others: Vec::new(),
            isolation: None,
        }
    }

    /// Reads `expect:` after its late scalars were filled.
    pub fn decode_late(filled: &Filled, vocabulary: Vocabulary) -> Result<Self, LateError> {
        let mut problems = Diagnostics::default();
        let decoded = Self::decode(&filled.node, vocabulary, &filled.sources, &mut problems);
        decoded.ok_or_else(|| {
            let message = problems.iter().next().map_or_else(
                || "the expectations do not decode".to_owned(),
                |problem| match problem.span {
                    Some(span) => {
                        format!("{} ({})", problem.message, place(&filled.sources, span))
                    }
                    None => problem.message.clone(),
                },
            );
            LateError(message)
        })
    }

    /// Every expectation in words, in the order of their findings, the implied `fault none` included; `isolation` last.
    pub fn texts(&self) -> Vec<String> {
        let mut texts = Vec::with_capacity(self.count() + 2);
        for expectation in &self.others {
            match expectation {
                Expectation::Fact(one) => texts.push(format!("{} {}", one.fact, one.matcher)),
                Expectation::Events(rules) => texts.extend(rules.texts()),
            }
        }
        texts.insert(self.fault_position(), format!("fault {}", self.fault));
        texts.extend(self.isolation.as_ref().map(|_| "isolation".to_owned()));
        texts
    }

    /// Where `isolation: true` stands, if it does. What it asks is judged over all actors, so [`evaluate`] gives no finding for
    /// it: [`super::isolation::rule`] does.
    pub fn isolation(&self) -> Option<&Place> {
        self.isolation.as_deref()
    }

    /// The rules of `events` that judge what came until nobody listened any longer, as `partial.last`. None where the look is to
    /// end in a fault, or the other side is to end the stream: nothing comes then.
    pub fn open_rules(&self) -> Vec<String> {
        let is_end = |one: &Matched| match one.fact {
            Fact::Whole(fact) if fact.name == "ended" => {
                one.matcher.holds(&Value::Bool(true)) && !one.matcher.holds(&Value::Bool(false))
            }
            _ => false,
        };
        let mut open = Vec::new();
        for expectation in &self.others {
            match expectation {
                Expectation::Fact(one) if is_end(one) => return Vec::new(),
                Expectation::Fact(_) => {}
                Expectation::Events(rules) => open.extend(rules.open()),
            }
        }
        if self.fault != ExpectedFault::None {
            open.clear();
        }
        open
    }

    /// Of the paths of `only`, by position, those that deny something and so leave out what has nothing there.
    pub fn denied_in_only(&self) -> Vec<usize> {
        let rules = self.others.iter().filter_map(|one| match one {
            Expectation::Events(rules) => Some(rules.denied()),
            Expectation::Fact(_) => None,
        });
        rules.flatten().collect()
    }

    /// How many findings there are beside that of the fault.
    fn count(&self) -> usize {
        self.others.iter().map(Expectation::count).sum()
    }

    fn fault_position(&self) -> usize {
        self.written_fault.as_ref().map_or(0, |written| written.1)
    }
}

impl Expectation {
    /// How many findings it gives.
    fn count(&self) -> usize {
        match self {
            Self::Fact(_) => 1,
            Self::Events(rules) => rules.len(),
        }
    }
}

impl std::fmt::Display for ExpectedFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::OneOf(patterns) => match patterns.as_slice() {
                [] => f.write_str("…"),
                [pattern] => pattern.fmt(f),
                patterns => {
                    let texts: Vec<_> = patterns.iter().map(CodePattern::as_str).collect();
                    write!(f, "one of {}", texts.join(", "))
                }
            },
        }
    }
}

/// Judges one look: a finding for each of [`Expectations::texts`] but `isolation`, in their order. An unexpected fault comes
/// first and with its own code, or as `expect.fault` where one that was expected could have come before it and did not; and
/// expectations on facts that were not seen are then *not reached*.
pub fn evaluate(expectations: &Expectations, seen: &Observation) -> Vec<Finding> {
    let fault = fault::judge(expectations, seen);
    let is_unexpected = seen.fault.is_some() && fault.state == State::NotHeld;
    let sight = Sight::of(seen);
    let mut findings = Vec::with_capacity(expectations.count() + 1);
    for expectation in &expectations.others {
        match expectation {
            Expectation::Fact(one) => findings.push(one.judge(&sight, is_unexpected)),
            Expectation::Events(rules) => {
                findings.extend(events::judge(rules, seen, is_unexpected));
            }
        }
    }
    let position = if is_unexpected {
        0
    } else {
        expectations.fault_position()
    };
    findings.insert(position, fault);
    findings
}

/// Whether everything holds, where that shows without putting anything into words, which takes longer than judging it: of
/// `true` all findings of [`evaluate`] have held; `false` says nothing.
pub fn all_hold(expectations: &Expectations, seen: &Observation) -> bool {
    if seen.fault.is_some() || expectations.fault != ExpectedFault::None {
        return false;
    }
    let sight = Sight::of(seen);
    expectations
        .others
        .iter()
        .all(|expectation| match expectation {
            Expectation::Fact(one) => one.holds(&sight),
            Expectation::Events(_) => false,
        })
}

impl Matched {
    /// What was found, and what is to be said of that; `None` where the look was stopped before it came so far.
    fn judgement<'s>(&self, sight: &Sight<'s>, is_stopped: bool) -> Option<(Found<'s>, Judgement)> {
        let is_missed = || !sight.reached(&self.fact);
        if is_stopped && is_missed() {
            return None;
        }
        let found = sight.find(&self.fact);
        let judgement = if matches!(self.fact, Fact::Json(_)) && is_missed() {
            // A page that is no JSON has none of what must not be in it, and proves nothing by that.
            Judgement::Fails(Some("what came is no JSON".to_owned()))
        } else {
            judge(&self.matcher, found.seen())
        };
        Some((found, judgement))
    }

    /// Whether it holds of a look that nothing stopped.
    fn holds(&self, sight: &Sight<'_>) -> bool {
        matches!(self.judgement(sight, false), Some((_, Judgement::Holds)))
    }

    fn judge(&self, sight: &Sight<'_>, is_stopped: bool) -> Finding {
        let (found, state, detail) = match self.judgement(sight, is_stopped) {
            None => (Found::Absent, State::NotReached, None),
            Some((found, Judgement::Holds)) => (found, State::Held, None),
            Some((found, Judgement::Fails(why))) => (found, State::NotHeld, why),
            Some((found, Judgement::Senseless(why))) => (found, State::NotHeld, Some(why)),
        };
        let own = sight.why(&self.fact).filter(|_| state == State::NotHeld);
        let detail = match (own, detail) {
            (None, detail) => detail,
            (Some(own), Some(detail)) if !matches!(found, Found::Absent) => {
                Some(format!("{own}; {detail}"))
            }
            (Some(own), _) => Some(own.to_owned()),
        };
        Finding {
            code: self.fact.code(),
            path: exactly(&self.fact),
            expected: exactly(&self.matcher),
            actual: found.show(state),
            state,
            detail,
            place: Some(self.place.clone()),
        }
    }
}

/// The text in as much room as it takes: it is kept to the end of the run, and mostly written in one go.
fn exactly(shown: &impl std::fmt::Display) -> String {
    let mut roomy = String::with_capacity(128);
    // Writing to a string cannot fail.
    let _ = write!(roomy, "{shown}");
    roomy.as_str().to_owned()
}

/// Longest text of an expectation that held.
const LONG_HELD: usize = 4 * 1024;

/// Longest text of one that did not; the evidence shows more.
const LONG: usize = 64 * 1024;

impl Found<'_> {
    /// In words; `None` when absent. Something very long is described instead of cut, because the beginning of a secret
    /// would not be recognised and masked.
    fn show(&self, state: State) -> Option<String> {
        let text = match self {
            Self::Absent => return None,
            Self::Borrowed(value) => show(value),
            Self::Owned(value) | Self::Nodes(value) => show(value),
            Self::Values(values) => values.iter().map(show).collect::<Vec<_>>().join(" | "),
        };
        let longest = if state == State::Held {
            LONG_HELD
        } else {
            LONG
        };
        Some(if text.len() > longest {
            format!("({} bytes)", text.len())
        } else {
            text
        })
    }
}

#[cfg(test)]
mod tests;
