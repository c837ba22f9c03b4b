use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::super::net::dns::testing::{A, NameServer, Reply};
use super::super::testing::{
    AMPLE, Server, brief_look, closed_port, code, hold, look, problem, read, reset, stopped,
};
use super::*;

fn tcp(port: u16, keys: &str) -> Tcp {
    read(&format!("{{ host: 127.0.0.1, port: {port}{keys} }}"))
}

async fn echo(mut stream: TcpStream) {
    let (mut from, mut to) = stream.split();
    let _ = tokio::io::copy(&mut from, &mut to).await;
}

#[tokio::test]
async fn a_listener_is_connected_to() {
    let server = Server::start(hold).await;
    let seen = look(&tcp(server.port(), "")).await.unwrap();
    assert_eq!(seen.facts.get("connected"), Some(&Value::Bool(true)));
    assert_eq!(
        seen.facts.get("remote_ip"),
        Some(&Value::Text("127.0.0.1".to_owned()))
    );
    assert_eq!(seen.facts.get("received"), None);
    assert!(seen.phase(Phase::Resolve).is_some() && seen.phase(Phase::Connect).is_some());
}

#[tokio::test]
async fn what_is_sent_comes_back_and_is_waited_for() {
    let server = Server::start(echo).await;
    for wait in ["{ until: \"o+\\n\" }", "{ count: 6B }"] {
        let keys = format!(", send: \"hello\\n\", read: {wait}");
        let seen = look(&tcp(server.port(), &keys)).await.unwrap();
        assert_eq!(
            seen.facts.get("received"),
            Some(&Value::Untyped("hello\n".to_owned()))
        );
    }
}

#[tokio::test]
async fn reading_until_the_peer_closes_ends_there() {
    let server = Server::start(async |mut stream| {
        let _ = stream.write_all(b"bye").await;
    })
    .await;
    let seen = look(&tcp(server.port(), ", read: { close: true }"))
        .await
        .unwrap();
    assert_eq!(
        seen.facts.get("received"),
        Some(&Value::Untyped("bye".to_owned()))
    );
}

#[tokio::test]
async fn what_a_peer_says_by_itself_is_its_banner() {
    let server = Server::start(async |mut stream| {
        let _ = stream.write_all(b"SSH-2.0-x\r\nmore\n").await;
        hold(stream).await;
    })
    .await;
    let seen = look(&tcp(server.port(), ", read: { until: more }")).await;
    let banner = Value::Untyped("SSH-2.0-x".to_owned());
    assert_eq!(seen.unwrap().facts.get("banner"), Some(&banner));
    let asked = ", send: hello, read: { until: more }";
    let seen = look(&tcp(server.port(), asked)).await.unwrap();
    assert_eq!(seen.facts.get("banner"), None);
}

#[tokio::test]
async fn of_a_socket_that_is_not_there_its_directory_is_told() {
    let directory = tempfile::tempdir().unwrap();
    for (path, is_there) in [("none", true), ("none/none", false)] {
        let path = directory.path().join(path);
        let probe: Tcp = read(&format!("unix: {}", path.display()));
        let (code, seen) = stopped(look(&probe).await);
        assert_eq!(code.as_str(), "tcp.no_socket");
        let fact = seen.facts.get("socket_directory");
        assert_eq!(fact, Some(&Value::Bool(is_there)));
    }
}

#[tokio::test]
async fn a_unix_socket_is_spoken_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sock");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"ready\n").await.unwrap();
    });
    let probe: Tcp = read(&format!(
        "{{ unix: {}, read: {{ until: \"\\n\" }} }}",
        path.display()
    ));
    let seen = look(&probe).await.unwrap();
    serving.await.unwrap();
    let banner = Value::Untyped("ready".to_owned());
    assert_eq!(seen.facts.get("banner"), Some(&banner));
    assert_eq!(seen.facts.get("remote_ip"), None);
    assert!(seen.phase(Phase::Resolve).is_none() && seen.phase(Phase::Connect).is_some());
    assert_eq!(probe.resources(), [format!("unix:{}", path.display())]);
    assert_eq!(probe.request(), format!("unix:{}", path.display()));
    // Its listener is gone, its path is not.
    assert_eq!(code(look(&probe).await), "tcp.refused");
}

#[tokio::test]
async fn nobody_listening_is_refused() {
    let (code, seen) = stopped(look(&tcp(closed_port().await, "")).await);
    assert_eq!(code.as_str(), "tcp.refused");
    let fault = seen.fault.unwrap();
    assert_eq!(
        (fault.phase, fault.origin),
        (Phase::Connect, Some(crate::model::Origin::Errno(111)))
    );
}

#[tokio::test]
async fn silence_is_a_read_timeout_and_not_a_connect_timeout() {
    let server = Server::start(hold).await;
    let looked = brief_look(&tcp(server.port(), ", read: { count: 1B }")).await;
    let (code, seen) = stopped(looked);
    assert_eq!(code.as_str(), "tcp.timeout.read");
    assert_eq!(seen.facts.get("connected"), Some(&Value::Bool(true)));
}

