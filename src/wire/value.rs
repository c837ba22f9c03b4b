//! Values and facts. JSON where JSON can say it; a one-key object whose key begins with `$` where it cannot.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::mirror::Mirror;
use crate::model::{self, Number};

/// What a probe saw, by name.
#[derive(Debug)]
pub(super) struct Facts<'a>(Cow<'a, model::Facts>);

const DESCRIPTION: &str = "A value as it was seen. null, booleans, strings, numbers, arrays and objects stand for \
themselves. An object with one key that begins with $ stands for what JSON cannot say: {\"$untyped\": text} text from \
a system without types, {\"$duration_ns\": nanoseconds, as text beyond 2^53}, {\"$decimal\": text}, {\"$int\": text} an integer beyond \
2^53, {\"$float\": \"NaN\" | \"Infinity\" | \"-Infinity\"}, {\"$map\": [[key, value], …]} an object whose keys repeat \
or begin with $, {\"$nested\": text} the JSON of a value too deeply nested.";

/// Beyond this depth a value is written as a string of JSON: readers give up at 128 levels, and a value may itself
/// come from a document with that many.
const DEEPEST: usize = 24;

/// The largest integer every JSON reader keeps exact (RFC 8259 §6).
const EXACT: u128 = (1 << 53) - 1;

const LABEL: &str =
    "a value, or one of $untyped, $duration_ns, $decimal, $int, $float, $map, $nested";

impl<'a> Mirror<'a, model::Facts> for Facts<'a> {
    fn of(model: &'a model::Facts) -> Self {
        Self(Cow::Borrowed(model))
    }

    fn back(self) -> model::Facts {
        self.0.into_owned()
    }
}

impl Serialize for Facts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, Seen::top(value))))
    }
}

impl<'de> Deserialize<'de> for Facts<'_> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names;
        impl<'de> Visitor<'de> for Names {
            type Value = model::Facts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of facts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut facts = model::Facts::default();
                while let Some((name, Told(value))) = map.next_entry::<String, _>()? {
                    facts.insert(name, value);
                }
                Ok(facts)
            }
        }
        deserializer
            .deserialize_map(Names)
            .map(|facts| Self(Cow::Owned(facts)))
    }
}

impl JsonSchema for Facts<'_> {
    fn schema_name() -> Cow<'static, str> {
        "Facts".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let values = generator.subschema_for::<Told>();
        json_schema!({ "type": "object", "additionalProperties": values })
    }
}

/// A value on its way out, and how deep in its fact it lies.
struct Seen<'a> {
    value: &'a model::Value,
    depth: usize,
}

impl<'a> Seen<'a> {
    fn top(value: &'a model::Value) -> Self {
        Self { value, depth: 0 }
    }

    fn inner(&self, value: &'a model::Value) -> Self {
        Self {
            value,
            depth: self.depth + 1,
        }
    }
}

impl Serialize for Seen<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use model::Value;
        match self.value {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(truth) => serializer.serialize_bool(*truth),
            Value::Number(number) => serialize_number(number, serializer),
            Value::Text(text) => serializer.serialize_str(text),
            Value::Untyped(text) => tagged(serializer, "$untyped", text),
            Value::Duration(length) => match length.as_nanos() {
                nanos @ ..=EXACT => tagged(serializer, "$duration_ns", &nanos),
                nanos => tagged(serializer, "$duration_ns", &nanos.to_string()),
            },
            Value::List(_) | Value::Map(_) if self.depth == DEEPEST => {
                let text = serde_json::to_string(&Self::top(self.value))
                    .map_err(serde::ser::Error::custom)?;
                tagged(serializer, "$nested", &text)
            }
            Value::List(items) => serializer.collect_seq(items.iter().map(|item| self.inner(item))),
            Value::Map(entries) if is_plain(entries) => {
                serializer.collect_map(entries.iter().map(|(key, value)| (key, self.inner(value))))
            }
            Value::Map(entries) => {
                let pairs: Vec<_> = entries
                    .iter()
                    .map(|(key, value)| (key, self.inner(value)))
                    .collect();
                tagged(serializer, "$map", &pairs)
            }
        }
    }
}

