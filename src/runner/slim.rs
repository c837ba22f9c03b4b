//! What of a step leaves the attempt: masked on the uncut text, then cut.

use std::borrow::Cow;
use std::fmt::Write;

use crate::model::{Excerpt, Facts, Finding, Keep, Observation, StepRecord, Value};
use crate::template::Mask;

/// The longest text of a record beside evidence, in bytes.
const LONGEST: usize = 2 * 1024;

/// The longest detail of a finding: a list of forty events with what they say, and where a rule broke, is shown whole.
const LONGEST_DETAIL: usize = 16 * 1024;

/// Of an attempt that held, texts up to so many bytes are kept.
const LONGEST_OF_HELD: usize = 256;

/// How much of an attempt is worth keeping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// It did not hold, or everything is wanted: evidence, and every fact.
    Full,
    /// It held: what is short.
    Short,
}

impl Detail {
    pub(super) fn is_short(self) -> bool {
        self == Self::Short
    }
}

/// Drops what is not kept of a step that held; what stays is not masked yet.
pub(super) fn prune(step: &mut StepRecord) {
    step.observation.facts.retain(|_, value| is_short(value));
    step.observation.evidence = Vec::new();
}

/// Leaves of a step what is counted: how it came out, and its phases.
pub(super) fn strip(step: &mut StepRecord) {
    step.request = String::new();
    step.findings = Vec::new();
    step.observation.facts = Facts::default();
    step.observation.evidence = Vec::new();
}

/// Masks and cuts one step.
pub(super) fn slim(step: &mut StepRecord, mask: &Mask, detail: Detail) {
    let mask = asked_once(mask);
    clean(&mut step.request, mask);
    for resource in &mut step.resources {
        clean(resource, mask);
    }
    observation(&mut step.observation, mask, detail);
    for finding in &mut step.findings {
        clean_finding(finding, mask);
    }
    // It is kept to the end of the run, with thousands like it: room to grow would be a third of it.
    step.findings.shrink_to_fit();
    if let Some(error) = &mut step.error {
        clean(&mut error.message, mask);
    }
}

/// Masks and cuts one finding.
pub(super) fn slim_finding(finding: &mut Finding, mask: &Mask) {
    clean_finding(finding, asked_once(mask));
}

/// The text, masked and cut.
pub(super) fn cleaned(mut text: String, mask: &Mask) -> String {
    clean(&mut text, asked_once(mask));
    text
}

/// `None` when there is nothing to mask. A step has some twenty texts, and all clones of the mask share a lock.
fn asked_once(mask: &Mask) -> Option<&Mask> {
    (!mask.is_empty()).then_some(mask)
}

fn clean_finding(finding: &mut Finding, mask: Option<&Mask>) {
    clean(&mut finding.path, mask);
    clean(&mut finding.expected, mask);
    if let Some(actual) = &mut finding.actual {
        clean(actual, mask);
    }
    if let Some(detail) = &mut finding.detail {
        hide(detail, mask);
        cut(detail, Keep::First(LONGEST_DETAIL));
    }
}

fn observation(seen: &mut Observation, mask: Option<&Mask>, detail: Detail) {
    if let Some(fault) = &mut seen.fault {
        clean(&mut fault.message, mask);
    }
    seen.facts.retain(|_, value| {
        let is_kept = detail == Detail::Full || is_short(value);
        if is_kept {
            if let Some(mask) = mask {
                *value = masked(std::mem::replace(value, Value::Null), mask);
            }
            shorten(value);
        }
        is_kept
    });
    match detail {
        Detail::Short => seen.evidence = Vec::new(),
        Detail::Full => seen.evidence.iter_mut().for_each(|one| excerpt(one, mask)),
    }
    seen.phases.shrink_to_fit();
}

/// Whether a fact of an attempt that held is kept.
fn is_short(value: &Value) -> bool {
    match value {
        Value::List(_) | Value::Map(_) => false,
        Value::Text(text) | Value::Untyped(text) => text.len() <= LONGEST_OF_HELD,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Duration(_) => true,
    }
}

