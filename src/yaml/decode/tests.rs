use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::*;
use crate::yaml::told::{told, tree};
use crate::yaml::{Duration, NonZeroDuration, Percent, Raw, Size};

#[derive(Debug, Deserialize, PartialEq)]
struct Http {
    url: String,
    #[serde(default)]
    method: Method,
    port: Option<u16>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
enum Method {
    #[default]
    #[serde(rename = "GET")]
    Get,
    #[serde(rename = "POST")]
    Post,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Probe {
    Http(Http),
    Tcp { host: String, port: u16 },
    Pair(u8, u8),
    Loopback,
}

fn value<T: DeserializeOwned>(text: &str) -> T {
    let mut problems = Diagnostics::default();
    let value = decode(&tree(text), &mut problems);
    assert!(problems.is_empty(), "{problems:?}");
    value.expect("a value")
}

fn problems<T: DeserializeOwned>(text: &str) -> Vec<String> {
    let mut problems = Diagnostics::default();
    let value: Option<T> = decode(&tree(text), &mut problems);
    assert!(value.is_none(), "no value where something is wrong");
    told(text, &problems)
}

#[test]
fn a_struct_is_decoded() {
    let http: Http = value(
        "url: http://x\nmethod: POST\nport: 80\nheaders: { a: 1.10, b: no, c: 010, d: true }\n",
    );
    let headers = [("a", "1.10"), ("b", "no"), ("c", "010"), ("d", "true")];
    assert_eq!(
        http,
        Http {
            url: "http://x".to_owned(),
            method: Method::Post,
            port: Some(80),
            headers: headers
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
        }
    );
}

#[test]
fn nothing_is_none_whether_missing_or_null() {
    for text in [
        "url: x",
        "{ url: x, port: }",
        "{ url: x, port: ~ }",
        "{ url: x, port: null }",
    ] {
        assert_eq!(value::<Http>(text).port, None, "{text}");
    }
}

#[test]
fn the_one_key_of_a_mapping_picks_the_variant() {
    assert_eq!(value::<Probe>("loopback"), Probe::Loopback);
    assert_eq!(value::<Probe>("{ loopback: }"), Probe::Loopback);
    assert_eq!(value::<Probe>("{ pair: [1, 2] }"), Probe::Pair(1, 2));
    assert_eq!(
        value::<Probe>("tcp: { host: h, port: 1 }"),
        Probe::Tcp {
            host: "h".to_owned(),
            port: 1
        }
    );
}

#[test]
fn all_mistakes_of_a_mapping_are_told_together() {
    assert_eq!(
        problems::<Vec<Probe>>(
            "- http: { ulr: x, port: http, method: GTE, headers: { a: [] } }\n- htpp: { url: x }\n- tcp: { prot: 1 }\n- tcp: { host: h, port: 70000 }\n- loopback"
        ),
        [
            "ulr: unknown key `ulr`; did you mean `url`? (expected `url`, `method`, `port` or `headers`)",
            "http: found the text `http`, expected a whole number from 0 to 65535",
            "GTE: unknown value `GTE`; did you mean `GET`? (expected `GET` or `POST`)",
            "[]: found an empty list, expected text",
            "htpp: unknown key `htpp`; did you mean `http`? (expected `http`, `tcp`, `pair` or `loopback`)",
            "prot: unknown key `prot`; did you mean `port`? (expected `host` or `port`)",
            "{ prot: 1 }: missing key `host`",
            "70000: found the number `70000`, expected a whole number from 0 to 65535",
        ]
    );
}

#[test]
fn a_number_is_a_number_and_nothing_else() {
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only its types matter")]
    struct Numbers {
        whole: Option<u32>,
        signed: Option<i8>,
        float: Option<f64>,
        small: Option<f32>,
        flag: Option<bool>,
        text: Option<String>,
    }
    for (text, expected) in [
        (
            "whole: 010",
            "010: the number `010` has a leading zero: leave it out, or write quotes around it if text is meant",
        ),
        (
            "whole: 1.5",
            "1.5: found the number `1.5`, expected a whole number from 0 to 4294967295",
        ),
        (
            "whole: -1",
            "-1: found the number `-1`, expected a whole number from 0 to 4294967295",
        ),
        (
            "whole: 4294967296",
            "4294967296: found the number `4294967296`, expected a whole number from 0 to 4294967295",
        ),
        (
            "whole: \"443\"",
            "\"443\": found the text `443`, expected a whole number from 0 to 4294967295 (numbers are written without quotes: `443`)",
        ),
        (
            "whole: 1_000",
            "1_000: found the text `1_000`, expected a whole number from 0 to 4294967295",
        ),
        (
            "whole: 1:30",
            "1:30: found the text `1:30`, expected a whole number from 0 to 4294967295",
        ),
        (
            "whole: true",
            "true: found `true`, expected a whole number from 0 to 4294967295",
        ),
        (
            "whole: .nan",
            ".nan: the number `.nan` is not a finite number, so nothing can be compared with it",
        ),
        (
            "signed: 128",
            "128: found the number `128`, expected a whole number from -128 to 127",
        ),
        (
            "signed: -170141183460469231731687303715884105729",
            "-170141183460469231731687303715884105729: the number `-170141183460469231731687303715884105729` is larger than any number we can compare",
        ),
        (
            "float: .inf",
            ".inf: the number `.inf` is not a finite number, so nothing can be compared with it",
        ),
        ("float: nan", "nan: found the text `nan`, expected a number"),
        (
            "float: 1e999",
            "1e999: the number `1e999` is larger than any number we can compare",
        ),
        (
            "small: 1e300",
            "1e300: the number `1e300` is larger than any number we can compare",
        ),
        (
            "flag: yes",
            "yes: found the text `yes`, expected `true` or `false` (write `true`, without quotes)",
        ),
        (
            "flag: off",
            "off: found the text `off`, expected `true` or `false` (write `false`, without quotes)",
        ),
        (
            "flag: 1",
            "1: found the number `1`, expected `true` or `false` (write `true`, without quotes)",
        ),
        (
            "flag: \"true\"",
            "\"true\": found the text `true`, expected `true` or `false` (write `true`, without quotes)",
        ),
        (
            "flag: maybe",
            "maybe: found the text `maybe`, expected `true` or `false`",
        ),
        ("text: [x]", "[x]: found a list, expected text"),
        ("text: { k: v }", "{ k: v }: found a mapping, expected text"),
    ] {
        assert_eq!(problems::<Numbers>(text), [expected], "{text}");
    }
    let fine: Numbers =
        value("{ whole: 0x1F, signed: -128, float: 3, small: 1e-3, flag: False, text: 1.10 }");
    assert_eq!(
        (fine.whole, fine.signed, fine.float),
        (Some(31), Some(-128), Some(3.0))
    );
}

#[test]
fn text_is_not_null() {
    assert_eq!(
        problems::<BTreeMap<String, String>>("{ a: null, b: , c: ~, d: \"null\", e: \"\" }"),
        [
            "null: found `null`, expected text (write quotes around it if the word is meant: `\"null\"`)",
            ": found nothing, expected text",
            "~: found `~`, expected text (write quotes around it if the word is meant: `\"~\"`)",
        ]
    );
}

#[test]
fn wrong_shapes_say_what_was_expected() {
    for (text, expected) in [
        ("[http]", "http: `http` needs a value: write `http: …`"),
        (
            "[{ http: }]",
            ": found nothing, expected a mapping with `url`, `method`, `port` or `headers`",
        ),
        (
            "[{ http: \"url:x\" }]",
            "\"url:x\": found the text `url:x`, expected a mapping with `url`, `method`, `port` or `headers`",
        ),
        (
            "[{ http: url:x }]",
            "url:x: found the text `url:x`, expected a mapping with `url`, `method`, `port` or `headers` (a space is missing after `:`: write `url: x`)",
        ),
        (
            "[{ http: { url: x }, tcp: 1 }]",
            "tcp: only one key may stand here, found `tcp` as well (expected one of `http`, `tcp`, `pair` or `loopback`)",
        ),
        (
            "[{}]",
            "{}: found an empty mapping, expected one of `http`, `tcp`, `pair` or `loopback`",
        ),
        (
            "[[]]",
            "[]: found an empty list, expected one of `http`, `tcp`, `pair` or `loopback`",
        ),
        (
            "[lopback]",
            "lopback: unknown value `lopback`; did you mean `loopback`? (expected `http`, `tcp`, `pair` or `loopback`)",
        ),
        (
            "[{ loopback: 1 }]",
            "1: found the number `1`, expected nothing",
        ),
        (
            "[{ pair: [1] }]",
            "[1]: found a list of 1 items, expected 2",
        ),
        (
            "[{ pair: 1 }]",
            "1: found the number `1`, expected a list of 2 items",
        ),
        (
            "loopback",
            "loopback: found the text `loopback`, expected a list (a list of one is written `[loopback]`)",
        ),
        ("http: 1", "http: 1: found a mapping, expected a list"),
    ] {
        assert_eq!(problems::<Vec<Probe>>(text), [expected], "{text}");
    }
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "only its types matter")]
struct Shared {
    shared: Raw,
    port: u16,
}

#[test]
fn a_mistake_in_a_shared_value_is_told_once_with_definition_and_use() {
    assert_eq!(
        problems::<Vec<Http>>("- &h { url: x, port: no }\n- *h\n- { url: y, port: maybe }\n"),
        [
            "no: found the text `no`, expected a whole number from 0 to 65535",
            "maybe: found the text `maybe`, expected a whole number from 0 to 65535",
        ]
    );
    assert_eq!(
        problems::<BTreeMap<String, Vec<u8>>>("{ a: [1, &x 2], b: [*x], c: [&y 300], d: [*y] }"),
        ["300: found the number `300`, expected a whole number from 0 to 255"]
    );
    assert_eq!(
        problems::<Shared>("shared: &s http\nport: *s\n"),
        ["http: found the text `http`, expected a whole number from 0 to 65535 [used here: *s]"]
    );
}

#[test]
fn any_value_keeps_its_type() {
    let json: serde_json::Value = value(
        "{ a: [1, -2, 1.5, 0x10], b: { c: ~, d: true, e: yes, f: \"1\" }, g: *x }"
            .replace(", g: *x", "")
            .as_str(),
    );
    assert_eq!(
        json,
        serde_json::json!({ "a": [1, -2, 1.5, 16], "b": { "c": null, "d": true, "e": "yes", "f": "1" } })
    );
    assert_eq!(
        problems::<serde_json::Value>("{ zip: 01234, x: .inf }"),
        [
            "01234: the number `01234` has a leading zero: leave it out, or write quotes around it if text is meant",
            ".inf: the number `.inf` is not a finite number, so nothing can be compared with it",
        ]
    );
}

#[test]
fn keys_may_be_numbers_where_the_type_says_so() {
    assert_eq!(
        value::<BTreeMap<u16, String>>("{ \"80\": a, \"443\": b }")[&443],
        "b"
    );
    assert_eq!(
        problems::<BTreeMap<u16, u8>>("{ \"80\": 1, http: 2, \"99999\": 3, \"1\": x }"),
        [
            "http: expected the key to be a whole number from 0 to 65535",
            "\"99999\": expected the key to be a whole number from 0 to 65535",
            "x: found the text `x`, expected a whole number from 0 to 255",
        ]
    );
}

/// The same text with every scalar that reads `LATER` only known later, and every `FILLED:…` filled.
fn late(text: &str) -> Node {
    fn walk(node: &mut Node) {
        match &mut node.kind {
            Kind::Scalar(scalar) if &*scalar.text == "LATER" => node.kind = Kind::Pending,
            Kind::Scalar(scalar) => {
                if let Some(value) = scalar.text.strip_prefix("FILLED:").map(Into::into) {
                    scalar.text = value;
                    scalar.style = crate::yaml::Style::Text;
                    scalar.filled = true;
                }
            }
            Kind::Sequence(items) => items.iter_mut().for_each(walk),
            Kind::Mapping(entries) => entries.iter_mut().for_each(|entry| walk(&mut entry.value)),
            Kind::Alias(_) | Kind::Pending => {}
        }
    }
    let mut tree = tree(text);
    walk(&mut tree);
    tree
}

#[derive(Debug, Deserialize)]
struct Everything {
    text: String,
    number: u16,
    float: f64,
    flag: bool,
    list: Vec<String>,
    map: BTreeMap<String, String>,
    option: Option<u8>,
    method: Method,
    pair: (u8, String),
    any: serde_json::Value,
    raw: Raw,
    duration: Duration,
    nonzero: NonZeroDuration,
    size: Size,
    percent: Percent,
}

const ALL_LATER: &str = "{ text: LATER, number: LATER, float: LATER, flag: LATER, list: LATER, map: LATER, option: LATER, method: LATER, pair: LATER, any: LATER, raw: { a: [LATER] }, duration: LATER, nonzero: LATER, size: LATER, percent: LATER }";

#[test]
fn a_value_known_later_stands_in_for_whatever_is_asked() {
    let mut problems = Diagnostics::default();
    let all: Option<Everything> = decode(&late(ALL_LATER), &mut problems);
    assert!(problems.is_empty(), "{problems:?}");
    let all = all.unwrap();
    assert_eq!(
        (all.text.as_str(), all.number, all.float, all.flag),
        ("pending", 1, 1.0, true)
    );
    assert_eq!((all.list.len(), all.map.len(), all.option), (0, 0, Some(1)));
    assert_eq!(
        (all.method, all.pair),
        (Method::Get, (1, "pending".to_owned()))
    );
    assert_eq!(all.any, serde_json::json!("pending"));
    assert_eq!(
        all.raw.0.get("a").unwrap().as_sequence().unwrap()[0].kind,
        Kind::Pending
    );
    assert_eq!(
        (all.duration.0.as_secs(), all.nonzero.get().as_secs()),
        (1, 1)
    );
    assert_eq!((all.size.0, all.percent), (1, Percent::ALL));
}

#[test]
fn what_shapes_the_rest_cannot_come_later() {
    for (text, expected) in [
        (
            "LATER",
            "LATER: this cannot be decided later: expected a mapping with `url`, `method`, `port` or `headers`",
        ),
        (
            "{ url: LATER, prot: LATER }",
            "prot: unknown key `prot`; did you mean `port`? (expected `url`, `method`, `port` or `headers`)",
        ),
    ] {
        let mut problems = Diagnostics::default();
        assert!(decode::<Http>(&late(text), &mut problems).is_none());
        assert_eq!(told(text, &problems), [expected]);
    }
    let mut problems = Diagnostics::default();
    assert!(decode::<Probe>(&late("LATER"), &mut problems).is_none());
    assert_eq!(
        told("LATER", &problems),
        ["LATER: this cannot be decided later: write the choice out"]
    );
}

#[test]
fn filled_text_may_be_a_number_if_it_parses_whole_and_is_never_shown() {
    let decoded = |text| {
        let mut problems = Diagnostics::default();
        let http: Option<Http> = decode(&late(text), &mut problems);
        http.map(|http| (http.url, http.port))
            .ok_or_else(|| told(text, &problems))
    };
    assert_eq!(
        decoded("{ url: FILLED:null, port: FILLED:443 }"),
        Ok(("null".to_owned(), Some(443)))
    );
    assert_eq!(
        decoded("{ url: x, port: FILLED:s3cr3t }"),
        Err(vec!["FILLED:s3cr3t: found text filled from a variable, expected a whole number from 0 to 65535".to_owned()])
    );
    assert_eq!(
        decoded("{ url: x, method: FILLED:s3cr3t }"),
        Err(vec!["FILLED:s3cr3t: the value filled in from a variable is none of those known here (expected `GET` or `POST`)".to_owned()])
    );
    let mut problems = Diagnostics::default();
    assert!(decode::<Duration>(&late("FILLED:s3cr3t"), &mut problems).is_none());
    assert_eq!(
        told("FILLED:s3cr3t", &problems),
        [
            "FILLED:s3cr3t: the value filled in is no duration; write a number and a unit, such as `10s`"
        ]
    );
}

#[test]
fn quantities_without_a_unit_are_told_at_their_value() {
    assert_eq!(
        problems::<BTreeMap<String, Duration>>("{ a: 10, b: 10s, c: 5m30, d: [] }"),
        [
            "10: a unit is missing: write `10s` for seconds, or another of us, ms, s, m, h, d",
            "5m30: a unit is missing: write `30s` for seconds, or another of us, ms, s, m, h, d",
            "[]: found an empty list, expected a duration such as `10s`",
        ]
    );
    assert_eq!(
        problems::<Vec<Percent>>("[95, 0.95, 0%, .nan]"),
        [
            "95: `95` lacks its sign: write `95%`",
            "0.95: `0.95` lacks its sign: write `95%`, or `0.95%` if that is meant",
            "0%: `0%` would let everything through; a percentage is above 0%",
            ".nan: `.nan` is no percentage; write a number with its sign, such as `80%`",
        ]
    );
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
#[expect(dead_code, reason = "it is never made")]
enum Buffered {
    Raw(Raw),
}

#[test]
fn raw_values_know_their_places_and_nothing_else_can_make_them() {
    let text = "{ k: [a, { b: 1 }] }";
    let raw: BTreeMap<String, Raw> = value(text);
    let inner = raw["k"].0.as_sequence().unwrap()[1].get("b").unwrap();
    assert_eq!(
        &text[inner.span.start as usize..inner.span.end as usize],
        "1"
    );
    assert_eq!(
        problems::<Buffered>("x"),
        ["x: data did not match any variant of untagged enum Buffered"]
    );
    assert!(serde_json::from_str::<Raw>("1").is_err());
}

#[test]
fn one_bad_item_hides_no_other_but_the_telling_ends() {
    let many = format!("[{}]", "x, ".repeat(1_000));
    assert_eq!(problems::<Vec<u8>>(&many).len(), MAX_ROUNDS);
    let unknown: Vec<_> = (0..1_000).map(|number| format!("k{number}: x\n")).collect();
    assert_eq!(
        problems::<Http>(&format!("url: x\n{}", unknown.concat())).len(),
        MAX_ROUNDS
    );
}
