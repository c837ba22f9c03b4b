//! Programs, and others on this machine, that do what nobody expects; and slips of those who write suites.

use super::*;
use crate::probe::testing::{Server, look_in};

#[tokio::test]
async fn a_port_that_somebody_has_is_not_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("started");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let ready =
        format!("{{ tcp: {{ host: localhost, port: {port} }}, expect: {{ connected: true }} }}");
    let probe: Process = read(&format!(
        "{{ argv: [touch, {:?}], ready: {ready} }}",
        file.display().to_string()
    ));
    let (code, seen) = stopped(look(&probe).await);
    assert_eq!(code.as_str(), "process.port_taken");
    let message = seen.fault.unwrap().message;
    assert!(
        message.contains(&format!("process {}", Pid::this())),
        "{message}"
    );
    assert!(!file.exists(), "it was not started");
    // One that is to end because of that does.
    let probe = service(SERVES, port, ", exits: {}");
    let seen = look(&probe).await.unwrap();
    assert_eq!(fact(&seen, "exit_code"), Some(Value::int(4)));
    assert_eq!(fact(&seen, "ready"), Some(Value::Bool(false)));
    assert!(evidence(&seen, "note").contains("no answer from there counts"));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_answer_of_somebody_else_does_not_count() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("started");
    let port = port();
    let body = format!("open F, '>', '{}'; close F; sleep 100", file.display());
    let probe = service(&body, port.number(), "");
    let ctx = Context::for_tests(Duration::from_secs(20));
    // Comes once the program runs, and says that all is well.
    let number = port.number();
    let stranger = async {
        while !file.exists() {
            tokio::task::yield_now().await;
        }
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", number))
            .await
            .unwrap();
        while let Ok((mut stream, _)) = listener.accept().await {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let _ = stream.read(&mut [0; 4096]).await;
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            let _ = stream.write_all(answer).await;
        }
    };
    let looked = tokio::select! {
        looked = probe.observe(&ctx) => looked,
        () = stranger => panic!("it serves for ever"),
    };
    let (code, seen) = stopped(looked);
    assert_eq!(code.as_str(), "process.port_taken");
    let message = seen.fault.unwrap().message;
    assert!(
        message.contains(&format!("process {}", Pid::this())),
        "{message}"
    );
}

#[tokio::test]
async fn a_flood_takes_little_memory_and_the_file_is_masked() {
    let directory = tempfile::tempdir().unwrap();
    let ctx = Context::for_tests(Duration::from_mins(1));
    ctx.shared.record_in(directory.path().to_owned());
    ctx.shared.mask.add("hunter2-hunter2");
    let script = "yes 'it is hunter2-hunter2' | head -n 900000; echo the end >&2";
    let seen = look_in(&shell(script, ""), &ctx).await.unwrap();
    assert!(text(&seen, "log").contains("the end\n"));
    assert!(text(&seen, "log").len() < 200_000);
    let path = PathBuf::from(text(&seen, "log_file"));
    assert_eq!(path.file_name().unwrap(), "0001-sh.log");
    let kept = fs::read_to_string(&path).unwrap();
    assert!(!kept.contains("hunter2") && kept.len() > 8_000_000);
    assert!(kept.contains("it is ***\n") && kept.contains("the end\n"));
}

#[tokio::test]
async fn one_that_closes_its_outputs_is_still_attended_to() {
    let port = port();
    let body = format!("close STDOUT; close STDERR; {SERVES}");
    let seen = look(&service(&body, port.number(), "")).await.unwrap();
    assert_eq!(fact(&seen, "ready"), Some(Value::Bool(true)));
    assert_nothing_left(&seen, port.number());
}

