//! Rules that can be read, and never say anything.

use super::Rule;
use crate::yaml::{Diagnostic, Diagnostics, Span, did_you_mean, nearest};

/// A rule of a file, by its id and where its `id` stands.
pub(super) type Written = (String, Span);

/// So many of ours are named that a user's rule leaves nothing to.
const NAMED: usize = 3;

/// Looks at the rules that a file has written, where they stand among `all`.
pub(super) fn lint(all: &[Rule], written: &[Written], problems: &mut Diagnostics) {
    let is_written = |id: &str| written.iter().any(|(known, _)| known == id);
    for (id, span) in written {
        let Some(at) = all.iter().position(|rule| rule.id == *id) else {
            continue;
        };
        let rule = &all[at];
        if let Some(why) = rule.when.contradiction() {
            let message = format!("rule `{id}` can never match: {why}");
            problems.push(Diagnostic::warning(*span, message));
            continue;
        }
        let before = all[..at].iter().find(|one| one.when.covers(&rule.when));
        if let Some(before) = before {
            let message = format!(
                "rule `{id}` is never asked: `{}` before it matches whatever it would",
                before.id
            );
            let first = written.iter().find(|(known, _)| *known == before.id);
            let mut warning = Diagnostic::warning(*span, message);
            warning
                .related
                .extend(first.map(|(_, span)| (*span, "asked before it".to_owned())));
            problems.push(warning);
        }
        // One that takes the place of ours is asked where that was.
        let behind = all[at + 1..].iter();
        let behind = behind.filter(|one| !is_written(&one.id) && rule.when.covers(&one.when));
        let behind: Vec<&str> = behind.map(|one| one.id.as_str()).collect();
        if let Some(first) = behind.first() {
            let which = match behind.len() {
                1 => format!("`{first}`, one of our rules"),
                n => format!("{n} of our rules"),
            };
            let they = if behind.len() == 1 { "it" } else { "they" };
            let message =
                format!("rule `{id}` is asked before {which}, and matches whatever {they} would");
            problems.push(Diagnostic::warning(*span, message).help(format!(
                "ask for more (`phase`, `probe`, a number), or take the id of the one it is to replace: {}",
                some(&behind)
            )));
        }
    }
}

fn some(ids: &[&str]) -> String {
    let named: Vec<String> = ids.iter().take(NAMED).map(|id| format!("`{id}`")).collect();
    match ids.len() - named.len() {
        0 => named.join(", "),
        more => format!("{}, and {more} more", named.join(", ")),
    }
}

/// What of a cause a line can be filled with, besides the variables of the target.
const PLACES: &[&str] = &["host", "port", "origin", "name", "request"];

/// Looks at what a rule names under `commands`: a word that nearly is the name of a line is no line of its own.
pub(super) fn lint_command<'a>(
    command: &str,
    span: Span,
    known: impl Iterator<Item = &'a str> + Clone,
    problems: &mut Diagnostics,
) {
    let is_word = !command.contains(char::is_whitespace) && !command.contains("${");
    if is_word
        && known.clone().all(|name| name != command)
        && nearest(command, known.clone()).is_some()
    {
        let hint = did_you_mean(command, known);
        let message = format!("no line is named `{command}`{hint}");
        problems.push(
            Diagnostic::warning(span, message).help("as it is, it is printed as a whole line"),
        );
    }
    lint_places(command, span, problems);
}

/// Looks at the places of a line. Variables of the target are not known here: only a slip as long as what is meant is told.
pub(super) fn lint_places(line: &str, span: Span, problems: &mut Diagnostics) {
    let names = line.split("${").skip(1);
    for name in names.filter_map(|rest| Some(rest.split_once('}')?.0)) {
        let near = nearest(name, PLACES.iter().copied());
        if let Some(near) = near.filter(|near| !PLACES.contains(&name) && near.len() == name.len())
        {
            let message =
                format!("`${{{name}}}` is nothing of what broke; did you mean `${{{near}}}`?");
            problems.push(
                Diagnostic::warning(span, message).help("or is it a variable of the target?"),
            );
        }
    }
}
