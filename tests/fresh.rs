//! What is generated and committed matches the code. `UPDATE=1` (or `just renew`) writes it anew.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};

/// In `docs/suites.md` and `docs/rules.md` everything below this line is generated.
const BELOW: &str =
    "<!-- Generated from here on, from the code: `just renew` writes it anew. -->\n";

fn path(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(below)
}

/// The file holds exactly this text; with `UPDATE=1` it does afterwards.
#[track_caller]
fn is_fresh(below: &str, text: &str) {
    let committed = fs::read_to_string(path(below)).unwrap_or_default();
    if committed == text {
        return;
    }
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        fs::create_dir_all(path(below).parent().unwrap()).unwrap();
        fs::write(path(below), text).unwrap();
        return;
    }
    let differs = committed
        .lines()
        .zip(text.lines())
        .position(|(old, new)| old != new)
        .unwrap_or_else(|| committed.lines().count().min(text.lines().count()));
    panic!(
        "{below} is not what the code says (from line {}); `just renew` writes it anew:\n  is     {:?}\n  should {:?}",
        differs + 1,
        committed.lines().nth(differs).unwrap_or_default(),
        text.lines().nth(differs).unwrap_or_default()
    );
}

fn with_end(text: &str) -> String {
    format!("{}\n", text.trim_end())
}

#[test]
fn the_schema_of_suites() {
    is_fresh(
        "schema/suite.json",
        &with_end(&allclear::suite::suite_schema()),
    );
}

#[test]
fn the_schema_of_the_json_report() {
    is_fresh("schema/run.json", &with_end(&allclear::wire::run_schema()));
}

#[test]
fn the_reference_in_the_suite_format() {
    let page = fs::read_to_string(path("docs/suites.md")).unwrap();
    let (front, _) = page
        .split_once(BELOW)
        .expect("docs/suites.md has lost the line below which it is generated");
    let reference = with_end(&allclear::suite::reference());
    is_fresh("docs/suites.md", &format!("{front}{BELOW}\n{reference}"));
}

#[test]
fn the_schema_of_rules() {
    is_fresh(
        "schema/rules.schema.json",
        &with_end(&allclear::diagnosis::rules_schema()),
    );
}

#[test]
fn the_reference_of_rules() {
    let page = fs::read_to_string(path("docs/rules.md")).unwrap();
    let (front, _) = page
        .split_once(BELOW)
        .expect("docs/rules.md has lost the line below which it is generated");
    let reference = with_end(&allclear::diagnosis::reference());
    is_fresh("docs/rules.md", &format!("{front}{BELOW}\n{reference}"));
}

#[test]
fn the_page_of_codes() {
    is_fresh("docs/codes.md", &with_end(&allclear::report::codes_page()));
}

#[test]
fn the_page_of_diagnosis() {
    let page = allclear::diagnosis::page(allclear::diagnosis::Rules::embedded());
    is_fresh("docs/diagnosis.md", &with_end(&page));
}

#[test]
fn the_help_of_every_command() {
    let help = allclear::cli::all_help();
    let page = format!(
        "# Commands\n\nGenerated from the code: `just renew` writes it anew.\n\n```text\n{}```\n",
        with_end(&help)
    );
    is_fresh("docs/commands.md", &page);
}

#[test]
fn rules_can_ask_for_every_probe_and_for_nothing_else() {
    let schema: serde_json::Value =
        serde_json::from_str(&allclear::diagnosis::rules_schema()).unwrap();
    let probe = &schema["$defs"]["when"]["properties"]["probe"]["anyOf"][0]["enum"];
    let mut asked: Vec<&str> = probe
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one.as_str())
        .collect();
    let mut known = allclear::probe::AnyProbe::NAMES.to_vec();
    asked.sort_unstable();
    known.sort_unstable();
    assert_eq!(asked, known);
}
