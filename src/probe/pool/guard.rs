//! The guard that leaves a fifth of what is free alone.

use crate::model::{ProbeError, Unable};
use crate::probe::database::{Limit, Room};

impl Room {
    /// Whether so many may be taken. Refused is more than four fifths of what is free: a look must not be what takes the
    /// last connection from those who work there.
    pub(in crate::probe) fn admit(&self, wanted: u64) -> Result<(), ProbeError> {
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
    pub(in crate::probe) fn sum(&self) -> String {
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
