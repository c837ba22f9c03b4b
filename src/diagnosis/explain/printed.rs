//! What programs print for what has a name: `Connection refused` is ECONNREFUSED.
//! People paste a line of a log, and not its number.

/// A part of what is printed, in small letters, and what that is asked for as. The first that is found counts.
const PRINTED: &[(&str, &str)] = &[
    // strerror(3).
    ("connection refused", "ECONNREFUSED"),
    ("connection reset", "ECONNRESET"),
    ("broken pipe", "EPIPE"),
    ("no route to host", "EHOSTUNREACH"),
    ("network is unreachable", "ENETUNREACH"),
    ("connection timed out", "ETIMEDOUT"),
    ("operation timed out", "ETIMEDOUT"),
    ("too many open files", "EMFILE"),
    ("address already in use", "PROC-14"),
    ("cannot assign requested address", "EADDRNOTAVAIL"),
    // gai_strerror(3), and what others say for it.
    ("name or service not known", "EAI_NONAME"),
    ("nodename nor servname provided", "EAI_NONAME"),
    ("no such host", "dns.nxdomain"),
    ("could not resolve host", "dns.nxdomain"),
    ("temporary failure in name resolution", "EAI_AGAIN"),
    // OpenSSL and rustls.
    ("signed by unknown authority", "tls.unknown_issuer"),
    ("certificate is valid for", "tls.wrong_name"),
    ("certificate has expired", "tls.expired"),
    ("certificate is not yet valid", "tls.not_yet_valid"),
    ("self-signed certificate", "tls.self_signed"),
    ("self signed certificate", "tls.self_signed"),
    ("unable to get local issuer", "tls.unknown_issuer"),
    ("unknownissuer", "tls.unknown_issuer"),
    ("hostname mismatch", "tls.wrong_name"),
    ("wrong version number", "tls.plaintext"),
    ("ssl_error_syscall", "tls.eof"),
    ("unexpected eof while reading", "tls.eof"),
    ("x509", "certificate"),
    // Envoy.
    ("no healthy upstream", "PRX-7"),
    ("upstream connect error", "envoy"),
    // PostgreSQL.
    ("password authentication failed", "28P01"),
    ("remaining connection slots are reserved", "53300"),
    ("too many clients", "53300"),
    ("the database system is starting up", "57P03"),
    // A kernel, and those who tell of it.
    ("oomkilled", "process.signal.9"),
    ("out of memory: killed", "process.signal.9"),
    ("segmentation fault", "process.signal.11"),
];

/// What it is asked for as, where it is something that programs print.
pub(super) fn meant(query: &str) -> Option<&'static str> {
    let query = query.to_lowercase();
    let mut all = PRINTED.iter();
    all.find(|(printed, _)| query.contains(printed))
        .map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::{Explained, Rules, explain};

    #[test]
    fn what_is_printed_is_found_as_what_it_is_called() {
        let named = |query: &str| match explain(query, Rules::embedded()) {
            Explained::One(one) => vec![one.name().to_owned()],
            Explained::Several(all) => all.iter().map(|one| one.name().to_owned()).collect(),
            Explained::Nothing(_) => Vec::new(),
        };
        for (printed, name) in PRINTED {
            let found = named(&format!("error: {}", printed.to_uppercase()));
            assert!(
                !found.is_empty() && found == named(name),
                "{printed}: {found:?}"
            );
        }
        assert!(named("connect: Connection refused").contains(&"tcp.refused".to_owned()));
        assert_eq!(meant("refused"), None);
    }
}
