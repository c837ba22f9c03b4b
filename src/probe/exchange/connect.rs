//! A new connection: to the target, or through a proxy.

use std::sync::Arc;

use rustls::ClientConfig;

use super::broken::halt_of;
use super::connection::Connection;
use super::prepared::Prepared;
use super::route::{Place, Spoken};
use super::tunnel::tunnel;
use crate::model::{FaultKind, HttpFault, Phase, ProbeError, ProxyFault, Stopped, TlsFault};
use crate::probe::Context;
use crate::probe::look::{Halt, Look};
use crate::probe::net::{self, Opened, Stream, TlsSettings};

/// What TLS needs, where it is spoken.
#[derive(Debug, Clone, Default)]
pub(in crate::probe) struct Security {
    target: Option<Arc<ClientConfig>>,
    proxy: Option<Arc<ClientConfig>>,
}

/// What TLS needs, if the target or a proxy wants it. Asked for before the clock of the look starts: reading the system's
/// certificates is not the target's time.
pub(in crate::probe) async fn tls_for(
    ctx: &Context,
    prepared: &Prepared,
) -> Result<Security, ProbeError> {
    let mut security = Security::default();
    if prepared.target.is_tls {
        security.target = Some(ctx.shared.tls.get(&prepared.tls).await?);
    }
    if prepared.proxy(ctx)?.is_some_and(|proxy| proxy.is_tls) {
        // Our certificate is for the target, not for those on the way.
        let settings = TlsSettings {
            ca: prepared.tls.ca.clone(),
            alpn: Spoken::Http1.alpn(),
            ..TlsSettings::default()
        };
        security.proxy = Some(ctx.shared.tls.get(&settings).await?);
    }
    Ok(security)
}

/// Opens a connection, each part its own phase.
pub(super) async fn connect(
    look: &mut Look<'_>,
    prepared: &Prepared,
    security: &Security,
    place: Place,
) -> Result<Connection, Stopped> {
    let target = &prepared.target;
    let opened = match &place.proxy {
        None => {
            let way = &place.route.resolving;
            net::open(look, &target.host, target.port, way).await?
        }
        Some(proxy) => {
            let way = prepared.resolving_of_others();
            let Opened { mut stream, remote } = net::open(look, &proxy.host, proxy.port, &way)
                .await
                .map_err(of_the_proxy)?;
            if let Some(config) = &security.proxy {
                stream = net::handshake(look, config.clone(), &proxy.host, stream)
                    .await
                    .map_err(of_the_proxy)?;
            }
            if target.is_tls || prepared.spoken == Spoken::Switched {
                stream = tunnel(look, proxy, target, stream).await?;
            }
            Opened { stream, remote }
        }
    };
    let Opened { mut stream, remote } = opened;
    if let Some(config) = &security.target {
        stream = net::handshake(look, config.clone(), &target.host, stream).await?;
    }
    if !speaks_http2(look, prepared, &place, &stream)? {
        return Connection::http1(stream, place, remote)
            .await
            .map_err(|error| look.stop(Phase::FirstByte, halt_of(&error, false, None)));
    }
    let late = FaultKind::Http(HttpFault::TimeoutSend);
    let beginning = async {
        Connection::http2(stream, place, remote)
            .await
            .map_err(|error| halt_of(&error, false, None))
    };
    look.phase(Phase::Send, late, beginning).await
}

/// It was not the target that stopped us: a test that expects the target to refuse must not take the proxy for it.
fn of_the_proxy(mut stopped: Stopped) -> Stopped {
    if let Stopped::Fault(seen) = &mut stopped
        && let Some(fault) = &mut seen.fault
    {
        fault.message = format!(
            "on the way to the proxy: {}: {}",
            fault.code(),
            fault.message
        );
        fault.kind = FaultKind::Proxy(match fault.phase {
            Phase::Tls => ProxyFault::Tls,
            _ => ProxyFault::Connect,
        });
    }
    stopped
}

/// Whether HTTP/2 is what was agreed on, or asked for.
fn speaks_http2(
    look: &mut Look<'_>,
    prepared: &Prepared,
    place: &Place,
    stream: &Stream,
) -> Result<bool, Stopped> {
    let agreed = match stream {
        Stream::Tls(tls) if prepared.target.is_tls => {
            tls.get_ref().1.alpn_protocol() == Some(b"h2")
        }
        _ => false,
    };
    match prepared.spoken {
        Spoken::Http1 | Spoken::Switched => Ok(false),
        Spoken::Agreed => Ok(agreed),
        Spoken::Http2 if agreed => Ok(true),
        Spoken::Http2 if prepared.target.is_tls => {
            let message = "the server did not agree to speak HTTP/2 (ALPN `h2`)";
            let halt = Halt::fault(FaultKind::Tls(TlsFault::NoAlpn), message);
            Err(look.stop(Phase::Tls, halt))
        }
        // A proxy relays requests for plain targets in HTTP/1.1.
        Spoken::Http2 => Ok(place.proxy.is_none()),
    }
}
