//! What an answer names: an application that says `db.internal:5432` depends on it.
//!
//! Anybody can write anything into a body, so this is an edge only to something that others met as broken themselves, and only
//! for a failure that is not sure of its own.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::address::Address;
use super::graph::{Failure, Graph, Resource};
use crate::model::{Confidence, Diagnosed, Excerpt};

/// The sockets and names that failed, by their hosts.
#[derive(Debug)]
pub(super) struct Mentions<'g> {
    by_host: HashMap<&'g str, Known>,
}

/// What is known of a host.
#[derive(Debug, Default)]
struct Known {
    /// What has no port.
    whole: Vec<Resource>,
    /// By ports, as they are written.
    by_port: HashMap<String, Vec<Resource>>,
    /// Whether it is the machine that says it, whichever that is.
    is_loopback: bool,
}

/// Of each end of a text.
const MOST_READ: usize = 2 * 1024;

impl<'g> Mentions<'g> {
    /// What can be named at all.
    pub(super) fn of(graph: &'g Graph<'_>) -> Self {
        let mut by_host: HashMap<&str, Known> = HashMap::new();
        let mut databases: HashMap<(&str, u16), Vec<Resource>> = HashMap::new();
        let mut known: Vec<Resource> = graph.failures.iter().map(|one| one.at).collect();
        known.sort_unstable();
        known.dedup();
        for resource in known {
            let address = Address::of(graph.name(resource));
            if let (Some(host), "sock" | "dns" | "dsn") = (address.host, address.kind) {
                let known = by_host.entry(host).or_default();
                known.is_loopback = address.is_local();
                match address.port {
                    Some(port) if address.kind == "dsn" => {
                        databases.entry((host, port)).or_default()
                    }
                    Some(port) => known.by_port.entry(port.to_string()).or_default(),
                    None => &mut known.whole,
                }
                .push(resource);
            }
        }
        for ((host, port), all) in databases {
            // Who names a host and a port of many databases names none of them.
            if let ([only], Some(known)) = (all.as_slice(), by_host.get_mut(host)) {
                known
                    .by_port
                    .entry(port.to_string())
                    .or_default()
                    .push(*only);
            }
        }
        Self { by_host }
    }

    /// What is meant by a host. Another machine that says `localhost` means itself.
    fn meant(&self, host: &str, is_ours: bool) -> Option<&Known> {
        let known = self.by_host.get(host);
        known.filter(|known| is_ours || !known.is_loopback)
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
        let is_ours = Address::of(&one.resource).is_local();
        let answered = evidence.iter().filter(|one| one.label != "curl");
        let mut named: Vec<Resource> = answered
            .flat_map(|excerpt| self.in_text(excerpt, is_ours))
            .chain(self.behind(one, is_ours))
            .filter(|resource| failure.uses.binary_search(resource).is_err())
            .collect();
        named.sort_unstable();
        named.dedup();
        named
    }

    /// What the failure was met at that its evidence tells of, where a library wrote that: there a bare word is a host, too.
    fn behind(&self, one: &Diagnosed, is_ours: bool) -> Vec<Resource> {
        let address = one.behind.as_deref().map(Address::of);
        let known = address.and_then(|address| self.meant(address.host?, is_ours));
        let port = address.and_then(|address| address.port);
        let at_port = port.and_then(|port| known?.by_port.get(&port.to_string()));
        let whole = known.map(|known| &known.whole);
        whole
            .into_iter()
            .chain(at_port)
            .flatten()
            .copied()
            .collect()
    }

    fn in_text(&self, excerpt: &Excerpt, is_ours: bool) -> Vec<Resource> {
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
        let mut without_port: BTreeSet<&str> = BTreeSet::new();
        // Most words are no hosts: those are not even looked for.
        for word in words.iter().filter(|word| word.contains(['.', ':'])) {
            let (host, port) = match word.rsplit_once(':') {
                Some((host, port)) if !host.contains(':') => (host, Some(port)),
                _ => (*word, None),
            };
            let Some(known) = self.meant(host, is_ours) else {
                continue;
            };
            // A bare word is a word: only names with a dot, and addresses, are taken for hosts.
            if host.contains(['.', ':']) {
                named.extend(&known.whole);
            }
            match port {
                Some(port) => named.extend(known.by_port.get(port).into_iter().flatten()),
                None => {
                    without_port.insert(host);
                }
            }
        }
        if without_port.is_empty() {
            return named;
        }
        // `"host", port 5432` as PostgreSQL's client says it.
        let words: HashSet<&str> = words.into_iter().collect();
        for known in without_port
            .iter()
            .filter_map(|host| self.meant(host, is_ours))
        {
            // A host can have more ports than a text has words, and the other way round.
            if known.by_port.len() <= words.len() {
                let ports = known.by_port.iter();
                let said = ports.filter(|(port, _)| words.contains(port.as_str()));
                named.extend(said.flat_map(|(_, all)| all));
            } else {
                let said = words.iter().filter_map(|word| known.by_port.get(*word));
                named.extend(said.flatten());
            }
        }
        named
    }
}

fn is_between(c: char) -> bool {
    !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '_'))
}
