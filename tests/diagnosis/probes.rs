//! What diagnosis knows of probes. It does not see them, and has their names from records: a probe that it has never heard of would be
//! grouped, and said to have got through, as one of nobody knows what.

use allclear::diagnosis::rules_schema;
use allclear::probe::AnyProbe;

#[test]
fn every_probe_there_is_is_known_and_no_other() {
    let schema: serde_json::Value = serde_json::from_str(&rules_schema()).unwrap();
    let one = &schema["$defs"]["when"]["properties"]["probe"]["anyOf"][0]["enum"];
    let known = one.as_array().unwrap().iter();
    let mut known: Vec<&str> = known.map(|name| name.as_str().unwrap()).collect();
    let mut there_are = AnyProbe::NAMES.to_vec();
    known.sort_unstable();
    there_are.sort_unstable();
    assert_eq!(known, there_are);
}
