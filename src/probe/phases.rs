//! The phases of a start, as the lines that a program writes tell of them.

mod why;

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Invalid;
use super::pattern::Pattern;
use crate::yaml::NonZeroDuration;

/// More phases are no plan of a start.
const MOST: usize = 100;

/// One phase of a start. A line begins one phase at most and ends one at most, and none that it begins itself. What counts is the
/// first line that begins a phase, and the first after it that ends it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Phase {
    /// What it is called; each name once.
    name: String,
    /// A regular expression for the line that begins it.
    /// Without it, it begins when the phase before it ends, and the first with the process.
    start: Option<Pattern>,
    /// A regular expression for the line that ends it. A phase is reached when this line has come, and not merely its first.
    end: Pattern,
    /// How long it may take. One that has not ended counts with the time it has taken so far.
    budget: Option<NonZeroDuration>,
}

/// Whether the phases make sense; else what is wrong, in a field of `phases`: `phases.2.start`.
pub(super) fn check(phases: &[Phase]) -> Result<(), Invalid> {
    if phases.is_empty() || phases.len() > MOST {
        return Err(Invalid::new("phases", format!("1 to {MOST} phases")));
    }
    for (at, phase) in phases.iter().enumerate() {
        let field = |key: &str| Cow::Owned(format!("phases.{at}.{key}"));
        if phase.name.is_empty() || phase.name.chars().any(char::is_control) {
            return Err(Invalid::new(field("name"), "a name is a line of text"));
        }
        if phases[..at].iter().any(|before| before.name == phase.name) {
            let why = format!("there is a phase `{}` before it", phase.name);
            return Err(Invalid::new(field("name"), why));
        }
        if let Some(start) = &phase.start {
            start.compiled(|| field("start"))?;
        }
        phase.end.compiled(|| field("end"))?;
    }
    Ok(())
}

/// The longest of their budgets, and which phase has it.
pub(super) fn longest(phases: &[Phase]) -> Option<(Duration, &str)> {
    let budgets = phases.iter();
    let budgets = budgets.filter_map(|phase| Some((phase.budget?.get(), phase.name.as_str())));
    budgets.max_by_key(|(budget, _)| *budget)
}

/// How far a start has come. Times count from the start of the process.
#[derive(Debug)]
pub(super) struct Phases<'p> {
    plan: &'p [Phase],
    seen: Vec<Marks>,
    /// What came first that does not follow on what was there.
    disturbed: Option<String>,
}

/// What was seen of one phase.
#[derive(Debug, Clone, Default)]
struct Marks {
    started: Option<Duration>,
    ended: Option<Duration>,
    times: u32,
}

/// What became of a phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome<'p> {
    pub(super) name: &'p str,
    /// Its end has come.
    pub(super) is_reached: bool,
    /// When it began; none where nothing said so.
    pub(super) started: Option<Duration>,
    /// How long it took; of one that has not ended so far. None where nothing said when it began.
    pub(super) took: Option<Duration>,
    pub(super) budget: Option<Duration>,
    /// It took longer than its budget.
    pub(super) is_over_budget: bool,
    /// How often it began.
    pub(super) times: u32,
}

/// How far a start is to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Through all of its phases: a program that is to go on.
    All,
    /// As far as it does: one that is to end.
    Some,
}

/// Where a start is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Whereabouts<'p> {
    /// No phase has begun.
    Before,
    /// In this phase, which began then.
    In {
        name: &'p str,
        since: Duration,
        /// How long that is ago.
        took: Duration,
        budget: Option<Duration>,
    },
    /// Between two phases, or behind the last: this was the last that ended, and so long ago.
    After { name: &'p str, ago: Duration },
}

impl<'p> Phases<'p> {
    /// The process has just been started. The phases were [checked](check).
    pub(super) fn begin(plan: &'p [Phase]) -> Self {
        let mut begun = Self {
            plan,
            seen: vec![Marks::default(); plan.len()],
            disturbed: None,
        };
        begun.follow(0, Duration::ZERO);
        begun
    }

    /// A line came then. Pieces of a long line are told one after the other.
    pub(super) fn line(&mut self, line: &str, at: Duration) {
        // What begins with this line is looked for first, and noted last: no line is both ends of a phase, or one pattern that is
        // too wide would make a phase that hangs look done.
        let begins = self.begins(line);
        self.end(line, at);
        if let Some(place) = begins {
            self.start(place, at);
        }
    }

