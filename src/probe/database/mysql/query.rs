//! One statement by the text protocol, and what it gives
//! (<https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query.html>).

use mysql_common::constants::StatusFlags;
use mysql_common::io::ParseBuf;

use super::column::Column;
use super::wire::{ERROR, Wire, failed, protocol};
use crate::model::{FaultKind, SqlFault, Value};
use crate::probe::database::{Limits, Rows};
use crate::probe::look::Halt;

/// COM_QUERY.
const QUERY: u8 = 0x03;
/// The first byte of an end.
const END: u8 = 0xfe;
/// The first byte of a request for a file of ours, and of a NULL.
const FILE_OR_NULL: u8 = 0xfb;

/// What a statement gave.
#[derive(Debug)]
pub(super) struct Given {
    /// Of a statement that gives rows.
    pub(super) rows: Option<Rows>,
    /// Of one that does not.
    pub(super) affected: Option<u64>,
    pub(super) end: End,
}

/// What stands at the end of every answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    pub(super) status: StatusFlags,
    pub(super) warnings: u16,
}

/// Runs one statement. Its rows are counted while they are read.
pub(super) async fn query(
    wire: &mut Wire,
    text: &str,
    is_extended: bool,
    limits: Limits,
) -> Result<Given, Halt> {
    wire.command(QUERY, text.as_bytes()).await?;
    let first = wire.short().await?;
    match first.first() {
        Some(&ERROR) => Err(failed(&first)),
        Some(0) => done(&first).ok_or_else(|| protocol("the end of a statement is cut short")),
        Some(&FILE_OR_NULL) => Err(protocol(
            "the server asks for a file of this machine, which it was told not to",
        )),
        _ => rows(wire, &first, is_extended, limits).await,
    }
}

/// Runs a statement of ours that gives no rows.
pub(super) async fn run(wire: &mut Wire, text: &str) -> Result<End, Halt> {
    wire.command(QUERY, text.as_bytes()).await?;
    let payload = wire.short().await?;
    match payload.first() {
        Some(&ERROR) => return Err(failed(&payload)),
        Some(0) => done(&payload).map(|given| given.end),
        _ => None,
    }
    .ok_or_else(|| protocol("a statement was not answered with its end"))
}

/// OK: no rows.
fn done(payload: &[u8]) -> Option<Given> {
    let mut rest = ParseBuf(payload.get(1..)?);
    let affected = rest.checked_eat_lenenc_int()?;
    let _inserted = rest.checked_eat_lenenc_int()?;
    let status = StatusFlags::from_bits_retain(rest.checked_eat_u16_le()?);
    let warnings = rest.checked_eat_u16_le()?;
    Some(Given {
        rows: None,
        affected: Some(affected),
        end: End { status, warnings },
    })
}

async fn rows(
    wire: &mut Wire,
    first: &[u8],
    is_extended: bool,
    limits: Limits,
) -> Result<Given, Halt> {
    /// A table has so many at most, and a result too.
    const MOST: u64 = 4096;
    let mut count = ParseBuf(first);
    let width = match count.checked_eat_lenenc_int() {
        Some(width @ 1..=MOST) if count.is_empty() => width,
        _ => return Err(protocol("an answer begins with no count of columns")),
    };
    let mut columns = Vec::new();
    let mut bytes = 0;
    for _ in 0..width {
        let payload = wire.short().await?;
        if payload.first() == Some(&ERROR) {
            return Err(failed(&payload));
        }
        bytes += payload.len();
        if bytes > limits.bytes {
            return Err(too_large(limits));
        }
        columns.push(Column::read(&payload, is_extended)?);
    }
    let payload = wire.short().await?;
    if end(&payload).is_none() {
        return Err(protocol("no end comes after the columns"));
    }
    let names = columns.iter().map(|column| column.name.clone()).collect();
    let mut rows = Rows::of(names);
    loop {
        let payload = wire.receive(limits.bytes, || too_large(limits)).await?;
        if payload.first() == Some(&ERROR) {
            return Err(failed(&payload));
        }
        if let Some(end) = end(&payload) {
            return Ok(Given {
                rows: Some(rows),
                affected: None,
                end,
            });
        }
        let row = row(&payload, &columns)
            .ok_or_else(|| protocol("a row does not have the values of its columns"))?;
        rows.push(row, limits)?;
    }
}

/// EOF: a row may begin with the same byte, and is longer then.
fn end(payload: &[u8]) -> Option<End> {
    let [END, warnings_low, warnings_high, status_low, status_high] = payload else {
        return None;
    };
    Some(End {
        warnings: u16::from_le_bytes([*warnings_low, *warnings_high]),
        status: StatusFlags::from_bits_retain(u16::from_le_bytes([*status_low, *status_high])),
    })
}

fn row(payload: &[u8], columns: &[Column]) -> Option<Vec<Value>> {
    let mut rest = ParseBuf(payload);
    let mut values = Vec::with_capacity(columns.len());
    for column in columns {
        if rest.0.first() == Some(&FILE_OR_NULL) {
            rest.skip(1);
            values.push(Value::Null);
        } else {
            values.push(column.value(rest.checked_eat_lenenc_str()?));
        }
    }
    rest.is_empty().then_some(values)
}

fn too_large(limits: Limits) -> Halt {
    let why = format!("more than {} bytes of rows", limits.bytes);
    Halt::fault(FaultKind::Sql(SqlFault::TooLarge), why)
}
