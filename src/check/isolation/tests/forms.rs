//! In which form something may leak.

use ::base64::Engine;
use ::base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::*;

#[test]
fn a_leak_is_found_in_every_form() {
    let nested = json!({ "a": [{ "b": json!({ "c": "n0nce-0001" }).to_string() }] }).to_string();
    let twice = json!({ "a": nested }).to_string();
    for leak in [
        "n0nce-0001",
        "<n0nce-0001>",
        "N0NCE-0001",
        r#"{"n0nce-0001":1}"#,
        r#"{"a":{"b":["x","n0nce-0001"]}}"#,
        r#"{"a":"\nn0nce-0001"}"#,
        r#"{"a":"\u006e0nce-0001"}"#,
        r#"{"a":"n0nce\u002D0001"}"#,
        "/chat?x=%22n0nce-0001%22",
        "/chat?x%3Dn0nce-0001",
        "%6e0nce%2D0001",
        "a%253Dn0nce%252D0001",
        r#"{"url":"\/x%3Dn0nce-0001"}"#,
        &nested,
        &twice,
    ] {
        let found = second(leak);
        assert_eq!(found.state, State::NotHeld, "{leak}");
        assert!(
            found
                .actual
                .unwrap()
                .contains("`nonce` of actor1 in event 2"),
            "{leak}"
        );
    }
    let binary = event(0, Data::Binary(10, "6e306e63652d30303031".to_owned()));
    let own = text("n0nce-0002");
    let seen = Observation::default().with("events", Value::List(vec![own, binary]));
    assert_eq!(
        judged(&[stream(&["actor1"]), seen])[1].state,
        State::NotHeld
    );
    // And in what comes beside the events.
    let beside = stream(&["n0nce-0002"]).with(
        "headers",
        to_value(json!({ "set-cookie": ["id=n0nce-0001; path=/"] })),
    );
    let found = judged(&[stream(&["actor1"]), beside]);
    assert_eq!(
        found[1].actual.as_deref(),
        Some("`nonce` of actor1 in the fact `headers`")
    );
}

