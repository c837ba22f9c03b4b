//! `pool`: does the server carry as many connections as the application will ask for?

mod capacity;
mod door;
mod entrance;
mod guard;
mod prove;
mod queue;

mod rules;
mod storm;
mod tally;
#[cfg(test)]
mod testing;
mod watcher;

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::Instant;

use self::capacity::Capacity;
use self::entrance::Entrance;
use self::queue::Queue;
use self::rules::Rules;
use self::storm::Storm;
use self::watcher::Watcher;
use super::database::{Dsn, Security, Server, TlsMode};
use super::descriptors::room_for;
use super::look::Look;
use super::net::ClientCertificate;
use super::{Context, Invalid, Least, Needs, Probe};
use crate::model::{KnownFact, Looked, Phase, ProbeError, Stopped, Unable};

/// Puts many logins, or a pool of connections, on a database server, and sees what it carries. One of `storm`, `pool` and
/// `capacity`, which only calculates. Whatever is opened is closed again, whichever way the look ends, and the server's list of
/// sessions shows it as `allclear/RUN`.
///
/// Before any of them a watcher logs in, alone: what it may not do nobody else tries, so a wrong password is sent once. It reads
/// `max_connections`, `reserved_connections` (in PostgreSQL those for superusers and for `pg_use_reserved_connections`),
/// `user_limit` and `database_limit` (where there are any) and how many others have, and from these `free_connections`. A look
/// that would take more than 80 % of those that are free is not taken and ends in `error.guard`, unless `allow_exhaust` is said;
/// before each further step of a ramp the same is asked again of what is free then. Looks like these want `alone: true`: what
/// others do meanwhile is counted as theirs.
///
/// `storm`: so many logins at the same instant, all to the address that answered the watcher (`remote_ip`), each once and without
/// a retry, each with a first question, then held. The watcher's connection is one of them: a server of 10 with 3 reserved opens
/// exactly 7. A login that fails is counted in `codes` (code and number) and `refused`, and ends nothing but the ramp; a test
/// expects `opened`, `refused` or `codes`. Before they are closed all are asked once more: one that ended while it was held does
/// not count as `opened`, and its code does as any other's. `opened` of `attempted`, the percentiles `connect_p50`, `connect_p95`
/// and `connect_max` (from the start of the socket to logged in) and `by_phase`, the same of each phase, are of the last step
/// taken; logins that failed count as slower than any, so a percentile that falls among them is absent, and so is the watcher's.
/// `phases.*` are the slowest login's. `codes` and `refused` are of all steps, `steps` lists them. Once a server has no
/// connection left nothing is held and no further step begins, unless `allow_exhaust` is said. `server_peak` is the most
/// connections of ours that the watcher saw while they were held, `server_low` the fewest of the last step; when the watcher
/// himself is not answered any more the look ends as he did.
///
/// `pool`: a pool with these rules is tried from its first connection to its last, and each is a fact. Nothing is opened before
/// it is asked for (`lazy`); `size` and `overflow` together can be out at once (`opened`, and by the server's account
/// `server_peak`); one more waits (`waited`) and gets the next that comes back (`handed_over` later); when none does it fails
/// after `timeout` give or take a tenth (`timed_out`), with `timed_out_with: pool.timeout`, in which the network has no part;
/// connections beyond `size` are closed when they come back, and the server has let go of them after `overflow_closed` and has
/// `kept` the others, else the look ends after five seconds in `pool.lingers`, as it does through a pooler that keeps connections
/// of its own; a kept one that the server ended is replaced before anybody gets it (`replaced`). When `instances` × `workers` ×
/// (`size` + `overflow`) are more than the server gives, nothing of this is tried and the look ends in `pool.capacity`.
///
/// `capacity`: `demand` is `instances` × `workers` × (`pool` + `overflow`), `available` is `max_connections` − `reserved` or a
/// limit of the user or the database beneath it, `headroom` what is left, and `fits` says whether; if not, the look ends in
/// `pool.capacity` with the sum in words. With `dsn` the server is asked, and `differs` lists what was declared otherwise.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "suites say `pool: { pool: … }`")]
pub struct Pool {
    /// A server, `postgres://user:password@db.example/app` or `mysql://…`; only `capacity` can do without.
    dsn: Option<String>,
    /// Whether TLS is spoken, and whom it believes; `sslmode` of the DSN says it otherwise. Without both it is `prefer`, with a
    /// `ca` `verify-full`, and over a unix socket `disable`.
    tls: Option<TlsMode>,
    /// A PEM file of authorities, trusted instead of the system's. Relative paths begin where the program was started.
    ca: Option<PathBuf>,
    /// Who we say we are, for servers that want to know.
    client_certificate: Option<ClientCertificate>,
    /// The address of a name server to ask for the host instead of the system: `10.0.0.2`, `10.0.0.2:5353`, `[fd00::2]:5353`. The
    /// host is then fully qualified.
    resolver: Option<String>,
    /// Many logins at once.
    storm: Option<Storm>,
    /// A pool as the application has it.
    pool: Option<Rules>,
    /// Arithmetic alone.
    capacity: Option<Capacity>,
    /// Take what is free, also the last of it; others are then refused. Needs `--allow-side-effects`.
    #[serde(default)]
    allow_exhaust: bool,
    #[serde(skip)]
    parsed: OnceLock<Option<Server>>,
}

