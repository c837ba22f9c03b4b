//! `allclear init`: what it writes can be used at once.

use crate::support::{Answer, Canary, Tool};

#[test]
fn the_shipped_suites_are_written_checked_and_run() {
    let tool = Tool::bare();
    let wrote = tool.then(["init"]).exits(0);
    wrote
        .stdout_has("suites/allclear.yaml")
        .stdout_has("allclear check");
    tool.then(["check", "--strict"]).exits(0);
    tool.then(["run"]).exits(0).stdout_has(" GO   demo");
}

#[test]
fn one_url_is_a_suite() {
    let canary = Canary::healthy();
    let tool = Tool::bare();
    let url = format!("{}/health?a=\"b\"", canary.url());
    tool.then(["init", "checks", "--url", &url])
        .exits(0)
        .stdout_has("allclear run --suites checks");
    tool.then(["check", "--suites", "checks"]).exits(0);
    tool.then(["run", "--suites", "checks"]).exits(0);
    assert_eq!(canary.paths(), ["/health?a=%22b%22"]);
    let sick = Canary::answering(|_| Answer::json(503, "{}"));
    let tool = Tool::bare();
    tool.then(["init", "--url", &sick.url()]).exits(0);
    tool.then(["run"]).exits(1);
}

#[test]
fn nothing_is_overwritten() {
    let tool = Tool::bare().file("suites/mine.yaml", "mine");
    tool.then(["init"])
        .exits(2)
        .stderr_has("nothing was written");
    assert_eq!(std::fs::read_dir(tool.path("suites")).unwrap().count(), 1);
    tool.then(["init", "other", "--url", "ftp://example.org"])
        .exits(2);
    assert!(!tool.path("other").exists());
    let tool = Tool::bare();
    tool.then(["init", "https://example.org/health"])
        .exits(2)
        .stderr_has("allclear init --url https://example.org/health");
    assert!(!tool.path("https:").exists());
}
