//! The probe mappings as written.

use crate::probe::AnyProbe;
use crate::yaml::{Entry, Node};

/// A look as written.
pub(super) struct Written<'s> {
    /// The probe's mapping.
    pub(super) probe: &'s Entry,
    pub(super) expect: Option<&'s Node>,
}

/// Every look of every test, what it looks at when it fails, clean-up and session.
pub(super) fn looks<'s>(suite: Option<&'s Node>, sessions: Option<&'s Node>) -> Vec<Written<'s>> {
    let mut looks = Vec::new();
    let tests = suite.and_then(|suite| suite.get("tests")?.as_sequence());
    for test in tests.unwrap_or_default() {
        collect(test, &mut looks);
    }
    let sessions = sessions.and_then(|file| file.get("sessions")?.as_mapping());
    for session in sessions.unwrap_or_default() {
        collect(&session.value, &mut looks);
    }
    looks
}

fn collect<'s>(holder: &'s Node, looks: &mut Vec<Written<'s>>) {
    for entry in holder.as_mapping().unwrap_or_default() {
        match &*entry.key {
            "on_fail" => collect(&entry.value, looks),
            "steps" | "cleanup" | "force_cold" | "proof_of_cold" | "look" => {
                for step in entry.value.as_sequence().unwrap_or_default() {
                    collect(step, looks);
                }
                // One step alone.
                if entry.value.as_mapping().is_some() {
                    collect(&entry.value, looks);
                }
            }
            key if AnyProbe::NAMES.contains(&key) => looks.push(Written {
                probe: entry,
                expect: holder.get("expect"),
            }),
            _ => {}
        }
    }
}
