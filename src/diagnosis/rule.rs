//! One rule: what it asks, and what it means when that is so.

use super::Signal;
use crate::model::{Blame, Class, Confidence, Layer};
use crate::yaml::{Diagnostic, Diagnostics, Fields, Node, did_you_mean};

/// What a signal means.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its name: `TCP-1`.
    pub id: String,
    /// Where it broke.
    pub layer: Layer,
    /// What it asks of a failure.
    pub when: Signal,
    /// Whose it is then, as far as this signal alone goes.
    pub blame: Blame,
    /// What it means, in one or two sentences.
    pub meaning: String,
    /// What else it could be.
    pub alternatives: Vec<String>,
    /// One check that would tell them apart.
    pub next: String,
    /// How to make sure of it.
    pub confirm: String,
    /// What would show that it is wrong.
    pub falsify: String,
    /// What to do about it, where that is known.
    pub hint: Option<String>,
    /// Names of [`Rules::command`](super::Rules::command)s, or commands.
    pub commands: Vec<String>,
    /// What an application wrote counts beside it: a failure of a lower layer in a body or a log gives the class then.
    pub nested: bool,
    /// Where this was verified: a standard, a document, a source file.
    pub source: Option<String>,
}

impl Rule {
    /// Reads a rule. What is left out of one that overrides another (`base`) stays as it is there.
    pub(super) fn decode(
        fields: &Fields<'_>,
        id: &str,
        base: Option<&Self>,
        problems: &mut Diagnostics,
    ) -> Option<Self> {
        let before = problems.errors();
        // Each of them is read, so that every mistake is told.
        let node = |key: &str, problems: &mut Diagnostics| match base {
            Some(_) => fields.get(key),
            None => fields.required(key, problems),
        };
        let when = node("when", problems).and_then(|node| Signal::decode(node, problems));
        let layer = node("layer", problems)
            .and_then(|node| named(node, "layer", Layer::ALL, Layer::name, problems));
        let class = node("class", problems).and_then(|node| class(node, problems));
        let confidence = node("confidence", problems).and_then(|node| {
            named(
                node,
                "confidence",
                Confidence::ALL,
                Confidence::name,
                problems,
            )
        });
        let owner = node("owner", problems).and_then(|node| owner(node, problems));
        node("meaning", problems);
        let text = |key: &str, of_base: fn(&Self) -> &String, problems: &mut Diagnostics| {
            let own = fields
                .text(key, problems)
                .map(|text| text.trim().to_owned());
            own.or_else(|| base.map(of_base).cloned())
                .unwrap_or_default()
        };
        let list = |key: &str, of_base: fn(&Self) -> &Vec<String>, problems: &mut Diagnostics| {
            let own: Option<Vec<String>> = fields.decode(key, problems);
            own.or_else(|| base.map(of_base).cloned())
                .unwrap_or_default()
        };
        let meaning = text("meaning", |rule| &rule.meaning, problems);
        let next = text("next", |rule| &rule.next, problems);
        let confirm = text("confirm", |rule| &rule.confirm, problems);
        let falsify = text("falsify", |rule| &rule.falsify, problems);
        let alternatives = list("alternatives", |rule| &rule.alternatives, problems);
        let commands = list("commands", |rule| &rule.commands, problems);
        let optional = |key: &str, problems: &mut Diagnostics| {
            fields
                .text(key, problems)
                .map(|text| text.trim().to_owned())
        };
        let hint = optional("hint", problems).or_else(|| base?.hint.clone());
        let source = optional("source", problems).or_else(|| base?.source.clone());
        let nested = fields.decode("nested", problems);
        let nested = nested.unwrap_or_else(|| base.is_some_and(|rule| rule.nested));
        if problems.errors() > before {
            return None;
        }
        let (class, detail) =
            class.or_else(|| base.map(|rule| (rule.blame.class, rule.blame.detail.clone())))?;
        let rule = Self {
            id: id.to_owned(),
            layer: layer.or_else(|| base.map(|rule| rule.layer))?,
            when: when.or_else(|| base.map(|rule| rule.when.clone()))?,
            blame: Blame {
                class,
                detail,
                confidence: confidence.or_else(|| base.map(|rule| rule.blame.confidence))?,
                owner: owner.or_else(|| base.map(|rule| rule.blame.owner.clone()))?,
            },
            meaning,
            alternatives,
            next,
            confirm,
            falsify,
            hint,
            commands,
            nested,
            source,
        };
        rule.check_confidence(fields, problems);
        (problems.errors() == before).then_some(rule)
    }

