//! The file of a user's rules of diagnosis: found and read here, understood by those who explain.

use std::path::{Component, Path};

use super::files::Files;
use super::{Root, read};
use crate::yaml::{Diagnostic, Diagnostics, FileId, Sources};

/// The file that `allclear.yaml` names. It may stand among the suites, and is none of them.
pub(super) fn of_project(
    root: &Root,
    files: &mut Files,
    sources: &mut Sources,
    problems: &mut Diagnostics,
) -> Option<FileId> {
    let (Root::Folder(folder), Some(below)) = (root, &files.project.rules) else {
        return None;
    };
    let is_below = Path::new(below)
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !is_below {
        let message = format!("`{below}` is not below the folder of allclear.yaml");
        problems.extend(told(files, message));
        return None;
    }
    let path = folder.join(below);
    let is_it = |file: FileId| Path::new(&**sources.name(file)) == path;
    let among = files.suites.iter().position(|node| is_it(node.span.file));
    if let Some(among) = among {
        return Some(files.suites.remove(among).span.file);
    }
    match read::text_of(Some(folder), &path) {
        Ok(text) => Some(sources.add(path.display().to_string(), text)),
        Err(why) => {
            problems.extend(told(files, why.message));
            None
        }
    }
}

/// The file of `--rules`, wherever it is.
pub(super) fn given(
    path: &Path,
    sources: &mut Sources,
    problems: &mut Diagnostics,
) -> Option<FileId> {
    match read::text_of(None, path) {
        Ok(text) => Some(sources.add(path.display().to_string(), text)),
        Err(why) => {
            problems.push(why);
            None
        }
    }
}

/// An error where `diagnosis.rules` stands.
fn told(files: &Files, message: String) -> Diagnostics {
    let mut problems = Diagnostics::default();
    problems.push(match files.project.rules_span {
        Some(span) => Diagnostic::error(span, message),
        None => Diagnostic::error_without_place(message),
    });
    problems
}
