//! A connection that has logged in, and those that are kept.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use redis::Value as Reply;
use rustls::ClientConfig;
use tokio::time::Instant;

use super::about::About;
use super::broken;
use super::reply;
use super::request::{Command, packed};
use super::url::Login;
use super::wire::Wire;
use crate::model::{FaultKind, Phase, RedisFault, RunId, Stopped, TlsFault, Value};
use crate::probe::look::{Halt, Look};
use crate::probe::net::{self, Endpoint, Stream, TlsSettings};

/// So many are kept at most, of all places together.
const MOST_IDLE: usize = 64;

/// The name of a connection is so long at most; Redis itself has no limit.
const LONGEST_NAME: usize = 63;

/// Where, how and as whom: what two connections must have in common to stand for each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::probe) struct Place {
    pub(in crate::probe) endpoint: Endpoint,
    pub(in crate::probe) tls: Option<TlsSettings>,
    pub(in crate::probe) login: Option<Login>,
    pub(in crate::probe) database: u32,
}

impl Place {
    /// `redis cache:6379/0`: what may be shown of it.
    pub(in crate::probe) fn shown(&self) -> String {
        format!("redis {}/{}", self.endpoint, self.database)
    }

    fn host(&self) -> &str {
        match &self.endpoint {
            Endpoint::Socket { host, .. } => host,
            Endpoint::Unix(_) => "localhost",
        }
    }
}

/// A connection that has logged in.
pub(in crate::probe) struct Session {
    wire: Wire,
    place: Place,
    /// Who answered, over the network.
    remote: Option<SocketAddr>,
    /// `TLSv1.3`, where it is spoken.
    tls: Option<String>,
    /// Whether `HELLO 3` is understood (Redis 6).
    has_resp3: bool,
    about: About,
}

/// How a server answers a greeting.
enum Greeting {
    /// It tells about itself.
    Hello(About),
    /// It wants to know who asks.
    WantsLogin,
    /// It knows no `HELLO`, and so no RESP3.
    Unknown,
}

impl Session {
    /// A kept connection that still answers, or a new one. Its facts are recorded.
    pub(in crate::probe) async fn open(
        look: &mut Look<'_>,
        kept: &Sessions,
        place: &Place,
        tls: Option<Arc<ClientConfig>>,
    ) -> Result<Self, Stopped> {
        let session = match Self::again(look, kept, place).await? {
            Some(session) => session,
            None => Self::new(look, place, tls).await?,
        };
        session.tell(look);
        Ok(session)
    }

    /// Sends commands, all at once. That it failed is told by [`Session::reply`].
    pub(in crate::probe) async fn send(&mut self, commands: &[Command]) {
        self.wire.send(&packed(commands)).await;
    }

    /// The reply to the next of them.
    pub(in crate::probe) async fn reply(&mut self) -> Result<Reply, Halt> {
        self.wire.reply().await
    }

    /// One that was kept. What became of the server meanwhile is asked anew: a primary may be a replica now. Who was closed
    /// meanwhile says nothing about the target.
    async fn again(
        look: &mut Look<'_>,
        kept: &Sessions,
        place: &Place,
    ) -> Result<Option<Self>, Stopped> {
        while let Some(mut session) = kept.take(place) {
            if !session.wire.begin().await {
                continue;
            }
            let has_resp3 = session.has_resp3;
            let wire = &mut session.wire;
            let late = FaultKind::Redis(RedisFault::TimeoutStartup);
            let name = name_of(&look.ctx.shared.run);
            let greeting = async {
                if has_resp3 {
                    wire.send(&hello(&name).packed()).await;
                    greeting(wire.reply().await?)
                } else {
                    let about = introduce(wire, &[], 0).await?;
                    Ok(Greeting::Hello(about))
                }
            };
            match look.timed(Phase::Startup, late, greeting).await {
                Ok(Greeting::Hello(about)) => {
                    session.about = about;
                    if let Some(remote) = session.remote {
                        net::see_remote(look, remote);
                    }
                    return Ok(Some(session));
                }
                Err(
                    halt @ Halt::Fault {
                        kind: FaultKind::Redis(RedisFault::TimeoutStartup),
                        ..
                    },
                ) => return Err(look.stop(Phase::Startup, halt)),
                // A new one tells what is the matter.
                Ok(_) | Err(_) => {}
            }
        }
        Ok(None)
    }

