//! A session with a server: opened, asked, closed.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use mysql_common::constants::{CapabilityFlags, StatusFlags};
use rustls::ClientConfig;
use tokio::time::timeout;

use super::greeting::{Flavour, Greeting};
use super::kill::Kill;
use super::login::{self, Name};
use super::query::{End, Given, query, run};
use super::wire::{Wire, protocol};
use crate::model::{FaultKind, Phase, SqlFault, Stopped, TlsFault, Value};
use crate::probe::database::broken::cut_short;
use crate::probe::database::{Answer, Limits, Server, TlsMode};
use crate::probe::look::{Halt, Look};
use crate::probe::net::{self, Endpoint, Resolving, Stream};

/// Saying goodbye takes no longer: a server that does not close is left.
const GOODBYE: Duration = Duration::from_millis(250);

/// A statement that takes longer than its look is ended by us; this much later the server does it by itself.
const GRACE: Duration = Duration::from_millis(100);

/// A session with a server. Dropping it while it waits for an answer ends in the server what it asked.
#[derive(Debug)]
pub(in crate::probe) struct Session {
    wire: Wire,
    greeting: Greeting,
    tls: Option<String>,
    /// How long a statement may take there by itself, in its own unit: none when it is 0, absent when it knows no limit.
    limit: Option<f64>,
    /// The limit that the look before this one had set.
    limited: Option<f64>,
    /// Absent of a session that was opened to end another: nothing ends an end.
    kill: Option<Kill>,
    state: State,
    end: End,
}

/// What the server is about.
#[derive(Debug)]
enum State {
    /// Waiting for us.
    Waiting,
    /// With this statement, or its answer was not read whole.
    Asked(String),
    /// It is gone, or speaks something else.
    Over,
}

impl Session {
    /// Reaches the server, waits for its greeting, speaks TLS as it is wanted, and logs in: each a phase with faults of its own.
    pub(in crate::probe) async fn open(
        look: &mut Look<'_>,
        server: &Server,
    ) -> Result<Self, Stopped> {
        let (mut session, remote) = Self::reach(look, server).await?;
        session.kill = Some(Kill {
            shared: Arc::downgrade(&look.ctx.shared),
            server: at(server, remote),
            connection: session.greeting.connection,
        });
        Ok(session)
    }

    /// The same for a session that leaves nothing behind which somebody would have to end.
    pub(super) async fn open_to_kill(
        look: &mut Look<'_>,
        server: &Server,
    ) -> Result<Self, Stopped> {
        Self::reach(look, server).await.map(|(session, _)| session)
    }

    /// A session, and where it leads to.
    async fn reach(
        look: &mut Look<'_>,
        server: &Server,
    ) -> Result<(Self, Option<IpAddr>), Stopped> {
        let config = match server.tls_settings() {
            Some(settings) => Some(look.ctx.shared.tls.get(&settings).await?),
            None => None,
        };
        let stream = server.endpoint.open(look).await?;
        let remote = match &stream {
            Stream::Tcp(stream) => stream.peer_addr().ok().map(|address| address.ip()),
            Stream::Unix(_) | Stream::Tls(_) => None,
        };
        let mut wire = Wire::new(stream);
        let greeting = greeted(look, &mut wire).await?;
        let mut wire = secured(look, wire, &greeting, server, config).await?;
        wire.when = "while credentials were checked";
        let name = format!("allclear/{}", look.ctx.shared.run);
        let late = FaultKind::Sql(SqlFault::TimeoutAuth);
        let logging_in = login::log_in(&mut wire, &greeting, server, Name(&name));
        look.phase(Phase::Auth, late, logging_in).await?;
        wire.when = "while the session was set up";
        let late = FaultKind::Sql(SqlFault::TimeoutStartup);
        let settling = settle(&mut wire, &greeting);
        let (end, limit) = look.phase(Phase::Startup, late, settling).await?;
        wire.when = "while a query ran";
        let session = Self {
            tls: wire.tls(),
            kill: None,
            wire,
            greeting,
            limit,
            limited: None,
            state: State::Waiting,
            end,
        };
        Ok((session, remote))
    }

