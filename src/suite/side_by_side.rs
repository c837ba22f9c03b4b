//! The same work on many things at once: reading ten thousand tests is work for every core.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Does `work` on each item, and gives what it made in the order of the items. A panic in it is a panic here.
pub(super) fn each<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    on(cores, items, &work)
}

/// Does both, the second on a thread of its own where one may be had. A panic in it is a panic here.
pub(super) fn both<A, B: Send>(here: impl FnOnce() -> A, beside: impl Fn() -> B + Sync) -> (A, B) {
    thread::scope(
        |scope| match thread::Builder::new().spawn_scoped(scope, &beside) {
            Err(_) => (here(), beside()),
            Ok(other) => {
                let made = here();
                match other.join() {
                    Ok(more) => (made, more),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        },
    )
}

fn on<T: Sync, R: Send>(threads: usize, items: &[T], work: &(impl Fn(&T) -> R + Sync)) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let lane = || {
        let mut made = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else {
                return made;
            };
            made.push((at, work(item)));
        }
    };
    let mut made = thread::scope(|scope| {
        // This thread works, too; for one item there is no other.
        let others: Vec<_> = (1..threads.min(items.len()))
            // Where no more threads may be had, those that are there do it all.
            .map_while(|_| thread::Builder::new().spawn_scoped(scope, lane).ok())
            .collect();
        let mut made = lane();
        for other in others {
            match other.join() {
                Ok(more) => made.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        made
    });
    made.sort_unstable_by_key(|(at, _)| *at);
    made.into_iter().map(|(_, made)| made).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn everything_is_done_once_and_stays_in_order() {
        let items: Vec<usize> = (0..1_000).collect();
        for threads in [1, 2, 7] {
            let doubled = on(threads, &items, &|item| item * 2);
            assert!(doubled.iter().enumerate().all(|(at, item)| *item == at * 2));
            assert_eq!(doubled.len(), items.len());
        }
        assert!(on(4, &[] as &[usize], &|item| *item).is_empty());
    }

    #[test]
    fn both_are_done_at_the_same_time() {
        let both = Barrier::new(2);
        let (here, beside) = super::both(|| both.wait().is_leader(), || both.wait().is_leader());
        assert_ne!(here, beside);
    }

    #[test]
    fn two_are_worked_on_at_the_same_time() {
        // Each waits for the other: one after the other this would never end.
        let both = Barrier::new(2);
        assert_eq!(on(2, &[(), ()], &|()| both.wait().is_leader()).len(), 2);
    }

    #[test]
    #[should_panic(expected = "a bug")]
    fn a_panic_is_not_lost() {
        on(2, &[1, 2, 3], &|item| assert!(*item != 3, "a bug"));
    }
}
