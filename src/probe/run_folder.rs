//! The folder a run is recorded in, for what is too long for its record.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Where files of the run go; nowhere where a run is not recorded.
#[derive(Debug, Default)]
pub(super) struct RunFolder {
    path: OnceLock<PathBuf>,
    files: AtomicU64,
}

impl RunFolder {
    /// Says where. Only the first word counts.
    pub(super) fn is(&self, path: PathBuf) {
        let _ = self.path.set(path);
    }

    /// A new file for the whole output of a program, which nobody else may read; `None` where a run is not recorded.
    pub(super) fn log(&self, program: &str) -> Option<io::Result<(File, PathBuf)>> {
        let folder = self.path.get()?.join("logs");
        let number = self.files.fetch_add(1, Ordering::Relaxed) + 1;
        let path = folder.join(format!("{number:04}-{}.log", plain(program)));
        let create = || {
            fs::create_dir_all(&folder)?;
            let file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)?;
            Ok((file, path))
        };
        Some(create())
    }
}

/// The last part of a program's path, without what a file's name should not have.
fn plain(program: &str) -> String {
    let name = program.rsplit('/').next().unwrap_or_default();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    name.chars().filter(|c| is_plain(*c)).take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_program_has_a_file_of_its_own() {
        let directory = tempfile::tempdir().unwrap();
        let folder = RunFolder::default();
        assert!(folder.log("app").is_none());
        folder.is(directory.path().to_owned());
        let name = |program| {
            let (_, path) = folder.log(program).unwrap().unwrap();
            assert!(path.starts_with(directory.path().join("logs")));
            path.file_name().unwrap().to_str().unwrap().to_owned()
        };
        assert_eq!(name("/usr/bin/python3.11"), "0001-python3.11.log");
        assert_eq!(name("../a b/$(x)"), "0002-x.log");
    }
}
