//! A pool of connections as applications have it (SQLAlchemy's QueuePool,
//! <https://docs.sqlalchemy.org/en/20/core/pooling.html>): nothing is opened before it is asked for; `size` connections are kept,
//! up to `overflow` more are opened and closed again when they come back; who asks for one more waits his turn, `timeout` at
//! most; and who gets one that was kept gets one that answers.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::door::{Door, Login, Refusal};
use crate::model::{Code, FaultKind, PoolFault};

/// A pool.
pub(super) struct Queue<D: Door> {
    door: D,
    size: usize,
    timeout: Duration,
    /// One for each connection that may be out; fair, so that who waits longest is next. Out and kept are together never more
    /// than there are: one is only opened when none is kept.
    places: Semaphore,
    /// The kept ones, longest unused first. Locked for no longer than a look at it.
    kept: Mutex<VecDeque<D::Connection>>,
    opened: AtomicU64,
    replaced: AtomicU64,
}

/// A connection that is out. Dropped instead of checked in, it is closed and gives its place back.
pub(super) struct Lease<'q, C> {
    pub(super) connection: C,
    place: SemaphorePermit<'q>,
}

/// Why none is given.
#[derive(Debug)]
pub(super) enum NotGiven {
    /// None became free within the pool's timeout.
    TimedOut,
    /// A place was free, and no connection could be opened.
    Refused(Refusal),
}

impl NotGiven {
    /// What the one who asked is told; absent when we could not even try.
    pub(super) fn code(&self) -> Option<Code> {
        match self {
            Self::TimedOut => Some(FaultKind::Pool(PoolFault::Timeout).code()),
            Self::Refused(Refusal::Fault(fault)) => Some(fault.code()),
            Self::Refused(Refusal::Unable(_)) => None,
        }
    }
}

impl<D: Door> Queue<D> {
    pub(super) fn new(door: D, size: u32, overflow: u32, timeout: Duration) -> Self {
        let size = size as usize;
        Self {
            door,
            size,
            timeout,
            places: Semaphore::new(size + overflow as usize),
            kept: Mutex::default(),
            opened: AtomicU64::new(0),
            replaced: AtomicU64::new(0),
        }
    }

    /// A connection that answers: one that is kept, or a new one.
    pub(super) async fn check_out(&self) -> Result<Lease<'_, D::Connection>, NotGiven> {
        let Ok(place) = timeout(self.timeout, self.places.acquire()).await else {
            return Err(NotGiven::TimedOut);
        };
        // Nobody closes the semaphore.
        let place = place.map_err(|_| NotGiven::TimedOut)?;
        while let Some(mut connection) = self.oldest() {
            if self.door.ask_again(&mut connection).await.is_ok() {
                return Ok(Lease { connection, place });
            }
            self.replaced.fetch_add(1, Ordering::Relaxed);
        }
        let login = self.open().await;
        let connection = login.end.map_err(NotGiven::Refused)?;
        Ok(Lease { connection, place })
    }

    async fn open(&self) -> Login<D::Connection> {
        self.opened.fetch_add(1, Ordering::Relaxed);
        self.door.open().await
    }

    fn oldest(&self) -> Option<D::Connection> {
        self.locked().pop_front()
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, VecDeque<D::Connection>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a connection back: it is kept for the next, or closed when enough are kept.
    pub(super) async fn check_in(&self, lease: Lease<'_, D::Connection>) {
        let Lease { connection, place } = lease;
        let beyond = {
            let mut kept = self.locked();
            if kept.len() < self.size {
                kept.push_back(connection);
                None
            } else {
                Some(connection)
            }
        };
        if let Some(connection) = beyond {
            self.door.close(connection).await;
        }
        drop(place);
    }

    /// How many were opened so far, whether they came through or not.
    pub(super) fn opened(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }

    /// How many that were kept did not answer any more.
    pub(super) fn replaced(&self) -> u64 {
        self.replaced.load(Ordering::Relaxed)
    }

    /// By what the server tells those that are kept from others, longest unused first.
    pub(super) fn kept(&self) -> Vec<u64> {
        self.locked().iter().map(D::number).collect()
    }

    /// Closes those that are kept.
    pub(super) async fn close(&self) {
        let kept = std::mem::take(&mut *self.locked());
        join_all(
            kept.into_iter()
                .map(|connection| self.door.close(connection)),
        )
        .await;
    }
}

#[cfg(test)]
mod tests;
