//! For tests: a problem in one line.

use super::{Diagnostic, Diagnostics, FileId, Node, Sources, Span, parse};

/// A file with this text.
pub(super) fn source(text: &str) -> (Sources, FileId) {
    let mut sources = Sources::default();
    let file = sources.add("suites/a.yaml", text);
    (sources, file)
}

/// The tree of a text, which must be fine.
pub(super) fn tree(text: &str) -> Node {
    let (sources, file) = source(text);
    let mut problems = Diagnostics::default();
    let tree = parse(&sources, file, &mut problems);
    assert!(problems.is_empty(), "{text}: {problems:?}");
    tree.expect("a tree")
}

/// Every problem as `underlined: message (help) [label: underlined]`.
pub(super) fn told(text: &str, problems: &Diagnostics) -> Vec<String> {
    problems
        .iter()
        .map(|problem| told_one(text, problem))
        .collect()
}

fn told_one(text: &str, problem: &Diagnostic) -> String {
    let of = |span: Span| &text[span.start as usize..span.end as usize];
    let mut told = format!("{}: {}", problem.span.map_or("", of), problem.message);
    if !problem.help.is_empty() {
        told = format!("{told} ({})", problem.help.join("; "));
    }
    for (span, label) in &problem.related {
        told = format!("{told} [{label}: {}]", of(*span));
    }
    told
}
