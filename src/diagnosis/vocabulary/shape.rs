//! What stands under a key: in words, and as JSON Schema (draft 2020-12).

use serde_json::{Value, json};

use crate::diagnosis::probe_kind::ProbeKind;
use crate::diagnosis::signal::{HOPS, HOSTS, KINDS, Quantity};
use crate::model::{Class, Confidence, FaultKind, KnownCode, Layer, Phase};

/// The form of a value.
#[derive(Debug, Clone, Copy)]
pub(in crate::diagnosis) enum Shape {
    /// The rules of a file.
    Rules,
    /// Names, each with a text.
    Named,
    /// A text.
    Text,
    /// A list of texts.
    Texts,
    /// `true` or `false`.
    Truth,
    /// One of these.
    Words(&'static [&'static str]),
    /// The name of a rule.
    Id,
    /// A layer.
    Layer,
    /// A class, and a detail.
    Class,
    /// How sure.
    Confidence,
    /// Who answers for it.
    Owner,
    /// The signals.
    When,
    /// Codes of faults.
    Faults,
    /// Codes.
    Codes,
    /// Phases.
    Phases,
    /// Probes.
    Probes,
    /// Who answers.
    Hops,
    /// Numbers, names of them, and ranges.
    Number(Quantity),
    /// SQLSTATEs.
    SqlStates,
    /// First words of errors of Redis.
    RedisWords,
    /// Regular expressions.
    Patterns,
    /// Headers, each with a regular expression.
    Headers,
    /// Paths, each with values.
    Json,
    /// Facts, each with what it is.
    Facts,
    /// What was judged.
    Finding,
    /// What was looked at.
    Resource,
}

impl Shape {
    /// What is written there, in words.
    pub(super) fn words(self) -> String {
        let either = |what: &str| format!("{what}, or a list of them");
        match self {
            Self::Rules => "a list of [rules](#a-rule)".to_owned(),
            Self::Named => "names, each with a text".to_owned(),
            Self::Text => "text".to_owned(),
            Self::Texts => "a list of texts".to_owned(),
            Self::Truth => "`true` or `false`".to_owned(),
            Self::Words(words) => listed(words.iter().copied()),
            Self::Id => "at most 64 letters, digits, `-`, `_` and `.`".to_owned(),
            Self::Layer => listed(Layer::ALL.iter().map(|layer| layer.name())),
            Self::Class => format!("{}; `/` and a word behind it", listed(classes())),
            Self::Confidence => listed(Confidence::ALL.iter().map(|one| one.name())),
            Self::Owner => "words of lower-case letters, digits and `-`, joined by `+`".to_owned(),
            Self::When => "a mapping of signals".to_owned(),
            Self::Faults | Self::Codes => either("a code, or the beginning of some with `*`"),
            Self::Phases => either(&listed(phases())),
            Self::Probes => either(&listed(ProbeKind::NAMES.iter().copied())),
            Self::Hops => either(&listed(HOPS.iter().copied())),
            Self::Number(quantity) => {
                let range = quantity.allowed();
                let names = match quantity.names() {
                    [] => String::new(),
                    _ => " or its name".to_owned(),
                };
                let (from, to) = (range.start(), range.end());
                either(&format!(
                    "a number from {from} to {to}{names}, `{{ from, to }}`"
                ))
            }
            Self::SqlStates => either("five digits and capital letters, or the beginning with `*`"),
            Self::RedisWords => either("a word in capitals"),
            Self::Patterns => either("a regular expression; `^` and `$` are the ends of lines"),
            Self::Headers => "names, each with a regular expression".to_owned(),
            Self::Json => "paths, each with a value or a list of values".to_owned(),
            Self::Facts => {
                "names, each with `true`, `false`, `present`, `absent` or a regular expression"
                    .to_owned()
            }
            Self::Finding => "`path`, `absent`, or both".to_owned(),
            Self::Resource => format!(
                "`kind` ({}) and, of the network, `host` ({})",
                listed(KINDS.iter().copied()),
                listed(HOSTS.iter().copied())
            ),
        }
    }

