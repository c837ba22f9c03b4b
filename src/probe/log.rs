//! `log`: how often do its lines say something?

mod file;
mod output;
mod tally;
mod time;
mod url;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;

use self::tally::{Rules, Tally, doubt, tell};
use super::argv::Argv;
use super::exchange::{Prepared, without_userinfo};
use super::look::{Halt, Look};
use super::net::ClientCertificate;
use super::pairs::Pairs;
use super::pattern::Pattern;
use super::program::Streamed;
use super::request::keys::{Auth, Keys};
use super::request::{curl, prepare};
use super::{Context, Invalid, Needs, Probe};
use crate::model::{FaultKind, KnownFact, LogFault, Looked, Observation, Phase, Stopped};
use crate::yaml::{Size, visible};

/// So much of an answer is read unless `max_size` says otherwise: unlike a file it is held in memory.
const MOST_OF_AN_ANSWER: u64 = 64 * 1024 * 1024;

/// More patterns are no list that anybody reads.
const MOST_PATTERNS: usize = 100;

/// Reads a log to its end and counts the lines that match each pattern. The log is one of `file`, `command` and `url`; files and
/// outputs are read piece by piece, however long they are. `counts` has the number of lines of each pattern by its name, `lines`
/// that of all of them, `oldest` and `newest` their first and last time (RFC 3339, UTC), `size` the bytes that were read.
/// Something must be expected of each pattern. With `since` only lines written then or later count; it is the clock of who writes
/// them that says so. A line of more than 64 KiB is looked at in pieces of that size. A log without a line ends in `log.empty`;
/// where the look ends early the facts say what was counted until then. A file that cannot be opened, is packed, or is cut short
/// meanwhile, is an error; one that is rotated meanwhile is read on under its name.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// A file, or a named pipe. Relative paths begin where the program was started.
    file: Option<PathBuf>,
    /// A program that prints the log, and its arguments, as `command` has them: no shell reads it. Both of its outputs are the
    /// log, as those of `docker logs` are. It must end, with exit code 0:
    /// else what it printed may not be all, and we could not look (`error.program`).
    command: Option<Argv>,
    /// The environment of `command`, added to what it inherits.
    env: Option<Pairs>,
    /// The directory `command` runs in; relative to where we were started.
    cwd: Option<String>,
    /// An `http` or `https` URL that answers with the log, asked with GET as `http` does. Redirects are not followed; another
    /// status than 200 ends in `log.refused.STATUS`, and a page of HTML in `log.no_log`.
    url: Option<String>,
    /// Headers of the request to `url`.
    #[serde(default)]
    headers: Pairs,
    /// Added to the query of `url`, form-encoded.
    query: Option<Pairs>,
    /// Credentials for `url`.
    auth: Option<Box<Auth>>,
    /// The URL of an `http` or `https` proxy for `url`, instead of the environment's; `none` for no proxy at all.
    proxy: Option<String>,
    /// A PEM file of authorities, trusted instead of the system's. Relative paths begin where the program was started. `system`
    /// says what holds without it.
    ca: Option<Box<Path>>,
    /// Who we say we are, for servers that want to know.
    client_certificate: Option<Box<ClientCertificate>>,
    /// A log of more bytes ends in `log.too_large`. Without it 64MiB for `url`, where at most 1GiB can be said,
    /// and any size for the others.
    max_size: Option<Size>,
    /// Only lines written then or later count (RFC 3339, with its offset: `2026-11-21T10:00:00Z`). A time without a fraction
    /// is a whole second. Lines without a time belong to the one before them.
    /// When no line has one, the look ends in `log.undated`.
    since: Option<String>,
    /// A regular expression whose first group is the time of a line. Without it: of a line of JSON its member `timestamp`,
    /// `@timestamp`, `time`, `ts` or `eventTime`, else the first time that begins in its first 64 characters. A time is written
    /// as RFC 3339, Python (`2026-11-21 10:00:00,123`) or nginx (`2026/11/21 10:00:00`, `21/Nov/2026:10:00:00 +0000`) do; without
    /// an offset it is UTC, and with a zone by its name (`CET`) it is none.
    time: Option<Pattern>,
    /// What to count: names, each with a regular expression. A line counts once, wherever in it and however often it matches.
    #[serde(default)]
    patterns: Pairs,
    #[serde(skip)]
    boundary: OnceLock<Box<str>>,
    #[serde(skip)]
    ready: OnceLock<Ready>,
}