/// What is to be done: one of the keys.
enum Plan<'k> {
    Storm(&'k Storm),
    Pool(&'k Rules),
    Capacity(&'k Capacity),
}

impl Pool {
    fn plan(&self) -> Result<Plan<'_>, Invalid> {
        match (&self.storm, &self.pool, &self.capacity) {
            (Some(storm), None, None) => Ok(Plan::Storm(storm)),
            (None, Some(rules), None) => Ok(Plan::Pool(rules)),
            (None, None, Some(capacity)) => Ok(Plan::Capacity(capacity)),
            (None, None, None) => Err(Invalid::new(
                "dsn",
                "what to do is missing: `storm`, `pool` or `capacity`",
            )),
            _ => Err(Invalid::new(
                "dsn",
                "write only one of `storm`, `pool` and `capacity`",
            )),
        }
    }

    /// The server, if one is named; checked with all that is said beside it.
    fn server(&self) -> Result<Option<&Server>, Invalid> {
        if let Some(known) = self.parsed.get() {
            return Ok(known.as_ref());
        }
        let plan = self.plan()?;
        match plan {
            Plan::Storm(storm) => storm.check()?,
            Plan::Pool(rules) => rules.check()?,
            Plan::Capacity(capacity) => capacity.check(self.dsn.is_none())?,
        }
        if self.allow_exhaust && matches!(plan, Plan::Capacity(_)) {
            let why = "`capacity` takes no connections, so there is nothing to exhaust";
            return Err(Invalid::new("allow_exhaust", why));
        }
        let server = match &self.dsn {
            Some(dsn) => Some(self.named(dsn)?),
            None if matches!(plan, Plan::Capacity(_)) => None,
            None => {
                let why = "`dsn` is missing: `postgres://USER:PASSWORD@HOST/DATABASE`";
                return Err(Invalid::new("dsn", why));
            }
        };
        Ok(self.parsed.get_or_init(|| server).as_ref())
    }

    fn named(&self, dsn: &str) -> Result<Server, Invalid> {
        let security = Security {
            tls: self.tls,
            ca: self.ca.clone(),
            client_certificate: self.client_certificate.clone(),
            resolver: self.resolver.clone(),
        };
        match Dsn::parse(dsn)?.with(security)? {
            Dsn::Server(server) => Ok(*server),
            Dsn::Sqlite { .. } => Err(Invalid::new(
                "dsn",
                "a file has no connections to run out of; name a server",
            )),
        }
    }
}

impl Probe for Pool {
    const FACTS: &'static [KnownFact] = &[
        KnownFact::number("opened"),
        KnownFact::number("attempted"),
        KnownFact::number("refused"),
        KnownFact::any("codes"),
        KnownFact::list("steps"),
        KnownFact::duration("connect_p50"),
        KnownFact::duration("connect_p95"),
        KnownFact::duration("connect_max"),
        KnownFact::any("by_phase"),
        KnownFact::number("server_peak"),
        KnownFact::number("server_low"),
        KnownFact::truth("lazy"),
        KnownFact::duration("waited"),
        KnownFact::duration("handed_over"),
        KnownFact::duration("timed_out"),
        KnownFact::text("timed_out_with"),
        KnownFact::duration("overflow_closed"),
        KnownFact::number("kept"),
        KnownFact::number("replaced"),
        KnownFact::number("demand"),
        KnownFact::number("available"),
        KnownFact::number("headroom"),
        KnownFact::truth("fits"),
        KnownFact::list("differs"),
        KnownFact::number("max_connections"),
        KnownFact::number("reserved_connections"),
        KnownFact::number("free_connections"),
        KnownFact::number("user_limit"),
        KnownFact::number("database_limit"),
        KnownFact::text("server_version"),
        KnownFact::text("remote_ip"),
        KnownFact::text("family"),
    ];

    fn prepare(&self) -> Result<(), Invalid> {
        self.server().map(|_| ())
    }

    fn resources(&self) -> Vec<String> {
        match self.server() {
            Ok(Some(server)) => Dsn::Server(Box::new(server.clone())).resources(),
            Ok(None) | Err(_) => Vec::new(),
        }
    }

    fn request(&self) -> String {
        let what = match self.plan() {
            Ok(Plan::Storm(storm)) => format!("storm of {}", storm.most()),
            Ok(Plan::Pool(rules)) => format!("pool of {} + {}", rules.size, rules.overflow),
            Ok(Plan::Capacity(capacity)) => format!("capacity for {}", capacity.demand()),
            Err(_) => "nothing".to_owned(),
        };
        match self.server() {
            Ok(Some(server)) => format!("{}: {what}", server.shown()),
            Ok(None) | Err(_) => what,
        }
    }

    fn needs(&self) -> Needs {
        Needs {
            commands: false,
            side_effects: self.allow_exhaust,
        }
    }

    fn least(&self) -> Option<Least> {
        let (field, (time, why)) = match self.plan().ok()? {
            Plan::Storm(storm) => ("storm.hold", storm.least()),
            Plan::Pool(rules) => ("pool.timeout", rules.least()),
            Plan::Capacity(_) => return None,
        };
        Some(Least { field, time, why })
    }

    fn counts(&self) -> &'static [&'static str] {
        match self.plan() {
            Ok(Plan::Storm(_)) => &["opened", "refused", "codes"],
            _ => &[],
        }
    }

    async fn observe(&self, ctx: &Context) -> Looked {
        let server = self.server()?;
        if let Some(server) = server {
            server.hide_in(&ctx.shared.mask, self.dsn.as_deref().unwrap_or_default());
        }
        let mut look = Look::begin(ctx);
        match (self.plan()?, server) {
            (Plan::Capacity(capacity), None) => {
                let judged = capacity
                    .demand()
                    .hold_against(&capacity.declared(), &mut look);
                judged.map_err(|halt| look.stop(Phase::Local, halt))?;
            }
            (Plan::Capacity(capacity), Some(server)) => {
                let watcher = Watcher::open(&mut look, server, ctx.deadline).await?;
                look.fact("differs", capacity.differs(&watcher.room));
                let judged = capacity.demand().hold_against(&watcher.room, &mut look);
                let judged = judged.map_err(|halt| look.stop(Phase::Query, halt));
                watcher.close().await;
                judged?;
            }
            (Plan::Storm(storm), Some(server)) => {
                Box::pin(self.storm(&mut look, storm, server)).await?;
            }
            (Plan::Pool(rules), Some(server)) => {
                Box::pin(self.pool(&mut look, rules, server)).await?;
            }
            // Checked at load.
            (Plan::Storm(_) | Plan::Pool(_), None) => {
                return Err(Invalid::new("dsn", "`dsn` is missing").into());
            }
        }
        Ok(look.finish())
    }
}

