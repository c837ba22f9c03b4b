//! The variables of a target: filled in order, each from what stands above it.

use std::collections::HashSet;

use super::early;
use super::scope::{EarlyScope, is_known_in_a_run};
use super::step::meant;
use super::suites::{Environment, Given};
use super::target::TargetFile;
use super::value::{shown, value_of};
use crate::model::Value;
use crate::template::{self, Lookup, Scope, Secrecy};
use crate::yaml::{Diagnostic, Diagnostics, Entry, Kind, Node, Scalar, Sources, Style};

/// A variable: `None` while its value is only known later.
pub(super) type Variable = (String, Option<Value>, Secrecy);

/// Fills the target's variables into `scope`, `--set` applied.
pub(super) fn resolve(
    scope: &mut EarlyScope,
    file: &mut TargetFile,
    given: &Given,
    sources: &Sources,
    problems: &mut Diagnostics,
) {
    unknown_sets(file, given, problems);
    for entry in std::mem::take(&mut file.vars) {
        let over = given.set.iter().rev().find(|(name, _)| *name == *entry.key);
        let value = match over {
            Some((_, text)) => Some(value_of(&plain(text, &entry.value))),
            None => fill(&entry, scope, sources, problems),
        };
        let secrecy = if is_secret_name(&entry.key) || uses_a_secret(&entry.value, scope) {
            Secrecy::Secret
        } else {
            Secrecy::Public
        };
        scope.below.remove(&*entry.key);
        if let Some(value) = &value {
            remember(value, secrecy, scope);
        }
        scope
            .variables
            .push((entry.key.to_string(), value, secrecy));
    }
    let public = scope
        .variables
        .iter()
        .filter(|(_, _, secrecy)| *secrecy == Secrecy::Public);
    file.target.variables = public
        .filter_map(|(name, value, _)| Some((name.clone(), shown(value.as_ref()?))))
        .collect();
}

/// The value of a variable; `None` while it is only known in a run, and when it is broken.
fn fill(
    entry: &Entry,
    scope: &mut EarlyScope,
    sources: &Sources,
    problems: &mut Diagnostics,
) -> Option<Value> {
    let filled = template::fill_early(&entry.value, scope, sources, problems);
    for used in template::uses(&entry.value) {
        if scope.lookup(&used.name) == Lookup::Late && !is_known_in_a_run(&used.name) {
            problems.push(
                Diagnostic::error(
                    used.span,
                    format!("`{}` is made anew for each attempt", used.name),
                )
                .help("a variable has one value for the whole run: use it in the test itself"),
            );
        }
    }
    if early::is_complete(&filled.node) {
        return Some(value_of(&filled.node));
    }
    if filled.node.as_sequence().is_some() {
        let list = filled.node.into_owned();
        scope.pending_lists.insert(entry.key.to_string(), list);
    }
    None
}

/// Whether what is written names a secret, or a variable that holds one: then whatever `--set` puts there is secret too.
fn uses_a_secret(node: &Node, scope: &EarlyScope) -> bool {
    template::uses(node).iter().any(|used| {
        let is_secret_variable =
            |(name, _, secrecy): &Variable| *name == used.name && *secrecy == Secrecy::Secret;
        used.name.starts_with("secret.")
            || used.name.strip_prefix("demo.").is_some_and(is_secret_name)
            || scope.variables.iter().any(is_secret_variable)
    })
}

/// `--set` changes a variable; it makes none, or a misspelt one would change nothing silently.
fn unknown_sets(file: &TargetFile, given: &Given, problems: &mut Diagnostics) {
    let names: HashSet<&str> = file.vars.iter().map(|entry| &*entry.key).collect();
    for (name, _) in &given.set {
        if name.starts_with("demo.") {
            if given.embedded == Environment::None {
                let message = format!("--set {name}: only a target with `embedded: demo` has it");
                problems.push(Diagnostic::error_without_place(message));
            }
        } else if !names.contains(name.as_str()) {
            let hint = meant(name, names.iter().copied());
            let message = format!(
                "--set {name}: target `{}` has no variable of this name{hint}",
                file.target.name
            );
            problems.push(Diagnostic::error_without_place(message));
        }
    }
}

/// The text as if it stood in the file without quotes.
fn plain(text: &str, place: &Node) -> Node {
    Node {
        span: place.span,
        kind: Kind::Scalar(Scalar {
            text: text.into(),
            style: Style::Plain,
            filled: true,
        }),
    }
}

/// What must not be shown goes into the mask: secret values whole, and the password of a URL.
fn remember(value: &Value, secrecy: Secrecy, scope: &EarlyScope) {
    match value {
        Value::Text(text) | Value::Untyped(text) => {
            if secrecy == Secrecy::Secret {
                scope.mask.add(text);
            } else if let Some(password) = password_of_url(text) {
                scope.mask.add(password);
            }
        }
        Value::List(items) => items.iter().for_each(|item| remember(item, secrecy, scope)),
        Value::Map(entries) => entries
            .iter()
            .for_each(|(_, value)| remember(value, secrecy, scope)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Duration(_) => {}
    }
}

/// `secret` of `scheme://user:secret@host` (RFC 3986 §3.2.1).
pub(super) fn password_of_url(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (userinfo, _) = authority.rsplit_once('@')?;
    let (_, password) = userinfo.split_once(':')?;
    (!password.is_empty()).then_some(password)
}

/// Whether a name says that its value is secret.
pub(super) fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [
        "password",
        "passwd",
        "secret",
        "token",
        "api_key",
        "apikey",
        "private_key",
        "credential",
    ]
    .iter()
    .any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_of_a_url_is_found() {
        assert_eq!(
            password_of_url("postgres://app:s3cret@db:5432/x"),
            Some("s3cret")
        );
        assert_eq!(
            password_of_url("postgres://app:p@ss@db/x?y=a@b"),
            Some("p@ss")
        );
        assert_eq!(password_of_url("https://host/path?x=a:b@c"), None);
        assert_eq!(password_of_url("https://user@host/"), None);
    }
}
