//! Serde's view of an enum: a word, or a mapping with one key.

use std::marker::PhantomData;

use serde::de::{self, DeserializeSeed, Deserializer, Visitor};

use super::access::KeyDecoder;
use super::decode::unknown;
use super::decode_error::Error;
use super::deserializer::Decoder;
use super::suggest::listed;
use super::{Entry, Node, words};

/// The variant of an enum: a word, or the one key of a mapping with its value.
pub(super) struct Choice<'n> {
    pub(super) decoder: Decoder<'n>,
    pub(super) key: &'n str,
    pub(super) value: Option<&'n Entry>,
}

impl<'n> de::EnumAccess<'n> for Choice<'n> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'n>>(self, seed: S) -> Result<(S::Value, Self), Error> {
        match (seed.deserialize(KeyDecoder(self.key)), self.value) {
            (Ok(variant), _) => Ok((variant, self)),
            (Err(error @ Error::UnknownVariant(..)), Some(entry)) => {
                let (word, expected) = error.unknown_word();
                Err(Error::At(Box::new(unknown(
                    entry.key_span,
                    "key",
                    word,
                    expected,
                ))))
            }
            (Err(error), _) => Err(error),
        }
    }
}

impl<'n> Choice<'n> {
    /// The value of a variant that has one.
    fn content(&self) -> Result<&'n Node, Error> {
        match self.value {
            Some(entry) => Ok(&entry.value),
            None if self.decoder.is_stand_in() => Err(Error::Other(
                "this cannot be decided later: write the choice out".to_owned(),
            )),
            None => Err(Error::Other(format!(
                "`{0}` needs a value: write `{0}: …`",
                words::shown(self.key)
            ))),
        }
    }
}

impl<'n> de::VariantAccess<'n> for Choice<'n> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        match self.value {
            Some(entry) => self
                .decoder
                .session
                .descend(&entry.value, PhantomData::<()>),
            None => Ok(()),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'n>>(self, seed: S) -> Result<S::Value, Error> {
        self.decoder.session.descend(self.content()?, seed)
    }

    fn tuple_variant<V: Visitor<'n>>(self, length: usize, visitor: V) -> Result<V::Value, Error> {
        let content = self.content()?;
        self.decoder.session.descend_with(content, |decoder| {
            decoder.deserialize_tuple(length, visitor)
        })
    }

    fn struct_variant<V: Visitor<'n>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let content = self.content()?;
        self.decoder
            .session
            .descend_with(content, |decoder| decoder.mapping(Some(fields), visitor))
    }
}

/// "one of `a`, `b` or `c`".
pub(super) fn one_of(variants: &[&str]) -> String {
    format!("one of {}", listed(variants.iter().copied()))
}
