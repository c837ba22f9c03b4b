//! Counts that a server answers with.

use super::Answer;
use crate::model::{FaultKind, Number, SqlFault, Value};
use crate::probe::look::Halt;

/// A count in the first row of an answer.
pub(in crate::probe) fn number(answer: &Answer, at: usize) -> Result<u64, Halt> {
    let found = integer(answer, at)?;
    u64::try_from(found).map_err(|_| strange(&format!("{found} is no count")))
}

pub(super) fn integer(answer: &Answer, at: usize) -> Result<i128, Halt> {
    let row = answer.rows.as_ref().and_then(|rows| rows.all.first());
    let value = match row {
        Some(Value::Map(columns)) => columns.get(at).map(|(_, value)| value),
        _ => None,
    };
    match value {
        Some(Value::Number(Number::Int(int))) => Ok(*int),
        // MariaDB's status is text, whatever it counts.
        Some(Value::Text(text)) => text
            .parse()
            .map_err(|_| strange("a text came where a number was asked for")),
        Some(_) => Err(strange("something else came where a number was asked for")),
        None => Err(strange("nothing came where a number was asked for")),
    }
}

fn strange(why: &str) -> Halt {
    Halt::fault(FaultKind::Sql(SqlFault::Protocol), why)
}
