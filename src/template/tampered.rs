//! `tampered`: a token whose signature is another, so that nobody who verifies it can accept it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The token (RFC 7515 §3.1) with the middle byte of its signature inverted: as long, as well-formed, and wrong. The last
/// character is left alone, for some of its bits may mean nothing. The error says what is missing, never what was there.
pub(super) fn tampered(token: &str) -> Result<String, String> {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else {
        let found = parts.len();
        return Err(no_token(&format!(
            "it has three parts between dots, and this has {found}"
        )));
    };
    let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
    let is_object = decoded(header).is_some_and(|json| {
        serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&json).is_ok()
    });
    if !is_object {
        return Err(no_token("its first part is a JSON object in base64url"));
    }
    if decoded(payload).is_none() {
        return Err(no_token("its second part is base64url"));
    }
    let Some(mut bytes) = decoded(signature) else {
        return Err(no_token("its last part is base64url"));
    };
    let middle = bytes.len() / 2;
    let Some(byte) = bytes.get_mut(middle) else {
        return Err(
            "is a token without a signature, so there is nothing to tamper with".to_owned(),
        );
    };
    *byte = !*byte;
    let signature = URL_SAFE_NO_PAD.encode(bytes);
    Ok(format!("{header}.{payload}.{signature}"))
}

fn no_token(why: &str) -> String {
    format!("is no JSON Web Token, which `tampered` needs: {why}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7515 §A.1.
    const TOKEN: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    #[test]
    fn only_a_byte_amid_the_signature_is_another() {
        let other = tampered(TOKEN).unwrap();
        let (signed, signature) = other.rsplit_once('.').unwrap();
        let (was_signed, was) = TOKEN.rsplit_once('.').unwrap();
        assert_eq!(signed, was_signed);
        assert_eq!(signature.len(), was.len());
        assert_eq!(signature.chars().last(), was.chars().last());
        let bytes = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
        let (now, before) = (bytes(signature), bytes(was));
        let differs = |at: &usize| now[*at] != before[*at];
        let changed: Vec<usize> = (0..now.len()).filter(differs).collect();
        assert_eq!(changed, [16]);
        assert_eq!(tampered(&other).unwrap(), TOKEN);
        // One byte is the shortest signature there is.
        assert_eq!(tampered("e30..AA").unwrap(), "e30.._w");
    }

    #[test]
    fn what_is_no_token_is_told_and_not_shown() {
        for (text, part) in [
            ("", "this has 1"),
            ("opaque-token", "this has 1"),
            ("a.b.c.d.e", "this has 5"),
            ("AA.e30.AA", "its first part"),
            ("W10.e30.AA", "its first part"),
            ("e30.e3=.AA", "its second part"),
            ("e30.e30.A A", "its last part"),
            // Bits that mean nothing are set.
            ("e30.e30.AB", "its last part"),
            ("e30.e30.", "without a signature"),
        ] {
            let why = tampered(text).expect_err(text);
            assert!(why.contains(part), "{text}: {why}");
            assert!(text.is_empty() || !why.contains(text), "{why}");
        }
    }
}
