//! The generated part of `docs/rules.md`: every key and every signal.

use std::fmt::Write as _;

use super::{FILE, Key, REQUIRED, RULE, SIGNALS, Shape};
use crate::diagnosis::Rules;

/// The reference of a file of rules as Markdown, from the tables that the decoder and the schema read.
pub fn reference() -> String {
    let mut text = String::from(
        "## Reference\n\nRequired keys are **bold**; what holds when a key is absent stands in parentheses.\n",
    );
    let file = |key: &Key| key.name == "rules";
    table("A file", "", FILE, file, &mut text);
    let about = "Bold keys are required of a rule with an id of its own; one that takes the place of ours may leave out all but `id`.";
    table(
        "A rule",
        about,
        RULE,
        |key| REQUIRED.contains(&key.name),
        &mut text,
    );
    let about = "The keys of `when`. All of them must hold; of a list one. At least one is asked, besides `untrusted`.";
    table("Signals", about, SIGNALS, |_| false, &mut text);
    numbers(&mut text);
    commands(&mut text);
    text
}

fn table(
    title: &str,
    about: &str,
    keys: &[Key],
    is_required: impl Fn(&Key) -> bool,
    text: &mut String,
) {
    // Writing to a string cannot fail.
    let _ = write!(text, "\n### {title}\n\n");
    if !about.is_empty() {
        let _ = write!(text, "{about}\n\n");
    }
    text.push_str("| key | takes | example | meaning |\n|---|---|---|---|\n");
    for key in keys {
        let bold = if is_required(key) { "**" } else { "" };
        let (takes, about) = (cell(&key.shape.words()), cell(key.about));
        let example = cell(key.example);
        let _ = writeln!(
            text,
            "| {bold}`{}`{bold} | {takes} | `` {example} `` | {about} |",
            key.name
        );
    }
}

/// What numbers are called.
fn numbers(text: &mut String) {
    text.push_str("\n### Names of numbers\n\n| signal | names |\n|---|---|\n");
    for key in SIGNALS {
        let Shape::Number(quantity) = key.shape else {
            continue;
        };
        let names: Vec<String> = quantity
            .names()
            .iter()
            .map(|(name, number)| format!("`{name}` {number}"))
            .collect();
        if !names.is_empty() {
            let _ = writeln!(text, "| `{}` | {} |", key.name, names.join(", "));
        }
    }
}

/// What may be named in `commands`.
fn commands(text: &mut String) {
    text.push_str("\n### Our commands\n\n| name | line |\n|---|---|\n");
    for (name, line) in Rules::embedded().commands() {
        let _ = writeln!(text, "| `{name}` | `` {} `` |", cell(line));
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
