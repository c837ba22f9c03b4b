//! `isolation: true`, which is about all actors of a test, and about no fact.

use super::Vocabulary;
use crate::model::FactKind;
use crate::yaml::{Diagnostic, Diagnostics, Entry, Resolved, Scalar};

/// Its key.
pub(super) const KEY: &str = "isolation";

/// Whether it is asked for. Beside it must stand what says that something came: silence is not isolation.
pub(super) fn decode(
    entry: &Entry,
    beside: &[Entry],
    vocabulary: Vocabulary,
    problems: &mut Diagnostics,
) -> bool {
    let written = entry.value.as_scalar().filter(|scalar| !scalar.filled);
    if written.map(Scalar::resolve) != Some(Resolved::Bool(true)) {
        problems.push(
            Diagnostic::error(entry.value.span, "`isolation` takes `true`")
                .help("where nothing is to be told of isolation, leave it out"),
        );
        return false;
    }
    let Some(message) = missing(beside, vocabulary) else {
        return true;
    };
    problems.push(Diagnostic::error(entry.key_span, message));
    false
}

/// What is missing beside it.
fn missing(beside: &[Entry], vocabulary: Vocabulary) -> Option<String> {
    let mut facts = vocabulary.facts.iter();
    if let Some(events) = facts.find(|fact| fact.kind == FactKind::Events) {
        let has_events = beside.iter().any(|other| &*other.key == events.name);
        let needed = events.name;
        return (!has_events)
            .then(|| format!("`isolation` needs `{needed}` beside it: silence is not isolation"));
    }
    let says_more = |other: &Entry| !matches!(&*other.key, KEY | "fault");
    let message =
        "`isolation` needs to know beside it what is to come: a page of errors is isolated, too";
    (!beside.iter().any(says_more)).then(|| message.to_owned())
}
