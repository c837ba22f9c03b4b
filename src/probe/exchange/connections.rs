//! Connections kept for the next request to the same place.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::connection::Connection;
use super::route::Place;

/// So many are kept for one place.
const MOST_IDLE: usize = 64;

/// Idle connections, the one used last first: it is the least likely to have been closed meanwhile.
#[derive(Debug, Default)]
pub(in crate::probe) struct Connections(Mutex<HashMap<Place, Vec<Connection>>>);

impl Connections {
    /// One that can take a request; those that were closed meanwhile are dropped.
    pub(super) async fn take(&self, place: &Place) -> Option<Connection> {
        loop {
            let mut kept = self.pop(place)?;
            if kept.is_usable().await {
                return Some(kept);
            }
        }
    }

    fn pop(&self, place: &Place) -> Option<Connection> {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        idle.get_mut(place)?.pop()
    }

    /// Keeps a connection, if it can take another request.
    pub(super) async fn put(&self, mut connection: Connection) {
        if !connection.is_usable().await {
            return;
        }
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match idle.get_mut(&connection.place) {
            Some(known) if known.len() < MOST_IDLE => known.push(connection),
            Some(_) => {}
            None => {
                idle.insert(connection.place.clone(), vec![connection]);
            }
        }
    }
}
