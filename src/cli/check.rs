//! `allclear check`: read everything, run nothing.

use std::fmt::Write as _;

use super::args::CheckArgs;
use super::door::enter;
use super::exit;
use super::failure::Failure;
use super::terminal::{note, print};
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
    for (permission, needing) in needing_permission(&preview) {
        let _ = write!(summary, ", {needing} of them {permission}");
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
fn needing_permission(preview: &crate::validation::Preview) -> Vec<(String, usize)> {
    let mut found: Vec<(String, usize)> = Vec::new();
    let skips = preview
        .plan
        .tests
        .iter()
        .filter_map(|test| test.skip.as_deref());
    for skip in skips.filter(|skip| skip.starts_with("needs ")) {
        match found.iter_mut().find(|(known, _)| known == skip) {
            Some((_, count)) => *count += 1,
            None => found.push((skip.to_owned(), 1)),
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
