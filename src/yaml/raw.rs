//! A field that is any YAML, with its places.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Visitor};

use super::Node;

/// Any YAML, kept as a node: nothing is converted, nothing loses its place, and what is only known later stays so.
///
/// Only [`decode`](super::decode()) can make one, and not through serde's buffers (`flatten`, `untagged`, `tag`): those lose
/// places, so it is an error there.
#[derive(Debug, Clone, PartialEq)]
pub struct Raw(pub Node);

/// The name by which the decoder recognises the wish for a [`Raw`].
pub(super) const NAME: &str = "allclear::yaml::Raw";

thread_local! {
    /// Serde can only hand over its own types of data; a node takes this side door, for the length of one call.
    static HANDED_OVER: RefCell<Option<Node>> = const { RefCell::new(None) };
}

/// Lets the visitor of a [`Raw`] take the node.
pub(super) fn hand_over<'de, V: Visitor<'de>, E: Error>(
    node: &Node,
    visitor: V,
) -> Result<V::Value, E> {
    HANDED_OVER.set(Some(node.clone()));
    let taken = visitor.visit_unit();
    HANDED_OVER.set(None);
    taken
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Taker;

        impl Visitor<'_> for Taker {
            type Value = Raw;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value, at a place where it can be kept as written")
            }

            fn visit_unit<E: Error>(self) -> Result<Raw, E> {
                HANDED_OVER
                    .take()
                    .map(Raw)
                    .ok_or_else(|| E::custom("places are lost on the way here"))
            }
        }

        deserializer.deserialize_newtype_struct(NAME, Taker)
    }
}

impl JsonSchema for Raw {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Any".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!(true)
    }
}
