//! `tls`: who answers there, in which version of TLS, and for how long its certificate is good.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::look::Look;
use super::net::{
    self, ClientCertificate, MinVersion, Opened, Resolving, TlsSettings, Verification,
};
use super::{Context, Invalid, Probe};
use crate::model::{FaultKind, KnownFact, Looked, Phase, TlsFault};

mod facts;
mod starttls;
#[cfg(test)]
mod tests;

use starttls::StartTls;

/// Shakes hands and describes the certificate, also one that is not accepted. Nothing is sent once the connection is agreed on.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// Host name or address.
    host: String,
    /// Port, 1 to 65535; without it 443, and with `starttls` it must be there.
    port: Option<u16>,
    /// The name to ask for and that the certificate must have, instead of `host` (SNI, RFC 6066). Without it an address as
    /// `host` asks for no name, and the certificate must have the address.
    sni: Option<String>,
    /// The address of a name server to ask for the host instead of the system: `10.0.0.2`, `10.0.0.2:5353`, `[fd00::2]:5353`. The
    /// host is then fully qualified.
    resolver: Option<String>,
    /// Protocols to offer, best first (ALPN, RFC 7301): `[h2, http/1.1]`. A server that cares for none may ignore the offer:
    /// the fact `alpn` is absent then.
    #[serde(default)]
    alpn: Vec<String>,
    /// The lowest version that is spoken.
    #[serde(default)]
    min_version: MinVersion,
    /// A PEM file of authorities, trusted instead of the system's. Relative paths begin where the program was started. `system`
    /// says what holds without it, for a variable that has to say something.
    ca: Option<PathBuf>,
    /// A file of lists of revoked certificates (CRL): any number in PEM form, or one in DER form. Nothing is fetched. Each
    /// certificate below the authority that is trusted needs a list of who signed it; where one is missing or out of date nothing
    /// is known, and the look is an error. Relative paths begin where the program was started.
    crl: Option<PathBuf>,
    /// Who we say we are, for servers that want to know.
    client_certificate: Option<ClientCertificate>,
    /// How TLS is agreed on in plain words first.
    starttls: Option<StartTls>,
}

impl Tls {
    fn port(&self) -> u16 {
        self.port.unwrap_or(443)
    }

    fn resolving(&self) -> Result<Resolving, Invalid> {
        Resolving::by("resolver", self.resolver.as_deref(), &self.host)
    }

    fn name(&self) -> &str {
        self.sni.as_deref().unwrap_or(&self.host)
    }

    fn settings(&self) -> TlsSettings {
        TlsSettings {
            ca: self.ca.clone(),
            crl: self.crl.clone(),
            client_certificate: self.client_certificate.clone(),
            min_version: self.min_version,
            alpn: self.alpn.clone(),
            verification: Verification::Full,
        }
    }
}

impl Probe for Tls {
    const FACTS: &'static [KnownFact] = &[
        KnownFact::truth("trusted"),
        KnownFact::text("version"),
        KnownFact::text("cipher"),
        KnownFact::text("alpn"),
        KnownFact::text("subject"),
        KnownFact::text("issuer"),
        KnownFact::list("san"),
        KnownFact::text("serial"),
        KnownFact::text("not_before"),
        KnownFact::text("not_after"),
        KnownFact::duration("expires_in"),
        KnownFact::duration("expired_since"),
        KnownFact::text("key"),
        KnownFact::text("signature_algorithm"),
        KnownFact::truth("self_signed"),
        KnownFact::truth("covers"),
        KnownFact::text("covers_sibling"),
        KnownFact::list("chain"),
        KnownFact::truth("asks_for_certificate"),
        KnownFact::text("remote_ip"),
        KnownFact::text("family"),
    ];

    fn prepare(&self) -> Result<(), Invalid> {
        net::check_host("host", &self.host)?;
        match (self.port, self.starttls) {
            (Some(port), _) => {
                net::check_port(port).map_err(|why| Invalid::new("port", why))?;
            }
            (None, Some(dialect)) => {
                let usual = dialect.usual_port();
                let why = format!("`starttls` needs a `port`; the usual one is {usual}");
                return Err(Invalid::new("starttls", why));
            }
            _ => {}
        }
        self.resolving()?;
        if let Some(sni) = &self.sni {
            net::check_host("sni", sni)?;
            if sni.parse::<std::net::IpAddr>().is_ok() {
                let why = format!("`{sni}` is an address; only names are asked for (RFC 6066 §3)");
                return Err(Invalid::new("sni", why));
            }
            net::server_name(sni).map_err(|why| Invalid::new("sni", why))?;
        } else {
            net::server_name(&self.host).map_err(|why| Invalid::new("host", why))?;
        }
        match self
            .alpn
            .iter()
            .find(|name| !(1..=255).contains(&name.len()))
        {
            None => Ok(()),
            Some(name) => Err(Invalid::new(
                "alpn",
                format!(
                    "a protocol has a name of 1 to 255 bytes (RFC 7301 §3.1), and one has {}",
                    name.len()
                ),
            )),
        }
    }

    fn resources(&self) -> Vec<String> {
        let Ok(resolving) = self.resolving() else {
            return Vec::new();
        };
        let mut resources = net::resources(&self.host, self.port(), &resolving);
        let tls = net::tls_resource(&self.host, self.port(), self.name(), &resolving);
        resources.push(tls);
        resources
    }

    fn request(&self) -> String {
        let peer = net::authority(&self.host, self.port());
        match &self.sni {
            Some(sni) => format!("{peer} as {sni}"),
            None => peer,
        }
    }

    async fn observe(&self, ctx: &Context) -> Looked {
        self.prepare()?;
        let name = net::server_name(self.name()).map_err(|why| Invalid::new("host", why))?;
        let config = ctx.shared.tls.witnessed(&self.settings()).await?;
        let mut look = Look::begin(ctx);
        let Opened { mut stream, .. } =
            net::open(&mut look, &self.host, self.port(), &self.resolving()?).await?;
        if let Some(dialect) = self.starttls {
            let late = FaultKind::Tls(TlsFault::Timeout);
            let agreeing = starttls::agree(dialect, &mut stream);
            look.phase(Phase::StartTls, late, agreeing).await?;
        }
        let examined = net::examine(&mut look, config, name.clone(), stream).await;
        facts::record(&mut look, &examined, &name);
        examined
            .outcome
            .map_err(|halt| look.stop(Phase::Tls, halt))?;
        Ok(look.finish())
    }
}
