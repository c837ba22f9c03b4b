//! Proving who we are, and that the server knows it
//! (<https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-START-UP>).

use std::io;

use fallible_iterator::FallibleIterator;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::message::backend::{AuthenticationSaslBody, Message};
use postgres_protocol::message::frontend;

use super::login::{unexpected, unreadable};
use super::said::Said;
use super::scram::{Binding, SCRAM_SHA_256, SCRAM_SHA_256_PLUS, Scram};
use super::wire::Wire;
use crate::model::{FaultKind, SqlFault, Unable};
use crate::probe::database::server::{Password, Server};
use crate::probe::database::way::{Way, untrusted};
use crate::probe::look::Halt;
use crate::probe::net::{self, Stream};

/// What we can say when the server asks who we are.
pub(super) struct Credentials<'s> {
    user: &'s str,
    password: Option<&'s Password>,
    way: Way,
    was_asked: bool,
    scram: Option<Scram>,
}

impl<'s> Credentials<'s> {
    pub(super) fn of(server: &'s Server, way: Way) -> Self {
        Self {
            user: &server.user,
            password: server.password.as_ref(),
            way,
            was_asked: false,
            scram: None,
        }
    }

    /// Answers what the server asks; whether it is satisfied.
    pub(super) fn answer(&mut self, message: &Message, wire: &mut Wire) -> Result<bool, Halt> {
        match message {
            Message::AuthenticationOk => match &self.scram {
                Some(scram) if !scram.is_proved() => Err(unproved(
                    "the server let us in without proving that it knows the password",
                )),
                _ => Ok(true),
            },
            Message::AuthenticationCleartextPassword if !self.way.takes_password() => {
                Err(untrusted("`password` of its pg_hba.conf"))
            }
            Message::AuthenticationCleartextPassword => {
                let password = self.password().to_owned();
                said(frontend::password_message(&password, &mut wire.outgoing))
            }
            Message::AuthenticationMd5Password(body) => {
                let hash = md5_hash(self.user.as_bytes(), self.password(), body.salt());
                said(frontend::password_message(
                    hash.as_bytes(),
                    &mut wire.outgoing,
                ))
            }
            Message::AuthenticationSasl(body) => self.begin(body, wire),
            Message::AuthenticationSaslContinue(body) => {
                let Some(scram) = &mut self.scram else {
                    return Err(unexpected("before SCRAM was begun"));
                };
                let (text, known) = match self.password {
                    Some(password) => (password.reveal(), Some(password.keys())),
                    None => ("", None),
                };
                let ours = scram.client_final(body.data(), text.as_bytes(), known);
                let ours = ours.map_err(|why| {
                    unproved(&format!("SCRAM does not go on with this server: {why}"))
                })?;
                said(frontend::sasl_response(ours.as_bytes(), &mut wire.outgoing))
            }
            Message::AuthenticationSaslFinal(body) => {
                let Some(scram) = &mut self.scram else {
                    return Err(unexpected("before SCRAM was begun"));
                };
                scram.verify(body.data()).map_err(|why| {
                    unproved(&format!(
                        "the server did not prove that it knows the password: {why}"
                    ))
                })?;
                Ok(false)
            }
            Message::AuthenticationGss | Message::AuthenticationGssContinue(_) => {
                Err(unsupported("GSSAPI"))
            }
            Message::AuthenticationSspi => Err(unsupported("SSPI")),
            Message::AuthenticationKerberosV5 => Err(unsupported("Kerberos V5")),
            Message::AuthenticationScmCredential => {
                Err(unsupported("credentials of the unix socket"))
            }
            _ => Err(unexpected("before the server knew who we are")),
        }
    }

    /// What the server says of our credentials, with what we know of them.
    pub(super) fn explained(&self, said: Said) -> Said {
        if self.was_asked && self.password.is_none() && said.is_about_credentials() {
            return said.and(": the server asked for a password, and the DSN has none");
        }
        said
    }

    /// Without one the server is given an empty one, which no role can have: it says then what it thinks of that.
    fn password(&mut self) -> &'s [u8] {
        self.was_asked = true;
        self.password.map_or(&[], |known| known.reveal().as_bytes())
    }

    fn begin(&mut self, body: &AuthenticationSaslBody, wire: &mut Wire) -> Result<bool, Halt> {
        let mut offered = body.mechanisms();
        let (mut plain, mut plus) = (false, false);
        let mut names = Vec::new();
        while let Some(name) = offered.next().map_err(unreadable)? {
            match name {
                SCRAM_SHA_256 => plain = true,
                SCRAM_SHA_256_PLUS => plus = true,
                other => names.push(crate::yaml::visible(other).into_owned()),
            }
        }
        let binding = match &wire.stream {
            Stream::Tls(_) if plus => net::end_point(&wire.stream),
            _ => None,
        };
        let (mechanism, binding) = match (binding, &wire.stream) {
            (Some(hash), _) => (SCRAM_SHA_256_PLUS, Binding::EndPoint(hash)),
            _ if !plain => return Err(unsupported(&names.join(", "))),
            // We could, and the server is said not to: it would know better if somebody took its offer away.
            (None, Stream::Tls(_)) if !plus => (SCRAM_SHA_256, Binding::NotOffered),
            (None, _) => (SCRAM_SHA_256, Binding::Nothing),
        };
        self.was_asked = true;
        let scram = Scram::begin(binding).map_err(|why| Halt::unable(Unable::Limit, why))?;
        let client_first = scram.client_first();
        self.scram = Some(scram);
        let out = &mut wire.outgoing;
        said(frontend::sasl_initial_response(
            mechanism,
            client_first.as_bytes(),
            out,
        ))
    }
}

/// An answer that may be sent. Only a NUL stands in its way.
fn said(written: io::Result<()>) -> Result<bool, Halt> {
    written
        .map(|()| false)
        .map_err(|error| Halt::unable(Unable::Value, error.to_string()))
}

fn unproved(why: &str) -> Halt {
    Halt::fault(FaultKind::Sql(SqlFault::AuthServer), why)
}

fn unsupported(what: &str) -> Halt {
    let why = format!("the server wants us to prove who we are by {what}, which we do not speak");
    Halt::fault(FaultKind::Sql(SqlFault::AuthUnsupported), why)
}
