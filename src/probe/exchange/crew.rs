//! The futures HTTP/2 wants run beside a connection. They are run by whoever uses the connection, and end with it.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context as Poller, Poll};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use hyper::rt::Executor;

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;
type Arrivals = Mutex<Vec<Work>>;

/// Runs what its recruiters are given.
#[derive(Default)]
pub(super) struct Crew {
    arriving: Arc<Arrivals>,
    running: FuturesUnordered<Work>,
}

/// Hands futures to a crew. It does not keep the crew alive: futures hold recruiters, and a circle would never be freed.
#[derive(Clone)]
pub(super) struct Recruiter(Weak<Arrivals>);

impl Crew {
    pub(super) fn recruiter(&self) -> Recruiter {
        Recruiter(Arc::downgrade(&self.arriving))
    }

    /// Lets each go as far as it can.
    pub(super) fn poll(&mut self, poller: &mut Poller<'_>) {
        loop {
            let arrived = {
                let mut arriving = self.arriving.lock().unwrap_or_else(PoisonError::into_inner);
                mem::take(&mut *arriving)
            };
            let is_done = arrived.is_empty();
            self.running.extend(arrived);
            let went_on = matches!(self.running.poll_next_unpin(poller), Poll::Ready(Some(())));
            if is_done && !went_on {
                return;
            }
        }
    }
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Recruiter {
    fn execute(&self, work: F) {
        if let Some(crew) = self.0.upgrade() {
            let mut arriving = crew.lock().unwrap_or_else(PoisonError::into_inner);
            arriving.push(Box::pin(work));
        }
    }
}

impl std::fmt::Debug for Crew {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Crew({})", self.running.len())
    }
}

impl std::fmt::Debug for Recruiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Recruiter")
    }
}
