//! What stopped a look on the way: one enum a layer, each variant with its stable dotted code.

use std::fmt;

use super::{Code, Phase};

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

/// The typed signal a fault was decided on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// An errno of the operating system.
    Errno(i32),
    /// A code of getaddrinfo (`EAI_…`).
    Eai(i32),
    /// A TLS alert the peer sent (RFC 8446 §6).
    TlsAlert(u8),
    /// An extended result code of SQLite.
    Sqlite(i32),
    /// The exit code of a process.
    ExitCode(i32),
    /// The signal that ended a process.
    Signal(i32),
}

macro_rules! faults {
    ($(#[$doc:meta])* $type:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $type { $($(#[$vdoc])* $variant,)* }

        impl $type {
            /// Every fault of this layer.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable code.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            fn parse(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|fault| fault.code() == code)
            }
        }
    };
}

faults! {
    /// Resolving a name (getaddrinfo's codes, RFC 3493 §6.1).
    DnsFault {
        /// The name does not exist (EAI_NONAME).
        Nxdomain = "dns.nxdomain",
        /// The name exists without an address of the family asked for (EAI_NODATA, EAI_ADDRFAMILY).
        Nodata = "dns.nodata",
        /// The resolver could not answer for now (EAI_AGAIN): server failure, or nobody answered.
        Again = "dns.again",
        /// The resolver refused or failed for good (EAI_FAIL).
        Fail = "dns.fail",
        /// No answer within the budget.
        Timeout = "dns.timeout",
        /// The system's resolver broke in another way (EAI_SYSTEM, EAI_MEMORY).
        System = "dns.system",
    }
}

faults! {
    /// Opening and using a TCP connection or a unix socket.
    TcpFault {
        /// Nobody listens (ECONNREFUSED).
        Refused = "tcp.refused",
        /// The peer reset the connection (ECONNRESET, EPIPE).
        Reset = "tcp.reset",
        /// No route to host or network (EHOSTUNREACH, ENETUNREACH).
        Unreachable = "tcp.unreachable",
        /// No answer to the connection attempt within the budget (or ETIMEDOUT).
        Timeout = "tcp.timeout",
        /// The peer closed before the first byte that was waited for.
        Closed = "tcp.closed",
        /// Connected, but what was to be read did not come within the budget.
        ReadTimeout = "tcp.timeout.read",
        /// What was to be sent was not taken within the budget.
        SendTimeout = "tcp.timeout.send",
        /// More came than the cap, without what was waited for.
        TooLarge = "tcp.too_large",
        /// A local rule forbids the connection (EACCES, EPERM).
        Denied = "tcp.denied",
        /// The unix socket does not exist (ENOENT).
        NoSocket = "tcp.no_socket",
        /// Another error of the operating system; its errno is kept.
        Other = "tcp.other",
    }
}

faults! {
    /// The TLS handshake (RFC 8446).
    TlsFault {
        /// The certificate is past its validity.
        Expired = "tls.expired",
        /// The certificate is not valid yet.
        NotYetValid = "tls.not_yet_valid",
        /// The certificate is for another name.
        WrongName = "tls.wrong_name",
        /// The chain does not lead to a trusted authority.
        UnknownIssuer = "tls.unknown_issuer",
        /// The certificate is revoked.
        Revoked = "tls.revoked",
        /// The certificate cannot be accepted for another reason.
        BadCertificate = "tls.bad_certificate",
        /// What came is not TLS: plain text on a TLS port.
        Plaintext = "tls.plaintext",
        /// The peer closed during the handshake.
        Eof = "tls.eof",
        /// The peer reset the connection during the handshake.
        Reset = "tls.reset",
        /// The handshake did not end within the budget.
        Timeout = "tls.timeout",
        /// The peer broke the protocol, or nothing in common was found.
        Protocol = "tls.protocol",
    }
}

faults! {
    /// An HTTP exchange (RFC 9110, RFC 9112).
    HttpFault {
        /// No first byte of the answer within the budget.
        TimeoutFirstByte = "http.timeout.first_byte",
        /// The body did not end within the budget.
        TimeoutBody = "http.timeout.body",
        /// The request was not taken within the budget.
        TimeoutSend = "http.timeout.send",
        /// Reset before the first byte of the answer.
        ResetFirstByte = "http.reset.first_byte",
        /// Reset in the middle of the body.
        ResetBody = "http.reset.body",
        /// Closed before the first byte of the answer.
        ClosedFirstByte = "http.closed.first_byte",
        /// Closed in the middle of the body: fewer bytes than promised.
        ClosedBody = "http.closed.body",
        /// What came is not HTTP.
        Protocol = "http.protocol",
        /// The body passed the cap on its size.
        TooLarge = "http.too_large",
        /// A redirect was not followed: too many, or to another scheme.
        Redirect = "http.redirect",
    }
}