fn serialize_number<S: Serializer>(number: &Number, serializer: S) -> Result<S::Ok, S::Error> {
    match number {
        Number::Int(int) => match i64::try_from(*int) {
            Ok(small) if int.unsigned_abs() <= EXACT => serializer.serialize_i64(small),
            _ => tagged(serializer, "$int", &int.to_string()),
        },
        Number::Float(float) if float.is_finite() => serializer.serialize_f64(*float),
        Number::Float(float) if float.is_nan() => tagged(serializer, "$float", "NaN"),
        Number::Float(float) if *float > 0.0 => tagged(serializer, "$float", "Infinity"),
        Number::Float(_) => tagged(serializer, "$float", "-Infinity"),
        Number::Decimal(text) => tagged(serializer, "$decimal", text),
    }
}

fn tagged<S: Serializer>(
    serializer: S,
    tag: &str,
    value: &(impl Serialize + ?Sized),
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry(tag, value)?;
    map.end()
}

/// Whether a JSON object says the same: every key once, and none that looks like a tag.
fn is_plain(entries: &[(String, model::Value)]) -> bool {
    let is_tag = |key: &str| key.starts_with('$');
    // Most objects are small, and looking back is then cheaper than hashing.
    if entries.len() <= 16 {
        return entries.iter().enumerate().all(|(position, (key, _))| {
            !is_tag(key) && entries[..position].iter().all(|(other, _)| other != key)
        });
    }
    let mut seen = HashSet::with_capacity(entries.len());
    entries
        .iter()
        .all(|(key, _)| !is_tag(key) && seen.insert(key.as_str()))
}

/// A value on its way in.
struct Told(model::Value);

impl JsonSchema for Told {
    fn schema_name() -> Cow<'static, str> {
        "Value".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "description": DESCRIPTION })
    }
}

