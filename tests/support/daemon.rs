//! A server program of the system, for as long as a test needs it.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use tempfile::TempDir;

use super::family::{self, Frozen};
use super::stream::Stream;

/// Far more than any of them takes to start.
const TOO_LONG: Duration = Duration::from_secs(30);

/// A program and the Debian package that has it.
pub(crate) struct Program {
    pub(crate) name: &'static str,
    pub(crate) package: &'static str,
}

impl Program {
    /// Debian keeps servers where the path of most people does not lead.
    #[track_caller]
    pub(super) fn path(&self) -> PathBuf {
        let Self { name, package } = self;
        let path = env::var_os("PATH").unwrap_or_default();
        env::split_paths(&path)
            .chain(["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from))
            .chain(versions("/usr/lib/postgresql").map(|version| version.join("bin")))
            .map(|folder| folder.join(name))
            .find(|program| program.is_file())
            .unwrap_or_else(|| {
                panic!("there is no {name} here; install it with: sudo apt-get install {package}")
            })
    }
}

/// The folders below that are named by a number, the highest first.
fn versions(folder: &str) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
        .collect();
    versions.sort_unstable_by(|a, b| b.cmp(a));
    versions.into_iter().map(|(_, path)| path)
}

/// A directory for what a server reads and writes.
pub(crate) fn directory() -> TempDir {
    let directory = tempfile::Builder::new()
        .prefix("allclear-server-")
        .tempdir();
    directory.unwrap()
}

/// A port of our own that a server will be given: who connects before it is ready waits in the queue.
pub(crate) fn listen() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

/// A server with a process group and a directory of its own; both are gone when this is dropped, and it dies with the test.
pub(crate) struct Daemon {
    name: &'static str,
    /// Until it is waited for: later its number may be another's.
    child: Option<Child>,
    said: Stream,
    frozen: Option<Frozen>,
    _directory: Arc<TempDir>,
}

impl Daemon {
    /// Starts a program in this directory. It inherits the sockets, each under its own number.
    #[track_caller]
    pub(crate) fn start(
        program: &Program,
        directory: impl Into<Arc<TempDir>>,
        sockets: Vec<TcpListener>,
        prepare: impl FnOnce(&mut Command),
    ) -> Self {
        Self::launch(program.name, &program.path(), directory, sockets, prepare)
    }

    /// The same with a program that is no Debian package's.
    #[track_caller]
    pub(super) fn launch(
        name: &'static str,
        program: &Path,
        directory: impl Into<Arc<TempDir>>,
        sockets: Vec<TcpListener>,
        prepare: impl FnOnce(&mut Command),
    ) -> Self {
        let directory = directory.into();
        let mut command = Command::new(program);
        let (reader, writer) = io::pipe().unwrap();
        command
            .current_dir(directory.path())
            .env_clear()
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(writer.try_clone().unwrap())
            .stderr(writer);
        prepare(&mut command);
        bequeath(
            &mut command,
            sockets.iter().map(AsRawFd::as_raw_fd).collect(),
        );
        let child = command.spawn().unwrap();
        // Only the server holds them now: if it cannot start, whoever waits in a queue is told.
        drop((sockets, command));
        Self {
            name,
            child: Some(child),
            said: Stream::of(Some(reader)),
            frozen: None,
            _directory: directory,
        }
    }

    /// Waits until it answers a request there.
    #[track_caller]
    pub(crate) fn answers(mut self, address: SocketAddr) -> Self {
        let asking = || {
            let mut stream = TcpStream::connect(address)?;
            stream.set_read_timeout(Some(TOO_LONG))?;
            stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
            stream.read_exact(&mut [0])
        };
        if let Err(error) = asking() {
            let said = self.last_words();
            panic!("{} does not start: {error}\n{said}", self.name);
        }
        self
    }

    /// Whether it says this before it ends.
    pub(crate) fn says(&self, text: &str) -> bool {
        self.said.says(text, TOO_LONG)
    }

    /// What it said so far.
    pub(crate) fn log(&self) -> String {
        self.said.text()
    }
}

impl Daemon {
    /// Stops it with all it started, as a machine that hangs: what is connected stays connected, and nothing is answered.
    pub(crate) fn freeze(&mut self) {
        self.frozen = Some(Frozen::new(family::stop(self.pid())));
    }

    /// Lets it go on where it was.
    pub(crate) fn thaw(&mut self) {
        if let Some(frozen) = self.frozen.take() {
            frozen.thaw();
        }
    }

    /// Sends a signal to the program and to nobody it started.
    pub(crate) fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).unwrap();
    }

    /// Waits until it has ended by itself, with all it started.
    #[track_caller]
    pub(crate) fn ends(&mut self) {
        let has_ended = self.said.ends(TOO_LONG);
        let said = self.last_words();
        assert!(has_ended, "{} did not end:\n{said}", self.name);
    }

    /// Ends it with all it started, and tells what they said.
    pub(crate) fn last_words(&mut self) -> String {
        self.frozen = None;
        if let Some(mut child) = self.child.take() {
            let program = pid_of(&child);
            for member in family::stop(program) {
                // Whoever has ended in the meantime is gone, which is all that is wanted.
                let _ = kill(member, Signal::SIGKILL);
            }
            // What is killed leaves nothing that matters: its directory goes with it.
            let _ = killpg(program, Signal::SIGKILL);
            let _ = child.wait();
        }
        // Whoever it started holds the other end of what it says.
        self.said.end()
    }

    fn pid(&self) -> Pid {
        pid_of(self.child.as_ref().expect("it runs"))
    }
}

fn pid_of(child: &Child) -> Pid {
    Pid::from_raw(child.id().try_into().unwrap())
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.last_words();
    }
}

/// Lets a program keep these descriptors, and die with the thread that starts it.
#[expect(
    unsafe_code,
    reason = "only between fork and exec can a process keep a descriptor that no other child gets"
)]
fn bequeath(command: &mut Command, kept: Vec<RawFd>) {
    // SAFETY: between fork and exec only async-signal-safe functions may be called; prctl and fcntl are, the vector was
    // allocated before, and building an `io::Error` from errno does not allocate.
    unsafe {
        command.pre_exec(move || {
            if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) == -1 {
                return Err(io::Error::last_os_error());
            }
            for &socket in &kept {
                if libc::fcntl(socket, libc::F_SETFD, 0) == -1 {
                    return Err(io::Error::last_os_error());
                }
            }
            Ok(())
        });
    }
}

/// Writes a file of a server's directory.
pub(crate) fn write(directory: &TempDir, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = directory.path().join(name);
    fs::write(&path, text).unwrap();
    path
}

/// A path as the text of a configuration.
pub(crate) fn quoted(path: impl AsRef<OsStr>) -> String {
    format!("\"{}\"", path.as_ref().to_str().unwrap())
}
