//! `allclear explain`: what a code, a rule or an error means, whose it usually is, and how to make sure.

use std::fmt::Write as _;

use super::args::ExplainArgs;
use super::door::enter;
use super::exit;
use super::failure::Failure;
use super::terminal::{note, print};
use crate::diagnosis::{Explained, Rule, Rules, Subject, explain as find};
use crate::settings::Flags;
use crate::validation::OwnRules;

/// Lines are about this long.
const WIDTH: usize = 100;

/// What stands before a line that has a label.
const INDENT: usize = 14;

/// So many that may be meant are listed.
const LISTED: usize = 24;

/// Of a code, the rules are told in full where there are no more.
const IN_FULL: usize = 2;

/// Explains it.
pub(super) fn explain(args: &ExplainArgs) -> Result<u8, Failure> {
    let query = args.words.join(" ");
    let own = own_rules(args)?;
    let rules = own.as_ref().map_or(Rules::embedded(), |own| &own.rules);
    let text = match find(&query, rules) {
        Explained::One(subject) => in_full(&subject, rules),
        Explained::Several(subjects) => listed(&query, &subjects, rules),
        Explained::Nothing(nearest) => {
            let near = nearest.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            return Err(Failure::invalid(format!(
                "error: nothing is called `{query}`{near}\n\
                 `allclear list --codes` shows every code; the number or name of an error will do, too: `exit 3`, ECONNREFUSED"
            )));
        }
    };
    print(&text)?;
    Ok(exit::GO)
}

/// The rules of `--rules`, else those of the project around. Those of a project that cannot be read are told, and ours explain
/// alone: who asks what an error means has another problem just now.
fn own_rules(args: &ExplainArgs) -> Result<Option<OwnRules>, Failure> {
    let flags = Flags {
        rules: args.rules.clone(),
        ..Flags::default()
    };
    let (request, output) = enter(flags, &[])?;
    let refused = |refused| Failure::refused(&refused, &request.mask, output.colour_stderr);
    if request.flags.rules.is_some() {
        return request.own_rules().map_err(refused);
    }
    Ok(request
        .rules_of_project()
        .map_err(refused)
        .unwrap_or_else(|failure| {
            failure.tell();
            note("note: explained with our rules alone");
            None
        }))
}

fn in_full(subject: &Subject<'_>, rules: &Rules) -> String {
    let mut text = String::new();
    let about = match subject {
        Subject::Rule(rule) => {
            write_rule(rule, rules, &mut text);
            return text;
        }
        Subject::Fault {
            code,
            known,
            rules: about,
        } => {
            let _ = writeln!(text, "{code}\n");
            let is_short = about.len() <= IN_FULL;
            if let Some(rule) = subject.plainly().filter(|_| !is_short) {
                write_what_to_do(rule, rules, &mut text);
                text.push('\n');
            }
            // What a family says of its numbers has one of them as an example.
            let meaning = match known.meaning.split_once(": `") {
                Some((meaning, _)) if known.code != code => meaning,
                _ => known.meaning,
            };
            wrapped("", meaning, &mut text);
            let phases: Vec<String> = known.phases.iter().map(ToString::to_string).collect();
            wrapped("phases", &phases.join(", "), &mut text);
            let origins: Vec<&str> = known.origins.iter().map(|origin| origin.name()).collect();
            if !origins.is_empty() {
                wrapped("decided on", &origins.join(" or "), &mut text);
            }
            about
        }
        Subject::Judged {
            code,
            known,
            rules: about,
        } => {
            let _ = writeln!(text, "{code}\n");
            wrapped("", known.meaning(), &mut text);
            about
        }
    };
    text.push('\n');
    if about.len() <= IN_FULL {
        if about.is_empty() {
            text.push_str("No rule asks for it by itself.\n");
        }
        // What asks for no more than was asked comes first, though the others are asked before it.
        let plain = subject.plainly().map(|rule| &rule.id);
        let mut about = about.clone();
        about.sort_by_key(|rule| Some(&rule.id) != plain);
        for (at, rule) in about.iter().enumerate() {
            text.push_str(if at > 0 { "\n" } else { "" });
            write_rule(rule, rules, &mut text);
        }
        return text;
    }
    text.push_str("What it means is decided by the first of these that fits:\n\n");
    write_lines(
        about.iter().map(|rule| (rule.id.clone(), summary(rule))),
        &mut text,
    );
    let first = &about[0].id;
    let _ = writeln!(text, "\n`allclear explain {first}` says all of one.");
    text
}

