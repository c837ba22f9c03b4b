//! The few causes behind the many failures, and what to run next: what a reader acts on.

use super::Page;
use crate::report::explained::{Explained, Extent, about, split, title};
use crate::report::style::Tone;
use crate::report::{Detail, visible};

/// So many causes are told; the rest is counted.
pub(super) const CAUSES: usize = 5;
/// Up to so many are told whole.
const WHOLE: usize = 2;

/// Adds the headline and the causes; nothing at GO, and nothing where there is nothing to explain.
pub(super) fn tell(page: &mut Page, explained: &Explained<'_>) {
    let Some(headline) = explained.headline() else {
        return;
    };
    let causes = explained.causes();
    let (shown, extent) = match page.style.detail {
        Detail::Verbose => (causes.len(), Extent::FILE),
        Detail::Quiet | Detail::Normal if causes.len() <= WHOLE => (WHOLE, Extent::SCREEN),
        Detail::Quiet | Detail::Normal => (CAUSES, Extent::BRIEF),
    };
    page.gap();
    page.line(0, Tone::Strong, &visible::line(&headline));
    if let Some(split) = split(&explained.run.diagnosis) {
        page.line(2, Tone::Dim, &split);
    }
    let diagnosis = &explained.run.diagnosis;
    if let Some(others) = &diagnosis.instead_of {
        let told = format!(
            "explained with {}, and not with the rules of the run, {others}; the verdict is that of the run",
            diagnosis.ruleset
        );
        page.line(2, Tone::Strong, &visible::line(&told));
    }
    for (cause, number) in causes.iter().take(shown).zip(1..) {
        let about = about(cause);
        let number = format!("{number:>2}");
        let title = page.style.paint(Tone::Strong, &title(cause));
        let about = page.style.paint(Tone::Dim, &about);
        if page.style.detail == Detail::Quiet {
            page.raw(0, &format!("{number}  {title}  {about}"));
            continue;
        }
        page.gap();
        page.raw(0, &format!("{number}  {title}"));
        page.line(4, Tone::Plain, &about);
        let mut last = String::new();
        for row in explained.rows(cause, extent) {
            let label = if row.label == last { "" } else { &row.label };
            let label = page.style.paint(Tone::Dim, &format!("{label:<9}"));
            let text = page.style.paint(row.tone, &row.text);
            page.raw(4, &format!("{label}  {text}"));
            last = row.label;
        }
    }
    if causes.len() > shown {
        let more = causes.len() - shown;
        page.line(
            0,
            Tone::Dim,
            &format!("… and {more} more; -v tells them all"),
        );
    }
}