    /// What is accepted there. A schema cannot tell all that is wrong: `allclear check` does.
    pub(super) fn schema(self) -> Value {
        match self {
            Self::Rules => {
                json!({ "type": "array", "maxItems": 2000, "items": { "$ref": "#/$defs/rule" } })
            }
            Self::Named => {
                json!({ "type": "object", "additionalProperties": { "type": "string" } })
            }
            Self::Text => json!({ "type": "string" }),
            Self::Texts => json!({ "type": "array", "items": { "type": "string" } }),
            Self::Truth => json!({ "type": "boolean" }),
            Self::Words(words) => json!({ "enum": words }),
            Self::Id => {
                json!({ "type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$", "not": { "const": "UNKNOWN" } })
            }
            Self::Layer => one_of(Layer::ALL.iter().map(|layer| layer.name())),
            Self::Class => {
                let of_classes: Vec<&str> = classes().collect();
                let of_classes = of_classes.join("|");
                json!({ "type": "string", "pattern": format!("^({of_classes})(/[a-z0-9-]{{1,40}})?$") })
            }
            Self::Confidence => one_of(Confidence::ALL.iter().map(|one| one.name())),
            Self::Owner => {
                json!({ "type": "string", "pattern": "^[a-z0-9-]{1,40}(\\+[a-z0-9-]{1,40})*$" })
            }
            Self::When => json!({ "$ref": "#/$defs/when" }),
            Self::Faults => any(&codes(false)),
            Self::Codes => any(&codes(true)),
            Self::Phases => any(&one_of(phases())),
            Self::Probes => any(&json!({ "enum": ProbeKind::NAMES })),
            Self::Hops => any(&json!({ "enum": HOPS })),
            Self::Number(quantity) => {
                let one = number(quantity);
                let range = json!({
                    "type": "object",
                    "properties": { "from": one, "to": one },
                    "required": ["from", "to"],
                    "additionalProperties": false,
                });
                any(&json!({ "anyOf": [one, range] }))
            }
            // Without quotes most are numbers to an editor.
            Self::SqlStates => any(&json!({ "anyOf": [
                { "type": "string", "pattern": "^([0-9A-Z]{5}|[0-9A-Z]{1,4}\\*)$" },
                { "type": "integer", "minimum": 0, "maximum": 99999 },
            ] })),
            Self::RedisWords => any(&json!({ "type": "string", "pattern": "^[A-Z]{1,15}$" })),
            Self::Patterns => any(&pattern()),
            Self::Headers => json!({ "type": "object", "additionalProperties": pattern() }),
            Self::Json => json!({
                "type": "object",
                "minProperties": 1,
                "propertyNames": { "pattern": "^\\$[.\\[]" },
                "additionalProperties": any(&json!({ "type": ["string", "number", "boolean", "null"] })),
            }),
            Self::Facts => json!({
                "type": "object",
                "minProperties": 1,
                "additionalProperties": { "anyOf": [{ "type": ["boolean", "number"] }, pattern()] },
            }),
            Self::Finding => json!({
                "type": "object",
                "minProperties": 1,
                "properties": { "path": { "type": "string" }, "absent": { "type": "boolean" } },
                "additionalProperties": false,
            }),
            Self::Resource => json!({
                "type": "object",
                "properties": { "kind": { "enum": KINDS }, "host": { "enum": HOSTS } },
                "required": ["kind"],
                "additionalProperties": false,
            }),
        }
    }
}

fn classes() -> impl Iterator<Item = &'static str> {
    Class::ALL.iter().map(|class| class.name())
}

fn phases() -> impl Iterator<Item = &'static str> {
    Phase::ALL.iter().map(|phase| phase.name())
}

fn listed(words: impl Iterator<Item = &'static str>) -> String {
    let words: Vec<String> = words.map(|word| format!("`{word}`")).collect();
    words.join(", ")
}

fn one_of(words: impl Iterator<Item = &'static str>) -> Value {
    let words: Vec<&str> = words.collect();
    json!({ "enum": words })
}

/// One, or a list of them.
fn any(one: &Value) -> Value {
    json!({ "anyOf": [one, { "type": "array", "minItems": 1, "items": one }] })
}

fn pattern() -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": 2048 })
}

fn number(quantity: Quantity) -> Value {
    let range = quantity.allowed();
    let number = json!({ "type": "integer", "minimum": range.start(), "maximum": range.end() });
    if quantity.names().is_empty() {
        return number;
    }
    let names: Vec<&str> = quantity.names().iter().map(|(name, _)| *name).collect();
    json!({ "anyOf": [{ "enum": names }, number] })
}

/// Whole codes to choose from, families with something of their own, and beginnings.
fn codes(with_judged: bool) -> Value {
    let judged = KnownCode::all().filter(|_| with_judged);
    let (families, mut whole): (Vec<&str>, Vec<&str>) = FaultKind::all_codes()
        .into_iter()
        .partition(|code| code.strip_suffix(".N").is_some());
    let mut stems: Vec<&str> = families
        .iter()
        .filter_map(|code| code.strip_suffix('N'))
        .collect();
    for known in judged {
        match known.stem() {
            Some(stem) => stems.push(stem),
            None => whole.push(known.shape()),
        }
    }
    let stems: Vec<String> = stems.iter().map(|stem| stem.replace('.', "\\.")).collect();
    json!({ "anyOf": [
        { "enum": whole },
        { "type": "string", "pattern": format!("^({})[A-Za-z0-9._-]+$", stems.join("|")) },
        { "type": "string", "pattern": "^[A-Za-z0-9._-]*\\*$" },
    ] })
}
