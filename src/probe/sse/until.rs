//! What a stream is listened to for.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::{Data, Received};
use crate::probe::stream::{JsonRules, Rule};

/// What an event must be to be the one that is waited for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Until {
    /// JSONPaths into its data, each with a matcher: `{ $.type: done }`.
    json: Option<JsonRules>,
    /// Its field `event`; `message` of an event that has none.
    event: Option<String>,
    /// Its data as text: a text, or a matcher.
    data: Option<Rule>,
}

impl Until {
    /// Whether it says nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.json.is_none() && self.event.is_none() && self.data.is_none()
    }

    /// Whether this is the event: all that is written holds of it.
    pub(super) fn is_met_by(&self, received: &Received) -> bool {
        let (text, json) = match &received.data {
            Data::Text(text, json) => (text.as_str(), json.as_ref()),
            Data::Binary(..) => return false,
        };
        let event = self.event.as_ref();
        event.is_none_or(|name| received.event.as_ref() == Some(name))
            && self.data.as_ref().is_none_or(|rule| rule.holds(text))
            && self
                .json
                .as_ref()
                .is_none_or(|rules| json.is_some_and(|json| rules.hold(json)))
    }
}
