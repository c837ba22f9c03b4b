//! What people send over a WebSocket, and what is wrong with it.

use serde_json::{Value, json};

/// Longer texts are refused, in bytes.
pub(super) const MAX_TEXT_BYTES: usize = 2000;

/// A message that can be understood.
#[derive(Debug, PartialEq)]
pub(super) enum Message {
    /// Something was said.
    Said(Said),
    /// Somebody comes back to a conversation.
    Resume {
        /// What leads to it.
        token: String,
        /// The last event that was seen.
        after: u64,
    },
}

/// What was said.
#[derive(Debug, PartialEq)]
pub(super) struct Said {
    pub(super) text: String,
    /// As the client calls it; `None` where it does not say.
    pub(super) request_id: Option<String>,
}

/// Why a message is not understood. The connection goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mistake {
    NotText,
    NotJson,
    NotAnObject,
    NoType,
    UnknownType,
    NoText,
    TooLong,
    NoToken,
    NoSuchSession,
    Busy,
}

impl Message {
    /// Reads a text message.
    pub(super) fn read(text: &str) -> Result<Self, Mistake> {
        let message: Value = serde_json::from_str(text).map_err(|_| Mistake::NotJson)?;
        let message = message.as_object().ok_or(Mistake::NotAnObject)?;
        let word = |name: &str| message.get(name).and_then(Value::as_str);
        match word("type").ok_or(Mistake::NoType)? {
            "user_message" => {
                let said = Said::new(word("text").unwrap_or_default(), word("request_id"))?;
                Ok(Self::Said(said))
            }
            "resume" => Ok(Self::Resume {
                token: word("token").ok_or(Mistake::NoToken)?.to_owned(),
                after: message.get("after").and_then(Value::as_u64).unwrap_or(0),
            }),
            _ => Err(Mistake::UnknownType),
        }
    }
}

impl Said {
    /// Something short enough to be read.
    pub(super) fn new(text: &str, request_id: Option<&str>) -> Result<Self, Mistake> {
        let request_id = request_id.unwrap_or_default();
        match text.len() {
            0 => Err(Mistake::NoText),
            bytes if bytes.max(request_id.len()) > MAX_TEXT_BYTES => Err(Mistake::TooLong),
            _ => Ok(Self {
                text: text.to_owned(),
                request_id: (!request_id.is_empty()).then(|| request_id.to_owned()),
            }),
        }
    }
}

impl Mistake {
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::NotText => "not_text",
            Self::NotJson => "not_json",
            Self::NotAnObject => "not_an_object",
            Self::NoType => "no_type",
            Self::UnknownType => "unknown_type",
            Self::NoText => "no_text",
            Self::TooLong => "too_long",
            Self::NoToken => "no_token",
            Self::NoSuchSession => "no_such_session",
            Self::Busy => "busy",
        }
    }

    /// As the client is told.
    pub(super) fn event(self) -> String {
        json!({ "type": "error", "code": self.code() }).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_understood_is() {
        let said = |text: &str, request_id: Option<&str>| {
            Message::Said(Said {
                text: text.to_owned(),
                request_id: request_id.map(str::to_owned),
            })
        };
        let message = r#"{"type":"user_message","text":"hello","request_id":"r1","more":1}"#;
        assert_eq!(Message::read(message), Ok(said("hello", Some("r1"))));
        let message = r#"{"type":"user_message","text":"hello"}"#;
        assert_eq!(Message::read(message), Ok(said("hello", None)));
        let resume = |after| Message::Resume {
            token: "t".to_owned(),
            after,
        };
        let message = r#"{"type":"resume","token":"t","after":3}"#;
        assert_eq!(Message::read(message), Ok(resume(3)));
        assert_eq!(
            Message::read(r#"{"type":"resume","token":"t"}"#),
            Ok(resume(0))
        );
    }

    #[test]
    fn what_cannot_is_told_by_a_code() {
        let long = format!(r#"{{"type":"user_message","text":"{}"}}"#, "x".repeat(2001));
        let cases = [
            ("", "not_json"),
            ("{", "not_json"),
            ("[]", "not_an_object"),
            ("\"user_message\"", "not_an_object"),
            ("{}", "no_type"),
            (r#"{"type":null,"text":"x"}"#, "no_type"),
            (r#"{"type":"nothing"}"#, "unknown_type"),
            (r#"{"type":"user_message"}"#, "no_text"),
            (r#"{"type":"user_message","text":["x"]}"#, "no_text"),
            (&long, "too_long"),
            (r#"{"type":"resume"}"#, "no_token"),
        ];
        for (text, code) in cases {
            assert_eq!(Message::read(text).unwrap_err().code(), code, "{text}");
        }
    }
}