impl<'de> Deserialize<'de> for Told {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any).map(Self)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = model::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(LABEL)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(model::Value::Null)
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Self::Value, E> {
        Ok(model::Value::Bool(truth))
    }

    fn visit_i64<E: Error>(self, int: i64) -> Result<Self::Value, E> {
        Ok(model::Value::int(int))
    }

    fn visit_u64<E: Error>(self, int: u64) -> Result<Self::Value, E> {
        Ok(model::Value::int(int))
    }

    fn visit_f64<E: Error>(self, float: f64) -> Result<Self::Value, E> {
        Ok(model::Value::Number(Number::Float(float)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(model::Value::Text(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Self::Value, E> {
        Ok(model::Value::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Told(item)) = seq.next_element()? {
            items.push(item);
        }
        Ok(model::Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            if key.starts_with('$') {
                let value = read_tagged(&key, &mut map)?;
                // A tag stands alone; anything beside it would be lost in silence.
                return match map.next_entry::<IgnoredAny, IgnoredAny>()? {
                    None if entries.is_empty() => Ok(value),
                    _ => Err(A::Error::custom(format_args!(
                        "`{key}` must be the only key"
                    ))),
                };
            }
            let Told(value) = map.next_value()?;
            entries.push((key, value));
        }
        Ok(model::Value::Map(entries))
    }
}

fn read_tagged<'de, A: MapAccess<'de>>(tag: &str, map: &mut A) -> Result<model::Value, A::Error> {
    use model::Value;
    let refuse = |text: &str| A::Error::custom(format_args!("`{text}` is not what `{tag}` holds"));
    match tag {
        "$untyped" => map.next_value().map(Value::Untyped),
        "$decimal" => Ok(Value::Number(Number::Decimal(map.next_value()?))),
        "$duration_ns" => {
            let Told(told) = map.next_value()?;
            let length = match &told {
                Value::Number(Number::Int(nanos)) => u128::try_from(*nanos).ok(),
                Value::Text(nanos) => nanos.parse().ok(),
                _ => None,
            };
            length
                .and_then(from_nanos)
                .map(Value::Duration)
                .ok_or_else(|| refuse(&format!("{told:?}")))
        }
        "$int" => {
            let text: String = map.next_value()?;
            let int: i128 = text.parse().map_err(|_| refuse(&text))?;
            Ok(Value::int(int))
        }
        "$float" => {
            let text: String = map.next_value()?;
            let float = match text.as_str() {
                "NaN" => f64::NAN,
                "Infinity" => f64::INFINITY,
                "-Infinity" => f64::NEG_INFINITY,
                _ => return Err(refuse(&text)),
            };
            Ok(Value::Number(Number::Float(float)))
        }
        "$map" => {
            let pairs: Vec<(String, Told)> = map.next_value()?;
            let entries = pairs.into_iter().map(|(key, Told(value))| (key, value));
            Ok(Value::Map(entries.collect()))
        }
        "$nested" => {
            let text: String = map.next_value()?;
            let Told(value) = serde_json::from_str(&text).map_err(A::Error::custom)?;
            Ok(value)
        }
        _ => Err(A::Error::custom(format_args!(
            "unknown tag `{tag}`, expected {LABEL}"
        ))),
    }
}

fn from_nanos(nanos: u128) -> Option<Duration> {
    let seconds = u64::try_from(nanos / 1_000_000_000).ok()?;
    let rest = u32::try_from(nanos % 1_000_000_000).ok()?;
    Some(Duration::new(seconds, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::Value;

    fn read_back(value: &Value) -> Value {
        let json = serde_json::to_string(&Seen::top(value)).unwrap();
        serde_json::from_str::<Told>(&json).unwrap().0
    }

    fn values() -> impl Strategy<Value = Value> {
        let scalar = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i128>().prop_map(Value::int),
            any::<i64>().prop_map(Value::int),
            (-3_i64..3).prop_map(Value::int),
            any::<f64>().prop_map(|float| Value::Number(Number::Float(float))),
            any::<u64>().prop_map(|bits| Value::Number(Number::Float(f64::from_bits(bits)))),
            "-?[0-9]{1,40}\\.[0-9]{1,9}".prop_map(|text| Value::Number(Number::Decimal(text))),
            any::<String>().prop_map(Value::Text),
            any::<String>().prop_map(Value::Untyped),
            (any::<u64>(), 0_u32..1_000_000_000)
                .prop_map(|(secs, nanos)| Value::Duration(Duration::new(secs, nanos))),
        ];
        let keys = prop_oneof![
            any::<String>(),
            "[a-c]",
            Just("$int".to_owned()),
            Just("$map".to_owned())
        ];
        scalar.prop_recursive(5, 48, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::List),
                prop::collection::vec((keys.clone(), inner), 0..6).prop_map(Value::Map),
            ]
        })
    }

    proptest! {
        // Compared by writing: `1`, `1.0` and the decimal `1.0` are equal to the model but not to a reader.
        #[test]
        fn every_value_reads_back_as_it_was(value in values()) {
            prop_assert_eq!(format!("{:?}", read_back(&value)), format!("{value:?}"));
        }
    }

    #[test]
    fn what_json_can_say_is_plain_json() {
        let value = Value::Map(vec![
            ("status".to_owned(), Value::int(200)),
            ("ratio".to_owned(), Value::Number(Number::Float(1.0))),
            ("name".to_owned(), Value::Text("web".to_owned())),
            ("none".to_owned(), Value::List(vec![Value::Null])),
        ]);
        assert_eq!(
            serde_json::to_string(&Seen::top(&value)).unwrap(),
            r#"{"status":200,"ratio":1.0,"name":"web","none":[null]}"#
        );
    }

    #[test]
    fn what_json_cannot_say_is_tagged() {
        let float = |float| Value::Number(Number::Float(float));
        for (value, json) in [
            (float(f64::NAN), r#"{"$float":"NaN"}"#),
            (float(f64::NEG_INFINITY), r#"{"$float":"-Infinity"}"#),
            (
                Value::int(i128::MIN),
                r#"{"$int":"-170141183460469231731687303715884105728"}"#,
            ),
            (
                Value::int(9_007_199_254_740_992_i64),
                r#"{"$int":"9007199254740992"}"#,
            ),
            (Value::int(9_007_199_254_740_991_i64), "9007199254740991"),
            (Value::Untyped("7".to_owned()), r#"{"$untyped":"7"}"#),
            (
                Value::Duration(Duration::from_micros(1)),
                r#"{"$duration_ns":1000}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&Seen::top(&value)).unwrap(), json);
        }
    }

    #[test]
    fn a_value_as_deep_as_any_json_document_reads_back() {
        for wrap in [
            |inner| Value::List(vec![inner]),
            |inner| Value::Map(vec![("$a".to_owned(), inner)]),
        ] {
            let deep = (0..127).fold(Value::Text("\"core\"\\".to_owned()), |inner, _| wrap(inner));
            assert_eq!(read_back(&deep), deep);
        }
    }

    #[test]
    fn a_tag_that_is_unknown_or_not_alone_is_refused() {
        for json in [
            r#"{"$who":1}"#,
            r#"{"$int":"1","b":2}"#,
            r#"{"b":2,"$int":"1"}"#,
            r#"{"$int":"x"}"#,
            r#"{"$float":"1.5"}"#,
            r#"{"$duration_ns":-1}"#,
            r#"{"$duration_ns":"99999999999999999999999999999999999"}"#,
        ] {
            assert!(serde_json::from_str::<Told>(json).is_err(), "{json}");
        }
    }
}
