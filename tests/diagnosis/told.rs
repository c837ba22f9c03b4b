//! What a report says of a failure.

use allclear::model::{Class, Layer};
use serde_json::Value;

use crate::row::Row;

/// What was said of a row.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) row: Row,
    pub(crate) status: String,
    pub(crate) code: String,
    pub(crate) diagnosis: Option<Diagnosed>,
}

/// The diagnosis of a test, as others read it.
#[derive(Debug, Clone)]
pub(crate) struct Diagnosed {
    pub(crate) rule: String,
    pub(crate) layer: Layer,
    /// Unknown where nothing is decided.
    pub(crate) class: Class,
    pub(crate) leaning: Option<Class>,
    /// What the rest of the run changed of the rule's words, and why.
    pub(crate) adjusted: String,
}

/// What the report says of this row's test.
#[track_caller]
pub(crate) fn told(row: Row, run: &Value) -> Told {
    let id = format!("c/{}", row.name);
    let test = test(run, &id);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Told {
        row,
        status: text(&test["status"]),
        code: text(&test["code"]),
        diagnosis: diagnosed(&test["diagnosis"]),
    }
}

/// The test with this id.
#[track_caller]
pub(crate) fn test<'r>(run: &'r Value, id: &str) -> &'r Value {
    let mut tests = run["tests"].as_array().unwrap().iter();
    let found = tests.find(|test| test["id"] == id);
    found.unwrap_or_else(|| panic!("there is no test {id}"))
}

fn diagnosed(value: &Value) -> Option<Diagnosed> {
    let class = |name: &str| value[name].as_str().and_then(Class::parse);
    Some(Diagnosed {
        rule: value["rule"].as_str()?.to_owned(),
        layer: Layer::parse(value["layer"].as_str()?)?,
        class: class("class")?,
        leaning: class("leaning"),
        adjusted: match &value["adjusted"] {
            Value::Array(some) if !some.is_empty() => value["adjusted"].to_string(),
            _ => String::new(),
        },
    })
}
