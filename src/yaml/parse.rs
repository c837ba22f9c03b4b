//! From text to the tree.
//!
//! Built from the parser's events. What an attacker could blow up is counted, not built: aliases are shared, and what
//! they would expand to is arithmetic.

mod parts;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Tag, options};

use self::parts::in_parts;
use super::ahead::ahead;
use super::frame::{Content, Frame, Held, Key, OpenMapping, Weight, is_empty};
use super::syntax;
use super::{Diagnostic, Diagnostics, FileId, Kind, Node, Scalar, Sources, Span, Style, refused};

/// The largest file that is read, in bytes.
pub const MAX_BYTES: usize = 32 * 1024 * 1024;
/// How deep lists and mappings may be nested, aliases expanded.
const MAX_DEPTH: usize = 64;
/// How many values a file may hold, aliases expanded.
const MAX_NODES: u64 = 2_000_000;
/// How many bytes of scalars a file may hold, aliases expanded.
const MAX_TEXT: u64 = 64 * 1024 * 1024;
/// From so many bytes on, a file is work for more than one core.
pub const LARGE: usize = 1024 * 1024;
/// After so many problems the file is something else than YAML.
const MAX_PROBLEMS: usize = 1_000;

/// Reads the one document of a file.
///
/// `None` when there is no tree: a syntax error, an empty file, a file over one of the limits. With a tree there may
/// still be problems (a duplicate key, a tag), so that those of the decoder can be told together with them.
pub fn parse(sources: &Sources, file: FileId, problems: &mut Diagnostics) -> Option<Node> {
    let text = Arc::clone(sources.text(file));
    let is_large = (LARGE..=MAX_BYTES).contains(&text.len());
    if is_large && let Some(tree) = in_parts(&text, file) {
        return Some(tree);
    }
    let mut builder = Builder::new(&text, file);
    let tree = if is_large {
        ahead(|| scan(&text, MAX_DEPTH), |events| builder.build(events))
    } else {
        builder.build(scan(&text, MAX_DEPTH))
    };
    problems.extend(builder.problems);
    tree.ok()
}

/// An event, its bytes, and those of its tag.
type Scanned<'t> = Result<(Event<'t>, Range<usize>, Option<Range<usize>>), ScanError>;

/// The parser's events, up to the first error.
fn scan(text: &str, depth: usize) -> impl Iterator<Item = Scanned<'_>> {
    let limits = options! {
        flow_nesting_limit: depth,
        block_nesting_limit: depth,
        disallow_directives: true,
    };
    let mut parser = Parser::new_from_str_with_options(text, limits);
    let mut is_over = false;
    std::iter::from_fn(move || {
        if is_over {
            return None;
        }
        let event = parser.next()?;
        is_over = event.is_err();
        Some(event.map(|(event, at)| {
            let tag = at.tag_span().and_then(|tag| tag.byte_range());
            (event, at.byte_range().unwrap_or_default(), tag)
        }))
    })
}

/// The reason is among the problems; there is no tree.
struct NoTree;

struct Builder<'a> {
    text: &'a str,
    file: FileId,
    /// Where in the file the text begins, and in how many lists and mappings.
    base: usize,
    outer: usize,
    problems: Diagnostics,
    found: usize,
    open: Vec<Frame>,
    held: Held,
    root: Option<Node>,
    anchors: HashMap<usize, Anchor>,
    /// The same few keys occur thousands of times.
    keys: HashSet<Arc<str>>,
    /// Values so far, aliases expanded.
    total: Weight,
    /// Where the last event ended: a quote that is never closed starts after it.
    last_end: u32,
}

enum Anchor {
    /// Its collection is not complete; using it now would be a circle.
    Open,
    Complete(Arc<Node>, Weight),
}

impl<'a> Builder<'a> {
    fn new(text: &'a str, file: FileId) -> Self {
        Self {
            text,
            file,
            base: 0,
            outer: 0,
            problems: Diagnostics::default(),
            found: 0,
            open: Vec::new(),
            held: Held::default(),
            root: None,
            anchors: HashMap::new(),
            keys: HashSet::new(),
            total: Weight::default(),
            last_end: 0,
        }
    }

