//! The demo's startup service, a process of its own: how it starts, how it fails to, and that it never stays.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;

use allclear::demo::SERVICE_FLAG;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{Output, Running, Tool, at_work};

/// The phases, as it tells of them.
const PHASES: [&str; 7] = [
    "1/7 init",
    "2/7 dependencies",
    "3/7 database",
    "4/7 cache",
    "5/7 services",
    "6/7 websocket",
    "7/7 finalize",
];

/// A database that answers everybody once, as long as anybody may come.
fn database() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            let mut stream = BufReader::new(stream);
            let mut asked = String::new();
            if stream.read_line(&mut asked).is_ok() && asked == "PING\n" {
                let _ = stream.get_mut().write_all(b"PONG\n");
            }
        }
    });
    address
}

/// The service with these arguments, ready to run.
fn service(args: &[&str]) -> Tool {
    Tool::bare()
        .args([&[SERVICE_FLAG], args].concat())
        .env("PORT", "0")
        .env("SECRET_KEY", "x")
        .env("DATABASE_URL", format!("demo:{}", database()))
}

/// The same as the child of a shell, which then says how it ended.
fn in_a_shell(args: &[&str]) -> Tool {
    let script = "\"$0\" \"$@\" & wait $!; echo \"it ended with $?\"; kill -s STOP $$";
    let program = env!("CARGO_BIN_EXE_allclear");
    service(&[])
        .program("sh")
        .args([&["-c", script, program, SERVICE_FLAG], args].concat())
}

/// Everybody who works in the directory of the tool, but `besides`.
fn others(tool: &Tool, besides: Pid) -> BTreeSet<Pid> {
    let all = at_work(&tool.path("")).into_iter();
    let all = all.map(|id| Pid::from_raw(i32::try_from(id).unwrap()));
    all.filter(|&process| process != besides).collect()
}

fn number(text: &str, after: &str) -> i32 {
    let rest = text.split(after).nth(1).unwrap();
    rest.split_whitespace().next().unwrap().parse().unwrap()
}

#[test]
fn who_may_start_it_and_who_is_it_know_it_by_the_same_argument() {
    assert_eq!(SERVICE_FLAG, allclear::probe::SERVICE_FLAG);
}

#[test]
fn it_starts_in_seven_phases_and_ends_when_it_is_asked_to() {
    let running = service(&[]).start();
    running.says("startup complete");
    running.signal(Signal::SIGTERM);
    let output = running.end().exits(0);
    let mut rest = output.stdout.as_str();
    for phase in PHASES {
        for word in ["begin", "done in "] {
            let line = format!("phase {phase}: {word}");
            let found = rest.split_once(&line);
            rest = found.unwrap_or_else(|| panic!("{line}\n{output}")).1;
        }
    }
    assert!(rest.contains("asked to end, shutting down"), "{output}");
}

#[test]
fn how_it_fails_is_told_by_what_it_says_and_not_by_its_code() {
    let fails =
        |tool: Tool, code: i32, says: &str| -> Output { tool.run().exits(code).stderr_has(says) };
    let with = |fault| service(&["--fault", fault]);
    let refused = "Connection refused (os error 111)";
    fails(with("start-exit3"), 3, refused);
    let dead = || service(&[]).env("DATABASE_URL", "demo:127.0.0.1:1");
    fails(dead(), 3, refused).stdout_has("phase 3/7 database: begin");
    let module = "ModuleNotFoundError: No module named 'agents'\n";
    fails(with("start-import"), 1, module);
    // Before anybody is asked, and so without the phase that asks.
    for (name, value, why) in [
        (
            "DATABASE_URL",
            "demo:127.0.0.1:1\n",
            "DATABASE_URL has white space around it",
        ),
        ("SECRET_KEY", "", "SECRET_KEY is missing"),
    ] {
        let output = fails(service(&[]).env(name, value), 3, why);
        assert!(!output.stdout.contains("database: begin"), "{output}");
    }
    fails(service(&["--port"]), 2, "--port needs a value");
    let taken = database().port().to_string();
    fails(service(&["--port", &taken]), 1, "Address already in use");
}

#[test]
fn it_is_gone_with_whoever_started_it() {
    for args in [&[][..], &["--supervised"], &["--fault", "start-hang3"]] {
        let running = in_a_shell(args).start();
        running.says("phase 3/7 database: begin");
        running.signal(Signal::SIGKILL);
        // It has the shell's output: that ends when the last who could write to it is gone.
        let output = running.end();
        assert!(!output.stdout.contains("it ended with"), "{output}");
    }
}

#[test]
fn one_that_is_supervised_is_started_again() {
    let tool = service(&["--supervised"]);
    let running = tool.start();
    running.says("startup complete");
    let first = others(&tool, running.pid());
    assert_eq!(first.len(), 1);
    kill(*first.first().unwrap(), Signal::SIGKILL).unwrap();
    running.says("the service ended: signal: 9 (SIGKILL)");
    says_twice(&running, "startup complete");
    running.signal(Signal::SIGTERM);
    let output = running.end().exits(0);
    let ids: BTreeSet<&str> = output.stdout.split("started as process ").skip(1).collect();
    assert_eq!(ids.len(), 2, "{output}");
}

/// Waits for the second time that this is said.
fn says_twice(running: &Running, text: &str) {
    while running.said().matches(text).count() < 2 {
        thread::yield_now();
    }
}

#[test]
fn what_it_leaves_behind_is_gone_with_whoever_started_it() {
    let tool = in_a_shell(&["--fault", "start-orphan"]);
    let running = tool.start();
    running.says("startup complete");
    let service = Pid::from_raw(number(&running.said(), "started as process "));
    kill(service, Signal::SIGTERM).unwrap();
    running.says("it ended with 0");
    let left = others(&tool, running.pid());
    assert_eq!(left.len(), 1, "{left:?}");
    let left = *left.first().unwrap();
    // It does not end when it is asked to.
    kill(left, Signal::SIGTERM).unwrap();
    assert_eq!(kill(left, None), Ok(()));
    running.signal(Signal::SIGKILL);
    running.end();
    while !others(&tool, left).is_empty() || !at_work(&tool.path("")).is_empty() {
        thread::yield_now();
    }
}
