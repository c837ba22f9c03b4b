//! A handshake for its own sake: what a server shows is told also when it would not be trusted.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::Duration;

use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, ProtocolVersion, SignatureScheme,
    SupportedCipherSuite,
};
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::client::TlsStream;

use super::handshake::{connect, shaking_halt, tls_halt};
use super::heard::Heard;
use super::verifier::{Verifier, kept};
use crate::model::{FaultKind, Phase, TlsFault};
use crate::probe::look::{Halt, Look};
use crate::probe::net::Stream;

/// How long a server that asked for a certificate may keep its opinion of ours to itself. An answer takes one round trip, and
/// most servers give one either way: an alert, or tickets for the next session.
const GRACE: Duration = Duration::from_secs(1);

/// What a server showed.
#[derive(Debug)]
pub(in crate::probe) struct Examined {
    pub(in crate::probe) version: Option<ProtocolVersion>,
    pub(in crate::probe) cipher: Option<SupportedCipherSuite>,
    /// The protocol it chose of those offered.
    pub(in crate::probe) alpn: Option<Vec<u8>>,
    /// Its certificate, then what it sent along; empty when it did not come so far.
    pub(in crate::probe) chain: Vec<CertificateDer<'static>>,
    /// Whether the certificate was accepted, and the handshake is signed by its key. What else went wrong says nothing about it.
    pub(in crate::probe) is_trusted: bool,
    /// Whether it asked who we are.
    pub(in crate::probe) is_asking: bool,
    /// What stopped us, also when the handshake itself came to its end.
    pub(in crate::probe) outcome: Result<(), Halt>,
}

/// Shakes hands, as its own phase, says nothing more, and closes. Nothing is ever sent to a server that is not trusted but
/// the handshake itself, and nothing of ours in it.
pub(in crate::probe) async fn examine(
    look: &mut Look<'_>,
    (mut config, witness): (ClientConfig, Arc<Witness>),
    name: ServerName<'static>,
    stream: Stream,
) -> Examined {
    config.dangerous().set_certificate_verifier(witness.clone());
    config.client_auth_cert_resolver = witness.clone();
    let late = FaultKind::Tls(TlsFault::Timeout);
    let connecting = connect(Arc::new(config), name, stream);
    let shaken = look.timed(Phase::Tls, late, connecting).await;
    let (mut shaken, mut outcome) = match shaken {
        Ok(stream) => (Some(stream), Ok(())),
        Err(halt) => (None, Err(halt)),
    };
    // We would have refused the certificate before anything else could go wrong, the end of the budget, too.
    if let Some(why) = witness.rejected() {
        outcome = Err(tls_halt(why));
    } else if let Some(stream) = &mut shaken
        && witness.is_asking()
    {
        outcome = answer(look, stream).await;
    }
    let session = shaken.as_ref().map(|stream| stream.get_ref().1);
    let examined = Examined {
        version: session.and_then(|session| session.protocol_version()),
        cipher: session.and_then(|session| session.negotiated_cipher_suite()),
        alpn: session.and_then(|session| session.alpn_protocol().map(<[u8]>::to_vec)),
        chain: witness
            .shown
            .get()
            .map_or_else(Vec::new, |shown| shown.chain.clone()),
        is_trusted: witness.is_trusted(),
        is_asking: witness.is_asking(),
        outcome,
    };
    if let Some(mut stream) = shaken {
        // Farewell; whether the peer hears it changes nothing.
        let _ = timeout_at(look.ctx.deadline, stream.shutdown()).await;
    }
    examined
}

/// Waits for what a server makes of our certificate. Under TLS 1.3 it can only tell after the handshake is done on our side
/// (RFC 8446 §4.4.2.4): by an alert, or by going on. Tickets, which it sends after it has checked us (§4.6.1), are a yes, and
/// so is silence, until whatever end: the handshake is done.
async fn answer(look: &Look<'_>, stream: &mut TlsStream<Heard>) -> Result<(), Halt> {
    if stream.get_ref().1.protocol_version() != Some(ProtocolVersion::TLSv1_3) {
        return Ok(());
    }
    let mut byte = [0];
    let waiting = poll_fn(|poller| {
        let mut buffer = ReadBuf::new(&mut byte);
        let polled = Pin::new(&mut *stream).poll_read(poller, &mut buffer);
        if stream.get_ref().1.tls13_tickets_received() > 0 {
            return Poll::Ready(Ok(()));
        }
        polled
    });
    let end = look.ctx.deadline.min(Instant::now() + GRACE);
    match timeout_at(end, waiting).await {
        Ok(Err(error)) => Err(shaking_halt(
            &error,
            "after it asked for a client certificate",
        )),
        Ok(Ok(())) | Err(_) => Ok(()),
    }
}

/// Sees one handshake: keeps what the server shows and how it is judged, and lets the handshake go on, so that version and
/// cipher can be told of a server that is not trusted, too. Not where we have a certificate: a stranger is not told who we are,
/// and has nothing signed by us.
#[derive(Debug)]
pub(in crate::probe) struct Witness {
    verifier: Arc<Verifier>,
    ours: Arc<dyn ResolvesClientCert>,
    shown: OnceLock<Shown>,
    /// Whether the handshake is signed by the key of the certificate.
    is_signed: AtomicBool,
    is_asking: AtomicBool,
}

#[derive(Debug)]
struct Shown {
    chain: Vec<CertificateDer<'static>>,
    rejected: Option<Error>,
}

impl Witness {
    pub(super) fn new(verifier: Arc<Verifier>, config: &ClientConfig) -> Self {
        Self {
            verifier,
            ours: config.client_auth_cert_resolver.clone(),
            shown: OnceLock::new(),
            is_signed: AtomicBool::new(false),
            is_asking: AtomicBool::new(false),
        }
    }

    fn rejected(&self) -> Option<&Error> {
        self.shown.get()?.rejected.as_ref()
    }

    /// Only what was judged, and accepted, is trusted.
    fn is_trusted(&self) -> bool {
        let is_accepted = |shown: &Shown| shown.rejected.is_none();
        self.shown.get().is_some_and(is_accepted) && self.is_signed.load(Ordering::Relaxed)
    }

    fn is_asking(&self) -> bool {
        self.is_asking.load(Ordering::Relaxed)
    }

    fn signed(
        &self,
        verdict: Result<HandshakeSignatureValid, Error>,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.is_signed.store(verdict.is_ok(), Ordering::Relaxed);
        verdict
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verdict = self.verifier.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        let chain = kept(end_entity, intermediates);
        let rejected = verdict.as_ref().err().cloned();
        let _ = self.shown.set(Shown { chain, rejected });
        if self.ours.has_certs() {
            return verdict;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed(self.verifier.verify_tls12_signature(message, cert, dss))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed(self.verifier.verify_tls13_signature(message, cert, dss))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

impl ResolvesClientCert for Witness {
    fn resolve(
        &self,
        root_hint_subjects: &[&[u8]],
        sigschemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        self.is_asking.store(true, Ordering::Relaxed);
        self.ours.resolve(root_hint_subjects, sigschemes)
    }

    fn has_certs(&self) -> bool {
        self.ours.has_certs()
    }
}
