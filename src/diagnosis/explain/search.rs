//! Words of what is said about codes and rules.

use super::{Subject, code_called};
use crate::diagnosis::{Rule, Rules};
use crate::model::{FaultKind, KnownCode};

/// What people say for what we call otherwise.
const MEANT: &[(&str, &str)] = &[
    ("pg", "postgres"),
    ("postgresql", "postgres"),
    ("mariadb", "mysql"),
    ("ws", "websocket"),
    ("k8s", "kubernetes"),
    ("cert", "certificate"),
    ("lb", "balancer"),
    ("oom", "memory"),
    ("fw", "firewall"),
];

/// Codes and rules with all of the words; those that are called so come first.
pub(super) fn search<'r>(query: &str, rules: &'r Rules) -> Vec<Subject<'r>> {
    let query = query.to_lowercase();
    // `tcp.*` is `tcp.`, and what has neither letter nor digit is no word.
    let words = query
        .split_whitespace()
        .map(|word| word.trim_end_matches('*'));
    let words: Vec<&str> = words
        .filter(|word| word.contains(char::is_alphanumeric))
        .collect();
    if words.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<(u8, Subject<'r>)> = Vec::new();
    let faults = FaultKind::catalogue().into_iter();
    let faults = faults.map(|known| (known.code, known.meaning));
    let judged = KnownCode::all().map(|known| (known.shape(), known.meaning()));
    for (code, meaning) in faults.chain(judged) {
        if let Some(rank) = rank(&words, &code.to_lowercase(), meaning)
            && let Some(subject) = code_called(code, rules)
        {
            found.push((rank, subject));
        }
    }
    for rule in rules.all() {
        if let Some(rank) = rank(&words, &called(rule), &said(rule)) {
            found.push((rank, Subject::Rule(rule)));
        }
    }
    found.sort_by_key(|(rank, _)| *rank);
    // Where something is called so, what only mentions it is not meant.
    let best = found.first().map_or(0, |(rank, _)| *rank);
    found.retain(|(rank, _)| *rank == best);
    found.into_iter().map(|(_, subject)| subject).collect()
}

/// 0 where all words are of the name, 1 where they are of what is said; `None` where one is of neither.
fn rank(words: &[&str], name: &str, said: &str) -> Option<u8> {
    let said = said.to_lowercase();
    let mut rank = 0;
    for word in words {
        let meant = MEANT.iter().find(|(short, _)| short == word);
        let either = [Some(*word), meant.map(|(_, long)| *long)];
        let mut either = either.into_iter().flatten();
        if either.clone().any(|word| is_part(name, word)) {
            continue;
        }
        if !either.any(|word| is_part(&said, word)) {
            return None;
        }
        rank = 1;
    }
    Some(rank)
}

/// Whether a word of it begins so.
fn is_part(text: &str, word: &str) -> bool {
    let mut from = 0;
    while let Some(at) = text[from..].find(word) {
        let before = text[..from + at].chars().next_back();
        if before.is_none_or(|before| !before.is_alphanumeric()) {
            return true;
        }
        from += at + word.len();
    }
    false
}

/// Its id, its class and what it asks.
fn called(rule: &Rule) -> String {
    let asks = rule
        .when
        .written()
        .map(|(key, written)| format!("{key} {written}"));
    let detail = rule.blame.detail.as_deref().unwrap_or_default();
    let mut text = format!("{} {detail} ", rule.id);
    text.push_str(&asks.collect::<Vec<_>>().join(" "));
    text.to_lowercase()
}

fn said(rule: &Rule) -> String {
    let mut said = format!("{} {} {}", rule.blame, rule.layer, rule.meaning);
    for alternative in &rule.alternatives {
        said.push(' ');
        said.push_str(alternative);
    }
    said
}
