//! What came, when, and where it broke: the list under a finding.
//!
//! ```text
//! 1  +0.012s  agent_started    run: r-1
//! 2  +0.034s  tool_executing   tool_id: t-1      <- no tool_completed for t-1
//! 3  +0.250s  agent_completed  answer: (1204 bytes)
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::super::words::show;
use super::stream::{Event, Stream};
use super::words::{bounded, shown};
use super::{Key, Name, Spot};
use crate::model::Value;

/// Lines of a list, with those that say what is left out.
const LINES: usize = 40;

/// Events shown before and after one that is marked.
const AROUND: usize = 3;

/// Notes beside one event.
const NOTES: usize = 2;

/// Bytes of one value, and of all values of an event.
const LONGEST: usize = 40;
const ROOM: usize = 72;

/// A line of a list.
pub(super) enum Row {
    /// An event.
    Came(usize),
    /// An event that was not to come.
    Surplus(usize),
    /// What was to come and did not.
    Missing(Name),
}

/// The rows, or else all events, as far as they matter; `None` when there are none. Texts in it are whole or described, never
/// cut: the beginning of a secret would not be recognised and masked.
pub(super) fn list(
    stream: &Stream<'_>,
    key: &Key,
    rows: Option<&[Row]>,
    marks: &BTreeMap<usize, Vec<&str>>,
) -> Option<String> {
    let count = rows.map_or(stream.events.len(), <[Row]>::len);
    let event_of = |row: usize| match rows {
        None => Some(row),
        Some(rows) => match rows[row] {
            Row::Came(at) | Row::Surplus(at) => Some(at),
            Row::Missing(_) => None,
        },
    };
    let is_broken = |row: usize| {
        let is_marked = event_of(row).is_some_and(|at| marks.contains_key(&at));
        is_marked || rows.is_some_and(|rows| !matches!(rows[row], Row::Came(_)))
    };
    if count == 0 {
        return None;
    }
    let picked = pick(count, (0..count).filter(|row| is_broken(*row)));
    let lines: Vec<Line> = picked
        .iter()
        .map(|row| match rows.map(|rows| &rows[*row]) {
            Some(Row::Missing(name)) => Line::missing(name),
            Some(Row::Surplus(at)) => Line::of('+', *at, stream, key, marks),
            Some(Row::Came(at)) => Line::of(' ', *at, stream, key, marks),
            None => Line::of(' ', *row, stream, key, marks),
        })
        .collect();
    let mut text = String::new();
    let is_diff = rows.is_some();
    let widths = Widths::of(&lines);
    let mut next = 0;
    for (row, line) in picked.iter().zip(&lines) {
        left_out(row - next, &mut text);
        line.write(is_diff, &widths, &mut text);
        next = row + 1;
    }
    left_out(count - next, &mut text);
    if picked.len() < count {
        text += &tally(stream);
    }
    text.truncate(text.trim_end().len());
    Some(text)
}

fn left_out(rows: usize, text: &mut String) {
    if rows > 0 {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "… {rows} more");
    }
}

/// How often each name came, for a list that is not whole.
fn tally(stream: &Stream<'_>) -> String {
    const SHOWN: usize = 12;
    let mut counts: Vec<_> = stream.tally().filter(|(_, count)| *count > 0).collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let mut words: Vec<_> = counts
        .iter()
        .take(SHOWN)
        .map(|(name, count)| format!("{count} {}", shown(name)))
        .collect();
    if counts.len() > SHOWN {
        words.push(format!("{} more names", counts.len() - SHOWN));
    }
    if words.is_empty() {
        return String::new();
    }
    format!("in all {}", words.join(", "))
}

/// The rows that are shown: all when they are few; else those around what is broken, the first and the last.
fn pick(count: usize, broken: impl Iterator<Item = usize>) -> Vec<usize> {
    if count <= LINES {
        return (0..count).collect();
    }
    // Each stretch that is left out takes a line of its own, and one is for the tally.
    let most = LINES - 8;
    let mut picked: BTreeSet<usize> = [0, count - 1].into();
    for row in broken {
        let around = row.saturating_sub(AROUND)..=(row + AROUND).min(count - 1);
        let fresh = around.clone().filter(|row| !picked.contains(row)).count();
        if picked.len() + fresh > most {
            break;
        }
        picked.extend(around);
        // No more than six stretches.
        if picked.len() > 6 * AROUND && stretches(&picked) >= 6 {
            break;
        }
    }
    // What room there is goes to the beginning.
    let mut row = 0;
    while picked.len() < most && stretches(&picked) < 7 && row < count {
        picked.insert(row);
        row += 1;
    }
    picked.into_iter().collect()
}

