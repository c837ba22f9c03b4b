//! The tokens people are given when they log in: JSON Web Tokens (RFC 7519), signed by HMAC with SHA-256 (RFC 7518 §3.2).

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::demo::Fault;

/// Who signs: everybody who logs people in here.
pub(in crate::demo) const ISSUER: &str = "https://auth.demo.example";

/// For whom: this service.
pub(in crate::demo) const AUDIENCE: &str = "demo-api";

/// How long a token is good, in seconds.
const LIFETIME: u64 = 60 * 60;

/// Gives tokens, and says whose they are.
#[derive(Debug)]
pub(super) struct Tokens {
    fault: Fault,
    key: hmac::Key,
}

/// What a token says, as far as anybody asks.
#[derive(Debug, PartialEq, Deserialize)]
pub(super) struct Claims {
    /// The user.
    pub(super) sub: String,
    /// The session it was given for. A token without one was made by somebody else who has the key, and nobody can revoke it.
    pub(super) jti: Option<String>,
    iss: String,
    aud: Audience,
    exp: f64,
    #[serde(default)]
    nbf: f64,
}

/// RFC 7519 §4.1.3: one, or a list of them.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    /// What has to be understood besides (RFC 7515 §4.1.11): we understand nothing.
    crit: Option<Value>,
}

impl Tokens {
    /// With the key, as text.
    pub(super) fn new(fault: Fault, key: &str) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
        Self { fault, key }
    }

    /// A token for this user and this session.
    pub(super) fn give(&self, user: &str, session: &str) -> String {
        let now = now();
        let claims = json!({
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": user,
            "iat": now,
            "exp": now + LIFETIME,
            "jti": session,
        });
        let part = |part: Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let header = json!({ "alg": "HS256", "typ": "JWT" });
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = hmac::sign(&self.key, signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// What a token says that is ours, signed, in time and for us; why it is none.
    pub(super) fn read(&self, token: &str) -> Result<Claims, &'static str> {
        let (signed, signature) = token.rsplit_once('.').ok_or("the token has no parts")?;
        let (header, claims) = signed.split_once('.').ok_or("the token has two parts")?;
        let header: Header = decoded(header).ok_or("the header of the token cannot be read")?;
        if header.crit.is_some() {
            return Err("the token asks for more than is understood here");
        }
        let is_unsigned = self.fault == Fault::TokenUnsigned && header.alg == "none";
        if !is_unsigned {
            self.verify(&header, signed, signature)?;
        }
        let claims: Claims = decoded(claims).ok_or("the claims of the token cannot be read")?;
        if claims.iss != ISSUER {
            return Err("the token is from somebody else");
        }
        if !claims.aud.holds(AUDIENCE) && self.fault != Fault::TokenAudience {
            return Err("the token is for somebody else");
        }
        let now = now() as f64;
        if claims.exp <= now && self.fault != Fault::TokenExpired {
            return Err("the token has expired");
        }
        if claims.nbf > now {
            return Err("the token is not yet good");
        }
        Ok(claims)
    }

    fn verify(&self, header: &Header, signed: &str, signature: &str) -> Result<(), &'static str> {
        // Never what the token asks for: who chooses the algorithm chooses `none`.
        if header.alg != "HS256" {
            return Err("the token is signed in another way");
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
        let verified = hmac::verify(&self.key, signed.as_bytes(), &signature);
        match self.fault {
            Fault::TokenTampered => Ok(()),
            _ => verified.map_err(|_| "the token is signed by somebody else"),
        }
    }
}

impl Audience {
    fn holds(&self, wanted: &str) -> bool {
        match self {
            Self::One(one) => one == wanted,
            Self::Many(many) => many.iter().any(|one| one == wanted),
        }
    }
}

fn decoded<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

/// In seconds since 1970 (RFC 7519 §2, `NumericDate`).
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "a key of this test";

    fn made(header: &Value, claims: &Value, key: &str) -> String {
        let part = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
        let signature = hmac::sign(&key, signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn header() -> Value {
        json!({ "alg": "HS256" })
    }

    /// Claims that are good, but for these.
    fn claims(other: &[(&str, Value)]) -> Value {
        let mut claims =
            json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "exp": now() + 60 });
        for (name, value) in other {
            claims[*name] = value.clone();
        }
        claims
    }

    fn read(fault: Fault, token: &str) -> Result<String, &'static str> {
        Tokens::new(fault, KEY).read(token).map(|claims| claims.sub)
    }

    #[test]
    fn a_token_that_was_given_is_read() {
        let tokens = Tokens::new(Fault::None, KEY);
        let claims = tokens.read(&tokens.give("alice", "s1")).unwrap();
        assert_eq!(
            (claims.sub.as_str(), claims.jti.as_deref()),
            ("alice", Some("s1"))
        );
        let stranger = Tokens::new(Fault::None, "another key");
        assert!(stranger.read(&tokens.give("alice", "s1")).is_err());
    }

    #[test]
    fn one_that_somebody_else_made_with_the_key_is_read() {
        let token = made(&header(), &claims(&[]), KEY);
        assert_eq!(read(Fault::None, &token), Ok("alice".to_owned()));
        let many = claims(&[("aud", json!(["other", AUDIENCE]))]);
        assert!(read(Fault::None, &made(&header(), &many, KEY)).is_ok());
    }

    #[test]
    fn what_is_wrong_with_a_token_is_said_and_each_fault_overlooks_one_thing() {
        let unsigned = {
            let token = made(&json!({ "alg": "none" }), &claims(&[]), KEY);
            format!("{}.", token.rsplit_once('.').unwrap().0)
        };
        let with = |name, value| made(&header(), &claims(&[(name, value)]), KEY);
        let cases = [
            (unsigned, "in another way", Some(Fault::TokenUnsigned)),
            (
                made(&header(), &claims(&[]), "no key"),
                "by somebody else",
                Some(Fault::TokenTampered),
            ),
            (
                with("exp", json!(now() - 1)),
                "expired",
                Some(Fault::TokenExpired),
            ),
            (
                with("aud", json!("other")),
                "for somebody else",
                Some(Fault::TokenAudience),
            ),
            (with("iss", json!("other")), "from somebody else", None),
            (with("nbf", json!(now() + 60)), "not yet", None),
            (with("exp", Value::Null), "cannot be read", None),
            (
                made(&json!({ "alg": "HS384" }), &claims(&[]), KEY),
                "in another way",
                None,
            ),
            (
                made(&json!({ "alg": "HS256", "crit": ["x"] }), &claims(&[]), KEY),
                "more than",
                None,
            ),
            (String::new(), "no parts", None),
            ("a.b".to_owned(), "two parts", None),
            ("a.b.c".to_owned(), "header", None),
        ];
        let faults = [
            Fault::None,
            Fault::TokenUnsigned,
            Fault::TokenTampered,
            Fault::TokenExpired,
            Fault::TokenAudience,
        ];
        for (token, why, overlooking) in cases {
            for fault in faults {
                let read = read(fault, &token);
                if Some(fault) == overlooking {
                    assert_eq!(read, Ok("alice".to_owned()), "{why}");
                } else {
                    assert!(read.unwrap_err().contains(why), "{fault}: {why}");
                }
            }
        }
    }
}
