//! Reading the files of a suite folder, safely: bounded, regular, inside the root.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::yaml::{self, Diagnostic, Diagnostics, Node, Sources};

/// A file of the folder: its path below the root, with `/`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Listed {
    /// Below the root: `10-connectivity/http.yaml`.
    pub(super) below: String,
    /// As shown and opened: `suites/10-connectivity/http.yaml`.
    pub(super) path: PathBuf,
}

/// Every file below the root, sorted; hidden files and folders are not looked at.
pub(super) fn list(root: &Path, problems: &mut Diagnostics) -> Vec<Listed> {
    let mut found = Vec::new();
    walk(root, root, 0, &mut found, problems);
    found.sort();
    found
}

fn walk(
    root: &Path,
    folder: &Path,
    depth: usize,
    found: &mut Vec<Listed>,
    problems: &mut Diagnostics,
) {
    if depth > 16 {
        problems.push(Diagnostic::error_without_place(format!(
            "{}: folders nest too deeply",
            folder.display()
        )));
        return;
    }
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            problems.push(Diagnostic::error_without_place(format!(
                "could not read the folder {}: {error}",
                folder.display()
            )));
            return;
        }
    };
    for entry in entries {
        let path = match entry {
            Ok(entry) => entry.path(),
            Err(error) => {
                problems.push(Diagnostic::error_without_place(format!(
                    "could not list {}: {error}",
                    folder.display()
                )));
                continue;
            }
        };
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            if leads_out(root, &path) {
                problems.push(outside(&path));
            } else if path.is_symlink() {
                problems.push(Diagnostic::error_without_place(format!(
                    "{} is a link to a folder of the suites, whose files would be read twice",
                    path.display()
                )));
            } else {
                walk(root, &path, depth + 1, found, problems);
            }
        } else if let Ok(below) = path.strip_prefix(root) {
            let parts: Vec<_> = below
                .components()
                .map(|part| part.as_os_str().to_string_lossy())
                .collect();
            found.push(Listed {
                below: parts.join("/"),
                path,
            });
        }
    }
}

/// A link that leads out of the root would show lines of a foreign file in our messages.
fn leads_out(root: &Path, path: &Path) -> bool {
    match (root.canonicalize(), path.canonicalize()) {
        (Ok(root), Ok(path)) => !path.starts_with(root),
        _ => true,
    }
}

fn outside(path: &Path) -> Diagnostic {
    Diagnostic::error_without_place(format!(
        "{} is a link that leads out of the suite folder",
        path.display()
    ))
}

/// Reads a file below `root` (or anywhere, for a target given by path) and parses it.
pub(super) fn parse_file(
    root: Option<&Path>,
    path: &Path,
    sources: &mut Sources,
    problems: &mut Diagnostics,
) -> Option<Node> {
    match text_of(root, path) {
        Ok(text) => parse_text(&path.display().to_string(), text, sources, problems),
        Err(why) => {
            problems.push(why);
            None
        }
    }
}

/// The text of a file below `root`, or anywhere.
pub(super) fn text_of(root: Option<&Path>, path: &Path) -> Result<String, Diagnostic> {
    // A link to nothing is told when it is read.
    if root.is_some_and(|root| path.exists() && leads_out(root, path)) {
        return Err(outside(path));
    }
    read(path).map_err(|why| {
        Diagnostic::error_without_place(format!("could not read {}: {why}", path.display()))
    })
}

/// Parses a text under the name it is shown by.
pub(super) fn parse_text(
    name: &str,
    text: String,
    sources: &mut Sources,
    problems: &mut Diagnostics,
) -> Option<Node> {
    let file = sources.add(name, text);
    yaml::parse(sources, file, problems)
}

/// A regular file of bounded size: never a pipe or a device, which could be endless or never answer.
fn read(path: &Path) -> Result<String, String> {
    let about = fs::metadata(path).map_err(|error| error.to_string())?;
    if !about.is_file() {
        return Err("not a regular file".to_owned());
    }
    if about.len() > yaml::MAX_BYTES as u64 {
        return Err(format!(
            "{} bytes, more than the {} MiB a file may have",
            about.len(),
            yaml::MAX_BYTES >> 20
        ));
    }
    let file = fs::File::open(path).map_err(|error| error.to_string())?;
    let mut bytes = Vec::with_capacity(usize::try_from(about.len()).unwrap_or(0));
    // The file may grow while it is read: the cap holds for what is read, not for what was promised.
    file.take(yaml::MAX_BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    yaml::decode_bytes(bytes).map_err(|error| error.to_string())
}
