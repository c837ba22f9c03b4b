//! What actors are known by: one automaton for all of them.

use std::collections::{HashMap, HashSet};

use aho_corasick::AhoCorasick;

use super::identity::{Reach, identifies, other_writings};
use super::search::{Hit, Search, Whose};
use super::{Kind, Marker, Witness};

/// Characters of a marker. A shorter one is found in texts that are about something else.
pub const SHORTEST: usize = 4;

/// Bytes of a marker. A target must not fill our memory with what it has us look for.
const LONGEST: usize = 16 * 1024;

/// Names that are told of what was looked for.
const TOLD: usize = 12;

/// All markers that tell one actor from the others.
pub(super) struct Markers {
    pub(super) automaton: Option<AhoCorasick>,
    pub(super) patterns: Vec<Pattern>,
    /// Bytes of the longest.
    pub(super) longest: usize,
    /// Names of what is not looked for, as it tells nobody apart.
    left_out: Vec<String>,
}

pub(super) struct Pattern {
    pub(super) owner: usize,
    name: String,
    /// `` `nonce` of actor2 ``
    named: String,
    pub(super) reach: Reach,
    /// Made by us: it is a part of nothing by chance.
    pub(super) is_made: bool,
    /// Of a round before this: what comes late to the same actor is no leak, and no proof that it heard anything now.
    pub(super) is_earlier: bool,
}

/// Why one actor cannot be told from others, or not as was meant.
#[derive(Default)]
pub(super) struct Unusable {
    pub(super) reasons: Vec<String>,
    /// Nothing is left that only it has.
    pub(super) has_none: bool,
}

impl Markers {
    pub(super) fn of(witnesses: &[Witness<'_>]) -> (Self, Vec<Unusable>) {
        let mut sorting = Sorting::of(witnesses);
        sorting.sort();
        let mut markers = sorting.built(|kind| kind != Kind::Capture);
        if let Ok(known) = &mut markers {
            // What holds something of another came to its owner with it, and hides it where it stands.
            let holds_others = |one: &Owned<'_>| {
                one.marker.kind == Kind::Capture && known.is_foreign(one.owner, &one.marker.text)
            };
            let foreign: Vec<_> = sorting
                .used
                .extract_if(.., |one| holds_others(one))
                .collect();
            for one in foreign {
                sorting.leave_out(one.marker);
            }
            markers = sorting.built(|_| true);
        }
        let mut markers = match markers {
            Ok(markers) => markers,
            Err(why) => {
                for unusable in &mut sorting.unusable {
                    unusable.reasons.push(why.clone());
                }
                Self::empty()
            }
        };
        for (actor, unusable) in sorting.unusable.iter_mut().enumerate() {
            let is_its = |pattern: &Pattern| pattern.owner == actor && !pattern.is_earlier;
            unusable.has_none = !markers.patterns.iter().any(is_its);
        }
        markers.left_out = sorting.left_out;
        (markers, sorting.unusable)
    }

    fn empty() -> Self {
        Self {
            automaton: None,
            patterns: Vec::new(),
            longest: 0,
            left_out: Vec::new(),
        }
    }

    /// `` `nonce` of actor2 ``
    pub(super) fn named(&self, marker: usize) -> &str {
        &self.patterns[marker].named
    }

    /// `nonce, uuid, session.user.token; left out: role`
    pub(super) fn looked_for(&self) -> String {
        let mut names: Vec<&str> = Vec::new();
        for pattern in self.patterns.iter().filter(|pattern| !pattern.is_earlier) {
            if !names.contains(&&*pattern.name) {
                names.push(&pattern.name);
            }
        }
        let mut told = format!("looked for: {}", list(&names));
        if self.patterns.iter().any(|pattern| pattern.is_earlier) {
            told += ", and those of earlier rounds";
        }
        if !self.left_out.is_empty() {
            let names: Vec<_> = self.left_out.iter().map(String::as_str).collect();
            told += "; left out: ";
            told += &list(&names);
        }
        told
    }

    /// Whether any marker is in a text, in whatever form.
    pub(super) fn is_in(&self, text: &str) -> bool {
        let nobody = usize::MAX;
        self.is_foreign(nobody, text)
    }

    /// Whether something of another is in a text.
    fn is_foreign(&self, actor: usize, text: &str) -> bool {
        let mut is_foreign = false;
        let mut found = |hit: Hit| is_foreign |= hit.whose != Whose::Own;
        Search::new(self, actor, &mut found).text(text, 0);
        is_foreign
    }
}

fn list(names: &[&str]) -> String {
    match names {
        [] => "nothing".to_owned(),
        names if names.len() <= TOLD => names.join(", "),
        names => format!(
            "{} and {} more",
            names[..TOLD].join(", "),
            names.len() - TOLD
        ),
    }
}

/// A marker and who has it.
#[derive(Clone, Copy)]
struct Owned<'w> {
    owner: usize,
    marker: &'w Marker,
    /// Of which round before this.
    round: Option<u64>,
}

/// What is looked for, and what is not.
struct Sorting<'w> {
    witnesses: &'w [Witness<'w>],
    used: Vec<Owned<'w>>,
    unusable: Vec<Unusable>,
    left_out: Vec<String>,
}

