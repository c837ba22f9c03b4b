//! The rules, ours and a user's.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::lint::{Written, lint, lint_command, lint_places};
use super::rule::Rule;
use super::seen::Seen;
use super::signal::Signal;
use super::vocabulary::{FILE, RULE, names};
use crate::model::{Blame, Class, Confidence, Layer};
use crate::yaml::{Diagnostic, Diagnostics, Entry, Fields, FileId, Node, Sources, Span, parse};

/// Rules in the order they are asked: the first that matches decides.
#[derive(Debug, Clone)]
pub struct Rules {
    ruleset: String,
    all: Vec<Rule>,
    commands: Vec<(String, String)>,
    fallback: Rule,
}

/// So many rules a file may have.
const MOST: usize = 2_000;

static EMBEDDED: LazyLock<Rules> = LazyLock::new(|| {
    let mut sources = Sources::default();
    let file = sources.add("rules.yaml", include_str!("rules.yaml"));
    // That it has no mistake is a test's business; here a rule that has one is left out.
    let mut rules = Rules::none();
    rules.take(file, &sources, &mut Diagnostics::default());
    rules
});

impl Rules {
    /// The version of the rules inside the program, as their file says it.
    pub(super) const VERSION: &'static str = "2026.1";

    /// The rules inside the program.
    pub fn embedded() -> &'static Self {
        &EMBEDDED
    }

    /// These rules and those of a user's file: new ones are asked before ours, and one with the id of ours takes its place; what
    /// it leaves out stays as it was. The problems tell what is wrong with the file, each mistake at its place,
    /// and warn of rules that can never match.
    #[must_use]
    pub fn with(&self, file: FileId, sources: &Sources, problems: &mut Diagnostics) -> Self {
        let mut rules = self.clone();
        let written = rules.take(file, sources, problems);
        lint(&rules.all, &written, problems);
        rules.ruleset = format!("{} + {}", self.ruleset, sources.name(file));
        rules
    }

    /// The rule with this id.
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        let fallback = std::iter::once(&self.fallback);
        self.all.iter().chain(fallback).find(|rule| rule.id == id)
    }

    /// Every rule, in the order they are asked.
    pub fn all(&self) -> &[Rule] {
        &self.all
    }

    /// The version: `2026.1`, and with a user's file its name.
    pub fn ruleset(&self) -> &str {
        &self.ruleset
    }

    /// The line of a command that rules name: `ss -ltn "sport = :${port}"`.
    pub fn command(&self, name: &str) -> Option<&str> {
        let named = self.commands.iter().find(|(known, _)| known == name);
        named.map(|(_, line)| line.as_str())
    }

    /// Every named command.
    pub fn commands(&self) -> impl Iterator<Item = (&str, &str)> {
        self.commands
            .iter()
            .map(|(name, line)| (name.as_str(), line.as_str()))
    }

    /// What is said of a failure that no rule knows.
    pub fn fallback(&self) -> &Rule {
        &self.fallback
    }

    /// The first that matches.
    pub(super) fn first_for(&self, seen: &Seen<'_>) -> Option<&Rule> {
        self.all.iter().find(|rule| rule.when.holds(seen))
    }

    fn none() -> Self {
        Self {
            ruleset: String::new(),
            all: Vec::new(),
            commands: Vec::new(),
            fallback: fallback(),
        }
    }

    /// Adds what a file has; says which rules those are.
    fn take(
        &mut self,
        file: FileId,
        sources: &Sources,
        problems: &mut Diagnostics,
    ) -> Vec<Written> {
        let tree = parse(sources, file, problems);
        let known = names(FILE);
        let Some(fields) = tree
            .as_ref()
            .and_then(|tree| Fields::of(tree, "file of rules", &known, problems))
        else {
            return Vec::new();
        };
        if let Some(ruleset) = fields.text("ruleset", problems) {
            ruleset.clone_into(&mut self.ruleset);
        }
        for entry in fields.get("commands").map_or(&[][..], entries(problems)) {
            if let Some(line) = crate::yaml::decode::<String>(&entry.value, problems) {
                lint_places(&line, entry.value.resolved().span, problems);
                self.commands.retain(|(name, _)| *name != *entry.key);
                self.commands.push((entry.key.to_string(), line));
            }
        }
        let Some(rules) = fields.required("rules", problems) else {
            return Vec::new();
        };
        let wrong = match rules.as_sequence() {
            Some(items) if items.len() <= MOST => return self.take_rules(items, problems),
            Some(items) => format!("{} rules; more than {MOST} are not read", items.len()),
            None => "`rules` is a list of rules".to_owned(),
        };
        problems.push(Diagnostic::error(rules.resolved().span, wrong));
        Vec::new()
    }

    fn take_rules(&mut self, items: &[Node], problems: &mut Diagnostics) -> Vec<Written> {
        let mut here: HashMap<String, Span> = HashMap::new();
        let mut new = Vec::new();
        let mut written = Vec::new();
        let known = names(RULE);
        for item in items {
            let Some(fields) = Fields::of(item, "rule", &known, problems) else {
                continue;
            };
            let Some(id) = id(&fields, problems) else {
                continue;
            };
            let at = fields.get("id").map_or(item.span, |node| node.span);
            if let Some(first) = here.insert(id.clone(), at) {
                let message = format!("two rules are called `{id}`");
                problems.push(Diagnostic::error(at, message).related(first, "the first of them"));
                continue;
            }
            let ours = self.all.iter().position(|rule| rule.id == id);
            let meant = self
                .all
                .iter()
                .find(|rule| rule.id.eq_ignore_ascii_case(&id));
            if let Some(meant) = meant.filter(|_| ours.is_none()) {
                let message = format!(
                    "no rule of ours is called `{id}`; did you mean `{}`?",
                    meant.id
                );
                problems.push(
                    Diagnostic::error(at, message)
                        .help("ids that differ in the case of their letters alone are not told apart by `explain`"),
                );
                continue;
            }
            self.lint_commands(&fields, problems);
            let base = ours.map(|at| &self.all[at]);
            let Some(rule) = Rule::decode(&fields, &id, base, problems) else {
                continue;
            };
            written.push((id, at));
            match ours {
                Some(at) => self.all[at] = rule,
                None => new.push(rule),
            }
        }
        self.all.splice(0..0, new);
        written
    }
}