    /// What became of each phase until then, in the order written.
    pub(super) fn outcomes(&self, at: Duration) -> Vec<Outcome<'p>> {
        let both = self.plan.iter().zip(&self.seen);
        both.map(|(phase, marks)| outcome(phase, marks, at))
            .collect()
    }

    /// Whether they came in the order written: each began when those before it had ended, and ended after it had begun; where the
    /// program was to go on also whether all of them came.
    /// Of one that was not, none while no phase has ended, because that proves nothing.
    pub(super) fn are_in_order(&self, course: Wanted) -> Option<bool> {
        let mut has_ended = self.seen.iter().map(|marks| marks.ended.is_some());
        match course {
            Wanted::All => Some(self.disturbed.is_none() && has_ended.all(|ended| ended)),
            Wanted::Some => has_ended
                .any(|ended| ended)
                .then_some(self.disturbed.is_none()),
        }
    }

    /// Where the start is then.
    pub(super) fn whereabouts(&self, at: Duration) -> Whereabouts<'p> {
        let both = || self.plan.iter().zip(&self.seen);
        let running = both().filter(|(_, marks)| marks.ended.is_none());
        let running = running.filter_map(|(phase, marks)| Some((phase, marks.started?)));
        if let Some((phase, since)) = running.max_by_key(|(_, since)| *since) {
            return Whereabouts::In {
                name: &phase.name,
                since,
                took: at.saturating_sub(since),
                budget: phase.budget.map(NonZeroDuration::get),
            };
        }
        let ended = both().filter_map(|(phase, marks)| Some((phase, marks.ended?)));
        ended
            .max_by_key(|(_, ended)| *ended)
            .map_or(Whereabouts::Before, |(phase, ended)| Whereabouts::After {
                name: &phase.name,
                ago: at.saturating_sub(ended),
            })
    }

    /// The first phase that this line may begin: one that has not begun, else one that begins again.
    fn begins(&self, line: &str) -> Option<usize> {
        let open = |has_begun: bool| {
            let mut places = 0..self.plan.len();
            places.find(|place| {
                let start = self.plan[*place].start.as_ref();
                self.seen[*place].started.is_some() == has_begun
                    && start.is_some_and(|start| start.is_in(line))
            })
        };
        open(false).or_else(|| open(true))
    }

    fn start(&mut self, place: usize, at: Duration) {
        let open = self.open_before(place);
        let name = &self.plan[place].name;
        let marks = &mut self.seen[place];
        marks.times += 1;
        if marks.started.is_some() {
            return;
        }
        // An end that came before it was that of something else.
        let ended_early = marks.ended.take().is_some();
        marks.started = Some(at);
        if ended_early {
            self.disturb(|| format!("`{name}` ended before it began"));
        } else if let Some(open) = open {
            self.disturb(|| format!("`{name}` began before `{open}` had ended"));
        }
    }

    /// The first phase before this one that has not ended.
    fn open_before(&self, place: usize) -> Option<&'p str> {
        let open = self.seen[..place]
            .iter()
            .position(|marks| marks.ended.is_none());
        open.map(|at| self.plan[at].name.as_str())
    }

    fn disturb(&mut self, why: impl FnOnce() -> String) {
        self.disturbed.get_or_insert_with(why);
    }

    /// Ends the first phase that runs and that this line may end; where there is none, one that has not begun.
    fn end(&mut self, line: &str, at: Duration) {
        let open = |is_running: bool| {
            let mut places = 0..self.plan.len();
            places.find(|place| {
                let marks = &self.seen[*place];
                marks.ended.is_none()
                    && marks.started.is_some() == is_running
                    && self.plan[*place].end.is_in(line)
            })
        };
        let Some(place) = open(true).or_else(|| open(false)) else {
            return;
        };
        let open = self.open_before(place);
        let name = &self.plan[place].name;
        let marks = &mut self.seen[place];
        marks.ended = Some(at);
        let has_begun = marks.started.is_some();
        if let Some(open) = open {
            self.disturb(|| format!("`{name}` ended before `{open}`"));
        } else if !has_begun {
            self.disturb(|| format!("`{name}` ended before it began"));
        }
        self.follow(place + 1, at);
    }

    /// Begins the phase there if it follows on the one before.
    fn follow(&mut self, place: usize, at: Duration) {
        let follows = self
            .plan
            .get(place)
            .is_some_and(|phase| phase.start.is_none());
        if follows && self.seen[place].started.is_none() && self.seen[place].ended.is_none() {
            self.start(place, at);
        }
    }
}

fn outcome<'p>(phase: &'p Phase, marks: &Marks, at: Duration) -> Outcome<'p> {
    let took = marks.started.map(|started| {
        let until = marks.ended.unwrap_or(at);
        until.saturating_sub(started)
    });
    let budget = phase.budget.map(NonZeroDuration::get);
    Outcome {
        name: &phase.name,
        is_reached: marks.ended.is_some(),
        started: marks.started,
        took,
        budget,
        is_over_budget: took.zip(budget).is_some_and(|(took, budget)| took > budget),
        times: marks.times,
    }
}

impl fmt::Display for Whereabouts<'_> {
    /// `in phase db for 20s of 15s`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Before => f.write_str("before its first phase"),
            Self::In {
                name, took, budget, ..
            } => {
                write!(f, "in phase `{name}` for {took:.0?}")?;
                budget.map_or(Ok(()), |budget| write!(f, " of {budget:?}"))
            }
            Self::After { name, ago } => write!(f, "{ago:.0?} after phase `{name}`"),
        }
    }
}

#[cfg(test)]
mod tests;