/// The value with every secret in it masked, also where a secret is a number or a key.
fn masked(value: Value, mask: &Mask) -> Value {
    match value {
        Value::Text(mut text) => {
            hide(&mut text, Some(mask));
            Value::Text(text)
        }
        Value::Untyped(mut text) => {
            hide(&mut text, Some(mask));
            Value::Untyped(text)
        }
        Value::Number(number) => match mask.apply(&number.to_string()) {
            Cow::Owned(masked) => Value::Text(masked),
            Cow::Borrowed(_) => Value::Number(number),
        },
        Value::List(values) => Value::List(
            values
                .into_iter()
                .map(|value| masked(value, mask))
                .collect(),
        ),
        Value::Map(entries) => {
            let entry = |(mut key, value): (String, Value)| {
                hide(&mut key, Some(mask));
                (key, masked(value, mask))
            };
            Value::Map(entries.into_iter().map(entry).collect())
        }
        Value::Null | Value::Bool(_) | Value::Duration(_) => value,
    }
}

/// The value in words, or the beginning of what it looks like.
pub(super) fn rendered(value: &Value) -> String {
    let mut text = match value {
        Value::Text(text) | Value::Untyped(text) => text.clone(),
        other => {
            let mut text = String::new();
            render(other, &mut text);
            text
        }
    };
    cut(&mut text, Keep::First(LONGEST_OF_HELD));
    text
}

