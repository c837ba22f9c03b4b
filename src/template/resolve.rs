//! What a hole stands for: the value of a name, or what a function makes.

use std::ops::Range;

use jiff::Timestamp;

use super::call::{Call, Given};
use super::fill::{Filler, WhenLate};
use super::filter::{Filter, apply};
use super::hole::{Hole, Source};
use super::jwt;
use super::scope::{Lookup, Secrecy};
use super::text::text_of;
use super::value::value_of;
use crate::model::Value;
use crate::yaml::{Node, did_you_mean};

/// Why a hole has no value.
pub(super) struct Wrong {
    pub(super) message: String,
    pub(super) help: Option<String>,
    /// The bytes of the scalar's text it is about, if not the whole hole.
    pub(super) range: Option<Range<usize>>,
}

impl Wrong {
    fn new(message: String) -> Self {
        Self {
            message,
            help: None,
            range: None,
        }
    }

    fn at(mut self, range: &Range<usize>) -> Self {
        self.range = Some(range.clone());
        self
    }
}

impl Filler<'_> {
    /// The value of a hole, filtered; `None` while it is late.
    pub(super) fn meant(&mut self, hole: &Hole) -> Result<Option<Value>, Vec<Wrong>> {
        match &hole.source {
            Source::Name(name) => self.named(name, &hole.filters).map_err(|wrong| vec![wrong]),
            Source::Call(call) => self.called(call, &hole.filters),
        }
    }

    fn named(&mut self, name: &str, filters: &[Filter]) -> Result<Option<Value>, Wrong> {
        let has_default = matches!(filters.first(), Some(Filter::Default(_)));
        let (value, secrecy) = match self.look_up(name) {
            Ok(Some((value, secrecy))) => (Some(value), secrecy),
            Ok(None) => return Ok(None),
            Err(_) if has_default => (None, Secrecy::Public),
            Err(wrong) => return Err(wrong),
        };
        if secrecy == Secrecy::Secret {
            self.hide_tampered(value.as_ref(), filters);
        }
        match apply(value, filters) {
            Ok(value) => Ok(Some(value)),
            Err(why) => Err(Wrong::new(format!("`{name}` {why}"))),
        }
    }

    /// At load everything that is known is checked, so that a mistake is told there.
    fn called(&mut self, call: &Call, filters: &[Filter]) -> Result<Option<Value>, Vec<Wrong>> {
        let mut wrongs = Vec::new();
        let mut given: Vec<(&str, Value)> = Vec::new();
        let mut is_secret = false;
        for argument in &call.arguments {
            let name = match &argument.given {
                Given::Literal(value) => {
                    given.push((&argument.name, value.clone()));
                    continue;
                }
                Given::Name(name) => name,
            };
            let found = self.look_up(name).and_then(|found| {
                let Some((value, secrecy)) = found else {
                    return Ok(None);
                };
                jwt::check(&argument.name, &value)
                    .map_err(|why| Wrong::new(format!("`{name}`: {why}")))?;
                Ok(Some((value, secrecy)))
            });
            match found {
                Ok(Some((value, secrecy))) => {
                    // A key with a name is no test key of everybody.
                    is_secret |= secrecy == Secrecy::Secret || jwt::is_key(&argument.name);
                    given.push((&argument.name, value));
                }
                Ok(None) => {}
                Err(mut wrong) => {
                    if wrong.help.is_none() && self.scope.lookup(name) == Lookup::Unknown {
                        wrong.help = Some(format!("a text stands in quotes: `\"{name}\"`"));
                    }
                    wrongs.push(wrong.at(&argument.range));
                }
            }
        }
        let now = self.now().unwrap_or_else(|wrong| {
            wrongs.push(wrong);
            None
        });
        if !wrongs.is_empty() {
            return Err(wrongs);
        }
        if given.len() < call.arguments.len() {
            return Ok(None);
        }
        let wrong = |why| vec![Wrong::new(format!("`jwt(…)` {why}"))];
        let token = jwt::make(&given, now.unwrap_or_default()).map_err(wrong)?;
        if is_secret && now.is_some() {
            self.scope.hide(&token);
            self.hide_tampered(Some(&Value::Text(token.clone())), filters);
        }
        let filtered = apply(Some(Value::Text(token)), filters).map_err(wrong)?;
        Ok(now.map(|_| filtered))
    }

    /// The time; `None` while no test runs.
    fn now(&mut self) -> Result<Option<Timestamp>, Wrong> {
        let Some((value, _)) = self.look_up(jwt::CLOCK)? else {
            return Ok(None);
        };
        let time = text_of(&value).and_then(|text| text.parse().ok());
        time.map(Some).ok_or_else(|| {
            Wrong::new(
                "`jwt` tells the time by `now`, which is a variable here and no time".to_owned(),
            )
        })
    }

    /// What a name stands for; `None` while it is late.
    fn look_up(&mut self, name: &str) -> Result<Option<(Value, Secrecy)>, Wrong> {
        match self.scope.lookup(name) {
            Lookup::Known(value, secrecy) => {
                self.secret |= secrecy == Secrecy::Secret;
                Ok(Some((value, secrecy)))
            }
            Lookup::Late => {
                self.late = true;
                if self.when_late == WhenLate::Pending {
                    return Ok(None);
                }
                match self.scope.written(name) {
                    Some(tree) => Ok(Some(self.made_of(tree))),
                    None => Err(Wrong::new(format!("`{name}` has no value yet"))),
                }
            }
            Lookup::Unknown => Err(self.unknown(name)),
            Lookup::Unusable(why) => Err(Wrong::new(format!("`{name}`: {why}"))),
        }
    }

    /// What a tree that stands for a name is now. What cannot be filled in it is told at its own place.
    fn made_of(&mut self, tree: &Node) -> (Value, Secrecy) {
        let before = std::mem::take(&mut self.secret);
        let filled = self.fill(tree);
        let value = value_of(filled.as_ref().unwrap_or(tree));
        let secrecy = if self.secret {
            Secrecy::Secret
        } else {
            Secrecy::Public
        };
        self.secret |= before;
        (value, secrecy)
    }

    fn unknown(&self, name: &str) -> Wrong {
        let names = self.scope.names();
        let hint = did_you_mean(name, names.iter().map(String::as_str));
        let mut wrong = Wrong::new(format!("nothing is called `{name}`{hint}"));
        if let Some(secret) = name.strip_prefix("secret.")
            && hint.is_empty()
        {
            let example = secret.to_ascii_uppercase();
            wrong.help = Some(format!(
                "a target names its secrets: `secrets: {{ {secret}: {{ env: {example} }} }}`"
            ));
        }
        wrong
    }

    /// What is tampered with is as good as the secret itself: whoever reads it knows which byte to invert.
    fn hide_tampered(&self, value: Option<&Value>, filters: &[Filter]) {
        let is_tampered = |filter: &Filter| *filter == Filter::Tampered;
        if let Some(last) = filters.iter().rposition(is_tampered)
            && let Ok(made) = apply(value.cloned(), &filters[..=last])
            && let Some(made) = text_of(&made)
        {
            self.scope.hide(&made);
        }
    }
}