#[tokio::test]
async fn a_service_elsewhere_may_say_whether_it_is_ready() {
    let server = Server::start(crate::probe::testing::hold).await;
    // It is no listener of the program's, and not on a name of this machine.
    let yaml = "{ argv: [sleep, \"100\"], ready: { command: { argv: [\"true\"] }, expect: { exit_code: 0 } } }";
    let seen = look(&read::<Process>(yaml)).await.unwrap();
    assert_eq!(fact(&seen, "ready"), Some(Value::Bool(true)));
    assert_eq!(fact(&seen, "port_released"), None);
    drop(server);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_answer_of_somebody_else_does_not_count_under_any_name_of_this_machine() {
    let server = Server::start(|mut stream| async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let _ = stream.read(&mut [0; 4096]).await;
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        let _ = stream.write_all(answer).await;
    })
    .await;
    let port = server.port();
    let http = format!("http: {{ url: \"http://app.example:{port}/\", resolve: [127.0.0.1] }}");
    let tcp = format!("tcp: {{ host: \"0\", port: {port} }}");
    for look_at in [http, tcp] {
        let ready = format!("{{ {look_at}, expect: {{ fault: none }} }}");
        let probe: Process = read(&format!("{{ argv: [sleep, \"100\"], ready: {ready} }}"));
        let (code, seen) = stopped(look(&probe).await);
        assert_eq!(code.as_str(), "process.port_taken", "{look_at}");
        let message = seen.fault.unwrap().message;
        assert!(
            message.contains(&format!("process {}", Pid::this())),
            "{message}"
        );
    }
}

#[tokio::test]
async fn what_cannot_be_looked_at_is_not_held_against_the_program() {
    let yaml = "{ argv: [sleep, \"100\"], ready: { command: { argv: [/no/such/program] }, expect: { exit_code: 0 } } }";
    let error = unable(look(&read::<Process>(yaml)).await);
    assert_eq!(error.kind, crate::model::Unable::Program);
}

#[test]
fn slips_are_told() {
    for (yaml, why) in [
        ("argv: ls -l", "as a list: `[ls, -l]`"),
        ("{ argv: [a], becomes_ready: {} }", "needs `ready`"),
        ("{ argv: [a], stays_up: { for: 1s } }", "needs `ready`"),
        (
            "{ argv: [a], exits: {}, stays_up: { for: 1s } }",
            "one thing a look",
        ),
        ("{ argv: [a], stays_up: { for: 0s } }", "longer than zero"),
        ("{ argv: [a], phases: [] }", "1 to 100 phases"),
        (
            "{ argv: [a], phases: [{ name: a, end: \"(\" }] }",
            "does not parse",
        ),
        (
            "{ argv: [a], ready: { process: { argv: [b] }, expect: { exit_code: 0 } } }",
            "look at it from outside",
        ),
        (
            "{ argv: [a], ready: { tcp: { host: a, port: 1 }, expect: { connected: true } }, shuts_down: { signal: KILL, within: 1s } }",
            "KILL asks nobody",
        ),
        (
            "{ argv: [a], ready: { tcp: { host: a, port: 1 }, expect: { connected: true } }, shuts_down: { signal: TREM, within: 1s } }",
            "did you mean `TERM`",
        ),
        (
            "{ argv: [a], ready: { tcp: { host: a, port: 1 }, expect: { connected: true } }, recovers: { within: 1s } }",
            "a port of this machine",
        ),
    ] {
        let told = problem("process", yaml);
        assert!(told.contains(why), "{yaml}: {told}");
    }
}

#[test]
fn what_only_counts_must_be_expected_and_what_takes_long_says_so() {
    let ready = "ready: { tcp: { host: a, port: 1 }, expect: { connected: true } }";
    let probe: Process = read(&format!(
        "{{ argv: [a, b c], {ready}, stays_up: {{ for: 2m }} }}"
    ));
    assert_eq!(probe.counts(), ["flaps"]);
    let least = probe.least().unwrap();
    assert_eq!(
        (least.field, least.time),
        ("stays_up.for", Duration::from_mins(2))
    );
    assert_eq!(probe.request(), "a 'b c'");
    assert_eq!(probe.resources(), ["proc:a"]);
    assert!(probe.needs().commands && !probe.needs().side_effects);
    let probe: Process = read("argv: [a]");
    assert_eq!(probe.counts(), ["exit_code", "exit_status", "signal"]);
    assert_eq!(probe.least(), None);
    let redis =
        "{ redis: { url: \"redis://a\", commands: [[SET, x, v]] }, expect: { fault: none } }";
    let probe: Process = read(&format!("{{ argv: [a], ready: {redis} }}"));
    assert!(probe.counts().is_empty() && probe.needs().side_effects);
}
