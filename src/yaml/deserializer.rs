//! Serde's view of a node.

use serde::de::{Deserializer, Visitor};

use super::access::{Entries, Items};
use super::choice::{self, Choice};
use super::decode::Session;
use super::decode_error::Error;
use super::{Diagnostic, Kind, Node, Resolved, Scalar, Unclear, raw, words};

/// A newtype whose stand-in is not `pending` asks for it by this prefix of its serde name: `stand-in:1s`.
pub(super) const STAND_IN: &str = "stand-in:";

/// One value; aliases are already followed.
#[derive(Clone, Copy)]
pub(super) struct Decoder<'n> {
    pub(super) node: &'n Node,
    pub(super) session: &'n Session,
}

impl<'n> Decoder<'n> {
    /// Only known later, or already told to be wrong.
    pub(super) fn is_stand_in(&self) -> bool {
        matches!(self.node.kind, Kind::Pending) || self.session.has_failed(self.node)
    }

    fn scalar(&self) -> Option<&'n Scalar> {
        match &self.node.kind {
            Kind::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    fn is_null(&self) -> bool {
        self.scalar()
            .is_some_and(|scalar| scalar.resolve() == Resolved::Null)
    }

    /// What the scalar is in a place for numbers and truth values.
    fn value(&self) -> Result<Option<Resolved>, Error> {
        match self.scalar().map(Scalar::as_number_or_bool) {
            Some(Resolved::Unclear(why)) => Err(self.unclear(why)),
            value => Ok(value),
        }
    }

    fn unclear(&self, why: Unclear) -> Error {
        Error::Other(format!("{} {why}", words::found(self.node)))
    }

    fn integer<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.is_stand_in() {
            return visitor.visit_u64(1);
        }
        match self.value()? {
            Some(Resolved::Int(number)) => visit_integer(number, visitor),
            _ => Err(Error::expected(&visitor)),
        }
    }

    fn float<V: Visitor<'n>>(self, largest: f64, visitor: V) -> Result<V::Value, Error> {
        if self.is_stand_in() {
            return visitor.visit_f64(1.0);
        }
        let number = match self.value()? {
            Some(Resolved::Int(number)) => number as f64,
            Some(Resolved::Float(number)) => number,
            _ => return Err(Error::expected(&visitor)),
        };
        if number.abs() > largest {
            return Err(self.unclear(Unclear::TooLarge));
        }
        visitor.visit_f64(number)
    }

    pub(super) fn mapping<V: Visitor<'n>>(
        self,
        fields: Option<&'static [&'static str]>,
        visitor: V,
    ) -> Result<V::Value, Error> {
        let entries = match &self.node.kind {
            Kind::Mapping(entries) if !self.session.has_failed(self.node) => entries.as_slice(),
            // A struct can not be guessed from a value that is only known later.
            Kind::Pending if fields.is_some() && !self.session.has_failed(self.node) => {
                return Err(Error::Other(format!(
                    "this cannot be decided later: expected {}",
                    words::a_mapping_with(fields.unwrap_or_default())
                )));
            }
            _ if self.is_stand_in() => &[],
            _ => {
                return Err(match fields {
                    Some(fields) => Error::Expected(words::a_mapping_with(fields)),
                    None => Error::expected(&visitor),
                });
            }
        };
        visitor.visit_map(Entries {
            mapping: self.node,
            session: self.session,
            fields,
            written: entries.iter(),
            missing: self.session.missing(self.node).into_iter(),
            value: None,
        })
    }
}

pub(super) fn visit_integer<'n, V: Visitor<'n>>(
    number: i128,
    visitor: V,
) -> Result<V::Value, Error> {
    if let Ok(number) = u64::try_from(number) {
        visitor.visit_u64(number)
    } else if let Ok(number) = i64::try_from(number) {
        visitor.visit_i64(number)
    } else {
        visitor.visit_i128(number)
    }
}

macro_rules! integers {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, Error> {
            self.integer(visitor)
        })*
    };
}