#[tokio::test]
async fn what_came_before_a_timeout_is_kept() {
    let server = Server::start(async |mut stream| {
        let _ = stream.write_all(b"half").await;
        hold(stream).await;
    })
    .await;
    let looked = brief_look(&tcp(server.port(), ", read: { count: 8B }")).await;
    let (code, seen) = stopped(looked);
    assert_eq!(code.as_str(), "tcp.timeout.read");
    assert_eq!(
        seen.facts.get("received"),
        Some(&Value::Untyped("half".to_owned()))
    );
}

#[tokio::test]
async fn closing_early_and_resetting_are_told_apart() {
    let closing = Server::start(async |stream| drop(stream)).await;
    let looked = look(&tcp(closing.port(), ", read: { until: x }")).await;
    assert_eq!(code(looked), "tcp.closed");
    let giving_up = Server::start(async |mut stream| {
        let _ = stream.write_all(b"half").await;
    })
    .await;
    let looked = look(&tcp(giving_up.port(), ", read: { count: 8B }")).await;
    assert_eq!(code(looked), "tcp.closed.early");
    let resetting = Server::start(async |stream| reset(stream)).await;
    let looked = look(&tcp(resetting.port(), ", read: { until: x }")).await;
    assert_eq!(code(looked), "tcp.reset");
}

#[tokio::test]
async fn a_flood_is_cut() {
    let server = Server::start(
        async |mut stream| {
            while stream.write_all(&[b'a'; 8192]).await.is_ok() {}
        },
    )
    .await;
    let looked = look(&tcp(server.port(), ", read: { until: never }")).await;
    let (code, seen) = stopped(looked);
    assert_eq!(code.as_str(), "tcp.too_large");
    let received = seen.facts.get("received").and_then(Value::as_text);
    assert_eq!(received.map(str::len), Some(MOST));
}

#[tokio::test]
async fn a_peer_that_takes_nothing_is_a_send_timeout() {
    let stuck = Server::start(async |stream| {
        Notify::new().notified().await;
        drop(stream);
    })
    .await;
    let text = "x".repeat(16 * 1024 * 1024);
    let probe = tcp(stuck.port(), &format!(", send: {text}"));
    assert_eq!(code(brief_look(&probe).await), "tcp.timeout.send");
}

#[tokio::test]
async fn a_deadline_that_has_passed_ends_the_look_at_once() {
    let server = Server::start(hold).await;
    let ctx = Context::for_tests(Duration::ZERO);
    let looked = tokio::time::timeout(
        AMPLE,
        tcp(server.port(), ", read: { count: 1B }").observe(&ctx),
    )
    .await
    .unwrap();
    assert!(code(looked).contains("timeout"));
}

#[test]
fn slips_are_told() {
    let long = format!("{{ unix: /{} }}", "x".repeat(107));
    for (yaml, message) in [
        (
            long.as_str(),
            "has 108 bytes; the path of a unix socket has 107",
        ),
        ("{ unix: \"\" }", "the path is empty"),
        ("{ unix: \"/a\\0b\" }", "NUL"),
        ("{ unix: /a, port: 1 }", "neither `host` nor `port`"),
        ("{ host: a }", "`port` is missing"),
        ("{ port: 1 }", "`host` is missing"),
        ("{ send: x }", "are missing, or `unix`"),
        ("{ host: \"a b\", port: 1 }", "white space"),
        ("{ host: a, port: 0 }", "1 to 65535"),
        (
            "{ host: a, port: 1, read: { until: \"(\" } }",
            "regular expression",
        ),
        ("{ host: a, port: 1, read: { count: 2MiB } }", "1B to 1MiB"),
        (
            "{ host: a, port: 1, read: { close: false } }",
            "leave `read` out",
        ),
        ("{ host: a, prot: 1 }", "did you mean `port`"),
    ] {
        let told = problem("tcp", yaml);
        assert!(told.contains(message), "{yaml}: {told}");
    }
}

#[tokio::test]
async fn the_host_can_be_asked_for_at_a_name_server() {
    let server = Server::start(hold).await;
    let names = NameServer::saying(|asked| match asked.kind {
        A => Reply::to(asked).a(&asked.name, "127.0.0.1"),
        _ => Reply::to(asked),
    });
    let tcp = |host: &str| -> Tcp {
        let (port, resolver) = (server.port(), names.address());
        read(&format!(
            "{{ host: {host}, port: {port}, resolver: \"{resolver}\" }}"
        ))
    };
    let seen = look(&tcp("only-there.example")).await.unwrap();
    assert_eq!(seen.facts.get("connected"), Some(&Value::Bool(true)));
    assert!(
        names
            .asked(2)
            .iter()
            .all(|asked| asked.name == "only-there.example.")
    );
    // An address is not asked for.
    assert!(look(&tcp("127.0.0.1")).await.is_ok());
    assert_eq!(names.asked(2).len(), 2);
}
