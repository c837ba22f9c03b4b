//! An iterator that works ahead, on a thread of its own: scanning a large file takes as long as building its tree.

use std::sync::mpsc::sync_channel;
use std::thread;

/// So many items change hands at once. Who takes them is faster and waits for each hand-over: to be woken is what it costs.
const TOGETHER: usize = 1024;

/// So often may that happen before somebody takes them: what is ahead stays small, however large the file.
const AHEAD: usize = 4;

/// Gives `take` the items that `begin` makes, in order. They are made while it works; what it does not take is not made.
pub(super) fn ahead<T: Send, I: Iterator<Item = T>, R>(
    begin: impl Fn() -> I + Sync,
    take: impl FnOnce(&mut dyn Iterator<Item = T>) -> R,
) -> R {
    thread::scope(|scope| {
        let (sender, made) = sync_channel(AHEAD);
        let begin = &begin;
        let make = move || {
            let mut items = begin();
            loop {
                let mut some = Vec::with_capacity(TOGETHER);
                some.extend(items.by_ref().take(TOGETHER));
                if some.is_empty() || sender.send(some).is_err() {
                    return;
                }
            }
        };
        match thread::Builder::new().spawn_scoped(scope, make) {
            Ok(_) => take(&mut made.into_iter().flatten()),
            // Where no more threads may be had, this one does it all.
            Err(_) => take(&mut begin()),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_arrives_in_order() {
        for most in [0, 1, TOGETHER, 3 * TOGETHER + 1, AHEAD * TOGETHER * 2] {
            let all: Vec<usize> = ahead(|| 0..most, |items| items.collect());
            assert!(all.into_iter().eq(0..most));
        }
    }

    #[test]
    fn who_has_enough_leaves_and_nothing_more_is_made() {
        // Without an end: the test would have none, either.
        assert_eq!(
            ahead(|| 0.., |items| items.nth(10 * TOGETHER)),
            Some(10 * TOGETHER)
        );
    }

    #[test]
    #[should_panic(expected = "a scoped thread panicked")]
    fn a_panic_is_not_lost() {
        ahead(
            || (0..9).inspect(|item| assert!(*item != 7, "a bug")),
            |items| items.count(),
        );
    }
}
