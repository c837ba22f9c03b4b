//! `redis`: does it take us in, and what does it answer?

mod allowed;
mod info;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::OnceLock;

use schemars::JsonSchema;
use serde::Deserialize;

use self::allowed::{Effect, effect, leaves_no_trace};
use self::info::Section;
use super::database::TlsMode;
use super::look::{Halt, Look};
use super::net::{ClientCertificate, TlsSettings, Verification};
use super::resp::{self, Command, Place, Session, Url, granted};
use super::{Context, Invalid, Needs, Probe};
use crate::model::{Connections, FaultKind, KnownFact, Looked, Phase, RedisFault, Value};

/// So many commands may stand in one look.
const MOST_COMMANDS: usize = 1000;

/// Logs in to Redis (or Valkey, KeyDB, Dragonfly) and runs commands in order; the first error ends the look. Replies are typed as
/// RESP3 has them: integers, floats, truth values and null, lists (also sets) and mappings. Strings compare as written in the
/// suite, and as numbers when they parse whole; one that is no UTF-8 becomes `{ hex: 00ff }`. Without `commands` and `ask`,
/// `PING` is sent. A command that may write needs `--allow-side-effects`, unless it is `SET` with `EX` or `PX`, `SETEX`,
/// `PSETEX`, `DEL` or `UNLINK`, all of its keys begin with `allclear:`, and they last one hour at most: `allclear:${run.id}:x`.
/// Keys of another run are such keys, too, and names that are known late (`${uuid}`) are not. Scripts and functions need it also
/// when they may only read (`EVAL_RO`): while one runs nobody else is served.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Redis {
    /// `redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]`, over TLS `rediss://…`, over a unix socket
    /// `redis+unix:///PATH?db=0&user=…&password=…`. Port 6379 and database 0 where it says nothing.
    url: String,
    /// Commands, each a list of its words: `[[PING], [GET, key]]`; one word may stand alone. Up to 1000;
    /// of their replies 1 MiB is read.
    commands: Option<Vec<Command>>,
    /// What to ask the server about itself before the commands (`INFO`); what it does not tell this user is absent.
    #[serde(default)]
    ask: Vec<Section>,
    /// Of `rediss:`, whom to believe: `verify-full` (what holds without it), `verify-ca` or `require`.
    tls: Option<TlsMode>,
    /// A PEM file of authorities, trusted instead of the system's. Relative paths begin where the program was started. `system`
    /// says what holds without it, for a variable that has to say something.
    ca: Option<PathBuf>,
    /// Who we say we are, for servers that want to know.
    client_certificate: Option<ClientCertificate>,
    /// The address of a name server to ask for the host instead of the system: `10.0.0.2`, `10.0.0.2:5353`, `[fd00::2]:5353`. The
    /// host is then fully qualified.
    resolver: Option<String>,
    #[serde(skip)]
    place: OnceLock<Place>,
}

impl Redis {
    fn place(&self) -> Result<&Place, Invalid> {
        if let Some(known) = self.place.get() {
            return Ok(known);
        }
        let url = Url::parse(&self.url, self.resolver.as_deref())?;
        let tls = self.security(&url)?;
        let place = Place {
            endpoint: url.endpoint,
            tls,
            login: url.login,
            database: url.database,
        };
        Ok(self.place.get_or_init(|| place))
    }

    /// The keys say more than the URL.
    fn security(&self, url: &Url) -> Result<Option<TlsSettings>, Invalid> {
        let keys = [
            ("tls", self.tls.is_some()),
            ("ca", self.ca.is_some()),
            ("client_certificate", self.client_certificate.is_some()),
        ];
        if !url.is_tls {
            return match keys.iter().find(|(_, is_there)| *is_there) {
                None => Ok(None),
                Some((key, _)) => Err(Invalid::new(*key, "the URL speaks no TLS; write `rediss:`")),
            };
        }
        let ca = self.ca.clone().or_else(|| url.ca.clone());
        let verification = match (self.tls, &ca) {
            (None, _) => url.verification.unwrap_or_default(),
            (Some(TlsMode::VerifyFull), _) => Verification::Full,
            (Some(TlsMode::VerifyCa), _) | (Some(TlsMode::Require), Some(_)) => Verification::Chain,
            (Some(TlsMode::Require), None) => Verification::Nothing,
            (Some(TlsMode::Disable | TlsMode::Prefer), _) => {
                let why =
                    "`rediss:` speaks TLS always; `tls` is `verify-full`, `verify-ca` or `require`";
                return Err(Invalid::new("tls", why));
            }
        };
        let client_certificate = self
            .client_certificate
            .clone()
            .or_else(|| url.client_certificate.clone());
        Ok(Some(TlsSettings {
            ca,
            client_certificate,
            verification,
            ..TlsSettings::default()
        }))
    }

    /// What is run, in order.
    fn commands(&self) -> Vec<Command> {
        match &self.commands {
            Some(commands) => commands.clone(),
            None if self.ask.is_empty() => vec![Command::of(&["PING"])],
            None => Vec::new(),
        }
    }

    fn check(&self) -> Result<(), Invalid> {
        let wrong = |why: String| Err(Invalid::new("commands", why));
        let Some(commands) = &self.commands else {
            return Ok(());
        };
        if commands.is_empty() {
            return wrong("the list is empty; without it `PING` is sent".to_owned());
        }
        if commands.len() > MOST_COMMANDS {
            return wrong(format!(
                "at most {MOST_COMMANDS} commands are run in a look"
            ));
        }
        for (at, command) in commands.iter().enumerate() {
            let (name, _) = command.split();
            if name.is_empty() {
                return wrong(format!("command {} is empty", at + 1));
            }
            if let Effect::Refused(why) = effect(command) {
                return wrong(format!("`{name}` cannot be run: {why}"));
            }
        }
        Ok(())
    }
}