    /// Resolves, connects, shakes hands, greets and logs in, each its own phase.
    async fn new(
        look: &mut Look<'_>,
        place: &Place,
        tls: Option<Arc<ClientConfig>>,
    ) -> Result<Self, Stopped> {
        let started = Instant::now();
        let mut stream = place.endpoint.open(look).await?;
        let remote = match &stream {
            Stream::Tcp(stream) => stream.peer_addr().ok(),
            Stream::Unix(_) | Stream::Tls(_) => None,
        };
        if let Some(config) = tls {
            stream = net::handshake(look, config, place.host(), stream)
                .await
                .map_err(asking_for_plain)?;
        }
        let mut session = Self {
            tls: tls_version(&stream),
            wire: Wire::over(stream),
            place: place.clone(),
            remote,
            has_resp3: true,
            about: About::default(),
        };
        session.log_in(look).await?;
        look.fact("connect_latency", Value::Duration(started.elapsed()));
        Ok(session)
    }

    /// Greets before it tells a password: whoever is no Redis is told none.
    async fn log_in(&mut self, look: &mut Look<'_>) -> Result<(), Stopped> {
        let name = name_of(&look.ctx.shared.run);
        let wire = &mut self.wire;
        let late = FaultKind::Redis(RedisFault::TimeoutStartup);
        let is_known = self.place.login.is_some();
        let greeted = look
            .phase(Phase::Startup, late, async {
                wire.send(&hello(&name).packed()).await;
                let said = wire
                    .reply()
                    .await
                    .map_err(|halt| asking_for_tls(halt, wire))?;
                match said {
                    Reply::ServerError(error)
                        if is_known && broken::prefix(&error).as_str() == "NOAUTH" =>
                    {
                        Ok(Greeting::WantsLogin)
                    }
                    said => greeting(said),
                }
            })
            .await?;
        match greeted {
            Greeting::Hello(about) => self.about = about,
            Greeting::WantsLogin => {}
            Greeting::Unknown => self.has_resp3 = false,
        }
        if let Some(login) = &self.place.login {
            let late = FaultKind::Redis(RedisFault::TimeoutAuth);
            let greets = self.has_resp3.then(|| hello(&name));
            let proving = prove(&mut self.wire, login, greets.as_ref());
            let about = look.phase(Phase::Auth, late, proving).await?;
            if let Some(about) = about {
                self.about = about;
            }
        }
        self.settle(look, &name).await
    }

    /// Says who we are to a server that was told by no greeting, and selects the database.
    async fn settle(&mut self, look: &mut Look<'_>, name: &str) -> Result<(), Stopped> {
        let database = self.place.database;
        if self.has_resp3 && database == 0 {
            return Ok(());
        }
        let late = FaultKind::Redis(RedisFault::TimeoutStartup);
        let wire = &mut self.wire;
        if self.has_resp3 {
            let selecting = select(wire, database);
            look.phase(Phase::Startup, late, selecting).await
        } else {
            let set_name = [Command::of(&["CLIENT", "SETNAME", name])];
            let introducing = introduce(wire, &set_name, database);
            self.about = look.phase(Phase::Startup, late, introducing).await?;
            Ok(())
        }
    }

    fn tell(&self, look: &mut Look<'_>) {
        let About {
            version,
            role,
            mode,
        } = &self.about;
        let mut text = |name, known: Option<&str>| {
            if let Some(known) = known {
                look.fact(name, Value::Text(known.to_owned()));
            }
        };
        let login = self.place.login.as_ref();
        let user = login.and_then(|login| login.user.as_deref());
        text("user", Some(user.unwrap_or("default")));
        text("tls", self.tls.as_deref());
        text("server_version", version.as_deref());
        text("role", *role);
        text("mode", mode.as_deref());
    }
}

/// Our version of RESP, and our name: who looks at the server's list of clients finds the run.
fn hello(name: &str) -> Command {
    Command::of(&["HELLO", "3", "SETNAME", name])
}

/// `allclear/<run>`, in what a name may have: what can be seen, and no space.
fn name_of(run: &RunId) -> String {
    let name = format!("allclear/{run}");
    let visible = name
        .chars()
        .map(|c| if c.is_ascii_graphic() { c } else { '-' });
    visible.take(LONGEST_NAME).collect()
}

fn greeting(said: Reply) -> Result<Greeting, Halt> {
    match said {
        Reply::ServerError(error)
            if broken::is_plain(&error) || broken::prefix(&error).as_str() == "NOPROTO" =>
        {
            Ok(Greeting::Unknown)
        }
        Reply::ServerError(error) => Err(broken::refused(&error)),
        Reply::Map(entries) => Ok(Greeting::Hello(About::greeted(&entries))),
        _ => Err(Halt::fault(
            FaultKind::Redis(RedisFault::Protocol),
            "the answer to a greeting is none; this is no Redis",
        )),
    }
}