impl Rules {
    /// Slips in the names of lines.
    fn lint_commands(&self, fields: &Fields<'_>, problems: &mut Diagnostics) {
        let named = fields.get("commands").and_then(Node::as_sequence);
        for item in named.into_iter().flatten() {
            if let Some(command) = item.as_scalar() {
                let known = self.commands.iter().map(|(name, _)| name.as_str());
                lint_command(&command.text, item.resolved().span, known, problems);
            }
        }
    }
}

/// The entries of a mapping; what is none is told.
fn entries<'n>(problems: &mut Diagnostics) -> impl FnOnce(&'n Node) -> &'n [Entry] {
    move |node| {
        node.as_mapping().unwrap_or_else(|| {
            let message = "`commands` is a mapping from names to lines";
            problems.push(Diagnostic::error(node.resolved().span, message));
            &[]
        })
    }
}

/// The name of a rule: it stands in reports, and `explain` takes it.
fn id(fields: &Fields<'_>, problems: &mut Diagnostics) -> Option<String> {
    let node = fields.required("id", problems)?;
    let text = fields.text("id", problems)?;
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let message = if text == UNKNOWN {
        format!("`{UNKNOWN}` is what no rule knows: take another id")
    } else if text.len() > 64 || !text.chars().all(is_part) {
        format!("`{text}` is no id: at most 64 letters, digits, `-`, `_` and `.`")
    } else {
        return Some(text.to_owned());
    };
    problems.push(Diagnostic::error(node.resolved().span, message));
    None
}

/// The id of the fallback.
const UNKNOWN: &str = "UNKNOWN";

fn fallback() -> Rule {
    Rule {
        id: UNKNOWN.to_owned(),
        layer: Layer::Application,
        when: Signal::default(),
        blame: Blame {
            class: Class::Unknown,
            detail: None,
            confidence: Confidence::Low,
            owner: "test-author".to_owned(),
        },
        meaning: "No rule knows this failure.".to_owned(),
        alternatives: Vec::new(),
        next: "read what was seen, and write a rule for it (`diagnosis.rules`)".to_owned(),
        confirm: String::new(),
        falsify: String::new(),
        hint: None,
        commands: Vec::new(),
        nested: false,
        source: None,
    }
}

#[cfg(test)]
mod tests;
