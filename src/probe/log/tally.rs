//! Counting lines as they come: how many there are, which patterns they match, and when they were written.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::time::{self, Stamp};
use crate::model::{Excerpt, FaultKind, Keep, LogFault, Unable, Value};
use crate::probe::lines::{Line, Lines};
use crate::probe::look::{Halt, Look};
use crate::probe::pattern::Pattern;
use crate::template::Mask;

/// So many of the lines that match a pattern are shown.
const FIRST: usize = 5;

/// So many bytes of each.
const SHOWN: usize = 1024;

/// So many bytes say what a log is.
const BEGINNING: usize = 6;

/// What is looked for.
#[derive(Debug)]
pub(super) struct Rules {
    /// By name.
    pub(super) patterns: Vec<(String, Pattern)>,
    /// Its first group is the time of a line.
    pub(super) time: Option<Pattern>,
    /// Only lines that were written then, or later, count.
    pub(super) since: Option<Timestamp>,
}

impl Rules {
    fn stamp(&self, line: &str) -> Option<Stamp> {
        match &self.time {
            Some(pattern) => time::of_text(pattern.find(line)?.get(1)?.as_str()),
            None => time::of_line(line),
        }
    }
}

/// What came from one source.
pub(super) struct Tally<'l> {
    rules: &'l Rules,
    mask: &'l Mask,
    lines: Lines,
    bytes: u64,
    /// The first few of them.
    beginning: Vec<u8>,
    /// All lines, of any time.
    came: u64,
    /// Those that count.
    counted: u64,
    /// Whether the line that comes in counts. Before the first that says when it was written nobody knows, and they do.
    is_since: bool,
    is_dated: bool,
    /// The first line says when it was written by a number alone.
    is_counted: bool,
    found: Vec<Found>,
    /// The first and the last time of those that count.
    span: Option<(Timestamp, Timestamp)>,
}

/// What was found of a pattern.
#[derive(Debug, Clone, Default)]
struct Found {
    /// In so many lines.
    count: u64,
    /// The number of the last of them.
    last: u64,
    /// The first of them, with their numbers, masked and cut.
    first: Vec<(u64, String)>,
}

impl<'l> Tally<'l> {
    pub(super) fn new(rules: &'l Rules, mask: &'l Mask) -> Self {
        Self {
            rules,
            mask,
            lines: Lines::default(),
            bytes: 0,
            beginning: Vec::new(),
            came: 0,
            counted: 0,
            is_since: true,
            is_dated: false,
            is_counted: false,
            found: vec![Found::default(); rules.patterns.len()],
            span: None,
        }
    }

    /// Takes what came next.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        let room = BEGINNING.saturating_sub(self.beginning.len());
        let more = &bytes[..room.min(bytes.len())];
        self.beginning.extend_from_slice(more);
        let mut lines = std::mem::take(&mut self.lines);
        lines.feed(bytes, &mut |line| self.line(&line));
        self.lines = lines;
    }

    /// Nothing more comes.
    pub(super) fn finish(&mut self) {
        let mut lines = std::mem::take(&mut self.lines);
        lines.finish(&mut |line| self.line(&line));
    }

    /// How many lines matched the pattern there.
    #[cfg(test)]
    pub(super) fn count(&self, at: usize) -> u64 {
        self.found[at].count
    }

    fn line(&mut self, line: &Line<'_>) {
        if !line.continues {
            self.begin(&line.text);
        }
        if !self.is_since {
            return;
        }
        let number = self.came;
        for ((_, pattern), found) in self.rules.patterns.iter().zip(&mut self.found) {
            // Of a line in pieces one is enough.
            if found.last == number || !pattern.is_in(&line.text) {
                continue;
            }
            found.count += 1;
            found.last = number;
            if found.first.len() < FIRST {
                found.first.push((number, shown(line, self.mask)));
            }
        }
    }

    /// A line begins, and is that of the one before unless it says when it was written.
    fn begin(&mut self, text: &str) {
        self.came += 1;
        if self.came == 1 {
            self.is_counted = self.rules.time.is_none() && time::is_counted(text);
        }
        if let Some(stamp) = self.rules.stamp(text) {
            let since = self.rules.since;
            self.is_since = since.is_none_or(|since| stamp.is_since(since));
            if !self.is_dated && !self.is_since {
                // What stands before a line that is too old is older still.
                self.counted = 0;
                self.found.fill(Found::default());
            }
            self.is_dated = true;
            if self.is_since {
                let (oldest, newest) = self.span.unwrap_or((stamp.at, stamp.at));
                self.span = Some((oldest.min(stamp.at), newest.max(stamp.at)));
            }
        }
        self.counted += u64::from(self.is_since);
    }
}