impl Pool {
    async fn storm(
        &self,
        look: &mut Look<'_>,
        storm: &Storm,
        server: &Server,
    ) -> Result<(), Stopped> {
        room_for(storm.most(), look.ctx)?;
        has_time(look.ctx, storm.least().0)?;
        let ends = before(look.ctx.deadline);
        let mut watcher = Watcher::open(look, server, ends).await?;
        self.admit(&watcher, storm.most())?;
        let entrance = Entrance::new(look.ctx, server, &watcher, ends, None);
        let may_exhaust = self.allow_exhaust;
        storm::rage(look, storm, &entrance, &mut watcher, may_exhaust, ends).await?;
        watcher.close().await;
        Ok(())
    }

    async fn pool(
        &self,
        look: &mut Look<'_>,
        rules: &Rules,
        server: &Server,
    ) -> Result<(), Stopped> {
        room_for(rules.most() + 1, look.ctx)?;
        has_time(look.ctx, rules.least().0)?;
        let ends = before(look.ctx.deadline);
        let mut watcher = Watcher::open(look, server, ends).await?;
        let judged = rules.demand().hold_against(&watcher.room, look);
        judged.map_err(|halt| look.stop(Phase::Query, halt))?;
        self.admit(&watcher, rules.most() + 1)?;
        let connect = Some(rules.connect_timeout());
        let entrance = Entrance::new(look.ctx, server, &watcher, ends, connect);
        let pool = Queue::new(entrance, rules.size, rules.overflow, rules.timeout.get());
        Box::pin(prove::prove(look, rules, &pool, &mut watcher)).await?;
        watcher.close().await;
        Ok(())
    }

    fn admit(&self, watcher: &Watcher, wanted: u32) -> Result<(), ProbeError> {
        if self.allow_exhaust {
            return Ok(());
        }
        watcher.room.admit(wanted.into())
    }
}

/// What begins late, behind other steps, may have too little time left: a load that cannot come to its end says nothing.
fn has_time(ctx: &Context, least: Duration) -> Result<(), ProbeError> {
    let left = ctx.deadline.saturating_duration_since(Instant::now());
    if least <= left {
        return Ok(());
    }
    let message = format!("{least:?} are needed at least, and the budget leaves {left:.0?}");
    Err(ProbeError::new(Unable::Value, message))
}

/// When logins and waits end, so that what they came to can still be told.
fn before(deadline: Instant) -> Instant {
    let left = deadline.saturating_duration_since(Instant::now());
    let rest = (left / 20).min(Duration::from_millis(500));
    deadline.checked_sub(rest).unwrap_or(deadline)
}

#[cfg(test)]
mod tests;
