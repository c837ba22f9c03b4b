//! For the tests of rooms that may not name `yaml`: what suites say about a `scripted` probe, from its text.

use std::sync::Arc;

use super::{Captures, Claims, Comparison, Expectations, Measure, Vocabulary};
use crate::model::{KnownFact, Place};
use crate::template::{Lookup, Scope, Template};
use crate::yaml::{Diagnostics, Node, Sources, parse};

const SCRIPTED: Vocabulary = Vocabulary {
    probe: "scripted",
    facts: &[KnownFact::number("status"), KnownFact::text("text")],
};

/// `expect:`
pub(crate) fn expectations(text: &str) -> Expectations {
    read(text, |node, sources, problems| {
        Expectations::decode(node, SCRIPTED, sources, problems)
    })
}

/// `capture:`
pub(crate) fn captures(text: &str) -> Captures {
    read(text, |node, sources, problems| {
        Captures::decode(node, SCRIPTED, sources, problems)
    })
}

/// `repeat:`
pub(crate) fn claims(text: &str) -> Claims {
    read(text, Claims::decode)
}

/// `compare_with:`, about the latency.
pub(crate) fn comparison(not_slower: bool) -> Comparison {
    Comparison {
        measure: Measure::Latency,
        not_slower,
        place: Place {
            file: "test.yaml".into(),
            line: 1,
            column: 1,
        },
    }
}

/// A mapping whose names are all late.
pub(crate) fn late(text: &str) -> Template {
    let (node, sources) = tree(text);
    Template {
        node,
        early: Arc::new(Nothing),
        sources: Arc::new(sources),
    }
}

fn read<T>(text: &str, decode: impl FnOnce(&Node, &Sources, &mut Diagnostics) -> Option<T>) -> T {
    let (node, sources) = tree(text);
    let mut problems = Diagnostics::default();
    let decoded = decode(&node, &sources, &mut problems);
    decoded.unwrap_or_else(|| panic!("{text}: {:?}", problems.in_words(&sources)))
}

fn tree(text: &str) -> (Node, Sources) {
    let mut sources = Sources::default();
    let file = sources.add("test.yaml", text);
    let mut problems = Diagnostics::default();
    let node = parse(&sources, file, &mut problems);
    (
        node.unwrap_or_else(|| panic!("{text}: {:?}", problems.in_words(&sources))),
        sources,
    )
}

/// A load without a single variable.
struct Nothing;

impl Scope for Nothing {
    fn lookup(&self, _name: &str) -> Lookup {
        Lookup::Unknown
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}
