//! Whoever started a process of the service: it does not outlive them.

use std::os::unix::process::parent_id;
use std::thread;
use std::time::Duration;

/// How often is looked.
const EVERY: Duration = Duration::from_millis(100);

/// Ends this process soon after its parent has ended: somebody else is its parent then.
pub(super) fn die_with_it() {
    let parent = parent_id();
    thread::spawn(move || {
        while parent_id() == parent {
            thread::sleep(EVERY);
        }
        std::process::exit(0);
    });
}
