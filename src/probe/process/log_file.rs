//! The whole output of a program in a file, masked, up to a cap.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// So much of the output is kept.
const MOST: u64 = 64 * 1024 * 1024;

/// The file. Once something cannot be written nothing more is.
#[derive(Debug)]
pub(super) struct LogFile {
    file: BufWriter<File>,
    path: PathBuf,
    /// What still fits.
    room: u64,
    broken: Option<String>,
}

impl LogFile {
    pub(super) fn new((file, path): (File, PathBuf)) -> Self {
        Self {
            file: BufWriter::new(file),
            path,
            room: MOST,
            broken: None,
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Why it is not whole.
    pub(super) fn broken(&self) -> Option<&str> {
        self.broken.as_deref()
    }

    /// Adds what was masked.
    pub(super) fn write(&mut self, text: &str) {
        if self.broken.is_some() {
            return;
        }
        let length = text.len() as u64;
        let written = if length > self.room {
            let last = format!(
                "\n… the program wrote more than {} MiB; the rest is left out\n",
                MOST / 1024 / 1024
            );
            self.broken = Some("it is longer than its cap".to_owned());
            self.file.write_all(last.as_bytes())
        } else {
            self.room -= length;
            self.file.write_all(text.as_bytes())
        };
        self.note(written);
    }

    /// Hands over to the system what was added.
    pub(super) fn flush(&mut self) {
        let flushed = self.file.flush();
        self.note(flushed);
    }

    fn note(&mut self, written: io::Result<()>) {
        if let Err(error) = written {
            self.broken.get_or_insert_with(|| error.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn it_says_in_its_last_line_that_it_is_not_whole() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let mut file = LogFile::new((File::create(&path).unwrap(), path.clone()));
        file.room = 6;
        for text in ["one\n", "two\n", "3\n"] {
            file.write(text);
        }
        file.flush();
        assert_eq!(file.broken(), Some("it is longer than its cap"));
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(
            text,
            "one\n\n… the program wrote more than 64 MiB; the rest is left out\n"
        );
    }
}