/// What was prepared.
struct Ready {
    rules: Rules,
    source: Source,
}

/// Where the log is.
enum Source {
    File(PathBuf),
    Program(Box<Streamed>),
    Url(Box<Prepared>),
}

/// Why it was not read to its end.
enum End {
    /// Something stopped us in this phase, whose time is recorded.
    Halted(Phase, Halt),
    /// There was no answer.
    Stopped(Stopped),
}

impl Log {
    /// Checked and put together when first asked for.
    fn ready(&self) -> Result<&Ready, Invalid> {
        if let Some(known) = self.ready.get() {
            return Ok(known);
        }
        let made = Ready {
            rules: self.rules()?,
            source: self.source()?,
        };
        Ok(self.ready.get_or_init(|| made))
    }

    fn rules(&self) -> Result<Rules, Invalid> {
        let mut patterns = Vec::with_capacity(self.patterns.0.len());
        for (name, text) in &self.patterns.0 {
            let pattern = Pattern::new(text);
            pattern.compiled(|| format!("patterns.{name}").into())?;
            patterns.push((name.clone(), pattern));
        }
        if let Some(time) = &self.time
            && time.compiled(|| "time".into())?.captures_len() < 2
        {
            let why =
                r"there is no group in it to say which part of the line is the time: `^\[(.*?)\]`";
            return Err(Invalid::new("time", why));
        }
        let since = self.since.as_deref().map(moment).transpose()?;
        Ok(Rules {
            patterns,
            time: self.time.clone(),
            since,
        })
    }

    fn source(&self) -> Result<Source, Invalid> {
        if let Some(argv) = &self.command {
            let (env, cwd) = (self.env.clone(), self.cwd.clone());
            let program = Streamed::new(argv.clone(), env.unwrap_or_default(), cwd);
            let program = program.map_err(|invalid| match &*invalid.field {
                "argv" => Invalid::new("command", invalid.message),
                _ => invalid,
            })?;
            return Ok(Source::Program(Box::new(program)));
        }
        if let Some(keys) = self.keys() {
            let most = self.max_size.map_or(0, |size| size.0);
            if most > 1024 * 1024 * 1024 {
                return Err(Invalid::new(
                    "max_size",
                    "at most 1GiB of an answer is read",
                ));
            }
            let prepared = prepare::prepare(&keys, &[])?;
            return Ok(Source::Url(Box::new(prepared)));
        }
        Ok(Source::File(self.file.clone().unwrap_or_default()))
    }

    /// The request for `url`.
    fn keys(&self) -> Option<Keys<'_>> {
        Some(Keys {
            url: self.url.as_deref()?,
            method: "GET",
            headers: &self.headers,
            query: self.query.as_ref(),
            json: None,
            form: None,
            multipart: None,
            file: None,
            body: None,
            auth: self.auth.as_deref(),
            version: None,
            proxy: self.proxy.as_deref(),
            resolve: None,
            resolver: None,
            ca: self.ca.as_deref(),
            crl: None,
            client_certificate: self.client_certificate.as_deref(),
            boundary: &self.boundary,
        })
    }

    /// One log, and no key of another kind of log.
    fn one_source(&self) -> Result<(), Invalid> {
        let sources = [
            ("file", self.file.is_some()),
            ("command", self.command.is_some()),
            ("url", self.url.is_some()),
        ];
        let mut given = sources.into_iter().filter(|(_, is_given)| *is_given);
        let Some((source, _)) = given.next() else {
            let why = "nothing is read; write one of `file`, `command` and `url`";
            return Err(Invalid::new("file", why));
        };
        if let Some((second, _)) = given.next() {
            let why = format!("one log is read, and `{source}` is there already");
            return Err(Invalid::new(second, why));
        }
        for (key, of, is_given) in [
            ("env", "command", self.env.is_some()),
            ("cwd", "command", self.cwd.is_some()),
            ("headers", "url", !self.headers.0.is_empty()),
            ("query", "url", self.query.is_some()),
            ("auth", "url", self.auth.is_some()),
            ("proxy", "url", self.proxy.is_some()),
            ("ca", "url", self.ca.is_some()),
            (
                "client_certificate",
                "url",
                self.client_certificate.is_some(),
            ),
        ] {
            if is_given && source != of {
                let why = format!("it belongs to `{of}`, and the log is a `{source}`");
                return Err(Invalid::new(key, why));
            }
        }
        Ok(())
    }

    fn most(&self, usual: u64) -> u64 {
        self.max_size.map_or(usual, |size| size.0)
    }
}

