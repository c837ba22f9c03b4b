//! `runner`: is the machine we look from fit to look?

mod names;

use std::io;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hyper::header::DATE;
use nix::sys::resource::{Resource, getrlimit};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::exchange::{Prepared, ask, tls_for, without_userinfo};
use super::look::{Halt, Look};
use super::net;
use super::{Context, Invalid, Probe};
use crate::model::{FaultKind, Looked, Phase, ProbeError, RunnerFault, Stopped, Unable, Value};

/// Said to ourselves.
const WORDS: &[u8] = b"allclear looks at itself";

/// What each look may hold open: a connection to either family, a database with its journal, the pipes of a command.
const DESCRIPTORS_PER_LOOK: u64 = 8;
/// What we hold open besides.
const OWN_DESCRIPTORS: u64 = 64;
/// A port stays in use for a minute after its connection was closed.
const PORTS_PER_LOOK: u64 = 128;

/// Looks at ourselves, so that a limit of the machine we run on is not blamed on the target. One of: does loopback work, are
/// there descriptors and ports enough for the jobs of this run, is the clock right, do names resolve.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Runner {
    /// At what.
    look: What,
    /// Whose clock to compare with, for `clock`: the `Date` header of its answer, which has whole seconds.
    url: Option<String>,
    /// Which names to look up, for `names`: 1 to 16 that are known to exist. Those that the programs of this machine resolve are in
    /// `resolved`, the others in `unresolved`. When none resolves, our resolver is broken, and it is not the target's name that is
    /// missing: `expect: { resolved: { empty: false } }`.
    names: Option<Vec<String>>,
    #[serde(skip)]
    prepared: OnceLock<Prepared>,
}

/// A part of ourselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum What {
    /// A connection to ourselves gives back what was sent: `echoed`.
    Loopback,
    /// File descriptors and ports against the jobs of this run: `descriptors`, `ports`, `needed`, `enough`.
    Limits,
    /// How far our clock is from that of `url`, in either direction, give or take a second: `skew`.
    Clock,
    /// Which of `names` the programs of this machine resolve: `resolved`, `unresolved`.
    Names,
}

impl Runner {
    /// The request behind `clock`, made when first asked for.
    fn prepared(&self) -> Result<&Prepared, Invalid> {
        if let Some(known) = self.prepared.get() {
            return Ok(known);
        }
        let Some(url) = &self.url else {
            return Err(Invalid::new(
                "look",
                "`clock` needs the `url` of somebody with a clock",
            ));
        };
        let made = Prepared::get(url)?;
        Ok(self.prepared.get_or_init(|| made))
    }
}

impl Runner {
    fn names(&self) -> &[String] {
        self.names.as_deref().unwrap_or_default()
    }
}

impl Probe for Runner {
    const FACTS: &'static [&'static str] = &[
        "echoed",
        "descriptors",
        "ports",
        "needed",
        "enough",
        "skew",
        "resolved",
        "unresolved",
    ];

    fn prepare(&self) -> Result<(), Invalid> {
        match (self.look, &self.names) {
            (What::Names, Some(names)) => names::check(names)?,
            (What::Names, None) => {
                let why = "`names` needs `names` that are known to exist";
                return Err(Invalid::new("look", why));
            }
            (_, Some(_)) => return Err(Invalid::new("names", "only `look: names` looks up names")),
            (_, None) => {}
        }
        match (self.look, &self.url) {
            (What::Clock, _) => self.prepared().map(|_| ()),
            (_, Some(_)) => Err(Invalid::new("url", "only `look: clock` needs a URL")),
            (_, None) => Ok(()),
        }
    }

    fn resources(&self) -> Vec<String> {
        match self.look {
            What::Clock => self.prepared().map(Prepared::resources).unwrap_or_default(),
            What::Loopback | What::Limits | What::Names => vec!["runner".to_owned()],
        }
    }

    fn request(&self) -> String {
        match self.look {
            What::Loopback => "our loopback".to_owned(),
            What::Limits => "our limits".to_owned(),
            What::Names => format!("our resolver: {}", self.names().join(", ")),
            What::Clock => match &self.url {
                Some(url) => format!("our clock against GET {}", without_userinfo(url)),
                None => "our clock".to_owned(),
            },
        }
    }

    async fn observe(&self, ctx: &Context) -> Looked {
        match self.look {
            What::Loopback => loopback(ctx).await,
            What::Limits => limits(ctx),
            What::Clock => clock(ctx, self.prepared()?).await,
            What::Names => {
                self.prepare()?;
                names::look(ctx, self.names()).await
            }
        }
    }
}

