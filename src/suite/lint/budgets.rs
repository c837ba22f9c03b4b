//! Lints about the budgets of a target.
//!
//! Each layer waits for the one beneath it. One that waits longer than the one above it never gets to say what went wrong: the
//! one above has given up before, and is blamed.

use std::time::Duration;

use super::View;
use crate::yaml::{Diagnostic, Diagnostics, Entry, Node, parse_duration};

/// The layers of a start, from the innermost: each role is the first word of the names of its budgets, and what happens when one
/// takes longer than a layer above it.
const ROLES: [(&str, &str); 5] = [
    (
        "connect",
        "whoever waits for the connection gives up before the connecting does",
    ),
    ("pool", "the pool waits longer than its caller"),
    (
        "phase",
        "the start is over before the phase has to be, and what it hung in is never told",
    ),
    (
        "startup",
        "the platform ends the start before its own budget does",
    ),
    ("platform", ""),
];

/// A budget that is not shorter than one of a layer above it.
pub(super) fn upside_down(view: &View<'_>, found: &mut Diagnostics) {
    let target = view.suites.read.target.as_ref();
    let budgets = target.and_then(|file| file.get("budgets")?.as_mapping());
    let budgets: Vec<Budget<'_>> = budgets
        .unwrap_or_default()
        .iter()
        .filter_map(Budget::of)
        .collect();
    for inner in &budgets {
        let above = budgets.iter().filter(|outer| outer.role > inner.role);
        for outer in above.filter(|outer| outer.time <= inner.time) {
            let ((name, text), (above, limit)) = (inner.written(), outer.written());
            let (_, otherwise) = ROLES[inner.role];
            found.push(
                Diagnostic::warning(
                    inner.entry.value.span,
                    format!("`{name}` is {text}, and `{above}` {limit}: {otherwise}"),
                )
                .related(outer.entry.value.span, "has to be longer")
                .help(
                    "the first word of a budget's name is its role: connect < pool < phase < startup < platform",
                ),
            );
        }
    }
}

/// A budget that has a role.
struct Budget<'t> {
    entry: &'t Entry,
    /// Its position among the roles.
    role: usize,
    time: Duration,
}

impl<'t> Budget<'t> {
    fn of(entry: &'t Entry) -> Option<Self> {
        let word = entry.key.split('_').next();
        let role = ROLES.iter().position(|(role, _)| Some(*role) == word)?;
        let time = parse_duration(text(&entry.value)).ok()?;
        Some(Self { entry, role, time })
    }

    /// Its name and its length as they stand there.
    fn written(&self) -> (&'t str, &'t str) {
        (&self.entry.key, text(&self.entry.value))
    }
}

fn text(node: &Node) -> &str {
    node.as_scalar()
        .map(|scalar| &*scalar.text)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use crate::suite::lint;
    use crate::suite::testing::Folder;

    /// What is said of a target with these budgets, with the place of what is said.
    fn said_of(budgets: &str) -> Vec<String> {
        let folder = Folder::with_target(
            &format!("budgets: {budgets}\n"),
            "- { name: x, critical: true, scripted: { looks: [] }, expect: { text: x } }",
        );
        let suites = folder.loaded();
        let lints = lint(&suites);
        let root = format!("{}/", folder.dir.path().display());
        let lines = lints.in_words(&suites.sources);
        lines.iter().map(|line| line.replace(&root, "")).collect()
    }

    #[test]
    fn who_waits_longer_than_its_caller_is_seen() {
        let two = |budgets: &str, says: &str| {
            let said = said_of(budgets);
            assert_eq!(said, [format!("targets/t.yaml:{says}")], "{budgets}");
        };
        two(
            "{ connect: 5s, pool_db: 120s, phase_config: 75s }",
            "1:34: `pool_db` is 120s, and `phase_config` 75s: the pool waits longer than its caller",
        );
        two(
            "{ pool: 30s, connect_db: 75s }",
            "1:35: `connect_db` is 75s, and `pool` 30s: whoever waits for the connection gives up before the connecting does",
        );
        two(
            "{ phase_1: 1m30s, startup: 90s }",
            "1:21: `phase_1` is 1m30s, and `startup` 90s: the start is over before the phase has to be, and what it hung in is never told",
        );
        two(
            "{ platform: 240s, startup: 300s }",
            "1:37: `startup` is 300s, and `platform` 240s: the platform ends the start before its own budget does",
        );
        // As the incident had them: 120s, 75s, and 75s to 95s for a phase.
        let said = said_of("{ connect_db: 75s, pool_db: 120s, phase_db: 75s, phase_all: 95s }");
        assert_eq!(said.len(), 3, "{said:?}");
    }

    #[test]
    fn what_is_in_order_or_has_no_role_is_not() {
        for budgets in [
            "{ connect: 5s, pool: 30s, phase_a: 40s, phase_b: 40s, startup: 75s, platform: 240s }",
            "{ pool_a: 30s, pool_b: 5s }",
            "{ db_pool: 120s, phase: 5s, starting: 1s, connection: 9m }",
            "{ connect: 999ms, platform: 1s }",
        ] {
            assert_eq!(said_of(budgets), [""; 0], "{budgets}");
        }
    }
}