/// A name becomes a part of a code: `expect.counts.NAME`.
fn is_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    (1..=64).contains(&name.len()) && name.bytes().all(is_plain)
}

fn moment(text: &str) -> Result<Timestamp, Invalid> {
    text.parse().map_err(|_| {
        let why = format!(
            "`{}` is no time with an offset; write it as `2026-11-21T10:00:00Z`",
            visible(text)
        );
        Invalid::new("since", why)
    })
}

impl Probe for Log {
    const FACTS: &'static [KnownFact] = &[
        KnownFact::counts("counts", "patterns"),
        KnownFact::number("lines"),
        KnownFact::text("oldest"),
        KnownFact::text("newest"),
        KnownFact::size("size"),
        KnownFact::number("exit_code"),
        KnownFact::number("status"),
        KnownFact::HEADERS,
        KnownFact::text("version"),
        KnownFact::text("hop"),
        KnownFact::text("proxy"),
        KnownFact::text("remote_ip"),
        KnownFact::text("family"),
    ];

    fn prepare(&self) -> Result<(), Invalid> {
        self.ready().map(|_| ())
    }

    fn shape(&self) -> Result<(), Invalid> {
        self.one_source()?;
        if self.patterns.0.len() > MOST_PATTERNS {
            let why = format!("at most {MOST_PATTERNS} patterns");
            return Err(Invalid::new("patterns", why));
        }
        match self.patterns.0.iter().find(|(name, _)| !is_name(name)) {
            None => Ok(()),
            Some((name, _)) => {
                let why = format!(
                    "`{}` is no name: 1 to 64 letters, digits, `_` and `-`",
                    visible(name)
                );
                Err(Invalid::new("patterns", why))
            }
        }
    }

    fn resources(&self) -> Vec<String> {
        match self.ready().map(|ready| &ready.source) {
            Ok(Source::File(path)) => vec![format!("file:{}", path.display())],
            Ok(Source::Program(program)) => vec![program.resource()],
            Ok(Source::Url(prepared)) => prepared.resources(),
            Err(_) => Vec::new(),
        }
    }

    fn request(&self) -> String {
        if let Some(argv) = &self.command {
            return argv.to_string();
        }
        if let Some(url) = &self.url {
            return format!("GET {}", without_userinfo(url));
        }
        let path = self.file.as_deref().unwrap_or(Path::new(""));
        format!("read {}", path.display())
    }

    fn needs(&self) -> Needs {
        Needs {
            commands: self.command.is_some(),
            side_effects: false,
        }
    }

    fn show(&self, ctx: &Context, seen: &mut Observation) {
        if let Ok(Ready {
            source: Source::Url(prepared),
            ..
        }) = self.ready()
            && let Some(keys) = self.keys()
        {
            let cookies = prepared.cookie_names(ctx);
            let line = curl::line(&keys, prepared, &cookies, &[], &ctx.shared.mask);
            seen.evidence.insert(0, line);
        }
    }

    async fn observe(&self, ctx: &Context) -> Looked {
        let ready = self.ready()?;
        let mut look = Look::begin(ctx);
        let tally = || Tally::new(&ready.rules, &ctx.shared.mask);
        let (mut first, mut second) = (tally(), tally());
        let ended = match &ready.source {
            Source::File(path) => {
                let most = self.most(u64::MAX);
                let reading = async {
                    let opened = file::open(path).await?;
                    file::read(opened, path, most, &mut first).await
                };
                let late = FaultKind::Log(LogFault::Timeout);
                let read = look.timed(Phase::Read, late, reading).await;
                read.map_err(|halt| End::Halted(Phase::Read, halt))
            }
            Source::Program(program) => {
                let both = [&mut first, &mut second];
                output::read(&mut look, program, self.most(u64::MAX), both).await
            }
            Source::Url(prepared) => {
                let most = self.most(MOST_OF_AN_ANSWER);
                url::read(&mut look, prepared, most, &mut first).await
            }
        };
        first.finish();
        second.finish();
        let tallies = [first, second];
        if let Err(End::Stopped(stopped)) = ended {
            return Err(stopped);
        }
        tell(&tallies, &mut look);
        match (ended, doubt(&tallies)) {
            (Err(End::Halted(phase, halt)), _) => Err(look.stop(phase, halt)),
            (_, Some(halt)) => Err(look.stop(Phase::Read, halt)),
            _ => Ok(look.finish()),
        }
    }
}

#[cfg(test)]
mod tests;
