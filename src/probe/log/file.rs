//! A log in a file, or one that comes through a named pipe; read piece by piece, and followed where it is rotated meanwhile.

use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use nix::errno::Errno;
use tokio::fs::{self, File, OpenOptions};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;

use super::tally::{Tally, no_text, too_large};
use crate::model::Unable;
use crate::probe::look::Halt;

/// So much is read at once.
const CHUNK: usize = 64 * 1024;

/// A log that is rotated more often while it is read is not going to be read.
const MOST_ROTATIONS: usize = 10;

/// An open log.
pub(super) struct Opened {
    stream: Stream,
    /// Which file it is: its device, and its number there.
    id: (u64, u64),
    /// It had no size, as files of `/proc` have none.
    was_empty: bool,
}

enum Stream {
    File(File),
    Pipe(pipe::Receiver),
}

/// Opens a log. It is reading that waits for somebody to write into a pipe: opening could not be given up.
pub(super) async fn open(path: &Path) -> Result<Opened, Halt> {
    let failed = |error| unreadable(path, &error);
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(libc::O_NONBLOCK);
    let file = options.open(path).await.map_err(failed)?;
    let about = file.metadata().await.map_err(failed)?;
    let kind = about.file_type();
    let stream = if kind.is_file() {
        Stream::File(file)
    } else if kind.is_fifo() {
        let file = file.into_std().await;
        Stream::Pipe(pipe::Receiver::from_file(file).map_err(failed)?)
    } else {
        let what = if kind.is_dir() {
            "a directory"
        } else {
            "no file"
        };
        return Err(wrong(path, what));
    };
    Ok(Opened {
        stream,
        id: (about.dev(), about.ino()),
        was_empty: about.len() == 0,
    })
}

/// Reads it to its end. Where another file has taken its name meanwhile, that is read, too: a log that is rotated goes on there.
pub(super) async fn read(
    mut opened: Opened,
    path: &Path,
    most: u64,
    tally: &mut Tally<'_>,
) -> Result<(), Halt> {
    let mut left = most;
    for _ in 0..MOST_ROTATIONS {
        let mut came = drain(&mut opened.stream, path, most, &mut left, tally).await?;
        let Stream::File(_) = &opened.stream else {
            return Ok(());
        };
        let is_another = match fs::metadata(path).await {
            Ok(about) => about.is_file() && (about.dev(), about.ino()) != opened.id,
            // It was moved away, and there is no other yet.
            Err(_) => false,
        };
        if is_another {
            // It may have been written to until it was moved.
            came += drain(&mut opened.stream, path, most, &mut left, tally).await?;
        }
        opened.must_have(came, path).await?;
        if !is_another {
            return Ok(());
        }
        opened = open(path).await?;
    }
    Err(wrong(path, "rotated faster than it can be read"))
}

/// Reads to the end; how many bytes that were.
async fn drain(
    stream: &mut Stream,
    path: &Path,
    most: u64,
    left: &mut u64,
    tally: &mut Tally<'_>,
) -> Result<u64, Halt> {
    let mut buffer = vec![0; CHUNK];
    let mut sum = 0;
    loop {
        let count = match stream {
            Stream::File(file) => file.read(&mut buffer).await,
            Stream::Pipe(pipe) => pipe.read(&mut buffer).await,
        };
        let count = count.map_err(|error| unreadable(path, &error))?;
        if count == 0 {
            return Ok(sum);
        }
        let bytes = &buffer[..count];
        if sum == 0
            && let Some(what) = no_text(bytes)
        {
            return Err(wrong(path, what));
        }
        sum += count as u64;
        tally.feed(bytes);
        match left.checked_sub(count as u64) {
            Some(rest) => *left = rest,
            None => return Err(too_large(most)),
        }
    }
}

impl Opened {
    /// Tells of a file that is shorter now than what was read of it: what stood behind that may never have been seen.
    async fn must_have(&self, came: u64, path: &Path) -> Result<(), Halt> {
        let Stream::File(file) = &self.stream else {
            return Ok(());
        };
        let about = file.metadata().await;
        let size = about.map_err(|error| unreadable(path, &error))?.len();
        if size >= came || (size == 0 && self.was_empty) {
            return Ok(());
        }
        Err(wrong(
            path,
            "cut short while it was read, and what stood in it may be lost",
        ))
    }
}

fn wrong(path: &Path, what: &str) -> Halt {
    Halt::unable(Unable::File, format!("`{}` is {what}", path.display()))
}

fn unreadable(path: &Path, error: &io::Error) -> Halt {
    let kind = match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::EMFILE | Errno::ENFILE) => Unable::Limit,
        _ => Unable::File,
    };
    let why = format!("`{}` cannot be read: {error}", path.display());
    Halt::unable(kind, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_that_is_shorter_than_what_was_read_of_it_was_cut() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path();
        std::fs::write(path, "one\ntwo\n").unwrap();
        let opened = open(path).await.unwrap();
        opened.must_have(8, path).await.unwrap();
        std::fs::write(path, "one\n").unwrap();
        opened.must_have(4, path).await.unwrap();
        match opened.must_have(8, path).await {
            Err(Halt::Unable(error)) => {
                assert_eq!(error.kind, Unable::File);
                assert!(error.message.contains("cut short"), "{error:?}");
            }
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_file_of_the_kernel_has_no_size_and_is_whole() {
        let path = Path::new("/proc/self/status");
        let opened = open(path).await.unwrap();
        opened.must_have(1000, path).await.unwrap();
    }
}
