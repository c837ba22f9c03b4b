//! Diagnostics as people read them: the line itself, carets, and what would be right.

use std::collections::HashSet;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::excerpt::{Place, excerpts};
use super::text::visible;
use super::{Diagnostic, Diagnostics, Position, Severity, Sources};

/// So many problems are shown; nobody reads more.
const SHOWN: usize = 200;
/// Lines are cut before; the renderer need not cut again.
const WIDTH: usize = 1_000;

impl Diagnostics {
    /// All problems as text, by file and place, each once; an empty line between them, a line end after the last.
    ///
    /// Lines of a file, messages and labels go through `mask` before anything is cut or replaced, so that no half of a
    /// secret slips through. Control and direction characters are made visible. Long lines are cut around the place.
    pub fn render(&self, sources: &Sources, colour: bool, mask: &dyn Fn(&str) -> String) -> String {
        let mut problems: Vec<&Diagnostic> = self.iter().collect();
        problems.sort_by_key(|problem| (problem.span.is_none(), problem.span));
        let mut seen = HashSet::new();
        problems.retain(|problem| seen.insert(*problem));
        let renderer = if colour {
            Renderer::styled()
        } else {
            Renderer::plain()
        }
        .term_width(WIDTH);
        let shown: Vec<_> = problems
            .iter()
            .take(SHOWN)
            .map(|problem| render_one(problem, sources, &renderer, mask))
            .collect();
        let mut text = shown.join("\n");
        if problems.len() > SHOWN {
            let more = problems.len() - SHOWN;
            text = format!("{text}\n… and {more} more\n");
        }
        text
    }
}

fn render_one(
    problem: &Diagnostic,
    sources: &Sources,
    renderer: &Renderer,
    mask: &dyn Fn(&str) -> String,
) -> String {
    let shown = |text: &str| visible(&mask(text)).into_owned();
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(shown(&problem.message)));
    let mut moved = Vec::new();
    for excerpt in excerpts(sources, places(problem), mask) {
        let Position { file, line, column } = sources.position(excerpt.place);
        let file = shown(&file);
        if excerpt.text.trim().is_empty() {
            let origin = Origin::path(file)
                .line(line as usize)
                .char_column(column as usize);
            group = group.element(origin);
            continue;
        }
        if excerpt.shown_column != column as usize {
            let place = |column: usize| format!("{file}:{line}:{column}");
            moved.push((place(excerpt.shown_column), place(column as usize)));
        }
        let marks = excerpt.marks.into_iter().map(|mark| {
            let kind = if mark.is_primary {
                AnnotationKind::Primary
            } else {
                AnnotationKind::Context
            };
            kind.span(mark.range)
                .label(mark.label.as_deref().map(shown))
        });
        let lines = Snippet::source(excerpt.text)
            .line_start(excerpt.first_line)
            .path(file)
            .annotations(marks);
        group = group.element(lines);
    }
    for help in &problem.help {
        group = group.element(Level::HELP.message(shown(help)));
    }
    let mut text = renderer.render(&[group]);
    // The renderer counts columns in what it was given; people count them in the file.
    for (as_shown, in_file) in moved {
        text = text.replacen(&as_shown, &in_file, 1);
    }
    text.push('\n');
    text
}

fn places(problem: &Diagnostic) -> Vec<Place> {
    let primary = problem.span.map(|span| Place {
        span,
        is_primary: true,
        label: problem.label.clone(),
    });
    let related = problem.related.iter().map(|(span, label)| Place {
        span: *span,
        is_primary: false,
        label: Some(label.clone()),
    });
    primary.into_iter().chain(related).collect()
}

#[cfg(test)]
mod tests;
