//! What a probe saw, and why a look can end early.

use std::borrow::Cow;
use std::time::Duration;

use super::{Code, Fault, Phase, PhaseTime, Value};

/// One look at the world: facts, phase timings, at most one fault, bounded evidence.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Observation {
    /// What was seen, by the names of the probe's `FACTS`.
    pub facts: Facts,
    /// The phases that were entered, in order.
    pub phases: Vec<PhaseTime>,
    /// From the start of the look to its end.
    pub latency: Duration,
    /// What stopped us, if something did.
    pub fault: Option<Fault>,
    /// Text worth showing when the test does not hold: the beginning of a body, the end of a log.
    pub evidence: Vec<Excerpt>,
}

impl Observation {
    /// Adds a fact.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Value) -> Self {
        self.facts.insert(name, value);
        self
    }

    /// How long a phase took; `None` when it was not entered.
    pub fn phase(&self, phase: Phase) -> Option<Duration> {
        self.phases
            .iter()
            .find(|time| time.phase == phase)
            .map(|time| time.took)
    }
}

/// Facts in the order they were seen.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Facts(Vec<(Cow<'static, str>, Value)>);

impl Facts {
    /// Adds a fact, or replaces it.
    pub fn insert(&mut self, name: impl Into<Cow<'static, str>>, value: Value) {
        let name = name.into();
        if let Some((_, old)) = self.0.iter_mut().find(|(known, _)| *known == name) {
            *old = value;
            return;
        }
        if self.0.is_empty() {
            // What an exchange tells, in one room.
            self.0.reserve(12);
        }
        self.0.push((name, value));
    }

    /// Drops a fact, if it is there.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| known != name);
    }

    /// A fact by name; `None` when it is absent.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    }

    /// All facts in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }

    /// Changes each fact, or drops it where `change` says no. What is left has no room to grow.
    pub fn retain(&mut self, mut change: impl FnMut(&str, &mut Value) -> bool) {
        self.0.retain_mut(|(name, value)| change(name, value));
        // Into a room of its own: an allocator that shrinks in place gives nothing back.
        let mut fitting = Vec::with_capacity(self.0.len());
        fitting.append(&mut self.0);
        self.0 = fitting;
    }
}

/// Text worth showing, uncut as the probe saw it: it is masked first and cut afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// What it is: `body`, `stderr`, `curl`.
    pub label: Cow<'static, str>,
    /// The text.
    pub text: String,
    /// Which end matters.
    pub keep: Keep,
}

/// Which end of an excerpt is kept, and how many bytes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// The beginning: a body.
    First(usize),
    /// The end: a log.
    Last(usize),
}

/// What a look gives.
pub type Looked = Result<Observation, Stopped>;

/// Why a look ended early.
#[derive(Debug, Clone, PartialEq)]
pub enum Stopped {
    /// The world stopped us: facts and phases up to there, and the fault. The test fails unless it expects this fault.
    Fault(Box<Observation>),
    /// We could not look: the test is errored.
    Unable(ProbeError),
}

impl From<ProbeError> for Stopped {
    fn from(error: ProbeError) -> Self {
        Self::Unable(error)
    }
}

/// We could not look. Nothing is known about the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeError {
    /// Of which kind.
    pub kind: Unable,
    /// One line for people.
    pub message: String,
}

impl ProbeError {
    /// An error of this kind.
    pub fn new(kind: Unable, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }
}

/// The ways in which we can be unable to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unable {
    /// The program to run does not exist or is not executable; or one that was only to show us a log failed.
    Program,
    /// A limit of this machine: descriptors, ports, buffers (EMFILE, ENFILE, EADDRNOTAVAIL, ENOBUFS).
    Limit,
    /// A file or key cannot be read.
    File,
    /// A late value has the wrong type, or does not parse.
    Value,
    /// Looking would have harmed what is looked at, and that was not allowed.
    Guard,
    /// The other actors of a test never came to a barrier.
    Barrier,
    /// What was to force a cold start did not hold.
    NotForced,
    /// A start that was to be a cold one cannot be shown to be one.
    NotCold,
    /// A probe panicked.
    Panic,
}

impl Unable {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::Program,
        Self::Limit,
        Self::File,
        Self::Value,
        Self::Guard,
        Self::Barrier,
        Self::NotForced,
        Self::NotCold,
        Self::Panic,
    ];

    /// The stable code.
    pub const fn code(self) -> Code {
        Code::fixed(self.name())
    }

    /// The stable code as text.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Program => "error.program",
            Self::Limit => "error.limit",
            Self::File => "error.file",
            Self::Value => "error.value",
            Self::Guard => "error.guard",
            Self::Barrier => "error.barrier",
            Self::NotForced => "error.not_forced",
            Self::NotCold => "error.not_cold",
            Self::Panic => "error.panic",
        }
    }

    /// What it means, in one line.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Program => {
                "We could not look: the program to run does not exist or is not executable."
            }
            Self::Limit => {
                "We could not look: a limit of this machine, of descriptors, ports or buffers (EMFILE, ENFILE, EADDRNOTAVAIL, ENOBUFS)."
            }
            Self::File => "We could not look: a file, a certificate or a key cannot be read.",
            Self::Value => {
                "We could not look: a value that was only known late has the wrong type, or does not parse."
            }
            Self::Guard => {
                "We would not look: more was to be taken than a server can spare, or a value that was known late asks for what was not allowed."
            }
            Self::Barrier => "We could not look: the others never came to a barrier.",
            Self::NotForced => {
                "Nothing cold could be looked at: a step of `force_cold` did not hold; what was found stands with it."
            }
            Self::NotCold => {
                "Nothing shows that the start was a cold one: what `proof_of_cold` reads did not change."
            }
            Self::Panic => {
                "We could not look: a probe panicked. This is a bug of ours; please report it."
            }
        }
    }
}
