//! What a look saw, in lines: for looks that are shown whatever they saw, those of `on_fail`.

use super::wording;
use crate::model::{Observation, Value};

/// Facts up to so many characters share a line.
const SHORT: usize = 60;

/// A line of short facts is about as long.
const LINE: usize = 100;

/// The short facts, several a line, then the long ones, each its own, at most so many; and how many of those are left out.
///
/// A text that is shown as evidence is not told twice.
pub(super) fn in_lines(seen: &Observation, most: usize) -> (Vec<String>, usize) {
    let is_shown = |value: &Value| {
        let mut evidence = seen.evidence.iter();
        matches!(value, Value::Text(text) | Value::Untyped(text) if evidence.any(|excerpt| excerpt.text == *text))
    };
    let facts = seen
        .facts
        .iter()
        .filter(|(_, value)| !is_shown(value))
        .map(|(name, value)| format!("{name}: {}", in_words(value)));
    let (short, mut long): (Vec<String>, Vec<String>) =
        facts.partition(|fact| fact.chars().count() <= SHORT);
    let mut lines: Vec<String> = Vec::new();
    for fact in short {
        match lines.last_mut() {
            Some(line) if line.chars().count() + fact.chars().count() <= LINE => {
                line.push_str(" · ");
                line.push_str(&fact);
            }
            _ => lines.push(fact),
        }
    }
    let left_out = long.len().saturating_sub(most);
    long.truncate(most);
    lines.append(&mut long);
    (lines, left_out)
}

/// As a suite would write it; how long something took as reports say it.
fn in_words(value: &Value) -> String {
    match value {
        Value::Duration(duration) => wording::duration(*duration),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Excerpt, Keep};

    #[test]
    fn short_facts_share_lines_and_long_ones_come_after_them() {
        let text = |text: &str| Value::Text(text.to_owned());
        let mut seen = Observation::default();
        let facts = &mut seen.facts;
        facts.insert("rcode", text("NOERROR"));
        facts.insert("body", text(&"x".repeat(80)));
        facts.insert(
            "addresses",
            Value::List(vec![text("10.0.0.3"), text("::1")]),
        );
        facts.insert("cipher", text(&"y".repeat(45)));
        facts.insert("names", text(&"z".repeat(45)));
        facts.insert("json", text(&"j".repeat(61)));
        facts.insert("page", text("<html>"));
        seen.evidence.push(Excerpt {
            label: "body".into(),
            text: "<html>".to_owned(),
            keep: Keep::First(10),
        });
        let (lines, left_out) = in_lines(&seen, 1);
        assert_eq!(left_out, 1);
        let begin = |at: usize| lines[at].split(": ").next().unwrap();
        assert_eq!(lines[0].split(" · ").count(), 3, "{lines:?}");
        assert!(lines[0].starts_with("rcode: NOERROR · addresses: [10.0.0.3, ::1] · cipher: "));
        assert_eq!((begin(1), begin(2), lines.len()), ("names", "body", 3));
    }
}
