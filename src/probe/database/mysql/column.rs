//! What a server says of a column, and its values
//! (<https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response_text_resultset_column_definition.html>,
//! <https://mariadb.com/kb/en/result-set-packets/>).

use mysql_common::constants::ColumnType;
use mysql_common::io::ParseBuf;

use super::wire::protocol;
use crate::model::{Number, Value};
use crate::probe::hex::hex;
use crate::probe::json;
use crate::probe::look::Halt;

/// The character set of what is no text.
const BINARY: u16 = 63;

/// A column of a result.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    kind: Kind,
}

/// How its values are written, and what they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Integer,
    Decimal,
    Float,
    /// As many bytes as it needs, the highest first.
    Bits,
    Json,
    Text,
    Bytes,
}

impl Column {
    /// Reads its definition, with what MariaDB adds when it was asked to.
    pub(super) fn read(payload: &[u8], is_extended: bool) -> Result<Self, Halt> {
        parse(payload, is_extended)
            .ok_or_else(|| protocol("the definition of a column is cut short"))
    }

    /// A value as the text protocol writes it.
    pub(super) fn value(&self, written: &[u8]) -> Value {
        let text = String::from_utf8_lossy(written);
        let seen = match self.kind {
            Kind::Integer => text.parse().ok().map(Number::Int).map(Value::Number),
            Kind::Decimal => match Number::parse(&text) {
                Some(Number::Int(_) | Number::Decimal(_)) => {
                    Some(Value::Number(Number::Decimal(text.to_string())))
                }
                _ => None,
            },
            Kind::Float => text.parse().ok().map(Number::Float).map(Value::Number),
            Kind::Bits if written.len() <= 8 => Some(Value::int(
                written
                    .iter()
                    .fold(0_i128, |bits, byte| bits << 8 | i128::from(*byte)),
            )),
            Kind::Json => json::parse(&text),
            Kind::Bits | Kind::Bytes => return Value::Text(hex(written)),
            Kind::Text => None,
        };
        seen.unwrap_or_else(|| Value::Text(text.into_owned()))
    }
}

fn parse(payload: &[u8], is_extended: bool) -> Option<Column> {
    let mut rest = ParseBuf(payload);
    // Catalogue, schema, table, and the table's own name.
    for _ in 0..4 {
        rest.checked_eat_lenenc_str()?;
    }
    let name = rest.checked_eat_lenenc_str()?;
    // Its own name.
    rest.checked_eat_lenenc_str()?;
    let more = if is_extended {
        rest.checked_eat_lenenc_str()?
    } else {
        &[]
    };
    // The length of what follows, always 12.
    rest.checked_eat_lenenc_int()?;
    let character_set = rest.checked_eat_u16_le()?;
    let _length = rest.checked_eat_u32_le()?;
    let kind = rest.checked_eat_u8()?;
    let name = String::from_utf8_lossy(name).into_owned();
    let kind = match ColumnType::try_from(kind).ok() {
        _ if is_json(more) => Kind::Json,
        Some(kind) => kind_of(kind, character_set),
        None => text_or_bytes(character_set),
    };
    Some(Column { name, kind })
}

/// Whether MariaDB says that a text is JSON. It says what it is as pairs of a mark (0: type, 1: format) and a word.
fn is_json(more: &[u8]) -> bool {
    /// A format, and no type.
    const FORMAT: u8 = 1;
    let mut rest = ParseBuf(more);
    while let (Some(mark), Some(word)) = (rest.checked_eat_u8(), rest.checked_eat_lenenc_str()) {
        if mark == FORMAT && word == b"json" {
            return true;
        }
    }
    false
}

fn kind_of(kind: ColumnType, character_set: u16) -> Kind {
    use ColumnType as C;
    match kind {
        C::MYSQL_TYPE_TINY
        | C::MYSQL_TYPE_SHORT
        | C::MYSQL_TYPE_INT24
        | C::MYSQL_TYPE_LONG
        | C::MYSQL_TYPE_LONGLONG
        | C::MYSQL_TYPE_YEAR => Kind::Integer,
        C::MYSQL_TYPE_DECIMAL | C::MYSQL_TYPE_NEWDECIMAL => Kind::Decimal,
        C::MYSQL_TYPE_FLOAT | C::MYSQL_TYPE_DOUBLE => Kind::Float,
        C::MYSQL_TYPE_BIT => Kind::Bits,
        C::MYSQL_TYPE_JSON => Kind::Json,
        // Times are written in ASCII, though their character set is said to be none.
        C::MYSQL_TYPE_DATE
        | C::MYSQL_TYPE_NEWDATE
        | C::MYSQL_TYPE_TIME
        | C::MYSQL_TYPE_TIME2
        | C::MYSQL_TYPE_DATETIME
        | C::MYSQL_TYPE_DATETIME2
        | C::MYSQL_TYPE_TIMESTAMP
        | C::MYSQL_TYPE_TIMESTAMP2
        | C::MYSQL_TYPE_NULL => Kind::Text,
        C::MYSQL_TYPE_GEOMETRY | C::MYSQL_TYPE_VECTOR => Kind::Bytes,
        _ => text_or_bytes(character_set),
    }
}

fn text_or_bytes(character_set: u16) -> Kind {
    if character_set == BINARY {
        Kind::Bytes
    } else {
        Kind::Text
    }
}
