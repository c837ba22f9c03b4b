//! A command as a suite writes it, and as it is sent.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};

/// A command and its arguments: a list of words, as `[GET, key]`. A single word may stand alone, as `PING`. A line is not split:
/// a variable in it could then add words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::probe) struct Command(Vec<String>);

impl Command {
    pub(in crate::probe) fn of(words: &[&str]) -> Self {
        Self(words.iter().map(|&word| word.to_owned()).collect())
    }

    /// The command, in capitals, and its arguments.
    pub(in crate::probe) fn split(&self) -> (String, &[String]) {
        match self.0.split_first() {
            Some((name, arguments)) => (name.to_ascii_uppercase(), arguments),
            None => (String::new(), &[]),
        }
    }

    /// As it is sent: an array of bulk strings.
    pub(in crate::probe) fn packed(&self) -> Vec<u8> {
        let mut command = redis::Cmd::new();
        for word in &self.0 {
            command.arg(word);
        }
        command.get_packed_command()
    }
}

/// Several as they are sent together.
pub(super) fn packed(commands: &[Command]) -> Vec<u8> {
    commands.iter().flat_map(Command::packed).collect()
}

impl<'de> Deserialize<'de> for Command {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;

        impl<'de> Visitor<'de> for Words {
            type Value = Command;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of a command and its arguments, such as `[GET, key]`")
            }

            fn visit_str<E: Error>(self, line: &str) -> Result<Command, E> {
                if !line.contains(char::is_whitespace) {
                    return Ok(Command::of(&[line]));
                }
                let words: Vec<_> = line.split_whitespace().collect();
                Err(E::custom(format!(
                    "a line is not split into words; write the command and its arguments as a list: `[{}]`",
                    words.join(", ")
                )))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Command, A::Error> {
                let mut words = Vec::new();
                while let Some(word) = list.next_element()? {
                    words.push(word);
                }
                Ok(Command(words))
            }
        }

        deserializer.deserialize_any(Words)
    }
}

impl JsonSchema for Command {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Command".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                { "type": "string" },
                { "type": "array", "minItems": 1, "items": { "type": ["string", "number", "boolean"] } }
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_an_array_of_bulk_strings() {
        let sent = Command::of(&["set", "k\u{e4}y", "a\r\nb", ""]).packed();
        let expected = "*4\r\n$3\r\nset\r\n$4\r\nk\u{e4}y\r\n$4\r\na\r\nb\r\n$0\r\n\r\n";
        assert_eq!(String::from_utf8(sent).unwrap(), expected);
    }
}
