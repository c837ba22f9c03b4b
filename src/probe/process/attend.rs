//! Attending to a program until it has done what it was to do, or cannot any more.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};

use super::ending::remember;
use super::glimpse::{Glimpse, Readiness, glimpse, may_pass};
use super::outcome::Outcome;
use super::owner::Asked;
use super::ready::Ready;
use super::running::{Running, asked};
use crate::model::{Phase, ProbeError, ProcessFault, Unable};
use crate::probe::Context;
use crate::probe::program::{Member, called};

/// The shortest and the longest pause between two looks, unless one is said.
const PAUSES: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(250));

/// From a connection that is closed until the program that had it is known to have ended.
const ENDING: Duration = Duration::from_millis(50);

/// So many changes between ready and not ready are kept for people.
const CHANGES: usize = 100;

/// A program that is attended to.
pub(super) struct Attending<'a> {
    pub(super) ctx: &'a Context,
    pub(super) running: &'a Running,
    pub(super) ready: Option<&'a Ready>,
    /// Where it is to listen, as far as that is on this machine.
    pub(super) sockets: &'a [SocketAddr],
    /// Who is asked for of those who listen there.
    pub(super) asked_for: Asked,
    /// When it must have done it.
    pub(super) until: Instant,
    pub(super) seen: Seen,
}

/// What was seen of it. Times count from its start.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) port_open: Option<Duration>,
    pub(super) first_byte: Option<Duration>,
    pub(super) ready: Option<Duration>,
    pub(super) stable: Option<Duration>,
    /// From what was killed until it was ready again.
    pub(super) recovered: Option<Duration>,
    /// From the wish that it ends until it had ended.
    pub(super) stopped: Option<Duration>,
    /// How often it was ready and then not.
    pub(super) flaps: u64,
    /// When it became ready or not ready, and why not.
    pub(super) changes: Vec<(Duration, Option<String>)>,
    /// Why it was not ready when last looked at.
    pub(super) not_ready: Option<String>,
    /// Who else answered in its place.
    pub(super) stranger: Option<String>,
    /// Where it listened when it was ready.
    pub(super) ports: Vec<u16>,
    /// The processes that listened then.
    pub(super) holders: Vec<i32>,
    /// Whom we killed, as `recovers` asks, and by which signal.
    pub(super) killed: Option<(i32, Signal)>,
    pub(super) unable: Option<ProbeError>,
    /// How long each part took.
    pub(super) spent: Vec<(Phase, Duration)>,
}

/// Why it did not do what it was to do.
#[derive(Debug)]
pub(super) enum End {
    /// It ended.
    Ended(Phase),
    /// It was ended by us, as `recovers` asks, by this signal, and nobody started another.
    NotRestarted(Signal),
    /// The time was over.
    Late(ProcessFault, Phase, Duration),
    /// Somebody else listens where it was to.
    Taken(SocketAddr, Option<i32>),
    /// We could not look.
    Unable(ProbeError),
}

