//! `schema: { file: event.json }` of a matcher: the file takes the place of its name, before anything else is read.

use std::path::Path;
use std::sync::Arc;

use super::read;
use crate::yaml::{self, Diagnostic, Diagnostics, Entry, FileId, Kind, Node, Sources};

/// Below these keys stand matchers.
const MATCHERS: &[&str] = &["expect", "receive", "until"];

/// Below these values, which may look like anything.
const VALUES: &[&str] = &["equals", "includes", "in", "contains"];

/// What files are read with.
pub(super) struct Reader<'r> {
    /// Outside of it nothing is read.
    pub(super) root: &'r Path,
    /// The suite: paths begin where it stands.
    pub(super) suite: &'r Path,
    pub(super) sources: &'r mut Sources,
    /// What was read, by the name it was read by.
    pub(super) texts: &'r mut Vec<(String, FileId)>,
    pub(super) problems: &'r mut Diagnostics,
}

impl Reader<'_> {
    /// Puts every schema that a suite names in its place.
    pub(super) fn bring_in(&mut self, suite: &mut Node) {
        self.walk(suite, false);
    }

    fn walk(&mut self, node: &mut Node, is_matcher: bool) {
        match &mut node.kind {
            Kind::Sequence(items) => items
                .iter_mut()
                .for_each(|item| self.walk(item, is_matcher)),
            Kind::Mapping(entries) => {
                for entry in entries {
                    match (&*entry.key, is_matcher) {
                        (key, true) if VALUES.contains(&key) => {}
                        ("schema", true) => self.schema(entry),
                        (key, is_matcher) => {
                            let is_matcher = is_matcher || MATCHERS.contains(&key);
                            self.walk(&mut entry.value, is_matcher);
                        }
                    }
                }
            }
            // What is anchored is shared; a file in it is told to be no schema.
            Kind::Scalar(_) | Kind::Alias(_) | Kind::Pending => {}
        }
    }

    fn schema(&mut self, entry: &mut Entry) {
        let Some(name) = file_of(&entry.value) else {
            return;
        };
        let path = self.suite.parent().unwrap_or(self.root).join(&name);
        let text = match read::text_of(Some(self.root), &path) {
            Ok(text) => text,
            Err(why) => {
                let problem = Diagnostic::error(entry.value.span, why.message);
                self.problems.push(problem);
                return;
            }
        };
        let file = self.sources.add(path.display().to_string(), text);
        self.texts.push((name, file));
        if let Some(schema) = yaml::parse(self.sources, file, self.problems) {
            entry.value = Node {
                span: entry.value.span,
                kind: Kind::Alias(Arc::new(schema)),
            };
        }
    }
}

/// The file that is named instead of a schema.
fn file_of(node: &Node) -> Option<String> {
    match node.as_mapping()? {
        [entry] if &*entry.key == "file" => {
            let scalar = entry.value.as_scalar()?;
            Some(scalar.text.to_string())
        }
        _ => None,
    }
}
