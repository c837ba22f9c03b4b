//! `storm`: so many logins at the same instant, held, and watched from beside.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::{Instant, sleep};

use super::capacity::within;
use super::door::{Door, Refusal, Watch, falls_to};
use super::tally::{Tally, histogram};
use crate::model::{Code, FaultKind, Keep, Phase, SqlFault, Stopped, Value};
use crate::probe::Invalid;
use crate::probe::database::Room;
use crate::probe::look::{Halt, Look};
use crate::yaml;

/// More logins at once are an attack and no question.
const MOST: u32 = 5000;

/// More steps say nothing new.
const MOST_STEPS: usize = 20;

/// How often the watcher counts while connections are held.
const SAMPLE: Duration = Duration::from_millis(200);

/// So long a server may take to let go of connections that were closed before the next step begins.
const CLOSING: Duration = Duration::from_secs(5);

/// How many, for how long, and how it grows.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Storm {
    /// How many connections there are at once, 2 to 5000. The first is that of the watcher, and is among them.
    connections: u32,
    /// How long they are held once the last login has ended.
    #[serde(default = "two_seconds")]
    hold: yaml::Duration,
    /// The steps to get there: `[10, 25, 50, 60]`. Each begins anew, when those of the one before are closed; it rises, and
    /// ends with `connections`. Without it there is one step.
    ramp: Option<Vec<u32>>,
}

const fn two_seconds() -> yaml::Duration {
    yaml::Duration(Duration::from_secs(2))
}

impl Storm {
    pub(super) fn check(&self) -> Result<(), Invalid> {
        within("storm.connections", self.connections, 2, MOST)?;
        let Some(ramp) = &self.ramp else {
            return Ok(());
        };
        let wrong = |why: String| Err(Invalid::new("storm.ramp", why));
        if ramp.len() > MOST_STEPS {
            return wrong(format!(
                "found {} steps, expected at most {MOST_STEPS}",
                ramp.len()
            ));
        }
        if ramp.iter().any(|step| *step < 2) || !ramp.is_sorted_by(|one, next| one < next) {
            return wrong("a ramp begins with 2 or more and rises with every step".to_owned());
        }
        if ramp.last() != Some(&self.connections) {
            let found = ramp.last().map_or("nothing".to_owned(), u32::to_string);
            return wrong(format!(
                "the ramp ends with {found}, and `connections` says {}",
                self.connections
            ));
        }
        Ok(())
    }

    /// The most connections there will be at once.
    pub(super) const fn most(&self) -> u32 {
        self.connections
    }

    /// How many connections each step has.
    fn steps(&self) -> &[u32] {
        self.ramp
            .as_deref()
            .unwrap_or(std::slice::from_ref(&self.connections))
    }

    /// How long it takes at least, and how that is made up.
    pub(super) fn least(&self) -> (Duration, String) {
        let steps = self.steps().len();
        let hold = self.hold.0;
        let least = hold.saturating_mul(u32::try_from(steps).unwrap_or(u32::MAX));
        let why = match steps {
            1 => format!("`hold` is {hold:?}"),
            many => format!("{many} steps of `hold: {hold:?}`"),
        };
        (least, why)
    }
}

/// One step, as it went.
struct Step {
    connections: u32,
    tally: Tally,
}

/// Storms, step by step, until `ends`. A step in which a login fails, or a connection that was held, is the last, unless the
/// server is to be exhausted; and when it has no connection left, nothing is held. Without its watcher nobody knows what the
/// server has: the storm ends as he did.
pub(super) async fn rage<D: Door, W: Watch>(
    look: &mut Look<'_>,
    keys: &Storm,
    door: &D,
    watcher: &mut W,
    may_exhaust: bool,
    ends: Instant,
) -> Result<(), Stopped> {
    let mut taken: Vec<Step> = Vec::new();
    let mut counted = Counted::default();
    let mut lost = None;
    let steps = keys.steps();
    for connections in steps {
        let Held {
            mut tally,
            connections: mut held,
        } = log_in(door, connections - 1).await?;
        let numbers: Vec<u64> = held.iter().map(D::number).collect();
        let is_to_hold = may_exhaust || !tally.is_exhausted;
        counted.lowest = None;
        // What is held for less than was asked proves less than was asked.
        let is_cut = is_to_hold && tally.refused() == 0 && Instant::now() + keys.hold.0 > ends;
        let watched = hold(
            keys.hold.0,
            is_to_hold,
            &numbers,
            watcher,
            ends,
            &mut counted,
        )
        .await;
        match watched {
            Ok(()) if is_cut => {
                lost = Some(too_late(
                    "before the connections were held for as long as they were to be",
                ));
            }
            Ok(()) if is_to_hold => ask_again(door, &mut held, &mut tally).await?,
            Ok(()) => {}
            Err(halt) => lost = Some(halt),
        }
        join_all(held.into_iter().map(|connection| door.close(connection))).await;
        let is_last = tally.refused() > 0 && !may_exhaust;
        taken.push(Step {
            connections: *connections,
            tally,
        });
        if is_last || lost.is_some() || taken.len() == steps.len() {
            break;
        }
        // Who comes before the server has let go of those that went would be refused, and nobody would be to blame. A proxy
        // that keeps them gives them to who comes next.
        let patience = (Instant::now() + CLOSING).min(ends);
        if Instant::now() < ends {
            match is_let_go(watcher, &numbers, patience).await {
                Ok(Some(room)) if !may_exhaust => room.admit(steps[taken.len()].into())?,
                Ok(_) => {}
                Err(halt) => {
                    lost = Some(halt);
                    break;
                }
            }
        }
        if Instant::now() >= ends {
            let (done, all) = (taken.len(), steps.len());
            let when = format!("after {done} of {all} steps");
            // Who was refused is counted, and tells it all the same.
            if taken.iter().any(|step| step.tally.refused() > 0) {
                let text = format!("the budget ended {when}");
                look.evidence("storm", text, Keep::First(200));
            } else {
                lost = Some(too_late(&when));
            }
            break;
        }
    }
    tell(look, &taken, counted);
    match lost {
        None => Ok(()),
        Some(halt) => Err(look.stop(Phase::Query, halt)),
    }
}

