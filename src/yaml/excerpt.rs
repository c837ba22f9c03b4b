//! The lines of a file around some places, fit to be shown: masked, cut, and with nothing a terminal would obey.

use std::ops::Range;

use super::text::push_visible;
use super::{Sources, Span};

/// Lines that follow each other, and what to underline in them.
pub(super) struct Excerpt {
    /// The place it is shown for.
    pub(super) place: Span,
    /// The column at which that place appears in `text`, from 1, when cutting and masking moved it.
    pub(super) shown_column: usize,
    /// From 1.
    pub(super) first_line: usize,
    pub(super) text: String,
    pub(super) marks: Vec<Mark>,
}

/// A range of an excerpt's text.
pub(super) struct Mark {
    pub(super) range: Range<usize>,
    pub(super) is_primary: bool,
    pub(super) label: Option<String>,
}

/// A place to be shown.
pub(super) struct Place {
    pub(super) span: Span,
    pub(super) is_primary: bool,
    pub(super) label: Option<String>,
}

/// The part of one line that a place is in.
struct Anchored<'a> {
    place: Place,
    /// From 0.
    line: usize,
    text: &'a str,
    /// Bytes of the line.
    range: Range<usize>,
}

/// A line with more characters is cut, with this many left.
const WIDTH: usize = 120;
/// So many of them stand before the place.
const BEFORE: usize = 40;
/// Places with at most so many lines between them are shown together.
const GAP: usize = 2;

/// Collects places into excerpts: the first place in the first, near ones together.
pub(super) fn excerpts(
    sources: &Sources,
    places: Vec<Place>,
    mask: &dyn Fn(&str) -> String,
) -> Vec<Excerpt> {
    let mut groups: Vec<Vec<Anchored<'_>>> = Vec::new();
    for place in places {
        let anchored = anchor(sources, place);
        let near = groups.iter_mut().find(|group| {
            group[0].place.span.file == anchored.place.span.file
                && !anchored.is_long()
                && group
                    .iter()
                    .all(|other| !other.is_long() && other.line.abs_diff(anchored.line) <= GAP + 1)
        });
        match near {
            Some(group) => group.push(anchored),
            None => groups.push(vec![anchored]),
        }
    }
    groups
        .into_iter()
        .map(|group| excerpt(sources, group, mask))
        .collect()
}

impl Anchored<'_> {
    fn is_long(&self) -> bool {
        self.text.len() > WIDTH
    }
}

/// Finds the line of a place. A place of several lines is shown by its first; one behind the end, by the last that says
/// something.
fn anchor(sources: &Sources, place: Place) -> Anchored<'_> {
    let mut line = sources.line_at(place.span.file, place.span.start as usize);
    let (mut text, first) = sources.line(place.span.file, line);
    let in_line = |byte: u32| (byte as usize).saturating_sub(first);
    let mut range = in_line(place.span.start)..in_line(place.span.end);
    while text.trim().is_empty() && line > 0 {
        line -= 1;
        (text, _) = sources.line(place.span.file, line);
        range = text.trim_end().len()..text.trim_end().len();
    }
    let start = text.floor_char_boundary(range.start);
    let end = text.floor_char_boundary(range.end).max(start);
    Anchored {
        place,
        line,
        text,
        range: start..end,
    }
}

fn excerpt(
    sources: &Sources,
    mut group: Vec<Anchored<'_>>,
    mask: &dyn Fn(&str) -> String,
) -> Excerpt {
    let has_primary = group[0].place.is_primary;
    group.sort_by_key(|anchored| (anchored.line, anchored.range.start));
    let main = group
        .iter()
        .position(|anchored| anchored.place.is_primary == has_primary)
        .unwrap_or(0);
    let place = group[main].place.span;
    let first = group.first().map_or(0, |anchored| anchored.line);
    let last = group.last().map_or(0, |anchored| anchored.line);
    let mut shown = Excerpt {
        place,
        first_line: first + 1,
        shown_column: 1,
        text: String::new(),
        marks: Vec::new(),
    };
    let mut group = group.into_iter().peekable();
    for line in first..=last {
        let (text, _) = sources.line(place.file, line);
        let here: Vec<_> =
            std::iter::from_fn(|| group.next_if(|anchored| anchored.line == line)).collect();
        push_line(&mut shown, text, here, mask);
        shown.text.push('\n');
    }
    if let Some(mark) = shown.marks.get(main) {
        let before = &shown.text[..mark.range.start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        shown.shown_column = before[line_start..].chars().count() + 1;
    }
    shown
}

fn push_line(
    shown: &mut Excerpt,
    text: &str,
    marks: Vec<Anchored<'_>>,
    mask: &dyn Fn(&str) -> String,
) {
    let masked = mask(text);
    // Masking moves what stands behind a secret.
    let moved = |at: usize| {
        if masked == text {
            at
        } else {
            masked.floor_char_boundary(mask(&text[..at]).len())
        }
    };
    let ranges: Vec<_> = marks
        .iter()
        .map(|mark| moved(mark.range.start)..moved(mark.range.end))
        .collect();
    let window = window(&masked, ranges.first().cloned().unwrap_or_default());
    if window.start > 0 {
        shown.text.push('…');
    }
    let mut starts = vec![None; ranges.len()];
    let mut ends = vec![None; ranges.len()];
    for (at, character) in masked[window.clone()].char_indices() {
        let at = window.start + at;
        for (index, range) in ranges.iter().enumerate() {
            if at >= range.start {
                starts[index].get_or_insert(shown.text.len());
            }
            if at >= range.end {
                ends[index].get_or_insert(shown.text.len());
            }
        }
        push_visible(&mut shown.text, character);
    }
    let line_end = shown.text.len();
    if window.end < masked.len() {
        shown.text.push('…');
    }
    for ((mark, start), end) in marks.into_iter().zip(starts).zip(ends) {
        let start = start.unwrap_or(line_end);
        let end = end.unwrap_or(line_end).max(start);
        shown.marks.push(Mark {
            range: start..end,
            is_primary: mark.place.is_primary,
            label: mark.place.label,
        });
    }
}

/// What is shown of a line: all of it, or a part around a mark.
fn window(line: &str, mark: Range<usize>) -> Range<usize> {
    if line.len() <= WIDTH {
        return 0..line.len();
    }
    let start = line[..mark.start]
        .char_indices()
        .rev()
        .nth(BEFORE)
        .map_or(0, |(at, _)| at);
    let end = line[start..]
        .char_indices()
        .nth(WIDTH)
        .map_or(line.len(), |(at, _)| start + at);
    start..end
}
