//! Lints about rules of streams.

use super::View;
use crate::yaml::{Diagnostic, Diagnostics};

/// What comes a moment after we stopped listening breaks no rule, and would break it for everybody else.
pub(super) fn stops_listening(view: &View<'_>, found: &mut Diagnostics) {
    for test in &view.planned {
        for open in test
            .steps
            .iter()
            .filter_map(|step| step.open_rules.as_ref())
        {
            let names: Vec<_> = open.paths.iter().map(|path| format!("`{path}`")).collect();
            let (rules, hold) = match names.len() {
                1 => ("the rule", "holds"),
                _ => ("the rules", "hold"),
            };
            found.push(
                Diagnostic::warning(
                    open.span,
                    format!(
                        "{rules} {} {hold} of what comes until nobody listens, which is when the last thing awaited has come",
                        names.join(", ")
                    ),
                )
                .help(format!(
                    "{}; `quiet: {{ at_least: 2s }}` among the rules then says that nothing came",
                    open.help
                )),
            );
        }
    }
}

/// Of what is not there nothing holds, not even that it is not something.
pub(super) fn denied_in_only(view: &View<'_>, found: &mut Diagnostics) {
    for test in &view.planned {
        for (path, span) in test.steps.iter().flat_map(|step| &step.denied) {
            found.push(
                Diagnostic::warning(
                    *span,
                    format!("an event without `{path}` is left out, too: nothing can be denied of what is not there"),
                )
                .help(format!(
                    "let it in by `{path}: {{ any_of: [{{ exists: false }}, …] }}`, or say that it stays out by `exists: true` beside"
                )),
            );
        }
    }
}