    /// Runs one statement by the text protocol. Its rows are counted while they are read.
    pub(in crate::probe) async fn ask(
        &mut self,
        text: &str,
        limits: Limits,
    ) -> Result<Answer, Halt> {
        if !matches!(self.state, State::Waiting) {
            return Err(cut_short());
        }
        self.state = State::Asked(text.to_owned());
        let is_extended = login::is_extended(&self.greeting);
        match query(&mut self.wire, text, is_extended, limits).await {
            Ok(Given {
                rows,
                affected,
                end,
            }) => {
                self.state = State::Waiting;
                self.end = end;
                Ok(Answer { rows, affected })
            }
            Err(halt) => {
                match &halt {
                    Halt::Fault {
                        kind: FaultKind::MySql(_),
                        ..
                    } => self.state = State::Waiting,
                    // The rest of the answer is still to come.
                    Halt::Fault {
                        kind: FaultKind::Sql(SqlFault::TooLarge),
                        ..
                    } => {}
                    _ => self.state = State::Over,
                }
                Err(halt)
            }
        }
    }

    /// Has the server end by itself what takes longer than this and a little. Where it has a shorter limit of its own, that
    /// stays: applications meet it, too.
    pub(in crate::probe) async fn limit(&mut self, left: Duration) -> Result<(), Halt> {
        // Nobody is left then to take what it breaks off for an answer.
        let left = left + GRACE;
        let (name, most) = match self.greeting.flavour {
            Flavour::MariaDb => ("max_statement_time", left.as_secs_f64()),
            // It ends nothing but SELECT.
            Flavour::MySql => ("max_execution_time", left.as_secs_f64().ceil() * 1000.0),
        };
        let Some(own) = self.limit else {
            return Ok(());
        };
        let wanted = if own == 0.0 { most } else { own.min(most) };
        // Of a kept session an earlier look may have set a shorter one.
        if self.limited.is_none() && wanted >= own && own != 0.0 {
            return Ok(());
        }
        self.limited = Some(wanted);
        let nothing = Limits { rows: 0, bytes: 0 };
        let text = format!("SET SESSION {name} = {wanted}");
        self.ask(&text, nothing).await.map(|_| ())
    }

    /// Whether it can be asked something new: nothing is open, and nothing came meanwhile.
    pub(in crate::probe) fn is_usable(&mut self) -> bool {
        matches!(self.state, State::Waiting) && !self.is_in_transaction() && self.wire.is_quiet()
    }

    /// Says goodbye, or ends what it was asked, and waits a little until the server has done so:
    /// who leaves the program then leaves nothing behind.
    pub(in crate::probe) async fn close(mut self) {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Waiting => {
                let _ = timeout(GOODBYE, self.wire.quit()).await;
            }
            State::Asked(text) => {
                if let Some(ending) = self.kill.take().and_then(|kill| kill.send(text)) {
                    let _ = ending.await;
                }
            }
            State::Over => {}
        }
    }

    /// As the server writes it, without what MariaDB puts before it for old replicas.
    pub(in crate::probe) fn server_version(&self) -> &str {
        &self.greeting.version
    }

    pub(in crate::probe) fn flavour(&self) -> Flavour {
        self.greeting.flavour
    }

    /// The version of TLS; absent without.
    pub(in crate::probe) fn tls(&self) -> Option<&str> {
        self.tls.as_deref()
    }

    /// Whether a transaction is open, as the server said last.
    pub(in crate::probe) fn is_in_transaction(&self) -> bool {
        let status = self.end.status;
        status.contains(StatusFlags::SERVER_STATUS_IN_TRANS)
    }

    /// How many warnings the last statement left.
    pub(in crate::probe) fn warnings(&self) -> u16 {
        self.end.warnings
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        match &mut self.state {
            State::Over => {}
            // What can be said at once is said: a server complains of those who leave without a word.
            State::Waiting => {
                let _ = self.wire.leave().now_or_never();
            }
            State::Asked(text) => {
                if let Some(kill) = self.kill.take() {
                    kill.send(std::mem::take(text));
                }
            }
        }
    }
}

/// The same server, also where its name leads to several.
fn at(server: &Server, remote: Option<IpAddr>) -> Server {
    let mut server = server.clone();
    if let (Endpoint::Socket { resolving, .. }, Some(remote)) = (&mut server.endpoint, remote) {
        *resolving = Resolving::Given(vec![remote]);
    }
    server
}

