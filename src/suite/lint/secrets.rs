//! Lints about secrets. None of them shows a value.

use super::{Pages, View};
use crate::suite::variables::is_secret_name;
use crate::template::{self, place};
use crate::yaml::{Diagnostic, Diagnostics, Node, visible};

/// A secret in a file is known to everybody who can read the file, and is in its history for ever.
pub(super) fn literal(pages: &Pages<'_>, found: &mut Diagnostics) {
    for literal in &pages.literals {
        // The line itself would show it, so the place is told in words.
        let at = place(pages.sources, literal.span);
        let message = match literal.key {
            Some(key) => format!("{at}: `{}` is written here literally", visible(key)),
            None => format!("{at}: a URL with its password written literally"),
        };
        found.push(
            Diagnostic::warning_without_place(message)
                .help("name it under `secrets` of the target, and write `${secret.NAME}`"),
        );
    }
}

/// `${env.…}` is shown in reports.
pub(super) fn from_the_environment(pages: &Pages<'_>, found: &mut Diagnostics) {
    let files = [pages.suite, pages.sessions, pages.target];
    // A look through the text is quicker than one through the tree.
    let has_any = |file: &&Node| pages.sources.text(file.span.file).contains("env.");
    let files = files.into_iter().flatten().filter(has_any);
    for used in files.flat_map(template::uses) {
        let is_secret = used.name.strip_prefix("env.").is_some_and(is_secret_name);
        if is_secret {
            found.push(
                Diagnostic::warning(
                    used.span,
                    format!("`{}` looks like a secret, and `env.` is not masked", used.name),
                )
                .help("name it under `secrets` of the target as `{ env: … }`, and write `${secret.NAME}`"),
            );
        }
    }
}

/// What can be read here cannot be run here.
pub(super) fn missing(view: &View<'_>, found: &mut Diagnostics) {
    for secret in &view.suites.read.early.secrets {
        if let Some(why) = secret.missing() {
            let name = secret.name();
            let message = format!("secret `{name}` is missing here, and a run needs it: {why}");
            found.push(Diagnostic::warning(secret.span, message));
        }
    }
}

/// Masking every `a` would mask the report.
pub(super) fn too_short(view: &View<'_>, found: &mut Diagnostics) {
    for secret in &view.suites.read.early.secrets {
        let is_short = |value: &str| value.chars().count() < 6;
        if secret.resolved().is_some_and(is_short) {
            let name = secret.name();
            found.push(Diagnostic::warning(
                secret.span,
                format!(
                    "secret `{name}` is shorter than 6 characters, so it cannot be masked in outputs"
                ),
            ));
        }
    }
}
