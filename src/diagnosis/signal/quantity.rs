//! Numbers that say what happened.

use std::ops::RangeInclusive;

use super::names::{ALERT, EAI, ERRNO, RCODE, SIGNAL};
use crate::diagnosis::seen::Seen;
use crate::model::{Number, Origin, OriginKind, Value};

macro_rules! quantities {
    ($($(#[$doc:meta])* $variant:ident = $key:literal, by $origin:ident, in $range:expr, named $names:expr;)*) => {
        /// A number that systems and peers say what happened with.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(in crate::diagnosis) enum Quantity { $($(#[$doc])* $variant,)* }

        impl Quantity {
            /// Every one.
            pub(super) const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its key in rules.
            pub(super) const fn key(self) -> &'static str {
                match self { $(Self::$variant => $key,)* }
            }

            /// Of which kind the signal is that carries it.
            pub(super) const fn origin(self) -> OriginKind {
                match self { $(Self::$variant => OriginKind::$origin,)* }
            }

            /// Which numbers there are.
            pub(in crate::diagnosis) const fn allowed(self) -> RangeInclusive<i64> {
                match self { $(Self::$variant => $range,)* }
            }

            /// Names of some of them.
            pub(in crate::diagnosis) const fn names(self) -> &'static [(&'static str, i64)] {
                match self { $(Self::$variant => $names,)* }
            }
        }
    };
}

quantities! {
    /// An errno of Linux.
    Errno = "errno", by Errno, in 1..=4095, named ERRNO;
    /// A code of getaddrinfo (glibc).
    Eai = "eai", by Eai, in -200..=-1, named EAI;
    /// The code of a DNS answer.
    Rcode = "rcode", by Rcode, in 0..=4095, named RCODE;
    /// A TLS alert the peer sent.
    Alert = "alert", by TlsAlert, in 0..=255, named ALERT;
    /// An error code of HTTP/2.
    Http2 = "http2", by Http2, in 0..=0xffff_ffff, named &[];
    /// The status of an answer.
    Status = "status", by HttpStatus, in 100..=999, named &[];
    /// What a WebSocket was closed with.
    CloseCode = "close_code", by CloseCode, in 1000..=4999, named &[];
    /// An error number of MySQL or MariaDB.
    MySql = "mysql", by MySql, in 1000..=65535, named &[];
    /// The primary result code of SQLite: the low byte of the extended one.
    Sqlite = "sqlite", by Sqlite, in 1..=255, named &[];
    /// The exit code of a process.
    ExitCode = "exit_code", by ExitCode, in 0..=255, named &[];
    /// The signal that ended a process.
    Signal = "signal", by Signal, in 1..=64, named SIGNAL;
}

impl Quantity {
    /// The number a failure has: behind its fault, else among what was seen.
    pub(super) fn of(self, seen: &Seen<'_>) -> Option<i64> {
        let typed = seen
            .origin()
            .filter(|origin| origin.kind() == self.origin());
        if let Some(origin) = typed {
            return number(origin);
        }
        let name = self.fact()?;
        match seen.fact(name)? {
            Value::Number(Number::Int(number)) => i64::try_from(*number).ok(),
            // A DNS answer says its code by name.
            Value::Text(text) | Value::Untyped(text) => {
                let known = self.names().iter().find(|(name, _)| name == text);
                known.map(|(_, number)| *number)
            }
            _ => None,
        }
    }

    /// The number that is written so: by itself, or by its name in letters of either case.
    pub(super) fn number(self, text: &str) -> Option<i64> {
        let mut names = self.names().iter();
        let named = names.find(|(name, _)| name.eq_ignore_ascii_case(text));
        named
            .map(|(_, number)| *number)
            .or_else(|| text.parse().ok())
    }

    /// The signal that says this number; `None` where none can.
    pub(super) fn signal(self, number: i64) -> Option<Origin> {
        let small = || i32::try_from(number).ok();
        let unsigned = || u16::try_from(number).ok();
        Some(match self {
            Self::Errno => Origin::Errno(small()?),
            Self::Eai => Origin::Eai(small()?),
            Self::Rcode => Origin::Rcode(unsigned()?),
            Self::Alert => Origin::TlsAlert(u8::try_from(number).ok()?),
            Self::Http2 => Origin::Http2(u32::try_from(number).ok()?),
            Self::Status => Origin::HttpStatus(unsigned()?),
            Self::CloseCode => Origin::CloseCode(unsigned()?),
            Self::MySql => Origin::MySql(unsigned()?),
            Self::Sqlite => Origin::Sqlite(small()?),
            Self::ExitCode => Origin::ExitCode(small()?),
            Self::Signal => Origin::Signal(small()?),
        })
    }

    /// The fact that has it, where nothing broke.
    pub(super) const fn fact(self) -> Option<&'static str> {
        match self {
            Self::Rcode => Some("rcode"),
            Self::Status => Some("status"),
            Self::CloseCode => Some("close_code"),
            Self::ExitCode => Some("exit_code"),
            Self::Signal => Some("signal"),
            Self::Errno | Self::Eai | Self::Alert | Self::Http2 | Self::MySql | Self::Sqlite => {
                None
            }
        }
    }
}

/// The number of a signal; `None` for those that are words.
pub(super) fn number(origin: Origin) -> Option<i64> {
    Some(match origin {
        Origin::Errno(number)
        | Origin::Eai(number)
        | Origin::ExitCode(number)
        | Origin::Signal(number) => i64::from(number),
        Origin::Sqlite(number) => i64::from(number & 0xff),
        Origin::Rcode(number)
        | Origin::HttpStatus(number)
        | Origin::CloseCode(number)
        | Origin::MySql(number) => i64::from(number),
        Origin::TlsAlert(number) => i64::from(number),
        Origin::Http2(number) => i64::from(number),
        Origin::SqlState(_) | Origin::Redis(_) => return None,
    })
}
