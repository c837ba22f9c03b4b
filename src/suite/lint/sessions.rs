//! Lints about sessions.

use super::View;
use crate::template;
use crate::yaml::{Diagnostic, Diagnostics, Node};

/// A parameter that no step reads: the same is done again for each of its values.
pub(super) fn unread_parameters(view: &View<'_>, found: &mut Diagnostics) {
    let file = view.suites.read.sessions.as_ref();
    let sessions = file.and_then(|file| file.get("sessions")?.as_mapping());
    for session in sessions.unwrap_or_default() {
        let parameters = session.value.get("params").and_then(Node::as_sequence);
        for parameter in parameters.unwrap_or_default() {
            let parts = ["steps", "cleanup"].map(|key| session.value.get(key));
            let is_read = |name: &str| {
                parts
                    .into_iter()
                    .flatten()
                    .flat_map(template::uses)
                    .any(|used| used.name == name)
            };
            if let Some(name) = parameter.as_scalar()
                && !is_read(&name.text)
            {
                let message = format!(
                    "no step of `{}` reads `${{{}}}`: it is the same whatever it is opened with",
                    session.key, name.text
                );
                found.push(Diagnostic::warning(parameter.span, message));
            }
        }
    }
}