    fn build<'t>(&mut self, events: impl Iterator<Item = Scanned<'t>>) -> Result<Node, NoTree> {
        if self.text.len() > MAX_BYTES {
            let size = self.text.len();
            return self.fatal(Diagnostic::error(
                self.span(0, 0),
                format!("the file has {size} bytes; more than 32 MiB are not read"),
            ));
        }
        for event in events {
            let (event, range, tag) = match event {
                Ok(event) => event,
                Err(error) => {
                    let at = error.marker().byte_offset().unwrap_or(self.text.len());
                    let problem = syntax::explain(
                        error.kind(),
                        self.text,
                        self.file,
                        at,
                        self.last_end as usize,
                    );
                    return self.fatal(problem);
                }
            };
            let span = self.span(range.start, range.end);
            self.event(event, span, tag)?;
            self.last_end = self.last_end.max(span.end);
        }
        match self.root.take() {
            Some(root) if !is_empty(&root) => Ok(root),
            _ => self.fatal(Diagnostic::error(self.span(0, 0), "the file is empty")),
        }
    }

    fn event(
        &mut self,
        event: Event<'_>,
        span: Span,
        tag_range: Option<Range<usize>>,
    ) -> Result<(), NoTree> {
        match event {
            Event::DocumentStart(..) if self.root.is_some() => {
                self.fatal(refused::second_document(span))
            }
            Event::Scalar(text, style, anchor, tag) => {
                let poisoned = self.refuse_tag(tag.as_deref(), tag_range, &text)?;
                self.scalar(text, style, anchor, span, poisoned)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), tag_range, "")?;
                let from = self.held.items.len();
                self.open(span, anchor, Content::Sequence(from))
            }
            Event::MappingStart(style, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), tag_range, "")?;
                let mapping = OpenMapping {
                    style,
                    from: self.held.entries.len(),
                    key: None,
                    index: None,
                };
                self.open(span, anchor, Content::Mapping(mapping))
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Alias(anchor) => self.alias(anchor, span),
            // Stream and document marks; comments are switched off.
            _ => Ok(()),
        }
    }

    fn scalar(
        &mut self,
        text: Cow<'_, str>,
        style: ScalarStyle,
        anchor: usize,
        span: Span,
        poisoned: bool,
    ) -> Result<(), NoTree> {
        let is_plain = style == ScalarStyle::Plain;
        // The parser invents a `~` where nothing is written.
        let text = if is_plain && span.start == span.end {
            Cow::Borrowed("")
        } else {
            text
        };
        if self.expects_key() {
            return self.key(&text, is_plain, span);
        }
        let weight = Weight {
            nodes: 1,
            bytes: text.len() as u64,
            depth: 0,
        };
        let kind = if poisoned {
            Kind::Pending
        } else {
            let style = if is_plain { Style::Plain } else { Style::Text };
            Kind::Scalar(Scalar {
                text: text.into(),
                style,
                filled: false,
            })
        };
        self.value(Node { span, kind }, anchor, weight)
    }

    fn expects_key(&self) -> bool {
        matches!(
            self.open.last(),
            Some(Frame {
                content: Content::Mapping(OpenMapping { key: None, .. }),
                ..
            })
        )
    }

    fn key(&mut self, text: &str, is_plain: bool, span: Span) -> Result<(), NoTree> {
        if is_plain && text.is_empty() {
            return self.fatal(Diagnostic::error(span, "a key is missing before the `:`"));
        }
        if is_plain && let Some(problem) = refused::key(text, span) {
            self.problem(problem)?;
        }
        let text = self.intern(text);
        let Some(Frame {
            content: Content::Mapping(mapping),
            ..
        }) = self.open.last_mut()
        else {
            return Ok(());
        };
        let first = mapping.find(&self.held, &text);
        let is_dropped = first.is_some() || (is_plain && *text == *refused::MERGE);
        mapping.key = Some(Key {
            text: Arc::clone(&text),
            span,
            is_plain,
            is_dropped,
        });
        match first {
            Some(first) => self.problem(refused::duplicate_key(&text, span, first)),
            None => Ok(()),
        }
    }

    fn intern(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.keys.get(text) {
            return Arc::clone(known);
        }
        let key: Arc<str> = text.into();
        self.keys.insert(Arc::clone(&key));
        key
    }

    fn open(&mut self, span: Span, anchor: usize, content: Content) -> Result<(), NoTree> {
        if self.expects_key() {
            let found = match content {
                Content::Sequence(_) => "a list",
                Content::Mapping(_) => "a mapping",
            };
            return self.structured_key(found, span);
        }
        if self.outer + self.open.len() >= MAX_DEPTH {
            return self.fatal(refused::too_deep(span));
        }
        if anchor != 0 {
            self.anchors.insert(anchor, Anchor::Open);
        }
        self.open.push(Frame {
            start: span.start,
            anchor,
            weight: Weight::default(),
            content,
        });
        Ok(())
    }

    fn structured_key(&mut self, found: &str, span: Span) -> Result<(), NoTree> {
        self.fatal(refused::structured_key(found, span, self.text))
    }

    fn close(&mut self, end: Span) -> Result<(), NoTree> {
        // The parser balances starts and ends.
        let Some(frame) = self.open.pop() else {
            return Ok(());
        };
        let (node, anchor, weight) = frame.close(&mut self.held, self.file, end);
        self.value(node, anchor, weight)
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), NoTree> {
        if self.expects_key() {
            return self.structured_key("an alias", span);
        }
        match self.anchors.get(&anchor) {
            Some(Anchor::Complete(target, weight)) => {
                let node = Node {
                    span,
                    kind: Kind::Alias(Arc::clone(target)),
                };
                let weight = *weight;
                self.value(node, 0, weight)
            }
            Some(Anchor::Open) => self.fatal(refused::circle(span)),
            // Values only: a key is not a node of the tree.
            None => self.fatal(refused::alias_of_a_key(span)),
        }
    }

    /// Puts a complete value where it belongs.
    fn value(&mut self, node: Node, anchor: usize, weight: Weight) -> Result<(), NoTree> {
        let span = node.span;
        let is_alias = matches!(node.kind, Kind::Alias(_));
        if is_alias || weight.depth == 0 {
            // A collection was counted value by value.
            self.total.nodes = self.total.nodes.saturating_add(weight.nodes);
            self.total.bytes = self.total.bytes.saturating_add(weight.bytes);
        } else {
            self.total.nodes += 1;
        }
        if self.outer + self.open.len() + weight.depth > MAX_DEPTH {
            return self.fatal(refused::too_deep(span));
        }
        if self.is_too_much() {
            let what = if self.total.nodes > MAX_NODES {
                "2 000 000 values"
            } else {
                "64 MiB of text"
            };
            return self.fatal(refused::too_much(span, what));
        }
        let node = if anchor == 0 {
            node
        } else {
            // The definition shares its value with its uses, so nothing is copied.
            let shared = Arc::new(node);
            self.anchors
                .insert(anchor, Anchor::Complete(Arc::clone(&shared), weight));
            Node {
                span,
                kind: Kind::Alias(shared),
            }
        };
        let Some(frame) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        frame.weight.add(weight);
        match &mut frame.content {
            Content::Sequence(_) => self.held.items.push(node),
            Content::Mapping(mapping) => {
                if let Some(problem) = mapping.insert(&mut self.held, node) {
                    return self.problem(problem);
                }
            }
        }
        Ok(())
    }

    fn is_too_much(&self) -> bool {
        self.total.nodes > MAX_NODES || self.total.bytes > MAX_TEXT
    }

    /// Whether there was a tag; its value is then not judged any further.
    fn refuse_tag(
        &mut self,
        tag: Option<&Tag>,
        range: Option<Range<usize>>,
        value: &str,
    ) -> Result<bool, NoTree> {
        let Some(tag) = tag else { return Ok(false) };
        let range = range.unwrap_or_default();
        self.problem(refused::tag(tag, self.span(range.start, range.end), value))?;
        Ok(true)
    }

    fn problem(&mut self, problem: Diagnostic) -> Result<(), NoTree> {
        self.problems.push(problem);
        self.found += 1;
        if self.found >= MAX_PROBLEMS {
            Err(NoTree)
        } else {
            Ok(())
        }
    }

    fn fatal<T>(&mut self, problem: Diagnostic) -> Result<T, NoTree> {
        self.problems.push(problem);
        Err(NoTree)
    }

    fn span(&self, start: usize, end: usize) -> Span {
        // Files are far below 4 GiB: `MAX_BYTES`.
        let at = |byte: usize| u32::try_from(self.base + byte).unwrap_or(u32::MAX);
        Span {
            file: self.file,
            start: at(start),
            end: at(end),
        }
    }
}

#[cfg(test)]
mod tests;
