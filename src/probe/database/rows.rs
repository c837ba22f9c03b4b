//! The rows of a result, bounded.

use crate::model::{FaultKind, SqlFault, Value};
use crate::probe::look::Halt;

/// How much of a result is read.
#[derive(Debug, Clone, Copy)]
pub(in crate::probe) struct Limits {
    pub(in crate::probe) rows: usize,
    /// Of names and values together.
    pub(in crate::probe) bytes: usize,
}

/// The rows of one result.
#[derive(Debug, Default)]
pub(in crate::probe) struct Rows {
    /// The names of the columns, in order; absent when the statement gives no rows.
    pub(in crate::probe) columns: Vec<String>,
    /// Each a map from column to value, in the order of the columns.
    pub(in crate::probe) all: Vec<Value>,
    bytes: usize,
}

impl Rows {
    /// A result of these columns.
    pub(in crate::probe) fn of(columns: Vec<String>) -> Self {
        Self {
            columns,
            ..Self::default()
        }
    }

    /// Adds a row, or ends the look when it is one too many.
    pub(in crate::probe) fn push(
        &mut self,
        values: impl IntoIterator<Item = Value>,
        limits: Limits,
    ) -> Result<(), Halt> {
        let Limits { rows, bytes } = limits;
        if self.all.len() >= rows {
            return Err(too_large(format!("more than `max_rows`, {rows} rows")));
        }
        let entries: Vec<_> = self.columns.iter().cloned().zip(values).collect();
        self.bytes += entries
            .iter()
            .map(|(column, value)| column.len() + size(value))
            .sum::<usize>();
        if self.bytes > bytes {
            return Err(too_large(format!("more than {bytes} bytes of rows")));
        }
        self.all.push(Value::Map(entries));
        Ok(())
    }
}

/// About how many bytes a value takes.
fn size(value: &Value) -> usize {
    match value {
        Value::Text(text) | Value::Untyped(text) => text.len(),
        Value::List(items) => items.iter().map(|item| 8 + size(item)).sum(),
        Value::Map(entries) => entries
            .iter()
            .map(|(name, value)| name.len() + size(value))
            .sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Duration(_) => 8,
    }
}

fn too_large(message: String) -> Halt {
    Halt::fault(FaultKind::Sql(SqlFault::TooLarge), message)
}
