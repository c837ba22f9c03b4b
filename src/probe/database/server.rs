//! A database server, and how to log in there.

use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::postgres::KnownKeys;
use crate::probe::net::{ClientCertificate, Endpoint, TlsSettings, Verification};
use crate::template::Mask;

/// A database server, and how to log in there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::probe) struct Server {
    pub(in crate::probe) engine: Engine,
    pub(in crate::probe) endpoint: Endpoint,
    pub(in crate::probe) user: String,
    pub(in crate::probe) password: Option<Password>,
    /// Absent: the one the server gives this user (PostgreSQL: of his name; MySQL: none).
    pub(in crate::probe) database: Option<String>,
    /// As it was written; see [`Self::mode`].
    pub(in crate::probe) tls: Option<TlsMode>,
    /// A PEM file of authorities, trusted instead of the system's.
    pub(in crate::probe) ca: Option<PathBuf>,
    pub(in crate::probe) client_certificate: Option<ClientCertificate>,
    /// Settings of the session (`options` of libpq: `-c search_path=app`).
    pub(in crate::probe) options: Option<String>,
}

impl Server {
    /// Whether TLS is spoken. Who names authorities wants them to be asked, and nobody listens in on a socket of this machine.
    pub(in crate::probe) fn mode(&self) -> TlsMode {
        match (self.tls, &self.endpoint) {
            (Some(mode), _) => mode,
            (None, Endpoint::Unix(_)) => TlsMode::Disable,
            (None, Endpoint::Socket { .. }) if self.ca.is_some() => TlsMode::VerifyFull,
            (None, Endpoint::Socket { .. }) => TlsMode::Prefer,
        }
    }

    /// How TLS is to be spoken, if at all: as libpq does, `require` believes whoever answers unless an authority is named, and
    /// so does `prefer` (<https://www.postgresql.org/docs/current/libpq-ssl.html>).
    pub(in crate::probe) fn tls_settings(&self) -> Option<TlsSettings> {
        let verification = match (self.mode(), &self.ca) {
            (TlsMode::Disable, _) => return None,
            (TlsMode::Prefer, _) | (TlsMode::Require, None) => Verification::Nothing,
            (TlsMode::VerifyCa, _) | (TlsMode::Require, Some(_)) => Verification::Chain,
            (TlsMode::VerifyFull, _) => Verification::Full,
        };
        Some(TlsSettings {
            ca: self.ca.clone(),
            client_certificate: self.client_certificate.clone(),
            verification,
            ..TlsSettings::default()
        })
    }

    /// See [`Dsn::hide_in`](super::Dsn::hide_in).
    pub(in crate::probe) fn hide_in(&self, mask: &Mask, written: &str) {
        match &self.password {
            Some(password) if !written.contains(password.reveal()) => {
                mask.add(password.reveal());
            }
            _ => {}
        }
    }

    /// `postgres db.example:5432/app`: what may be shown of it.
    pub(in crate::probe) fn shown(&self) -> String {
        let database = match &self.database {
            Some(database) => format!("/{database}"),
            None => String::new(),
        };
        format!("{} {}{database}", self.engine.name(), self.endpoint)
    }
}

/// Whose protocol is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::probe) enum Engine {
    Postgres,
    /// MySQL and MariaDB.
    MySql,
}

impl Engine {
    /// The scheme of its DSNs.
    pub(in crate::probe) const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::MySql => "mysql",
        }
    }

    /// Where it usually listens.
    pub(in crate::probe) const fn usual_port(self) -> u16 {
        match self {
            Self::Postgres => 5432,
            Self::MySql => 3306,
        }
    }
}

/// Whether TLS is spoken, and whom it believes (as `sslmode` of libpq).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::probe) enum TlsMode {
    /// Never.
    Disable,
    /// Where the server offers it; whoever answers is believed.
    Prefer,
    /// Always; whoever answers is believed, unless `ca` names authorities.
    Require,
    /// Always; the certificate must lead to a trusted authority.
    VerifyCa,
    /// Always; the certificate must lead to a trusted authority and have the name of the host.
    VerifyFull,
}

impl TlsMode {
    /// The word for it.
    pub(in crate::probe) const fn name(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }
}

/// A password. Never shown.
#[derive(Clone)]
pub(in crate::probe) struct Password {
    text: String,
    keys: KnownKeys,
}

impl Password {
    pub(super) fn new(text: String) -> Self {
        Self {
            text,
            keys: KnownKeys::default(),
        }
    }

    /// To be proved or sent, and nothing else.
    pub(in crate::probe) fn reveal(&self) -> &str {
        &self.text
    }

    /// What it came to with a server that wanted it proved.
    pub(super) const fn keys(&self) -> &KnownKeys {
        &self.keys
    }
}

impl PartialEq for Password {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Password {}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
