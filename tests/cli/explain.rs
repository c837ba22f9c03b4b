//! `allclear explain`: what is said of a code, a rule and a word, and how one leaves.

use crate::support::{Output, Tool};

fn explain(words: &[&str]) -> Output {
    // Anywhere: it needs no project.
    Tool::bare().then(["explain"].iter().chain(words))
}

#[test]
fn a_code_is_told_with_the_rules_that_ask_for_it() {
    explain(&["tcp.refused"])
        .exits(0)
        .stdout_has("tcp.refused\n")
        .stdout_has("(ECONNREFUSED)")
        .stdout_has("TCP-1")
        .stdout_has("unknown, leaning infrastructure");
}

#[test]
fn a_rule_is_told_whole() {
    explain(&["tcp-1"])
        .exits(0)
        .stdout_has("TCP-1  transport · unknown, leaning infrastructure")
        .stdout_has("\n  when ")
        .stdout_has("\n  confirm ")
        .stdout_has("\n  falsify ")
        .stdout_has("\n  run ")
        .stdout_has("${port}");
}

#[test]
fn words_of_several_arguments_count_together() {
    explain(&["error", "-3"]).exits(0).stdout_has("dns.again\n");
    explain(&["exit", "3"])
        .exits(0)
        .stdout_has("process.exit.3\n");
    explain(&["ECONNREFUSED"])
        .exits(0)
        .stdout_has("`ECONNREFUSED` may mean:")
        .stdout_has("  tcp.refused ");
}

#[test]
fn what_nobody_knows_is_a_usage_error_with_the_nearest_word() {
    explain(&["tcp.refusd"])
        .exits(2)
        .stderr_has("nothing is called `tcp.refusd`; did you mean `tcp.refused`?");
    explain(&[]).exits(2).stderr_has("<CODE>");
}
