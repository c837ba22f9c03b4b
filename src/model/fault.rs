//! What stopped a look on the way: one enum a layer, each variant with its stable dotted code, phases and typed origins.

use std::fmt;

use super::{Code, Phase};

#[macro_use]
mod layer;
mod dns;
mod http;
mod origin;
mod process;
mod redis;
mod sql;
mod sse;
mod tcp;
mod tls;
mod websocket;

pub use dns::DnsFault;
pub use http::{HttpFault, ProxyFault};
pub use layer::KnownFault;
pub use origin::{Origin, OriginKind};
pub use process::{LogFault, ProcessFault, RunnerFault};
pub use redis::{RedisFault, RedisPrefix};
pub use sql::{PoolFault, SqlFault, SqlState};
pub use sse::SseFault;
pub use tcp::TcpFault;
pub use tls::TlsFault;
pub use websocket::WebSocketFault;

/// Something in the world that prevented an answer. HTTP 4xx and 5xx, a non-zero exit code and SQL rows are answers, not faults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What happened, by layer.
    pub kind: FaultKind,
    /// In which phase.
    pub phase: Phase,
    /// One line for people. Never decided upon.
    pub message: String,
    /// The typed signal behind it, as the system or the peer gave it.
    pub origin: Option<Origin>,
}

impl Fault {
    /// The stable code: `tcp.refused`.
    pub fn code(&self) -> Code {
        self.kind.code()
    }

    /// Whether our own deadline ended it, and no word of the system or the peer.
    pub const fn is_our_deadline(&self) -> bool {
        self.origin.is_none() && self.kind.known().is_timeout
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} in phase {}: {}",
            self.code(),
            self.phase,
            self.message
        )
    }
}

