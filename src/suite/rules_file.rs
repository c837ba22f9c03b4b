//! The file of a user's rules of diagnosis: found and read here, understood by those who explain.

use std::path::{Component, Path};
use std::sync::Arc;

use super::files::Files;
use super::{Root, Unusable, read};
use crate::yaml::{Diagnostic, Diagnostics, FileId, Sources};

/// A file of rules by itself, wherever it is.
pub fn rules_file(path: &Path) -> Result<(Arc<Sources>, FileId), Unusable> {
    let (mut sources, mut problems) = (Sources::default(), Diagnostics::default());
    let file = given(path, &mut sources, &mut problems);
    let sources = Arc::new(sources);
    match file {
        Some(file) => Ok((sources, file)),
        None => Err(Unusable {
            sources,
            problems,
            what: "rules",
        }),
    }
}

/// The file of rules that the project of a folder names, and nothing else of it.
/// `None` where there is no project, or it names none.
pub fn rules_file_of(folder: &Path) -> Result<Option<(Arc<Sources>, FileId)>, Unusable> {
    let path = folder.join("allclear.yaml");
    if !path.is_file() {
        return Ok(None);
    }
    let (mut sources, mut problems) = (Sources::default(), Diagnostics::default());
    let file = named_by(&path, folder, &mut sources, &mut problems);
    let sources = Arc::new(sources);
    if problems.has_errors() {
        return Err(Unusable::suites(sources, problems));
    }
    Ok(file.map(|file| (sources, file)))
}

fn named_by(
    project: &Path,
    folder: &Path,
    sources: &mut Sources,
    problems: &mut Diagnostics,
) -> Option<FileId> {
    let text = read::text_of(Some(folder), project).map_err(|why| problems.push(why));
    let shown = project.display().to_string();
    let project = read::parse_text(&shown, text.ok()?, sources, problems)?;
    let named = project.get("diagnosis")?.get("rules")?;
    let below = &*named.as_scalar()?.text;
    let path = folder.join(below);
    let text = is_below(below)
        .and_then(|()| read::text_of(Some(folder), &path).map_err(|why| why.message))
        .map_err(|message| problems.push(Diagnostic::error(named.span, message)));
    Some(sources.add(path.display().to_string(), text.ok()?))
}

fn is_below(below: &str) -> Result<(), String> {
    let is_below = Path::new(below)
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let message = || format!("`{below}` is not below the folder of allclear.yaml");
    is_below.then_some(()).ok_or_else(message)
}

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
    if let Err(message) = is_below(below) {
        problems.extend(told(files, message));
        return None;
    }
    let path = folder.join(below);
    let is_it = |file: FileId| Path::new(&**sources.name(file)) == path;
    let among = files.suites.iter().position(|suite| is_it(suite.file()));
    if let Some(among) = among {
        return Some(files.suites.remove(among).file());
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
