//! A session with PostgreSQL.

use std::time::Duration;

use futures_util::FutureExt;
use postgres_protocol::message::frontend;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::cancel::Cancel;
use super::wire::Wire;

/// Saying goodbye takes no longer than this.
const GOODBYE: Duration = Duration::from_millis(100);

/// A session with PostgreSQL. Dropping it while it waits for an answer cancels in the server what it asked.
#[derive(Debug)]
pub(in crate::probe) struct Session {
    pub(super) wire: Wire,
    pub(super) state: State,
    pub(super) cancel: Option<Cancel>,
    pub(super) tls: Option<String>,
}

/// What may be done with a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It waits for a question.
    Idle,
    /// The same, within a transaction, or one that failed.
    InTransaction,
    /// It was asked something, and the answer was not read whole.
    Busy,
    /// It ended.
    Over,
}

impl Session {
    /// What the server said of itself: `15.4 (Debian 15.4-1)`.
    pub(in crate::probe) fn server_version(&self) -> Option<&str> {
        self.wire.server_version.as_deref()
    }

    /// The version of TLS that is spoken: `TLSv1.3`.
    pub(in crate::probe) fn tls(&self) -> Option<&str> {
        self.tls.as_deref()
    }

    /// Whether it can be asked something new: nothing is open, and nothing came meanwhile.
    pub(in crate::probe) async fn is_usable(&mut self) -> bool {
        self.state == State::Idle && self.wire.is_quiet().await
    }

    /// Says goodbye, so that the server has nothing to write into its log, or ends what the session was asked.
    pub(in crate::probe) async fn close(mut self) {
        match (self.state, self.cancel.take()) {
            (State::Idle | State::InTransaction, _) => {
                let _ = timeout(GOODBYE, self.goodbye()).await;
            }
            (State::Busy, Some(cancel)) => cancel.send().await,
            (State::Busy, None) | (State::Over, _) => {}
        }
    }

    async fn goodbye(&mut self) {
        self.state = State::Over;
        let wire = &mut self.wire;
        wire.outgoing.clear();
        frontend::terminate(&mut wire.outgoing);
        let _ = wire.stream.write_all(&wire.outgoing).await;
        // Under TLS this says that nothing was cut off.
        let _ = wire.stream.shutdown().await;
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        match self.state {
            State::Over => {}
            // What can be said at once is said: a server complains of those who leave without a word.
            State::Idle | State::InTransaction => {
                let _ = self.goodbye().now_or_never();
            }
            State::Busy => {
                if let Some(cancel) = self.cancel.take() {
                    cancel.send_beside();
                }
            }
        }
    }
}
