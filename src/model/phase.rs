//! The phases of a look: where its time went, and where it was stopped.

use std::fmt;
use std::time::Duration;

macro_rules! phases {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// One phase of a look. Its name is what suites write: `phases.tls`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Phase { $($(#[$doc])* $variant,)* }

        impl Phase {
            /// Every phase, in the order a look goes through them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in suites and reports.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

phases! {
    /// A name becomes addresses.
    Resolve = "resolve",
    /// A connection is opened (TCP, or a unix socket).
    Connect = "connect",
    /// A proxy opens a tunnel (RFC 9110 §9.3.6).
    Proxy = "proxy",
    /// In plain words, TLS is agreed on (STARTTLS, PostgreSQL's SSLRequest).
    StartTls = "starttls",
    /// The TLS handshake.
    Tls = "tls",
    /// What we say is written.
    Send = "send",
    /// From the request written to the first byte of the answer.
    FirstByte = "first_byte",
    /// The handshake of a WebSocket, from the request written to its answer (RFC 6455 §4).
    Upgrade = "upgrade",
    /// From the first to the last byte of the answer.
    Body = "body",
    /// Bytes are read from a raw connection, or a log is read.
    Read = "read",
    /// A database opens its session, or a file is opened.
    Startup = "startup",
    /// Credentials are checked.
    Auth = "auth",
    /// A query runs and its rows are read.
    Query = "query",
    /// A stream is open: events are sent and awaited.
    Event = "event",
    /// A process runs.
    Process = "process",
    /// From the start of a process until it is ready.
    Ready = "ready",
    /// From ready until it has been ready for long enough.
    Stable = "stable",
    /// From what was killed in a process until it is ready again.
    Recover = "recover",
    /// From asking a process to end until it has ended.
    Stop = "stop",
    /// We look at ourselves.
    Local = "local",
}

impl Phase {
    /// Reads a phase by its name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|phase| phase.name() == name)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How long one phase took, on the monotonic clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PhaseTime {
    /// The phase.
    pub phase: Phase,
    /// Its duration; for the phase in which a look was stopped, the time until then.
    pub took: Duration,
}
