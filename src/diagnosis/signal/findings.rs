//! What was judged, and did not hold.

use crate::diagnosis::seen::Seen;
use crate::model::Finding;
use crate::yaml::{Diagnostic, Diagnostics, Fields, Node};

/// What the finding that decided is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::diagnosis) struct Judged {
    /// The path of it, or its beginning before a `*`.
    path: Option<String>,
    /// Whether what was looked for was there at all.
    absent: Option<bool>,
}

impl Judged {
    /// Reads `{ path: 'headers content-type', absent: true }`.
    pub(super) fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        let fields = Fields::of(node, "`finding`", &["path", "absent"], problems)?;
        let path = fields.text("path", problems).map(str::to_owned);
        let absent = fields.decode("absent", problems);
        if path.is_none() && absent.is_none() {
            problems.push(Diagnostic::error(
                fields.span(),
                "`finding` asks for `path`, `absent` or both",
            ));
            return None;
        }
        Some(Self { path, absent })
    }

    pub(super) fn hold(&self, seen: &Seen<'_>) -> bool {
        decided(seen).is_some_and(|finding| {
            let is_path = self
                .path
                .as_ref()
                .is_none_or(|path| match path.strip_suffix('*') {
                    Some(stem) => finding.path.starts_with(stem),
                    None => finding.path == *path,
                });
            let is_absent = finding.actual.is_none();
            is_path && self.absent.is_none_or(|absent| absent == is_absent)
        })
    }
}

/// The finding with the code that it ended with; else the first that did not hold.
fn decided<'r>(seen: &Seen<'r>) -> Option<&'r Finding> {
    let mut same = seen.findings().filter(|finding| finding.code == seen.code);
    same.next().or_else(|| seen.findings().next())
}
