//! The script of a WebSocket, as suites write it.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use crate::probe::pairs::Pairs;
use crate::probe::stream::{JsonRules, Rule};
use crate::yaml::{Duration, NonZeroDuration, Raw};

/// One entry of a script.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Entry {
    /// Says something.
    Send(Box<Sending>),
    /// Waits for an event that matches; behind a `send` for one that came after it. What comes meanwhile is recorded, too.
    Receive(Box<Receiving>),
    /// Listens while nothing may come: nothing that the `receive` before it has not gone past. A close by the peer that is no
    /// error (1000, 1001, or without a code) ends it, too.
    ReceiveNone(Silence),
    /// Pings, and compares what comes back.
    Ping(Pinging),
    /// Waits until every actor of the test has come to the barrier of this name. Only with `actors`.
    WaitFor(String),
    /// Ends the connection without a close frame.
    Drop(Dropping),
    /// Opens the connection again, after `drop`, `close`, or a `receive_none` in which the peer has closed.
    Reconnect(Box<Reconnecting>),
    /// Closes with this code, `1000`, or with a code and a reason.
    Close(Closing),
}

/// What is said: one of `text`, `json`, `binary` and `raw`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Sending {
    /// A text message, as it is written.
    pub(super) text: Option<String>,
    /// A text message: any YAML, as JSON.
    pub(super) json: Option<Raw>,
    /// Members that are put into the object of `json`: names, each with a JSONPath into the last event that has something there.
    pub(super) with: Option<Pairs>,
    /// A binary message, in base64.
    pub(super) binary: Option<String>,
    /// Bytes that go over the wire as they are, in hexadecimal: a frame, masked or not, or rubbish.
    pub(super) raw: Option<String>,
}

/// What is waited for: an event that matches `json`, `text` or `binary`; any without them.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Receiving {
    /// JSONPaths (RFC 9535), each with what stands there. All must hold.
    pub(super) json: Option<JsonRules>,
    /// What its text must be.
    pub(super) text: Option<Rule>,
    /// `true`: a binary message.
    pub(super) binary: Option<bool>,
    /// So many must come, 1 to 100000.
    #[serde(default = "one")]
    pub(super) times: u32,
    /// How long it is waited for, all of them together; without it as long as the budget lasts.
    pub(super) within: Option<NonZeroDuration>,
}

/// How long nothing may come.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Silence {
    /// How long.
    #[serde(rename = "for")]
    pub(super) time: NonZeroDuration,
}

/// How pings are sent.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Pinging {
    /// How many, 1 to 10000, one after the other.
    #[serde(default = "one")]
    pub(super) times: u32,
    /// From the start of one to the start of the next, where its answer does not take longer.
    pub(super) every: Option<Duration>,
    /// How long each may take to be answered; without it as long as the budget lasts.
    pub(super) within: Option<NonZeroDuration>,
}

/// How a connection ends without a close frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Dropping {
    /// The connection of TCP is ended, as by a program that exits.
    Fin,
    /// It is reset.
    Rst,
}

/// How the connection is opened again: by the same request, with what is said here.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Reconnecting {
    /// Added to the query of the URL: names, each with a JSONPath into the last event that has something there.
    pub(super) query: Option<Pairs>,
    /// Headers, each with a JSONPath into the last event that has something there.
    pub(super) headers: Option<Pairs>,
    /// How long nothing is done before.
    pub(super) after: Option<Duration>,
    /// How long it may take to be open again, `after` left aside; without it as long as the budget lasts.
    pub(super) within: Option<NonZeroDuration>,
}

/// How the connection is closed.
#[derive(Debug, Clone)]
pub(super) struct Closing {
    pub(super) code: u16,
    pub(super) reason: String,
}

const fn one() -> u32 {
    1
}

impl Reconnecting {
    /// The query and the headers with any values: whether it may be asked like this is known before there are the right ones.
    pub(super) fn samples(&self) -> (Pairs, Pairs) {
        let sampled = |paths: Option<&Pairs>| {
            let pairs = paths.iter().flat_map(|Pairs(pairs)| pairs);
            Pairs(
                pairs
                    .map(|(name, _)| (name.clone(), "0".to_owned()))
                    .collect(),
            )
        };
        (sampled(self.query.as_ref()), sampled(self.headers.as_ref()))
    }
}

impl Entry {
    /// As it is written.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Send(_) => "send",
            Self::Receive(_) => "receive",
            Self::ReceiveNone(_) => "receive_none",
            Self::Ping(_) => "ping",
            Self::WaitFor(_) => "wait_for",
            Self::Drop(_) => "drop",
            Self::Reconnect(_) => "reconnect",
            Self::Close(_) => "close",
        }
    }
}

impl<'de> Deserialize<'de> for Closing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Written {
            code: u16,
            #[serde(default)]
            reason: String,
        }

        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Closing;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a code such as `1000`, or `{ code: 1000, reason: done }`")
            }

            fn visit_u64<E: Error>(self, code: u64) -> Result<Closing, E> {
                let code = u16::try_from(code).map_err(|_| {
                    E::custom(format!("`{code}` is no code: they are 1000 to 4999"))
                })?;
                let reason = String::new();
                Ok(Closing { code, reason })
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                deserializer: D,
            ) -> Result<Closing, D::Error> {
                deserializer.deserialize_any(self)
            }

            /// A code that was filled in, or what stands in for one that is only known later.
            fn visit_str<E: Error>(self, text: &str) -> Result<Closing, E> {
                match text.parse() {
                    Ok(code) => self.visit_u64(code),
                    Err(_) => Err(E::custom(
                        "expected a code such as `1000`, or `{ code: 1000, reason: done }`",
                    )),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Closing, A::Error> {
                let Written { code, reason } =
                    Written::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Closing { code, reason })
            }
        }

        // As long as it is not known it is a code that may be sent.
        deserializer.deserialize_newtype_struct("stand-in:1000", Either)
    }
}

impl JsonSchema for Closing {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Closing".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let code = json_schema!({
            "anyOf": [{ "type": "integer", "minimum": 1000, "maximum": 4999 }, { "type": "string" }]
        });
        json_schema!({
            "anyOf": [
                code,
                {
                    "type": "object",
                    "properties": {
                        "code": { "anyOf": [{ "type": "integer", "minimum": 1000, "maximum": 4999 }, { "type": "string" }] },
                        "reason": { "type": "string" }
                    },
                    "required": ["code"],
                    "additionalProperties": false
                }
            ]
        })
    }
}