    /// What anybody could have written is believed at most half.
    fn check_confidence(&self, fields: &Fields<'_>, problems: &mut Diagnostics) {
        let at = |key: &str| {
            let entry = fields.entry(key);
            entry.map_or(fields.span(), |entry| entry.value.resolved().span)
        };
        if self.when.is_untrusted() && self.blame.confidence == Confidence::High {
            problems.push(Diagnostic::error(
                at("confidence"),
                "`untrusted: true` asks what anybody could have written: the confidence is `medium` at most",
            ));
        }
        if self.blame.class == Class::Unknown && self.blame.confidence != Confidence::Low {
            problems.push(Diagnostic::error(
                at("confidence"),
                "what is unknown is known with no more than `low` confidence",
            ));
        }
    }
}

/// A word of ours by its name.
fn named<T: Copy>(
    node: &Node,
    what: &str,
    all: &[T],
    name: fn(T) -> &'static str,
    problems: &mut Diagnostics,
) -> Option<T> {
    let text = node.as_scalar().map(|scalar| &*scalar.text);
    let found = text.and_then(|text| all.iter().copied().find(|one| name(*one) == text));
    if found.is_none() {
        let names: Vec<&str> = all.iter().map(|one| name(*one)).collect();
        let message = match text {
            Some(text) => {
                let hint = did_you_mean(text, names.iter().copied());
                format!("no {what} is called `{text}`{hint}")
            }
            None => format!("`{what}` is one word"),
        };
        problems.push(
            Diagnostic::error(node.resolved().span, message)
                .help(format!("there are {}", names.join(", "))),
        );
    }
    found
}

/// `infrastructure/service-down`, or a class alone.
fn class(node: &Node, problems: &mut Diagnostics) -> Option<(Class, Option<String>)> {
    let text = node.as_scalar().map_or("", |scalar| &*scalar.text);
    let (name, detail) = match text.split_once('/') {
        Some((name, detail)) => (name, Some(detail)),
        None => (text, None),
    };
    let Some(class) = Class::parse(name) else {
        let names: Vec<&str> = Class::ALL.iter().map(|class| class.name()).collect();
        let hint = did_you_mean(name, names.iter().copied());
        problems.push(
            Diagnostic::error(
                node.resolved().span,
                format!("no class is called `{name}`{hint}"),
            )
            .help(format!("there are {}", names.join(", "))),
        );
        return None;
    };
    if detail.is_some_and(|detail| !is_word(detail)) {
        problems.push(Diagnostic::error(
            node.resolved().span,
            format!("behind `{name}/` stands one word: lower-case letters, digits and `-`"),
        ));
        return None;
    }
    Some((class, detail.map(str::to_owned)))
}

/// `network`, or several who answer together: `app+dba`.
fn owner(node: &Node, problems: &mut Diagnostics) -> Option<String> {
    let text = node.as_scalar().map_or("", |scalar| &*scalar.text);
    let is_right = text.split('+').all(is_word);
    if !is_right {
        problems.push(Diagnostic::error(
            node.resolved().span,
            format!("`{text}` is no owner: a word such as `network`, or several: `app+dba`"),
        ));
    }
    is_right.then(|| text.to_owned())
}

fn is_word(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=40).contains(&text.len()) && text.bytes().all(is_part)
}
