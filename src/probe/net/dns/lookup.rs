//! The addresses of a host at a named server.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::time::Duration;

use hickory_proto::rr::{Name, RecordType};
use tokio::time::{Instant, timeout_at};

use super::answer::Answer;
use super::exchange::{Via, ask};
use super::name::check_name;
use super::question::Question;
use crate::model::{DnsFault, FaultKind, Origin, Unable};
use crate::probe::look::Halt;

/// Once one family is known, the other one gets this part of the time that was left; connecting needs the rest.
const SHARE_OF_SECOND: u32 = 4;
/// But at least this long (RFC 8305 §3).
const AT_LEAST: Duration = Duration::from_millis(50);

type Family = Result<Vec<IpAddr>, Halt>;

/// Asks for both families at once. IPv6 comes first (RFC 6724 §2.1 prefers it), each family in the order of the server. One
/// family may be missing, or late; when both are, what says more about the name is told.
pub(in crate::probe::net) async fn addresses(
    host: &str,
    server: SocketAddr,
    deadline: Instant,
) -> Result<Vec<IpAddr>, Halt> {
    let name =
        check_name("host", host).map_err(|invalid| Halt::unable(Unable::Value, invalid.message))?;
    let left = deadline.saturating_duration_since(Instant::now());
    let patience = Instant::now() + (left / SHARE_OF_SECOND).max(AT_LEAST).min(left);
    let mut v4 = pin!(family(name.clone(), RecordType::A, server, deadline));
    let mut v6 = pin!(family(name, RecordType::AAAA, server, deadline));
    let (v4, v6) = tokio::select! {
        v4 = &mut v4 => {
            let v6 = second(&v4, v6, patience).await;
            (v4, v6)
        }
        v6 = &mut v6 => {
            let v4 = second(&v6, v4, patience).await;
            (v4, v6)
        }
    };
    match (v4, v6) {
        (Ok(v4), Ok(v6)) => Ok([v6, v4].concat()),
        (Ok(known), Err(_)) | (Err(_), Ok(known)) => Ok(known),
        // What we could not look at is not known to be missing.
        (Err(unable @ Halt::Unable(_)), _) | (_, Err(unable @ Halt::Unable(_))) => Err(unable),
        (Err(v4), Err(v6)) => Err(match (is_nodata(&v4), is_nodata(&v6)) {
            (true, true) => no_address(host, server),
            (true, false) => v6,
            (false, _) => v4,
        }),
    }
}

fn no_address(host: &str, server: SocketAddr) -> Halt {
    let why = format!("`{host}`: the name exists, without an address (NOERROR from {server})");
    Halt::fault(FaultKind::Dns(DnsFault::Nodata), why).by(Origin::Rcode(0))
}

/// The family that came second. Without the first there is nothing to lose by waiting for it.
async fn second(first: &Family, second: impl Future<Output = Family>, patience: Instant) -> Family {
    if first.is_err() {
        return second.await;
    }
    let late = || {
        Halt::fault(
            FaultKind::Dns(DnsFault::Timeout),
            "the other family is late",
        )
    };
    timeout_at(patience, second)
        .await
        .unwrap_or_else(|_| Err(late()))
}

async fn family(name: Name, kind: RecordType, server: SocketAddr, deadline: Instant) -> Family {
    let question = Question::new(name, kind);
    let mut via = Via::default();
    let message = ask(&question, &[server], deadline, &mut via).await?;
    let (answer, ended) = Answer::read(&question, &message, &via);
    ended.map(|()| answer.addresses())
}

fn is_nodata(halt: &Halt) -> bool {
    matches!(
        halt,
        Halt::Fault {
            kind: FaultKind::Dns(DnsFault::Nodata),
            ..
        }
    )
}
