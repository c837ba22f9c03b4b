//! One look at whether a program is ready.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::owner::{Asked, Owner, owner};
use super::ready::{Ready, reached};
use super::running::{Running, asked};
use crate::check::evaluate;
use crate::model::{
    Connections, Finding, Observation, Phase, ProbeError, State, Stopped, Unable, Value,
};
use crate::probe::Context;

/// A look that goes on so long after its deadline is given up.
const BACKSTOP: Duration = Duration::from_millis(200);

/// What one look came to.
#[derive(Debug)]
pub(super) struct Glimpse {
    /// When it began.
    pub(super) began: Instant,
    /// When it ended; who listens was asked after that.
    pub(super) ended: Instant,
    /// When a connection was there, and when the first byte of an answer was.
    pub(super) port_open: Option<Instant>,
    pub(super) first_byte: Option<Instant>,
    pub(super) state: Readiness,
}

/// Whether it is ready.
#[derive(Debug)]
pub(super) enum Readiness {
    /// What was expected was seen, and it was the program that answered: these processes, at these ports, where the system tells.
    Ready { pids: Vec<i32>, ports: Vec<u16> },
    /// It was not, and this is why.
    NotReady(String),
    /// We could not look.
    Unable(ProbeError),
    /// Somebody else answered.
    Stranger {
        socket: SocketAddr,
        pid: Option<i32>,
    },
}

/// Looks once, until `deadline` at the latest.
pub(super) async fn glimpse(
    ready: &Ready,
    sockets: &[SocketAddr],
    asked_for: Asked,
    running: &Running,
    ctx: &Context,
    deadline: Instant,
) -> Glimpse {
    let began = Instant::now();
    let deadline = deadline.min(began + ready.timeout);
    // Each look connects anew: what is asked is whether somebody who comes now is served.
    let ctx = Context {
        shared: ctx.shared.clone(),
        attempt: Arc::default(),
        connections: Connections::Fresh,
        deadline,
        barriers: None,
        jobs: ctx.jobs,
        is_searched: false,
    };
    let looked = timeout_at(deadline + BACKSTOP, ready.probe.observe(&ctx)).await;
    let ended = Instant::now();
    let seen = match looked {
        Ok(Ok(seen)) => seen,
        Ok(Err(Stopped::Fault(seen))) => *seen,
        Ok(Err(Stopped::Unable(error))) => {
            return nothing(began, ended, Readiness::Unable(error));
        }
        Err(_) => {
            let why = "the look did not stop at its deadline".to_owned();
            return nothing(began, ended, Readiness::NotReady(why));
        }
    };
    let findings = evaluate(&ready.expect, &seen);
    let wrong: Vec<String> = findings.iter().filter_map(words).collect();
    let state = if wrong.is_empty() {
        answered((sockets, asked_for), ready, &seen, running).await
    } else {
        Readiness::NotReady(wrong.join("\n"))
    };
    Glimpse {
        began,
        ended,
        port_open: passed(&seen, Phase::Connect).map(|after| began + after),
        first_byte: passed(&seen, Phase::FirstByte).map(|after| began + after),
        state,
    }
}

fn nothing(began: Instant, ended: Instant, state: Readiness) -> Glimpse {
    Glimpse {
        began,
        ended,
        port_open: None,
        first_byte: None,
        state,
    }
}

/// Who it was that answered.
async fn answered(
    (sockets, asked_for): (&[SocketAddr], Asked),
    ready: &Ready,
    seen: &Observation,
    running: &Running,
) -> Readiness {
    let by_itself = Readiness::Ready {
        pids: Vec::new(),
        ports: Vec::new(),
    };
    let met = sockets.is_empty().then(|| met(ready, seen));
    let wanted = met.as_deref().unwrap_or(sockets);
    let Some(first) = wanted.first().copied() else {
        return by_itself;
    };
    let (kin, wanted) = (running.kin().cloned(), wanted.to_vec());
    match asked(move || owner(kin.as_ref(), &wanted, asked_for)).await {
        Owner::Own { pids, ports } => Readiness::Ready { pids, ports },
        Owner::Untold => by_itself,
        // A proxy, or a redirect, may have led elsewhere.
        Owner::Nobody if met.is_some() => by_itself,
        Owner::Nobody => Readiness::NotReady(format!(
            "an answer came, but nobody listens at {first} on this machine"
        )),
        Owner::Stranger { socket, pid } => Readiness::Stranger { socket, pid },
    }
}

