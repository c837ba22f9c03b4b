//! What a server says first: who it is, and how it wants to be talked to
//! (<https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_handshake_v10.html>).

use mysql_common::constants::{CapabilityFlags, MariadbCapabilities};
use mysql_common::io::ParseBuf;

use super::wire::{ERROR, failed, protocol};
use crate::probe::look::Halt;

/// The version of the protocol since MySQL 3.21.
const VERSION: u8 = 10;

/// What MariaDB since 10.0 put before its version, because replicas of old MySQL took the first number for one digit.
const OLD_PREFIX: &str = "5.5.5-";

/// What a server says first.
#[derive(Debug)]
pub(super) struct Greeting {
    /// As the server writes it: `8.4.3`, `10.11.6-MariaDB-0+deb12u1`.
    pub(super) version: String,
    pub(super) flavour: Flavour,
    /// The number `KILL` wants.
    pub(super) connection: u32,
    pub(super) capabilities: CapabilityFlags,
    pub(super) more: MariadbCapabilities,
    /// How it would have most users prove who they are; it may ask for another way when it knows the user.
    pub(super) plugin: String,
    /// What is new in every login, so that no answer can be repeated.
    pub(super) nonce: Vec<u8>,
}

/// Who speaks the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::probe) enum Flavour {
    MySql,
    MariaDb,
}

impl Flavour {
    /// Its name in facts.
    pub(in crate::probe) const fn name(self) -> &'static str {
        match self {
            Self::MySql => "mysql",
            Self::MariaDb => "mariadb",
        }
    }
}

impl Greeting {
    /// Reads it; a server that is full, or does not want us, says an error instead.
    pub(super) fn read(payload: &[u8]) -> Result<Self, Halt> {
        match payload.first() {
            Some(&ERROR) => Err(failed(payload)),
            Some(&VERSION) => parse(payload).ok_or_else(|| protocol("the greeting is cut short")),
            Some(other) => Err(protocol(format!(
                "the server speaks version {other} of the protocol; it is {VERSION} since MySQL 3.21 (X is another protocol, on port 33060)"
            ))),
            None => Err(protocol("the greeting is empty")),
        }
    }
}

fn parse(payload: &[u8]) -> Option<Greeting> {
    let mut rest = ParseBuf(payload.get(1..)?);
    let ends = rest.0.iter().position(|byte| *byte == 0)?;
    let version = rest.checked_eat(ends)?;
    rest.checked_eat_u8()?;
    let connection = rest.checked_eat_u32_le()?;
    let mut nonce = rest.checked_eat(8)?.to_vec();
    rest.checked_eat_u8()?;
    let low = rest.checked_eat_u16_le()?;
    let _collation = rest.checked_eat_u8()?;
    let _status = rest.checked_eat_u16_le()?;
    let high = rest.checked_eat_u16_le()?;
    let length = rest.checked_eat_u8()?;
    rest.checked_eat(6)?;
    let more = rest.checked_eat_u32_le()?;
    let capabilities = CapabilityFlags::from_bits_retain(u32::from(high) << 16 | u32::from(low));
    let (mut plugin, mut is_mariadb) = (&[][..], false);
    if capabilities.contains(CapabilityFlags::CLIENT_SECURE_CONNECTION) {
        let second = usize::from(length).saturating_sub(8).max(13);
        // Some end the nonce with a NUL that is no part of it.
        let second = rest.checked_eat(second.min(rest.len()))?;
        nonce.extend_from_slice(second.strip_suffix(&[0]).unwrap_or(second));
    }
    if capabilities.contains(CapabilityFlags::CLIENT_PLUGIN_AUTH) {
        plugin = rest.0.split(|byte| *byte == 0).next()?;
    }
    // Since 10.2 MariaDB takes the first capability of MySQL for its sign, and has more of its own.
    is_mariadb |= !capabilities.contains(CapabilityFlags::CLIENT_LONG_PASSWORD);
    let version = String::from_utf8_lossy(version);
    is_mariadb |= version.contains("MariaDB");
    let version = match version.strip_prefix(OLD_PREFIX) {
        Some(version) if is_mariadb => version,
        _ => version.as_ref(),
    };
    Some(Greeting {
        version: version.to_owned(),
        flavour: if is_mariadb {
            Flavour::MariaDb
        } else {
            Flavour::MySql
        },
        connection,
        capabilities,
        more: if is_mariadb {
            MariadbCapabilities::from_bits_retain(more)
        } else {
            MariadbCapabilities::empty()
        },
        plugin: String::from_utf8_lossy(plugin).into_owned(),
        nonce,
    })
}
