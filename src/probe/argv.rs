//! A program and its arguments.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};

use super::Invalid;

/// A list and never a line: what is no shell must not look like one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Argv(Vec<String>);

/// What a list that is only known in a run is decoded from before; as a line it would be wrong, too.
const LATE: &str = "\0";

impl Argv {
    /// Whether all of it is only known in a run; a list that is written empty is refused by [`check`](Self::check).
    pub(super) fn is_late(&self) -> bool {
        self.0.is_empty()
    }

    /// The program and its arguments.
    pub(super) fn split(&self) -> (&str, &[String]) {
        match self.0.split_first() {
            Some((program, arguments)) => (program, arguments),
            None => ("", &[]),
        }
    }

    /// Whether it can be run.
    pub(super) fn check(&self) -> Result<(), Invalid> {
        if self.split().0.is_empty() {
            return Err(Invalid::new(
                "argv",
                "the list begins with the program to run",
            ));
        }
        if self.0.iter().any(|word| word.contains('\0')) {
            return Err(Invalid::new("argv", "an argument holds a NUL character"));
        }
        Ok(())
    }
}

impl fmt::Display for Argv {
    /// As one would type it, quoted where a shell would need it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, word) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str(" ")?;
            }
            let is_plain = |c: char| c.is_alphanumeric() || "-_./:=@,+%".contains(c);
            if !word.is_empty() && word.chars().all(is_plain) {
                f.write_str(word)?;
            } else {
                write!(f, "'{}'", word.replace('\'', r"'\''"))?;
            }
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Argv {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;

        impl<'de> Visitor<'de> for List {
            type Value = Argv;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of the program and its arguments, such as `[ls, -l]`")
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                deserializer: D,
            ) -> Result<Argv, D::Error> {
                deserializer.deserialize_any(self)
            }

            fn visit_str<E: Error>(self, line: &str) -> Result<Argv, E> {
                if line == LATE {
                    return Ok(Argv(Vec::new()));
                }
                let words: Vec<_> = line.split_whitespace().collect();
                Err(E::custom(format!(
                    "no shell reads this line; write the program and its arguments as a list: `[{}]`",
                    words.join(", ")
                )))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Argv, A::Error> {
                let mut words = Vec::new();
                while let Some(word) = list.next_element()? {
                    words.push(word);
                }
                Ok(Argv(words))
            }
        }

        deserializer.deserialize_newtype_struct("stand-in:\0", List)
    }
}

impl JsonSchema for Argv {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Argv".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "array",
            "minItems": 1,
            "items": { "type": ["string", "number", "boolean"] }
        })
    }
}
