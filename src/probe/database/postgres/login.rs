//! Opening a session: TLS, startup, credentials.

use postgres_protocol::message::backend::Message;
use postgres_protocol::message::frontend;

use super::auth::Credentials;
use super::cancel::{Cancel, Place};
use super::said::Said;
use super::session::{Session, State};
use super::ssl_request::{Offer, ask_for_tls};
use super::wire::Wire;
use crate::model::{FaultKind, Origin, Phase, ProbeError, SqlFault, Stopped, TlsFault, Unable};
use crate::probe::database::broken::{broken, closed};
use crate::probe::database::server::{Server, TlsMode};
use crate::probe::database::way::Way;
use crate::probe::errands::Errands;
use crate::probe::look::{Halt, Look};
use crate::probe::net::{self, Endpoint, Stream};

/// The server cuts the name of an application behind so many bytes (NAMEDATALEN).
const LONGEST_NAME: usize = 63;

impl Session {
    /// Resolves, connects, agrees on TLS, and logs in.
    pub(in crate::probe) async fn open(
        look: &mut Look<'_>,
        server: &Server,
    ) -> Result<Self, Stopped> {
        let config = match server.tls_settings() {
            Some(settings) => Some(look.ctx.shared.tls.get(&settings).await?),
            None => None,
        };
        let mut stream = server.endpoint.open(look).await?;
        let errands = &look.ctx.shared.errands;
        let place = Place::of(&stream).map(|place| (place, errands.clone()));
        if let Some(config) = config {
            let late = FaultKind::Sql(SqlFault::TimeoutStartup);
            let asking = is_agreed(&mut stream, server.mode());
            if look.phase(Phase::StartTls, late, asking).await? {
                let host = match &server.endpoint {
                    Endpoint::Socket { host, .. } => host,
                    Endpoint::Unix(_) => "localhost",
                };
                stream = net::handshake(look, config, host, stream).await?;
            }
        }
        let way = Way::over(&stream, server);
        let tls = net::spoken(&stream);
        let mut session = Self {
            wire: Wire::new(stream),
            state: State::Over,
            cancel: None,
            tls,
            remembered: None,
        };
        frontend::startup_message(
            parameters(server, &application(look)),
            &mut session.wire.outgoing,
        )
        .map_err(|error| ProbeError::new(Unable::Value, error.to_string()))?;
        let starting = async {
            let when = "before the server answered";
            session.wire.send(when).await?;
            refused(session.wire.next(when).await?)
        };
        let late = FaultKind::Sql(SqlFault::TimeoutStartup);
        let first = look.phase(Phase::Startup, late, starting).await?;
        let late = FaultKind::Sql(SqlFault::TimeoutAuth);
        let logging_in = session.log_in(server, way, first, place);
        look.phase(Phase::Auth, late, logging_in).await?;
        Ok(session)
    }

    /// From the server's first answer to the moment it waits for a question.
    async fn log_in(
        &mut self,
        server: &Server,
        way: Way,
        first: Message,
        place: Option<(Place, Errands)>,
    ) -> Result<(), Halt> {
        let mut credentials = Credentials::of(server, way);
        let mut message = first;
        let when = "while we logged in";
        while !credentials.answer(&message, &mut self.wire)? {
            self.wire.send(when).await?;
            message = match self.wire.next(when).await? {
                Message::ErrorResponse(error) => {
                    let said = Said::read(error.fields()).map_err(unreadable)?;
                    return Err(credentials.explained(said).halt());
                }
                other => other,
            };
        }
        loop {
            match refused(self.wire.next(when).await?)? {
                Message::BackendKeyData(key) => {
                    self.cancel = place.clone().map(|(place, errands)| Cancel {
                        place,
                        process: key.process_id(),
                        secret: key.secret_key(),
                        errands,
                    });
                }
                Message::ReadyForQuery(_) => {
                    self.state = State::Idle;
                    return Ok(());
                }
                _ => return Err(unexpected("once we had logged in")),
            }
        }
    }
}

