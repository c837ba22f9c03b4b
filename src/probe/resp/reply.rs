//! A reply of Redis as a value that a suite can compare.
//!
//! Types are those of RESP (<https://redis.io/docs/latest/develop/reference/protocol-spec/>). Strings have no type of their own
//! in Redis: they compare as written in the suite, and as numbers when they parse whole.

use redis::{ServerError, Value as Reply};

use crate::model::{Number, Value};
use crate::probe::hex::hex;

/// The value of a reply; an error, also one inside it, is no value.
pub(in crate::probe) fn value(reply: Reply) -> Result<Value, ServerError> {
    Ok(match reply {
        Reply::Nil => Value::Null,
        Reply::Int(number) => Value::int(number),
        Reply::Okay => Value::Untyped("OK".to_owned()),
        Reply::SimpleString(text) | Reply::VerbatimString { text, .. } => Value::Untyped(text),
        Reply::BulkString(bytes) => string(bytes),
        Reply::Array(items) | Reply::Set(items) => list(items)?,
        Reply::Map(entries) => map(entries)?,
        Reply::Attribute { data, .. } => value(*data)?,
        Reply::Double(number) => Value::Number(Number::Float(number)),
        Reply::Boolean(truth) => Value::Bool(truth),
        Reply::BigNumber(digits) => big(&digits),
        Reply::Push { data, .. } => list(data)?,
        Reply::ServerError(error) => return Err(error),
        // The library may learn more kinds. This equals nothing that is waited for.
        _ => Value::Untyped("a reply of a kind that is unknown here".to_owned()),
    })
}

/// Text; bytes that are no UTF-8 become a mapping, so that no text can be taken for them: `{ hex: 00ff }`.
fn string(bytes: Vec<u8>) -> Value {
    match String::from_utf8(bytes) {
        Ok(text) => Value::Untyped(text),
        Err(error) => {
            let bytes = Value::Text(hex(error.as_bytes()));
            Value::Map(vec![("hex".to_owned(), bytes)])
        }
    }
}

fn list(items: Vec<Reply>) -> Result<Value, ServerError> {
    let values: Result<_, _> = items.into_iter().map(value).collect();
    values.map(Value::List)
}

/// A mapping by text; one whose keys are something else is a list of pairs.
fn map(entries: Vec<(Reply, Reply)>) -> Result<Value, ServerError> {
    let entries: Vec<(Value, Value)> = entries
        .into_iter()
        .map(|(key, entry)| Ok((value(key)?, value(entry)?)))
        .collect::<Result<_, _>>()?;
    let is_by_text = entries
        .iter()
        .all(|(key, _)| matches!(key, Value::Untyped(_)));
    if !is_by_text {
        let pairs = entries.into_iter();
        let pairs = pairs.map(|(key, entry)| Value::List(vec![key, entry]));
        return Ok(Value::List(pairs.collect()));
    }
    let named = entries.into_iter().filter_map(|(key, entry)| match key {
        Value::Untyped(key) => Some((key, entry)),
        _ => None,
    });
    Ok(Value::Map(named.collect()))
}

/// A whole number that no 64 bits hold.
fn big(digits: &[u8]) -> Value {
    let text = String::from_utf8_lossy(digits).into_owned();
    let unsigned = text.strip_prefix('-').unwrap_or(&text);
    if unsigned.is_empty() || !unsigned.bytes().all(|digit| digit.is_ascii_digit()) {
        return Value::Untyped(text);
    }
    Value::Number(match text.parse() {
        Ok(number) => Number::Int(number),
        Err(_) => Number::Decimal(text),
    })
}

/// The text of a string; nothing of anything else.
pub(in crate::probe) fn text(reply: &Reply) -> Option<&str> {
    match reply {
        Reply::SimpleString(text) | Reply::VerbatimString { text, .. } => Some(text),
        Reply::Okay => Some("OK"),
        Reply::BulkString(bytes) => std::str::from_utf8(bytes).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Value, String> {
        let reply = redis::parse_redis_value(bytes).unwrap();
        value(reply).map_err(|error| error.code().to_owned())
    }

    #[test]
    fn each_kind_of_reply_has_its_value() {
        let text = |text: &str| Value::Untyped(text.to_owned());
        for (bytes, expected) in [
            (b"+PONG\r\n".as_slice(), text("PONG")),
            (b"+OK\r\n", text("OK")),
            (b":-7\r\n", Value::int(-7)),
            (b"$-1\r\n", Value::Null),
            (b"*-1\r\n", Value::Null),
            (b"_\r\n", Value::Null),
            (b"$6\r\na\r\nb\xc3\xa4\r\n", text("a\r\nb\u{e4}")),
            (
                b"$2\r\n\x00\xff\r\n",
                Value::Map(vec![("hex".to_owned(), Value::Text("00ff".to_owned()))]),
            ),
            (
                b"*2\r\n$1\r\n1\r\n~1\r\n:1\r\n",
                Value::List(vec![text("1"), Value::List(vec![Value::int(1)])]),
            ),
            (
                b"%1\r\n+a\r\n#t\r\n",
                Value::Map(vec![("a".to_owned(), Value::Bool(true))]),
            ),
            (
                b"%1\r\n:1\r\n:2\r\n",
                Value::List(vec![Value::List(vec![Value::int(1), Value::int(2)])]),
            ),
            (b",1.5\r\n", Value::Number(Number::Float(1.5))),
            (b"=8\r\ntxt:a: b\r\n", text("a: b")),
            (
                b"(340282366920938463463374607431768211456\r\n",
                Value::Number(Number::Decimal(
                    "340282366920938463463374607431768211456".to_owned(),
                )),
            ),
        ] {
            let shown = String::from_utf8_lossy(bytes);
            assert_eq!(read(bytes), Ok(expected), "{shown}");
        }
    }

    #[test]
    fn an_error_inside_is_an_error() {
        let told = read(b"*2\r\n+OK\r\n*1\r\n-WRONGTYPE no list\r\n");
        assert_eq!(told, Err("WRONGTYPE".to_owned()));
    }
}