/// A storm that was not finished is none that the server carried.
fn too_late(when: &str) -> Halt {
    let why = format!("the budget ended {when}");
    Halt::fault(FaultKind::Sql(SqlFault::TimeoutQuery), why)
}

/// Waits until the server has let go of these, and reads how much room there is then: others came and went meanwhile. `None`
/// while it does not, as behind a proxy: what that keeps is given to who comes next, and in use all the same.
async fn is_let_go(
    watcher: &mut impl Watch,
    numbers: &[u64],
    until: Instant,
) -> Result<Option<Room>, Halt> {
    match falls_to(watcher, numbers, 0, until).await? {
        Some(_) if Instant::now() < until => watcher.room().await.map(Some),
        _ => Ok(None),
    }
}

/// What the watcher saw of us while connections were held, himself among them.
#[derive(Debug, Default, Clone, Copy)]
struct Counted {
    most: Option<u64>,
    /// Of the last step.
    lowest: Option<u64>,
}

/// What a step has in hand when its logins have ended.
struct Held<C> {
    tally: Tally,
    connections: Vec<C>,
}

/// So many logins: all are made first and begin in the same turn of this task.
async fn log_in<D: Door>(door: &D, count: u32) -> Result<Held<D::Connection>, Stopped> {
    let mut logins: FuturesUnordered<_> = (0..count).map(|_| door.open()).collect();
    let mut step = Held {
        tally: Tally::default(),
        connections: Vec::with_capacity(count as usize),
    };
    while let Some(login) = logins.next().await {
        step.tally.add(&login);
        match login.end {
            Ok(connection) => step.connections.push(connection),
            Err(Refusal::Fault(_)) => {}
            Err(Refusal::Unable(error)) => return Err(error.into()),
        }
    }
    Ok(step)
}

/// Holds connections while the watcher counts them; why he could not.
async fn hold(
    time: Duration,
    is_to_hold: bool,
    numbers: &[u64],
    watcher: &mut impl Watch,
    ends: Instant,
    counted: &mut Counted,
) -> Result<(), Halt> {
    let until = if is_to_hold {
        (Instant::now() + time).min(ends)
    } else {
        Instant::now()
    };
    // Who has no time left to answer says nothing about the server.
    while Instant::now() < ends {
        let seen = watcher.present(numbers).await?.saturating_add(1);
        counted.most = counted.most.max(Some(seen));
        counted.lowest = Some(counted.lowest.map_or(seen, |lowest| lowest.min(seen)));
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        sleep(left.min(SAMPLE)).await;
    }
    Ok(())
}

/// Asks each connection that was held once more: one that ended
/// meanwhile was not carried, and counts as refused.
async fn ask_again<D: Door>(
    door: &D,
    held: &mut [D::Connection],
    tally: &mut Tally,
) -> Result<(), Stopped> {
    let asking = held.iter_mut().map(|connection| door.ask_again(connection));
    for answer in join_all(asking).await {
        match answer {
            Ok(()) => {}
            Err(Refusal::Fault(fault)) => tally.end(&fault),
            Err(Refusal::Unable(error)) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Of the last step, which is the largest, unless something else is said.
fn tell(look: &mut Look<'_>, taken: &[Step], counted: Counted) {
    let mut codes: BTreeMap<Code, u64> = BTreeMap::new();
    for step in taken {
        for (code, count) in step.tally.codes() {
            *codes.entry(code.clone()).or_default() += count;
        }
    }
    if let Some(last) = taken.last() {
        look.fact("opened", Value::int(last.tally.opened() + 1));
        look.fact("attempted", Value::int(last.connections));
        look.fact("refused", Value::int(codes.values().sum::<u64>()));
        look.fact("codes", histogram(&codes));
    }
    look.fact(
        "steps",
        Value::List(taken.iter().map(Step::value).collect()),
    );
    if let Some(last) = taken.last() {
        // Until now the phases are the watcher's.
        look.keep_only(Phase::Resolve);
        last.tally.tell(look);
    }
    if let Some(most) = counted.most {
        look.fact("server_peak", Value::int(most));
    }
    if let Some(lowest) = counted.lowest {
        look.fact("server_low", Value::int(lowest));
    }
}

impl Step {
    fn value(&self) -> Value {
        let mut entries = vec![
            ("attempted".to_owned(), Value::int(self.connections)),
            ("opened".to_owned(), Value::int(self.tally.opened() + 1)),
            ("codes".to_owned(), histogram(self.tally.codes())),
        ];
        if let Some(p95) = self.tally.connect().p95 {
            entries.push(("connect_p95".to_owned(), Value::Duration(p95)));
        }
        Value::Map(entries)
    }
}

#[cfg(test)]
mod tests;
