//! The attempts of a sample beside each other: in lanes, each at its own pace, or in rounds that start at one moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Barrier, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::attempt::{Attempted, Subject};
use super::halt::later;
use crate::plan::Repeat;

/// Attempts that are being made.
pub(super) struct Lanes {
    tasks: JoinSet<()>,
    attempts: mpsc::Receiver<Attempted>,
    /// Set to begin no more attempts.
    stop: watch::Sender<bool>,
}

impl Lanes {
    pub(super) fn start(subject: &Subject, repeat: &Repeat) -> Self {
        let lanes = usize::try_from(repeat.concurrency.min(repeat.times))
            .unwrap_or(1)
            .max(1);
        let (send, attempts) = mpsc::channel(lanes);
        let (stop, stopped) = watch::channel(false);
        let lane = Lane {
            subject: subject.clone(),
            send,
            stopped,
            begun: Arc::default(),
            times: repeat.times,
            idle: repeat.idle,
            interval: repeat.interval,
        };
        let mut tasks = JoinSet::new();
        if repeat.barrier {
            tasks.spawn(lane.in_rounds(repeat.concurrency.max(1)));
        } else {
            for _ in 1..lanes {
                tasks.spawn(lane.clone().in_a_row());
            }
            tasks.spawn(lane.in_a_row());
        }
        Self {
            tasks,
            attempts,
            stop,
        }
    }

    /// The next that has ended; `None` when all have.
    pub(super) async fn next(&mut self) -> Option<Attempted> {
        self.attempts.recv().await
    }

    /// Begins no more.
    pub(super) fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Waits for the end of all. A panic in one of them goes on here: it is ours, not a probe's.
    pub(super) async fn end(mut self) {
        while let Some(ended) = self.tasks.join_next().await {
            hand_on_panic(ended);
        }
    }
}

/// One after the other.
#[derive(Clone)]
struct Lane {
    subject: Subject,
    send: mpsc::Sender<Attempted>,
    stopped: watch::Receiver<bool>,
    /// In all lanes together.
    begun: Arc<AtomicU64>,
    times: u64,
    idle: Duration,
    interval: Duration,
}

impl Lane {
    async fn in_a_row(self) {
        loop {
            if self.is_over() || !self.rest(self.idle).await {
                return;
            }
            let number = self.begun.fetch_add(1, Ordering::Relaxed) + 1;
            if number > self.times || !self.attempt(number).await {
                return;
            }
            if self.is_over() || !self.rest(self.interval).await {
                return;
            }
        }
    }

    async fn in_rounds(self, concurrency: u64) {
        while !self.is_over() {
            let begun = self.begun.load(Ordering::Relaxed);
            let size = concurrency.min(self.times - begun);
            self.begun.fetch_add(size, Ordering::Relaxed);
            let barrier = Arc::new(Barrier::new(usize::try_from(size).unwrap_or(1)));
            let mut round = JoinSet::new();
            for number in begun + 1..=begun + size {
                let (lane, barrier) = (self.clone(), barrier.clone());
                round.spawn(async move {
                    // All tasks exist, and have run up to here.
                    barrier.wait().await;
                    lane.attempt(number).await;
                });
            }
            while let Some(ended) = round.join_next().await {
                hand_on_panic(ended);
            }
            if self.is_over() || !self.rest(self.interval).await {
                return;
            }
        }
    }

    /// Whether anybody wants to hear of more.
    async fn attempt(&self, number: u64) -> bool {
        let attempted = self.subject.attempt(number, None).await;
        self.send.send(attempted).await.is_ok()
    }

    fn is_over(&self) -> bool {
        *self.stopped.borrow()
            || self.subject.run.halting.reason().is_some()
            || self.begun.load(Ordering::Relaxed) >= self.times
    }

    /// Whether to go on afterwards.
    async fn rest(&self, time: Duration) -> bool {
        if time.is_zero() {
            return true;
        }
        let then = later(Instant::now(), time);
        let mut stopped = self.stopped.clone();
        tokio::select! {
            biased;
            _ = stopped.wait_for(|stopped| *stopped) => false,
            woken = self.subject.run.halting.sleep_until(then) => woken.is_ok(),
        }
    }
}

fn hand_on_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && let Ok(panic) = error.try_into_panic()
    {
        std::panic::resume_unwind(panic);
    }
}

/// How far apart the attempts of a round started: the most that was seen.
#[derive(Debug)]
pub(super) struct Skew {
    /// Attempts of a round.
    size: u64,
    /// The round that was seen last, its earliest and its latest start.
    round: Option<(u64, Duration, Duration)>,
    most: Duration,
}

impl Skew {
    /// Of a sample that is made in rounds.
    pub(super) fn of(repeat: &Repeat) -> Option<Self> {
        repeat.barrier.then(|| Self {
            size: repeat.concurrency.max(1),
            round: None,
            most: Duration::ZERO,
        })
    }

    /// Takes the start of an attempt; rounds come one after the other.
    pub(super) fn take(&mut self, number: u64, started: Duration) {
        let round = number.saturating_sub(1) / self.size;
        let (first, last) = match self.round {
            Some((known, first, last)) if known == round => (first.min(started), last.max(started)),
            _ => (started, started),
        };
        self.round = Some((round, first, last));
        self.most = self.most.max(last.saturating_sub(first));
    }

    /// The most.
    pub(super) fn most(&self) -> Duration {
        self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_skew_is_the_most_of_any_round_and_not_between_rounds() {
        let mut skew = Skew {
            size: 2,
            round: None,
            most: Duration::ZERO,
        };
        let starts = [(2, 13), (1, 10), (3, 100), (4, 105), (6, 200), (5, 201)];
        for (number, started) in starts {
            skew.take(number, Duration::from_millis(started));
        }
        assert_eq!(skew.most(), Duration::from_millis(5));
    }
}
