//! Handshakes that go wrong, and what goes wrong after good ones.

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::super::certificates::Pair;
use super::{Hostile, flood, listen_to, wait_for_end};

/// The server's side of a TLS connection.
pub(crate) type Session<'s> = StreamOwned<ServerConnection, &'s TcpStream>;

impl Hostile {
    /// Answers a hello with this alert (RFC 8446 §6).
    pub(crate) fn alerting(alert: u8) -> Self {
        Self::hearing(vec![21, 3, 3, 0, 2, 2, alert])
    }

    /// Answers a hello with a record that says it is a handshake, and is none.
    pub(crate) fn broken_handshake() -> Self {
        Self::hearing(vec![22, 3, 3, 0, 4, 2, 0, 0, 0])
    }

    /// Answers a hello with records that mean nothing (RFC 8446 §5), without end.
    pub(crate) fn endless_records() -> Self {
        Self::start(|stream| {
            listen_to(stream);
            flood(stream, &[20, 3, 3, 0, 1, 1].repeat(1024));
        })
    }

    /// Answers a hello with a message that is announced as 16 MiB and never ends.
    pub(crate) fn endless_handshake() -> Self {
        Self::start(|mut stream| {
            listen_to(stream);
            let record = |body: &[u8]| [&[22, 3, 3, 64, 0], body].concat();
            let first = [&[2, 0xff, 0xff, 0xff][..], &[0; 16 * 1024 - 4]].concat();
            let _ = stream.write_all(&record(&first));
            flood(stream, &record(&[0; 16 * 1024]));
        })
    }

    /// Changes its keys (RFC 8446 §4.6.3) again and again, and says nothing else.
    pub(crate) fn endless_keys(pair: &Pair) -> Self {
        Self::over_tls(pair, &[], |session| {
            while session.conn.refresh_traffic_keys().is_ok() && session.flush().is_ok() {}
        })
    }

    /// Answers a hello in TLS 1.1, which nobody speaks any more.
    pub(crate) fn speaking_tls_1_1() -> Self {
        // A ServerHello (RFC 4346 §7.4.1.3) with the suite TLS_RSA_WITH_AES_128_CBC_SHA.
        let hello = [&[2, 0, 0, 38, 3, 2][..], &[7; 32], &[0, 0, 0x2f, 0]].concat();
        Self::hearing([&[22, 3, 2, 0, 42][..], &hello].concat())
    }

    /// Speaks SMTP, and TLS when it is asked to (RFC 3207).
    pub(crate) fn smtp(pair: &Pair) -> Self {
        let talk = |mut stream: &TcpStream| {
            for words in [
                "220 mail\r\n",
                "250-mail\r\n250 STARTTLS\r\n",
                "220 go ahead\r\n",
            ] {
                let _ = stream.write_all(words.as_bytes());
                if !words.ends_with("ahead\r\n") {
                    listen_to(stream);
                }
            }
        };
        Self::over_tls_after(talk, pair, &[], |session| wait_for_end(session))
    }

    /// Listens, and answers with these bytes.
    pub(crate) fn hearing(answer: Vec<u8>) -> Self {
        Self::start(move |mut stream| {
            listen_to(stream);
            let _ = stream.write_all(&answer);
            wait_for_end(stream);
        })
    }

    /// Shakes hands, offering these protocols, and then does this. Who returns without
    /// [saying so](rustls::Connection::send_close_notify) cuts the connection.
    pub(crate) fn over_tls(
        pair: &Pair,
        protocols: &[&str],
        behave: impl Fn(&mut Session<'_>) + Send + Sync + 'static,
    ) -> Self {
        Self::over_tls_after(|_| {}, pair, protocols, behave)
    }

    /// The same after a conversation in plain words.
    pub(crate) fn over_tls_after(
        talk: impl Fn(&TcpStream) + Send + Sync + 'static,
        pair: &Pair,
        protocols: &[&str],
        behave: impl Fn(&mut Session<'_>) + Send + Sync + 'static,
    ) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let chain = fs::read(&pair.chain).unwrap();
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&chain)
            .collect::<Result<_, _>>()
            .unwrap();
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, PrivateKeyDer::from_pem_file(&pair.key).unwrap())
            .unwrap();
        config.alpn_protocols = protocols
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect();
        let config = Arc::new(config);
        Self::start(move |mut stream| {
            talk(stream);
            let mut session = ServerConnection::new(config.clone()).unwrap();
            if session.complete_io(&mut stream).is_ok() {
                behave(&mut StreamOwned::new(session, stream));
            }
        })
    }
}
