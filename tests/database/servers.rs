//! The servers themselves, asked by their own clients: they start, answer, do what a test wants of them, and are gone
//! afterwards.

mod killed;
mod mariadb;
mod postgres;
mod redis;

use std::io::{BufRead, BufReader, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::support::at_work;

/// A client that was let in, and does what it is told.
pub(super) struct Session {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Session {
    pub(super) fn open(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            input: child.stdin.take().unwrap(),
            output: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    pub(super) fn ask(&mut self, line: &str) {
        writeln!(self.input, "{line}").unwrap();
    }

    /// The next line it is told; nothing when it has ended.
    pub(super) fn hears(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What was said by whoever panicked.
fn complaint<T>(start: impl FnOnce() -> T) -> String {
    match catch_unwind(AssertUnwindSafe(|| drop(start()))) {
        Ok(()) => panic!("it has started"),
        Err(why) => *why.downcast::<String>().unwrap(),
    }
}
