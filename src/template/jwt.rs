//! `jwt(…)`: JSON Web Tokens (RFC 7519) for tests of who is let in, signed by HMAC (RFC 7518 §3.2) or not at all.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::hmac;

use super::filter::article;
use super::text::json_text;
use crate::model::Value;
use crate::yaml::{did_you_mean, nearest, parse_duration};

/// Signs where no `key` is given: 64 bytes, enough for each algorithm (RFC 7518 §3.2). It stands in docs/suites.md, so it is a
/// secret to nobody.
pub(super) const TEST_KEY: &str =
    "allclear-test-key:everybody-knows-it-so-no-server-may-accept-it!";

/// The name a token tells the time by.
pub(super) const CLOCK: &str = "now";

/// How long a token is good where no `exp` is given, in seconds.
const LIFETIME: i64 = 5 * 60;

const ALGORITHMS: [&str; 4] = ["HS256", "HS384", "HS512", "none"];

/// What an argument with this name is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// `alg`, `kid`: members of the header (RFC 7515 §4.1.1, §4.1.4).
    Algorithm,
    KeyId,
    /// `key`.
    Key,
    /// `exp`, `nbf`, `iat`: times (RFC 7519 §4.1.4 to §4.1.6).
    Time,
    /// Everything else is a claim as it is.
    Claim,
}

impl Role {
    fn of(argument: &str) -> Self {
        match argument {
            "alg" => Self::Algorithm,
            "kid" => Self::KeyId,
            "key" => Self::Key,
            "exp" | "nbf" | "iat" => Self::Time,
            _ => Self::Claim,
        }
    }
}

/// Whether an argument can have this value; says what would be right. What it says has no value in it that may be secret.
pub(super) fn check(argument: &str, value: &Value) -> Result<(), String> {
    match Role::of(argument) {
        Role::Algorithm => algorithm(value).map(drop),
        Role::KeyId | Role::Key => text(argument, value).map(drop),
        Role::Time => seconds(argument, value).map(drop),
        Role::Claim => Ok(()),
    }
}

/// The argument that a claim's name is a slip of.
pub(super) fn meant(argument: &str) -> Option<&'static str> {
    let own = ["alg", "kid", "key", "exp", "nbf", "iat"];
    match Role::of(argument) {
        Role::Claim => nearest(argument, own),
        Role::Algorithm | Role::KeyId | Role::Key | Role::Time => None,
    }
}

/// Whether it is what a token is signed with.
pub(super) fn is_key(argument: &str) -> bool {
    Role::of(argument) == Role::Key
}

/// The token, in the compact form (RFC 7515 §3.1). Claims come in the order given, then `iat` and `exp` unless they are given,
/// in whole seconds (RFC 7519 §2).
pub(super) fn make(arguments: &[(&str, Value)], now: Timestamp) -> Result<String, String> {
    let mut alg = "HS256";
    let mut key = TEST_KEY;
    let mut header = vec![("typ".to_owned(), Value::Text("JWT".to_owned()))];
    let mut claims = Claims::at(now);
    for (name, value) in arguments {
        match Role::of(name) {
            Role::Algorithm => alg = algorithm(value)?,
            Role::Key => key = text(name, value)?,
            Role::KeyId => {
                let id = text(name, value)?.to_owned();
                header.push(((*name).to_owned(), Value::Text(id)));
            }
            Role::Time => claims.time(name, seconds(name, value)?),
            Role::Claim => claims.list.push(((*name).to_owned(), value.clone())),
        }
    }
    let is_given = |claim: &str| arguments.iter().any(|(name, _)| *name == claim);
    for (claim, offset) in [("iat", 0), ("exp", LIFETIME)] {
        if !is_given(claim) {
            claims.time(claim, Some(offset));
        }
    }
    header.insert(0, ("alg".to_owned(), Value::Text(alg.to_owned())));
    let part = |members| URL_SAFE_NO_PAD.encode(json_text(&Value::Map(members)));
    let signed = format!("{}.{}", part(header), part(claims.list));
    let signature = sign(alg, key.as_bytes(), signed.as_bytes());
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

struct Claims {
    now: Timestamp,
    list: Vec<(String, Value)>,
}

impl Claims {
    fn at(now: Timestamp) -> Self {
        let list = Vec::new();
        Self { now, list }
    }

    /// `None` leaves it out.
    fn time(&mut self, claim: &str, offset: Option<i64>) {
        if let Some(offset) = offset {
            let at = self.now.as_second().saturating_add(offset);
            self.list.push((claim.to_owned(), Value::int(at)));
        }
    }
}

/// The signature over what is signed; of `none` it is empty (RFC 7518 §3.6).
fn sign(alg: &str, key: &[u8], signed: &[u8]) -> Vec<u8> {
    let algorithm = match alg {
        "HS256" => hmac::HMAC_SHA256,
        "HS384" => hmac::HMAC_SHA384,
        "HS512" => hmac::HMAC_SHA512,
        _ => return Vec::new(),
    };
    let key = hmac::Key::new(algorithm, key);
    hmac::sign(&key, signed).as_ref().to_vec()
}

fn algorithm(value: &Value) -> Result<&'static str, String> {
    let wanted = text("alg", value)?;
    let known = ALGORITHMS.iter().find(|known| **known == wanted);
    known.copied().ok_or_else(|| {
        let hint = did_you_mean(wanted, ALGORITHMS);
        format!(
            "no algorithm of `jwt`: there are {}{hint}",
            ALGORITHMS.join(", ")
        )
    })
}

/// How far from now a time is; `None` for one that is to be left out.
fn seconds(argument: &str, value: &Value) -> Result<Option<i64>, String> {
    let (sign, duration) = match value {
        Value::Text(text) | Value::Untyped(text) if text == "none" => return Ok(None),
        Value::Text(text) | Value::Untyped(text) => match text.strip_prefix('-') {
            Some(ago) => (-1, parse_duration(ago)?),
            None => (1, parse_duration(text)?),
        },
        Value::Duration(duration) => (1, *duration),
        _ => {
            return Err(format!(
                "`{argument}` is how far from now it is, as in \"5m\" or \"-1h\", or \"none\"; not {}",
                article(value)
            ));
        }
    };
    // A NumericDate may have a fraction, but many who read tokens take none.
    if duration.subsec_nanos() != 0 {
        return Err(format!("`{argument}` is told in whole seconds"));
    }
    let seconds = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    Ok(Some(sign * seconds))
}

fn text<'v>(argument: &str, value: &'v Value) -> Result<&'v str, String> {
    match value {
        Value::Text(text) | Value::Untyped(text) => Ok(text),
        _ => Err(format!("`{argument}` is text, not {}", article(value))),
    }
}

#[cfg(test)]
mod tests;