/// Leaves the value, or the beginning of what it looks like.
fn shorten(value: &mut Value) {
    match value {
        Value::Text(text) | Value::Untyped(text) => cut(text, Keep::First(LONGEST)),
        Value::List(_) | Value::Map(_) => {
            let mut rendered = String::new();
            if !render(value, &mut rendered) {
                cut(&mut rendered, Keep::First(LONGEST));
                *value = Value::Text(rendered);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Duration(_) => {}
    }
}

/// Writes a value as JSON would look, and stops where it is long enough. Whether it fits.
fn render(value: &Value, into: &mut String) -> bool {
    if into.len() > LONGEST {
        return false;
    }
    // Writing to a string cannot fail.
    let _ = match value {
        Value::Null => write!(into, "null"),
        Value::Bool(truth) => write!(into, "{truth}"),
        Value::Number(number) => write!(into, "{number}"),
        Value::Duration(duration) => write!(into, "{duration:?}"),
        Value::Text(text) | Value::Untyped(text) => {
            let end = text.floor_char_boundary(LONGEST + 1);
            write!(into, "{:?}", &text[..end])
        }
        Value::List(values) => {
            into.push('[');
            for (at, value) in values.iter().enumerate() {
                into.push_str(if at > 0 { ", " } else { "" });
                if !render(value, into) {
                    return false;
                }
            }
            write!(into, "]")
        }
        Value::Map(entries) => {
            into.push('{');
            for (at, (key, value)) in entries.iter().enumerate() {
                let comma = if at > 0 { ", " } else { "" };
                let end = key.floor_char_boundary(LONGEST + 1);
                let _ = write!(into, "{comma}{:?}: ", &key[..end]);
                if !render(value, into) {
                    return false;
                }
            }
            write!(into, "}}")
        }
    };
    into.len() <= LONGEST
}

fn excerpt(excerpt: &mut Excerpt, mask: Option<&Mask>) {
    hide(&mut excerpt.text, mask);
    cut(&mut excerpt.text, excerpt.keep);
}

fn clean(text: &mut String, mask: Option<&Mask>) {
    hide(text, mask);
    cut(text, Keep::First(LONGEST));
}

fn hide(text: &mut String, mask: Option<&Mask>) {
    let Some(mask) = mask else { return };
    let masked = match mask.apply(text) {
        Cow::Owned(masked) => masked,
        Cow::Borrowed(_) => return,
    };
    *text = masked;
}

/// Cuts at a character's boundary, and shows with `…` where something is missing.
fn cut(text: &mut String, keep: Keep) {
    match keep {
        Keep::First(most) if text.len() > most => {
            text.truncate(text.floor_char_boundary(most));
            text.push('…');
            text.shrink_to_fit();
        }
        Keep::Last(most) if text.len() > most => {
            let from = text.ceil_char_boundary(text.len() - most);
            *text = format!("…{}", &text[from..]);
        }
        Keep::First(_) | Keep::Last(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Code, Outcome, ProbeError, State, Unable};

    fn mask() -> Mask {
        let mask = Mask::default();
        assert!(mask.add("hunter2-hunter2"));
        mask
    }

    fn step(secret: &str) -> StepRecord {
        let long = format!("{}{secret}", "x".repeat(3000));
        let list = Value::List(vec![
            Value::Text(secret.to_owned()),
            Value::Map(vec![(secret.to_owned(), Value::Untyped(secret.to_owned()))]),
        ]);
        let mut observation = Observation::default()
            .with("short", Value::Text(secret.to_owned()))
            .with("long", Value::Untyped(long.clone()))
            .with("list", list)
            .with("status", Value::int(200));
        observation.evidence.push(Excerpt {
            label: "body".into(),
            text: format!("{}{secret}{}", "a".repeat(2040), "b".repeat(3000)),
            keep: Keep::First(2048),
        });
        observation.evidence.push(Excerpt {
            label: "log".into(),
            text: format!("{}{secret} end", "é".repeat(3000)),
            keep: Keep::Last(2048),
        });
        StepRecord {
            name: None,
            probe: "scripted".to_owned(),
            request: format!("GET /?token={secret}"),
            resources: vec![format!("file:/{secret}")],
            observation,
            findings: vec![Finding {
                code: Code::fixed("expect.text"),
                path: format!("json $.{secret}"),
                expected: format!("equals {secret}"),
                actual: Some(secret.to_owned()),
                state: State::NotHeld,
                detail: Some(long),
                place: None,
            }],
            captured: Vec::new(),
            error: Some(ProbeError::new(Unable::Value, format!("bad {secret}"))),
            outcome: Outcome::NotHeld,
            cleanup: false,
            cold: false,
            diagnostic: false,
            polls: None,
            flaps: None,
            actor: None,
        }
    }

    #[test]
    fn no_part_of_a_step_shows_a_secret_or_its_beginning() {
        for detail in [Detail::Full, Detail::Short] {
            let mut step = step("hunter2-hunter2");
            slim(&mut step, &mask(), detail);
            let shown = format!("{step:?}");
            assert!(!shown.contains("hunter2"), "{shown}");
            assert!(shown.contains("***"), "{shown}");
        }
    }

    #[test]
    fn a_secret_at_the_cut_is_masked_before_it_is_cut() {
        let mut step = step("hunter2-hunter2");
        slim(&mut step, &mask(), Detail::Full);
        let body = &step.observation.evidence[0].text;
        assert!(body.ends_with("***bbbbb…"), "{}", &body[2030..]);
        assert!(step.observation.evidence[1].text.ends_with("*** end"));
    }

    #[test]
    fn an_attempt_that_held_keeps_only_what_is_short() {
        let mut step = step("harmless");
        slim(&mut step, &Mask::default(), Detail::Short);
        let names: Vec<_> = step
            .observation
            .facts
            .iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(names, ["short", "status"]);
        assert!(step.observation.evidence.is_empty());
    }

    #[test]
    fn a_list_of_events_stays_whole_and_nothing_has_no_end() {
        let detail = |long: usize| {
            let mut step = step("harmless");
            step.findings[0].detail = Some("x".repeat(long));
            slim(&mut step, &Mask::default(), Detail::Full);
            step.findings.remove(0).detail.unwrap().len()
        };
        assert_eq!(detail(16 * 1024), 16 * 1024);
        assert_eq!(detail(1024 * 1024), 16 * 1024 + "…".len());
    }

    #[test]
    fn a_large_structure_becomes_its_beginning() {
        let row = Value::Map(vec![("id".to_owned(), Value::int(1))]);
        let short = |mut value: Value| {
            shorten(&mut value);
            value
        };
        let small = Value::List(vec![row.clone(); 3]);
        assert_eq!(short(small.clone()), small);
        match short(Value::List(vec![row; 100_000])) {
            Value::Text(text) => {
                assert!(text.starts_with(r#"[{"id": 1}, {"id": 1}"#), "{text}");
                assert!(text.len() <= LONGEST + "…".len() && text.ends_with('…'));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_secret_number_is_masked_too() {
        let mask = Mask::default();
        mask.add("12345678");
        assert_eq!(
            masked(Value::int(12_345_678), &mask),
            Value::Text("***".to_owned())
        );
        assert_eq!(masked(Value::int(1234), &mask), Value::int(1234));
    }
}