impl<'n> Deserializer<'n> for Decoder<'n> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.is_stand_in() {
            return visitor.visit_borrowed_str("pending");
        }
        match &self.node.kind {
            Kind::Scalar(scalar) => match scalar.resolve() {
                Resolved::Null => visitor.visit_unit(),
                Resolved::Bool(value) => visitor.visit_bool(value),
                Resolved::Int(number) => visit_integer(number, visitor),
                Resolved::Float(number) => visitor.visit_f64(number),
                Resolved::Text => visitor.visit_borrowed_str(&scalar.text),
                Resolved::Unclear(why) => Err(self.unclear(why)),
            },
            Kind::Sequence(_) => self.deserialize_seq(visitor),
            Kind::Mapping(_) => self.deserialize_map(visitor),
            Kind::Alias(_) | Kind::Pending => Err(Error::expected(&visitor)),
        }
    }

    integers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
    }

    fn deserialize_f32<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, Error> {
        self.float(f64::from(f32::MAX), visitor)
    }

    fn deserialize_f64<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, Error> {
        self.float(f64::MAX, visitor)
    }

    fn deserialize_bool<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.is_stand_in() {
            return visitor.visit_bool(true);
        }
        match self.scalar().map(Scalar::as_number_or_bool) {
            Some(Resolved::Bool(value)) => visitor.visit_bool(value),
            _ => Err(Error::expected(&visitor)),
        }
    }

    fn deserialize_str<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.is_stand_in() {
            return visitor.visit_borrowed_str("pending");
        }
        match self.scalar() {
            Some(scalar) if scalar.filled || !self.is_null() => {
                visitor.visit_borrowed_str(&scalar.text)
            }
            _ => Err(Error::expected(&visitor)),
        }
    }

    fn deserialize_string<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_char<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.is_stand_in() {
            return visitor.visit_char('p');
        }
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.is_null() && !self.is_stand_in() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_unit<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.is_null() || self.is_stand_in() {
            visitor.visit_unit()
        } else {
            Err(Error::expected(&visitor))
        }
    }

    fn deserialize_unit_struct<V: Visitor<'n>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'n>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        if name == raw::NAME {
            return raw::hand_over(self.node, visitor);
        }
        match name.strip_prefix(STAND_IN) {
            Some(stand_in) if self.is_stand_in() => visitor.visit_borrowed_str(stand_in),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_seq<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, Error> {
        let items = match &self.node.kind {
            _ if self.is_stand_in() => &[],
            Kind::Sequence(items) => items.as_slice(),
            _ => return Err(Error::expected(&visitor)),
        };
        let items = items.iter().filter(|item| !self.session.is_stuck(item));
        visitor.visit_seq(&mut Items {
            session: self.session,
            items,
        })
    }

    fn deserialize_tuple<V: Visitor<'n>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        if self.is_stand_in() {
            let stand_ins = std::iter::repeat_n(self.session.stand_in(), length);
            return visitor.visit_seq(&mut Items {
                session: self.session,
                items: stand_ins,
            });
        }
        match &self.node.kind {
            Kind::Sequence(items) if items.len() == length => visitor.visit_seq(&mut Items {
                session: self.session,
                items: items.iter(),
            }),
            Kind::Sequence(items) => {
                let found = items.len();
                let message = format!("found a list of {found} items, expected {length}");
                Err(Error::Other(message))
            }
            _ => Err(Error::Expected(format!("a list of {length} items"))),
        }
    }

    fn deserialize_tuple_struct<V: Visitor<'n>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_map<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, Error> {
        self.mapping(None, visitor)
    }

    fn deserialize_struct<V: Visitor<'n>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.mapping(Some(fields), visitor)
    }

    fn deserialize_enum<V: Visitor<'n>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let choice = |key, value| Choice {
            decoder: self,
            key,
            value,
        };
        if self.is_stand_in() {
            let first = variants.first().copied().unwrap_or_default();
            return visitor.visit_enum(choice(first, None));
        }
        match &self.node.kind {
            Kind::Scalar(scalar) if !self.is_null() => {
                visitor.visit_enum(choice(&scalar.text, None))
            }
            Kind::Mapping(entries) => match entries.as_slice() {
                [entry] => visitor.visit_enum(choice(&entry.key, Some(entry))),
                [] => Err(Error::Expected(choice::one_of(variants))),
                [_, second, ..] => Err(Error::At(Box::new(
                    Diagnostic::error(
                        second.key_span,
                        format!(
                            "only one key may stand here, found `{}` as well",
                            words::shown(&second.key)
                        ),
                    )
                    .help(format!("expected {}", choice::one_of(variants))),
                ))),
            },
            _ => Err(Error::Expected(choice::one_of(variants))),
        }
    }

    fn deserialize_identifier<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }
}