impl Probe for Redis {
    const FACTS: &'static [KnownFact] = &[
        KnownFact::list("replies"),
        KnownFact::text("server_version"),
        KnownFact::text("role"),
        KnownFact::text("mode"),
        KnownFact::text("user"),
        KnownFact::text("tls"),
        KnownFact::duration("connect_latency"),
        KnownFact::text("remote_ip"),
        KnownFact::text("family"),
        KnownFact::number("connected_clients"),
        KnownFact::number("max_clients"),
        KnownFact::number("clients_percent"),
        KnownFact::size("used_memory"),
        KnownFact::any("max_memory"),
        KnownFact::any("memory_percent"),
        KnownFact::truth("loading"),
        KnownFact::text("last_save"),
        KnownFact::number("replicas"),
        KnownFact::text("replication_link"),
        KnownFact::duration("replication_silence"),
        KnownFact::size("replication_behind"),
    ];

    fn prepare(&self) -> Result<(), Invalid> {
        self.place()?;
        self.check()
    }

    fn resources(&self) -> Vec<String> {
        let Ok(place) = self.place() else {
            return Vec::new();
        };
        let mut all = place.endpoint.resources();
        if place.tls.is_some() {
            all.extend(place.endpoint.tls_resource());
        }
        all.push(format!("dsn:{}", place.shown().replace(' ', ":")));
        all
    }

    fn request(&self) -> String {
        let mut names: Vec<String> = self
            .ask
            .iter()
            .map(|section| shown(&section.command()))
            .collect();
        names.extend(self.commands().iter().map(shown));
        let what = match names.as_slice() {
            few if few.len() <= 4 => few.join(", "),
            many => format!("{} commands", many.len()),
        };
        match self.place() {
            Ok(place) => format!("{}: {what}", place.shown()),
            Err(_) => what,
        }
    }

    fn needs(&self) -> Needs {
        // A list that is only known later is empty here.
        let is_late = |commands: &Vec<Command>| commands.is_empty();
        let may_change = |command: &Command| effect(command) != Effect::None;
        Needs {
            commands: false,
            side_effects: self
                .commands
                .as_ref()
                .is_some_and(|commands| is_late(commands) || commands.iter().any(may_change)),
        }
    }

    async fn observe(&self, ctx: &Context) -> Looked {
        self.prepare()?;
        let place = self.place()?;
        // As it is sent it is a secret, too, where it is written otherwise (`%40`).
        if let Some(login) = &place.login
            && !self.url.contains(&login.password)
        {
            ctx.shared.mask.add(&login.password);
        }
        let config = match &place.tls {
            Some(settings) => Some(ctx.shared.tls.get(settings).await?),
            None => None,
        };
        let kept = match ctx.connections {
            Connections::Fresh => &ctx.attempt.redis,
            Connections::Reuse => &ctx.shared.redis,
        };
        let mut look = Look::begin(ctx);
        let mut session = Session::open(&mut look, kept, place, config).await?;
        let late = FaultKind::Redis(RedisFault::TimeoutQuery);
        let mut told = Vec::new();
        let mut replies = Vec::new();
        let commands = self.commands();
        let asking = async {
            inquire(&mut session, &self.ask, &mut told).await?;
            run(&mut session, &commands, &mut replies).await
        };
        let ended = look.timed(Phase::Query, late, asking).await;
        for (section, told) in told {
            section.tell(&told, &mut look);
        }
        if ended.is_ok() && !commands.is_empty() || !replies.is_empty() {
            look.fact("replies", Value::List(replies));
        }
        ended.map_err(|halt| look.stop(Phase::Query, halt))?;
        if commands.iter().all(leaves_no_trace) {
            kept.put(session);
        }
        Ok(look.finish())
    }
}

/// The command and what it is about, as far as that is short; never a value.
fn shown(command: &Command) -> String {
    let (name, arguments) = command.split();
    match arguments.first() {
        Some(first) if first.chars().count() <= 60 => format!("{name} {first}"),
        _ => name,
    }
}

/// Asks the server about itself, all at once.
async fn inquire(
    session: &mut Session,
    sections: &[Section],
    told: &mut Vec<(Section, String)>,
) -> Result<(), Halt> {
    if sections.is_empty() {
        return Ok(());
    }
    let commands: Vec<_> = sections.iter().map(|section| section.command()).collect();
    session.send(&commands).await;
    for section in sections {
        let granted = granted(session.reply().await?)?;
        if let Some(text) = granted.as_ref().and_then(resp::text) {
            told.push((*section, text.to_owned()));
        }
    }
    Ok(())
}

/// One after the other: after an error no other is sent.
async fn run(
    session: &mut Session,
    commands: &[Command],
    replies: &mut Vec<Value>,
) -> Result<(), Halt> {
    for command in commands {
        session.send(std::slice::from_ref(command)).await;
        let said = session.reply().await?;
        let value = resp::value(said).map_err(|error| resp::refused(&error));
        replies.push(value.map_err(|halt| of(command, halt))?);
    }
    Ok(())
}

/// With the command that was refused: there may be many.
fn of(command: &Command, halt: Halt) -> Halt {
    match halt {
        Halt::Fault {
            kind,
            message,
            origin,
        } => Halt::Fault {
            kind,
            message: format!("`{}`: {message}", command.split().0),
            origin,
        },
        unable @ Halt::Unable(_) => unable,
    }
}
