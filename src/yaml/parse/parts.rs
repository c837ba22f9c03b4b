//! One large file, read by all cores: in parts, each of them some items of the list that is furthest out.
//!
//! Where such an item begins can only be guessed by who has not read what stands before it. Whoever reads that says whether
//! the guess was right; then what follows means by itself what it means in the file. Where anything is not as it should be
//! (a guess, an alias of what stands in another part, something after the list, any mistake at all) there is no tree, and
//! the file is read from its beginning to its end like every other: what is told of it does not depend on the cores.

use std::num::NonZero;
use std::ops::Range;
use std::panic::resume_unwind;
use std::thread;

use granit_parser::Event;

use super::{Builder, MAX_DEPTH, scan};
use crate::yaml::frame::{Content, Frame, Weight};
use crate::yaml::{FileId, Node};

/// Less than so many bytes are not worth a thread.
const PART: usize = 512 * 1024;

/// An item begins within so many bytes, or it is not worth looking for.
const LONGEST_ITEM: usize = 64 * 1024;

/// The tree of a large file whose mapping has one long list at its end, if there is nothing at all to tell of it.
pub(super) fn in_parts(text: &str, file: FileId) -> Option<Node> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    read(text, file, cores.min(text.len() / PART))
}

fn read(text: &str, file: FileId, parts: usize) -> Option<Node> {
    let cuts = cuts(text, parts)?;
    let items = |at: usize| {
        let (cut, next) = (cuts[at], cuts.get(at + 1).copied());
        Items::read(text, file, cut, next)
    };
    thread::scope(|scope| {
        let items = &items;
        let others: Option<Vec<_>> = (0..cuts.len())
            .map(|at| {
                thread::Builder::new()
                    .spawn_scoped(scope, move || items(at))
                    .ok()
            })
            .collect();
        let others = others?;
        let mut builder = Builder::new(text, file);
        let head = scan(text, MAX_DEPTH);
        let is_cut = builder.is_cut(head, *cuts.first()?);
        let mut is_clean = is_cut;
        for other in others {
            // All of them are waited for: a panic in any is a panic here.
            match other.join() {
                Ok(Some(items)) if is_clean => is_clean = builder.take(items),
                Ok(_) => is_clean = false,
                Err(panic) => resume_unwind(panic),
            }
        }
        is_clean.then(|| builder.end()).flatten()
    })
}

/// Where each part but the first begins: at the start of a line with an item.
fn cuts(text: &str, parts: usize) -> Option<Vec<usize>> {
    let mut cuts: Vec<usize> = Vec::new();
    for part in 1..parts {
        let from = text.len() / parts * part;
        let cut = item(text.as_bytes(), from)?;
        if cuts.last().is_none_or(|last| *last < cut) {
            cuts.push(cut);
        }
    }
    (!cuts.is_empty()).then_some(cuts)
}

/// The line of the item furthest out after `from`. Lists in texts, and lists of an item, stand further in.
fn item(text: &[u8], from: usize) -> Option<usize> {
    let window = &text[from..text.len().min(from + LONGEST_ITEM)];
    let mut best: Option<(usize, usize)> = None;
    let mut start = from;
    for (at, line) in window.split(|byte| *byte == b'\n').enumerate() {
        let column = line.iter().take_while(|byte| **byte == b' ').count();
        // The first is the end of a line.
        if at > 0
            && line[column..].starts_with(b"- ")
            && best.is_none_or(|(least, _)| column < least)
        {
            best = Some((column, start));
        }
        start += line.len() + 1;
    }
    best.map(|(_, start)| start)
}

/// The items of one part.
struct Items {
    nodes: Vec<Node>,
    /// Of all of them together.
    weight: Weight,
    total: Weight,
}

impl Items {
    /// Reads from an item to the next cut, or to the end of the list, which is the end of the file.
    fn read(text: &str, file: FileId, cut: usize, next: Option<usize>) -> Option<Self> {
        let text = &text[cut..];
        let mut builder = Builder {
            base: cut,
            outer: 1,
            ..Builder::new(text, file)
        };
        let events = scan(text, MAX_DEPTH - 1);
        let is_right = match next {
            Some(next) => builder.is_cut(events, next - cut),
            None => builder.is_ended(events),
        };
        let [
            Frame {
                weight,
                content: Content::Sequence(0),
                ..
            },
        ] = &builder.open[..]
        else {
            return None;
        };
        is_right.then_some(Self {
            nodes: std::mem::take(&mut builder.held.items),
            weight: *weight,
            total: builder.total,
        })
    }
}

impl<'a> Builder<'a> {
    /// Builds up to the cut. Whether that is where an item of a list begins which nothing but a mapping is around.
    fn is_cut(&mut self, events: impl Iterator<Item = super::Scanned<'a>>, cut: usize) -> bool {
        for event in events {
            let Ok((event, range, tag)) = event else {
                return false;
            };
            if range.start >= cut {
                match &event {
                    Event::MappingStart(..) => {
                        return self.problems.is_empty() && self.is_item(cut, &range);
                    }
                    // The end of what stands before the cut is told here.
                    Event::SequenceEnd | Event::MappingEnd => {}
                    Event::Scalar(..) if range.is_empty() => {}
                    _ => return false,
                }
            }
            let span = self.span(range.start, range.end);
            if self.event(event, span, tag).is_err() {
                return false;
            }
        }
        false
    }