/// Asks for TLS, as clients do before all else, and says no more. A server that starts up, or has no room, answers this, too.
pub(in crate::probe) async fn knock(look: &mut Look<'_>, server: &Server) -> Result<bool, Stopped> {
    let mut stream = server.endpoint.open(look).await?;
    let late = FaultKind::Sql(SqlFault::TimeoutStartup);
    let asking = is_agreed(&mut stream, TlsMode::Prefer);
    look.phase(Phase::StartTls, late, asking).await
}

/// Whether TLS comes next.
async fn is_agreed(stream: &mut Stream, mode: TlsMode) -> Result<bool, Halt> {
    let when = "when it was asked for TLS";
    let protocol = |why: String| Err(Halt::fault(FaultKind::Sql(SqlFault::Protocol), why));
    match ask_for_tls(stream).await {
        Ok(Offer::Tls) => Ok(true),
        Ok(Offer::Plain) if mode == TlsMode::Prefer => Ok(false),
        Ok(Offer::Plain) => Err(Halt::fault(
            FaultKind::Tls(TlsFault::NotOffered),
            "the server answered `N`: it does not speak TLS",
        )),
        Ok(Offer::Refused(state)) => Err(refusal(state)),
        Ok(Offer::OutOfTurn(many)) => protocol(format!(
            "{many} bytes came after the answer to the request for TLS, out of turn"
        )),
        Ok(Offer::Unknown(line)) => protocol(format!(
            "what came is not PostgreSQL but begins with `{line}`"
        )),
        Ok(Offer::Closed) => Err(closed(when)),
        Err(error) => Err(broken(&error, when)),
    }
}

/// The server refused to talk before TLS was agreed on.
pub(in crate::probe) fn refusal(state: Option<crate::model::SqlState>) -> Halt {
    match state {
        Some(state) => Halt::fault(
            FaultKind::Postgres(state),
            "the server answered the request for TLS with this error; its words came unprotected, and are not repeated",
        )
        .by(Origin::SqlState(state)),
        None => Halt::fault(
            FaultKind::Tls(TlsFault::Unavailable),
            "the server answered the request for TLS with an error; its words came unprotected, and are not repeated",
        ),
    }
}

/// How the session is to be. Poolers take these and refuse others.
fn parameters<'s>(server: &'s Server, application: &'s str) -> Vec<(&'s str, &'s str)> {
    let mut parameters = vec![
        ("user", server.user.as_str()),
        ("client_encoding", "UTF8"),
        ("DateStyle", "ISO"),
        ("TimeZone", "UTC"),
        ("application_name", application),
    ];
    let database = server.database.as_deref().map(|name| ("database", name));
    let options = server.options.as_deref().map(|text| ("options", text));
    parameters.extend(database.into_iter().chain(options));
    parameters
}

/// What the server's list of sessions shows of us.
fn application(look: &Look<'_>) -> String {
    let mut name = format!("allclear/{}", look.ctx.shared.run);
    let end = name.floor_char_boundary(LONGEST_NAME);
    name.truncate(end);
    name
}

/// An error is what stops us; anything else is an answer.
fn refused(message: Message) -> Result<Message, Halt> {
    match message {
        Message::ErrorResponse(error) => {
            Err(Said::read(error.fields()).map_err(unreadable)?.halt())
        }
        other => Ok(other),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "what `map_err` hands on")]
pub(super) fn unreadable(error: std::io::Error) -> Halt {
    let why = format!("a message that cannot be read: {error}");
    Halt::fault(FaultKind::Sql(SqlFault::Protocol), why)
}

pub(super) fn unexpected(when: &str) -> Halt {
    let why = format!("a message that has no place {when}");
    Halt::fault(FaultKind::Sql(SqlFault::Protocol), why)
}
