//! Probes that count what goes wrong: nothing would fail if nothing were expected of the counts.

use super::step::meant;
use crate::model::{FactKind, KnownFact};
use crate::probe::AnyProbe;
use crate::yaml::{Diagnostic, Diagnostics, Entry, Node, Span};

/// What a step counts, and what it expects.
pub(super) struct Counted<'n> {
    pub(super) probe: &'n AnyProbe,
    pub(super) facts: &'static [KnownFact],
    /// The mapping of the probe.
    pub(super) node: &'n Node,
    /// The entries of `expect`.
    pub(super) expected: &'n [Entry],
}

impl<'n> Counted<'n> {
    /// Whether something is expected of what is counted; else that is told: of one of the facts that the probe says, and of
    /// each number that it counts by name.
    pub(super) fn can_fail(&self, key_span: Span, problems: &mut Diagnostics) -> bool {
        let facts = self.probe.counts();
        if !facts.is_empty() && !facts.iter().any(|fact| has(self.expected, fact)) {
            let why = "what goes wrong here is only counted, so nothing could fail";
            let help = format!("expect one of `{}`", facts.join("`, `"));
            problems.push(Diagnostic::error(key_span, why).help(help));
            return false;
        }
        let mut can_fail = self.is_full(problems);
        for (fact, _, counted) in self.by_name() {
            let expected = self.expected_of(fact);
            for entry in counted.iter().filter(|entry| !has(expected, &entry.key)) {
                problems.push(unjudged(entry, fact));
                can_fail = false;
            }
        }
        can_fail
    }

    /// Whether what is expected would fail where nothing is seen of what it is about; else that is told.
    fn is_full(&self, problems: &mut Diagnostics) -> bool {
        let Some(hollow) = self.probe.hollow() else {
            return true;
        };
        let mut expected = self.expected.iter();
        let Some(entry) = expected.find(|entry| &*entry.key == hollow.fact) else {
            return true;
        };
        let is_in_json = |entry: &Entry| {
            let paths = entry.value.as_mapping().unwrap_or_default();
            &*entry.key == "json" && paths.iter().any(|path| path.key.contains(hollow.json))
        };
        let is_beside = |entry: &Entry| hollow.beside.contains(&&*entry.key) || is_in_json(entry);
        if self.expected.iter().any(is_beside) {
            return true;
        }
        let names = hollow.beside.join("`, `");
        let help = format!(
            "expect one of `{names}` beside it, or of `json` what is below `$.{}`",
            hollow.json
        );
        problems.push(Diagnostic::error(entry.key_span, hollow.why).help(help));
        false
    }

    /// Whether all numbers that are expected by name are counted; else that is told.
    pub(super) fn are_known(&self, problems: &mut Diagnostics) -> bool {
        let mut are_known = true;
        for (fact, of, counted) in self.by_name() {
            let expected = self.expected_of(fact);
            for entry in expected.iter().filter(|entry| !has(counted, &entry.key)) {
                problems.push(self.unknown(entry, of, counted));
                are_known = false;
            }
        }
        are_known
    }

    /// The facts that have numbers by name: each with the key of the probe that says the names, and what stands there. Where that
    /// comes from a variable, what is counted is known when one looks.
    fn by_name(&self) -> impl Iterator<Item = (&'static str, &'static str, &'n [Entry])> {
        self.facts.iter().filter_map(|fact| {
            let FactKind::Counts { of } = fact.kind else {
                return None;
            };
            let counted = match self.node.get(of) {
                None => &[],
                Some(node) => node.as_mapping()?,
            };
            Some((fact.name, of, counted))
        })
    }

    fn expected_of(&self, fact: &str) -> &'n [Entry] {
        let mut all = self.expected.iter();
        let entry = all.find(|entry| &*entry.key == fact);
        let entries = entry.and_then(|entry| entry.value.as_mapping());
        entries.unwrap_or_default()
    }

    fn unknown(&self, entry: &Entry, of: &str, counted: &[Entry]) -> Diagnostic {
        let names = || counted.iter().map(|entry| &*entry.key);
        let hint = meant(&entry.key, names());
        let why = format!("`{}` counts no `{}`{hint}", self.probe.name(), entry.key);
        let names: Vec<_> = names().map(|name| format!("`{name}`")).collect();
        Diagnostic::error(entry.key_span, why).help(if names.is_empty() {
            format!("it counts what stands below `{of}`")
        } else {
            format!("it counts what stands below `{of}`: {}", names.join(", "))
        })
    }
}

fn has(entries: &[Entry], name: &str) -> bool {
    entries.iter().any(|entry| &*entry.key == name)
}

fn unjudged(entry: &Entry, fact: &str) -> Diagnostic {
    let name = &entry.key;
    let why = format!("nothing is expected of `{name}`: however often it is there, nothing fails");
    Diagnostic::error(entry.key_span, why).help(format!(
        "say how often it may be: `expect: {{ {fact}: {{ {name}: 0 }} }}`"
    ))
}
