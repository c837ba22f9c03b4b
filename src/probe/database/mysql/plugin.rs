//! The ways in which a user proves who he is
//! (<https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_authentication_methods.html>).

use mysql_common::auth::plugins::caching_sha2_password::scramble_sha256;
use mysql_common::auth::plugins::client_ed25519::ClientEd25519;
use mysql_common::auth::plugins::mysql_native_password::scramble_native;
use mysql_common::auth::plugins::{ChallengeResponsePlugin, Context};

use super::key::encrypted;
use super::wire::protocol;
use crate::model::{FaultKind, SqlFault};
use crate::probe::database::way::{Way, untrusted};
use crate::probe::look::Halt;
use crate::yaml::visible;

/// A way to prove who one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plugin {
    /// `mysql_native_password`: SHA-1, since 4.1.
    Native,
    /// `caching_sha2_password`: the default since MySQL 8.0.
    CachingSha2,
    /// `sha256_password`: deprecated since MySQL 8.0.16.
    Sha256,
    /// `client_ed25519`: of MariaDB.
    Ed25519,
    /// `mysql_clear_password`: for PAM, LDAP and tokens of clouds.
    Clear,
}

impl Plugin {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "mysql_native_password" => Self::Native,
            "caching_sha2_password" => Self::CachingSha2,
            "sha256_password" => Self::Sha256,
            "client_ed25519" => Self::Ed25519,
            "mysql_clear_password" => Self::Clear,
            _ => return None,
        })
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Native => "mysql_native_password",
            Self::CachingSha2 => "caching_sha2_password",
            Self::Sha256 => "sha256_password",
            Self::Ed25519 => "client_ed25519",
            Self::Clear => "mysql_clear_password",
        }
    }
}

/// One proof under way.
pub(super) struct Proof<'p> {
    pub(super) plugin: Plugin,
    pub(super) password: &'p str,
    pub(super) nonce: Vec<u8>,
    pub(super) way: Way,
}

impl Proof<'_> {
    /// What is said first.
    pub(super) fn first(&self) -> Result<Vec<u8>, Halt> {
        let password = self.password.as_bytes();
        match (self.plugin, self.way) {
            (Plugin::Ed25519, _) => self.signed(),
            (Plugin::Sha256, _) if password.is_empty() => Ok(vec![0]),
            // Of sha256_password the server takes a socket for no better than TCP: it has a key there.
            (Plugin::Sha256, Way::Socket) => Ok(vec![WANTS_KEY]),
            (Plugin::Clear | Plugin::Sha256, way) if way.takes_password() => Ok(self.terminated()),
            (Plugin::Clear | Plugin::Sha256, _) => Err(untrusted(self.plugin.name())),
            (Plugin::Native, _) => Ok(scramble_native(self.twenty()?, password)
                .map(Vec::from)
                .unwrap_or_default()),
            (Plugin::CachingSha2, _) => Ok(scramble_sha256(self.twenty()?, password)
                .map(Vec::from)
                .unwrap_or_default()),
        }
    }

    /// What is said to more of the server; nothing when it only tells.
    pub(super) fn next(&self, more: &[u8]) -> Result<Option<Vec<u8>>, Halt> {
        match (self.plugin, more, self.way) {
            (Plugin::CachingSha2, [FAST_DONE], _) => Ok(None),
            // As it is, as MySQL's own clients send it over TLS or a socket. Over TCP they could ask for a key to encrypt it,
            // which is of whoever answers.
            (Plugin::CachingSha2, [WANTS_ALL], way) if way.takes_password() => {
                Ok(Some(self.terminated()))
            }
            (Plugin::CachingSha2, [WANTS_ALL], _) => Err(untrusted(
                "caching_sha2_password, as long as nobody else has logged in as this user since the server started",
            )),
            (Plugin::Sha256, key, Way::Socket) if key.starts_with(b"-----") => {
                self.encrypted(key).map(Some)
            }
            _ => Err(protocol(format!(
                "more of {} came than it has to say",
                self.plugin.name()
            ))),
        }
    }

    fn terminated(&self) -> Vec<u8> {
        let mut bytes = self.password.as_bytes().to_vec();
        bytes.push(0);
        bytes
    }

    /// The password, made unlike any other by the nonce, for the owner of the key.
    fn encrypted(&self, key: &[u8]) -> Result<Vec<u8>, Halt> {
        let mut bytes = self.terminated();
        for (byte, nonce) in bytes.iter_mut().zip(self.twenty()?.iter().cycle()) {
            *byte ^= nonce;
        }
        encrypted(&bytes, key).map_err(|why| Halt::fault(FaultKind::Sql(SqlFault::AuthServer), why))
    }

    fn signed(&self) -> Result<Vec<u8>, Halt> {
        let challenged = ClientEd25519::default().run(self, &self.nonce);
        match challenged.as_ref().map(|response| response.data()) {
            Ok(Some(signature)) => Ok(signature.to_vec()),
            Ok(None) | Err(_) => Err(self.bad_nonce()),
        }
    }

    fn twenty(&self) -> Result<&[u8; 20], Halt> {
        self.nonce
            .as_slice()
            .try_into()
            .map_err(|_| self.bad_nonce())
    }

    fn bad_nonce(&self) -> Halt {
        let many = self.nonce.len();
        protocol(format!(
            "a nonce of {many} bytes for {}",
            self.plugin.name()
        ))
    }
}

/// caching_sha2_password: the server knew the password from before.
const FAST_DONE: u8 = 3;
/// caching_sha2_password: the server must see the password itself.
const WANTS_ALL: u8 = 4;
/// sha256_password: we ask for the public key.
const WANTS_KEY: u8 = 1;

impl Context for &Proof<'_> {
    fn pass(&self) -> &[u8] {
        self.password.as_bytes()
    }
    fn is_ipc_transport(&self) -> bool {
        false
    }
    fn is_tls_transport(&self) -> bool {
        false
    }
    fn scramble(&self) -> &[u8] {
        &self.nonce
    }
    fn server_key_pem(&self) -> Option<&[u8]> {
        None
    }
}

/// The server wants to be convinced in a way we do not speak.
pub(super) fn unsupported(name: &str) -> Halt {
    let name: String = name.chars().take(64).collect();
    let why = format!(
        "the server wants `{}`; mysql_native_password, caching_sha2_password, sha256_password, client_ed25519 and mysql_clear_password are spoken",
        visible(&name)
    );
    Halt::fault(FaultKind::Sql(SqlFault::AuthUnsupported), why)
}
