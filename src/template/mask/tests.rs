use super::*;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use proptest::prelude::*;

const SECRET: &str = "p\"w\\<&>s3'cr/3t é";

fn mask(secrets: &[&str]) -> Mask {
    let mask = Mask::default();
    for secret in secrets {
        assert!(mask.add(secret), "{secret}");
    }
    mask
}

fn hex(text: &str) -> String {
    let two =
        |byte: u8| [byte >> 4, byte & 15].map(|half| char::from_digit(half.into(), 16).unwrap());
    text.bytes().flat_map(two).collect()
}

#[test]
fn a_secret_is_masked_in_every_form() {
    let form: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    let mut url = url::Url::parse("http://host/").unwrap();
    url.set_password(Some(SECRET)).unwrap();
    url.set_query(Some(&format!("q={SECRET}")));
    let mut path = url::Url::parse("http://host/").unwrap();
    path.path_segments_mut().unwrap().push(SECRET);
    let json = serde_json::json!({ "a": SECRET }).to_string();
    let nested = serde_json::json!({ "a": json }).to_string();
    let minijinja = minijinja::Environment::new()
        .render_str(
            "{{ s|tojson }} {{ s|urlencode }}",
            minijinja::context! { s => SECRET },
        )
        .unwrap();
    let html = minijinja::Environment::new()
        .render_named_str("x.html", "{{ s }}", minijinja::context! { s => SECRET })
        .unwrap();
    let mask = mask(&[SECRET]);
    for (name, text, hint) in [
        ("raw", SECRET.to_owned(), "s3'cr"),
        ("form", form, "s3"),
        ("url", url.to_string(), "cr"),
        ("path", path.to_string(), "cr"),
        ("json", json, "s3"),
        ("nested", nested, "s3"),
        ("minijinja", minijinja, "cr"),
        ("html", html, "cr"),
        ("hex", format!("00{}ff", hex(SECRET)), &hex("s3'cr")),
        (
            "HEX",
            hex(SECRET).to_uppercase(),
            &hex("s3'cr").to_uppercase(),
        ),
        (
            "ascii json",
            "p\\\"w\\\\<&>s3'cr/3t \\u00e9".to_owned(),
            "s3",
        ),
        ("php", "p\\\"w\\\\<&>s3'cr\\/3t \\u00e9".to_owned(), "s3"),
        (
            "go",
            "p\\\"w\\\\\\u003c\\u0026\\u003es3'cr/3t é".to_owned(),
            "s3",
        ),
        (
            "xml",
            "p&quot;w\\&lt;&amp;&gt;s3&apos;cr/3t é".to_owned(),
            "s3",
        ),
        ("debug", format!("{SECRET:?}"), "s3"),
        (
            "lower hex",
            "p%22w%5c%3c%26%3es3%27cr%2f3t%20%c3%a9".to_owned(),
            "s3",
        ),
    ] {
        let masked = mask.apply(&text);
        assert!(masked.contains("***"), "{name}: {text} -> {masked}");
        assert!(!masked.contains(hint), "{name}: {text} -> {masked}");
    }
}

#[test]
fn base64_is_masked_wherever_the_secret_stands_in_it() {
    let mask = mask(&[SECRET]);
    for before in ["", "u", "us", "usr", "user:"] {
        for after in ["", ":", ":x", ":xy"] {
            let text = format!("{before}{SECRET}{after}");
            for encoded in [STANDARD.encode(&text), URL_SAFE_NO_PAD.encode(&text)] {
                let header = format!("Basic {encoded}");
                let masked = mask.apply(&header);
                // At most the characters that carry bits of what stands around it remain.
                let rest = masked.len() - "Basic ***".len();
                let around = (before.len() + after.len()).div_ceil(3) * 4 + 4;
                assert!(
                    masked.contains("***") && rest <= around,
                    "{header} -> {masked}"
                );
            }
        }
    }
}

#[test]
fn short_secrets_are_refused_and_eat_nothing() {
    let mask = Mask::default();
    for short in ["", "a", "true", "12345", "äöüßé"] {
        assert!(!mask.add(short), "{short}");
    }
    assert_eq!(mask.apply("a true 12345"), "a true 12345");
    assert!(matches!(mask.apply("x"), Cow::Borrowed(_)));
}

