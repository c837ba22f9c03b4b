//! What durations, sizes and percentages share: a decimal number, and being read from text.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserializer, Error, Visitor};

/// A value written as a number with a unit.
pub(super) trait Quantity: Sized {
    /// Serde's name for it, which carries the stand-in for a value that is only known later.
    const SERDE_NAME: &'static str;
    const EXPECTED: &'static str;

    fn parse(text: &str) -> Result<Self, String>;
}

/// Reads a quantity from a scalar as it is written.
pub(super) fn deserialize<'de, Q: Quantity, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Q, D::Error> {
    struct Reader<Q>(PhantomData<Q>);

    impl<'de, Q: Quantity> Visitor<'de> for Reader<Q> {
        type Value = Q;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(Q::EXPECTED)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Q, E> {
            Q::parse(text).map_err(E::custom)
        }

        fn visit_newtype_struct<D: Deserializer<'de>>(
            self,
            deserializer: D,
        ) -> Result<Q, D::Error> {
            deserializer.deserialize_str(self)
        }
    }

    deserializer.deserialize_newtype_struct(Q::SERDE_NAME, Reader(PhantomData))
}

/// Implements `Deserialize` by [`deserialize`].
macro_rules! deserialized {
    ($($name:ty),*) => {
        $(impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::yaml::quantity::deserialize(deserializer)
            }
        })*
    };
}
pub(super) use deserialized;

/// A decimal number as written: `digits` or `digits.digits`.
pub(super) struct Decimal<'a> {
    pub(super) text: &'a str,
    /// All its digits as one number; `None` when there are too many.
    digits: Option<u128>,
    pub(super) decimals: u32,
}

/// The number a text starts with, and the rest.
pub(super) fn number(text: &str) -> Option<(Decimal<'_>, &str)> {
    let count = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let whole = count(text);
    if whole == 0 {
        return None;
    }
    let fraction = match text[whole..].strip_prefix('.') {
        Some(fraction) => match count(fraction) {
            0 => return None,
            digits => digits,
        },
        None => 0,
    };
    let length = if fraction == 0 {
        whole
    } else {
        whole + 1 + fraction
    };
    let (number, rest) = text.split_at(length);
    let digits = if fraction == 0 {
        number.parse().ok()
    } else {
        number.replace('.', "").parse().ok()
    };
    let decimals = u32::try_from(fraction).ok()?;
    Some((
        Decimal {
            text: number,
            digits,
            decimals,
        },
        rest,
    ))
}

impl Decimal<'_> {
    /// The number times a scale; `None` when that is not whole, or too large.
    pub(super) fn times(&self, scale: u128) -> Option<u128> {
        let product = self.digits?.checked_mul(scale)?;
        let divisor = 10_u128.checked_pow(self.decimals)?;
        product.is_multiple_of(divisor).then(|| product / divisor)
    }
}

#[cfg(test)]
mod tests {
    use schemars::{JsonSchema, schema_for};

    use crate::yaml::{Duration, NonZeroDuration, Percent, Size};

    fn accepts<T: JsonSchema>(text: &str) -> bool {
        jsonschema::is_valid(schema_for!(T).as_value(), &serde_json::json!(text))
    }

    #[test]
    fn editors_accept_what_the_reader_accepts() {
        for text in [
            "500ms",
            "1.5s",
            "1m30s",
            "30d",
            "1h0m1ms",
            "${budget.db}",
            "${a}s",
        ] {
            assert!(
                accepts::<Duration>(text) && accepts::<NonZeroDuration>(text),
                "{text}"
            );
        }
        for text in ["", "10", "s", "-5s", "30s1m", "1m1.5s", "10 s", "10sec"] {
            assert!(!accepts::<Duration>(text), "{text}");
        }
        for (text, is_right) in [
            ("64KiB", true),
            ("10B", true),
            ("2kB", true),
            ("64", false),
            ("64KB", false),
            ("1.5MiB", false),
        ] {
            assert_eq!(accepts::<Size>(text), is_right, "{text}");
        }
        for (text, is_right) in [
            ("80%", true),
            ("99.9512%", true),
            ("95", false),
            ("0.95", false),
            ("99.99999%", false),
            ("80 %", false),
        ] {
            assert_eq!(accepts::<Percent>(text), is_right, "{text}");
        }
    }
}
