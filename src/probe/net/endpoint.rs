//! Where a peer is: a host and its port, or a unix socket.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use tokio::net::UnixStream;

use super::connect::{open, socket_halt};
use super::host::{authority, check_host, check_port, found_by, resources, tls_resource};
use super::resolve::Resolving;
use super::stream::Stream;
use crate::model::{FaultKind, Origin, Phase, Stopped, TcpFault, Value};
use crate::probe::Invalid;
use crate::probe::look::{Halt, Look};
use crate::yaml::visible;

/// The path of a unix socket may have so many bytes: the 108 of `sun_path`, without the NUL at its end (unix(7)).
const LONGEST: usize = 107;

/// Where a peer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::probe) enum Endpoint {
    /// Reached over the network.
    Socket {
        host: String,
        port: u16,
        resolving: Resolving,
    },
    /// A unix socket on this machine, by its path.
    Unix(PathBuf),
}

impl Endpoint {
    /// From the keys `host` and `port`, with `resolver` or without, or `unix`: one of both.
    pub(in crate::probe) fn of_keys(
        host: Option<&str>,
        port: Option<u16>,
        unix: Option<&Path>,
        resolver: Option<&str>,
    ) -> Result<Self, Invalid> {
        let endpoint = match (host, port, unix) {
            (Some(host), Some(port), None) => {
                check_host("host", host)?;
                Self::Socket {
                    host: host.to_owned(),
                    port,
                    resolving: Resolving::by("resolver", resolver, host)?,
                }
            }
            (None, None, Some(_)) if resolver.is_some() => {
                let why = "a unix socket has no name to ask a name server for";
                return Err(Invalid::new("resolver", why));
            }
            (None, None, Some(path)) => Self::Unix(path.to_owned()),
            (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => {
                let why = "a unix socket has neither `host` nor `port`; write one or the other";
                return Err(Invalid::new("unix", why));
            }
            (Some(_), None, None) => {
                return Err(Invalid::new("host", "`port` is missing, 1 to 65535"));
            }
            (None, Some(_), None) => return Err(Invalid::new("port", "`host` is missing")),
            (None, None, None) => {
                return Err(Invalid::new(
                    "host",
                    "`host` and `port` are missing, or `unix`",
                ));
            }
        };
        endpoint.check()?;
        Ok(endpoint)
    }

    fn check(&self) -> Result<(), Invalid> {
        match self {
            Self::Socket { port, .. } => check_port(*port).map_err(|why| Invalid::new("port", why)),
            Self::Unix(path) => check_path(path),
        }
    }

    /// The host, or the path of the socket.
    pub(in crate::probe) fn place(&self) -> String {
        match self {
            Self::Socket { host, .. } => host.clone(),
            Self::Unix(path) => path.display().to_string(),
        }
    }

    /// What it depends on, for grouping failures.
    pub(in crate::probe) fn resources(&self) -> Vec<String> {
        match self {
            Self::Socket {
                host,
                port,
                resolving,
            } => resources(host, *port, resolving),
            Self::Unix(path) => vec![format!("unix:{}", path.display())],
        }
    }

    /// The TLS that is spoken there, under the name of the host; of a unix socket none.
    pub(in crate::probe) fn tls_resource(&self) -> Option<String> {
        match self {
            Self::Socket {
                host,
                port,
                resolving,
            } => Some(tls_resource(host, *port, host, resolving)),
            Self::Unix(_) => None,
        }
    }

    /// Who says where its name leads, behind what is named by it.
    pub(in crate::probe) fn found_by(&self) -> String {
        match self {
            Self::Socket {
                host, resolving, ..
            } => found_by(host, resolving),
            Self::Unix(_) => String::new(),
        }
    }

    /// Connects, resolving first where there is a name; each its own phase. Records `remote_ip` and `family` of a host.
    pub(in crate::probe) async fn open(&self, look: &mut Look<'_>) -> Result<Stream, Stopped> {
        match self {
            Self::Socket {
                host,
                port,
                resolving,
            } => {
                let opened = open(look, host, *port, resolving).await?;
                Ok(opened.stream)
            }
            Self::Unix(path) => {
                let late = FaultKind::Tcp(TcpFault::Timeout);
                let connecting = Box::pin(connect(path));
                let connected = look.timed(Phase::Connect, late, connecting).await;
                if let Err(Halt::Fault { kind, .. }) = &connected
                    && *kind == FaultKind::Tcp(TcpFault::NoSocket)
                {
                    let is_there = has_directory(path).await;
                    look.fact("socket_directory", Value::Bool(is_there));
                }
                connected.map_err(|halt| look.stop(Phase::Connect, halt))
            }
        }
    }
}

impl fmt::Display for Endpoint {
    /// `host:port`, or `unix:/path`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket { host, port, .. } => f.write_str(&authority(host, *port)),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

fn check_path(path: &Path) -> Result<(), Invalid> {
    let bytes = path.as_os_str().as_encoded_bytes();
    let wrong = |why: String| Err(Invalid::new("unix", why));
    match bytes.len() {
        0 => wrong("the path is empty".to_owned()),
        _ if bytes.contains(&0) => {
            wrong("the path holds a NUL; no file has one in its name".to_owned())
        }
        many if many > LONGEST => wrong(format!(
            "the path has {many} bytes; the path of a unix socket has {LONGEST} at most (unix(7))"
        )),
        _ => Ok(()),
    }
}

async fn connect(path: &Path) -> Result<Stream, Halt> {
    match UnixStream::connect(path).await {
        Ok(stream) => Ok(Stream::Unix(stream)),
        Err(error) => Err(unix_halt(&error, path).await),
    }
}

/// The same errno says other things of a path than of a host.
async fn unix_halt(error: &io::Error, path: &Path) -> Halt {
    let shown = path.display().to_string();
    let shown = visible(&shown);
    let known = error.raw_os_error().map(Errno::from_raw);
    let (fault, why) = match known {
        Some(Errno::ENOENT | Errno::ENOTDIR) => (TcpFault::NoSocket, missing(path, &shown).await),
        Some(Errno::ECONNREFUSED) if is_no_socket(path).await => (
            TcpFault::NotASocket,
            format!("`{shown}` is there, and is no socket"),
        ),
        Some(Errno::ECONNREFUSED) => (
            TcpFault::Refused,
            format!("nobody listens on `{shown}`: the socket was left behind"),
        ),
        Some(Errno::EACCES | Errno::EPERM) => (
            TcpFault::Denied,
            format!("`{shown}` may not be written to, or a directory above not be entered"),
        ),
        Some(Errno::EAGAIN) => (
            TcpFault::Busy,
            format!("the backlog of `{shown}` is full: whoever listens does not accept"),
        ),
        Some(Errno::ENOTSOCK | Errno::EPROTOTYPE) => (
            TcpFault::NotASocket,
            format!("`{shown}` is no stream socket"),
        ),
        _ => return socket_halt(error, &format!("connecting to `{shown}`")),
    };
    let halt = Halt::fault(FaultKind::Tcp(fault), why);
    match known {
        Some(errno) => halt.by(Origin::Errno(errno as i32)),
        None => halt,
    }
}

/// Where the socket belongs; the root belongs nowhere.
fn directory(path: &Path) -> Option<&Path> {
    let parent = path.parent()?;
    Some(if parent.as_os_str().is_empty() {
        Path::new(".")
    } else {
        parent
    })
}

async fn has_directory(path: &Path) -> bool {
    let Some(directory) = directory(path) else {
        return true;
    };
    let found = tokio::fs::metadata(directory).await;
    found.is_ok_and(|found| found.is_dir())
}

/// A missing mount and a missing listener are for different people.
async fn missing(path: &Path, shown: &str) -> String {
    let Some(directory) = directory(path) else {
        return format!("there is no `{shown}`");
    };
    let place = directory.display().to_string();
    let place = visible(&place);
    if has_directory(path).await {
        format!("there is no `{shown}`; the directory `{place}` is there")
    } else {
        format!("there is no `{shown}`, and no directory `{place}`")
    }
}

/// Linux refuses a connection to a plain file, too.
async fn is_no_socket(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    tokio::fs::metadata(path)
        .await
        .is_ok_and(|found| !found.file_type().is_socket())
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::{UnixDatagram, UnixListener};

    use super::*;

    async fn refusal(path: &Path) -> (TcpFault, String, Option<Origin>) {
        match connect(path).await {
            Err(Halt::Fault {
                kind: FaultKind::Tcp(fault),
                message,
                origin,
            }) => (fault, message, origin),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn each_state_of_a_path_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("file"), "").unwrap();
        drop(UnixListener::bind(at("stale")).unwrap());
        let _datagram = UnixDatagram::bind(at("datagram")).unwrap();
        for (name, fault, errno, words) in [
            ("none", TcpFault::NoSocket, Errno::ENOENT, "is there"),
            (
                "no/none",
                TcpFault::NoSocket,
                Errno::ENOENT,
                "and no directory",
            ),
            (
                "file/none",
                TcpFault::NoSocket,
                Errno::ENOTDIR,
                "and no directory",
            ),
            (
                "file",
                TcpFault::NotASocket,
                Errno::ECONNREFUSED,
                "is no socket",
            ),
            (
                "stale",
                TcpFault::Refused,
                Errno::ECONNREFUSED,
                "left behind",
            ),
            (
                "datagram",
                TcpFault::NotASocket,
                Errno::EPROTOTYPE,
                "no stream socket",
            ),
        ] {
            let (told, message, origin) = refusal(&at(name)).await;
            assert_eq!(told, fault, "{name}: {message}");
            assert_eq!(origin, Some(Origin::Errno(errno as i32)), "{name}");
            assert!(message.contains(words), "{name}: {message}");
        }
    }

    #[tokio::test]
    async fn a_full_backlog_is_busy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        // Of its own backlog nobody ever takes one.
        let _listener = UnixListener::bind(&path).unwrap();
        let mut open = Vec::new();
        let refused = loop {
            match connect(&path).await {
                Ok(stream) => open.push(stream),
                Err(halt) => break halt,
            }
            assert!(open.len() < 100_000, "a backlog without end");
        };
        assert!(matches!(
            refused,
            Halt::Fault {
                kind: FaultKind::Tcp(TcpFault::Busy),
                origin: Some(Origin::Errno(11)),
                ..
            }
        ));
    }

    #[tokio::test]
    async fn a_mode_that_forbids_is_denied() {
        let path = Path::new("/run/app.sock");
        let error = io::Error::from_raw_os_error(Errno::EACCES as i32);
        let halt = unix_halt(&error, path).await;
        assert!(matches!(
            halt,
            Halt::Fault {
                kind: FaultKind::Tcp(TcpFault::Denied),
                ..
            }
        ));
        let error = io::Error::from_raw_os_error(Errno::EMFILE as i32);
        assert!(matches!(unix_halt(&error, path).await, Halt::Unable(_)));
    }
}
