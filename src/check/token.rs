//! What a JSON Web Token says of itself (RFC 7519). Its signature is for those it is meant for.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use super::Captured;
use crate::model::{Finding, KnownCode, Place, State};
use crate::yaml::written_duration;

/// The claims of a token.
#[derive(Debug)]
pub struct Token {
    claims: Map<String, Json>,
}

/// A claim that is a date to be is no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoDate;

impl Token {
    /// Reads the compact form (RFC 7515 §7.1), also behind `Bearer `; `None` for whatever is none.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let mut parts = text.strip_prefix("Bearer ").unwrap_or(text).split('.');
        let (header, claims, _signature) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let object = |part: &str| -> Option<Map<String, Json>> {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
        };
        object(header)?.get("alg")?;
        Some(Self {
            claims: object(claims)?,
        })
    }

    /// `exp` (§4.1.4): from then on it is refused. Seconds since 1970, perhaps with a fraction.
    pub fn expires(&self) -> Option<Result<f64, NoDate>> {
        self.date("exp")
    }

    /// `nbf` (§4.1.5): before then it is refused. Seconds since 1970, perhaps with a fraction.
    pub fn begins(&self) -> Option<Result<f64, NoDate>> {
        self.date("nbf")
    }

    fn date(&self, name: &str) -> Option<Result<f64, NoDate>> {
        Some(self.claims.get(name)?.as_f64().ok_or(NoDate))
    }
}

/// How long tokens must be valid, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needed {
    /// From now on.
    pub time: Duration,
    /// As a finding says it behind the time: `as long as agents/chat may take`.
    pub why: String,
}

impl Needed {
    /// A finding `session.expires` for a token that ends before; `None` for one that lasts, says nothing of its end, or is
    /// no token. `now` counts from 1970.
    pub fn judge(
        &self,
        captured: &Captured,
        now: Duration,
        place: Option<&Place>,
    ) -> Option<Finding> {
        let token = captured.value.as_text().and_then(Token::read)?;
        let actual = self.wrong_with(&token, now)?;
        Some(Finding {
            code: KnownCode::SessionExpires.code(),
            path: captured.name.clone(),
            expected: format!("is valid for {}, {}", seconds(self.time), self.why),
            actual: Some(actual),
            state: State::NotHeld,
            detail: None,
            place: place.cloned(),
        })
    }

    fn wrong_with(&self, token: &Token, now: Duration) -> Option<String> {
        let expires = match token.expires()? {
            Ok(expires) => expires,
            Err(NoDate) => return Some("a token whose `exp` is no number".to_owned()),
        };
        let needed = now.saturating_add(self.time).as_secs_f64();
        if expires > needed {
            return None;
        }
        let left = expires - now.as_secs_f64();
        let time = Duration::try_from_secs_f64(left.abs()).unwrap_or(Duration::MAX);
        let at = date(expires).map_or_else(String::new, |at| format!(", at {at}"));
        Some(if left > 0.0 {
            format!("a token that expires in {}{at}", seconds(time))
        } else {
            format!("a token that expired {} ago{at}", seconds(time))
        })
    }
}

/// Whole seconds: what a token says has no more.
fn seconds(time: Duration) -> String {
    written_duration(Duration::from_secs(time.as_secs()))
}

/// `None` for what no calendar has.
#[expect(
    clippy::cast_possible_truncation,
    reason = "beyond what a calendar has it is no date anyway"
)]
fn date(seconds: f64) -> Option<Timestamp> {
    Timestamp::from_second(seconds as i64).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Value;

    fn token(header: &str, claims: &str) -> String {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.c2ln", part(header), part(claims))
    }

    #[test]
    fn a_token_says_when_it_begins_and_ends() {
        let text = token(r#"{"alg":"none"}"#, r#"{"exp":2000000.5,"nbf":"soon"}"#);
        for text in [text.clone(), format!("Bearer {text}"), format!(" {text}\n")] {
            let read = Token::read(&text).unwrap();
            assert_eq!(read.expires(), Some(Ok(2_000_000.5)));
            assert_eq!(read.begins(), Some(Err(NoDate)));
        }
        let forever = Token::read(&token(r#"{"alg":"none"}"#, "{}")).unwrap();
        assert_eq!((forever.expires(), forever.begins()), (None, None));
    }

    #[test]
    fn what_only_looks_like_a_token_is_none() {
        let whole = token(r#"{"alg":"none"}"#, "{}");
        for text in [
            "",
            "a.b.c",
            &token("{}", "{}"),
            &token(r#"{"alg":"none"}"#, "[]"),
            &format!("{whole}.more"),
            whole.rsplit_once('.').unwrap().0,
        ] {
            assert!(Token::read(text).is_none(), "{text}");
        }
    }

    /// What is said of a token with these claims 1000 s after 1970, where 10 minutes are needed.
    fn judged(claims: &str) -> Option<(String, String)> {
        let captured = Captured {
            name: "token".to_owned(),
            value: Value::Text(token(r#"{"alg":"none"}"#, claims)),
            secret: true,
        };
        let needed = Needed {
            time: Duration::from_mins(10),
            why: "as long as a/x may take".to_owned(),
        };
        let finding = needed.judge(&captured, Duration::from_secs(1000), None)?;
        assert_eq!(
            (finding.code.as_str(), &*finding.path),
            ("session.expires", "token")
        );
        Some((finding.expected, finding.actual.unwrap()))
    }

    #[test]
    fn a_token_must_last_as_long_as_it_is_needed() {
        for claims in [r#"{"exp":1600.5}"#, r#"{"exp":1e300}"#, "{}"] {
            assert_eq!(judged(claims), None, "{claims}");
        }
        for (claims, actual) in [
            (
                r#"{"exp":1600}"#,
                "a token that expires in 10m, at 1970-01-01T00:26:40Z",
            ),
            (
                r#"{"exp":1090}"#,
                "a token that expires in 1m30s, at 1970-01-01T00:18:10Z",
            ),
            (
                r#"{"exp":1000}"#,
                "a token that expired 0s ago, at 1970-01-01T00:16:40Z",
            ),
            (
                r#"{"exp":980}"#,
                "a token that expired 20s ago, at 1970-01-01T00:16:20Z",
            ),
            (r#"{"exp":"soon"}"#, "a token whose `exp` is no number"),
        ] {
            let expected = "is valid for 10m, as long as a/x may take".to_owned();
            assert_eq!(judged(claims), Some((expected, actual.to_owned())));
        }
    }
}