/// Hears the greeting, and says nothing: the server notes that somebody left before he logged in.
pub(in crate::probe) async fn knock(look: &mut Look<'_>, server: &Server) -> Result<bool, Stopped> {
    let mut wire = Wire::new(server.endpoint.open(look).await?);
    let greeting = greeted(look, &mut wire).await?;
    let offered = greeting.capabilities;
    Ok(offered.contains(CapabilityFlags::CLIENT_SSL))
}

/// The server speaks first.
async fn greeted(look: &mut Look<'_>, wire: &mut Wire) -> Result<Greeting, Stopped> {
    let late = FaultKind::Sql(SqlFault::TimeoutStartup);
    let hearing = async { Greeting::read(&wire.short().await?) };
    let heard = look.timed(Phase::Startup, late, hearing).await;
    heard.map_err(|halt| look.stop(Phase::Startup, explained(halt)))
}

/// The server speaks first: who says nothing may speak something else.
fn explained(halt: Halt) -> Halt {
    match halt {
        Halt::Fault {
            kind: kind @ FaultKind::Sql(SqlFault::TimeoutStartup),
            message,
            origin,
        } => Halt::Fault {
            kind,
            message: format!("{message}; the server said nothing, and MySQL's speaks first"),
            origin,
        },
        other => other,
    }
}

/// TLS over the connection, if it is wanted and offered.
async fn secured(
    look: &mut Look<'_>,
    mut wire: Wire,
    greeting: &Greeting,
    server: &Server,
    config: Option<Arc<ClientConfig>>,
) -> Result<Wire, Stopped> {
    let host = match &server.endpoint {
        Endpoint::Socket { host, .. } => host.as_str(),
        Endpoint::Unix(_) => "localhost",
    };
    let Some(config) = config else {
        return Ok(wire);
    };
    let is_offered = greeting.capabilities.contains(CapabilityFlags::CLIENT_SSL);
    if !is_offered && server.mode() == TlsMode::Prefer {
        return Ok(wire);
    }
    let late = FaultKind::Tls(TlsFault::Timeout);
    let asking = async {
        if is_offered {
            login::ask_for_tls(&mut wire, greeting, server).await
        } else {
            let why = "the server does not offer TLS";
            Err(Halt::fault(FaultKind::Tls(TlsFault::NotOffered), why))
        }
    };
    look.phase(Phase::StartTls, late, asking).await?;
    let next = wire.next();
    let stream = wire
        .into_stream()
        .map_err(|halt| look.stop(Phase::StartTls, halt))?;
    let stream = net::handshake(look, config, host, stream).await?;
    Ok(Wire::over(stream, next))
}

/// Makes the session what every look counts on, UTF-8 and UTC, and asks how long a statement may take by itself.
async fn settle(wire: &mut Wire, greeting: &Greeting) -> Result<(End, Option<f64>), Halt> {
    let end = run(wire, "SET NAMES utf8mb4, time_zone = '+00:00'").await?;
    let limit = match greeting.flavour {
        Flavour::MariaDb => "SELECT @@max_statement_time AS `limit`",
        Flavour::MySql => "SELECT @@max_execution_time AS `limit`",
    };
    let little = Limits {
        rows: 1,
        bytes: 4096,
    };
    match query(wire, limit, login::is_extended(greeting), little).await {
        Ok(Given { rows, .. }) => {
            let rows = rows.unwrap_or_default();
            let limit = rows.all.first().and_then(|row| row.get("limit").cloned());
            Ok((end, number(limit)))
        }
        // Old versions know no limit.
        Err(Halt::Fault {
            kind: FaultKind::MySql(_),
            ..
        }) => Ok((end, None)),
        Err(Halt::Fault {
            kind: FaultKind::Sql(SqlFault::TooLarge),
            ..
        }) => Err(protocol("a limit of more than one row")),
        Err(halt) => Err(halt),
    }
}

fn number(value: Option<Value>) -> Option<f64> {
    match value {
        Some(Value::Number(number)) => Some(number.to_f64()),
        _ => None,
    }
}
