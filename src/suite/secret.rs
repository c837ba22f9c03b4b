//! `secrets:` of a target: by reference, never by value; resolved when first used.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::yaml::{Diagnostic, Diagnostics, Fields, Node, Span};

/// Where a secret comes from, and its value once somebody has asked.
#[derive(Debug)]
pub(super) struct Secret {
    name: String,
    reference: Reference,
    /// Where the reference stands.
    pub(super) span: Span,
    value: OnceLock<Result<String, Without>>,
}

/// Why a secret has no value. Neither way holds any of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Without {
    /// Nobody has given it here, or its program may not be asked: a run needs it, reading the suites does not.
    Missing(String),
    /// Its program is asked when a run begins.
    Later,
    /// What was given cannot be used.
    Refused(String),
}

impl Without {
    /// In words.
    pub(super) fn why(&self) -> &str {
        match self {
            Self::Missing(why) | Self::Refused(why) => why,
            Self::Later => "not asked before a run",
        }
    }
}

#[derive(Debug)]
enum Reference {
    Env(String),
    File(PathBuf),
    Command(Vec<String>),
}

/// What resolving may use.
#[derive(Debug, Clone)]
pub(super) struct Means {
    pub(super) environment: Arc<BTreeMap<String, String>>,
    pub(super) allow_commands: bool,
    /// Nothing will run: what only a run needs may be missing.
    pub(super) only_reading: bool,
}

/// A secret in a file or an output is at most this long: longer is not a secret but a mistake.
const MAX_BYTES: u64 = 64 * 1024;

/// A program has so long to give a secret: somebody may have to touch a key.
const LONGEST: Duration = Duration::from_mins(1);

impl Secret {
    /// Reads `secrets:`: a mapping of names to `{ env: NAME }`, `{ file: PATH }` or `{ command: [...] }`.
    ///
    /// The names of broken ones go to `broken`.
    pub(super) fn decode_all(
        node: &Node,
        broken: &mut HashSet<String>,
        problems: &mut Diagnostics,
    ) -> Vec<Self> {
        let Some(entries) = node.as_mapping() else {
            problems.push(
                Diagnostic::error(node.span, "expected a mapping of secrets")
                    .help("write `password: { env: NAME }`"),
            );
            return Vec::new();
        };
        let mut secrets = Vec::new();
        for entry in entries {
            if !crate::template::is_variable_name(&entry.key) {
                problems.push(Diagnostic::error(
                    entry.key_span,
                    format!("`{}` is no name: a-z, 0-9 and `_`", entry.key),
                ));
                continue;
            }
            let Some(reference) = Reference::decode(&entry.value, problems) else {
                broken.insert(format!("secret.{}", entry.key));
                continue;
            };
            secrets.push(Self {
                name: entry.key.to_string(),
                reference,
                span: entry.value.span,
                value: OnceLock::new(),
            });
        }
        secrets
    }

    /// Its name, without `secret.`.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Its value, or why it cannot be had.
    pub(super) fn value(&self, means: &Means) -> Result<&str, &Without> {
        let value = self.value.get_or_init(|| {
            let text = self.reference.resolve(means)?;
            if text.is_empty() {
                return Err(Without::Refused(format!("{} is empty", self.reference)));
            }
            if text.chars().any(char::is_control) {
                return Err(Without::Refused(format!(
                    "{} holds a control character (a line break?) that no header or URL may have",
                    self.reference
                )));
            }
            Ok(text)
        });
        value.as_deref()
    }

    /// Why it has no value here, if somebody has asked for it and nobody gave it.
    pub(super) fn missing(&self) -> Option<&str> {
        match self.value.get()? {
            Err(Without::Missing(why)) => Some(why),
            Ok(_) | Err(Without::Later | Without::Refused(_)) => None,
        }
    }

    /// Its value or why it cannot be had, for who only wants to see whether it could be used: a program that nobody has asked
    /// is not started for that.
    pub(super) fn usable(&self, means: &Means) -> Option<Result<&str, &str>> {
        let is_program = matches!(self.reference, Reference::Command(_));
        (!is_program || self.value.get().is_some()).then(|| self.value(means).map_err(Without::why))
    }

    /// Its value, if somebody has asked for it and it could be had.
    pub(super) fn resolved(&self) -> Option<&str> {
        self.value.get()?.as_deref().ok()
    }
}

