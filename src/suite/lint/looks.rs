//! Lints about where looks go.

use super::Pages;
use crate::model::Value;
use crate::suite::scope::EarlyScope;
use crate::suite::written::looks;
use crate::template::{self, Lookup, Scope};
use crate::yaml::{Diagnostic, Diagnostics, Entry};

/// Keys whose values name where to go.
const PLACES: &[&str] = &["host", "url", "dsn", "server", "sni"];

/// A blank or a line break around a host or DSN is invisible, and leads nowhere.
pub(super) fn white_space(pages: &Pages<'_>, found: &mut Diagnostics) {
    for look in looks(pages.suite, pages.sessions) {
        for entry in look.probe.value.as_mapping().unwrap_or_default() {
            if PLACES.contains(&&*entry.key) {
                around(entry, pages.early, found);
            }
        }
    }
}

fn around(entry: &Entry, early: &EarlyScope, found: &mut Diagnostics) {
    let Some(scalar) = entry.value.as_scalar() else {
        return;
    };
    let span = entry.value.resolved().span;
    if is_padded(&scalar.text) {
        found.push(Diagnostic::warning(
            span,
            format!("`{}` begins or ends with white space", entry.key),
        ));
    }
    for used in template::uses(&entry.value) {
        // Only variables: asking for a secret would read it.
        let is_variable = !used.name.contains('.');
        if let Lookup::Known(Value::Text(text), _) = early.lookup(&used.name)
            && is_variable
            && is_padded(&text)
        {
            let message = format!(
                "the value of `{}` begins or ends with white space",
                used.name
            );
            found.push(Diagnostic::warning(span, message));
        }
    }
}

fn is_padded(text: &str) -> bool {
    text.trim() != text
}
