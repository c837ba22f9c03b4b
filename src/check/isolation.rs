//! `expect: { isolation: true }`: whether anything of one actor came to another.
//!
//! Every text that others sent is searched for what the other actors are known by: as it came, and with what is escaped or
//! encoded in it decoded; and put together with what events after it say in the same place. Silence is not isolation: who saw
//! nothing, or nothing of its own, has shown nothing.

mod base64;
mod escapes;
mod form;
mod hexadecimal;
mod identity;
mod markers;
mod places;
mod report;
mod search;
mod utf16;
mod words;

use self::markers::Markers;
pub use self::markers::SHORTEST;
use self::report::Report;
use crate::model::{Finding, Observation, Place};

/// One actor's part of a step that expects isolation.
#[derive(Debug)]
pub struct Witness<'r> {
    /// `actor1`, or the name it was given.
    pub actor: &'r str,
    /// What it is recognised by.
    pub markers: Vec<Marker>,
    /// What it was recognised by in rounds before this, each with the number of the round.
    /// Found with it, it is neither a leak nor its own.
    pub earlier: &'r [(u64, Marker)],
    /// What it saw; `None` where it could not look. Others may have seen something of it all the same.
    pub seen: Option<&'r Observation>,
}

/// Something by which an actor's data is recognised.
#[derive(Clone, PartialEq, Eq)]
pub struct Marker {
    /// `nonce`, `uuid`, `actor`, `session.user.id`, the name of a capture.
    pub name: String,
    /// What it is. Never shown.
    pub text: String,
    /// How it came to be.
    pub kind: Kind,
}

/// How a marker came to be, and so how sure it is that it is one actor's alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Made by us for one actor in one round.
    Made,
    /// The actor's name, or what a session was opened with for it.
    Name,
    /// Captured, and nobody else may ever have it: two actors with the same are one.
    Secret,
    /// Captured. It may be anything, and is looked for only where it identifies: long, of many characters, and no other actor's.
    Capture,
}

impl std::fmt::Debug for Marker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Marker({}: ***)", self.name)
    }
}

/// What is said of one actor.
#[derive(Debug)]
pub struct Ruling {
    /// `expect.isolation`.
    pub finding: Finding,
    /// Something of another came to it; else what does not hold is that nothing was proved.
    pub is_leak: bool,
}

/// A finding `expect.isolation` for each actor that could look, in their order, and whether something leaked. In time linear in
/// all that was seen; beside it, in memory, there is at most as much again.
pub fn rule(witnesses: &[Witness<'_>], place: &Place) -> Vec<Ruling> {
    let (markers, unusable) = Markers::of(witnesses);
    let ruling = |(actor, witness): (usize, &Witness<'_>)| {
        let report = Report::of(actor, witness.seen?, &markers);
        let unusable = &unusable[actor];
        Some(Ruling {
            finding: report.finding(witness, witnesses.len(), unusable, &markers, place),
            is_leak: report.is_leak(),
        })
    };
    witnesses.iter().enumerate().filter_map(ruling).collect()
}

#[cfg(test)]
mod tests;
