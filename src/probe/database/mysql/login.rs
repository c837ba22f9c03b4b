//! Logging in: who we are, what we speak, and the proof
//! (<https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html>).

use std::collections::HashMap;

use mysql_common::constants::{CapabilityFlags, MariadbCapabilities};
use mysql_common::io::ParseBuf;
use mysql_common::packets::{AuthPlugin, HandshakeResponse, SslRequest};
use mysql_common::proto::MySerialize;

use super::greeting::{Flavour, Greeting};
use super::plugin::{Plugin, Proof, unsupported};
use super::wire::{ERROR, Wire, failed, protocol};
use crate::probe::database::Server;
use crate::probe::look::Halt;

/// `utf8mb4_general_ci`: what we write and read is UTF-8.
const COLLATION: u8 = 45;

/// The longest packet we take: the most there is without splitting.
const LONGEST: u32 = 16 * 1024 * 1024;

/// Who asks, as the server's list of connections shows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Name<'n>(pub(super) &'n str);

/// What of the server's offers we take. Not among them:
/// several statements in one text, several results, files of ours, compression.
pub(super) fn capabilities(greeting: &Greeting, server: &Server, is_tls: bool) -> CapabilityFlags {
    let wanted = CapabilityFlags::CLIENT_LONG_FLAG
        | CapabilityFlags::CLIENT_PROTOCOL_41
        | CapabilityFlags::CLIENT_TRANSACTIONS
        | CapabilityFlags::CLIENT_SECURE_CONNECTION
        | CapabilityFlags::CLIENT_PLUGIN_AUTH
        | CapabilityFlags::CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA
        | CapabilityFlags::CLIENT_CONNECT_ATTRS
        // Rows that a statement finds count, also when it leaves them as they are: as in every other engine.
        | CapabilityFlags::CLIENT_FOUND_ROWS;
    let mut taken = wanted & greeting.capabilities;
    taken.set(CapabilityFlags::CLIENT_SSL, is_tls);
    taken.set(
        CapabilityFlags::CLIENT_CONNECT_WITH_DB,
        server.database.is_some(),
    );
    // MariaDB reads its own capabilities of those who leave this one of MySQL away.
    taken.set(
        CapabilityFlags::CLIENT_LONG_PASSWORD,
        extended(greeting).is_empty(),
    );
    taken
}

/// What of MariaDB's own offers we take: to be told which text is JSON.
fn extended(greeting: &Greeting) -> MariadbCapabilities {
    match greeting.flavour {
        Flavour::MariaDb => greeting.more & MariadbCapabilities::MARIADB_CLIENT_EXTENDED_METADATA,
        Flavour::MySql => MariadbCapabilities::empty(),
    }
}

/// Whether columns come with more than MySQL says of them.
pub(super) fn is_extended(greeting: &Greeting) -> bool {
    !extended(greeting).is_empty()
}

/// Asks for TLS, in the middle of the handshake. Nothing answers: the next bytes are TLS.
pub(super) async fn ask_for_tls(
    wire: &mut Wire,
    greeting: &Greeting,
    server: &Server,
) -> Result<(), Halt> {
    let capabilities = capabilities(greeting, server, true);
    let mut payload = Vec::new();
    SslRequest::new(capabilities, LONGEST, COLLATION)
        .with_mariadb_capabilities(extended(greeting))
        .serialize(&mut payload);
    wire.send(&payload).await
}

/// Says who we are and proves it, in the way the server wants for this user.
pub(super) async fn log_in(
    wire: &mut Wire,
    greeting: &Greeting,
    server: &Server,
    name: Name<'_>,
) -> Result<(), Halt> {
    /// Nobody needs more turns: one to change the way, three of `caching_sha2_password`.
    const TURNS: usize = 8;
    // The first word is never the password itself: a server that wants it has to ask.
    let plugin = match Plugin::named(&greeting.plugin) {
        Some(Plugin::CachingSha2) => Plugin::CachingSha2,
        _ => Plugin::Native,
    };
    let mut proof = Proof {
        plugin,
        password: server.password.as_ref().map_or("", |word| word.reveal()),
        nonce: greeting.nonce.clone(),
        way: wire.way(server),
    };
    let response = response(
        greeting,
        server,
        name,
        wire.is_tls(),
        plugin,
        proof.first()?,
    );
    wire.send(&response).await?;
    for _ in 0..TURNS {
        let payload = wire.short().await?;
        match payload.as_slice() {
            [0, ..] => return Ok(()),
            [ERROR, ..] => return Err(failed(&payload)),
            [MORE, more @ ..] => {
                if let Some(answer) = proof.next(more)? {
                    wire.send(&answer).await?;
                }
            }
            [SWITCH, change @ ..] => {
                (proof.plugin, proof.nonce) = changed(change)?;
                let answer = proof.first()?;
                wire.send(&answer).await?;
            }
            [other, ..] => {
                let why = format!(
                    "a packet that begins with {other:#04x} came while credentials were checked"
                );
                return Err(protocol(why));
            }
            [] => {
                return Err(protocol(
                    "an empty packet came while credentials were checked",
                ));
            }
        }
    }
    Err(protocol(format!(
        "credentials were not checked within {TURNS} turns"
    )))
}

/// AuthMoreData.
const MORE: u8 = 0x01;
/// AuthSwitchRequest.
const SWITCH: u8 = 0xfe;

fn response(
    greeting: &Greeting,
    server: &Server,
    Name(name): Name<'_>,
    is_tls: bool,
    plugin: Plugin,
    proof: Vec<u8>,
) -> Vec<u8> {
    let capabilities = capabilities(greeting, server, is_tls);
    let shown = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let attributes = HashMap::from([
        shown("program_name", name),
        shown("_client_name", env!("CARGO_PKG_NAME")),
        shown("_client_version", env!("CARGO_PKG_VERSION")),
    ]);
    let offered = |capability| greeting.capabilities.contains(capability);
    let response = HandshakeResponse::new(
        Some(proof),
        (8, 0, 0),
        Some(server.user.as_bytes()),
        server.database.as_deref().map(str::as_bytes),
        offered(CapabilityFlags::CLIENT_PLUGIN_AUTH)
            .then(|| AuthPlugin::from_bytes(plugin.name().as_bytes())),
        capabilities,
        offered(CapabilityFlags::CLIENT_CONNECT_ATTRS).then_some(attributes),
        LONGEST,
    );
    let response = response.with_mariadb_ext_capabilities(extended(greeting));
    let mut payload = Vec::new();
    response.serialize(&mut payload);
    payload
}

/// The server wants another way, with a nonce of its own.
fn changed(change: &[u8]) -> Result<(Plugin, Vec<u8>), Halt> {
    let mut rest = ParseBuf(change);
    let Some(end) = rest.0.iter().position(|byte| *byte == 0) else {
        return match change {
            // The way of before 4.1, which anybody who listens can break.
            [] => Err(unsupported("mysql_old_password")),
            _ => Err(protocol(
                "the server wants another way to log in, and does not say which",
            )),
        };
    };
    let name = String::from_utf8_lossy(rest.eat(end)).into_owned();
    rest.skip(1);
    let plugin = Plugin::named(&name).ok_or_else(|| unsupported(&name))?;
    let nonce = match plugin {
        // The nonce of these is a text of 20 characters with a NUL at its end.
        Plugin::Native | Plugin::CachingSha2 | Plugin::Sha256 => {
            rest.0.strip_suffix(&[0]).unwrap_or(rest.0)
        }
        Plugin::Ed25519 | Plugin::Clear => rest.0,
    };
    Ok((plugin, nonce.to_vec()))
}