impl Attending<'_> {
    /// Attends to it until the outcome is there, and notes meanwhile who belongs to it. It may still run then.
    pub(super) async fn until(&mut self, outcome: Outcome) -> Result<(), End> {
        let following = follow(self.running);
        tokio::select! {
            biased;
            done = self.until_done(outcome) => done,
            never = following => match never {},
        }
    }

    async fn until_done(&mut self, outcome: Outcome) -> Result<(), End> {
        if outcome == Outcome::Exits {
            return self.until_exit().await;
        }
        let ready = self.until_ready().await;
        let took = self.running.started.elapsed();
        self.seen
            .spent
            .push((Phase::Ready, self.seen.ready.unwrap_or(took)));
        ready?;
        let began = Instant::now();
        let (phase, done) = match outcome {
            Outcome::Exits => return Ok(()),
            Outcome::BecomesReady { stable_for } if stable_for.is_zero() => return Ok(()),
            Outcome::BecomesReady { stable_for } => {
                (Phase::Stable, self.until_stable(stable_for).await)
            }
            Outcome::StaysUp { time, every } => (Phase::Stable, self.stay(time, every).await),
            Outcome::ShutsDown { signal, within } => {
                (Phase::Stop, self.until_stopped(signal, within).await)
            }
            Outcome::Recovers { signal, within } => {
                (Phase::Recover, self.until_recovered(signal, within).await)
            }
        };
        self.seen.spent.push((phase, began.elapsed()));
        done
    }

    async fn until_exit(&mut self) -> Result<(), End> {
        let (until, limit) = (self.until, self.left());
        if self.ready.is_some() && self.seen.stranger.is_none() {
            match self.until_ready().await {
                Err(End::Ended(_)) => return Ok(()),
                Err(End::Taken(..)) | Ok(()) => {}
                Err(End::Late(..)) => {
                    return Err(End::Late(ProcessFault::NotEnded, Phase::Process, limit));
                }
                Err(other @ (End::Unable(_) | End::NotRestarted(_))) => return Err(other),
            }
        }
        let ended = timeout_at(until, self.running.ended()).await;
        ended.map_err(|_| End::Late(ProcessFault::NotEnded, Phase::Process, limit))
    }

    async fn until_ready(&mut self) -> Result<(), End> {
        let limit = self.left();
        loop {
            let seen = self.look(Phase::Ready).await?;
            if self.take(&seen)? {
                let at = self.since_start(seen.ended);
                self.seen.ready = Some(at);
                self.change(at, None);
                return Ok(());
            }
            self.pause(self.share(), self.until, Phase::Ready).await?;
            if Instant::now() >= self.until {
                return Err(self.late(ProcessFault::NotReady, Phase::Ready, limit));
            }
        }
    }

    /// Until it was ready so long without a break.
    async fn until_stable(&mut self, stable_for: Duration) -> Result<(), End> {
        let limit = self.left();
        let started = self.running.started;
        let mut since = self.seen.ready.map(|at| started + at);
        loop {
            let enough = since.map_or(self.until, |since| since + stable_for);
            // Often enough that a short break is not overlooked.
            let share = (stable_for / 20).clamp(PAUSES.0, PAUSES.1);
            self.pause(share, enough, Phase::Stable).await?;
            if Instant::now() >= self.until {
                return Err(self.late(ProcessFault::NotStable, Phase::Stable, limit));
            }
            let seen = self.look(Phase::Stable).await?;
            let is_ready = self.take(&seen)?;
            self.turn(is_ready, since.is_some(), &seen).await?;
            since = match since {
                Some(since) if is_ready && seen.began >= since + stable_for => {
                    self.seen.stable = Some(self.since_start(seen.ended));
                    return Ok(());
                }
                Some(since) if is_ready => Some(since),
                None if is_ready => Some(seen.ended),
                _ => None,
            };
        }
    }

    /// Watches it so long. That it is not ready meanwhile is counted, and no more.
    async fn stay(&mut self, time: Duration, every: Duration) -> Result<(), End> {
        let limit = self.left();
        let end = Instant::now() + time;
        let mut was_ready = true;
        loop {
            sleep_or_end(
                self.running,
                (Instant::now() + every).min(end).min(self.until),
            )
            .await
            .map_err(|()| End::Ended(Phase::Stable))?;
            if Instant::now() >= self.until {
                return Err(End::Late(ProcessFault::NotStable, Phase::Stable, limit));
            }
            let seen = self.look(Phase::Stable).await?;
            let is_ready = self.take(&seen)?;
            self.turn(is_ready, was_ready, &seen).await?;
            was_ready = is_ready;
            if seen.began >= end {
                if self.seen.flaps == 0 {
                    self.seen.stable = Some(self.since_start(seen.ended));
                }
                return Ok(());
            }
        }
    }

    async fn until_stopped(&mut self, signal: Signal, within: Duration) -> Result<(), End> {
        let limit = within.min(self.left());
        remember(self.running).await;
        let asked = Instant::now();
        self.running.signal(signal);
        let ended = timeout_at(asked + limit, self.running.ended()).await;
        ended.map_err(|_| End::Late(ProcessFault::NotStopped, Phase::Stop, limit))?;
        self.seen.stopped = Some(asked.elapsed());
        Ok(())
    }

    async fn until_recovered(&mut self, signal: Signal, within: Duration) -> Result<(), End> {
        let killed = self.kill_one(signal).await?;
        let is_leader = killed.0.pid == self.running.pid();
        match self.until_another(killed, within).await {
            Err(End::Ended(_)) if is_leader => Err(End::NotRestarted(signal)),
            done => done,
        }
    }

    /// Ends one of those who listen, and says who they were.
    async fn kill_one(&mut self, signal: Signal) -> Result<(Member, Vec<i32>), End> {
        let before = self.seen.holders.clone();
        let Some(victim) = self.victim(before.clone()).await else {
            let why = "this system does not tell which process listens, so none can be killed";
            return Err(End::Unable(ProbeError::new(Unable::Limit, why)));
        };
        self.seen.killed = Some((victim.pid, signal));
        victim.signal(signal);
        Ok((victim, before))
    }

    async fn until_another(
        &mut self,
        (victim, before): (Member, Vec<i32>),
        within: Duration,
    ) -> Result<(), End> {
        let limit = within.min(self.left());
        let killed = Instant::now();
        self.until = killed + limit;
        loop {
            let seen = self.look(Phase::Recover).await?;
            let is_ready = self.take(&seen)?;
            let holders = &self.seen.holders;
            // Others of its kind may have answered all the time: what counts is that another took its place.
            let is_another = holders.iter().any(|pid| !before.contains(pid));
            if is_ready && is_another && !holders.contains(&victim.pid) {
                self.seen.recovered = Some(seen.ended.duration_since(killed));
                return Ok(());
            }
            if is_ready {
                let why = "it answers, but no other process has taken the place of the one that was killed";
                self.seen.not_ready = Some(why.to_owned());
            }
            self.pause(share_of(killed.elapsed()), self.until, Phase::Recover)
                .await?;
            if Instant::now() >= self.until {
                return Err(self.late(ProcessFault::NotRecovered, Phase::Recover, limit));
            }
        }
    }

    /// Of those who listen the youngest; the program itself only where nobody else does.
    async fn victim(&self, holders: Vec<i32>) -> Option<Member> {
        let kin = self.running.kin()?.clone();
        let leader = self.running.pid();
        asked(move || {
            let living = kin.living().into_iter();
            let holding = living.filter(|member| holders.contains(&member.pid));
            holding.max_by_key(|member| (member.pid != leader, member.began()))
        })
        .await
    }

    /// One look, unless the program ends meanwhile.
    async fn look(&mut self, phase: Phase) -> Result<Glimpse, End> {
        let Some(ready) = self.ready else {
            let why = "there is no `ready` to look with";
            return Err(End::Unable(ProbeError::new(Unable::Value, why)));
        };
        let (running, until) = (self.running, self.until);
        let looking = glimpse(
            ready,
            self.sockets,
            self.asked_for,
            running,
            self.ctx,
            until,
        );
        tokio::select! {
            biased;
            () = self.running.ended() => Err(End::Ended(phase)),
            seen = looking => Ok(seen),
        }
    }

    /// Notes what a look saw, and says whether the program is ready.
    fn take(&mut self, seen: &Glimpse) -> Result<bool, End> {
        let at = |moment: Instant| moment.duration_since(self.running.started);
        self.seen.port_open = self.seen.port_open.or(seen.port_open.map(at));
        self.seen.first_byte = self.seen.first_byte.or(seen.first_byte.map(at));
        self.seen.unable = None;
        match &seen.state {
            Readiness::Ready { pids, ports } => {
                self.seen.holders.clone_from(pids);
                self.seen.ports.clone_from(ports);
                self.seen.not_ready = None;
                Ok(true)
            }
            Readiness::NotReady(why) => {
                // What only ran out of time at the end says less than the look before.
                let is_cut = seen.ended >= self.until && self.seen.not_ready.is_some();
                if !is_cut {
                    self.seen.not_ready = Some(why.clone());
                }
                Ok(false)
            }
            Readiness::Unable(error) if may_pass(error) => {
                self.seen.not_ready = Some(format!("{}: {}", error.kind.name(), error.message));
                self.seen.unable = Some(error.clone());
                Ok(false)
            }
            Readiness::Unable(error) => Err(End::Unable(error.clone())),
            Readiness::Stranger { socket, pid } => {
                self.seen.stranger = Some(stranger(*socket, *pid));
                Err(End::Taken(*socket, *pid))
            }
        }
    }

    /// Notes that it became ready, or not ready; unless that was its end.
    async fn turn(&mut self, is_ready: bool, was_ready: bool, seen: &Glimpse) -> Result<(), End> {
        if is_ready == was_ready {
            return Ok(());
        }
        // The connections of a program that ends are closed before it has ended.
        if !is_ready && timeout(ENDING, self.running.ended()).await.is_ok() {
            return Err(End::Ended(Phase::Stable));
        }
        let why = self.seen.not_ready.clone().filter(|_| !is_ready);
        self.seen.flaps += u64::from(!is_ready);
        self.change(self.since_start(seen.ended), why);
        Ok(())
    }

    fn change(&mut self, at: Duration, why: Option<String>) {
        if self.seen.changes.len() < CHANGES {
            self.seen.changes.push((at, why));
        }
    }

    /// The time is over: of what could not be looked at last it is not known whether it is ready.
    fn late(&mut self, fault: ProcessFault, phase: Phase, limit: Duration) -> End {
        match self.seen.unable.take() {
            Some(error) => End::Unable(error),
            None => End::Late(fault, phase, limit),
        }
    }

    /// Waits as long as `ready` says, else as long as this, until `at_most`; unless the program ends meanwhile.
    async fn pause(&self, share: Duration, at_most: Instant, phase: Phase) -> Result<(), End> {
        let every = self.ready.and_then(|ready| ready.every).unwrap_or(share);
        let next = (Instant::now() + every).min(at_most).min(self.until);
        let slept = sleep_or_end(self.running, next).await;
        slept.map_err(|()| End::Ended(phase))
    }

    fn share(&self) -> Duration {
        share_of(self.running.started.elapsed())
    }

    fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    fn since_start(&self, moment: Instant) -> Duration {
        moment.duration_since(self.running.started)
    }
}

/// Notes again and again who belongs to it: one that ends by itself gives no notice.
async fn follow(running: &Running) -> Infallible {
    loop {
        remember(running).await;
        let share = running.started.elapsed() / 40;
        sleep(share.clamp(FOLLOWED.0, FOLLOWED.1)).await;
    }
}

/// The shortest and the longest pause between two looks at who belongs to it: a few files each.
const FOLLOWED: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(25));

/// Who else listens, in words.
pub(super) fn stranger(socket: SocketAddr, pid: Option<i32>) -> String {
    match pid {
        Some(pid) => {
            let name = called(pid).map_or_else(String::new, |name| format!(" (`{name}`)"));
            format!("process {pid}{name}, which is none of the program's, listens at {socket}")
        }
        None => format!("a process that is none of the program's listens at {socket}"),
    }
}

/// A fortieth: what `ready` is told too late is that much of it at most, once it takes longer than 200 ms.
fn share_of(elapsed: Duration) -> Duration {
    (elapsed / 40).clamp(PAUSES.0, PAUSES.1)
}

async fn sleep_or_end(running: &Running, next: Instant) -> Result<(), ()> {
    tokio::select! {
        biased;
        () = running.ended() => Err(()),
        () = sleep_until(next) => Ok(()),
    }
}
