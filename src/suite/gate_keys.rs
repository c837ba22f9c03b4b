//! `gate:`, in `allclear.yaml` or in a target.

use super::project::rate;
use crate::model::{Cap, Category, MinExecuted, Rate, TestId};
use crate::yaml::{Diagnostic, Diagnostics, Fields, Node, Span, parse_percent};

/// The keys of a `gate:` mapping that are written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GateKeys {
    /// `pass_rate`.
    pub pass_rate: Option<Rate>,
    /// `min_executed`.
    pub min_executed: Option<MinExecuted>,
    /// `require_categories`.
    pub require_categories: Option<Vec<Category>>,
    /// `max_flaky`.
    pub max_flaky: Option<Cap>,
    /// `max_skipped`.
    pub max_skipped: Option<Cap>,
    /// `max_waived`.
    pub max_waived: Option<Cap>,
    /// `invariants`.
    pub invariants: Option<Vec<TestId>>,
    /// Where each name of `require_categories` and `invariants` stands, in their order.
    pub(crate) places: Places,
}

/// Where names stand that can only be checked when all suites are read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Places {
    pub(super) categories: Vec<Span>,
    pub(super) invariants: Vec<Span>,
}

impl GateKeys {
    /// The keys there are, with what is written under them.
    pub(super) const KEYS: &'static [&'static str] = &[
        "pass_rate",
        "min_executed",
        "require_categories",
        "max_flaky",
        "max_skipped",
        "max_waived",
        "invariants",
    ];

    /// Reads the mapping.
    pub(super) fn decode(node: &Node, problems: &mut Diagnostics) -> Self {
        let Some(fields) = Fields::of(node, "`gate` mapping", Self::KEYS, problems) else {
            return Self::default();
        };
        let mut places = Places::default();
        let require_categories = fields.get("require_categories").map(|node| {
            let names = texts(node, "categories", problems);
            places.categories = names.iter().map(|(span, _)| *span).collect();
            names
                .into_iter()
                .map(|(_, name)| Category::new(name))
                .collect()
        });
        let invariants = fields.get("invariants").map(|node| {
            let mut ids = Vec::new();
            for (span, text) in texts(node, "test ids", problems) {
                match TestId::parse(&text) {
                    Some(id) => {
                        places.invariants.push(span);
                        ids.push(id);
                    }
                    None => {
                        problems.push(Diagnostic::error(span, "expected an id: `category/name`"));
                    }
                }
            }
            ids
        });
        Self {
            pass_rate: fields
                .get("pass_rate")
                .and_then(|node| rate(node, problems)),
            min_executed: fields
                .get("min_executed")
                .and_then(|node| min_executed(node, problems)),
            require_categories,
            max_flaky: fields.get("max_flaky").and_then(|node| cap(node, problems)),
            max_skipped: fields
                .get("max_skipped")
                .and_then(|node| cap(node, problems)),
            max_waived: fields
                .get("max_waived")
                .and_then(|node| cap(node, problems)),
            invariants,
            places,
        }
    }
}

/// A list of texts, each with its place.
pub(super) fn texts(node: &Node, what: &str, problems: &mut Diagnostics) -> Vec<(Span, String)> {
    let Some(items) = node.as_sequence() else {
        problems.push(
            Diagnostic::error(node.span, format!("expected a list of {what}"))
                .help("write it in `[ ]`"),
        );
        return Vec::new();
    };
    let mut found = Vec::new();
    for item in items {
        match item.as_scalar() {
            Some(scalar) => found.push((item.span, scalar.text.to_string())),
            None => problems.push(Diagnostic::error(
                item.span,
                format!("expected one of the {what}, as text"),
            )),
        }
    }
    found
}

/// `90%`, or `{ tests: 20, percent: 90% }`.
fn min_executed(node: &Node, problems: &mut Diagnostics) -> Option<MinExecuted> {
    if node.as_mapping().is_none() {
        return Some(MinExecuted {
            tests: None,
            percent: Some(rate(node, problems)?),
        });
    }
    let errors_before = problems.errors();
    let fields = Fields::of(
        node,
        "`min_executed` mapping",
        &["tests", "percent"],
        problems,
    )?;
    let tests = fields.decode::<u64>("tests", problems);
    if tests == Some(0) {
        problems.push(Diagnostic::error(
            node.span,
            "`tests: 0` asks for nothing: at least 1",
        ));
    }
    let percent = fields.get("percent").and_then(|node| rate(node, problems));
    if tests.is_none() && percent.is_none() && problems.errors() == errors_before {
        problems.push(Diagnostic::error(
            node.span,
            "asks for nothing: write `tests`, `percent` or both",
        ));
    }
    Some(MinExecuted { tests, percent })
}

/// A count, or a percentage; both may be zero.
fn cap(node: &Node, problems: &mut Diagnostics) -> Option<Cap> {
    let text = node
        .as_scalar()
        .map(|scalar| &*scalar.text)
        .unwrap_or_default();
    if let Ok(count) = text.parse::<u32>() {
        return Some(Cap::Count(u64::from(count)));
    }
    if matches!(text, "0%" | "0 %") {
        return Some(Cap::Share(0));
    }
    let share = parse_percent(text).ok().map(Cap::Share);
    if share.is_none() {
        problems.push(Diagnostic::error(
            node.span,
            "expected a count such as `3`, or a percentage such as `5%`",
        ));
    }
    share
}
