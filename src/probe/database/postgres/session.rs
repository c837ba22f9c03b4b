//! A session with PostgreSQL.

use std::time::Duration;

use postgres_protocol::message::frontend;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::cancel::Cancel;
use super::wire::Wire;

/// Saying goodbye takes no longer than this.
const GOODBYE: Duration = Duration::from_millis(200);

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

    /// Says goodbye, so that the server has nothing to write into its log.
    pub(in crate::probe) async fn close(mut self) {
        if self.state == State::Busy {
            return;
        }
        self.state = State::Over;
        self.wire.outgoing.clear();
        frontend::terminate(&mut self.wire.outgoing);
        let wire = &mut self.wire;
        let goodbye = async {
            let _ = wire.send("saying goodbye").await;
            let _ = wire.stream.shutdown().await;
        };
        let _ = timeout(GOODBYE, goodbye).await;
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if self.state == State::Busy
            && let Some(cancel) = self.cancel.take()
        {
            cancel.send();
        }
    }
}
