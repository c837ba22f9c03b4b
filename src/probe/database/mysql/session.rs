//! A session with a server: opened, asked, closed.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use mysql_common::constants::StatusFlags;
use tokio::time::{Instant, timeout};

use super::greeting::{Flavour, Greeting};
use super::kill::Kill;
use super::login::{self, Name};
use super::plugin::Way;
use super::query::{End, Given, query, run};
use super::wire::Wire;
use crate::model::{FaultKind, Phase, SqlFault, Stopped, TlsFault};
use crate::probe::database::{Answer, Limits, Server, TlsMode};
use crate::probe::look::{Halt, Look};
use crate::probe::net::{self, Endpoint, Resolving, Stream, Verification};

/// Saying goodbye takes no longer: a server that does not close is left.
const GOODBYE: Duration = Duration::from_millis(250);

/// A session with a server. Dropping it while it waits for an answer ends in the server what it asked.
#[derive(Debug)]
pub(in crate::probe) struct Session {
    wire: Wire,
    greeting: Greeting,
    tls: Option<String>,
    kill: Kill,
    state: State,
}

/// What the server is about.
#[derive(Debug)]
enum State {
    /// Waiting for us.
    Waiting(End),
    /// With this statement, or it broke off in the middle of an answer.
    Asked(String),
}

impl Session {
    /// Reaches the server, waits for its greeting, speaks TLS as it is wanted, and logs in: each a phase with faults of its own.
    pub(in crate::probe) async fn open(
        look: &mut Look<'_>,
        server: &Server,
    ) -> Result<Self, Stopped> {
        let stream = server.endpoint.open(look).await?;
        let remote = match &stream {
            Stream::Tcp(stream) => stream.peer_addr().ok().map(|address| address.ip()),
            Stream::Unix(_) | Stream::Tls(_) => None,
        };
        let mut wire = Wire::new(stream);
        let late = FaultKind::Sql(SqlFault::TimeoutStartup);
        let greeting = look
            .timed(Phase::Startup, late, async {
                Greeting::read(&wire.short().await?)
            })
            .await
            .map_err(|halt| look.stop(Phase::Startup, explained(halt)))?;
        let (mut wire, way) = secured(look, wire, &greeting, server).await?;
        wire.when = "while credentials were checked";
        let name = format!("allclear/{}", look.ctx.shared.run);
        let late = FaultKind::Sql(SqlFault::TimeoutAuth);
        let logging_in = login::log_in(&mut wire, &greeting, server, Name(&name), way);
        look.phase(Phase::Auth, late, logging_in).await?;
        wire.when = "while the session was set up";
        let left = look.ctx.deadline.saturating_duration_since(Instant::now());
        let late = FaultKind::Sql(SqlFault::TimeoutStartup);
        let settling = settle(&mut wire, greeting.flavour, left);
        let end = look.phase(Phase::Startup, late, settling).await?;
        wire.when = "while a query ran";
        Ok(Self {
            tls: wire.tls(),
            kill: Kill {
                shared: Arc::downgrade(&look.ctx.shared),
                server: at(server, remote),
                connection: greeting.connection,
            },
            wire,
            greeting,
            state: State::Waiting(end),
        })
    }

    /// Runs one statement by the text protocol. Its rows are counted while they are read.
    pub(in crate::probe) async fn ask(
        &mut self,
        text: &str,
        limits: Limits,
    ) -> Result<Answer, Halt> {
        self.state = State::Asked(text.to_owned());
        let is_extended = login::is_extended(&self.greeting);
        let asked = query(&mut self.wire, text, is_extended, limits).await;
        let Given {
            rows,
            affected,
            end,
        } = asked?;
        self.state = State::Waiting(end);
        Ok(Answer { rows, affected })
    }

    /// Says goodbye, and waits a little until the server has closed, too.
    pub(in crate::probe) async fn close(mut self) {
        if let State::Waiting(_) = self.state {
            let _ = timeout(GOODBYE, self.wire.quit()).await;
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
        match &self.state {
            State::Waiting(end) => end.status.contains(StatusFlags::SERVER_STATUS_IN_TRANS),
            State::Asked(_) => false,
        }
    }

    /// How many warnings the last statement left.
    pub(in crate::probe) fn warnings(&self) -> u16 {
        match &self.state {
            State::Waiting(end) => end.warnings,
            State::Asked(_) => 0,
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let State::Asked(text) = &mut self.state {
            self.kill.clone().send(std::mem::take(text));
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
) -> Result<(Wire, Way), Stopped> {
    use mysql_common::constants::CapabilityFlags;
    let host = match &server.endpoint {
        Endpoint::Socket { host, .. } => host.as_str(),
        Endpoint::Unix(_) => "localhost",
    };
    let plain = match &server.endpoint {
        Endpoint::Socket { .. } => Way::Open,
        Endpoint::Unix(_) => Way::Socket,
    };
    let Some(settings) = server.tls_settings() else {
        return Ok((wire, plain));
    };
    let is_offered = greeting.capabilities.contains(CapabilityFlags::CLIENT_SSL);
    if !is_offered && server.tls == TlsMode::Prefer {
        return Ok((wire, plain));
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
    let config = look.ctx.shared.tls.get(&settings).await?;
    let next = wire.next();
    let stream = wire
        .into_stream()
        .map_err(|halt| look.stop(Phase::StartTls, halt))?;
    let stream = net::handshake(look, config, host, stream).await?;
    let way = match settings.verification {
        Verification::Nothing => Way::Tls,
        Verification::Chain | Verification::Full => Way::VerifiedTls,
    };
    Ok((Wire::over(stream, next), way))
}

/// Makes the session what every look counts on: UTF-8, UTC, and no statement that outlives the look.
async fn settle(wire: &mut Wire, flavour: Flavour, left: Duration) -> Result<End, Halt> {
    // None would mean no limit.
    let left = left.max(Duration::from_millis(1));
    let end = run(wire, "SET NAMES utf8mb4, time_zone = '+00:00'").await?;
    let (name, most) = match flavour {
        Flavour::MariaDb => ("max_statement_time", format!("{:.3}", left.as_secs_f64())),
        // It knows a limit for SELECT only.
        Flavour::MySql => ("max_execution_time", left.as_millis().to_string()),
    };
    // A limit the server has already may be less, and stays then: it is what applications meet, too.
    let text = format!("SET SESSION {name} = IF(@@{name} = 0, {most}, LEAST(@@{name}, {most}))");
    match run(wire, &text).await {
        // Old versions know no limit.
        Err(Halt::Fault {
            kind: FaultKind::MySql(_),
            ..
        }) => Ok(end),
        other => other,
    }
}
