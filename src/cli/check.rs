//! `allclear check`: read everything, run nothing.

use std::fmt::Write as _;

use super::args::CheckArgs;
use super::door::enter;
use super::exit;
use super::failure::Failure;
use super::terminal::{note, print};
use crate::plan::Skip;
use crate::validation::preview;

/// Tells errors and lints; 2 when the suites cannot be used, or with `--strict` when there is a lint.
pub(super) fn check(args: &CheckArgs) -> Result<u8, Failure> {
    let (request, output) = enter(args.flags(), &args.select.paths)?;
    let preview = preview(&request)
        .map_err(|refused| Failure::refused(&refused, &request.mask, output.colour_stderr))?;

    let warnings = preview.warnings.iter().count();
    if warnings > 0 {
        let mask = |text: &str| request.mask.apply(text).into_owned();
        note(
            &preview
                .warnings
                .render(&preview.sources, output.colour_stderr, &mask),
        );
    }
    let tests = preview.plan.tests.len();
    let mut summary = format!(
        "{} in {}",
        count(tests, "test"),
        count(preview.plan.header.categories().len(), "category")
    );
    for (flag, needing) in needing_permission(&preview) {
        let _ = write!(summary, ", {needing} of them {}", Skip::Needs(flag));
    }
    let lints = if warnings == 0 {
        "no lints".to_owned()
    } else {
        count(warnings, "lint")
    };
    print(&format!(
        "target {}: {summary}; {lints}\n",
        preview.plan.header.target
    ))?;
    // The process ends: to give back ten thousand tests piece by piece would only take time.
    std::mem::forget(preview);
    let is_strict = request.flags.strict == Some(true);
    Ok(if is_strict && warnings > 0 {
        exit::INVALID
    } else {
        exit::GO
    })
}

/// How many tests would be skipped for want of which permission.
fn needing_permission(preview: &crate::validation::Preview) -> Vec<(&'static str, usize)> {
    let mut found: Vec<(&'static str, usize)> = Vec::new();
    for test in &preview.plan.tests {
        let Some(Skip::Needs(flag)) = test.skip else {
            continue;
        };
        match found.iter_mut().find(|(known, _)| *known == flag) {
            Some((_, count)) => *count += 1,
            None => found.push((flag, 1)),
        }
    }
    found
}

fn count(number: usize, noun: &str) -> String {
    match (number, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{number} {stem}ies"),
        (_, None) => format!("{number} {noun}s"),
    }
}
