//! `compare_with` leads to exactly one other test, which has a sample.

use super::Ids;
use crate::suite::{Mode, Test};
use crate::yaml::{Diagnostic, Diagnostics};

/// Tells every one that does not.
pub(super) fn check(tests: &[Test], ids: &Ids, problems: &mut Diagnostics) {
    for test in tests {
        let Some((with, span)) = test.compared() else {
            continue;
        };
        let id = &with.test;
        let named_so = || tests.iter().filter(|other| other.id.is_meant_by(id));
        let message = match with.pick(&test.id, named_so(), |other| &other.id) {
            _ if !ids.has(id) => format!("no test is called `{id}`{}", ids.meant(id)),
            Some(other) if other.id == test.id => format!("`{}` is compared with itself", test.id),
            Some(other) if !matches!(other.mode, Mode::Repeat(_)) => {
                format!(
                    "`{}` has no `repeat`, and so no sample to compare with",
                    other.id
                )
            }
            None if test.id.is_meant_by(id) => format!("`{}` is compared with itself", test.id),
            None if named_so().next().is_some() => {
                format!("`{id}` has rows, and none is called like this one: name one of them")
            }
            // It has mistakes of its own, which are told.
            Some(_) | None => continue,
        };
        problems.push(Diagnostic::error(span, message));
    }
}
