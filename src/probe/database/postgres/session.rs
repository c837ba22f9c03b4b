//! A session with PostgreSQL.

use std::time::Duration;

use futures_util::FutureExt;
use postgres_protocol::message::backend::Message;
use postgres_protocol::message::frontend;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::cancel::Cancel;
use super::wire::Wire;
use crate::model::Value;

/// Saying goodbye takes no longer than this.
const GOODBYE: Duration = Duration::from_millis(100);

/// A session that does not become as new within this is not used again.
const TIDYING: Duration = Duration::from_millis(100);

/// A session with PostgreSQL. Dropping it while it waits for an answer cancels in the server what it asked.
#[derive(Debug)]
pub(in crate::probe) struct Session {
    pub(super) wire: Wire,
    pub(super) state: State,
    pub(super) cancel: Option<Cancel>,
    pub(super) tls: Option<String>,
    /// What it said of itself, where nothing can have changed it since: one that is kept need not be asked it again.
    pub(in crate::probe) remembered: Option<Remembered>,
}

/// Facts by their names, which are the same for as long as a session is as new.
pub(in crate::probe) type Remembered = Vec<(&'static str, Value)>;

/// What may be done with a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It waits for a question.
    Idle,
    /// The same, within a transaction, or one that failed.
    InTransaction,
    /// It was told to become as new, and did not say yet that it is.
    Tidying,
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
        if self.state == State::Tidying && !self.has_tidied().await {
            return false;
        }
        self.state == State::Idle && self.wire.is_quiet().await
    }

    /// Takes away what a rollback leaves in a session: advisory locks, prepared statements, the last values of sequences. What is
    /// set, listened to or made for the time of the session goes with a rollback, and all the same is taken away with it: after
    /// a pooler or a `COMMIT` within a procedure it may be there. The answer is not waited for but read by the next who takes
    /// the session, so that it costs no look a round trip.
    pub(in crate::probe) async fn tidy(&mut self) -> bool {
        if frontend::query("DISCARD ALL", &mut self.wire.outgoing).is_err() {
            return false;
        }
        let sending = self.wire.send("when it was kept");
        let is_sent = matches!(timeout(TIDYING, sending).await, Ok(Ok(())));
        self.state = if is_sent { State::Tidying } else { State::Over };
        is_sent
    }

    /// Whether it is as new.
    async fn has_tidied(&mut self) -> bool {
        let hearing = async {
            loop {
                match self.wire.next("when it was kept").await {
                    Ok(Message::CommandComplete(_)) => {}
                    Ok(Message::ReadyForQuery(ready)) => return ready.status() == b'I',
                    Ok(_) | Err(_) => return false,
                }
            }
        };
        let has_tidied = timeout(TIDYING, hearing).await.unwrap_or(false);
        self.state = if has_tidied { State::Idle } else { State::Over };
        has_tidied
    }

    /// Says goodbye, so that the server has nothing to write into its log, or ends what the session was asked.
    pub(in crate::probe) async fn close(mut self) {
        match (self.state, self.cancel.take()) {
            (State::Idle | State::InTransaction | State::Tidying, _) => {
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
            State::Idle | State::InTransaction | State::Tidying => {
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
