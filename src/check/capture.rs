//! Names taken from what was seen, for later steps.

use std::borrow::Cow;

use regex::Regex;

use super::Vocabulary;
use super::fact::{self, Fact, Found, Sight};
use super::literal::is_blank;
use super::matcher::regex;
use super::words::article;
use crate::model::{FactKind, Finding, KnownCode, Observation, Place, State, Value};
use crate::template::{is_filled, is_variable_name, place};
use crate::yaml::{Diagnostic, Diagnostics, Entry, Kind, Node, Resolved, Sources};

/// The `capture:` of a step.
#[derive(Debug, Clone, Default)]
pub struct Captures(Vec<Capture>);

/// One captured name.
#[derive(Debug, Clone, PartialEq)]
pub struct Captured {
    /// The name for `${name}`.
    pub name: String,
    /// Its value.
    pub value: Value,
    /// `secret: true`.
    pub secret: bool,
}

#[derive(Debug, Clone)]
struct Capture {
    name: String,
    fact: Fact,
    /// Positions and keys from the fact to the value.
    steps: Vec<Step>,
    /// Its first group is kept.
    matches: Option<Regex>,
    secret: bool,
    place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// From 0; from the end when negative.
    Item(i64),
    Entry(String),
}

/// Names `${…}` gives itself.
const TAKEN: &[&str] = &[
    "env", "secret", "budget", "session", "matrix", "demo", "run", "uuid", "nonce", "now",
    "attempt", "actor", "port",
];

/// Whether `${…}` gives this name itself, so that nothing else may have it.
pub fn is_taken(name: &str) -> bool {
    TAKEN.contains(&name)
}

impl Captures {
    /// Reads `capture:`. `None` when there are errors; all of them are told.
    ///
    /// The path of a fact is a JSONPath for `json`, a name for `headers` and `phases`, positions and keys for lists and
    /// mappings (`rows: [0, id]`, `addresses: 0`, `events: [last, json, id]`), and `true` for the whole fact (`body: true`).
    pub fn decode(
        node: &Node,
        vocabulary: Vocabulary,
        sources: &Sources,
        problems: &mut Diagnostics,
    ) -> Option<Self> {
        let Some(entries) = node.as_mapping().filter(|_| !is_filled(node)) else {
            problems.push(Diagnostic::error(
                node.span,
                "`capture` takes names and where they come from: `{ token: { json: $.token } }`",
            ));
            return None;
        };
        let captures: Vec<_> = entries
            .iter()
            .map(|entry| capture(entry, vocabulary, sources, problems))
            .collect();
        captures.into_iter().collect::<Option<_>>().map(Self)
    }

    /// The names it gives, each with whether it is secret.
    pub fn names(&self) -> Vec<(&str, bool)> {
        self.0
            .iter()
            .map(|capture| (capture.name.as_str(), capture.secret))
            .collect()
    }

    /// Where each comes from, as reports say it: `json $.token`.
    pub fn paths(&self) -> Vec<String> {
        self.0.iter().map(Capture::path).collect()
    }

    /// Takes every name; finding nothing is a finding `capture.NAME` that did not hold. Null is nothing, too: a later
    /// step could do no more with it.
    pub fn take(&self, seen: &Observation) -> (Vec<Captured>, Vec<Finding>) {
        let sight = Sight::of(seen);
        let (mut captured, mut findings) = (Vec::new(), Vec::new());
        for capture in &self.0 {
            match capture.find(&sight) {
                // Every secret is looked for in all that leaves the process, in every form it can take.
                Ok(value) if capture.secret && !is_maskable(&value) => {
                    let why =
                        format!("longer than the {MASKABLE} bytes of a secret that can be masked");
                    findings.push(capture.missed(why));
                }
                Ok(value) => captured.push(Captured {
                    name: capture.name.clone(),
                    value,
                    secret: capture.secret,
                }),
                Err(why) => findings.push(capture.missed(why)),
            }
        }
        (captured, findings)
    }
}

/// Bytes of a secret that was captured: larger ones would let a target fill our memory with their masked forms.
const MASKABLE: usize = 16 * 1024;

fn is_maskable(value: &Value) -> bool {
    value.as_text().is_none_or(|text| text.len() <= MASKABLE)
}

