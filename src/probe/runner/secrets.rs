//! `look: secrets`: can what we were trusted with be used?

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::finding;
use crate::check::{NoDate, Token};
use crate::model::{Observation, Value};
use crate::probe::Context;
use crate::probe::look::Look;

/// How long a token has to be valid when the run has no deadline.
const WITHOUT_DEADLINE: Duration = Duration::from_mins(10);

/// Clocks of two machines differ; a token from "the future" is refused only beyond this.
const LEEWAY: u64 = 60;

/// What people write where a secret is to be put later, in small letters.
const PLACEHOLDERS: &[&str] = &[
    "null",
    "none",
    "nil",
    "undefined",
    "changeme",
    "change_me",
    "change-me",
    "changeit",
    "todo",
    "tbd",
    "fixme",
    "replaceme",
    "replace_me",
    "replace-me",
    "placeholder",
    "dummy",
    "redacted",
    "example",
];

/// Beginnings of such words.
const PREFIXES: &[&str] = &[
    "test_token",
    "test-token",
    "your_",
    "your-",
    "todo:",
    "todo ",
];

/// `unusable`: every secret that cannot be had or cannot be what it should be.
pub(super) fn look(ctx: &Context) -> Observation {
    let mut look = Look::begin(ctx);
    let inventory = &ctx.shared.inventory;
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.unwrap_or_default().as_secs();
    let until = now + inventory.deadline.unwrap_or(WITHOUT_DEADLINE).as_secs();
    let unusable = inventory.credentials.iter().filter_map(|(name, found)| {
        let why = match found {
            Ok(text) => wrong_with(text, now, until)?,
            Err(why) => why.clone(),
        };
        Some(finding(name, why))
    });
    let unusable = Value::List(unusable.collect());
    look.fact("unusable", unusable);
    look.finish()
}

/// Never quotes what it is about.
fn wrong_with(text: &str, now: u64, until: u64) -> Option<String> {
    let word = text.trim();
    if word.is_empty() {
        return Some("it is empty".to_owned());
    }
    if is_placeholder(word) {
        return Some("it is a placeholder; put the real one where it comes from".to_owned());
    }
    if word != text {
        return Some("white space is around it; take it out where it comes from".to_owned());
    }
    Token::read(word).and_then(|token| wrong_with_token(&token, now, until))
}

fn is_placeholder(word: &str) -> bool {
    let small = word.to_lowercase();
    let mut letters = small.chars();
    // `xxxxxx`, `******`, `......`: one letter, several times.
    let is_one_letter = small.chars().count() >= 3
        && letters
            .next()
            .is_some_and(|first| "x*.-_?".contains(first) && letters.all(|next| next == first));
    let is_bracketed = small.starts_with('<') && small.ends_with('>');
    is_one_letter
        || is_bracketed
        || small.contains("${")
        || small.contains("{{")
        || PLACEHOLDERS.contains(&small.as_str())
        || PREFIXES.iter().any(|prefix| small.starts_with(prefix))
}

/// What its own dates say.
fn wrong_with_token(token: &Token, now: u64, until: u64) -> Option<String> {
    match token.expires() {
        Some(Err(NoDate)) => return Some("the `exp` of this token is no number".to_owned()),
        Some(Ok(expires)) if expires <= now as f64 => {
            return Some("this token has expired; get a new one".to_owned());
        }
        Some(Ok(expires)) if expires <= until as f64 => {
            let left = Duration::from_secs(until - now);
            return Some(format!(
                "this token expires before the run may end ({left:?} from its start); get a new one"
            ));
        }
        Some(Ok(_)) | None => {}
    }
    match token.begins() {
        Some(Err(NoDate)) => Some("the `nbf` of this token is no number".to_owned()),
        Some(Ok(begins)) if begins > (now + LEEWAY) as f64 => {
            Some("this token is not valid yet".to_owned())
        }
        Some(Ok(_)) | None => None,
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    const NOW: u64 = 1_000_000;

    fn wrong(text: &str) -> String {
        wrong_with(text, NOW, NOW + 600).unwrap_or_default()
    }

    fn token(claims: &str) -> String {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.c2ln", part(r#"{"alg":"none"}"#), part(claims))
    }

    #[test]
    fn placeholders_are_no_secrets() {
        for text in [
            "changeme",
            "ChangeMe",
            "null",
            "TODO",
            "xxx",
            "XXXXXXXX",
            "test_token_for_staging",
            "<token>",
            "${TOKEN}",
            "{{ token }}",
            "your-api-key",
            "********",
        ] {
            assert!(
                wrong(text).contains("placeholder"),
                "{text}: {}",
                wrong(text)
            );
        }
        for text in ["", " "] {
            assert!(wrong(text).contains("empty"));
        }
        for text in [
            "s3cret-and-long",
            "nullify",
            "a.b.c",
            "xx-yy",
            "-----BEGIN KEY-----",
        ] {
            assert_eq!(wrong(text), "", "{text}");
        }
        assert!(wrong("s3cret ").contains("white space"));
    }

    #[test]
    fn a_token_outlives_the_run() {
        for (claims, why) in [
            (r#"{"exp":999999}"#, "has expired"),
            (r#"{"exp":1000000}"#, "has expired"),
            (r#"{"exp":1000600}"#, "before the run may end (600s"),
            (r#"{"exp":"never"}"#, "`exp` of this token is no number"),
            (r#"{"exp":2000000,"nbf":1000100}"#, "not valid yet"),
        ] {
            for text in [token(claims), format!("Bearer {}", token(claims))] {
                let told = wrong(&text);
                assert!(told.contains(why), "{claims}: {told}");
                assert!(!told.contains(&text));
            }
        }
        for claims in [
            r#"{"exp":1000601}"#,
            r#"{"exp":1000600.5}"#,
            r#"{"exp":2000000,"nbf":1000030}"#,
            "{}",
            "[]",
        ] {
            assert_eq!(wrong(&token(claims)), "", "{claims}");
        }
    }
}
