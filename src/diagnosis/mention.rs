//! What an answer names: an application that says `db.internal:5432` depends on it.
//!
//! Anybody can write anything into a body, so this is an edge only to something that others met as broken themselves, and only for a
//! failure that is not sure of its own.

use std::collections::HashMap;

use super::address::Address;
use super::graph::{Failure, Graph, Resource};
use crate::model::{Confidence, Diagnosed, Excerpt};

/// The sockets and names that failed, by their hosts.
#[derive(Debug)]
pub(super) struct Mentions<'g> {
    by_host: HashMap<&'g str, Vec<(Option<u16>, Resource)>>,
}

/// Of each end of a text.
const MOST_READ: usize = 2 * 1024;

impl<'g> Mentions<'g> {
    /// What can be named at all.
    pub(super) fn of(graph: &'g Graph<'_>) -> Self {
        let mut by_host: HashMap<&str, Vec<_>> = HashMap::new();
        let mut known: Vec<Resource> = graph.failures.iter().map(|one| one.at).collect();
        known.sort_unstable();
        known.dedup();
        for resource in known {
            let address = Address::of(graph.name(resource));
            // A bare word is a word: only names with a dot, and addresses, are taken for hosts.
            let host = address.host.filter(|host| host.contains(['.', ':']));
            if let (Some(host), "sock" | "dns" | "dsn") = (host, address.kind) {
                by_host
                    .entry(host)
                    .or_default()
                    .push((address.port, resource));
            }
        }
        Self { by_host }
    }

    /// What the evidence of a failure names, and its own look did not touch.
    pub(super) fn by(&self, one: &Diagnosed, failure: &Failure<'_>) -> Vec<Resource> {
        let is_sure = one.blame.confidence == Confidence::High;
        let evidence = failure
            .step
            .map(|step| step.observation.evidence.as_slice());
        let (Some(evidence), false, false) = (evidence, is_sure, self.by_host.is_empty()) else {
            return Vec::new();
        };
        let answered = evidence.iter().filter(|one| one.label != "curl");
        let mut named: Vec<Resource> = answered
            .flat_map(|excerpt| self.in_text(excerpt))
            .filter(|resource| !failure.uses.contains(resource))
            .collect();
        named.sort_unstable();
        named.dedup();
        named
    }

    fn in_text(&self, excerpt: &Excerpt) -> Vec<Resource> {
        let text = excerpt.text.as_str();
        let head = text.floor_char_boundary(MOST_READ);
        let tail = text
            .ceil_char_boundary(text.len().saturating_sub(MOST_READ))
            .max(head);
        let words: Vec<&str> = [&text[..head], &text[tail..]]
            .into_iter()
            .flat_map(|part| part.split(is_between))
            .map(|word| word.trim_matches(['.', ':', '-']))
            .filter(|word| !word.is_empty())
            .collect();
        let mut named = Vec::new();
        // Most words are no hosts: those are not even looked for.
        for word in words.iter().filter(|word| word.contains(['.', ':'])) {
            let (host, port) = match word.rsplit_once(':') {
                Some((host, port)) if !host.contains(':') => (host, Some(port)),
                _ => (*word, None),
            };
            for (wanted, resource) in self.by_host.get(host).into_iter().flatten() {
                let is_meant = match wanted {
                    None => true,
                    // `host:5432`, or `"host", port 5432` as PostgreSQL's client says it.
                    Some(wanted) => {
                        let wanted = wanted.to_string();
                        port == Some(&wanted)
                            || (port.is_none() && words.contains(&wanted.as_str()))
                    }
                };
                if is_meant {
                    named.push(*resource);
                }
            }
        }
        named
    }
}

fn is_between(c: char) -> bool {
    !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '_'))
}
