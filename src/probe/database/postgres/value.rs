//! Values, as the server writes them, by the types of their columns
//! (<https://github.com/postgres/postgres/blob/master/src/include/catalog/pg_type.dat>).

use std::fmt::Write as _;

use crate::model::{Number, Value};
use crate::probe::json;

/// Arrays have so many dimensions at most (MAXDIM).
const DEEPEST: usize = 6;

/// What becomes of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bool,
    Int,
    Float,
    Numeric,
    Json,
    Bytes,
    Text,
}

/// A value of this type; of a type that is unknown the text.
pub(super) fn value(oid: u32, bytes: &[u8]) -> Value {
    let text = String::from_utf8_lossy(bytes);
    match (kind(oid), element(oid)) {
        (_, Some(kind)) => list(kind, &text),
        (kind, None) => Some(scalar(kind, &text)),
    }
    .unwrap_or_else(|| Value::Text(text.into_owned()))
}

fn kind(oid: u32) -> Kind {
    match oid {
        16 => Kind::Bool,
        // int8, int2, int4, oid
        20 | 21 | 23 | 26 => Kind::Int,
        700 | 701 => Kind::Float,
        1700 => Kind::Numeric,
        114 | 3802 => Kind::Json,
        17 => Kind::Bytes,
        _ => Kind::Text,
    }
}

/// Of what an array is.
fn element(oid: u32) -> Option<Kind> {
    Some(match oid {
        1000 => Kind::Bool,
        // int2, int4, int8, oid
        1005 | 1007 | 1016 | 1028 => Kind::Int,
        1021 | 1022 => Kind::Float,
        1231 => Kind::Numeric,
        199 | 3807 => Kind::Json,
        1001 => Kind::Bytes,
        // char, name, text, bpchar, varchar; date, time, timestamp, timestamptz, interval, timetz; macaddr, macaddr8, inet,
        // cidr, uuid, money, bit, varbit, xml
        1002 | 1003 | 1009 | 1014 | 1015 | 1182 | 1183 | 1115 | 1185 | 1187 | 1270 | 1040 | 775
        | 1041 | 651 | 2951 | 791 | 1561 | 1563 | 143 => Kind::Text,
        _ => return None,
    })
}

fn scalar(kind: Kind, text: &str) -> Value {
    let known = match kind {
        Kind::Bool => match text {
            "t" => Some(Value::Bool(true)),
            "f" => Some(Value::Bool(false)),
            _ => None,
        },
        Kind::Int => text.parse::<i64>().ok().map(Value::int),
        Kind::Numeric if is_decimal(text) => Some(Value::Number(Number::Decimal(text.to_owned()))),
        // A decimal is NaN or Infinity otherwise.
        Kind::Float | Kind::Numeric => float(text),
        Kind::Json => json::parse(text),
        Kind::Bytes => hexadecimal(text).map(Value::Text),
        Kind::Text => None,
    };
    known.unwrap_or_else(|| Value::Text(text.to_owned()))
}

fn float(text: &str) -> Option<Value> {
    let number = text.parse().ok()?;
    Some(Value::Number(Number::Float(number)))
}

fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// `\x00ff`, or as `bytea_output = escape` writes it: `\000\377`, `\\` (§8.4 of the manual).
fn hexadecimal(text: &str) -> Option<String> {
    if let Some(digits) = text.strip_prefix("\\x") {
        return Some(digits.to_owned());
    }
    let mut hex = String::with_capacity(text.len() * 2);
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b'\\' => match bytes.next()? {
                b'\\' => b'\\',
                first => {
                    let digits = [first, bytes.next()?, bytes.next()?];
                    u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 8).ok()?
                }
            },
            other => other,
        };
        // Writing to a `String` cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    Some(hex)
}

/// `{1,NULL,"a \"b\""}`, `{{1,2},{3,4}}`, `[0:1]={1,2}` (§8.15.6 of the manual); `None` for what is none of these.
fn list(kind: Kind, text: &str) -> Option<Value> {
    let text = match text.strip_prefix('[') {
        Some(bounds) => bounds.split_once("]=")?.1,
        None => text,
    };
    let mut rest = text;
    let list = items(kind, &mut rest, DEEPEST)?;
    rest.is_empty().then_some(list)
}

