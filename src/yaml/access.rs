//! Serde's view of the items of a list, and of the entries of a mapping with their keys.

use serde::de::{self, DeserializeSeed, Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::decode::Session;
use super::decode_error::Error;
use super::deserializer::visit_integer;
use super::{Entry, Node, Resolved, Scalar, Style};

/// The items of a list.
pub(super) struct Items<'n, I> {
    pub(super) session: &'n Session,
    pub(super) items: I,
}

impl<'n, I: Iterator<Item = &'n Node>> de::SeqAccess<'n> for &mut Items<'n, I> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'n>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        self.items
            .next()
            .map(|item| self.session.descend(item, seed))
            .transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.size_hint().0)
    }
}

/// The entries of a mapping, then stand-ins for the keys that were told to be missing.
pub(super) struct Entries<'n> {
    pub(super) mapping: &'n Node,
    pub(super) session: &'n Session,
    pub(super) fields: Option<&'static [&'static str]>,
    pub(super) written: std::slice::Iter<'n, Entry>,
    pub(super) missing: std::vec::IntoIter<&'static str>,
    pub(super) value: Option<&'n Node>,
}

impl<'n> de::MapAccess<'n> for Entries<'n> {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'n>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        for entry in self.written.by_ref() {
            if let Some(fields) = self.fields
                && !fields.contains(&&*entry.key)
            {
                self.session.tell_unknown_key(self.mapping, entry, fields);
                continue;
            }
            if self.session.has_failed_key(entry) || self.session.is_stuck(&entry.value) {
                continue;
            }
            self.value = Some(&entry.value);
            return seed
                .deserialize(KeyDecoder(&entry.key))
                .map(Some)
                .map_err(|error| self.session.tell_key(entry.key_span, error));
        }
        self.value = Some(self.session.stand_in());
        self.missing
            .next()
            .map(|key| seed.deserialize(KeyDecoder(key)))
            .transpose()
    }

    fn next_value_seed<S: DeserializeSeed<'n>>(&mut self, seed: S) -> Result<S::Value, Error> {
        let value = self
            .value
            .take()
            .ok_or_else(|| Error::custom("a value was asked for before its key"))?;
        self.session.descend(value, seed)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.written.len())
    }
}

/// A key: text, or a number if its type says so.
pub(super) struct KeyDecoder<'de>(pub(super) &'de str);

macro_rules! integer_keys {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            let scalar = Scalar { text: self.0.into(), style: Style::Plain, filled: false };
            match scalar.resolve() {
                Resolved::Int(number) => visit_integer(number, visitor),
                _ => Err(Error::expected(&visitor)),
            }
        })*
    };
}

impl<'de> Deserializer<'de> for KeyDecoder<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_borrowed_str(self.0)
    }

    integer_keys! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_enum(self.0.into_deserializer())
    }

    forward_to_deserialize_any! {
        bool f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier
        ignored_any
    }
}
