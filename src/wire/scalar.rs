//! Single values with a writing of their own: ids, instants, durations, shares, fault codes, ordered pairs.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use super::mirror::Mirror;
use crate::model::{self, FaultKind, Rate, TestId};

/// A duration in whole nanoseconds. Five hundred years are enough: what is longer is written as the longest.
#[derive(Debug, serde::Serialize, serde::Deserialize, JsonSchema)]
#[serde(transparent)]
pub(super) struct Nanos(u64);

impl<'a> Mirror<'a, Duration> for Nanos {
    fn of(model: &'a Duration) -> Self {
        Self(u64::try_from(model.as_nanos()).unwrap_or(u64::MAX))
    }

    fn back(self) -> Duration {
        Duration::from_nanos(self.0)
    }
}

/// How long something took: exact, and once more for people.
#[derive(Debug, serde::Serialize, serde::Deserialize, JsonSchema)]
pub(super) struct Elapsed {
    /// Nanoseconds on the monotonic clock.
    elapsed_ns: Nanos,
    /// The same in milliseconds, to the microsecond. Ignored when read back.
    #[serde(skip_deserializing)]
    elapsed_ms: f64,
}

impl<'a> Mirror<'a, Duration> for Elapsed {
    fn of(model: &'a Duration) -> Self {
        Self {
            elapsed_ns: Nanos::of(model),
            elapsed_ms: model.as_micros() as f64 / 1000.0,
        }
    }

    fn back(self) -> Duration {
        self.elapsed_ns.back()
    }
}

/// A value written as one string or number: how it is shown, how it is read, and what the schema says of it.
macro_rules! scalar {
    (
        $(#[$doc:meta])* $name:ident($model:ty) as $raw:ty, called $what:literal, schema $schema:tt;
        write |$value:ident, $serializer:ident| $write:expr;
        read |$text:ident| $read:expr;
    ) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(super) struct $name($model);

        impl<'a> Mirror<'a, $model> for $name {
            fn of(model: &'a $model) -> Self {
                Self(model.clone())
            }

            fn back(self) -> $model {
                self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, $serializer: S) -> Result<S::Ok, S::Error> {
                let $value = &self.0;
                $write
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let raw = <$raw>::deserialize(deserializer)?;
                let $text = &raw;
                let read: Option<$model> = $read;
                read.map(Self)
                    .ok_or_else(|| D::Error::custom(format_args!("`{raw}` is not {}", $what)))
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

scalar! {
    /// `category/name[row]`.
    Id(TestId) as String, called "the id of a test, such as `category/name[row]`",
    schema { "type": "string", "description": "The id of a test: category/name, and [row] for a row of its matrix." };
    write |id, serializer| serializer.collect_str(id);
    read |text| TestId::parse(text);
}
scalar! {
    /// An instant, RFC 3339 in UTC.
    Instant(Timestamp) as String, called "an instant of RFC 3339",
    schema { "type": "string", "format": "date-time" };
    write |instant, serializer| serializer.collect_str(instant);
    read |text| text.parse().ok();
}
scalar! {
    /// The five characters PostgreSQL says with every error.
    SqlState(model::SqlState) as String, called "an SQLSTATE",
    schema { "type": "string", "pattern": "^[0-9A-Z]{5}$" };
    write |state, serializer| serializer.collect_str(state);
    read |text| text.parse().ok();
}
scalar! {
    /// The first word of an error of Redis.
    RedisPrefix(model::RedisPrefix) as String, called "the first word of an error of Redis",
    schema { "type": "string", "pattern": "^[A-Z]{1,15}$" };
    write |prefix, serializer| serializer.collect_str(prefix);
    read |text| text.parse().ok();
}
scalar! {
    /// A fault, by its stable code.
    FaultCode(FaultKind) as String, called "the code of a fault this version knows",
    schema { "type": "string", "description": "The stable code of a fault, such as tcp.refused." };
    write |kind, serializer| serializer.serialize_str(kind.code().as_str());
    read |code| FaultKind::parse(code);
}
scalar! {
    /// A share above nothing, in millionths.
    Millionths(Rate) as u32, called "a share of 1 to 1000000 millionths",
    schema { "type": "integer", "minimum": 1, "maximum": 1_000_000, "description": "A share in millionths: 800000 is 80 %." };
    write |rate, serializer| serializer.serialize_u32(rate.millionths());
    read |millionths| Rate::from_millionths(*millionths);
}

/// Pairs as a JSON object that keeps their order.
#[derive(Debug)]
pub(super) struct Object<K, V>(pub(super) Vec<(K, V)>);

impl<'a, MK: 'a, MV: 'a, K, V> Mirror<'a, Vec<(MK, MV)>> for Object<K, V>
where
    K: Mirror<'a, MK>,
    V: Mirror<'a, MV>,
{
    fn of(model: &'a Vec<(MK, MV)>) -> Self {
        Self::of_slice(model)
    }

    fn back(self) -> Vec<(MK, MV)> {
        self.0
            .into_iter()
            .map(|(key, value)| (key.back(), value.back()))
            .collect()
    }
}

impl<'a, MK: 'a, MV: 'a, K, V> Mirror<'a, Box<[(MK, MV)]>> for Object<K, V>
where
    K: Mirror<'a, MK>,
    V: Mirror<'a, MV>,
{
    fn of(model: &'a Box<[(MK, MV)]>) -> Self {
        Self::of_slice(model)
    }

    fn back(self) -> Box<[(MK, MV)]> {
        let pairs: Vec<(MK, MV)> = self.back();
        pairs.into()
    }
}

impl<K, V> Object<K, V> {
    fn of_slice<'a, MK, MV>(pairs: &'a [(MK, MV)]) -> Self
    where
        K: Mirror<'a, MK>,
        V: Mirror<'a, MV>,
    {
        Self(
            pairs
                .iter()
                .map(|(key, value)| (K::of(key), V::of(value)))
                .collect(),
        )
    }
}

impl<K: Serialize, V: Serialize> Serialize for Object<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Deserialize<'de> for Object<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Pairs(PhantomData))
    }
}

struct Pairs<K, V>(PhantomData<(K, V)>);

impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Visitor<'de> for Pairs<K, V> {
    type Value = Object<K, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Object(pairs))
    }
}

impl<K, V: JsonSchema> JsonSchema for Object<K, V> {
    fn schema_name() -> Cow<'static, str> {
        format!("ObjectOf{}", V::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let values = generator.subschema_for::<V>();
        json_schema!({ "type": "object", "additionalProperties": values })
    }
}