fn listed(query: &str, subjects: &[Subject<'_>], rules: &Rules) -> String {
    let mut text = format!("`{query}` may mean:\n\n");
    let line = |subject: &Subject<'_>| {
        let said = match subject {
            Subject::Fault { known, .. } => first_sentence(known.meaning),
            Subject::Judged { known, .. } => first_sentence(known.meaning()),
            Subject::Rule(rule) => summary(rule),
        };
        (subject.name().to_owned(), said)
    };
    write_lines(subjects.iter().take(LISTED).map(line), &mut text);
    if subjects.len() > LISTED {
        let _ = writeln!(text, "  … and {} more: say more", subjects.len() - LISTED);
    }
    let first = subjects.first();
    let of_a_code = first.filter(|one| !matches!(one, Subject::Rule(_)));
    if let Some(rule) = of_a_code.and_then(Subject::plainly) {
        let _ = writeln!(text, "\n{}\n", of_a_code.map_or("", Subject::name));
        write_what_to_do(rule, rules, &mut text);
    }
    let first = first.map_or("", Subject::name);
    let _ = writeln!(text, "\n`allclear explain {first}` says all of one.");
    text
}

/// The short of a rule: what it means, what to look at, what to run.
fn write_what_to_do(rule: &Rule, rules: &Rules, text: &mut String) {
    wrapped("", &rule.meaning, text);
    wrapped("rule", &rule.id, text);
    wrapped("next", &rule.next, text);
    write_commands(rule, rules, text);
}

fn write_commands(rule: &Rule, rules: &Rules, text: &mut String) {
    for name in &rule.commands {
        // As it is: a line that is broken cannot be copied.
        let line = rules.command(name).unwrap_or(name);
        let _ = writeln!(text, "  {:width$}{line}", "run", width = INDENT - 2);
    }
}

fn summary(rule: &Rule) -> String {
    format!("{}: {}", rule.blame, first_sentence(&rule.meaning))
}

/// Names in a column, and what is said of each, on one line.
fn write_lines(lines: impl Iterator<Item = (String, String)>, text: &mut String) {
    let lines: Vec<(String, String)> = lines.collect();
    let width = lines.iter().map(|(name, _)| name.chars().count()).max();
    let width = width.unwrap_or(0);
    for (name, said) in lines {
        let _ = writeln!(text, "  {name:width$}  {said}");
    }
}

fn first_sentence(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.split_once(". ") {
        Some((first, _)) => format!("{first}."),
        None => text,
    }
}

fn write_rule(rule: &Rule, rules: &Rules, text: &mut String) {
    let Rule {
        id, layer, blame, ..
    } = rule;
    let _ = writeln!(text, "{id}  {layer} · {blame} · {}\n", blame.owner);
    wrapped("", &rule.meaning, text);
    let asks: Vec<String> = (rule.when.written())
        .map(|(key, written)| format!("{key}: {written}"))
        .collect();
    let alternatives = rule.alternatives.join("; ");
    let said = [
        ("when", asks.join("; ")),
        ("also", alternatives),
        ("do", rule.hint.clone().unwrap_or_default()),
        ("next", rule.next.clone()),
        ("confirm", rule.confirm.clone()),
        ("falsify", rule.falsify.clone()),
    ];
    for (label, said) in said.iter().filter(|(_, said)| !said.is_empty()) {
        wrapped(label, said, text);
    }
    write_commands(rule, rules, text);
    if let Some(source) = &rule.source {
        wrapped("known from", source, text);
    }
}

/// A text behind its label, on as many lines as it needs.
fn wrapped(label: &str, said: &str, text: &mut String) {
    let indent = if label.is_empty() { 2 } else { INDENT };
    let mut line = format!("  {label:width$}", width = indent - 2);
    let mut is_empty = true;
    for word in said.split_whitespace() {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            let _ = writeln!(text, "{}", line.trim_end());
            line = " ".repeat(indent);
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    let _ = writeln!(text, "{}", line.trim_end());
}