/// Logs in; the greeting that follows tells about the server, which it does not tell everybody.
async fn prove(
    wire: &mut Wire,
    login: &Login,
    greets: Option<&Command>,
) -> Result<Option<About>, Halt> {
    let auth = match &login.user {
        Some(user) => Command::of(&["AUTH", user, &login.password]),
        None => Command::of(&["AUTH", &login.password]),
    };
    let mut sent = auth.packed();
    if let Some(hello) = greets {
        sent.extend(hello.packed());
    }
    wire.send(&sent).await;
    if let Reply::ServerError(error) = wire.reply().await? {
        return Err(broken::refused_to_let_in(&error, &login.password));
    }
    if greets.is_none() {
        return Ok(None);
    }
    match greeting(wire.reply().await?)? {
        Greeting::Hello(about) => Ok(Some(about)),
        Greeting::WantsLogin | Greeting::Unknown => Ok(None),
    }
}

async fn select(wire: &mut Wire, database: u32) -> Result<(), Halt> {
    wire.send(&Command::of(&["SELECT", &database.to_string()]).packed())
        .await;
    selected(wire.reply().await?)
}

fn selected(said: Reply) -> Result<(), Halt> {
    match said {
        Reply::ServerError(error) => Err(broken::refused(&error)),
        _ => Ok(()),
    }
}

/// What a server before Redis 6 is told and asked instead of a greeting. What it refuses is not known.
async fn introduce(wire: &mut Wire, names: &[Command], database: u32) -> Result<About, Halt> {
    let mut commands = names.to_vec();
    commands.push(Command::of(&["INFO"]));
    if database != 0 {
        commands.push(Command::of(&["SELECT", &database.to_string()]));
    }
    wire.send(&packed(&commands)).await;
    for _ in names {
        granted(wire.reply().await?)?;
    }
    let told = granted(wire.reply().await?)?;
    if database != 0 {
        selected(wire.reply().await?)?;
    }
    let told = told.as_ref().and_then(reply::text);
    Ok(told.map(About::told).unwrap_or_default())
}

/// An answer to a question that may be refused: not allowed, or not known. Anything else that is wrong stops the look.
pub(in crate::probe) fn granted(said: Reply) -> Result<Option<Reply>, Halt> {
    match said {
        Reply::ServerError(error)
            if broken::is_plain(&error) || broken::prefix(&error).as_str() == "NOPERM" =>
        {
            Ok(None)
        }
        Reply::ServerError(error) => Err(broken::refused(&error)),
        said => Ok(Some(said)),
    }
}

/// A port for TLS closes when it is spoken to in plain words.
fn asking_for_tls(halt: Halt, wire: &Wire) -> Halt {
    match halt {
        Halt::Fault {
            kind: kind @ FaultKind::Redis(RedisFault::Closed),
            message,
            origin,
        } if !wire.is_tls() && !wire.has_heard() => Halt::Fault {
            kind,
            message: format!("{message}; is this a port for TLS (`rediss:`)?"),
            origin,
        },
        other => other,
    }
}

/// A Redis without TLS waits for the end of a line that may never come.
fn asking_for_plain(mut stopped: Stopped) -> Stopped {
    if let Stopped::Fault(seen) = &mut stopped
        && let Some(fault) = &mut seen.fault
        && fault.kind == FaultKind::Tls(TlsFault::Timeout)
    {
        fault.message += "; is this a port without TLS (`redis:`)?";
    }
    stopped
}

/// `TLSv1.3`, as suites write it.
fn tls_version(stream: &Stream) -> Option<String> {
    let Stream::Tls(tls) = stream else {
        return None;
    };
    let version = tls.get_ref().1.protocol_version()?;
    Some(match version {
        rustls::ProtocolVersion::TLSv1_2 => "TLSv1.2".to_owned(),
        rustls::ProtocolVersion::TLSv1_3 => "TLSv1.3".to_owned(),
        other => format!("{other:?}"),
    })
}

/// Connections kept for the next look at the same place, the one used last first.
#[derive(Default)]
pub(in crate::probe) struct Sessions(Mutex<Vec<Session>>);

impl Sessions {
    fn take(&self, place: &Place) -> Option<Session> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().rposition(|session| session.place == *place)?;
        Some(kept.remove(at))
    }

    /// Keeps one whose last command was answered whole.
    pub(in crate::probe) fn put(&self, session: Session) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == MOST_IDLE {
            kept.remove(0);
        }
        kept.push(session);
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sessions")
    }
}
