//! Programs that end, on their own, asked or forced.

use super::*;
use crate::model::Unable;
use crate::probe::testing::{brief_look, drop_once_there};

#[tokio::test]
async fn what_a_program_says_and_how_it_ends_are_facts() {
    let script = "echo hello; echo oops >&2; env; exit 3";
    let seen = look(&shell(script, ", env: { GREETING: 1 }"))
        .await
        .unwrap();
    assert_eq!(fact(&seen, "exit_code"), Some(Value::int(3)));
    assert_eq!(fact(&seen, "exit_status"), Some(Value::int(3)));
    assert_eq!(fact(&seen, "signal"), None);
    assert!(text(&seen, "stdout").starts_with("hello\n"));
    assert_eq!(text(&seen, "stderr"), "oops\n");
    let log = text(&seen, "log");
    assert!(
        log.contains("oops\n") && log.contains("GREETING=1\n"),
        "{log}"
    );
    assert!(
        log.contains("TMPDIR=") && log.contains(MARK) && !log.contains("CARGO"),
        "{log}"
    );
    assert_eq!(fact(&seen, "children_left"), Some(Value::int(0)));
    assert_eq!(fact(&seen, "ready"), None);
    let rss = fact(&seen, "max_rss").unwrap();
    assert!(matches!(rss, Value::Number(bytes) if bytes.to_f64() > 100_000.0));
    assert!(seen.phase(Phase::Process).is_some());
    assert!(time(&seen, "spawned") <= seen.latency);
}

#[tokio::test]
async fn a_signal_is_a_fact_of_one_that_is_to_end() {
    let seen = look(&shell("kill -SEGV $$", ", exits: {}")).await.unwrap();
    assert_eq!(fact(&seen, "exit_code"), None);
    assert_eq!(fact(&seen, "signal"), Some(Value::int(11)));
    assert_eq!(fact(&seen, "exit_status"), Some(Value::int(139)));
    let why = "ended by signal 11 (SIGSEGV)";
    assert_eq!(text(&seen, "exit_code.why"), why);
}

#[tokio::test]
async fn what_cannot_be_started_is_no_fault_of_the_target() {
    let error = unable(look(&read::<Process>("argv: [/no/such/program]")).await);
    assert_eq!(error.kind, Unable::Program);
    let file = tempfile::NamedTempFile::new().unwrap();
    let yaml = format!("argv: [{}]", file.path().display());
    assert_eq!(
        unable(look(&read::<Process>(&yaml)).await).kind,
        Unable::Program
    );
    let error = unable(look(&read::<Process>("{ argv: [ls], cwd: /no/such/place }")).await);
    assert_eq!(error.kind, Unable::File);
}

#[tokio::test]
async fn one_that_does_not_end_is_ended_with_all_that_it_started() {
    let script =
        "trap '' TERM; echo mark=$ALLCLEAR_PROCESS; echo tmp=$TMPDIR; sleep 100 & wait; sleep 100";
    let (code, seen) = stopped(brief_look(&shell(script, ", grace: 20ms")).await);
    assert_eq!(code.as_str(), "process.timeout.exit");
    assert_eq!(fact(&seen, "exit_status"), None, "that is our doing");
    assert!(evidence(&seen, "note").contains("was killed"));
    assert_nothing_left(&seen, 1);
}

#[tokio::test]
async fn one_that_is_asked_to_end_may_say_so() {
    let port = port();
    let body = format!("$SIG{{TERM}} = sub {{ print qq(bye\\n); exit 0 }}; {SERVES}");
    let probe = service(&body, port.number(), ", shuts_down: { within: 5s }");
    let seen = look(&probe).await.unwrap();
    assert_eq!(fact(&seen, "exit_code"), Some(Value::int(0)));
    assert!(text(&seen, "stdout").ends_with("bye\n"));
    assert!(time(&seen, "time_to_stop") < Duration::from_secs(5));
    assert_eq!(
        seen.phase(Phase::Stop),
        Some(seen.phase(Phase::Stop).unwrap())
    );
    assert_eq!(fact(&seen, "port_released"), Some(Value::Bool(true)));
    assert_eq!(fact(&seen, "children_left"), Some(Value::int(0)));
    assert_nothing_left(&seen, port.number());
}

