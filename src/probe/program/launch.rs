//! What a program is started with.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::errno::Errno;

use crate::model::{ProbeError, Unable};
use crate::probe::Invalid;
use crate::probe::argv::Argv;
use crate::probe::pairs::Pairs;

/// What a program finds in its environment besides `env`:
/// enough to find and run others, and nothing that could be a secret of ours.
const INHERITED: [&str; 11] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

/// The program, to be started by [`Group::begin`](super::Group::begin) or [`spawn`](super::spawn()):
/// without standard input, its outputs piped to us.
pub(in crate::probe) fn launch(
    argv: &Argv,
    env: &Pairs,
    cwd: Option<&str>,
) -> Result<Command, ProbeError> {
    let (name, arguments) = argv.split();
    let mut program = Command::new(name);
    program
        .args(arguments)
        .env_clear()
        .envs(
            INHERITED
                .into_iter()
                .filter_map(|name| Some((name, std::env::var_os(name)?))),
        )
        .envs(env.0.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if let Some(directory) = cwd {
        if !Path::new(directory).is_dir() {
            let message = format!("`cwd`: there is no directory `{directory}`");
            return Err(ProbeError::new(Unable::File, message));
        }
        program.current_dir(directory);
    }
    Ok(program)
}

/// Whether an environment can be given to a program.
pub(in crate::probe) fn check_environment(env: &Pairs) -> Result<(), Invalid> {
    let is_wrong = |(name, value): &(String, String)| {
        name.is_empty() || name.contains(['=', '\0']) || value.contains('\0')
    };
    if env.0.iter().any(is_wrong) {
        let why = "a name has no `=`, and nothing a NUL character";
        return Err(Invalid::new("env", why));
    }
    Ok(())
}

/// Why a program does not run.
pub(in crate::probe) fn not_started(argv: &Argv, error: &io::Error) -> ProbeError {
    let kind = match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::EMFILE | Errno::ENFILE | Errno::EAGAIN | Errno::ENOMEM) => Unable::Limit,
        Some(Errno::E2BIG) => Unable::Value,
        _ => Unable::Program,
    };
    let (name, _) = argv.split();
    ProbeError::new(kind, format!("`{name}` cannot be started: {error}"))
}