#[test]
fn a_leak_is_found_in_base64() {
    let token = format!(
        "{}.{}.{}",
        URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#),
        URL_SAFE_NO_PAD.encode(r#"{"sub":"n0nce-0001","ok":"???>>>"}"#),
        URL_SAFE_NO_PAD.encode([0xff; 32])
    );
    assert!(token.contains('_'));
    // With each of the letters of its own, and with padding.
    let standard = STANDARD.encode("???>>>, n0nce-0001");
    assert!(standard.contains(['+', '/']));
    let padded = STANDARD.encode("n0nce-0001");
    assert!(padded.ends_with('='));
    let twice = STANDARD.encode(format!("a cursor: {padded}"));
    let escaped = json!({ "x": token.clone() }).to_string();
    for leak in [
        token.clone(),
        format!("Bearer {token}"),
        json!({ "token": token }).to_string(),
        format!("/api/agents?cursor={padded}&n=1"),
        format!("/files/{}", URL_SAFE_NO_PAD.encode("n0nce-0001")),
        padded.replace('=', "%3D"),
        standard.replace('+', "%2B").replace('/', "%2F"),
        standard.replace('/', "\\/"),
        standard.clone(),
        twice,
        STANDARD.encode(&escaped),
        STANDARD.encode("x%22n0nce-0001%22"),
    ] {
        assert_eq!(second(&leak).state, State::NotHeld, "{leak}");
    }
    // Wherever it begins, and wherever in it, and however short.
    for text in [
        format!("x{padded}"),
        format!("id_x{padded}"),
        format!("id-{}", URL_SAFE_NO_PAD.encode("actor1, actor3")),
        STANDARD.encode("xn0nce-0001"),
        STANDARD.encode("??n0nce-0001"),
        STANDARD.encode([&[0xff, 0xfe, 0x80][..], b"n0nce-0001", &[0xff]].concat()),
        STANDARD.encode("actor1"),
        STANDARD.encode("x:actor1"),
    ] {
        assert_eq!(second(&text).state, State::NotHeld, "{text}");
    }
    // But what may be a name by chance only where all around it is text.
    for text in [
        STANDARD.encode("factor1"),
        STANDARD.encode([&[0xe9; 6][..], b" actor1 ", &[0xe9; 6]].concat()),
    ] {
        assert_eq!(second(&text).state, State::Held, "{text}");
    }
}

#[test]
fn a_text_is_searched_in_time_linear_in_it() {
    let mut nested = "%5Cu0041 \\u0041 a+b ".repeat(2_000);
    for _ in 0..3 {
        nested = STANDARD.encode(&nested);
    }
    for text in [
        "%25".repeat(50_000),
        "\\\\".repeat(50_000),
        "YWFh".repeat(50_000),
        "YWFhYWFhYWFh/YWFhYWFhYWFh-".repeat(5_000),
        nested,
    ] {
        let (length, mut searched) = (text.len(), 0);
        form::each(text.as_bytes(), 0, true, &mut |form| {
            searched += form.bytes.len();
        });
        assert!(searched <= 60 * length, "{searched} of {length}");
    }
}

#[test]
fn spaces_quotes_and_letters_beyond_ascii_are_found_too() {
    let name = "Zoë \"Z\" Müller";
    for leak in [
        json!({ "name": name }).to_string(),
        "name=Zo%C3%AB+%22Z%22+M%C3%BCller".to_owned(),
        r#"{"name":"Zo\u00eb \"Z\" M\u00fcller"}"#.to_owned(),
        json!({ "inner": json!({ "name": name }).to_string() }).to_string(),
    ] {
        let seen = [stream(&[name]), stream(&["bobby", &leak])];
        let witnesses = [
            witness("zoe", vec![marker("user", name)], &seen[0]),
            witness("bobby", vec![marker("user", "bobby")], &seen[1]),
        ];
        let found = judge(&witnesses);
        assert_eq!(found[0].state, State::Held);
        assert_eq!(found[1].state, State::NotHeld, "{leak}");
    }
}

#[test]
fn a_leak_is_found_in_hexadecimal() {
    let hex = |text: &str, digit: fn(u8) -> String| text.bytes().map(digit).collect::<String>();
    let small = hex("n0nce-0001", |byte| format!("{byte:02x}"));
    let large = hex("n0nce-0001", |byte| format!("{byte:02X}"));
    let escaped = hex("n0nce-0001", |byte| format!("\\x{byte:02x}"));
    for leak in [
        &small,
        &large,
        &escaped,
        &format!("0x{large}"),
        &format!("f{small}"),
        &format!("ff{small}fe"),
        &format!(r#"{{"blob":"\\x{small}"}}"#),
        &STANDARD.encode(&small),
        &hex("actor1", |byte| format!("{byte:02x}")),
    ] {
        assert_eq!(second(leak).state, State::NotHeld, "{leak}");
    }
}

#[test]
fn a_leak_is_found_in_entities() {
    for leak in [
        "n0nce&#45;0001",
        "n0nce&#x2d;0001",
        "n0nce&#X2D;0001",
        "n0nce&#45 0001".replace(' ', "").as_str(),
        "&lt;b&gt;actor1&lt;/b&gt;",
        "&#110;&#48;&#x6e;&#99;&#101;&#45;&#48;&#48;&#48;&#49;",
        "n0nce&amp;#45;0001",
        r#"{"html":"<b title=\"n0nce&#x2D;0001\">"}"#,
    ] {
        // A number without its end goes on with the digits after it.
        let is_none = leak.contains("&#450001");
        let state = if is_none { State::Held } else { State::NotHeld };
        assert_eq!(second(leak).state, state, "{leak}");
    }
    let named = |text: &str| {
        let leak = stream(&["bobby", text]);
        let tom = stream(&["Tom & \"J\""]);
        judge(&[
            witness("tom", vec![marker("user", "Tom & \"J\"")], &tom),
            witness("bobby", vec![marker("user", "bobby")], &leak),
        ])[1]
            .state
    };
    for text in [
        "Tom &amp; &quot;J&quot;",
        "Tom &#38; &#34;J&#34;",
        "<i>Tom&#32;&amp; &quot;J&quot;</i>",
        "name=Tom+%26+%22J%22",
        "Tom \\u0026 \\u0022J\\u0022",
    ] {
        assert_eq!(named(text), State::NotHeld, "{text}");
    }
    assert_eq!(named("Tom &foo; &quot;J&quot; & &"), State::Held);
}

#[test]
fn a_leak_is_found_in_binary_frames() {
    let frame = |bytes: &[u8]| {
        let hex = bytes.iter().map(|byte| format!("{byte:02x}"));
        event(0, Data::Binary(bytes.len(), hex.collect()))
    };
    let found = |text: &str, bytes: &[u8]| {
        let own = stream(&[text]);
        let events = vec![self::text("n0nce-0002"), frame(bytes)];
        let seen = Observation::default().with("events", Value::List(events));
        judge(&[
            witness("zoe", vec![marker("user", text)], &own),
            witness("actor2", known(2), &seen),
        ])[1]
            .state
    };
    let little = |text: &str| {
        text.encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect::<Vec<_>>()
    };
    let big = |text: &str| {
        text.encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect::<Vec<_>>()
    };
    for text in ["n0nce-0001", "Zoë Müller", "Зоя Мельник"] {
        for bytes in [
            text.as_bytes().to_vec(),
            little(text),
            big(text),
            [&[7], &*little(text)].concat(),
            [&[7], &*big(text)].concat(),
            [&[0xff, 0xfe], &*little(&format!("{{\"u\":\"{text}\"}}"))].concat(),
            [&[0x0a, 9], text.as_bytes(), &[0x80, 0xff]].concat(),
        ] {
            assert_eq!(found(text, &bytes), State::NotHeld, "{text} {bytes:x?}");
        }
    }
    assert_eq!(found("n0nce-0001", &little("n0nce 0001")), State::Held);
    // As some shells are told what to do.
    let encoded = STANDARD.encode(little("echo n0nce-0001"));
    assert_eq!(second(&encoded).state, State::NotHeld);
}
