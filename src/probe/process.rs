//! `process`: does a program start, stay up, end, come back?

mod attend;
mod course;
mod ending;
mod glimpse;
mod log_file;
mod memory;
mod outcome;
mod output;
mod own;
mod owner;
mod ready;
mod running;
mod tail;
mod telling;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Duration as Std;

use schemars::JsonSchema;
use serde::Deserialize;

use self::attend::stranger;
use self::memory::oom_kills;
use self::outcome::{BecomesReady, Exits, Outcome, Recovers, ShutsDown, StaysUp};
pub use self::own::SERVICE_FLAG;
use self::own::is_own;
use self::owner::taken;
use self::ready::{Ready, ReadySchema};
use self::running::asked;
use super::argv::Argv;
use super::look::{Halt, Look};
use super::pairs::Pairs;
use super::phases::{self, Phase as Stretch, Wanted};
use super::program::check_environment;
use super::{Context, Hollow, Invalid, Least, Needs, Probe};
use crate::model::{FaultKind, KnownFact, Looked, Phase, ProcessFault};
use crate::yaml::{Duration, Raw};

/// From SIGTERM to SIGKILL unless something else is said.
const GRACE: Std = Std::from_secs(5);

/// Starts a program without a shell, waits for what it is to do, and ends it, with everything it has started. It gets a session,
/// and so a group, of its own, no standard input, a temporary directory of its own as TMPDIR, `env`, ALLCLEAR_PROCESS, by which
/// what it starts is found again, and of our environment only what `command` gives.
///
/// What it is to do is said by one of `becomes_ready`, `exits`, `stays_up`, `shuts_down` and `recovers`; without them it is to
/// become ready where there is `ready`, else to end on its own. A program that ends while it was to go on is told by its exit
/// code (`process.exit.3`) or signal. Where `ready` looks at this machine nobody may listen there before, and an answer counts
/// only if the program, or something it has started, is the listener; what a `command` finds is believed. Of the budget at most a
/// fifth, and not more than `grace`, is kept for ending it. The whole output is kept in the run's folder, up to 64 MiB, its end
/// in the record. `max_rss` is never less than what we had ourselves when we started it: Linux counts from there.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Process {
    /// The program and its arguments, as a list. No shell reads it: no globs, pipes or variables. `${port}` is a free port of
    /// 127.0.0.1, the same in all of an attempt.
    argv: Argv,
    /// Its environment, added to what is inherited.
    #[serde(default)]
    env: Pairs,
    /// The directory it runs in; relative to where we were started.
    cwd: Option<String>,
    /// When it is ready: any other probe, as a step has it, with `expect`; that a port is open is not to be ready. With `every`,
    /// from the end of a look to the next (without it a fortieth of the time since the start, from 5ms to 250ms), and `timeout`,
    /// of one look (2s unless said).
    #[schemars(with = "Option<ReadySchema>")]
    ready: Option<Raw>,
    /// The phases of its start, as the lines of stdout and stderr tell of them, in the order they are to come in.
    phases: Option<Vec<Stretch>>,
    /// It is to become ready, and to stay so for a while.
    becomes_ready: Option<BecomesReady>,
    /// It is to end on its own. Where there is `ready`, too, it is looked at until then:
    /// the fact `ready` says whether it ever was.
    exits: Option<Exits>,
    /// Once it is ready it is watched. That it is not ready any more, and then is again, is counted as a flap and ends nothing.
    stays_up: Option<StaysUp>,
    /// The same as `stays_up`.
    observe_ready: Option<StaysUp>,
    /// Once it is ready it is asked to end.
    shuts_down: Option<ShutsDown>,
    /// Once it is ready the process that listens is killed: it is to be ready again, with another process.
    recovers: Option<Recovers>,
    /// From SIGTERM to SIGKILL when we end it, `5s` unless said.
    grace: Option<Duration>,
    #[serde(skip)]
    read: OnceLock<Ready>,
}

impl Process {
    /// How to see that it is ready, read when first asked for.
    fn ready(&self) -> Result<Option<&Ready>, Invalid> {
        let Some(Raw(node)) = &self.ready else {
            return Ok(None);
        };
        if let Some(known) = self.read.get() {
            return Ok(Some(known));
        }
        let read = Ready::decode(node)?;
        Ok(Some(self.read.get_or_init(|| read)))
    }

    /// Everything it is said to do, each with its key.
    fn outcomes(&self) -> Vec<(&'static str, Outcome)> {
        let all = [
            ("becomes_ready", self.becomes_ready.map(Outcome::from)),
            ("exits", self.exits.map(Outcome::from)),
            ("stays_up", self.stays_up.map(Outcome::from)),
            ("observe_ready", self.observe_ready.map(Outcome::from)),
            ("shuts_down", self.shuts_down.map(Outcome::from)),
            ("recovers", self.recovers.map(Outcome::from)),
        ];
        let written = all.into_iter();
        written
            .filter_map(|(key, outcome)| Some((key, outcome?)))
            .collect()
    }

    /// What it is to do.
    fn outcome(&self) -> Outcome {
        let written = self.outcomes().into_iter().next();
        let implied = if self.ready.is_some() {
            Outcome::BecomesReady {
                stable_for: Std::ZERO,
            }
        } else {
            Outcome::Exits
        };
        written.map_or(implied, |(_, outcome)| outcome)
    }

