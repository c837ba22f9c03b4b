//! How many connections a server gives, how many of them are left, and the guard that leaves a fifth of those alone.

use crate::model::{ProbeError, Unable, Value};
use crate::probe::look::Look;

/// How many connections a server gives, and how many are left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    /// `max_connections`.
    pub(super) max: u64,
    /// How many of them are kept from us.
    pub(super) reserved: u64,
    /// By all others than us.
    pub(super) used: u64,
    /// What our user may have.
    pub(super) user: Option<Limit>,
    /// What our database may have.
    pub(super) database: Option<Limit>,
}

/// A limit beneath that of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limit {
    pub(super) most: u64,
    /// By all others than us.
    pub(super) used: u64,
}

impl Room {
    /// What is declared of a server that is not asked.
    pub(super) const fn declared(max: u64, reserved: u64) -> Self {
        Self {
            max,
            reserved,
            used: 0,
            user: None,
            database: None,
        }
    }

    /// What it gives to us and those like us.
    pub(super) fn available(&self) -> u64 {
        let narrower = [self.user, self.database].into_iter().flatten();
        narrower
            .map(|limit| limit.most)
            .fold(self.max.saturating_sub(self.reserved), u64::min)
    }

    /// What of that nobody has.
    pub(super) fn free(&self) -> u64 {
        let left = self.max.saturating_sub(self.reserved);
        let narrower = [self.user, self.database].into_iter().flatten();
        narrower
            .map(|limit| limit.most.saturating_sub(limit.used))
            .fold(left.saturating_sub(self.used), u64::min)
    }

    /// Whether so many may be taken. Refused is more than four fifths of what is free: a look must not be what takes the
    /// last connection from those who work there.
    pub(super) fn admit(&self, wanted: u64) -> Result<(), ProbeError> {
        let free = self.free();
        let most = free - free.div_ceil(5);
        if wanted <= most {
            return Ok(());
        }
        let message = format!(
            "{wanted} connections are more than 80 % of the {free} that are free ({}, {} in use): at most {most} would be taken, \
             unless `allow_exhaust: true`",
            self.sum(),
            self.used
        );
        Err(ProbeError::new(Unable::Guard, message))
    }

    /// `100 − 3 = 97`, or which narrower limit it is.
    pub(super) fn sum(&self) -> String {
        let available = self.available();
        let is = |limit: Option<Limit>| limit.is_some_and(|limit| limit.most == available);
        let left = self.max.saturating_sub(self.reserved);
        if left == available {
            format!("{} − {} = {left}", self.max, self.reserved)
        } else if is(self.user) {
            format!("{available}, the limit of this user")
        } else {
            format!("{available}, the limit of this database")
        }
    }

    /// Records what was read.
    pub(super) fn tell(&self, look: &mut Look<'_>) {
        look.fact("max_connections", Value::int(self.max));
        look.fact("reserved_connections", Value::int(self.reserved));
        look.fact("free_connections", Value::int(self.free()));
        if let Some(limit) = self.user {
            look.fact("user_limit", Value::int(limit.most));
        }
        if let Some(limit) = self.database {
            look.fact("database_limit", Value::int(limit.most));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(max: u64, reserved: u64, used: u64) -> Room {
        Room {
            used,
            ..Room::declared(max, reserved)
        }
    }

    #[test]
    fn four_fifths_of_what_is_free_are_taken_and_no_more() {
        for (room, most) in [
            (of(100, 3, 0), 77),
            (of(100, 0, 0), 80),
            (of(100, 0, 50), 40),
            (of(10, 3, 0), 5),
            (of(10, 3, 6), 0),
            (of(10, 3, 9), 0),
            (of(0, 0, 0), 0),
            (of(3, 10, 0), 0),
            (of(u64::MAX, 0, 0), u64::MAX - u64::MAX.div_ceil(5)),
        ] {
            assert_eq!(room.admit(most), Ok(()), "{room:?}");
            let refusal = room.admit(most + 1).unwrap_err();
            assert_eq!(refusal.kind, Unable::Guard, "{room:?}");
        }
        let told = of(100, 3, 7).admit(80).unwrap_err().message;
        assert!(told.contains("80 connections are more than 80 % of the 90"));
        assert!(told.contains("100 − 3 = 97, 7 in use") && told.contains("at most 72"));
    }

    #[test]
    fn the_narrowest_limit_counts() {
        let mut room = of(100, 3, 40);
        room.user = Some(Limit { most: 50, used: 10 });
        assert_eq!((room.available(), room.free()), (50, 40));
        assert_eq!(room.sum(), "50, the limit of this user");
        room.database = Some(Limit { most: 20, used: 19 });
        assert_eq!((room.available(), room.free()), (20, 1));
        assert_eq!(room.sum(), "20, the limit of this database");
        room.database = Some(Limit { most: 97, used: 97 });
        assert_eq!((room.available(), room.free()), (50, 0));
    }
}