/// A line as it is shown: masked before it is cut, or the beginning of a secret would stay. A piece that is not the first may
/// begin in the middle of one.
fn shown(line: &Line<'_>, mask: &Mask) -> String {
    if line.continues {
        return "(behind the first 64 KiB of a line)".to_owned();
    }
    let text = mask.apply(&line.text);
    let end = text.floor_char_boundary(SHOWN);
    let more = if end < text.len() || line.is_cut {
        "…"
    } else {
        ""
    };
    format!("{}{more}", &text[..end])
}

/// Records what came from all sources of a log, if anything did: what is not there has no counts.
pub(super) fn tell(tallies: &[Tally<'_>], look: &mut Look<'_>) {
    if tallies.iter().all(|tally| tally.came == 0) {
        return;
    }
    let sum = |one: fn(&Tally<'_>) -> u64| tallies.iter().map(one).sum::<u64>();
    look.fact("lines", Value::int(sum(|tally| tally.counted)));
    look.fact("size", Value::int(sum(|tally| tally.bytes)));
    let spans = || tallies.iter().filter_map(|tally| tally.span);
    let oldest = spans().map(|(oldest, _)| oldest).min();
    let newest = spans().map(|(_, newest)| newest).max();
    for (name, moment) in [("oldest", oldest), ("newest", newest)] {
        if let Some(moment) = moment {
            look.fact(name, Value::Text(moment.to_string()));
        }
    }
    let patterns = tallies
        .first()
        .map_or(&[][..], |tally| &tally.rules.patterns[..]);
    let mut counts = Vec::with_capacity(patterns.len());
    for (at, (name, _)) in patterns.iter().enumerate() {
        let found = || tallies.iter().map(|tally| &tally.found[at]);
        let count: u64 = found().map(|found| found.count).sum();
        if count > 0 {
            let first = found().flat_map(|found| &found.first);
            look.show(evidence(name, count, first));
        }
        counts.push((name.clone(), Value::int(count)));
    }
    look.fact("counts", Value::Map(counts));
}

/// `counts.NAME`: the first lines that matched.
fn evidence<'f>(name: &str, count: u64, first: impl Iterator<Item = &'f (u64, String)>) -> Excerpt {
    let mut text = String::new();
    for (number, line) in first.take(FIRST) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "line {number}: {line}");
    }
    let more = count.saturating_sub(FIRST as u64);
    if more > 0 {
        let _ = writeln!(text, "and {more} more");
    }
    Excerpt {
        label: format!("counts.{name}").into(),
        text,
        keep: Keep::First(FIRST * (SHOWN + 64)),
    }
}

/// What is no text, as its beginning tells: it would have no line that matches anything.
pub(super) fn no_text(beginning: &[u8]) -> Option<&'static str> {
    match beginning {
        // RFC 1952 §2.3.1.
        [0x1f, 0x8b, ..] => Some("packed (gzip); unpack it, or let `command: [zcat, …]` do so"),
        // RFC 8878 §3.1.1.
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            Some("packed (zstd); unpack it, or let `command: [zstdcat, …]` do so")
        }
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => {
            Some("packed (xz); unpack it, or let `command: [xzcat, …]` do so")
        }
        // A block begins with the digits of pi.
        [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, ..] => {
            Some("packed (bzip2); unpack it, or let `command: [bzcat, …]` do so")
        }
        [b'P', b'K', 3, 4, ..] => {
            Some("packed (zip); unpack it, or let `command: [unzip, -p, …]` do so")
        }
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("UTF-16, and only UTF-8 is read"),
        _ => None,
    }
}

/// Why a log that was read to its end proves nothing.
pub(super) fn doubt(tallies: &[Tally<'_>]) -> Option<Halt> {
    let came: u64 = tallies.iter().map(|tally| tally.came).sum();
    let rules = tallies.first()?.rules;
    if let Some(what) = tallies.iter().find_map(|tally| no_text(&tally.beginning)) {
        return Some(Halt::unable(Unable::File, format!("the log is {what}")));
    }
    let (fault, why) = if came == 0 {
        let why = "there is not one line in it; what nobody wrote proves nothing".to_owned();
        (LogFault::Empty, why)
    } else if rules.since.is_some() && !tallies.iter().any(|tally| tally.is_dated) {
        let how = match &rules.time {
            Some(_) => "where `time` looks for it",
            None => "near its beginning; `time` can say where it stands",
        };
        let counted = if tallies.iter().any(|tally| tally.is_counted) {
            "; a number of seconds or milliseconds is not read as a time, as nobody tells which it is"
        } else {
            ""
        };
        let why = format!("none of {came} lines says when it was written {how}{counted}");
        (LogFault::Undated, why)
    } else {
        return None;
    };
    Some(Halt::fault(FaultKind::Log(fault), why))
}

/// It is larger than the cap.
pub(super) fn too_large(most: u64) -> Halt {
    let why = format!(
        "it has more than `max_size`, {most} bytes; what was counted until there is no whole"
    );
    Halt::fault(FaultKind::Log(LogFault::TooLarge), why)
}