/// How many runs of rows that follow each other.
fn stretches(picked: &BTreeSet<usize>) -> usize {
    let mut before = None;
    let mut count = 0;
    for row in picked {
        count += usize::from(before.is_none_or(|before| before + 1 != *row));
        before = Some(*row);
    }
    count
}

struct Line {
    sign: char,
    number: String,
    at: String,
    name: String,
    data: String,
    notes: String,
}

struct Widths {
    number: usize,
    at: usize,
    name: usize,
    /// Of those lines only that have notes.
    data: usize,
}

impl Widths {
    fn of(lines: &[Line]) -> Self {
        let widest = |of: fn(&Line) -> &str| {
            let widths = lines.iter().map(|line| of(line).chars().count());
            widths.max().unwrap_or_default()
        };
        Self {
            number: widest(|line| &line.number),
            at: widest(|line| &line.at),
            name: widest(|line| &line.name),
            data: widest(|line| {
                if line.notes.is_empty() {
                    ""
                } else {
                    &line.data
                }
            }),
        }
    }
}

impl Line {
    fn of(
        sign: char,
        at: usize,
        stream: &Stream<'_>,
        key: &Key,
        marks: &BTreeMap<usize, Vec<&str>>,
    ) -> Self {
        let event = &stream.events[at];
        let mut notes: Vec<&str> = Vec::new();
        for note in marks.get(&at).into_iter().flatten() {
            if !notes.contains(note) && notes.len() < NOTES {
                notes.push(note);
            }
        }
        let data = if event.is_ignored {
            "(ignored)".to_owned()
        } else {
            data(event, key)
        };
        Self {
            sign,
            number: (at + 1).to_string(),
            at: format!("+{:.3}s", event.at.as_secs_f64()),
            name: stream.name(at).map_or_else(|| "-".to_owned(), shown),
            data,
            notes: notes.join("; "),
        }
    }

    fn missing(name: &Name) -> Self {
        Self {
            sign: '-',
            number: String::new(),
            at: String::new(),
            name: name.to_string(),
            data: String::new(),
            notes: String::new(),
        }
    }

    fn write(&self, is_diff: bool, widths: &Widths, text: &mut String) {
        let start = text.len();
        if is_diff {
            text.push(self.sign);
            text.push(' ');
        }
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "{:>number$}  {:>at$}  {:<name$}  ",
            self.number,
            self.at,
            self.name,
            number = widths.number,
            at = widths.at,
            name = widths.name,
        );
        if self.notes.is_empty() {
            *text += &self.data;
        } else {
            let _ = write!(
                text,
                "{:<data$}  <- {}",
                self.data,
                self.notes,
                data = widths.data
            );
        }
        let end = text.trim_end().len();
        text.truncate(end.max(start));
        text.push('\n');
    }
}

/// A short piece of what an event says: its short members whole, its long ones described.
fn data(event: &Event<'_>, key: &Key) -> String {
    let text = event.entry.get("data").and_then(Value::as_text);
    let entries = match event.json {
        Some(Value::Map(entries)) => entries,
        Some(json) => return value(json),
        None => {
            return match (event.entry.get("bytes"), text) {
                (Some(Value::Number(bytes)), _) => format!("({bytes} bytes, binary)"),
                (_, Some(text)) => short(text).unwrap_or_else(|| show_whole(text)),
                _ => String::new(),
            };
        }
    };
    let mut members = String::new();
    for (name, member) in entries {
        if key.is_member(name) {
            continue;
        }
        let piece = format!("{}: {}", bounded(name), value(member));
        if !members.is_empty() {
            members += ", ";
        }
        if members.len() + piece.len() > ROOM {
            members += "…";
            break;
        }
        members += &piece;
    }
    members
}

fn value(value: &Value) -> String {
    match value {
        Value::List(items) => format!("[{} items]", items.len()),
        Value::Map(entries) => format!("{{{} entries}}", entries.len()),
        Value::Text(text) | Value::Untyped(text) => short(text).unwrap_or_else(|| show(value)),
        _ => show(value),
    }
}

/// What stands for a text that is too long to be shown.
fn short(text: &str) -> Option<String> {
    (text.len() > LONGEST).then(|| format!("({} bytes)", text.len()))
}

fn show_whole(text: &str) -> String {
    show(&Value::Text(text.to_owned()))
}

impl Key {
    /// Whether this member of an event's JSON is its name, which is shown already.
    fn is_member(&self, name: &str) -> bool {
        self.0.iter().any(|spot| match spot {
            Spot::Path(path) => path.to_string().strip_prefix("$.") == Some(name),
            Spot::Field => false,
        })
    }
}
