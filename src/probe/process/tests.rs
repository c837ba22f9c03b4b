//! Programs that are started, looked at and ended; each says itself how far it has come.

mod ends;
mod hostile;
mod ready;

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use nix::unistd::Pid;

use super::*;
use crate::model::{Observation, Value};
use crate::probe::Ports;
use crate::probe::ports::is_free;
use crate::probe::program::MARK;
use crate::probe::testing::{code, look, problem, read, stopped, unable};

/// A service of HTTP in the Perl that every Debian has. `$ready->($n)` says whether the nth request is answered with 200.
const SERVICE: &str = r#"
use IO::Socket::INET; use POSIX ();
$| = 1; $SIG{PIPE} = 'IGNORE';
print "mark=$ENV{ALLCLEAR_PROCESS}\ntmp=$ENV{TMPDIR}\n";
our $ready = sub { 1 };
our $port = shift;
sub bind_port {
    IO::Socket::INET->new(Listen => 64, LocalAddr => '127.0.0.1', LocalPort => $port, ReuseAddr => 1)
}
sub serve {
    my $socket = shift; my $n = 0;
    while (1) {
        my $client = $socket->accept or next;
        sysread $client, my $request, 4096;
        my $status = $ready->(++$n) ? '200 OK' : '503 Starting';
        print $client "HTTP/1.1 $status\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
        close $client;
    }
}
"#;

/// A program of Perl: the service, and what is done with it.
fn perl(body: &str, port: u16) -> String {
    // As a scalar in double quotes of YAML.
    format!(
        "argv: [perl, -e, {:?}, \"{port}\"]",
        format!("{SERVICE}\n{body}")
    )
}

/// The same, with a look at its health every 5 ms.
fn service(body: &str, port: u16, keys: &str) -> Process {
    let ready = format!(
        "{{ http: {{ url: \"http://127.0.0.1:{port}/\" }}, expect: {{ status: 200 }}, every: 5ms }}"
    );
    read(&format!("{{ {}, ready: {ready}{keys} }}", perl(body, port)))
}

/// What most of them do.
const SERVES: &str = "serve(bind_port() or exit 4)";

fn shell(script: &str, keys: &str) -> Process {
    read(&format!("{{ argv: [sh, -c, {script:?}]{keys} }}"))
}

fn port() -> crate::probe::Port {
    Arc::new(Ports::default()).choose().unwrap()
}

fn text<'o>(seen: &'o Observation, name: &str) -> &'o str {
    seen.facts
        .get(name)
        .and_then(Value::as_text)
        .unwrap_or_default()
}

fn time(seen: &Observation, name: &str) -> Duration {
    match seen.facts.get(name) {
        Some(Value::Duration(time)) => *time,
        other => panic!("{name}: {other:?}"),
    }
}

fn fact(seen: &Observation, name: &str) -> Option<Value> {
    seen.facts.get(name).cloned()
}

fn evidence<'o>(seen: &'o Observation, label: &str) -> &'o str {
    let mut all = seen.evidence.iter();
    all.find(|one| one.label == label)
        .map_or("", |one| one.text.as_str())
}

/// What a line of its output says.
fn said(seen: &Observation, key: &str) -> String {
    let lines = text(seen, "stdout").lines();
    let mut values = lines.filter_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    values.next().expect("it said so").to_owned()
}

/// Everybody who carries this mark and lives.
fn marked(mark: &str) -> Vec<i32> {
    let wanted = format!("{MARK}={mark}");
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|pid| {
        let is_over = fs::read_to_string(format!("/proc/{pid}/stat"))
            .map_or(true, |stat| stat.contains(") Z "));
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        !is_over
            && environment
                .split(|byte| *byte == 0)
                .any(|one| one == wanted.as_bytes())
    })
    .collect()
}

/// This process has ended.
fn assert_ended(pid: &str) {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    assert!(stat.is_empty() || stat.contains(") Z "), "{stat}");
}

/// Nothing of the program is there any more.
fn assert_nothing_left(seen: &Observation, port: u16) {
    assert_eq!(marked(&said(seen, "mark")), [0; 0]);
    assert!(!PathBuf::from(said(seen, "tmp")).exists());
    assert!(is_free(port));
}
