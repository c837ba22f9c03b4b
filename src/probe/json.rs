//! JSON bodies: from YAML when we send one, to values when we see one.

use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number as JsonNumber, Value as Json};

use crate::model::{Number, Value};
use crate::yaml::{Kind, Node, Resolved};

/// The JSON of any YAML, with the types YAML's core schema gives plain scalars.
pub(super) fn from_yaml(node: &Node) -> Result<Json, String> {
    match &node.resolved().kind {
        Kind::Sequence(items) => items.iter().map(from_yaml).collect(),
        Kind::Mapping(entries) => entries
            .iter()
            .map(|entry| Ok((entry.key.to_string(), from_yaml(&entry.value)?)))
            .collect::<Result<Map<_, _>, String>>()
            .map(Json::Object),
        Kind::Scalar(scalar) => {
            match scalar.resolve() {
                Resolved::Null => Ok(Json::Null),
                Resolved::Bool(value) => Ok(Json::Bool(value)),
                Resolved::Int(number) => JsonNumber::from_i128(number)
                    .map(Json::Number)
                    .ok_or_else(|| {
                        format!("`{number}` is larger than the numbers of JSON we can write")
                    }),
                Resolved::Float(number) => Ok(Json::from(number)),
                Resolved::Text => Ok(Json::String(scalar.text.to_string())),
                Resolved::Unclear(why) => Err(format!("`{}` {why}", scalar.text)),
            }
        }
        Kind::Pending | Kind::Alias(_) => Err("the value is only known later".to_owned()),
    }
}

/// The value of a JSON text (RFC 8259); `None` when it does not parse whole. Of equal keys the last one counts, where the first
/// one stood.
pub(super) fn parse(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok().map(|Seen(value)| value)
}

/// So many values and names a text can have at most, when it is JSON: what it takes to hold them is known before they are read.
/// Every value but the first stands behind a bracket, a comma or a colon, and every name behind a brace or a comma.
pub(super) fn most_nodes(text: &str) -> usize {
    let text = text.trim_start().as_bytes();
    if !matches!(text.first(), Some(b'[' | b'{')) {
        return 1;
    }
    let (mut nodes, mut is_string, mut is_escaped) = (1, false, false);
    for byte in text {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = is_string,
            b'"' => is_string = !is_string,
            b'[' | b'{' | b',' | b':' if !is_string => nodes += 1,
            _ => {}
        }
    }
    nodes
}

/// A value as it is read, without a tree of another kind in between.
struct Seen(Value);

impl<'de> Deserialize<'de> for Seen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reading).map(Self)
    }
}

struct Reading;

impl<'de> Visitor<'de> for Reading {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Bool(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::int(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::int(number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Number(Number::Float(number)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Seen(value)) = items.next_element()? {
            values.push(value);
        }
        Ok(Value::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut seen = Entries::default();
        while let Some(key) = entries.next_key()? {
            let Seen(value) = entries.next_value()?;
            seen.insert(key, value);
        }
        Ok(Value::Map(seen.all))
    }
}

/// So many keys are looked through one by one; for more there is an index.
const FEW: usize = 16;

/// The entries of an object, each key once.
#[derive(Default)]
struct Entries {
    all: Vec<(String, Value)>,
    index: HashMap<String, usize>,
}

impl Entries {
    fn insert(&mut self, key: String, value: Value) {
        match self.position(&key) {
            Some(at) => self.all[at].1 = value,
            None => self.all.push((key, value)),
        }
    }

    fn position(&mut self, key: &str) -> Option<usize> {
        if self.all.len() <= FEW {
            return self.all.iter().position(|(known, _)| known == key);
        }
        for at in self.index.len()..self.all.len() {
            self.index.insert(self.all[at].0.clone(), at);
        }
        self.index.get(key).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::node;
    use super::*;

    #[test]
    fn yaml_becomes_json_with_its_types_and_order() {
        let json = from_yaml(&node("{ z: 1, a: [true, null, 1.5, \"1\", text] }")).unwrap();
        assert_eq!(
            json.to_string(),
            r#"{"z":1,"a":[true,null,1.5,"1","text"]}"#
        );
    }

    #[test]
    fn json_keeps_its_types() {
        let seen = parse(r#"{"n": 18446744073709551615, "f": 1e2, "s": "1"}"#).unwrap();
        assert_eq!(seen.get("n"), Some(&Value::int(u64::MAX)));
        assert_eq!(seen.get("s"), Some(&Value::Text("1".to_owned())));
        assert!(parse("{} trailing").is_none());
    }

    #[test]
    fn what_it_takes_is_known_before_it_is_read() {
        fn nodes(value: &Value) -> usize {
            1 + match value {
                Value::List(items) => items.iter().map(nodes).sum(),
                Value::Map(entries) => entries.iter().map(|(_, value)| 1 + nodes(value)).sum(),
                _ => 0,
            }
        }
        for (text, most) in [
            ("7", 1),
            ("what is, no [JSON]", 1),
            ("[]", 2),
            (" [0, [1, 2], {}]", 7),
            ("{\"a\": 1, \"b\": {\"c\": [null]}}", 8),
            // What stands in a string is no structure.
            ("{\"a,[{:\": \"\\\",,\\\\\"}", 3),
        ] {
            assert_eq!(most_nodes(text), most, "{text}");
            let found = parse(text).map_or(0, |value| nodes(&value));
            assert!(found <= most, "{text}: {found}");
        }
    }

    #[test]
    fn it_is_read_as_everybody_reads_it() {
        let many: Vec<_> = (0..40).map(|n| format!("\"k{}\": {n}", n % 25)).collect();
        for text in [
            "null",
            "[1, -2, 3.5, 1e400, true]",
            "[1, -2, 3.5, 18446744073709551616, -9223372036854775809, true, \"\\u00e4\", {}]",
            "{\"a\": 1, \"b\": {\"c\": []}, \"a\": [2]}",
            &format!("{{{}}}", many.join(", ")),
            &format!("{}{}", "[".repeat(127), "]".repeat(127)),
            &format!("{}{}", "[".repeat(128), "]".repeat(128)),
            "{\"a\": ",
        ] {
            let usual = serde_json::from_str(text).ok().map(crate::check::to_value);
            assert_eq!(parse(text), usual, "{text}");
        }
    }
}
