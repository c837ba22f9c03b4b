//! The typed signals that faults are decided on.

use super::{RedisPrefix, SqlState};

macro_rules! origins {
    ($($(#[$doc:meta])+ $variant:ident($number:ty) = $name:literal,)*) => {
        /// The typed signal a fault was decided on.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Origin { $($(#[$doc])+ $variant($number),)* }

        /// Of which kind a signal is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum OriginKind { $($(#[$doc])+ $variant,)* }

        impl Origin {
            /// Its kind.
            pub const fn kind(self) -> OriginKind {
                match self { $(Self::$variant(_) => OriginKind::$variant,)* }
            }

        }

        impl std::fmt::Display for Origin {
            /// `errno 111`.
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self { $(Self::$variant(number) => write!(f, "{} {number}", $name),)* }
            }
        }

        impl OriginKind {
            /// What people call it: `errno`, `TLS alert`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

origins! {
    /// An errno of the operating system.
    Errno(i32) = "errno",
    /// A code of getaddrinfo (`EAI_…`).
    Eai(i32) = "getaddrinfo",
    /// The code of a DNS answer (RFC 1035 §4.1.1, RFC 6895 §2.3).
    Rcode(u16) = "rcode",
    /// A TLS alert the peer sent (RFC 8446 §6).
    TlsAlert(u8) = "TLS alert",
    /// An error code of HTTP/2 (RFC 9113 §7).
    Http2(u32) = "HTTP/2 error",
    /// The status of an answer.
    HttpStatus(u16) = "HTTP status",
    /// A code a WebSocket was closed with (RFC 6455 §7.4).
    CloseCode(u16) = "close code",
    /// PostgreSQL's five characters (SQL:2016 §24.1).
    SqlState(SqlState) = "SQLSTATE",
    /// An error number of MySQL or MariaDB.
    MySql(u16) = "MySQL error",
    /// The first word of an error of Redis.
    Redis(RedisPrefix) = "Redis error",
    /// An extended result code of SQLite.
    Sqlite(i32) = "SQLite",
    /// The exit code of a process.
    ExitCode(i32) = "exit code",
    /// The signal that ended a process.
    Signal(i32) = "signal",
}
