//! Ending a statement in the server when nobody waits for it any more.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::session::Session;
use crate::model::{Connections, Value};
use crate::probe::context::{Context, Shared};
use crate::probe::database::{Limits, Server};
use crate::probe::hex::hex;
use crate::probe::look::Look;

/// Who closes the session waits for it, and it waits for nobody longer than this.
/// The limit the session began with is there beside it.
const PATIENCE: Duration = Duration::from_secs(1);

/// What it takes to end what a session asked.
#[derive(Debug, Clone)]
pub(super) struct Kill {
    /// Gone when the run is over; then nobody is left to end anything.
    pub(super) shared: Weak<Shared>,
    /// The very one the session is with, also where its name leads to several.
    pub(super) server: Server,
    /// The number the server gave the connection.
    pub(super) connection: u32,
}

impl Kill {
    /// Ends this statement beside whatever else is going on: that goes on also where nobody waits for it.
    pub(super) fn send(self, text: String) -> Option<JoinHandle<()>> {
        let shared = self.shared.upgrade()?;
        let errands = shared.errands.clone();
        errands.send(async move {
            let _ = timeout(PATIENCE, self.sent(shared, &text)).await;
        })
    }

    /// Whoever balances connections may have led us to another server, where the number is somebody else's: only the very
    /// statement is ended.
    async fn sent(&self, shared: Arc<Shared>, text: &str) {
        let ctx = Context {
            shared,
            attempt: Arc::default(),
            connections: Connections::Fresh,
            deadline: Instant::now() + PATIENCE,
            barriers: None,
            jobs: 1,
            is_searched: false,
        };
        let limits = Limits {
            rows: 1,
            bytes: 64 * 1024,
        };
        let mut look = Look::begin(&ctx);
        let Ok(mut session) = Session::open_to_kill(&mut look, &self.server).await else {
            return;
        };
        let found = session.ask(&self.is_there(text), limits).await;
        let rows = found.ok().and_then(|answer| answer.rows);
        let count = rows.and_then(|rows| rows.all.first()?.get("n").cloned());
        if count == Some(Value::int(1)) {
            let kill = format!("KILL QUERY {}", self.connection);
            let _ = session.ask(&kill, limits).await;
        }
        session.close().await;
    }

    /// Asks whether the connection is about this statement, its text in hexadecimal so that nothing in it means something.
    fn is_there(&self, text: &str) -> String {
        // The server keeps a statement without what surrounds it.
        let text = text.trim_matches(|c: char| c.is_ascii_whitespace() || c == ';');
        format!(
            "SELECT COUNT(*) AS n FROM information_schema.processlist \
             WHERE id = {} AND info = _utf8mb4 0x{}",
            self.connection,
            hex(text.as_bytes())
        )
    }
}