impl<'w> Sorting<'w> {
    fn of(witnesses: &'w [Witness<'w>]) -> Self {
        let mut unusable: Vec<Unusable> = Vec::new();
        unusable.resize_with(witnesses.len(), Unusable::default);
        Self {
            witnesses,
            used: Vec::new(),
            unusable,
            left_out: Vec::new(),
        }
    }

    fn leave_out(&mut self, marker: &Marker) {
        if !self.left_out.contains(&marker.name) {
            self.left_out.push(marker.name.clone());
        }
    }

    fn sort(&mut self) {
        // Texts in the order given, each with who has it under which name.
        let mut texts: Vec<Vec<Owned<'w>>> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut add = |one: Owned<'w>, texts: &mut Vec<Vec<Owned<'w>>>| {
            let text = one.marker.text.to_ascii_lowercase();
            let place = *places.entry(text).or_insert(texts.len());
            if place == texts.len() {
                texts.push(Vec::new());
            }
            texts[place].push(one);
        };
        for (owner, witness) in self.witnesses.iter().enumerate() {
            for marker in &witness.markers {
                let one = Owned {
                    owner,
                    marker,
                    round: None,
                };
                if self.is_fit(one) {
                    add(one, &mut texts);
                }
            }
        }
        for owners in &texts {
            self.settle(owners);
        }
        // What was somebody's in an earlier round, and is nobody else's now nor was then.
        let current = texts.len();
        for (owner, witness) in self.witnesses.iter().enumerate() {
            for (round, marker) in witness.earlier {
                let is_fit = (SHORTEST..=LONGEST).contains(&marker.text.len());
                if is_fit {
                    let round = Some(*round);
                    add(
                        Owned {
                            owner,
                            marker,
                            round,
                        },
                        &mut texts,
                    );
                }
            }
        }
        for owners in &texts[current..] {
            if owners.iter().all(|one| one.owner == owners[0].owner) {
                self.used.extend(owners.last());
            }
        }
    }

    /// Whether it can be looked for.
    fn is_fit(&mut self, one: Owned<'w>) -> bool {
        let why = unfit(one.marker);
        if one.marker.kind == Kind::Capture {
            let is_fit = why.is_none() && identifies(&one.marker.text);
            if !is_fit {
                self.leave_out(one.marker);
            }
            return is_fit;
        }
        let is_fit = why.is_none();
        self.unusable[one.owner].reasons.extend(why);
        is_fit
    }

    /// Says whose a text is.
    fn settle(&mut self, owners: &[Owned<'w>]) {
        let whose = |is: fn(Kind) -> bool| {
            let such: Vec<_> = owners.iter().filter(|one| is(one.marker.kind)).collect();
            let mut different: Vec<usize> = such.iter().map(|one| one.owner).collect();
            different.sort_unstable();
            different.dedup();
            (such.first().map(|one| **one), different.len())
        };
        // Its name is its own, whatever others call theirs.
        let is_its_name = |one: &&Owned<'w>| one.marker.text == self.witnesses[one.owner].actor;
        if let Some(one) = owners.iter().find(is_its_name) {
            self.used.push(*one);
            return;
        }
        // Who captured what was made for another has seen it, and does not own it for that.
        let made = whose(|kind| matches!(kind, Kind::Made | Kind::Name));
        let all = whose(|_| true);
        let has_secret = owners.iter().any(|one| one.marker.kind == Kind::Secret);
        match (made, all) {
            ((Some(one), 1), _) | (_, (Some(one), 1)) => self.used.push(one),
            _ if has_secret => self.one_user(owners),
            // What several have and everybody may know tells nobody from another.
            _ => owners.iter().for_each(|one| self.leave_out(one.marker)),
        }
    }

    fn one_user(&mut self, owners: &[Owned<'w>]) {
        let mut told = HashSet::new();
        for one in owners {
            let other = owners.iter().find(|other| other.owner != one.owner);
            if let Some(other) = other.filter(|_| told.insert(one.owner)) {
                let why = one_user(self.witnesses, one, other);
                self.unusable[one.owner].reasons.push(why);
            }
        }
    }

    /// The automaton of those of such kinds; else why there is none.
    fn built(&self, is: impl Fn(Kind) -> bool) -> Result<Markers, String> {
        let mut markers = Markers::empty();
        let mut words: Vec<Vec<u8>> = Vec::new();
        let mut known: HashSet<Vec<u8>> = HashSet::new();
        for one in self.used.iter().filter(|one| is(one.marker.kind)) {
            let text = one.marker.text.to_ascii_lowercase();
            let others = other_writings(&text);
            for word in std::iter::once(text.into_bytes()).chain(others) {
                if known.insert(word.clone()) {
                    markers.longest = markers.longest.max(word.len());
                    markers.patterns.push(self.pattern(one));
                    words.push(word);
                }
            }
        }
        if !words.is_empty() {
            let automaton = AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .build(&words);
            let why = |error| format!("nothing could be searched: {error}");
            markers.automaton = Some(automaton.map_err(why)?);
        }
        Ok(markers)
    }

    fn pattern(&self, one: &Owned<'w>) -> Pattern {
        let actor = self.witnesses[one.owner].actor;
        let name = &one.marker.name;
        let named = match one.round {
            Some(round) => format!("`{name}` of {actor} in round {round}"),
            None => format!("`{name}` of {actor}"),
        };
        Pattern {
            owner: one.owner,
            name: name.clone(),
            named,
            reach: Reach::of(&one.marker.text, one.marker.kind),
            is_made: one.marker.kind == Kind::Made,
            is_earlier: one.round.is_some(),
        }
    }
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

fn one_user(witnesses: &[Witness<'_>], one: &Owned<'_>, other: &Owned<'_>) -> String {
    let (mine, others) = (&one.marker.name, &other.marker.name);
    let (one, other) = (witnesses[one.owner].actor, witnesses[other.owner].actor);
    if mine == others {
        format!("{one} and {other} have the same `{mine}`: they are one user")
    } else {
        format!("`{mine}` of {one} is `{others}` of {other}: they are one user")
    }
}
