//! `compare_with`: the sample of another test that a test's own must not be worse than.

use crate::check::{Comparison, Measure};
use crate::model::TestId;
use crate::template::place;
use crate::yaml::{Diagnostic, Diagnostics, Fields, Node, Sources, did_you_mean};

/// `compare_with`.
#[derive(Debug, Clone)]
pub struct CompareWith {
    /// The test whose sample it is. Without a row of one that has rows: the row that is called like one's own.
    pub test: TestId,
    /// What is claimed.
    pub comparison: Comparison,
}

/// What `time` may say.
const NOT_SLOWER: &str = "not_slower";

impl CompareWith {
    /// Reads `compare_with:`, an id or a mapping.
    pub(super) fn decode(
        node: &Node,
        sources: &Sources,
        problems: &mut Diagnostics,
    ) -> Option<Self> {
        let mut comparison = Comparison {
            measure: Measure::Latency,
            not_slower: false,
            place: place(sources, node.span),
        };
        if node.as_scalar().is_some() {
            let test = test_of(node, problems)?;
            return Some(Self { test, comparison });
        }
        let keys = ["test", "measure", "time"];
        let fields = Fields::of(node, "`compare_with` mapping", &keys, problems)?;
        let errors_before = problems.errors();
        let test = fields.required("test", problems);
        let test = test.and_then(|node| test_of(node, problems));
        if let Some(text) = fields.text("measure", problems) {
            match Measure::parse(text) {
                Ok(measure) => comparison.measure = measure,
                Err(message) => problems.push(about(&fields, "measure", message)),
            }
        }
        match fields.text("time", problems) {
            None => {}
            Some(NOT_SLOWER) => comparison.not_slower = true,
            Some(other) => {
                let hint = did_you_mean(other, [NOT_SLOWER]);
                let message = format!("expected `{NOT_SLOWER}`, found `{other}`{hint}");
                problems.push(about(&fields, "time", message));
            }
        }
        let test = test?;
        (problems.errors() == errors_before).then_some(Self { test, comparison })
    }

    /// Which of the instances with this name is meant: the only one, or the row that is called like one's own.
    pub fn pick<'t, T: Copy>(
        &self,
        own: &TestId,
        named_so: impl Iterator<Item = T>,
        id: impl Fn(T) -> &'t TestId,
    ) -> Option<T> {
        let meant: Vec<T> = named_so
            .filter(|one| id(*one).is_meant_by(&self.test))
            .collect();
        match meant[..] {
            [only] => Some(only),
            _ => meant.into_iter().find(|one| id(*one).row() == own.row()),
        }
    }

    /// The node that names the test.
    pub(super) fn named(node: &Node) -> &Node {
        node.get("test").unwrap_or(node)
    }
}

fn test_of(node: &Node, problems: &mut Diagnostics) -> Option<TestId> {
    let id = node
        .as_scalar()
        .and_then(|scalar| TestId::parse(&scalar.text));
    if id.is_none() {
        let message = "expected the id of a test: `category/name`";
        problems.push(Diagnostic::error(node.span, message));
    }
    id
}

fn about(fields: &Fields<'_>, key: &str, message: String) -> Diagnostic {
    let span = fields.get(key).map_or(fields.span(), |node| node.span);
    Diagnostic::error(span, message)
}
