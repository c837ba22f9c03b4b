//! Sessions kept for the next who asks the same server as the same user.

use std::sync::{Mutex, PoisonError};

use super::server::Server;
use super::session::Session;

/// So many are kept for one server and user.
const MOST_IDLE: usize = 64;

/// Idle sessions, the one used last first. There are few servers, so they are gone through in order.
#[derive(Debug, Default)]
pub(in crate::probe) struct Sessions(Mutex<Vec<(Server, Vec<Session>)>>);

impl Sessions {
    /// One that can be asked something; those that ended meanwhile are dropped.
    pub(in crate::probe) async fn take(&self, server: &Server) -> Option<Session> {
        loop {
            let mut kept = self.pop(server)?;
            if kept.is_usable().await {
                return Some(kept);
            }
        }
    }

    fn pop(&self, server: &Server) -> Option<Session> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, idle) = all.iter_mut().find(|(known, _)| known == server)?;
        idle.pop()
    }

    /// Keeps a session, if it can be asked something else.
    pub(in crate::probe) async fn put(&self, server: &Server, mut session: Session) {
        if session.is_usable().await {
            self.push(server, session);
        }
    }

    /// The same for whoever comes, who is to find it as new. Tidying up is only begun: nobody waits for it before the next who
    /// takes it.
    pub(in crate::probe) async fn put_for_others(&self, server: &Server, mut session: Session) {
        if session.is_usable().await && session.tidy().await {
            self.push(server, session);
        }
    }

    fn push(&self, server: &Server, session: Session) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match all.iter_mut().find(|(known, _)| known == server) {
            Some((_, idle)) if idle.len() < MOST_IDLE => idle.push(session),
            Some(_) => {}
            None => all.push((server.clone(), vec![session])),
        }
    }
}
