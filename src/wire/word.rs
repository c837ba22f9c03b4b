//! Enums without data, written as their stable names.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

use super::mirror::Mirror;
use crate::model::{
    Class, ConditionKind, Confidence, Connections, GateMode, Interrupt, Kept, Layer, Modifier,
    NotRun, Outcome, Phase, Rule, Status, Unable, Word,
};

/// One of a closed list of names.
#[derive(Debug)]
pub(super) struct Named<T>(pub(super) T);

/// A closed list of names.
pub(super) trait Vocabulary: Copy + fmt::Debug + 'static {
    const TITLE: &'static str;
    const WORDS: &'static [Self];
    fn word(self) -> &'static str;
}

macro_rules! vocabularies {
    ($($type:ident = $words:expr;)*) => {$(
        impl Vocabulary for $type {
            const TITLE: &'static str = stringify!($type);
            const WORDS: &'static [Self] = $words;

            fn word(self) -> &'static str {
                self.name()
            }
        }
    )*};
}
vocabularies! {
    Class = Self::ALL;
    ConditionKind = Self::ALL;
    Confidence = Self::ALL;
    Interrupt = Self::ALL;
    Kept = Self::ALL;
    Layer = Self::ALL;
    Modifier = Self::ALL;
    NotRun = Self::ALL;
    Outcome = Self::ALL;
    Phase = Self::ALL;
    Rule = Self::ALL;
    Status = Self::ALL;
    Unable = Self::ALL;
    Word = &[Self::Go, Self::NoGo, Self::Inconclusive];
}

impl Vocabulary for Connections {
    const TITLE: &'static str = "Connections";
    const WORDS: &'static [Self] = &[Self::Fresh, Self::Reuse];

    fn word(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Reuse => "reuse",
        }
    }
}

impl Vocabulary for GateMode {
    const TITLE: &'static str = "GateMode";
    const WORDS: &'static [Self] = &[Self::Full, Self::Selection];

    fn word(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Selection => "selection",
        }
    }
}

impl<'a, T: Vocabulary> Mirror<'a, T> for Named<T> {
    fn of(model: &'a T) -> Self {
        Self(*model)
    }

    fn back(self) -> T {
        self.0
    }
}

impl<T: Vocabulary> Serialize for Named<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.word())
    }
}

impl<'de, T: Vocabulary> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(OneOf(PhantomData))
    }
}

struct OneOf<T>(PhantomData<T>);

impl<T: Vocabulary> Visitor<'_> for OneOf<T> {
    type Value = Named<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = T::WORDS.iter().map(|word| word.word()).collect();
        write!(f, "one of {}", words.join(", "))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        T::WORDS
            .iter()
            .find(|word| word.word() == text)
            .map(|word| Named(*word))
            .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
    }
}

impl<T: Vocabulary> JsonSchema for Named<T> {
    fn schema_name() -> Cow<'static, str> {
        T::TITLE.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let words: Vec<&str> = T::WORDS.iter().map(|word| word.word()).collect();
        json_schema!({ "type": "string", "enum": words })
    }
}
