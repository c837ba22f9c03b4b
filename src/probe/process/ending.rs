//! The end of a program: asked, forced, and what it left behind.

use std::time::Duration;

use futures_util::future::join_all;
use nix::sys::signal::Signal;
use tokio::time::{Instant, timeout, timeout_at};

use super::owner::listens;
use super::running::{Running, asked};
use crate::probe::ports::is_free;
use crate::probe::program::{Kin, Member, Spent};

/// What is ending by itself may take so long once the program has ended.
const MOMENT: Duration = Duration::from_millis(250);

/// What was killed is gone after that, or the system keeps it.
const GONE: Duration = Duration::from_millis(500);

/// How a program ended.
#[derive(Debug)]
pub(super) struct Ended {
    /// `None` where the system did not let it go.
    pub(super) spent: Option<Spent>,
    pub(super) whose: Whose,
    /// Who was still there when it had ended; `None` where the system does not tell.
    pub(super) left: Option<usize>,
    /// Whether its ports were free again then; `None` where it had none.
    pub(super) port_released: Option<bool>,
}

/// Whose doing the end was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// It had ended.
    Own,
    /// We asked it to.
    Asked,
    /// We killed it.
    Killed,
}

/// Ends it if it runs, and all that belongs to it.
pub(super) async fn end(
    running: &mut Running,
    ports: &[u16],
    grace: Duration,
    until: Instant,
) -> Ended {
    let whose = end_leader(running, grace, until).await;
    let others = left_behind(running).await;
    // Where nobody is left nobody listens.
    let holders = others.as_ref().is_some_and(|others| !others.is_empty());
    let holders = running.kin().filter(|_| holders);
    let port_released = released(holders, ports).await;
    if let Some(others) = &others
        && !others.is_empty()
    {
        kill(running, others).await;
    }
    // Where the system does not tell who there is, at least the group.
    running.signal_all(Signal::SIGKILL);
    Ended {
        spent: running.reap(),
        whose,
        left: others.map(|others| others.len()),
        port_released,
    }
}

async fn end_leader(running: &Running, grace: Duration, until: Instant) -> Whose {
    if running.has_ended() {
        return Whose::Own;
    }
    remember(running).await;
    running.signal_all(Signal::SIGTERM);
    let grace = until.min(Instant::now() + grace);
    if timeout_at(grace, running.ended()).await.is_ok() {
        return Whose::Asked;
    }
    running.signal_all(Signal::SIGKILL);
    let _ = timeout(GONE, running.ended()).await;
    Whose::Killed
}

/// Notes who belongs to it while it still lives: afterwards nothing may show that any more.
pub(super) async fn remember(running: &Running) {
    if let Some(kin) = running.kin().cloned() {
        asked(move || kin.remember()).await;
    }
}

/// Who is still there, a moment after the program has ended.
async fn left_behind(running: &Running) -> Option<Vec<Member>> {
    let kin = running.kin()?.clone();
    let others = others(kin.clone()).await;
    if others.is_empty() {
        return Some(others);
    }
    join_all(others.into_iter().map(|member| member.ended(MOMENT))).await;
    Some(self::others(kin).await)
}

async fn others(kin: Kin) -> Vec<Member> {
    asked(move || kin.others()).await
}

async fn released(kin: Option<&Kin>, ports: &[u16]) -> Option<bool> {
    if ports.is_empty() {
        return None;
    }
    let (kin, ports) = (kin.cloned(), ports.to_vec());
    let released = asked(move || {
        let is_held = kin.is_some_and(|kin| listens(&kin, &ports));
        !is_held && ports.into_iter().all(is_free)
    });
    Some(released.await)
}

async fn kill(running: &Running, others: &[Member]) {
    running.signal_all(Signal::SIGKILL);
    if let Some(kin) = running.kin().cloned() {
        asked(move || kin.kill_others()).await;
    }
    join_all(others.iter().map(|member| member.ended(GONE))).await;
}
