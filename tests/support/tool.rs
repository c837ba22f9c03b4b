//! The program, in a directory of its own and with an environment of its own.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use super::output::{Output, json_of};
use super::stream::Stream;

/// Far more than anything here takes: a program that hangs fails its test instead of the whole run.
const TOO_LONG: Duration = Duration::from_mins(1);

/// The program with a project directory that is gone when this is dropped. Nothing of the caller's environment reaches
/// it but `PATH`.
pub(crate) struct Tool {
    directory: TempDir,
    args: Vec<OsString>,
    variables: Vec<(OsString, OsString)>,
    target: Vec<(String, String)>,
    program: PathBuf,
}

impl Tool {
    /// A project whose one category `c` is critical, with an empty target `here`; `allclear run` unless told otherwise.
    pub(crate) fn new() -> Self {
        Self::bare()
            .file(
                "suites/allclear.yaml",
                "target: here\ndefaults: { timeout: 5s }\ncategories: { c: { critical: true } }\n",
            )
            .file("suites/targets/here.yaml", "vars: {}\n")
    }

    /// An empty directory.
    pub(crate) fn bare() -> Self {
        let directory = tempfile::Builder::new()
            .prefix("allclear-test-")
            .tempdir()
            .unwrap();
        // The program's own temporary files have to be gone afterwards, and here they can be looked for.
        fs::create_dir(directory.path().join("tmp")).unwrap();
        Self {
            directory,
            args: vec!["run".into()],
            variables: Vec::new(),
            target: Vec::new(),
            program: env!("CARGO_BIN_EXE_allclear").into(),
        }
    }

    /// Another program in the place of `allclear`.
    pub(crate) fn program(mut self, program: impl Into<PathBuf>) -> Self {
        self.program = program.into();
        self
    }

    /// Writes the suite; its category is `c` and its tests are `tests`, a YAML list.
    pub(crate) fn suite(self, tests: &str) -> Self {
        let tests = tests.trim_matches('\n');
        self.file(
            "suites/10-c/c.yaml",
            &format!("category: c\ntests:\n{tests}\n"),
        )
    }

    /// A variable of the target `here`.
    pub(crate) fn var(mut self, name: &str, value: impl Into<String>) -> Self {
        self.target.push((name.to_owned(), value.into()));
        let vars: serde_json::Map<String, serde_json::Value> = self
            .target
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().into()))
            .collect();
        // JSON is YAML: nothing in a value can break the file.
        let text = format!("vars: {}\n", serde_json::Value::Object(vars));
        self.file("suites/targets/here.yaml", &text)
    }

    /// Writes a file of the project, with the folders above it.
    pub(crate) fn file(self, path: &str, text: &str) -> Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// The arguments, in the place of `run`.
    pub(crate) fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args = args
            .into_iter()
            .map(|arg| arg.as_ref().to_owned())
            .collect();
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.variables
            .push((name.into(), value.as_ref().to_owned()));
        self
    }

    /// A path in the project.
    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.directory.path().join(below)
    }

    #[track_caller]
    pub(crate) fn read(&self, below: &str) -> String {
        fs::read_to_string(self.path(below)).unwrap_or_else(|error| panic!("{below}: {error}"))
    }

    #[track_caller]
    pub(crate) fn json(&self, below: &str) -> serde_json::Value {
        json_of(&self.path(below))
    }

    /// Runs it to its end.
    #[track_caller]
    pub(crate) fn run(&self) -> Output {
        self.start().end()
    }

    /// Runs it once more in the same directory, with other arguments.
    #[track_caller]
    pub(crate) fn then<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Output {
        let mut command = self.command();
        command.args(args);
        Running::start(command).end()
    }

    /// Starts it.
    pub(crate) fn start(&self) -> Running {
        let mut command = self.command();
        command.args(&self.args);
        Running::start(command)
    }

    /// The command without its arguments, for what only one test wants to change.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .current_dir(self.directory.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path("tmp"))
            .env("TMPDIR", self.path("tmp"))
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// What the program left in its temporary directory.
    pub(crate) fn left_over(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path("tmp")).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }
}

/// The program while it runs; killed when dropped before its end.
pub(crate) struct Running {
    child: Child,
    stdout: Stream,
    stderr: Stream,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let stdout = Stream::of(child.stdout.take());
        let stderr = Stream::of(child.stderr.take());
        Self {
            child,
            stdout,
            stderr,
        }
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).unwrap();
    }

    /// Waits until it has said this on standard output.
    #[track_caller]
    pub(crate) fn says(&self, text: &str) {
        self.stdout.wait_for(text, TOO_LONG);
    }

    /// Waits until it has said this on standard error.
    #[track_caller]
    pub(crate) fn notes(&self, text: &str) {
        self.stderr.wait_for(text, TOO_LONG);
    }

    /// What it has said so far on standard output.
    pub(crate) fn said(&self) -> String {
        self.stdout.text()
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn end(mut self) -> Output {
        let pid = self.pid();
        let (ended, is_ended) = mpsc::channel::<()>();
        let watchdog = thread::spawn(move || {
            let is_late = is_ended.recv_timeout(TOO_LONG) == Err(mpsc::RecvTimeoutError::Timeout);
            if is_late {
                let _ = kill(pid, Signal::SIGKILL);
            }
            is_late
        });
        let status = self.child.wait().unwrap();
        drop(ended);
        let is_late = watchdog.join().unwrap();
        let output = Output {
            status,
            stdout: self.stdout.end(),
            stderr: self.stderr.end(),
        };
        assert!(!is_late, "it did not end within {TOO_LONG:?}\n{output}");
        output
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // After `end` this finds nobody: `Child` knows that it was waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
