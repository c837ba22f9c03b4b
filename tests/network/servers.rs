//! The servers of others: told when they are missing or do not start, and gone afterwards.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;

use crate::support::{Daemon, Haproxy, Nginx, Program, Service, Site, directory};

/// What was said by whoever panicked.
fn complaint<T>(start: impl FnOnce() -> T) -> String {
    match catch_unwind(AssertUnwindSafe(|| drop(start()))) {
        Ok(()) => panic!("it has started"),
        Err(why) => *why.downcast::<String>().unwrap(),
    }
}

#[test]
fn a_missing_program_is_a_failure_with_the_line_that_installs_it() {
    let missing = Program {
        name: "no-such-server",
        package: "its-package",
    };
    let said = complaint(|| Daemon::start(&missing, directory(), Vec::new(), |_| {}));
    assert!(said.contains("sudo apt-get install its-package"), "{said}");
}

#[test]
fn a_server_that_does_not_start_tells_why() {
    let said = complaint(|| Nginx::start(&[Site::plain("nonsense on;")]));
    assert!(said.contains("unknown directive \"nonsense\""), "{said}");
    let said = complaint(|| Haproxy::start(&[Service::plain("nonsense")]));
    assert!(said.contains("unknown keyword 'nonsense'"), "{said}");
}

#[test]
fn a_server_is_gone_with_its_directory_and_all_it_started() {
    let shell = Program {
        name: "sh",
        package: "dash",
    };
    let directory = directory();
    let path = directory.path().to_owned();
    let script = "sleep 1000 & echo $!; echo ready; wait";
    let daemon = Daemon::start(&shell, directory, Vec::new(), |command: &mut Command| {
        command.env("PATH", "/usr/bin:/bin").args(["-c", script]);
    });
    assert!(daemon.says("ready"));
    let child = daemon.log().lines().next().unwrap().to_owned();
    let lives = || {
        let state = fs::read_to_string(format!("/proc/{child}/stat"));
        state.is_ok_and(|state| !state.contains(") Z "))
    };
    assert!(lives());
    drop(daemon);
    assert!(!lives());
    assert!(!path.exists());
}