#[test]
fn overlapping_secrets_leave_nothing_behind() {
    let mask = mask(&["abcdefgh", "fghijklm", "cdefgh-long"]);
    assert_eq!(mask.apply("<abcdefghijklm>"), "<***>");
    assert_eq!(mask.apply("<abcdefgh-long>"), "<***>");
    assert_eq!(mask.apply("abcdefgh fghijklm"), "*** ***");
}

#[test]
fn each_line_of_a_secret_is_a_secret() {
    let mask = mask(&["-----BEGIN KEY-----\r\nMIIEvQIBADAN\r\nabc\r\n"]);
    assert_eq!(mask.apply("key MIIEvQIBADAN abc"), "key *** abc");
}

#[test]
fn clones_share_and_debugging_shows_nothing() {
    let mask = Mask::default();
    let clone = mask.clone();
    mask.apply("before");
    assert!(clone.add("hunter22"));
    assert_eq!(mask.apply("my hunter22!"), "my ***!");
    assert!(!format!("{mask:?}").contains("hunter22"));
}

#[test]
fn secrets_added_one_by_one_between_uses_are_all_masked() {
    let mask = Mask::default();
    let secret = |number: u32| format!("token-{number:04}-of-attempt");
    for number in 0..200 {
        mask.add(&secret(number));
        let seen = format!("{} {}", secret(0), secret(number));
        assert_eq!(mask.apply(&seen), "*** ***");
    }
    assert!(mask.automata().len() < 10);
    // Across layers, too.
    mask.add("0000-of-attempt-and-more");
    assert_eq!(mask.apply("<token-0000-of-attempt-and-more>"), "<***>");
}

#[test]
fn many_secrets_and_much_text_take_linear_time() {
    let mask = Mask::default();
    for number in 0..1_000 {
        mask.add(&format!("secret-number-{number:06}"));
    }
    let text = "nothing to see here, secret-number-000500, ".repeat(50_000);
    let masked = mask.apply(&text);
    assert_eq!(masked.matches("***").count(), 50_000);
}

proptest! {
    #[test]
    fn whatever_is_added_is_never_left(
        secrets in prop::collection::vec("[a-c]{6,9}", 1..5),
        text in "[a-c]{0,60}",
    ) {
        let mask = Mask::default();
        for secret in &secrets {
            mask.add(secret);
        }
        let masked = mask.apply(&text);
        for secret in &secrets {
            prop_assert!(!masked.contains(secret.as_str()));
        }
    }
}

#[test]
fn what_one_layer_covers_stays_covered_whatever_another_finds_before_it() {
    // Of the many forms of a long secret and the few of a short one the second becomes a layer of its own.
    let long = "Zq9/w\"ord<x>&+ %x%41\\é't";
    for (first, second) in [(long, "hunter22"), ("hunter22", long)] {
        let mask = Mask::default();
        for secret in [first, second] {
            assert!(mask.add(secret));
            assert_eq!(mask.apply(secret), "***");
        }
        let text = format!("{long} hunter22 {long} hunter22 hunter22 {long}");
        assert_eq!(mask.apply(&text), "*** *** *** *** *** ***");
    }
}

#[test]
fn a_word_of_a_command_line_is_masked_as_shells_quote_it() {
    let quoted = format!("'{}'", SECRET.replace('\'', r"'\''"));
    assert_eq!(mask(&[SECRET]).apply(&quoted), "'***'");
}

#[test]
fn a_secret_in_the_name_of_a_host_is_masked() {
    let url = url::Url::parse("https://Hunter2Hunter.example/").unwrap();
    let masked = mask(&["Hunter2Hunter"]);
    assert_eq!(masked.apply(url.as_str()), "https://***.example/");
}

#[test]
fn a_secret_in_a_path_is_masked_as_the_path_is_written() {
    let secret = "abc|d\"ef<g>^`{h}~*+é%41";
    let url = url::Url::parse(&format!("http://host/p/{secret}")).unwrap();
    assert!(!url.path().contains(secret), "{url}");
    assert_eq!(mask(&[secret]).apply(url.as_str()), "http://host/p/***");
}
