//! What is wrong with a file: where, what was found, what would be right.

use super::{Position, Sources, Span};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The suites cannot be used.
    Error,
    /// The suites can be used, but something looks wrong.
    Warning,
}

/// One problem, with every place it is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// A lower-case fragment: "unknown key `stauts`; did you mean `status`?".
    pub message: String,
    /// The place it is about, underlined with carets. `None` when there is no text to show (a missing file).
    pub span: Option<Span>,
    /// What stands under the carets.
    pub label: Option<String>,
    /// Other places: "first defined here".
    pub related: Vec<(Span, String)>,
    /// What would be right, in a line of its own.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// An error at a place.
    pub fn error(span: Span, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            message: message.into(),
            span: Some(span),
            label: None,
            related: Vec::new(),
            help: Vec::new(),
        }
    }

    /// An error without a place in a text.
    pub fn error_without_place(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            message: message.into(),
            span: None,
            label: None,
            related: Vec::new(),
            help: Vec::new(),
        }
    }

    /// A warning without a place in a text.
    pub fn warning_without_place(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error_without_place(message)
        }
    }

    /// A warning at a place.
    pub fn warning(span: Span, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(span, message)
        }
    }

    /// With words under the carets.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// With another place.
    #[must_use]
    pub fn related(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related.push((span, label.into()));
        self
    }

    /// With a line that says what would be right.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }
}

/// The problems of a load, collected so that all are reported together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Adds a problem.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Adds the problems of another collection.
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// Whether there is an error among them.
    pub fn has_errors(&self) -> bool {
        self.0
            .iter()
            .any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// How many of them are errors.
    pub fn errors(&self) -> usize {
        self.0
            .iter()
            .filter(|diagnostic| diagnostic.severity == Severity::Error)
            .count()
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All problems.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter()
    }

    /// One line for each: `suites/a.yaml:3:5: message`.
    pub fn in_words(&self, sources: &Sources) -> Vec<String> {
        let line =
            |diagnostic: &Diagnostic| match diagnostic.span.map(|span| sources.position(span)) {
                Some(Position { file, line, column }) => {
                    format!("{file}:{line}:{column}: {}", diagnostic.message)
                }
                None => diagnostic.message.clone(),
            };
        self.0.iter().map(line).collect()
    }
}