faults! {
    /// A database session, in what all engines share.
    SqlFault {
        /// The session was not opened within the budget.
        TimeoutStartup = "sql.timeout.startup",
        /// The query and its rows did not end within the budget.
        TimeoutQuery = "sql.timeout.query",
        /// The result passed the cap on rows or bytes.
        TooLarge = "sql.too_large",
        /// What came does not follow the protocol.
        Protocol = "sql.protocol",
    }
}

faults! {
    /// A process we started.
    ProcessFault {
        /// It did not end within the budget and was killed with its group.
        Timeout = "process.timeout",
        /// It wrote more than the cap.
        TooLarge = "process.too_large",
    }
}

/// A fault by layer. Families with a number of their own carry it: `sqlite.14`, `process.signal.9`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// Name resolution.
    Dns(DnsFault),
    /// TCP and unix sockets.
    Tcp(TcpFault),
    /// TLS.
    Tls(TlsFault),
    /// A TLS alert the peer sent: `tls.alert.40`.
    TlsAlert(u8),
    /// HTTP.
    Http(HttpFault),
    /// Databases in general.
    Sql(SqlFault),
    /// SQLite, by its extended result code (<https://www.sqlite.org/rescode.html>): `sqlite.14`.
    Sqlite(i32),
    /// Processes.
    Process(ProcessFault),
    /// A process ended by a signal: `process.signal.9`.
    ProcessSignal(i32),
    /// Our own loopback did not give back what we sent.
    LoopbackBroken,
}

impl FaultKind {
    /// The stable code.
    pub fn code(self) -> Code {
        match self {
            Self::Dns(fault) => Code::fixed(fault.code()),
            Self::Tcp(fault) => Code::fixed(fault.code()),
            Self::Tls(fault) => Code::fixed(fault.code()),
            Self::TlsAlert(alert) => Code::new(format!("tls.alert.{alert}")),
            Self::Http(fault) => Code::fixed(fault.code()),
            Self::Sql(fault) => Code::fixed(fault.code()),
            Self::Sqlite(code) => Code::new(format!("sqlite.{code}")),
            Self::Process(fault) => Code::fixed(fault.code()),
            Self::ProcessSignal(signal) => Code::new(format!("process.signal.{signal}")),
            Self::LoopbackBroken => Code::fixed("runner.loopback"),
        }
    }

    /// Reads a kind back from its code, as a recorded run needs it.
    pub fn parse(code: &str) -> Option<Self> {
        if code == "runner.loopback" {
            return Some(Self::LoopbackBroken);
        }
        let family = |prefix: &str| {
            code.strip_prefix(prefix)
                .and_then(|number| number.parse::<i32>().ok())
        };
        DnsFault::parse(code)
            .map(Self::Dns)
            .or_else(|| TcpFault::parse(code).map(Self::Tcp))
            .or_else(|| TlsFault::parse(code).map(Self::Tls))
            .or_else(|| HttpFault::parse(code).map(Self::Http))
            .or_else(|| SqlFault::parse(code).map(Self::Sql))
            .or_else(|| ProcessFault::parse(code).map(Self::Process))
            .or_else(|| {
                family("tls.alert.")
                    .and_then(|n| u8::try_from(n).ok())
                    .map(Self::TlsAlert)
            })
            .or_else(|| family("sqlite.").map(Self::Sqlite))
            .or_else(|| family("process.signal.").map(Self::ProcessSignal))
    }

    /// The fixed codes of every layer, and one line for each numbered family, for `allclear list --codes`.
    pub fn all_codes() -> Vec<&'static str> {
        let mut codes = Vec::new();
        codes.extend(DnsFault::ALL.iter().map(|f| f.code()));
        codes.extend(TcpFault::ALL.iter().map(|f| f.code()));
        codes.extend(TlsFault::ALL.iter().map(|f| f.code()));
        codes.push("tls.alert.N");
        codes.extend(HttpFault::ALL.iter().map(|f| f.code()));
        codes.extend(SqlFault::ALL.iter().map(|f| f.code()));
        codes.push("sqlite.N");
        codes.extend(ProcessFault::ALL.iter().map(|f| f.code()));
        codes.extend(["process.signal.N", "runner.loopback"]);
        codes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back() {
        for code in FaultKind::all_codes() {
            let code = code.replace(".N", ".7");
            assert_eq!(
                FaultKind::parse(&code).map(|kind| kind.code().to_string()),
                Some(code.clone()),
                "{code}"
            );
        }
    }
}