fn items(kind: Kind, rest: &mut &str, depth: usize) -> Option<Value> {
    *rest = rest.strip_prefix('{')?;
    let mut all = Vec::new();
    if let Some(after) = rest.strip_prefix('}') {
        *rest = after;
        return Some(Value::List(all));
    }
    loop {
        all.push(if rest.starts_with('{') {
            items(kind, rest, depth.checked_sub(1)?)?
        } else {
            item(kind, rest)?
        });
        let next = rest.chars().next()?;
        *rest = &rest[next.len_utf8()..];
        match next {
            ',' => {}
            '}' => return Some(Value::List(all)),
            _ => return None,
        }
    }
}

fn item(kind: Kind, rest: &mut &str) -> Option<Value> {
    if !rest.starts_with('"') {
        let end = rest.find([',', '}'])?;
        let (word, after) = rest.split_at(end);
        *rest = after;
        return Some(match word {
            "NULL" => Value::Null,
            word => scalar(kind, word),
        });
    }
    let mut text = String::new();
    let mut letters = rest[1..].char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => {
                *rest = &rest[1 + at + 1..];
                return Some(scalar(kind, &text));
            }
            '\\' => text.push(letters.next()?.1),
            other => text.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    fn shown(oid: u32, text: &str) -> String {
        format!("{:?}", value(oid, text.as_bytes()))
    }

    #[test]
    fn each_type_has_its_value() {
        let decimal = |text: &str| Value::Number(Number::Decimal(text.to_owned()));
        let float = |number| Value::Number(Number::Float(number));
        for (oid, written, expected) in [
            (16, "t", Value::Bool(true)),
            (20, "-9223372036854775808", Value::int(i64::MIN)),
            (701, "1e+100", float(1e100)),
            (700, "-Infinity", float(f64::NEG_INFINITY)),
            (1700, "12.50", decimal("12.50")),
            (1700, "-0.5", decimal("-0.5")),
            (17, "\\x00ff", text("00ff")),
            (17, "a\\\\\\000", text("615c00")),
            (
                114,
                "{\"a\": [1, null]}",
                json::parse("{\"a\":[1,null]}").unwrap(),
            ),
            (2950, "6b1e…", text("6b1e…")),
            (4_000_000, "{a,b}", text("{a,b}")),
            (
                1007,
                "{1,NULL,3}",
                Value::List(vec![Value::int(1), Value::Null, Value::int(3)]),
            ),
            (1007, "[0:0]={7}", Value::List(vec![Value::int(7)])),
            (1007, "{}", Value::List(vec![])),
            (
                1009,
                r#"{"a \"b\"",NULL,"NULL","c,{d}\\"}"#,
                Value::List(vec![
                    text("a \"b\""),
                    Value::Null,
                    text("NULL"),
                    text("c,{d}\\"),
                ]),
            ),
            (
                1000,
                "{{t,f},{f,t}}",
                Value::List(vec![
                    Value::List(vec![Value::Bool(true), Value::Bool(false)]),
                    Value::List(vec![Value::Bool(false), Value::Bool(true)]),
                ]),
            ),
        ] {
            assert_eq!(value(oid, written.as_bytes()), expected, "{oid} {written}");
        }
        assert!(shown(1700, "NaN").contains("NaN"));
        assert!(shown(701, "NaN").contains("NaN"));
    }

    #[test]
    fn what_does_not_fit_its_type_is_text() {
        let deep = format!("{}1{}", "{".repeat(100_000), "}".repeat(100_000));
        for (oid, written) in [
            (16, "yes"),
            (23, "1.5"),
            (1007, "{1,2"),
            (1007, "1,2}"),
            (1007, "{1}2"),
            (1009, "{\"a"),
            (1009, "{\"a\\"),
            (1007, &deep),
            (114, "{"),
            (17, "\\9"),
        ] {
            assert_eq!(value(oid, written.as_bytes()), text(written), "{oid}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(oid in prop::sample::select(vec![16, 17, 23, 114, 700, 1000, 1001, 1007, 1009, 1231, 1700, 3807]), bytes: Vec<u8>, array in "[{}\\[\\]=,\"\\\\aN1é]{0,40}") {
            value(oid, &bytes);
            value(oid, array.as_bytes());
        }
    }
}
