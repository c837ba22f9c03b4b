//! The door of a real server.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::door::{Door, Login, Refusal};
use super::watcher::{ANSWER, Watcher};
use crate::model::{Fault, FaultKind, Observation, Phase, PhaseTime, SqlFault, Stopped};
use crate::probe::Context;
use crate::probe::database::{Engine, Server, Session, number};
use crate::probe::look::{Halt, Look};

/// How long a connection that is kept may take to say that it is alive.
const PING: Duration = Duration::from_secs(5);

/// Where connections to a server come from. All go to the address that answered the watcher.
pub(super) struct Entrance {
    ctx: Context,
    server: Server,
    /// When the last login must have ended.
    ends: Instant,
    /// How long one may take.
    timeout: Option<Duration>,
}

/// A connection that is logged in.
#[derive(Debug)]
pub(super) struct Connection {
    session: Session,
    number: u64,
}

impl Entrance {
    pub(super) fn new(
        ctx: &Context,
        server: &Server,
        watcher: &Watcher,
        ends: Instant,
        timeout: Option<Duration>,
    ) -> Self {
        Self {
            ctx: ctx.clone(),
            server: watcher.same_address(server),
            ends,
            timeout,
        }
    }

    /// The first question, which is who we are.
    const fn question(&self) -> &'static str {
        match self.server.engine {
            Engine::Postgres => "SELECT pg_catalog.pg_backend_pid()",
            Engine::MySql => "SELECT CONNECTION_ID()",
        }
    }
}

impl Door for Entrance {
    type Connection = Connection;

    async fn open(&self) -> Login<Connection> {
        let own = self.timeout.map(|timeout| Instant::now() + timeout);
        let ctx = Context {
            deadline: own.map_or(self.ends, |own| own.min(self.ends)),
            ..self.ctx.clone()
        };
        let started = Instant::now();
        let mut look = Look::begin(&ctx);
        let opened = Session::open(&mut look, &self.server).await;
        let took = started.elapsed();
        let mut session = match opened {
            Ok(session) => session,
            Err(stopped) => return failed(took, stopped),
        };
        let late = FaultKind::Sql(SqlFault::TimeoutQuery);
        let asking = session.ask(self.question(), ANSWER);
        let answer = look.phase(Phase::Query, late, asking).await;
        let answer = answer.and_then(|answer| {
            number(&answer, 0).map_err(|halt: Halt| look.stop(Phase::Query, halt))
        });
        match answer {
            Ok(number) => Login {
                took,
                phases: of_the_login(look.finish().phases),
                end: Ok(Connection { session, number }),
            },
            Err(stopped) => failed(took, stopped),
        }
    }

    async fn ask_again(&self, connection: &mut Connection) -> Result<(), Refusal> {
        let asking = connection.session.ask("SELECT 1", ANSWER);
        // Also when logins have no time left: a connection that was held to the end is asked all the same.
        let left = self.ctx.deadline.saturating_duration_since(Instant::now());
        let limit = PING.min(left / 2);
        match timeout(limit, asking).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(Halt::Fault {
                kind,
                message,
                origin,
            })) => Err(Refusal::Fault(Fault {
                kind,
                phase: Phase::Query,
                message,
                origin,
            })),
            Ok(Err(Halt::Unable(error))) => Err(Refusal::Unable(error)),
            Err(_) => Err(Refusal::Fault(Fault {
                kind: FaultKind::Sql(SqlFault::TimeoutQuery),
                phase: Phase::Query,
                message: format!("a connection did not answer within {limit:.1?}"),
                origin: None,
            })),
        }
    }

    async fn close(&self, connection: Connection) {
        connection.session.close().await;
    }

    fn number(connection: &Connection) -> u64 {
        connection.number
    }
}

fn failed(took: Duration, stopped: Stopped) -> Login<Connection> {
    let (phases, refusal) = match stopped {
        Stopped::Unable(error) => (Vec::new(), Refusal::Unable(error)),
        Stopped::Fault(seen) => {
            let Observation { phases, fault, .. } = *seen;
            (
                of_the_login(phases),
                Refusal::Fault(fault.unwrap_or_else(unknown)),
            )
        }
    };
    Login {
        took,
        phases,
        end: Err(refusal),
    }
}

/// The name was resolved for the watcher, once for all.
fn of_the_login(mut phases: Vec<PhaseTime>) -> Vec<PhaseTime> {
    phases.retain(|time| time.phase != Phase::Resolve);
    phases
}

/// A look that was stopped always says by what.
fn unknown() -> Fault {
    Fault {
        kind: FaultKind::Sql(SqlFault::Protocol),
        phase: Phase::Startup,
        message: "a login failed without a word of why".to_owned(),
        origin: None,
    }
}
