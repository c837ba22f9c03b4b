//! `allclear.yaml`: categories, the gate, defaults.

use super::defaults::{Defaults, switch};
use super::gate_keys::GateKeys;
use crate::model::{Category, CategoryPolicy, Rate};
use crate::yaml::{Diagnostic, Diagnostics, Fields, Node, Percent, Span, visible};

/// A project's `allclear.yaml`; without one, everything is its default.
#[derive(Debug, Clone, Default)]
pub struct Project {
    /// `target`, used when no other is named.
    pub target: Option<String>,
    /// `defaults`.
    pub defaults: Defaults,
    /// The categories in the order listed; those found, without an `allclear.yaml`.
    pub categories: Vec<CategoryPolicy>,
    /// `gate`.
    pub gate: GateKeys,
    /// `diagnosis.rules`: a file of rules, below the folder of this one.
    pub rules: Option<String>,
    /// Whether there is an `allclear.yaml` that lists categories.
    pub is_declared: bool,
    /// Where `target` stands.
    pub(crate) target_span: Option<Span>,
    /// Where `diagnosis.rules` stands.
    pub(crate) rules_span: Option<Span>,
    /// Where each listed category stands, in their order.
    pub(crate) category_spans: Vec<Span>,
}

impl Project {
    /// Reads `allclear.yaml`.
    pub(super) fn decode(node: &Node, problems: &mut Diagnostics) -> Self {
        let keys = ["target", "defaults", "categories", "gate", "diagnosis"];
        let Some(fields) = Fields::of(node, "project", &keys, problems) else {
            return Self::default();
        };
        let categories = fields
            .get("categories")
            .and_then(|node| categories(node, problems));
        let is_declared = categories.is_some();
        let (rules, rules_span) = fields
            .get("diagnosis")
            .and_then(|node| Fields::of(node, "`diagnosis` mapping", &["rules"], problems))
            .and_then(|fields| {
                let rules = fields.text("rules", problems)?;
                Some((rules.to_owned(), fields.get("rules")?.span))
            })
            .unzip();
        let (category_spans, categories) = categories.unwrap_or_default().into_iter().unzip();
        Self {
            target_span: fields.get("target").map(|node| node.span),
            category_spans,
            rules,
            rules_span,
            target: fields.text("target", problems).map(str::to_owned),
            defaults: fields
                .get("defaults")
                .map(|node| Defaults::decode(node, problems))
                .unwrap_or_default(),
            is_declared,
            categories,
            gate: fields
                .get("gate")
                .map(|node| GateKeys::decode(node, problems))
                .unwrap_or_default(),
        }
    }

    /// Whether a suite may name this category.
    pub(super) fn knows(&self, name: &str) -> bool {
        !self.is_declared
            || self
                .categories
                .iter()
                .any(|category| category.name.as_str() == name)
    }

    /// Without a list, the categories found are the categories: none critical.
    pub(super) fn found(&mut self, name: &Category) {
        if !self.is_declared
            && !self
                .categories
                .iter()
                .any(|category| category.name == *name)
        {
            self.categories.push(plain(name.clone()));
        }
    }
}

fn plain(name: Category) -> CategoryPolicy {
    CategoryPolicy {
        name,
        critical: false,
        preflight: false,
        pass_rate: None,
        flaky_passes: false,
    }
}

/// `None` when it cannot be said which there are: then nothing is told to be missing there.
fn categories(node: &Node, problems: &mut Diagnostics) -> Option<Vec<(Span, CategoryPolicy)>> {
    let Some(entries) = node.as_mapping() else {
        problems.push(
            Diagnostic::error(node.span, "expected a mapping of categories")
                .help("write `categories: { connectivity: { critical: true }, agents: {} }`"),
        );
        return None;
    };
    let mut result = Vec::new();
    for entry in entries {
        if !is_name(&entry.key) {
            problems.push(Diagnostic::error(
                entry.key_span,
                format!("`{}` is no category: {NAME_RULE}", visible(&entry.key)),
            ));
            continue;
        }
        let name = Category::new(entry.key.clone());
        let keys = ["critical", "preflight", "pass_rate", "flaky"];
        let Some(fields) = Fields::of(&entry.value, "category", &keys, problems) else {
            result.push((entry.key_span, plain(name)));
            continue;
        };
        let flaky = fields
            .get("flaky")
            .map(|node| (node, node.as_scalar().map(|scalar| &*scalar.text)));
        let flaky_passes = match flaky {
            None | Some((_, Some("open"))) => false,
            Some((_, Some("pass"))) => true,
            Some((node, _)) => {
                problems.push(Diagnostic::error(node.span, "expected `pass` or `open`"));
                false
            }
        };
        let category = CategoryPolicy {
            name,
            critical: switch(&fields, "critical", problems),
            preflight: switch(&fields, "preflight", problems),
            pass_rate: fields
                .get("pass_rate")
                .and_then(|node| rate(node, problems)),
            flaky_passes,
        };
        result.push((entry.key_span, category));
    }
    Some(result)
}

/// What names of categories and tests look like.
pub(super) const NAME_RULE: &str =
    "a name is made of a-z, 0-9, `.` and `-`, and begins with a letter or digit";

/// In characters.
pub(super) const LONGEST_NAME: usize = 200;

/// Whether a text may name a category or a test.
pub(super) fn is_name(text: &str) -> bool {
    let begins_well = text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    begins_well
        && text.len() <= LONGEST_NAME
        && text
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-'))
}

/// A percentage above zero.
pub(super) fn rate(node: &Node, problems: &mut Diagnostics) -> Option<Rate> {
    let percent: Percent = crate::yaml::decode(node, problems)?;
    Rate::from_millionths(percent.millionths())
}
