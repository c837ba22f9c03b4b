//! Looking for markers in what came: in one text, or in texts that follow each other and may be one that was cut.

use std::ops::Range;

use super::form::{self, Form};
use super::identity::Reach;
use super::markers::{Markers, Pattern};

/// So many bytes are looked at together, and at least so many times what may stand across two of them.
const WINDOW: usize = 256 * 1024;
const MARGINS: usize = 8;

/// Bytes that a byte of a marker may take, however it is encoded: `\\u0041`, `%252D`.
const LARGEST: usize = 12;

/// Something that was found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    pub(super) whose: Whose,
    /// In which events it begins and ends.
    pub(super) first: usize,
    pub(super) last: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    Own,
    /// By which marker.
    Foreign(usize),
}

/// One actor's search. In time linear in all that it looks at.
pub(super) struct Search<'m> {
    markers: &'m Markers,
    actor: usize,
    found: &'m mut dyn FnMut(Hit),
}

impl<'m> Search<'m> {
    /// `found` is told of everything that is found, of the same perhaps more than once.
    pub(super) fn new(markers: &'m Markers, actor: usize, found: &'m mut dyn FnMut(Hit)) -> Self {
        Self {
            markers,
            actor,
            found,
        }
    }

    /// Looks at a text that stands alone.
    pub(super) fn text(&mut self, text: &str, event: usize) {
        self.alone(text, event, Says::Text);
    }

    /// Looks at a text whose words are told elsewhere, too: for what nobody writes by chance.
    pub(super) fn raw(&mut self, text: &str, event: usize) {
        self.alone(text, event, Says::Wordless);
    }

    fn alone(&mut self, text: &str, event: usize, says: Says) {
        if text.len() >= super::SHORTEST {
            let mut flow = Flow::of(says);
            flow.push(text.as_bytes(), event, self);
            flow.finish(self);
        }
    }

    /// Bytes in which all of a marker stands, in whatever form.
    fn margin(&self) -> usize {
        self.markers.longest.saturating_mul(LARGEST)
    }

    fn window(&self) -> usize {
        WINDOW.max(MARGINS * self.margin())
    }

    /// Looks at what of a flow is there. What begins or ends too close to a side beyond which there is more is left to the window
    /// before or after it.
    fn look(&mut self, flow: &Flow, has_more: bool) {
        let Some(automaton) = &self.markers.automaton else {
            return;
        };
        let end = flow.bytes.len();
        let margin = self.margin();
        let inner = if flow.has_before { margin } else { 0 }..if has_more {
            end.saturating_sub(margin)
        } else {
            end
        };
        let is_inner = |span: &Range<usize>| span.start >= inner.start && span.end <= inner.end;
        let mut own: Vec<Range<usize>> = Vec::new();
        let mut foreign: Vec<(Range<usize>, usize)> = Vec::new();
        let mut look = |form: &Form| {
            for found in automaton.find_overlapping_iter(&form.bytes) {
                let at = found.pattern().as_usize();
                let pattern = &self.markers.patterns[at];
                let is_own = pattern.owner == self.actor;
                if (is_own && pattern.is_earlier) || !flow.holds(pattern, form, found.range()) {
                    continue;
                }
                let start = form.origin(found.start());
                let span = start..form.origin(found.end()).max(start + 1);
                if is_own {
                    own.push(span);
                } else if is_inner(&span) {
                    foreign.push((span, at));
                }
            }
        };
        let is_binary = flow.says == Says::Bytes;
        form::each(&flow.bytes, 0, is_binary, &mut look);
        if flow.pieces.len() > 1 && flow.says != Says::Together {
            // What is encoded, and a word, may begin and end with a text.
            for (start, end) in flow.parts() {
                form::each(&flow.bytes[start..end], start, is_binary, &mut look);
            }
        }
        own.sort_unstable_by_key(|own| (own.start, own.end));
        let mut furthest = 0;
        for own in &mut own {
            if is_inner(own) {
                self.tell(flow, Whose::Own, own);
            }
            furthest = furthest.max(own.end);
            own.end = furthest;
        }
        // Another's name may be a part of one of its own, and is its own there.
        let is_within = |span: &Range<usize>| {
            let begun = own.partition_point(|own| own.start <= span.start);
            begun
                .checked_sub(1)
                .is_some_and(|at| own[at].end >= span.end)
        };
        for (span, at) in &foreign {
            if self.markers.patterns[*at].is_made || !is_within(span) {
                self.tell(flow, Whose::Foreign(*at), span);
            }
        }
    }

    fn tell(&mut self, flow: &Flow, whose: Whose, span: &Range<usize>) {
        let event = |at| flow.piece(at).map_or(0, |piece| flow.pieces[piece].event);
        (self.found)(Hit {
            whose,
            first: event(span.start),
            last: event(span.end.saturating_sub(1)),
        });
    }
}