async fn loopback(ctx: &Context) -> Looked {
    let mut look = Look::begin(ctx);
    let broken = |error: io::Error| match net::socket_halt(&error, "speaking to ourselves") {
        Halt::Fault { message, .. } => {
            Halt::fault(FaultKind::Runner(RunnerFault::Loopback), message)
        }
        unable @ Halt::Unable(_) => unable,
    };
    let speaking = async { echo().await.map_err(broken) };
    let heard = look
        .phase(
            Phase::Local,
            FaultKind::Runner(RunnerFault::Loopback),
            speaking,
        )
        .await?;
    look.fact("echoed", Value::Bool(heard == WORDS));
    Ok(look.finish())
}

async fn echo() -> io::Result<Vec<u8>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let listening = async {
        let (mut stream, _) = listener.accept().await?;
        let (mut from, mut to) = stream.split();
        tokio::io::copy(&mut from, &mut to).await?;
        to.shutdown().await
    };
    let speaking = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(WORDS).await?;
        stream.shutdown().await?;
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).await?;
        Ok(heard)
    };
    let ((), heard) = tokio::try_join!(listening, speaking)?;
    Ok(heard)
}

fn limits(ctx: &Context) -> Looked {
    let mut look = Look::begin(ctx);
    let (descriptors, _) = getrlimit(Resource::RLIMIT_NOFILE).map_err(|errno| {
        ProbeError::new(
            Unable::Limit,
            format!("the limit of descriptors: {}", errno.desc()),
        )
    })?;
    let jobs = ctx.jobs as u64;
    let needed = OWN_DESCRIPTORS + DESCRIPTORS_PER_LOOK * jobs;
    look.fact("descriptors", Value::int(descriptors));
    look.fact("needed", Value::int(needed));
    // Only Linux tells; elsewhere the descriptors decide.
    let ports = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range")
        .ok()
        .and_then(|range| port_count(&range));
    if let Some(ports) = ports {
        look.fact("ports", Value::int(ports));
    }
    let has_ports = ports.is_none_or(|ports| ports >= PORTS_PER_LOOK * jobs);
    look.fact("enough", Value::Bool(descriptors >= needed && has_ports));
    Ok(look.finish())
}

/// `32768 60999` is a range with both ends in it.
fn port_count(range: &str) -> Option<u64> {
    let mut ends = range.split_whitespace().map(str::parse::<u64>);
    let (first, last) = (ends.next()?.ok()?, ends.next()?.ok()?);
    Some(last.checked_sub(first)? + 1)
}

async fn clock(ctx: &Context, prepared: &Prepared) -> Looked {
    let tls = tls_for(ctx, prepared).await?;
    let mut look = Look::begin(ctx);
    let answer = ask(&mut look, prepared, &tls).await.map_err(only_ours)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let date = answer
        .headers
        .get(DATE)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| jiff::fmt::rfc2822::parse(text).ok())
        .and_then(|date| u64::try_from(date.timestamp().as_second()).ok());
    if let (Ok(now), Some(date)) = (now, date) {
        look.fact(
            "skew",
            Value::Duration(skew(now, Duration::from_secs(date))),
        );
    }
    Ok(only_our_facts(look.finish()))
}

/// A `Date` of 12:00:00 was written somewhen in that second, so within it nothing is known to differ.
fn skew(ours: Duration, theirs: Duration) -> Duration {
    match ours.checked_sub(theirs) {
        Some(behind) => behind.saturating_sub(Duration::from_secs(1)),
        None => theirs.saturating_sub(ours),
    }
}