fn capture(
    entry: &Entry,
    vocabulary: Vocabulary,
    sources: &Sources,
    problems: &mut Diagnostics,
) -> Option<Capture> {
    let name = &*entry.key;
    let is_taken = is_taken(name);
    if is_taken || !is_variable_name(name) {
        let why = if is_taken {
            "has a meaning of its own in `${…}`"
        } else {
            "is no name: names are a-z, 0-9 and _, and do not begin with a digit"
        };
        problems.push(Diagnostic::error(entry.key_span, format!("`{name}` {why}")));
        return None;
    }
    let written = entry
        .value
        .as_mapping()
        .filter(|_| !is_filled(&entry.value));
    let Some(entries) = written else {
        problems.push(Diagnostic::error(
            entry.value.span,
            "expected a fact and a path into it: `{ json: $.token }`, `{ headers: location }`",
        ));
        return None;
    };
    let mut from: Option<(&Entry, Fact, Vec<Step>)> = None;
    let (mut matches, mut secret, mut is_wrong) = (None, false, false);
    for inner in entries {
        match &*inner.key {
            "matches" => match regex(&inner.value, problems) {
                Some(Some(found)) if found.captures_len() < 2 => {
                    is_wrong = true;
                    problems.push(
                        Diagnostic::error(inner.value.span, "the regular expression has no group")
                            .help("what stands in its first pair of parentheses is captured"),
                    );
                }
                Some(Some(found)) => matches = Some(found),
                Some(None) => is_wrong |= !is_known(inner, problems),
                None => is_wrong = true,
            },
            "secret" => {
                if let Some(Resolved::Bool(truth)) = inner
                    .value
                    .as_scalar()
                    .map(crate::yaml::Scalar::as_number_or_bool)
                {
                    secret = truth;
                } else {
                    is_wrong = true;
                    problems.push(Diagnostic::error(
                        inner.value.span,
                        "`secret` takes `true` or `false`",
                    ));
                }
            }
            _ => match source(inner, vocabulary, problems) {
                Some(_) if from.is_some() => {
                    is_wrong = true;
                    problems.push(Diagnostic::error(
                        inner.key_span,
                        format!("`{name}` already comes from another fact"),
                    ));
                }
                Some((fact, steps)) => from = Some((inner, fact, steps)),
                None => is_wrong = true,
            },
        }
    }
    if from.is_none() && !is_wrong {
        problems.push(Diagnostic::error(
            entry.value.span,
            format!(
                "`{name}` comes from no fact: `{{ json: $.token }}`, `{{ headers: location }}`"
            ),
        ));
    }
    let (at, fact, steps) = from.filter(|_| !is_wrong)?;
    Some(Capture {
        name: name.to_owned(),
        fact,
        steps,
        matches,
        secret,
        place: place(sources, at.key_span),
    })
}

/// Captures are read once, at load.
fn is_known(entry: &Entry, problems: &mut Diagnostics) -> bool {
    let is_known = entry.value.resolved().kind != Kind::Pending;
    if !is_known {
        problems.push(Diagnostic::error(
            entry.value.span,
            format!("`{}` of a capture must be known at load", entry.key),
        ));
    }
    is_known
}

/// The fact and the path into it.
fn source(
    entry: &Entry,
    vocabulary: Vocabulary,
    problems: &mut Diagnostics,
) -> Option<(Fact, Vec<Step>)> {
    let key = &*entry.key;
    if let Some(phase) = key.strip_prefix("phases.") {
        let fact = Fact::phase(phase, entry)
            .map_err(|problem| problems.push(problem))
            .ok()?;
        return whole(entry, problems).then_some((fact, Vec::new()));
    }
    let known = vocabulary.fact(key);
    if known.is_none() && key != "latency" && key != "phases" {
        problems.push(fact::unknown(vocabulary, entry, None));
        return None;
    }
    if !is_known(entry, problems) {
        return None;
    }
    if is_blank(&entry.value) {
        problems.push(
            Diagnostic::error(entry.key_span, format!("`{key}` is empty"))
                .help(format!("the whole fact is `{key}: true`")),
        );
        return None;
    }
    let text = entry.value.as_scalar().map(|scalar| &*scalar.text);
    let fact_of = |fact: Result<Fact, String>, problems: &mut Diagnostics| match fact {
        Ok(fact) => Some((fact, Vec::new())),
        Err(message) => {
            problems.push(Diagnostic::error(entry.value.span, message));
            None
        }
    };
    let one_path = || format!("`{key}` takes one path");
    match (known, text) {
        (None, Some(text)) if key == "phases" => match Fact::phase(text, entry) {
            Ok(fact) => Some((fact, Vec::new())),
            Err(problem) => {
                problems.push(problem);
                None
            }
        },
        (None, None) if key == "phases" => fact_of(Err(one_path()), problems),
        (None, _) => whole(entry, problems).then_some((Fact::Latency, Vec::new())),
        (Some(fact), _) => match fact.kind {
            FactKind::Json => {
                let path = text.map_or_else(|| Err(one_path()), super::JsonPath::parse);
                fact_of(path.map(|path| Fact::Json(Box::new(path))), problems)
            }
            FactKind::Headers => {
                fact_of(text.map_or_else(|| Err(one_path()), Fact::header), problems)
            }
            _ => Some((Fact::Whole(fact), steps(&entry.value, problems)?)),
        },
    }
}

