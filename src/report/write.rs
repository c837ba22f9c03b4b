//! Every report that was asked for, written; a report that cannot be written is lost and said to be.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use super::{Destination, Request, Style};
use crate::model::FinishedRun;

/// A report that was asked for and could not be written. It never changes the verdict.
#[derive(Debug, thiserror::Error)]
#[error("the {format} report {}is lost: {cause}", place_named(.to))]
pub struct Lost {
    /// The format's name.
    pub format: &'static str,
    /// Where it was to go.
    pub to: Destination,
    /// What went wrong.
    pub cause: LostCause,
}

/// Why a report is lost.
#[derive(Debug, thiserror::Error)]
pub enum LostCause {
    /// Reports do not create directories: a misspelt one would hide the report.
    #[error("the directory `{}` does not exist", .0.display())]
    NoDirectory(PathBuf),
    /// What should hold the file is not a directory.
    #[error("`{}` is not a directory", .0.display())]
    NotADirectory(PathBuf),
    /// The path itself is a directory.
    #[error("it is a directory; give the path of a file in it")]
    IsADirectory,
    /// The operating system refused.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The reporter itself broke: a bug of ours.
    #[error("the reporter broke; this is a bug in allclear")]
    Panicked,
}

fn place_named(to: &Destination) -> String {
    match to {
        Destination::Stdout => String::new(),
        Destination::Path(path) => format!("`{}` ", path.display()),
    }
}

/// Whether each report could be written now: to be asked before the first probe. Leaves no trace.
///
/// A device or FIFO is not opened, as that may wait for its reader.
pub fn check_writable(requests: &[Request]) -> Result<(), Lost> {
    for request in requests {
        let Destination::Path(path) = &request.to else {
            continue;
        };
        let checked = place_for(path).and_then(|place| match place {
            Place::Special(_) => Ok(()),
            Place::File(path) => {
                let (beside, file) = create_beside(&path)?;
                drop(file);
                Ok(fs::remove_file(beside)?)
            }
        });
        checked.map_err(|cause| lost(request, cause))?;
    }
    Ok(())
}

/// Renders and writes every report, also when one of them fails, and returns those that are lost.
///
/// A file appears whole or not at all: it is written beside its place and renamed. `stdout` gets the one report that
/// goes there; its reader leaving early (EPIPE) is the reader's choice and loses nothing. Files get no colours.
pub fn write_all(
    requests: &[Request],
    run: &FinishedRun,
    style: Style,
    stdout: &mut dyn Write,
) -> Vec<Lost> {
    let mut all_lost = Vec::new();
    for request in requests {
        if let Err(cause) = write_one(request, run, style, stdout) {
            all_lost.push(lost(request, cause));
        }
    }
    all_lost
}

fn lost(request: &Request, cause: LostCause) -> Lost {
    Lost {
        format: request.format.name,
        to: request.to.clone(),
        cause,
    }
}

fn write_one(
    request: &Request,
    run: &FinishedRun,
    style: Style,
    stdout: &mut dyn Write,
) -> Result<(), LostCause> {
    let style = match request.to {
        Destination::Stdout => style,
        Destination::Path(_) => Style {
            colour: false,
            ..style
        },
    };
    // One reporter that breaks must not take the others' reports with it.
    let text = catch_unwind(AssertUnwindSafe(|| (request.format.render)(run, style)))
        .map_err(|_| LostCause::Panicked)?;
    match &request.to {
        Destination::Stdout => match stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush())
        {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => Ok(written?),
        },
        Destination::Path(path) => match place_for(path)? {
            Place::Special(path) => {
                let mut device = OpenOptions::new().write(true).open(path)?;
                Ok(device.write_all(text.as_bytes())?)
            }
            Place::File(path) => replace(&path, text.as_bytes()),
        },
    }
}

/// Where a report is really written.
enum Place {
    /// A regular file, which may not exist yet; symbolic links are followed, so that they stay links.
    File(PathBuf),
    /// A device or FIFO, which must not be replaced by a file.
    Special(PathBuf),
}

fn place_for(path: &Path) -> Result<Place, LostCause> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(LostCause::IsADirectory),
        Ok(found) if found.is_file() => Ok(Place::File(fs::canonicalize(path)?)),
        Ok(_) => Ok(Place::Special(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let directory = directory_of(path);
            match fs::metadata(directory) {
                Ok(found) if found.is_dir() => Ok(Place::File(path.to_owned())),
                Ok(_) => Err(LostCause::NotADirectory(directory.to_owned())),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    Err(LostCause::NoDirectory(directory.to_owned()))
                }
                Err(error) => Err(error.into()),
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            Err(LostCause::NotADirectory(directory_of(path).to_owned()))
        }
        Err(error) => Err(error.into()),
    }
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory,
        _ => Path::new("."),
    }
}

fn replace(path: &Path, bytes: &[u8]) -> Result<(), LostCause> {
    let (beside, mut file) = create_beside(path)?;
    let replaced = file
        .write_all(bytes)
        // Some file systems tell only here that the disk is full.
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&beside, path));
    replaced.map_err(|error| {
        let _ = fs::remove_file(&beside);
        error.into()
    })
}

/// A new file in the same directory, so that renaming it is atomic, with the mode the umask gives.
fn create_beside(path: &Path) -> Result<(PathBuf, File), LostCause> {
    let name = path.file_name().ok_or(LostCause::IsADirectory)?;
    let mut beside_name = std::ffi::OsString::from(".");
    beside_name.push(name);
    beside_name.push(format!(".{}.tmp", std::process::id()));
    let beside = directory_of(path).join(beside_name);
    // What a killed process with our id left behind is ours to replace, but never through a link somebody planted.
    let _ = fs::remove_file(&beside);
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&beside)?;
    Ok((beside, file))
}