/// Where on this machine a look ended up, whose name did not say that it is on this machine.
fn met(ready: &Ready, seen: &Observation) -> Vec<SocketAddr> {
    let remote = seen.facts.get("remote_ip").and_then(Value::as_text);
    let remote = remote.and_then(|ip| ip.parse::<IpAddr>().ok());
    let own = remote.map(reached).filter(|ip| is_own(*ip));
    let at = |ip: IpAddr| ready.ports().map(move |port| SocketAddr::new(ip, port));
    own.into_iter().flat_map(at).collect()
}

/// Whether it is an address of this machine: what is sent there comes from there. Nothing is sent.
fn is_own(ip: IpAddr) -> bool {
    let any: IpAddr = match ip {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let from = || {
        let socket = UdpSocket::bind((any, 0))?;
        socket.connect((ip, 9))?;
        socket.local_addr()
    };
    ip.is_loopback() || from().is_ok_and(|from| from.ip() == ip)
}

/// What did not hold, in words.
fn words(finding: &Finding) -> Option<String> {
    if finding.state == State::Held {
        return None;
    }
    let Finding {
        code,
        path,
        expected,
        actual,
        detail,
        ..
    } = finding;
    let found = match actual {
        Some(actual) if path == "fault" => return Some(actual.clone()),
        Some(actual) => format!(", found {actual}"),
        None => String::new(),
    };
    let detail = detail
        .as_ref()
        .map_or_else(String::new, |why| format!(" ({why})"));
    Some(match finding.state {
        State::NotReached => return None,
        _ => format!("{code}: expected {path} {expected}{found}{detail}"),
    })
}

/// How long after its start a look was through this phase; `None` where it did not come so far.
fn passed(seen: &Observation, phase: Phase) -> Option<Duration> {
    let stopped_in = seen.fault.as_ref().map(|fault| fault.phase);
    let mut sum = Duration::ZERO;
    for time in &seen.phases {
        if Some(time.phase) == stopped_in {
            return None;
        }
        sum += time.took;
        if time.phase == phase {
            return Some(sum);
        }
    }
    None
}

/// Whether looking again may go better.
pub(super) fn may_pass(error: &ProbeError) -> bool {
    match error.kind {
        Unable::Limit | Unable::File => true,
        Unable::Program
        | Unable::Value
        | Unable::Guard
        | Unable::Barrier
        | Unable::NotForced
        | Unable::NotCold
        | Unable::Panic => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Fault, FaultKind, PhaseTime, TcpFault};

    #[test]
    fn what_a_look_passed_is_timed_and_what_stopped_it_is_not() {
        let time = |phase, ms| PhaseTime {
            phase,
            took: Duration::from_millis(ms),
        };
        let mut seen = Observation {
            phases: vec![time(Phase::Connect, 2), time(Phase::FirstByte, 5)],
            ..Observation::default()
        };
        let ms = |after: Option<Duration>| after.map(|after| after.as_millis());
        assert_eq!(ms(passed(&seen, Phase::Connect)), Some(2));
        assert_eq!(ms(passed(&seen, Phase::FirstByte)), Some(7));
        assert_eq!(ms(passed(&seen, Phase::Body)), None);
        let mut stop = |phase| {
            seen.fault = Some(Fault {
                kind: FaultKind::Tcp(TcpFault::Refused),
                phase,
                message: String::new(),
                origin: None,
            });
            (
                ms(passed(&seen, Phase::Connect)),
                ms(passed(&seen, Phase::FirstByte)),
            )
        };
        assert_eq!(stop(Phase::FirstByte), (Some(2), None));
        assert_eq!(stop(Phase::Connect), (None, None));
    }
}