/// The exchange behind it has facts of its own, which this probe does not promise.
fn only_our_facts(seen: crate::model::Observation) -> crate::model::Observation {
    let facts = seen
        .facts
        .filter_map(|name, value| Runner::FACTS.contains(&name).then_some(value));
    crate::model::Observation { facts, ..seen }
}

fn only_ours(stopped: Stopped) -> Stopped {
    match stopped {
        Stopped::Fault(seen) => Stopped::Fault(Box::new(only_our_facts(*seen))),
        unable @ Stopped::Unable(_) => unable,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Server, closed_port, code, look, problem, read};
    use super::*;

    #[tokio::test]
    async fn our_loopback_gives_back_what_was_sent() {
        let seen = look(&read::<Runner>("look: loopback")).await.unwrap();
        assert_eq!(seen.facts.get("echoed"), Some(&Value::Bool(true)));
        assert!(seen.phase(Phase::Local).is_some());
    }

    #[tokio::test]
    async fn limits_are_measured_against_the_jobs() {
        let probe: Runner = read("look: limits");
        let mut ctx = Context::for_tests(Duration::from_secs(1));
        ctx.jobs = 1;
        let seen = probe.observe(&ctx).await.unwrap();
        assert_eq!(seen.facts.get("needed"), Some(&Value::int(72)));
        assert_eq!(seen.facts.get("enough"), Some(&Value::Bool(true)));
        ctx.jobs = usize::MAX / 1024;
        let seen = probe.observe(&ctx).await.unwrap();
        assert_eq!(seen.facts.get("enough"), Some(&Value::Bool(false)));
        assert_eq!(port_count("32768\t60999\n"), Some(28232));
    }

    /// Answers with a date this far from ours.
    async fn dated(date: jiff::Timestamp) -> Server {
        let date = date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        Server::start(move |mut stream| {
            let answer = format!("HTTP/1.1 200 OK\r\ndate: {date}\r\ncontent-length: 0\r\n\r\n");
            async move {
                let _ = stream.read(&mut [0; 1024]).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        })
        .await
    }

    #[tokio::test]
    async fn the_clock_is_compared_in_both_directions() {
        for offset in [-3600, 0, 3600] {
            let date = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(offset);
            let server = dated(date).await;
            let probe: Runner = read(&format!(
                "{{ look: clock, url: \"http://{}/\" }}",
                server.address
            ));
            let seen = look(&probe).await.unwrap();
            let Some(Value::Duration(skew)) = seen.facts.get("skew") else {
                panic!("{seen:?}");
            };
            let off = skew.as_secs_f64() - f64::from(i32::try_from(offset.abs()).unwrap());
            assert!(off.abs() < 10.0, "{offset}: {skew:?}");
            assert_eq!(seen.facts.get("remote_ip"), None);
        }
    }

    #[tokio::test]
    async fn nobody_with_a_clock_is_their_fault_and_not_ours() {
        let port = closed_port().await;
        let probe: Runner = read(&format!(
            "{{ look: clock, url: \"http://127.0.0.1:{port}/\" }}"
        ));
        assert_eq!(code(look(&probe).await), "tcp.refused");
    }

    #[test]
    fn within_the_second_of_a_date_nothing_differs() {
        let at = Duration::from_millis;
        assert_eq!(skew(at(12_700), at(12_000)), Duration::ZERO);
        assert_eq!(skew(at(15_500), at(12_000)), at(2_500));
        assert_eq!(skew(at(11_500), at(12_000)), at(500));
    }

    #[test]
    fn slips_are_told() {
        assert!(problem("runner", "look: clock").contains("needs the `url`"));
        assert!(
            problem("runner", "{ look: limits, url: \"http://a\" }").contains("only `look: clock`")
        );
        assert!(problem("runner", "{ look: clock, url: a }").contains("no scheme"));
        assert!(problem("runner", "look: limit").contains("did you mean `limits`"));
    }
}