/// Whether the whole fact is asked for: `latency: true`.
fn whole(entry: &Entry, problems: &mut Diagnostics) -> bool {
    let truth = entry.value.as_scalar().map(crate::yaml::Scalar::resolve);
    let is_whole = truth == Some(Resolved::Bool(true));
    if !is_whole {
        problems.push(Diagnostic::error(
            entry.value.span,
            format!("`{}` has no parts; write `{}: true`", entry.key, entry.key),
        ));
    }
    is_whole
}

fn steps(node: &Node, problems: &mut Diagnostics) -> Option<Vec<Step>> {
    let step = |node: &Node| {
        let scalar = node.as_scalar()?;
        match scalar.resolve() {
            Resolved::Int(at) => i64::try_from(at).ok().map(Step::Item),
            Resolved::Text if !scalar.text.is_empty() => Some(Step::Entry(scalar.text.to_string())),
            _ => None,
        }
    };
    let found = match &node.resolved().kind {
        Kind::Scalar(scalar) if scalar.resolve() == Resolved::Bool(true) => Some(Vec::new()),
        Kind::Scalar(_) => step(node).map(|step| vec![step]),
        Kind::Sequence(items) if !items.is_empty() => items.iter().map(step).collect(),
        _ => None,
    };
    if found.is_none() {
        problems.push(Diagnostic::error(
            node.span,
            "expected `true` for the whole fact, or positions (from 0, or `last`) and keys: `[0, id]`",
        ));
    }
    found
}

/// What stands for the position of the last item of a list.
const LAST: &str = "last";

fn item(items: &[Value], at: i64) -> Option<&Value> {
    let from_the_end = || {
        items
            .len()
            .checked_sub(usize::try_from(at.unsigned_abs()).ok()?)
    };
    items.get(usize::try_from(at).ok().or_else(from_the_end)?)
}

impl Capture {
    fn find(&self, sight: &Sight<'_>) -> Result<Value, String> {
        let found = match sight.find(&self.fact) {
            Found::Absent => return Err("nothing is there".to_owned()),
            // What is taken may be a small part of it.
            Found::Borrowed(value) => Cow::Borrowed(value),
            Found::Owned(value) => Cow::Owned(value),
            // Of a repeated header the first that matches, or the first.
            Found::Values(values) => return self.first_of(values),
            Found::Nodes(Value::List(nodes)) if nodes.is_empty() => {
                return Err("nothing is there".to_owned());
            }
            Found::Nodes(nodes) => Cow::Owned(nodes),
        };
        let mut value = &*found;
        for step in &self.steps {
            value = match (step, value) {
                (Step::Item(at), Value::List(items)) => item(items, *at)
                    .ok_or_else(|| format!("there is no item {at} among {}", items.len()))?,
                (Step::Entry(key), Value::List(items)) if key == LAST => {
                    items.last().ok_or("there is no last item among 0")?
                }
                (Step::Entry(key), Value::Map(_)) => value
                    .get(key)
                    .ok_or_else(|| format!("there is no `{key}`"))?,
                (Step::Item(at), other) => {
                    return Err(format!("there is no item {at} in {}", article(other)));
                }
                (Step::Entry(key), other) => {
                    return Err(format!("there is no `{key}` in {}", article(other)));
                }
            };
        }
        self.keep(value)
    }

    fn first_of(&self, values: &[Value]) -> Result<Value, String> {
        let mut kept = values.iter().map(|value| self.keep(value));
        let first = kept
            .next()
            .unwrap_or_else(|| Err("nothing is there".to_owned()));
        first.or_else(|why| kept.find_map(Result::ok).ok_or(why))
    }

    fn keep(&self, value: &Value) -> Result<Value, String> {
        let Some(regex) = &self.matches else {
            return match value {
                Value::Null => Err("it is null".to_owned()),
                value => Ok(value.clone()),
            };
        };
        let text = match value {
            Value::Text(text) | Value::Untyped(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(bool) => bool.to_string(),
            other => return Err(format!("it is {} and cannot match", article(other))),
        };
        regex
            .captures(&text)
            .and_then(|groups| groups.get(1))
            .map(|group| Value::Untyped(group.as_str().to_owned()))
            .ok_or_else(|| format!("it does not match {regex}"))
    }

    /// `json $.token`, `rows[0][id]`.
    fn path(&self) -> String {
        let steps = self.steps.iter().map(|step| match step {
            Step::Item(at) => format!("[{at}]"),
            Step::Entry(key) => format!("[{key}]"),
        });
        format!("{}{}", self.fact, steps.collect::<String>())
    }

    fn missed(&self, why: String) -> Finding {
        Finding {
            code: KnownCode::Capture.of(&self.name),
            path: self.path(),
            expected: match &self.matches {
                Some(regex) => format!("something that matches {regex}"),
                None => "something to capture".to_owned(),
            },
            actual: None,
            state: State::NotHeld,
            detail: Some(why),
            place: Some(self.place.clone()),
        }
    }
}

#[cfg(test)]
mod tests;
