//! From a span of the YAML tree to a place of the model.

use crate::model::Place;
use crate::yaml::{Sources, Span};

/// Where a span begins, as findings and records name it.
pub fn place(sources: &Sources, span: Span) -> Place {
    let position = sources.position(span);
    Place {
        file: position.file,
        line: position.line,
        column: position.column,
    }
}
