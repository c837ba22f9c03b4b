//! The one mask: every resolved secret, in every form it can leave the process in.

mod forms;

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use aho_corasick::AhoCorasick;

/// What stands where a secret stood.
const STARS: &str = "***";

/// Secrets with fewer characters are not masked: their letters would be found in every report.
const SHORTEST: usize = 6;

/// Masks secrets in text. Cheap to clone; all clones share what was added.
#[derive(Clone, Default)]
pub struct Mask {
    shared: Arc<RwLock<Shared>>,
}

#[derive(Default)]
struct Shared {
    forms: HashSet<Arc<str>>,
    /// Added, and in no layer yet.
    fresh: Vec<Arc<str>>,
    /// Each more than twice as large as the next, so that a run that captures a new token in each of 100 000 attempts
    /// does not build everything anew each time.
    layers: Vec<Layer>,
}

struct Layer {
    forms: Vec<Arc<str>>,
    automaton: Arc<AhoCorasick>,
}

impl Mask {
    /// Adds a secret. `false` when it is too short to be masked (under 6 characters).
    ///
    /// It is masked as it is, percent- and form-encoded, base64-encoded (RFC 4648 §4 and §5, also as a part of
    /// something longer), escaped for JSON, XML and HTML; and each of its lines that is long enough.
    pub fn add(&self, secret: &str) -> bool {
        if secret.chars().count() < SHORTEST {
            return false;
        }
        let forms = forms::of(secret, SHORTEST);
        let mut shared = self.shared.write().unwrap_or_else(PoisonError::into_inner);
        for form in forms {
            let form: Arc<str> = form.into();
            if shared.forms.insert(form.clone()) {
                shared.fresh.push(form);
            }
        }
        true
    }

    /// Whether there is nothing to mask.
    pub fn is_empty(&self) -> bool {
        let shared = self.shared.read().unwrap_or_else(PoisonError::into_inner);
        shared.forms.is_empty()
    }

    /// The text with every secret replaced by `***`, in whatever encoding it appears. Secrets that overlap become one
    /// `***`. Give it text before it is cut: the beginning of a secret is not recognised.
    pub fn apply<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut covered: Vec<(usize, usize)> = Vec::new();
        for automaton in self.automata() {
            // All matches, also those inside and across others; they come in the order of their ends.
            let mut of_layer: Vec<(usize, usize)> = Vec::new();
            for found in automaton.find_overlapping_iter(text) {
                cover(&mut of_layer, found.start(), found.end());
            }
            covered.append(&mut of_layer);
        }
        covered.sort_unstable_by_key(|(_, end)| *end);
        for (start, end) in std::mem::take(&mut covered) {
            cover(&mut covered, start, end);
        }
        if covered.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut masked = String::with_capacity(text.len());
        let mut at = 0;
        for (start, end) in covered {
            masked.push_str(&text[at..start]);
            masked.push_str(STARS);
            at = end;
        }
        masked.push_str(&text[at..]);
        Cow::Owned(masked)
    }

    /// One for each layer; none when there is nothing to mask.
    fn automata(&self) -> Vec<Arc<AhoCorasick>> {
        let automata = |shared: &Shared| {
            let layers = shared.layers.iter();
            layers.map(|layer| layer.automaton.clone()).collect()
        };
        {
            let shared = self.shared.read().unwrap_or_else(PoisonError::into_inner);
            if shared.fresh.is_empty() {
                return automata(&shared);
            }
        }
        let mut shared = self.shared.write().unwrap_or_else(PoisonError::into_inner);
        shared.settle();
        automata(&shared)
    }
}

impl Shared {
    /// Puts what is fresh into a layer, together with the layers it has outgrown.
    fn settle(&mut self) {
        if self.fresh.is_empty() {
            return;
        }
        let mut forms = std::mem::take(&mut self.fresh);
        while let Some(layer) = self
            .layers
            .pop_if(|layer| layer.forms.len() <= 2 * forms.len())
        {
            forms.extend(layer.forms);
        }
        let automaton = AhoCorasick::new(forms.iter().map(|form| form.as_bytes()))
            .expect("secrets are far smaller than what an automaton can hold");
        self.layers.push(Layer {
            forms,
            automaton: Arc::new(automaton),
        });
    }
}

/// Adds a range whose end is not before the ends of those that are there; ranges that overlap become one.
fn cover(covered: &mut Vec<(usize, usize)>, start: usize, end: usize) {
    let mut from = start;
    while let Some((start, _)) = covered.pop_if(|(_, covered)| from < *covered) {
        from = from.min(start);
    }
    covered.push((from, end));
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mask(***)")
    }
}

#[cfg(test)]
mod tests;
