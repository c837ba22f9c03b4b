//! Every fault a network can bring is met by a look of these tests, or it is said where else it is.

use std::fs;
use std::path::Path;

use allclear::model::FaultKind;

/// The layers of networks.
const LAYERS: &[&str] = &["dns", "tcp", "tls", "http", "proxy", "http2"];

/// Faults that no server can bring about here, each with the reason. The tests of the probe have them.
const ELSEWHERE: &[(&str, &str)] = &[
    (
        "dns.again",
        "only the system's resolver says it, whose settings are not ours",
    ),
    (
        "dns.fail",
        "only the system's resolver says it, whose settings are not ours",
    ),
    (
        "dns.system",
        "only the system's resolver says it, when the machine is broken",
    ),
    ("tcp.denied", "who may do everything is denied nothing"),
    ("tcp.other", "whatever the system says that nobody expected"),
    (
        "tls.no_alpn",
        "a server that speaks none of the protocols says so in an alert",
    ),
];

#[test]
fn every_fault_is_met_or_excused() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/network");
    let tests: String = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !path.ends_with("codes.rs"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let mut wrong = Vec::new();
    for known in FaultKind::catalogue() {
        if !LAYERS.contains(&known.layer()) {
            continue;
        }
        let quoted = match known.code.strip_suffix('N') {
            Some(family) => format!("\"{family}"),
            None => format!("\"{}\"", known.code),
        };
        let is_excused = ELSEWHERE.iter().any(|(code, _)| *code == known.code);
        if tests.contains(&quoted) == is_excused {
            wrong.push(known.code);
        }
    }
    assert!(
        wrong.is_empty(),
        "neither met nor excused, or both: {wrong:?}"
    );
}