#[tokio::test]
async fn one_that_does_not_heed_the_signal_ends_by_it_or_not_at_all() {
    let own = port();
    let probe = service(
        SERVES,
        own.number(),
        ", shuts_down: { signal: INT, within: 5s }",
    );
    let seen = look(&probe).await.unwrap();
    assert_eq!(fact(&seen, "exit_status"), Some(Value::int(130)));
    let body = format!("$SIG{{TERM}} = 'IGNORE'; {SERVES}");
    let probe = service(
        &body,
        own.number(),
        ", shuts_down: { within: 50ms }, grace: 20ms",
    );
    let (code, seen) = stopped(look(&probe).await);
    assert_eq!(code.as_str(), "process.timeout.stop");
    assert_eq!(fact(&seen, "time_to_stop"), None);
    assert_eq!(fact(&seen, "exit_status"), None);
    assert_nothing_left(&seen, own.number());
}

#[tokio::test]
async fn a_child_that_is_left_behind_is_counted_and_killed() {
    let port = port();
    // The child has the listener, too.
    let body = "my $socket = bind_port(); if (!fork) { $SIG{TERM} = 'IGNORE'; sleep 1000 } $SIG{TERM} = sub { exit 0 }; serve($socket)";
    let probe = service(body, port.number(), ", shuts_down: { within: 5s }");
    let seen = look(&probe).await.unwrap();
    assert_eq!(fact(&seen, "exit_code"), Some(Value::int(0)));
    assert_eq!(fact(&seen, "children_left"), Some(Value::int(1)));
    assert_eq!(fact(&seen, "port_released"), Some(Value::Bool(false)));
    assert_nothing_left(&seen, port.number());
}

#[tokio::test]
async fn one_that_walks_away_from_its_group_is_found() {
    let port = port();
    let body =
        format!("exit 0 if fork; POSIX::setsid(); exit 0 if fork; print qq(away\\n); {SERVES}");
    let (code, seen) = stopped(look(&service(&body, port.number(), "")).await);
    assert_eq!(code.as_str(), "process.exit.0");
    assert_eq!(fact(&seen, "exit_code"), Some(Value::int(0)));
    assert_eq!(fact(&seen, "children_left"), Some(Value::int(1)));
    assert_nothing_left(&seen, port.number());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn one_that_walks_away_and_clears_its_environment_is_found() {
    let port = port();
    // The pipe is closed once the child is another program.
    let alone = "if (!fork) { POSIX::setsid(); print qq(pid=$$\\n); %ENV = (PATH => $ENV{PATH}); exec qw(sleep 1000) }";
    // Its parent ends at once, and it is nobody's child.
    let orphan = format!("if (!fork) {{ {alone} exit 0 }} wait;");
    for away in [alone, orphan.as_str()] {
        let body = format!(
            "pipe my $gone, my $there; {away} close $there; <$gone>; $SIG{{TERM}} = sub {{ exit 0 }}; {SERVES}"
        );
        let keys = ", shuts_down: { within: 5s }";
        let seen = look(&service(&body, port.number(), keys)).await.unwrap();
        assert_eq!(fact(&seen, "exit_code"), Some(Value::int(0)), "{away}");
        assert_eq!(fact(&seen, "children_left"), Some(Value::int(1)), "{away}");
        assert_ended(&said(&seen, "pid"));
    }
}

#[tokio::test]
async fn a_look_that_is_dropped_leaves_nothing_behind() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("mark");
    let script = format!(
        "setsid sleep 100 & sleep 100 & echo $ALLCLEAR_PROCESS $TMPDIR > {0}.new; mv {0}.new {0}; wait",
        file.display()
    );
    let probe = shell(&script, "");
    drop_once_there(&probe, &file).await;
    let told = fs::read_to_string(&file).unwrap();
    let (mark, scratch) = told.trim().split_once(' ').unwrap();
    let gone = async {
        while !marked(mark).is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), gone)
        .await
        .unwrap();
    assert!(!PathBuf::from(scratch).exists());
}
