//! Of the rules of a stream those that are less than they look like: lints tell of them.

use std::sync::Arc;

use crate::check::Expectations;
use crate::probe::{AnyProbe, field_span};
use crate::yaml::{Fields, Span};

/// Rules that one event more could break, in a look that stops when it has what it waits for.
#[derive(Debug)]
pub(super) struct OpenRules {
    /// As `partial.last`; at least one.
    pub(super) paths: Vec<String>,
    /// What would make it listen longer.
    pub(super) help: &'static str,
    /// Where the first of them stands.
    pub(super) span: Span,
}

/// `None` where it listens on, or no rule could be broken by what came then.
pub(super) fn open_rules(
    probe: &AnyProbe,
    expectations: &Expectations,
    fields: &Fields<'_>,
) -> Option<OpenRules> {
    let help = probe.unheard()?;
    let paths = expectations.open_rules();
    let events = fields.get("expect")?.get("events")?;
    let span = field_span(events, paths.first()?);
    Some(OpenRules { paths, help, span })
}

/// The paths of `only` that leave out what has nothing there, and where they stand.
pub(super) fn denied(expectations: &Expectations, fields: &Fields<'_>) -> Vec<(Arc<str>, Span)> {
    let only = fields
        .get("expect")
        .and_then(|expect| expect.get("events")?.get("only")?.as_mapping());
    let path = |at: usize| only.and_then(|only| only.get(at));
    let denied = expectations.denied_in_only().into_iter().filter_map(path);
    denied
        .map(|entry| (entry.key.clone(), entry.key_span))
        .collect()
}
