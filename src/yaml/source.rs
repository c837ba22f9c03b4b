//! The files that were read, and places in them.

use std::ops::Range;
use std::sync::Arc;

use super::Scalar;

/// A file of [`Sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(u32);

/// A range of bytes in a file. Small and `Copy`, because every node has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// The first byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// A position as people and editors count it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The file's name as shown.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// The files that were read, kept so that every message can show the line it is about.
#[derive(Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
}

#[derive(Debug)]
struct Source {
    name: Arc<str>,
    text: Arc<str>,
    /// The byte at which each line starts.
    lines: Vec<u32>,
}

impl Sources {
    /// Keeps a file's text under the name it is shown by.
    pub fn add(&mut self, name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> FileId {
        let text: Arc<str> = text.into();
        let starts = text.match_indices('\n').map(|(at, _)| offset(at + 1));
        let lines = std::iter::once(0).chain(starts).collect();
        self.files.push(Source {
            name: name.into(),
            text,
            lines,
        });
        FileId(offset(self.files.len() - 1))
    }

    /// The name a file is shown by.
    pub fn name(&self, file: FileId) -> &Arc<str> {
        &self.files[file.0 as usize].name
    }

    /// A file's text.
    pub fn text(&self, file: FileId) -> &Arc<str> {
        &self.files[file.0 as usize].text
    }

    /// Where a span begins. A span that lies outside its file is placed at the file's end, one of a file that is none of these
    /// nowhere: at the beginning of a file without a name.
    pub fn position(&self, span: Span) -> Position {
        if self.files.get(span.file.0 as usize).is_none() {
            return Position {
                file: "".into(),
                line: 1,
                column: 1,
            };
        }
        let line = self.line_at(span.file, span.start as usize);
        let (text, first) = self.line(span.file, line);
        let before = text.floor_char_boundary((span.start as usize).saturating_sub(first));
        Position {
            file: Arc::clone(self.name(span.file)),
            line: offset(line + 1),
            column: offset(text[..before].chars().count() + 1),
        }
    }

    /// Where a part of a scalar's text stands. Known when the scalar is written as its text, in quotes or not; with escapes
    /// or folded lines it is the whole scalar.
    pub fn inside(&self, scalar: &Scalar, span: Span, part: &Range<usize>) -> Span {
        let written = self
            .text(span.file)
            .get(span.start as usize..span.end as usize);
        let before = match written {
            Some(written) if *written == *scalar.text => 0,
            Some(written)
                if written.get(1..written.len().saturating_sub(1)) == Some(&*scalar.text) =>
            {
                1
            }
            _ => return span,
        };
        let at = |byte: usize| {
            span.start
                .saturating_add(offset(byte + before))
                .min(span.end)
        };
        Span {
            file: span.file,
            start: at(part.start),
            end: at(part.end),
        }
    }

    /// The line that holds a byte, from 0.
    pub(super) fn line_at(&self, file: FileId, byte: usize) -> usize {
        let starts = &self.files[file.0 as usize].lines;
        starts
            .partition_point(|start| *start as usize <= byte)
            .saturating_sub(1)
    }

    /// A line without its end, and its first byte.
    pub(super) fn line(&self, file: FileId, line: usize) -> (&str, usize) {
        let source = &self.files[file.0 as usize];
        let Some(start) = source.lines.get(line).map(|start| *start as usize) else {
            return ("", source.text.len());
        };
        let end = source
            .lines
            .get(line + 1)
            .map_or(source.text.len(), |next| *next as usize);
        let text = &source.text[start..end];
        let text = text.strip_suffix('\n').unwrap_or(text);
        (text.strip_suffix('\r').unwrap_or(text), start)
    }
}

/// Files are capped far below 4 GiB, so positions fit.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
