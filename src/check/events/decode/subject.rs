//! What the rules are about: what an event is called, and which of them count.

use super::super::super::json_path::JsonPath;
use super::super::{Key, Spot};
use super::{Decoder, Repeated};
use crate::model::FactKind;
use crate::template::is_filled;
use crate::yaml::{Entry, Node, Resolved};

impl Decoder {
    pub(super) fn key(&mut self, entry: &Entry) {
        let spots = match entry.value.as_sequence() {
            _ if is_filled(&entry.value) => std::slice::from_ref(&entry.value),
            Some([]) => {
                self.error(entry.value.span, "`key` is empty".to_owned());
                return;
            }
            Some(spots) => spots,
            None => std::slice::from_ref(&entry.value),
        };
        let spots: Vec<_> = spots.iter().filter_map(|node| self.spot(node)).collect();
        if !spots.is_empty() {
            self.key = Some((Key(spots), entry.key_span));
        }
    }

    fn spot(&mut self, node: &Node) -> Option<Spot> {
        let Some(scalar) = node.as_scalar() else {
            let message = "`key` takes a JSONPath known at load, or a list of them: the first that has something names the event";
            self.error(node.span, message.to_owned());
            return None;
        };
        let spot = match &*scalar.text {
            "event" => Ok(Spot::Field),
            text if text.starts_with('$') => match JsonPath::parse(text) {
                Ok(path) if path.is_singular() => Ok(Spot::Path(Box::new(path))),
                Ok(_) => Err(format!("`{text}` may find many, and an event has one name")),
                Err(message) => Err(message),
            },
            text => Err(format!(
                "`{text}` is neither a JSONPath such as `$.type` nor `event`, the field of a server-sent event"
            )),
        };
        spot.map_err(|message| self.error(node.span, message)).ok()
    }

    pub(super) fn only(&mut self, entry: &Entry) {
        let example = "`only` takes JSONPaths and what they must find in an event that the rules are about: `{ $.reply_to: \"${uuid}\" }`";
        for inner in self
            .entries(&entry.value, "only", example)
            .unwrap_or_default()
        {
            if self.is_blank(inner) {
                continue;
            }
            let matcher = self.matcher(&inner.value, FactKind::Any);
            match JsonPath::parse(&inner.key) {
                Ok(path) => self
                    .only
                    .extend(matcher.map(|matcher| (Box::new(path), matcher))),
                Err(message) => self.error(inner.key_span, message),
            }
        }
    }

    pub(super) fn unnamed(&mut self, entry: &Entry) {
        let Some(scalar) = self.known(entry) else {
            return;
        };
        let number = match scalar.as_number_or_bool() {
            Resolved::Int(number) => u64::try_from(number).ok(),
            _ => None,
        };
        match number {
            Some(number) => self.unnamed = Some((number, entry.key_span)),
            None => self.error(
                entry.value.span,
                "`unnamed` takes how many events may be without a name: `unnamed: 1`".to_owned(),
            ),
        }
    }

    pub(super) fn ignore(&mut self, entry: &Entry) {
        let names = self.names(entry, Repeated::No);
        let span = entry.value.span;
        self.ignored
            .extend(names.into_iter().flatten().map(|name| (name, span)));
    }
}

impl Key {
    /// `$.type`
    pub(super) fn usual() -> Self {
        // Our own text parses.
        Self(vec![
            JsonPath::parse("$.type").map_or(Spot::Field, |path| Spot::Path(Box::new(path))),
        ])
    }
}