    /// Whether a value that begins here is an item of the open list, and nothing else begins on its line.
    fn is_item(&self, cut: usize, value: &Range<usize>) -> bool {
        let Some((list, around)) = self.open.split_last() else {
            return false;
        };
        // Of a part but the first, the mapping around the list is not read.
        let is_outermost = match around {
            [] => self.outer == 1,
            [frame] => self.outer == 0 && matches!(frame.content, Content::Mapping(_)),
            _ => false,
        };
        let Some(dash) = self.text.get(cut..value.start) else {
            return false;
        };
        let is_list = matches!(list.content, Content::Sequence(_));
        is_outermost && is_list && dash.trim_matches(' ') == "-"
    }

    /// Builds up to the end of the list. Whether that is the end of the file.
    fn is_ended(&mut self, mut events: impl Iterator<Item = super::Scanned<'a>>) -> bool {
        while let Some(Ok((event, range, tag))) = events.next() {
            if matches!(event, Event::SequenceEnd) && self.open.len() == 1 {
                return range.is_empty()
                    && self.problems.is_empty()
                    && events.all(|event| {
                        matches!(event, Ok((Event::DocumentEnd | Event::StreamEnd, ..)))
                    });
            }
            let span = self.span(range.start, range.end);
            if self.event(event, span, tag).is_err() {
                return false;
            }
        }
        false
    }

    /// Takes the items of the next part. Whether that is not too much.
    fn take(&mut self, items: Items) -> bool {
        if let Some(list) = self.open.last_mut() {
            list.weight.add(items.weight);
        }
        self.total.add(items.total);
        self.held.items.extend(items.nodes);
        !self.is_too_much()
    }

    /// Ends the list and the mapping around it: both end with the last item.
    fn end(mut self) -> Option<Node> {
        let end = self.span(self.text.len(), self.text.len());
        while !self.open.is_empty() {
            self.close(end).ok()?;
        }
        self.root.filter(|_| self.problems.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::yaml::{Diagnostics, Sources, parse};

    /// As it is read from its beginning to its end: a short text is never cut.
    fn whole(text: &str) -> (Option<Node>, FileId) {
        let mut sources = Sources::default();
        let file = sources.add("a.yaml".to_owned(), text.to_owned());
        (parse(&sources, file, &mut Diagnostics::default()), file)
    }

    fn cut(text: &str, parts: usize) -> Option<Node> {
        read(text, whole(text).1, parts)
    }

    fn list(dash: &str, items: usize) -> String {
        let mut text = "category: a\ndefaults:\n  tags: [x]\ntests:\n".to_owned();
        let inner = " ".repeat(dash.len());
        for item in 0..items {
            let _ = writeln!(
                text,
                "{dash}name: n-{item} # - name: no\n{inner}tags:\n{inner}- a\n{inner}- {{ b: [c,\n{inner}  d] }}\n{inner}text: |\n{inner} - name: x\n{inner}  é\n\n{inner}same: &a {{ k: v }}\n{inner}twice: *a\n{inner}empty:"
            );
        }
        text
    }

    #[test]
    fn parts_are_what_the_whole_is() {
        for dash in ["- ", "  - ", "      -    "] {
            for (items, parts) in [(40, 2), (41, 3), (200, 7)] {
                let text = list(dash, items);
                let tree = cut(&text, parts);
                assert!(tree.is_some(), "{dash:?}: {parts} parts");
                assert_eq!(tree, whole(&text).0, "{dash:?}: {parts} parts");
            }
        }
        let text = list("  - ", 20) + "# the end\n\n...\n";
        assert_eq!(cut(&text, 2), whole(&text).0);
    }

    #[test]
    fn what_is_not_clean_is_not_read_in_parts() {
        let good = list("  - ", 40);
        assert!(cut(&good, 2).is_some());
        let item = |at: usize| format!("  - name: n-{at} ");
        for (what, at, change) in [
            (
                "a syntax error in the first part",
                3,
                "  - name: [\n  - name: ",
            ),
            ("one in the last", 33, "  - name: [\n  - name: "),
            (
                "a key twice in the first",
                3,
                "  - { name: a, name: b }\n  - name: ",
            ),
            (
                "one in the last",
                33,
                "  - { name: a, name: b }\n  - name: ",
            ),
            (
                "another key after the list",
                33,
                "other: 1\nmore:\n  - name: ",
            ),
            ("another document", 33, "---\n  - name: "),
            ("a tag", 33, "  - !x name: "),
            (
                "an alias of what is not there",
                33,
                "  - { z: *z }\n  - name: ",
            ),
        ] {
            let text = good.replace(&item(at), change);
            assert_ne!(text, good, "{what}");
            assert_eq!(cut(&text, 2), None, "{what}");
        }
        // An alias of what stands in the other part is right, and is found by reading the whole.
        let text = good
            .replace(&item(3), "  - { z: &z 1 }\n  - name: ")
            .replace(&item(33), "  - { z: *z }\n  - name: ");
        assert!(whole(&text).0.is_some());
        assert_eq!(cut(&text, 2), None);
    }

    #[test]
    fn a_text_that_looks_like_items_is_none() {
        let lines = "  - name: x\n".repeat(99);
        let quoted = format!("text: \"\n{lines}  \"\n");
        let block = format!("text: |\n{lines}");
        let plain = format!("text:\n  a\n{}", lines.replace(": ", "-"));
        for text in [quoted, block, plain] {
            assert!(whole(&text).0.is_some());
            assert_eq!(cut(&text, 2), None);
        }
    }
}
