//! What a JSON Web Token says of itself (RFC 7519). Its signature is for those it is meant for.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value as Json};

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