impl Reference {
    fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        if node.as_scalar().is_some() {
            problems.push(
                Diagnostic::error(
                    node.span,
                    "a secret is named by reference, never written here",
                )
                .help(
                    "write `{ env: NAME }`, `{ file: PATH }` or `{ command: [program, argument] }`",
                ),
            );
            return None;
        }
        let fields = Fields::of(node, "secret", &["env", "file", "command"], problems)?;
        if fields.entries().count() != 1 {
            problems.push(Diagnostic::error(
                node.span,
                "expected exactly one of `env`, `file` and `command`",
            ));
            return None;
        }
        if let Some(name) = fields.text("env", problems) {
            return Some(Self::Env(name.to_owned()));
        }
        if let Some(path) = fields.text("file", problems) {
            return Some(Self::File(PathBuf::from(path)));
        }
        fields.get("command")?;
        let argv: Vec<String> = fields.decode("command", problems)?;
        if argv.is_empty() {
            problems.push(Diagnostic::error(
                node.span,
                "an empty command cannot give a secret",
            ));
            return None;
        }
        Some(Self::Command(argv))
    }

    fn resolve(&self, means: &Means) -> Result<String, Without> {
        match self {
            Self::Env(name) => match means.environment.get(name) {
                Some(value) => Ok(value.clone()),
                None => Err(Without::Missing(format!("{self} is not set"))),
            },
            Self::File(path) => read(path)
                .map(without_newline)
                .map_err(|why| Without::Missing(format!("{self} cannot be read: {why}"))),
            Self::Command(_) if !means.allow_commands => {
                let why = format!("{self} may only run with --allow-commands");
                Err(Without::Missing(why))
            }
            Self::Command(_) if means.only_reading => Err(Without::Later),
            Self::Command(argv) => run(argv, LONGEST)
                .map(without_newline)
                .map_err(|why| Without::Refused(format!("{self} gave no secret: {why}"))),
        }
    }
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Env(name) => write!(f, "environment variable {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            // Arguments may be secret themselves.
            Self::Command(argv) => write!(f, "command {}", argv.first().map_or("", String::as_str)),
        }
    }
}

/// One trailing line break is how files and programs end; it is not part of the secret.
fn without_newline(mut text: String) -> String {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    text
}

fn read(path: &Path) -> Result<String, String> {
    let about = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if !about.is_file() {
        return Err("not a regular file".to_owned());
    }
    let file = File::open(path).map_err(|error| error.to_string())?;
    text(file)
}

/// What a program says within its time. Loading waits for it: nothing else can be done without the secret.
fn run(argv: &[String], longest: Duration) -> Result<String, String> {
    let (program, arguments) = argv.split_first().ok_or("no program")?;
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| error.to_string())?;
    let id = child.id();
    let (tell, told) = mpsc::channel();
    // Reading may go on for as long as somebody holds the other end, so it is done where nobody waits for it.
    thread::spawn(move || tell.send(output(child)));
    told.recv_timeout(longest).unwrap_or_else(|_| {
        if let Ok(id) = i32::try_from(id) {
            let _ = kill(Pid::from_raw(id), Signal::SIGKILL);
        }
        Err(format!("it did not end within {}s", longest.as_secs()))
    })
}

fn output(mut child: Child) -> Result<String, String> {
    let said = child.stdout.take().ok_or("it has no output")?;
    let said = text(said);
    if said.is_err() {
        let _ = child.kill();
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    let said = said?;
    if status.success() {
        Ok(said)
    } else {
        Err(status.to_string())
    }
}

/// All of it, unless it is longer than a secret is.
fn text(from: impl Read) -> Result<String, String> {
    let mut bytes = Vec::new();
    from.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(format!("more than {MAX_BYTES} bytes are no secret"));
    }
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_trailing_line_break_is_not_part_of_a_secret() {
        assert_eq!(without_newline("a\n".into()), "a");
        assert_eq!(without_newline("a\r\n".into()), "a");
        assert_eq!(without_newline("a\n\n".into()), "a\n");
        assert_eq!(without_newline("a".into()), "a");
    }
    #[test]
    fn a_program_that_never_ends_or_never_stops_talking_gives_no_secret() {
        let argv = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            run(&argv(&["echo", "hunter2"]), LONGEST).unwrap(),
            "hunter2\n"
        );
        let told = run(&argv(&["sleep", "100"]), Duration::from_millis(50)).unwrap_err();
        assert!(told.contains("did not end"), "{told}");
        let told = run(&argv(&["yes"]), LONGEST).unwrap_err();
        assert!(told.contains("are no secret"), "{told}");
        assert!(
            run(&argv(&["false"]), LONGEST)
                .unwrap_err()
                .contains("exit")
        );
    }
}