macro_rules! kinds {
    (
        layers { $($(#[$layer_doc:meta])+ $layer:ident($fault:ident),)* }
        families {
            $($(#[doc = $meaning:literal])+
            $family:ident($number:ty) = $prefix:literal, in [$($phase:ident),+], by [$($origin:ident),*];)*
        }
    ) => {
        /// A fault by layer. Families with a number of their own carry it: `sqlite.14`, `process.signal.9`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum FaultKind {
            $($(#[$layer_doc])+ $layer($fault),)*
            $($(#[doc = $meaning])+ $family($number),)*
        }

        impl FaultKind {
            /// The stable code.
            pub fn code(self) -> Code {
                match self {
                    $(Self::$layer(fault) => Code::fixed(fault.code()),)*
                    $(Self::$family(number) => Code::new(format!(concat!($prefix, "{}"), number)),)*
                }
            }

            /// Reads a kind back from its code, as a recorded run needs it.
            pub fn parse(code: &str) -> Option<Self> {
                $(if let Some(fault) = $fault::parse(code) {
                    return Some(Self::$layer(fault));
                })*
                $(if let Some(number) = code.strip_prefix($prefix) {
                    return number.parse().ok().map(Self::$family);
                })*
                None
            }

            /// What is known of it.
            pub const fn known(self) -> KnownFault {
                match self {
                    $(Self::$layer(fault) => fault.known(),)*
                    $(Self::$family(_) => KnownFault {
                        code: concat!($prefix, "N"),
                        meaning: concat!($($meaning),+),
                        phases: &[$(Phase::$phase),+],
                        origins: &[$(OriginKind::$origin),*],
                        is_timeout: false,
                    },)*
                }
            }

            /// Every fault, layer by layer; of a numbered family one with `N` in its code.
            pub fn catalogue() -> Vec<KnownFault> {
                let mut all = Vec::new();
                $(all.extend($fault::ALL.iter().map(|fault| fault.known()));)*
                all.extend([$(Self::$family(<$number>::default()).known(),)*]);
                // A family stands at the end of its layer.
                let mut layers: Vec<&str> = all.iter().map(KnownFault::layer).collect();
                let mut seen = std::collections::HashSet::new();
                layers.retain(|layer| seen.insert(*layer));
                all.sort_by_key(|known| layers.iter().position(|layer| *layer == known.layer()));
                all
            }
        }
    };
}

kinds! {
    layers {
        /// Name resolution.
        Dns(DnsFault),
        /// TCP and unix sockets.
        Tcp(TcpFault),
        /// TLS.
        Tls(TlsFault),
        /// HTTP.
        Http(HttpFault),
        /// Proxies.
        Proxy(ProxyFault),
        /// WebSockets.
        WebSocket(WebSocketFault),
        /// Server-sent events.
        Sse(SseFault),
        /// Databases in general.
        Sql(SqlFault),
        /// Redis.
        Redis(RedisFault),
        /// A pool of connections.
        Pool(PoolFault),
        /// Processes.
        Process(ProcessFault),
        /// Logs.
        Log(LogFault),
        /// The machine we look from.
        Runner(RunnerFault),
    }
    families {
        /// The server answered with another code than those above (RFC 6895 §2.3): `dns.rcode.4` is "not implemented".
        DnsRcode(u16) = "dns.rcode.", in [Resolve], by [Rcode];
        /// The peer sent this alert (RFC 8446 §6): it rejects us. `tls.alert.40` is "handshake failure".
        TlsAlert(u8) = "tls.alert.", in [Tls, StartTls, Proxy, Send, FirstByte, Upgrade, Body, Read, Startup, Auth, Query, Event], by [TlsAlert];
        /// The proxy answered with this status instead of opening a tunnel (RFC 9110 §9.3.6): `proxy.407` wants credentials.
        ProxyStatus(u16) = "proxy.", in [Proxy], by [HttpStatus];
        /// The server reset the stream with this code (RFC 9113 §7): `http2.reset.7` is "refused stream".
        Http2Reset(u32) = "http2.reset.", in [Send, FirstByte, Body], by [Http2];
        /// The server closed the connection with this code (RFC 9113 §6.8): `http2.goaway.11` is "enhance your calm".
        Http2Goaway(u32) = "http2.goaway.", in [Send, FirstByte, Body], by [Http2];
        /// The handshake of a WebSocket was answered with this status instead of 101 (RFC 6455 §4.1):
        /// `websocket.refused.401` wants other credentials.
        WebSocketRefused(u16) = "websocket.refused.", in [Upgrade], by [HttpStatus];
        /// The peer closed the WebSocket with this code before the script was through (RFC 6455 §7.4): `websocket.closed.1011` is
        /// an error of the server. 1005 stands for a close frame without a code.
        WebSocketClosed(u16) = "websocket.closed.", in [Event], by [CloseCode];
        /// The answer has this status instead of 200, and so is no stream of events: `sse.refused.401` wants other credentials.
        /// 204 means that there is nothing to listen to.
        SseRefused(u16) = "sse.refused.", in [FirstByte], by [HttpStatus];
        /// The answer has this status instead of 200, and so is no log: `log.refused.404` does not have it.
        LogRefused(u16) = "log.refused.", in [FirstByte], by [HttpStatus];
        /// PostgreSQL failed with this SQLSTATE (<https://www.postgresql.org/docs/current/errcodes-appendix.html>):
        /// `postgres.53300` has too many connections.
        Postgres(SqlState) = "postgres.", in [StartTls, Startup, Auth, Query], by [SqlState];
        /// MySQL or MariaDB failed with this error number
        /// (<https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html>): `mysql.1045` denies access.
        MySql(u16) = "mysql.", in [Startup, Auth, Query], by [MySql];
        /// SQLite failed with this extended result code (<https://www.sqlite.org/rescode.html>):
        /// `sqlite.14` cannot open the file.
        Sqlite(i32) = "sqlite.", in [Startup, Query], by [Sqlite];
        /// The process ended by this signal: `process.signal.9` was killed.
        ProcessSignal(i32) = "process.signal.", in [Process, Ready, Stable, Recover], by [Signal];
        /// The process ended with this exit code while it was to go on: `process.exit.3` is how uvicorn says that the
        /// application's start failed.
        ProcessExit(i32) = "process.exit.", in [Process, Ready, Stable, Recover], by [ExitCode];
    }
}

impl FaultKind {
    /// The signal that stands in its code, of those families that carry it there.
    pub const fn own_origin(self) -> Option<Origin> {
        Some(match self {
            Self::DnsRcode(code) => Origin::Rcode(code),
            Self::TlsAlert(alert) => Origin::TlsAlert(alert),
            Self::ProxyStatus(status)
            | Self::WebSocketRefused(status)
            | Self::SseRefused(status)
            | Self::LogRefused(status) => Origin::HttpStatus(status),
            Self::Http2Reset(code) | Self::Http2Goaway(code) => Origin::Http2(code),
            Self::WebSocketClosed(code) => Origin::CloseCode(code),
            Self::Postgres(state) => Origin::SqlState(state),
            Self::MySql(number) => Origin::MySql(number),
            Self::Sqlite(code) => Origin::Sqlite(code),
            Self::ProcessSignal(signal) => Origin::Signal(signal),
            Self::ProcessExit(code) => Origin::ExitCode(code),
            Self::Dns(_)
            | Self::Tcp(_)
            | Self::Tls(_)
            | Self::Http(_)
            | Self::Proxy(_)
            | Self::WebSocket(_)
            | Self::Sse(_)
            | Self::Sql(_)
            | Self::Redis(_)
            | Self::Pool(_)
            | Self::Process(_)
            | Self::Log(_)
            | Self::Runner(_) => return None,
        })
    }

    /// The fixed codes of every layer, and one line for each numbered family.
    pub fn all_codes() -> Vec<&'static str> {
        let all = Self::catalogue();
        all.into_iter().map(|known| known.code).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back_and_is_there_once() {
        let mut seen = std::collections::HashSet::new();
        for known in FaultKind::catalogue() {
            assert!(seen.insert(known.code), "{}", known.code);
            let code = known.code.replace("postgres.N", "postgres.53300");
            let code = code.replace(".N", ".7");
            let kind = FaultKind::parse(&code).unwrap();
            assert_eq!(kind.code().to_string(), code);
            assert_eq!(kind.known(), known);
        }
        for wrong in [
            "",
            "tcp",
            "tcp.",
            "tls.alert.",
            "tls.alert.256",
            "sqlite.x",
            "postgres.5330",
            "postgres.5330x",
            "redis.nobody",
        ] {
            assert_eq!(FaultKind::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_called_a_timeout_is_one_and_nothing_else() {
        for known in FaultKind::catalogue() {
            let is_called = known.code.split('.').any(|part| part == "timeout");
            assert_eq!(known.is_timeout, is_called, "{}", known.code);
        }
    }

    #[test]
    fn a_deadline_is_ours_where_no_signal_is_behind_it() {
        let fault = |code: &str, origin| Fault {
            kind: FaultKind::parse(code).unwrap(),
            phase: Phase::Connect,
            message: "timeout".to_owned(),
            origin,
        };
        assert!(fault("tcp.timeout", None).is_our_deadline());
        assert!(!fault("tcp.timeout", Some(Origin::Errno(110))).is_our_deadline());
        assert!(!fault("tcp.closed", None).is_our_deadline());
    }

    #[test]
    fn every_meaning_is_a_sentence() {
        for known in FaultKind::catalogue() {
            assert!(known.meaning.starts_with(' ') && known.meaning.ends_with('.'));
        }
    }
}
