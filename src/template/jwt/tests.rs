use super::*;

use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use sha2::{Digest, Sha256, Sha384, Sha512};

/// HMAC as RFC 2104 §2 defines it, by another hash than the one that signs.
fn hmac<D: Digest>(block: usize, key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut padded = if key.len() > block {
        D::digest(key).to_vec()
    } else {
        key.to_vec()
    };
    padded.resize(block, 0);
    let mix = |with: u8| padded.iter().map(|byte| byte ^ with).collect::<Vec<u8>>();
    let inner = D::new()
        .chain_update(mix(0x36))
        .chain_update(text)
        .finalize();
    let outer = D::new().chain_update(mix(0x5c)).chain_update(inner);
    outer.finalize().to_vec()
}

struct Parts {
    header: String,
    payload: String,
    signed: String,
    signature: Vec<u8>,
}

fn now() -> Timestamp {
    "2026-11-21T10:00:00.900Z".parse().unwrap()
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn token(arguments: &[(&str, Value)]) -> Parts {
    let token = make(arguments, now()).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, payload) = signed.split_once('.').unwrap();
    let json = |part| String::from_utf8(BASE64URL.decode(part).unwrap()).unwrap();
    Parts {
        header: json(header),
        payload: json(payload),
        signed: signed.to_owned(),
        signature: BASE64URL.decode(signature).unwrap(),
    }
}

#[test]
fn a_signature_is_that_of_the_rfc() {
    // RFC 7515 §A.1.
    let key =
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
    let signed = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let signature = sign("HS256", &BASE64URL.decode(key).unwrap(), signed.as_bytes());
    assert_eq!(
        BASE64URL.encode(signature),
        "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    );
}

#[test]
fn every_algorithm_signs_with_the_key_it_is_given() {
    let long = "k".repeat(200);
    for key in ["", "k", TEST_KEY, &long] {
        for (alg, wanted) in [
            (
                "HS256",
                hmac::<Sha256> as fn(usize, &[u8], &[u8]) -> Vec<u8>,
            ),
            ("HS384", hmac::<Sha384>),
            ("HS512", hmac::<Sha512>),
        ] {
            let made = token(&[("alg", text(alg)), ("key", text(key))]);
            let block = if alg == "HS256" { 64 } else { 128 };
            let wanted = wanted(block, key.as_bytes(), made.signed.as_bytes());
            assert_eq!(made.signature, wanted, "{alg} {key}");
            assert_eq!(made.header, format!(r#"{{"alg":"{alg}","typ":"JWT"}}"#));
        }
    }
}

#[test]
fn what_is_not_said_is_the_test_key_and_five_minutes() {
    let made = token(&[("sub", text("alice"))]);
    assert_eq!(made.header, r#"{"alg":"HS256","typ":"JWT"}"#);
    assert_eq!(
        made.payload,
        r#"{"sub":"alice","iat":1795255200,"exp":1795255500}"#
    );
    let key = TEST_KEY.as_bytes();
    assert_eq!(key.len(), 64);
    assert_eq!(
        made.signature,
        hmac::<Sha256>(64, key, made.signed.as_bytes())
    );
}

#[test]
fn none_signs_nothing() {
    let made = make(&[("alg", text("none"))], now()).unwrap();
    assert!(made.ends_with('.'));
    assert_eq!(made.split('.').count(), 3);
    assert_eq!(
        token(&[("alg", text("none"))]).header,
        r#"{"alg":"none","typ":"JWT"}"#
    );
}

#[test]
fn times_are_told_from_now_and_claims_keep_their_types() {
    let roles = Value::List(vec![text("a\"b"), Value::int(7)]);
    let made = token(&[
        ("exp", text("-1h")),
        ("nbf", text("1m30s")),
        ("admin", Value::Bool(true)),
        ("https://example.com/roles", roles),
        ("kid", text("k1")),
    ]);
    assert_eq!(made.header, r#"{"alg":"HS256","typ":"JWT","kid":"k1"}"#);
    assert_eq!(
        made.payload,
        r#"{"exp":1795251600,"nbf":1795255290,"admin":true,"https://example.com/roles":["a\"b",7],"iat":1795255200}"#
    );
    let without = token(&[("exp", text("none")), ("iat", text("none"))]);
    assert_eq!(without.payload, "{}");
}

#[test]
fn what_cannot_be_is_told() {
    for (argument, value, part) in [
        ("alg", text("HS265"), "did you mean `HS256`?"),
        ("alg", text("RS256"), "there are HS256, HS384, HS512, none"),
        ("alg", Value::Bool(true), "`alg` is text, not a boolean"),
        ("key", Value::int(5), "`key` is text, not a number"),
        ("kid", Value::Null, "`kid` is text, not null"),
        ("exp", Value::int(300), "as in \"5m\" or \"-1h\""),
        ("exp", text("5"), "a unit is missing"),
        ("exp", text("--5m"), "is negative"),
        ("nbf", text("soon"), "is no duration"),
        ("iat", text("1500ms"), "whole seconds"),
    ] {
        let why = check(argument, &value).expect_err(argument);
        assert!(why.contains(part), "{argument}: {why}");
        assert_eq!(make(&[(argument, value)], now()), Err(why));
    }
}
