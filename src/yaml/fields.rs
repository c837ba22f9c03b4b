//! A mapping decoded by hand, key by key: where its keys decide what it is.

use serde::de::DeserializeOwned;

use super::decode::{decode, unknown};
use super::suggest::nearest;
use super::{Diagnostic, Diagnostics, Entry, Kind, Node, Resolved, Span, words};

/// The entries of a mapping whose keys are known.
///
/// ```yaml fragment
/// name: api-live      # fields.text("name", problems)
/// http: { url: … }    # fields.decode::<Http>("http", problems)
/// ```
#[derive(Debug, Clone)]
pub struct Fields<'n> {
    what: &'static str,
    node: &'n Node,
    entries: &'n [Entry],
    /// Keys there is no use in asking for: told to be empty, or there under a wrong name.
    told: Vec<&'n str>,
}

impl<'n> Fields<'n> {
    /// Looks at a node that should be `what` ("test", "target"): a mapping with no other keys than `known`.
    ///
    /// Tells all unknown keys, each with the nearest right one, and all keys without a value. `None` when the node is no
    /// mapping at all.
    pub fn of(
        node: &'n Node,
        what: &'static str,
        known: &[&'n str],
        problems: &mut Diagnostics,
    ) -> Option<Self> {
        let Kind::Mapping(entries) = &node.resolved().kind else {
            let wanted = words::a_mapping_with(known);
            let mut problem = at(
                node,
                node.resolved().span,
                format!(
                    "found {}, expected {}: {wanted}",
                    words::found(node),
                    article(what)
                ),
            );
            problem.help.extend(words::hint(node, &wanted));
            problems.push(problem);
            return None;
        };
        let mut told = Vec::new();
        for entry in entries {
            if !known.contains(&&*entry.key) {
                let meant = nearest(&entry.key, known.iter().copied());
                told.extend(meant);
                let mut problem = unknown(entry.key_span, "key", &entry.key, known);
                problem.related.extend(used(node));
                problems.push(problem);
            } else if is_null(&entry.value) {
                told.push(&*entry.key);
                problems.push(at(
                    node,
                    entry.key_span,
                    format!("`{}` is empty", entry.key),
                ));
            }
        }
        Some(Self {
            what,
            node,
            entries,
            told,
        })
    }

    /// Where the mapping stands.
    pub fn span(&self) -> Span {
        self.node.resolved().span
    }

    /// The value of a key; `None` also when it was told to be empty.
    pub fn get(&self, key: &str) -> Option<&'n Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The whole entry of a key, for the place of the key itself.
    pub fn entry(&self, key: &str) -> Option<&'n Entry> {
        let entry = self.entries.iter().find(|entry| &*entry.key == key)?;
        (!is_null(&entry.value)).then_some(entry)
    }

    /// All entries with a value, in the order written.
    pub fn entries(&self) -> impl Iterator<Item = &'n Entry> + use<'n> {
        self.entries.iter().filter(|entry| !is_null(&entry.value))
    }

    /// The value of a key that must be there.
    pub fn required(&self, key: &str, problems: &mut Diagnostics) -> Option<&'n Node> {
        let value = self.get(key);
        if value.is_none() && !self.told.contains(&key) {
            problems.push(at(
                self.node,
                self.span(),
                format!("missing key `{key}`: {} needs it", article(self.what)),
            ));
        }
        value
    }

    /// The text of a key, if it is there. Numbers and truth values without quotes count as they are written.
    pub fn text(&self, key: &str, problems: &mut Diagnostics) -> Option<&'n str> {
        let node = self.get(key)?;
        let text = node.as_scalar().map(|scalar| &*scalar.text);
        if text.is_none() {
            let found = words::found(node);
            problems.push(at(
                node,
                node.resolved().span,
                format!("found {found}, expected `{key}` to be text"),
            ));
        }
        text
    }

    /// The value of a key, if it is there, decoded.
    pub fn decode<T: DeserializeOwned>(&self, key: &str, problems: &mut Diagnostics) -> Option<T> {
        decode(self.get(key)?, problems)
    }
}

/// An error in a node, which may be used through an alias.
fn at(node: &Node, span: Span, message: String) -> Diagnostic {
    let mut problem = Diagnostic::error(span, message);
    problem.related.extend(used(node));
    problem
}

/// "a test", "an `until` mapping".
fn article(what: &str) -> String {
    let first = what.trim_start_matches('`');
    let article = if first.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    };
    format!("{article} {what}")
}

fn used(node: &Node) -> Option<(Span, String)> {
    (node.span != node.resolved().span).then(|| (node.span, "used here".to_owned()))
}

fn is_null(node: &Node) -> bool {
    node.as_scalar()
        .is_some_and(|scalar| scalar.resolve() == Resolved::Null)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::told::{told, tree};

    const KNOWN: [&str; 4] = ["name", "critical", "http", "steps"];

    #[test]
    fn known_keys_are_found_and_decoded() {
        let text = "{ name: api, critical: true, http: { url: x } }";
        let (tree, mut problems) = (tree(text), Diagnostics::default());
        let fields = Fields::of(&tree, "test", &KNOWN, &mut problems).unwrap();
        assert_eq!(fields.text("name", &mut problems), Some("api"));
        assert_eq!(fields.decode("critical", &mut problems), Some(true));
        assert_eq!(fields.get("steps"), None);
        assert_eq!(fields.text("steps", &mut problems), None);
        assert!(fields.required("http", &mut problems).is_some());
        let keys: Vec<_> = fields.entries().map(|entry| &*entry.key).collect();
        assert_eq!(keys, ["name", "critical", "http"]);
        assert!(problems.is_empty(), "{problems:?}");
    }

    #[test]
    fn each_mistake_is_told_once() {
        let text = "{ nmae: api, critical: , other: 1, http: [] }";
        let (tree, mut problems) = (tree(text), Diagnostics::default());
        let fields = Fields::of(&tree, "test", &KNOWN, &mut problems).unwrap();
        assert_eq!(
            fields.required("name", &mut problems),
            None,
            "told under its wrong name"
        );
        assert_eq!(
            fields.required("critical", &mut problems),
            None,
            "told to be empty"
        );
        assert_eq!(fields.required("steps", &mut problems), None);
        assert_eq!(fields.text("http", &mut problems), None);
        assert_eq!(
            told(text, &problems),
            [
                "nmae: unknown key `nmae`; did you mean `name`? (expected `name`, `critical`, `http` or `steps`)",
                "critical: `critical` is empty",
                "other: unknown key `other` (expected `name`, `critical`, `http` or `steps`)",
                "{ nmae: api, critical: , other: 1, http: [] }: missing key `steps`: a test needs it",
                "[]: found an empty list, expected `http` to be text",
            ]
        );
    }

    #[test]
    fn what_is_no_mapping_is_told_with_the_keys_it_should_have() {
        let text = "{ a: [1], b: name:x, c: &c hello, d: *c }";
        let tree = tree(text);
        let mut problems = Diagnostics::default();
        for key in ["a", "b", "c", "d"] {
            assert!(Fields::of(tree.get(key).unwrap(), "test", &["name"], &mut problems).is_none());
        }
        assert_eq!(
            told(text, &problems),
            [
                "[1]: found a list, expected a test: a mapping with `name`",
                "name:x: found the text `name:x`, expected a test: a mapping with `name` (a space is missing after `:`: write `name: x`)",
                "hello: found the text `hello`, expected a test: a mapping with `name`",
                "hello: found the text `hello`, expected a test: a mapping with `name` [used here: *c]",
            ]
        );
    }
}
