//! What a pool takes for granted, tried on the server: each a fact with what was measured.

use futures_util::StreamExt;
use futures_util::future::{join, join_all};
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep};

use super::door::{Door, Watch, falls_to};
use super::queue::{Lease, NotGiven, Queue};
use super::rules::{CLOSING, Rules};
use crate::model::{FaultKind, Phase, PoolFault, ProbeError, Stopped, Unable, Value};
use crate::probe::look::{Halt, Look};

/// Tries the pool from its first connection to its last. Whatever stops it, connections that are out or kept are closed when
/// the pool is dropped.
pub(super) async fn prove<D: Door, W: Watch>(
    look: &mut Look<'_>,
    rules: &Rules,
    pool: &Queue<D>,
    watcher: &mut W,
) -> Result<(), Stopped> {
    look.fact("lazy", Value::Bool(pool.opened() == 0));
    let mut leases = fill(look, rules, pool).await?;
    let numbers: Vec<u64> = leases
        .iter()
        .map(|lease| D::number(&lease.connection))
        .collect();
    let seen = watched(look, watcher.present(&numbers).await)?;
    look.fact("server_peak", Value::int(seen));
    if let Some(lease) = leases.pop() {
        leases.push(hand_over(look, rules, pool, lease).await?);
    }
    wait_in_vain(look, rules, pool).await?;
    join_all(leases.into_iter().map(|lease| pool.check_in(lease))).await;
    close_overflow(look, rules, watcher, &numbers).await?;
    replace(look, rules, pool, watcher).await?;
    pool.close().await;
    Ok(())
}

/// All at once: as many as there may be.
async fn fill<'q, D: Door>(
    look: &mut Look<'_>,
    rules: &Rules,
    pool: &'q Queue<D>,
) -> Result<Vec<Lease<'q, D::Connection>>, Stopped> {
    let mut asking: FuturesUnordered<_> = (0..rules.most()).map(|_| pool.check_out()).collect();
    let mut leases = Vec::with_capacity(rules.most() as usize);
    let mut refused = None;
    while let Some(given) = asking.next().await {
        match given {
            Ok(lease) => leases.push(lease),
            // The first refusal says why; how many came through is known when all have ended.
            Err(not_given) => refused = refused.or(Some(not_given)),
        }
    }
    look.fact("opened", Value::int(leases.len() as u64));
    match refused {
        None => Ok(leases),
        Some(not_given) => Err(stop(look, not_given)),
    }
}

/// One more has to wait, and gets the next that is given back.
async fn hand_over<'q, D: Door>(
    look: &mut Look<'_>,
    rules: &Rules,
    pool: &'q Queue<D>,
    lease: Lease<'q, D::Connection>,
) -> Result<Lease<'q, D::Connection>, Stopped> {
    let asked = Instant::now();
    let giving_back = async {
        sleep(rules.lag()).await;
        let released = Instant::now();
        pool.check_in(lease).await;
        released
    };
    let (given, released) = join(pool.check_out(), giving_back).await;
    let given = given.map_err(|not_given| stop(look, not_given))?;
    look.fact("waited", Value::Duration(asked.elapsed()));
    look.fact("handed_over", Value::Duration(released.elapsed()));
    Ok(given)
}

/// One more, and none is given back: the pool gives up, and the network has no part in it.
async fn wait_in_vain<D: Door>(
    look: &mut Look<'_>,
    rules: &Rules,
    pool: &Queue<D>,
) -> Result<(), Stopped> {
    let asked = Instant::now();
    let given = pool.check_out().await;
    let waited = asked.elapsed();
    let Err(not_given) = given else {
        let message = "our own pool gave more connections than it has";
        return Err(ProbeError::new(Unable::Panic, message).into());
    };
    if let Some(code) = not_given.code() {
        look.fact("timed_out_with", Value::Text(code.to_string()));
    }
    if !matches!(not_given, NotGiven::TimedOut) {
        return Err(stop(look, not_given));
    }
    look.fact("timed_out", Value::Duration(waited));
    if waited.abs_diff(rules.timeout.get()) > rules.tolerance() {
        let message = format!(
            "our own clock gave up after {waited:.1?} instead of {:?}: this machine is too busy to judge a pool",
            rules.timeout.get()
        );
        return Err(ProbeError::new(Unable::Limit, message).into());
    }
    Ok(())
}

/// All are back: those beyond the size are closed, and the server knows.
async fn close_overflow(
    look: &mut Look<'_>,
    rules: &Rules,
    watcher: &mut impl Watch,
    numbers: &[u64],
) -> Result<(), Stopped> {
    let until = Instant::now() + CLOSING;
    let fallen = falls_to(watcher, numbers, rules.size.into(), until).await;
    let fallen = watched(look, fallen)?;
    let kept = watched(look, watcher.present(numbers).await)?;
    look.fact("kept", Value::int(kept));
    if let Some(took) = fallen {
        look.fact("overflow_closed", Value::Duration(took));
        return Ok(());
    }
    let message = format!(
        "{} of {} connections were closed, and {CLOSING:?} later the server still has {kept}",
        rules.overflow,
        rules.most()
    );
    let halt = Halt::fault(FaultKind::Pool(PoolFault::Lingers), message);
    Err(look.stop(Phase::Query, halt))
}

/// The server ends one that is kept, as it does when it restarts or tidies up: who takes it next gets one that answers.
async fn replace<D: Door, W: Watch>(
    look: &mut Look<'_>,
    rules: &Rules,
    pool: &Queue<D>,
    watcher: &mut W,
) -> Result<(), Stopped> {
    let Some(victim) = pool.kept().first().copied() else {
        return Ok(());
    };
    watched(look, watcher.end(victim).await)?;
    let until = Instant::now() + CLOSING;
    let gone = watched(look, falls_to(watcher, &[victim], 0, until).await)?;
    if gone.is_none() {
        let message =
            format!("the server was told to end a connection, and {CLOSING:?} later still has it");
        let halt = Halt::fault(FaultKind::Pool(PoolFault::Lingers), message);
        return Err(look.stop(Phase::Query, halt));
    }
    let mut leases = Vec::new();
    for _ in 0..rules.size {
        match pool.check_out().await {
            Ok(lease) => leases.push(lease),
            Err(not_given) => return Err(stop(look, not_given)),
        }
    }
    look.fact("replaced", Value::int(pool.replaced()));
    join_all(leases.into_iter().map(|lease| pool.check_in(lease))).await;
    Ok(())
}

/// The watcher cannot be asked any more: what he would have seen is not known.
fn watched<T>(look: &mut Look<'_>, seen: Result<T, Halt>) -> Result<T, Stopped> {
    seen.map_err(|halt| look.stop(Phase::Query, halt))
}

fn stop(look: &mut Look<'_>, not_given: NotGiven) -> Stopped {
    match not_given {
        NotGiven::Refused(refusal) => refusal.stop(look),
        NotGiven::TimedOut => {
            let message = "no connection of the pool became free in time";
            let halt = Halt::fault(FaultKind::Pool(PoolFault::Timeout), message);
            look.stop(Phase::Query, halt)
        }
    }
}

#[cfg(test)]
mod tests;
