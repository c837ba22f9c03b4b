//! Sizes as suites write them: `64KiB`, `1MiB`, `10B`.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::quantity::{self, Quantity};
use super::words::shown;

/// A number of bytes with its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

const UNITS: [(&str, u64); 8] = [
    ("B", 1),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// Reads a size in bytes; the error says what would be right.
///
/// A whole number and a unit: `B`, `KiB`, `MiB`, `GiB`, `TiB` (powers of 1024) or `kB`, `MB`, `GB` (powers of 1000).
pub fn parse_size(text: &str) -> Result<u64, String> {
    let Some((number, unit)) = quantity::number(text) else {
        return Err(if text.starts_with('-') {
            format!("`{}` is negative; a size cannot be", shown(text))
        } else {
            format!(
                "`{}` is no size; write a number and a unit, such as `64KiB`",
                shown(text)
            )
        });
    };
    let Some((_, scale)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err(unknown_unit(number.text, unit));
    };
    if number.decimals > 0 {
        return Err(format!(
            "`{}` has a fraction; write a whole number with a smaller unit",
            shown(text)
        ));
    }
    number
        .times(u128::from(*scale))
        .and_then(|bytes| u64::try_from(bytes).ok())
        .ok_or_else(|| format!("`{}` is too large", shown(text)))
}

fn unknown_unit(number: &str, unit: &str) -> String {
    if unit.is_empty() {
        return format!("a unit is missing: write `{number}B` for bytes, or `{number}KiB`");
    }
    let trimmed = unit.trim();
    let names = || UNITS.iter().map(|(name, _)| *name);
    match names().find(|name| *name == trimmed) {
        Some(name) => format!("leave out the space: write `{number}{name}`"),
        None if trimmed.eq_ignore_ascii_case("kb") || trimmed.eq_ignore_ascii_case("k") => {
            format!(
                "unknown unit `{}`; write `{number}KiB` (1024 bytes) or `{number}kB` (1000 bytes)",
                shown(trimmed)
            )
        }
        None => match names().find(|name| name.eq_ignore_ascii_case(trimmed)) {
            Some(name) => format!("unknown unit `{}`; write `{number}{name}`", shown(trimmed)),
            None => format!(
                "unknown unit `{}`; units are {}",
                shown(trimmed),
                names().collect::<Vec<_>>().join(", ")
            ),
        },
    }
}

impl Quantity for Size {
    const SERDE_NAME: &'static str = "stand-in:1B";
    const EXPECTED: &'static str = "a size such as `64KiB`";

    fn parse(text: &str) -> Result<Self, String> {
        parse_size(text).map(Self)
    }
}

quantity::deserialized!(Size);

impl JsonSchema for Size {
    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A size: a whole number and a unit (B, KiB, MiB, GiB, TiB; kB, MB, GB): 64KiB, 1MiB.",
            "pattern": r"^(\d+(B|kB|MB|GB|KiB|MiB|GiB|TiB)|.*\$\{.*)$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        for (text, bytes) in [
            ("0B", 0),
            ("10B", 10),
            ("64KiB", 65_536),
            ("1MiB", 1_048_576),
            ("2kB", 2_000),
            ("16777215TiB", 16_777_215 << 40),
        ] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn what_is_no_size_is_told_what_would_be() {
        for (text, message) in [
            (
                "",
                "`` is no size; write a number and a unit, such as `64KiB`",
            ),
            (
                "big",
                "`big` is no size; write a number and a unit, such as `64KiB`",
            ),
            ("-1B", "`-1B` is negative; a size cannot be"),
            ("64", "a unit is missing: write `64B` for bytes, or `64KiB`"),
            ("64 KiB", "leave out the space: write `64KiB`"),
            (
                "64KB",
                "unknown unit `KB`; write `64KiB` (1024 bytes) or `64kB` (1000 bytes)",
            ),
            ("64mib", "unknown unit `mib`; write `64MiB`"),
            (
                "64x",
                "unknown unit `x`; units are B, kB, MB, GB, KiB, MiB, GiB, TiB",
            ),
            (
                "1.5MiB",
                "`1.5MiB` has a fraction; write a whole number with a smaller unit",
            ),
            ("16777216TiB", "`16777216TiB` is too large"),
        ] {
            assert_eq!(parse_size(text), Err(message.to_owned()), "{text}");
        }
    }
}
