//! What actors are known by, and finding it in a text: one automaton for all of them.

use std::collections::HashMap;

use aho_corasick::AhoCorasick;

use super::{Marker, Witness};

/// Characters of a marker. A shorter one is found in texts that are about something else.
pub const SHORTEST: usize = 4;

/// Bytes of a marker. A target must not fill our memory with what it has us look for.
const LONGEST: usize = 16 * 1024;

/// All markers that tell one actor from the others.
pub(super) struct Markers {
    automaton: Option<AhoCorasick>,
    patterns: Vec<Pattern>,
}

struct Pattern {
    owner: usize,
    /// `` `nonce` of actor2 ``
    named: String,
    /// Whether its ends are letters, digits or `_`: then it must not go on beyond them, as `actor1` does in `actor10`.
    begins_word: bool,
    ends_word: bool,
}

/// Why one actor cannot be told from others, or not as was meant.
#[derive(Default)]
pub(super) struct Unusable {
    pub(super) reasons: Vec<String>,
    /// Nothing is left that only it has.
    pub(super) has_none: bool,
}

/// What was found in one text.
pub(super) struct Found {
    pub(super) is_own: bool,
    /// A marker of another, the first there is.
    pub(super) foreign: Option<usize>,
}

impl Markers {
    pub(super) fn of(witnesses: &[Witness<'_>]) -> (Self, Vec<Unusable>) {
        let mut unusable: Vec<Unusable> = Vec::new();
        unusable.resize_with(witnesses.len(), Unusable::default);
        // Texts in the order given, each with who has it under which name.
        let mut texts: Vec<(String, Vec<(usize, &Marker)>)> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        for (actor, witness) in witnesses.iter().enumerate() {
            for marker in &witness.markers {
                if let Some(why) = unfit(marker) {
                    unusable[actor].reasons.push(why);
                    continue;
                }
                let text = marker.text.to_ascii_lowercase();
                let place = *places.entry(text.clone()).or_insert(texts.len());
                if place == texts.len() {
                    texts.push((text, Vec::new()));
                }
                let owners = &mut texts[place].1;
                if owners.iter().all(|(owner, _)| *owner != actor) {
                    owners.push((actor, marker));
                }
            }
        }
        let mut patterns = Vec::new();
        let mut words = Vec::new();
        for (text, owners) in &texts {
            if let [(owner, marker)] = &owners[..] {
                words.push(text);
                patterns.push(Pattern {
                    owner: *owner,
                    named: format!("`{}` of {}", marker.name, witnesses[*owner].actor),
                    begins_word: text.starts_with(is_word),
                    ends_word: text.ends_with(is_word),
                });
            } else if owners.iter().any(|(_, marker)| marker.is_secret) {
                for (at, (owner, _)) in owners.iter().enumerate() {
                    let other = owners[usize::from(at == 0)];
                    let why = one_user(witnesses, owners[at], other);
                    unusable[*owner].reasons.push(why);
                }
            }
            // What several have and everybody may know tells nobody from another.
        }
        for (actor, unusable) in unusable.iter_mut().enumerate() {
            unusable.has_none = patterns.iter().all(|pattern| pattern.owner != actor);
        }
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(&words);
        let automaton = match automaton {
            Ok(automaton) if !words.is_empty() => Some(automaton),
            Ok(_) => None,
            Err(error) => {
                for unusable in &mut unusable {
                    unusable
                        .reasons
                        .push(format!("nothing could be searched: {error}"));
                }
                None
            }
        };
        (
            Self {
                automaton,
                patterns,
            },
            unusable,
        )
    }

    /// `` `nonce` of actor2 ``
    pub(super) fn named(&self, marker: usize) -> &str {
        &self.patterns[marker].named
    }

    /// Whether any marker is in a text.
    pub(super) fn is_in(&self, text: &str) -> bool {
        let automaton = self.automaton.as_ref();
        automaton.is_some_and(|automaton| automaton.is_match(text))
    }

    /// What of an actor's own and of others' is in a text, in whole words and in whatever case.
    pub(super) fn search(&self, actor: usize, text: &str) -> Found {
        let (mut own, mut foreign) = (Vec::new(), Vec::new());
        let automaton = self.automaton.as_ref();
        let matches = automaton.map(|automaton| automaton.find_overlapping_iter(text));
        for found in matches.into_iter().flatten() {
            let at = found.pattern().as_usize();
            let pattern = &self.patterns[at];
            let before = || text[..found.start()].ends_with(is_word);
            let after = || text[found.end()..].starts_with(is_word);
            if (pattern.begins_word && before()) || (pattern.ends_word && after()) {
                continue;
            }
            if pattern.owner == actor {
                own.push((found.start(), found.end()));
            } else {
                foreign.push((found.start(), found.end(), at));
            }
        }
        // Another's marker may be a part of one of its own, and is its own there.
        let is_own = !own.is_empty();
        own.sort_unstable();
        let mut furthest = 0;
        for (_, end) in &mut own {
            furthest = furthest.max(*end);
            *end = furthest;
        }
        let is_within = |start: usize, end: usize| {
            let begun = own.partition_point(|(own, _)| *own <= start);
            begun.checked_sub(1).is_some_and(|at| own[at].1 >= end)
        };
        let foreign = foreign
            .into_iter()
            .find(|(start, end, _)| !is_within(*start, *end));
        Found {
            is_own,
            foreign: foreign.map(|(_, _, marker)| marker),
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Why a marker cannot be looked for.
fn unfit(marker: &Marker) -> Option<String> {
    let (name, length) = (&marker.name, marker.text.chars().count());
    if length < SHORTEST {
        let s = if length == 1 { "" } else { "s" };
        return Some(format!(
            "its `{name}` has {length} character{s}, too few to be recognised: at least {SHORTEST}"
        ));
    }
    (marker.text.len() > LONGEST)
        .then(|| format!("its `{name}` is longer than the {LONGEST} bytes that are looked for"))
}

fn one_user(
    witnesses: &[Witness<'_>],
    (one, marker): (usize, &Marker),
    (other, same): (usize, &Marker),
) -> String {
    let (one, other) = (witnesses[one].actor, witnesses[other].actor);
    if marker.name == same.name {
        format!(
            "{one} and {other} have the same `{}`: they are one user",
            marker.name
        )
    } else {
        format!(
            "`{}` of {one} is `{}` of {other}: they are one user",
            marker.name, same.name
        )
    }
}