/// Texts that follow each other in one place, and may be one that was cut. A part of it at a time is in memory.
#[derive(Debug, Default)]
pub(super) struct Flow {
    bytes: Vec<u8>,
    pieces: Vec<Piece>,
    /// There was more, and was looked at.
    has_before: bool,
    says: Says,
}

/// What a flow is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    /// Texts, each of which may stand alone.
    #[default]
    Text,
    /// Texts whose words are told elsewhere.
    Wordless,
    /// Texts each of which is looked at elsewhere: only what they are together matters.
    Together,
    /// Bytes, which may be text of any kind.
    Bytes,
}

#[derive(Debug, Clone, Copy)]
struct Piece {
    from: usize,
    event: usize,
    /// Other events came before it, in which nothing stood in this place: what goes on here may be something new.
    is_apart: bool,
}

impl Flow {
    pub(super) fn of(says: Says) -> Self {
        Self {
            says,
            ..Self::default()
        }
    }

    /// Adds what an event says there.
    pub(super) fn push(&mut self, bytes: &[u8], event: usize, search: &mut Search<'_>) {
        let last = self.pieces.last().map(|piece| piece.event);
        self.pieces.push(Piece {
            from: self.bytes.len(),
            event,
            is_apart: last.is_some_and(|last| event > last + 1),
        });
        let window = search.window();
        for part in bytes.chunks(window) {
            self.bytes.extend_from_slice(part);
            if self.bytes.len() >= window {
                search.look(self, true);
                self.forget(3 * search.margin());
            }
        }
    }

    /// Looks at the rest of it.
    pub(super) fn finish(&self, search: &mut Search<'_>) {
        let is_alone = self.pieces.len() <= 1 && !self.has_before;
        if !(self.says == Says::Together && is_alone) {
            search.look(self, false);
        }
    }

    /// Keeps so many of the last bytes: what ends in the last third of them was not looked at, and where it begins in the middle
    /// one it has all before it that tells what it is.
    fn forget(&mut self, kept: usize) {
        let gone = self.bytes.len().saturating_sub(kept);
        let first = self.piece(gone).unwrap_or_default();
        self.pieces.drain(..first);
        for piece in &mut self.pieces {
            piece.from = piece.from.saturating_sub(gone);
        }
        self.bytes.drain(..gone);
        self.has_before = true;
    }

    /// Where each piece begins and ends.
    fn parts(&self) -> impl Iterator<Item = (usize, usize)> {
        let starts = self.pieces.iter().map(|piece| piece.from);
        let ends = starts.clone().skip(1).chain([self.bytes.len()]);
        starts.zip(ends).filter(|(start, end)| start < end)
    }

    /// The piece in which a byte stands.
    fn piece(&self, at: usize) -> Option<usize> {
        let begun = self.pieces.partition_point(|piece| piece.from <= at);
        begun.checked_sub(1)
    }

    /// Whether a marker that was found is there, and not a part of something longer.
    fn holds(&self, pattern: &Pattern, form: &Form, found: Range<usize>) -> bool {
        let goes_on = |before: &[u8], after: &[u8]| match pattern.reach {
            Reach::Anywhere => false,
            Reach::Numbers => {
                last(before).is_some_and(is_digit) && first(after).is_some_and(is_digit)
            }
            Reach::Words => last(before).is_some_and(is_word) && first(after).is_some_and(is_word),
        };
        if pattern.reach == Reach::Words && (form.is_noise || self.says == Says::Wordless) {
            return false;
        }
        let is_end = |at: usize| {
            let (before, after) = form.bytes.split_at(at);
            !goes_on(before, after) || self.is_apart(form, at)
        };
        is_end(found.start) && is_end(found.end)
    }

    /// Whether a text ends before this byte, and the next came after other events.
    fn is_apart(&self, form: &Form, at: usize) -> bool {
        let piece = |at: usize| self.piece(form.origin(at));
        match (at.checked_sub(1).and_then(piece), piece(at)) {
            (Some(before), Some(after)) => before != after && self.pieces[after].is_apart,
            _ => false,
        }
    }
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn last(bytes: &[u8]) -> Option<char> {
    let from = bytes.len().saturating_sub(4);
    let starts = (from..bytes.len()).rev();
    let mut texts = starts.filter_map(|at| std::str::from_utf8(&bytes[at..]).ok());
    texts.next()?.chars().next_back()
}

fn first(bytes: &[u8]) -> Option<char> {
    let bytes = &bytes[..bytes.len().min(4)];
    bytes.utf8_chunks().next()?.valid().chars().next()
}
