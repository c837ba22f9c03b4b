//! What a program writes: its end for the record, all of it for a file, and what it tells of its phases.

use std::borrow::Cow;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::Instant;

use super::log_file::LogFile;
use super::tail::Tail;
use crate::probe::lines::{Line, Lines};
use crate::probe::phases::{Phase, Phases};
use crate::template::Mask;

/// So much is read at once.
const AT_ONCE: usize = 64 * 1024;

/// What is cut from the end of a line that is too long, so that no part of a secret stands there.
const UNSURE: usize = 4 * 1024;

/// What was written so far. The lock is held for no longer than it takes to sort what was read at once.
pub(super) struct Output<'p> {
    heard: Mutex<Heard<'p>>,
    mask: &'p Mask,
    started: Instant,
}

/// What is kept of it.
pub(super) struct Heard<'p> {
    /// Of both streams, in the order in which their lines came.
    pub(super) log: Tail,
    pub(super) stdout: Tail,
    pub(super) stderr: Tail,
    pub(super) phases: Phases<'p>,
    pub(super) file: Option<LogFile>,
    /// What is not a whole line yet.
    unended: [Lines; 2],
}

/// One of the two outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stream {
    Stdout,
    Stderr,
}

impl<'p> Output<'p> {
    /// Nothing was written yet. `started` is what the times of phases count from.
    pub(super) fn new(
        phases: &'p [Phase],
        mask: &'p Mask,
        file: Option<LogFile>,
        started: Instant,
    ) -> Self {
        let heard = Heard {
            log: Tail::default(),
            stdout: Tail::default(),
            stderr: Tail::default(),
            phases: Phases::begin(phases),
            file,
            unended: Default::default(),
        };
        Self {
            heard: Mutex::new(heard),
            mask,
            started,
        }
    }

    /// Listens until both outputs are closed.
    pub(super) async fn listen(
        &self,
        stdout: impl AsyncRead + Unpin,
        stderr: impl AsyncRead + Unpin,
    ) {
        tokio::join!(
            self.read(stdout, Stream::Stdout),
            self.read(stderr, Stream::Stderr)
        );
    }

    /// What was heard until now.
    pub(super) fn so_far(&self) -> MutexGuard<'_, Heard<'p>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was heard, with the beginnings of lines that were never ended.
    pub(super) fn into_heard(self) -> Heard<'p> {
        let mut heard = self
            .heard
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        for stream in [Stream::Stdout, Stream::Stderr] {
            heard.sort(stream, None, self.mask, self.started);
        }
        heard
    }

    async fn read(&self, mut pipe: impl AsyncRead + Unpin, stream: Stream) {
        let mut buffer = vec![0; AT_ONCE];
        while let Some(length) = read(&mut pipe, &mut buffer).await {
            let bytes = Some(&buffer[..length]);
            self.so_far().sort(stream, bytes, self.mask, self.started);
        }
    }
}

/// How much came; `None` when nothing more comes.
async fn read(pipe: &mut (impl AsyncRead + Unpin), buffer: &mut [u8]) -> Option<usize> {
    loop {
        match pipe.read(buffer).await {
            Ok(0) => return None,
            Ok(length) => return Some(length),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

impl Heard<'_> {
    /// Takes what came, or that nothing more comes.
    fn sort(&mut self, stream: Stream, bytes: Option<&[u8]>, mask: &Mask, started: Instant) {
        let at = started.elapsed();
        let Self {
            log,
            stdout,
            stderr,
            phases,
            file,
            unended,
        } = self;
        let (own, lines) = match stream {
            Stream::Stdout => (stdout, &mut unended[0]),
            Stream::Stderr => (stderr, &mut unended[1]),
        };
        let end = if bytes.is_some() { "\n" } else { "" };
        let mut each = |line: Line<'_>| {
            phases.line(&line.text, at);
            let Some(text) = shown(&line, mask) else {
                return;
            };
            own.add(&text, end);
            // Two streams in one: what ends in one of them is followed by the other.
            log.add(&text, "\n");
            if let Some(file) = file {
                file.write(&mask.apply(&text));
                file.write("\n");
            }
        };
        match bytes {
            Some(bytes) => lines.feed(bytes, &mut each),
            None => lines.finish(&mut each),
        }
        if let Some(file) = file {
            file.flush();
        }
    }
}

/// What is kept of a line: of one that is too long its beginning, without what could be a part of a secret.
fn shown<'l>(line: &'l Line<'l>, mask: &Mask) -> Option<Cow<'l, str>> {
    if line.continues {
        return None;
    }
    if !line.is_cut {
        return Some(Cow::Borrowed(&line.text));
    }
    let masked = mask.apply(&line.text);
    let sure = masked.floor_char_boundary(masked.len().saturating_sub(UNSURE));
    Some(Cow::Owned(format!(
        "{}… (the rest of a very long line is left out)",
        &masked[..sure]
    )))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    async fn heard<'p>(
        stdout: &[u8],
        stderr: &[u8],
        mask: &'p Mask,
        file: Option<LogFile>,
    ) -> Heard<'p> {
        let output = Output::new(&[], mask, file, Instant::now());
        output.listen(stdout, stderr).await;
        output.into_heard()
    }

    #[tokio::test]
    async fn both_outputs_are_kept_apart_and_together() {
        let mask = Mask::default();
        let seen = heard(b"one\r\ntwo\nlast", b"oops\n", &mask, None).await;
        assert_eq!(seen.stdout.text(), "one\ntwo\nlast");
        assert_eq!(seen.stderr.text(), "oops\n");
        assert_eq!(seen.log.text(), "one\ntwo\noops\nlast\n");
    }

    #[tokio::test]
    async fn a_secret_is_in_no_file_and_in_no_part_of_a_long_line() {
        let mask = Mask::default();
        mask.add("hunter2-hunter2");
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let file = LogFile::new((fs::File::create(&path).unwrap(), path.clone()));
        let line = format!("{}hunter2-hunter2", "x".repeat(64 * 1024 - 7));
        let text = format!("it is hunter2-hunter2\n{line}\nbye\n");
        let seen = heard(text.as_bytes(), b"", &mask, Some(file)).await;
        let kept = fs::read_to_string(&path).unwrap();
        assert!(kept.starts_with("it is ***\n") && kept.ends_with("left out)\nbye\n"));
        assert!(!kept.contains("hunter") && kept.len() > 60_000);
        // What goes into the record is masked there, but not what was cut before.
        assert_eq!(seen.stdout.text().matches("hunter").count(), 2);
    }

    #[tokio::test]
    async fn of_a_flood_the_end_is_kept() {
        let mask = Mask::default();
        let flood = "line of a flood\n".repeat(100_000) + "the end\n";
        let seen = heard(flood.as_bytes(), b"", &mask, None).await;
        let text = seen.log.text();
        assert!(text.ends_with("flood\nthe end\n") && text.starts_with("line of"));
        assert!(text.len() < 200_000, "{}", text.len());
    }
}