    /// How far its start is to come.
    fn wanted(&self) -> Wanted {
        match self.outcome() {
            Outcome::Exits => Wanted::Some,
            Outcome::BecomesReady { .. }
            | Outcome::StaysUp { .. }
            | Outcome::ShutsDown { .. }
            | Outcome::Recovers { .. } => Wanted::All,
        }
    }

    fn phases(&self) -> &[Stretch] {
        self.phases.as_deref().unwrap_or_default()
    }

    fn grace(&self) -> Std {
        self.grace.map_or(GRACE, |grace| grace.0)
    }
}

impl Probe for Process {
    const FACTS: &'static [KnownFact] = telling::FACTS;

    fn shape(&self) -> Result<(), Invalid> {
        let outcomes = self.outcomes();
        if let [(first, _), (second, _), ..] = outcomes[..] {
            let why = format!("`{second}` beside `{first}`: a program is to do one thing a look");
            return Err(Invalid::new(second, why));
        }
        let ready = self.ready()?;
        let Some((key, outcome)) = outcomes.into_iter().next() else {
            return Ok(());
        };
        if ready.is_none() && outcome != Outcome::Exits {
            let why = format!("`{key}` needs `ready`, to see when it is");
            return Err(Invalid::new(key, why));
        }
        if let Outcome::ShutsDown { signal, .. } = outcome
            && signal == nix::sys::signal::Signal::SIGKILL
        {
            let why = "KILL asks nobody: `shuts_down` is about a program that ends itself";
            return Err(Invalid::new("shuts_down.signal", why));
        }
        Ok(())
    }

    fn prepare(&self) -> Result<(), Invalid> {
        self.shape()?;
        self.argv.check()?;
        check_environment(&self.env)?;
        if self.phases.is_some() {
            phases::check(self.phases())?;
        }
        let sockets = self.ready()?.map(Ready::sockets).unwrap_or_default();
        if self.recovers.is_some() && sockets.is_empty() {
            let why = "`ready` must look at a port of this machine: the process that listens there is killed";
            return Err(Invalid::new("recovers", why));
        }
        Ok(())
    }

    fn resources(&self) -> Vec<String> {
        vec![format!("proc:{}", self.argv.split().0)]
    }

    fn request(&self) -> String {
        self.argv.to_string()
    }

    fn needs(&self) -> Needs {
        let ready = self.ready().ok().flatten();
        Needs {
            // A program that is only known in a run is asked for again then.
            commands: !self.argv.is_late() && !is_own(&self.argv, &self.env),
            side_effects: ready.is_some_and(|ready| ready.probe.needs().side_effects),
        }
    }

    fn least(&self) -> Option<Least> {
        let (field, time, why) = match self.outcome() {
            Outcome::BecomesReady { stable_for } if !stable_for.is_zero() => (
                "becomes_ready.stable_for",
                stable_for,
                "it must stay ready so long",
            ),
            Outcome::StaysUp { time, .. } if self.stays_up.is_some() => {
                ("stays_up.for", time, "it is watched so long")
            }
            Outcome::StaysUp { time, .. } => ("observe_ready.for", time, "it is watched so long"),
            Outcome::BecomesReady { .. }
            | Outcome::Exits
            | Outcome::ShutsDown { .. }
            | Outcome::Recovers { .. } => return None,
        };
        Some(Least {
            field,
            time,
            why: why.to_owned(),
        })
    }

    fn allowed(&self) -> Option<Least> {
        let (time, phase) = phases::longest(self.phases.as_deref()?)?;
        Some(Least {
            field: "phases",
            time,
            why: format!("the phase `{phase}` may take"),
        })
    }

    fn counts(&self) -> &'static [&'static str] {
        match self.outcome() {
            // However it ends it has done what it was to do.
            Outcome::Exits => &["exit_code", "exit_status", "signal"],
            Outcome::StaysUp { .. } => &["flaps"],
            Outcome::BecomesReady { .. } | Outcome::ShutsDown { .. } | Outcome::Recovers { .. } => {
                &[]
            }
        }
    }

    fn hollow(&self) -> Option<Hollow> {
        self.phases.as_ref().map(|_| Hollow {
            fact: "over_budget",
            beside: &["phases_in_order", "phases_reached"],
            json: "phases",
            why: "a phase that is never reached is not over its budget: a log that is worded otherwise would pass",
        })
    }

    async fn observe(&self, ctx: &Context) -> Looked {
        self.prepare()?;
        let mut look = Look::begin(ctx);
        let sockets = self.ready()?.map(Ready::sockets).unwrap_or_default();
        let strange = before(&sockets).await;
        // One that is to end may well be one that ends for want of its port.
        if let Some((socket, pid)) = strange
            && self.outcome() != Outcome::Exits
        {
            let message = format!(
                "{} already; the program was not started",
                stranger(socket, pid)
            );
            let halt = Halt::fault(FaultKind::Process(ProcessFault::PortTaken), message);
            return Err(look.stop(Phase::Ready, halt));
        }
        let kills = oom_kills();
        let strange = strange.map(|(socket, pid)| stranger(socket, pid));
        let told = course::run(self, ctx, &sockets, strange).await?;
        match told.tell(kills, &mut look) {
            Ok(()) => Ok(look.finish()),
            Err((phase, halt)) => Err(look.stop(phase, halt)),
        }
    }
}

/// Who listens already where the program is to.
async fn before(sockets: &[SocketAddr]) -> Option<(SocketAddr, Option<i32>)> {
    if sockets.is_empty() {
        return None;
    }
    let sockets = sockets.to_vec();
    asked(move || taken(&sockets)).await
}
