//! JSON bodies: from YAML when we send one, to values when we see one.

use serde_json::{Map, Number as JsonNumber, Value as Json};

use crate::check::to_value;
use crate::model::Value;
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

/// The value of a JSON text (RFC 8259); `None` when it does not parse whole.
pub(super) fn parse(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok().map(to_value)
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
}
