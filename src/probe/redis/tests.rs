//! Servers that are no Redis, or one that does not exist any more. A real one is looked at in `tests/database`.

use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::super::testing::{
    AMPLE, Server, brief_look, code, hold, look, problem, read, reset, stopped,
};
use super::*;
use crate::model::{Observation, Origin};

const HELLO: &[u8] = b"%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:4\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n";

const NO_HELLO: &[u8] = b"-ERR unknown command `HELLO`, with args beginning with: `3`\r\n";

const FULL: &[u8] = b"-ERR max number of clients reached\r\n";

/// Answers each message with the next of these, and then says nothing more.
async fn answering(answers: &'static [&'static [u8]]) -> Server {
    Server::start(async |mut stream| {
        answer(&mut stream, answers).await;
        hold(stream).await;
    })
    .await
}

/// The same, and then it closes.
async fn closing(answers: &'static [&'static [u8]]) -> Server {
    Server::start(async |mut stream| {
        answer(&mut stream, answers).await;
    })
    .await
}

async fn answer(stream: &mut TcpStream, answers: &[&[u8]]) -> String {
    let mut heard = Vec::new();
    for answer in answers {
        if stream.read_buf(&mut heard).await.unwrap_or(0) == 0 {
            break;
        }
        let _ = stream.write_all(answer).await;
    }
    String::from_utf8_lossy(&heard).into_owned()
}

fn at(server: &Server, who: &str, keys: &str) -> Redis {
    let port = server.port();
    read(&format!(
        "{{ url: \"redis://{who}127.0.0.1:{port}\"{keys} }}"
    ))
}

fn text(text: &str) -> Value {
    Value::Untyped(text.to_owned())
}

fn fact<'s>(seen: &'s Observation, name: &str) -> Option<&'s str> {
    seen.facts.get(name).and_then(Value::as_text)
}

#[tokio::test]
async fn without_commands_it_is_pinged() {
    let server = answering(&[HELLO, b"+PONG\r\n"]).await;
    let seen = look(&at(&server, "", "")).await.unwrap();
    assert_eq!(
        seen.facts.get("replies"),
        Some(&Value::List(vec![text("PONG")]))
    );
    for (name, expected) in [
        ("server_version", "7.0.15"),
        ("role", "primary"),
        ("mode", "standalone"),
        ("user", "default"),
        ("remote_ip", "127.0.0.1"),
    ] {
        assert_eq!(fact(&seen, name), Some(expected), "{name}");
    }
    assert_eq!(seen.facts.get("tls"), None);
    assert!(seen.facts.get("connect_latency").is_some());
    for phase in [Phase::Connect, Phase::Startup, Phase::Query] {
        assert!(seen.phase(phase).is_some(), "{phase}");
    }
    assert!(seen.phase(Phase::Auth).is_none());
}

#[tokio::test]
async fn a_server_before_redis_6_is_asked_in_other_words() {
    const INFO: &[u8] = b"-ERR unknown subcommand\r\n$44\r\n# Server\r\nredis_version:3.2.12\r\nrole:slave\r\n\r\n+OK\r\n";
    let server = answering(&[NO_HELLO, b"+OK\r\n", INFO, b"+PONG\r\n"]).await;
    let port = server.port();
    let probe: Redis = read(&format!("{{ url: \"redis://:pw@127.0.0.1:{port}/2\" }}"));
    let seen = look(&probe).await.unwrap();
    assert_eq!(fact(&seen, "server_version"), Some("3.2.12"));
    assert_eq!(fact(&seen, "role"), Some("replica"));
    assert!(seen.phase(Phase::Auth).is_some());
}

#[tokio::test]
async fn what_a_user_may_not_be_told_is_absent() {
    const REFUSED: &[u8] = b"-NOPERM this user has no permissions to run the 'info' command\r\n";
    const TOLD: &[u8] = b"$31\r\nused_memory:50\r\nmaxmemory:200\r\n\r\n";
    let server = Server::start(async |mut stream| {
        let both = [REFUSED, TOLD].concat();
        answer(&mut stream, &[HELLO, &both, b":7\r\n"]).await;
    })
    .await;
    let keys = ", ask: [clients, memory], commands: [[LLEN, list]]";
    let seen = look(&at(&server, "", keys)).await.unwrap();
    assert_eq!(
        seen.facts.get("replies"),
        Some(&Value::List(vec![Value::int(7)]))
    );
    assert_eq!(seen.facts.get("connected_clients"), None);
    assert_eq!(seen.facts.get("used_memory"), Some(&Value::int(50)));
    let percent = Value::Number(crate::model::Number::Float(25.0));
    assert_eq!(seen.facts.get("memory_percent"), Some(&percent));
}

#[tokio::test]
async fn an_error_stops_at_its_command_and_keeps_what_came_before() {
    let server = answering(&[
        HELLO,
        b"+PONG\r\n",
        b"*2\r\n+OK\r\n-READONLY You can't write against a read only replica.\r\n",
    ])
    .await;
    let keys = ", commands: [PING, EXEC, [GET, never]]";
    let (code, seen) = stopped(look(&at(&server, "", keys)).await);
    assert_eq!(code.as_str(), "redis.readonly");
    assert_eq!(
        seen.facts.get("replies"),
        Some(&Value::List(vec![text("PONG")]))
    );
    let fault = seen.fault.unwrap();
    assert_eq!(fault.phase, Phase::Query);
    assert!(fault.message.starts_with("`EXEC`: READONLY"), "{fault}");
    let word = "READONLY".parse().unwrap();
    assert_eq!(fault.origin, Some(Origin::Redis(word)));
}

#[tokio::test]
async fn a_full_server_is_heard_whenever_it_says_so() {
    // Unasked, and closed before or after we asked.
    let closes = Server::start(async |mut stream| {
        let _ = stream.write_all(FULL).await;
    })
    .await;
    let resets = Server::start(async |mut stream| {
        let _ = stream.write_all(FULL).await;
        // Until ours has come it would be lost; afterwards it lies unread, and the end is a reset.
        let _ = stream.readable().await;
    })
    .await;
    let resets_hard = Server::start(async |mut stream| {
        let _ = stream.write_all(FULL).await;
        let _ = stream.readable().await;
        reset(stream);
    })
    .await;
    let to_greeting = closing(&[FULL]).await;
    for server in [closes, resets, resets_hard, to_greeting] {
        for who in ["", ":pw@"] {
            let (code, seen) = stopped(look(&at(&server, who, "")).await);
            assert_eq!(code.as_str(), "redis.max_clients");
            assert_eq!(seen.fault.unwrap().phase, Phase::Startup);
        }
    }
    let later = closing(&[HELLO, FULL]).await;
    assert_eq!(code(look(&at(&later, "", "")).await), "redis.max_clients");
}

#[tokio::test]
async fn a_word_where_it_is_not_expected_is_still_that_word() {
    let server = closing(&[b"-WRONGTYPE Operation against a key\r\n"]).await;
    assert_eq!(code(look(&at(&server, "", "")).await), "redis.wrongtype");
    let server = closing(&[HELLO, b"-strange words\r\n"]).await;
    assert_eq!(code(look(&at(&server, "", "")).await), "redis.error");
}

#[tokio::test]
async fn who_is_no_redis_is_told_no_password() {
    let heard: Arc<Mutex<String>> = Arc::default();
    for said in [
        b"HTTP/1.1 400 Bad Request\r\n\r\n".as_slice(),
        b"*2\r\n+an\r\n+echo\r\n",
        b"\x15\x03\x01\x00\x02\x02\x46",
        b"\x00\xff\x00",
        b"$-1\r\n",
        b"*9223372036854775807\r\n*9223372036854775807\r\n-x\r\n:1\r\n+\xff\r\n",
    ] {
        let into = heard.clone();
        let server = Server::start(move |mut stream| {
            let into = into.clone();
            async move {
                let told = answer(&mut stream, &[said]).await;
                into.lock().unwrap().push_str(&told);
                hold(stream).await;
            }
        })
        .await;
        let (code, seen) = stopped(look(&at(&server, "me:hunter2@", "")).await);
        assert_eq!(code.as_str(), "redis.protocol", "{said:?}");
        assert_eq!(seen.fault.unwrap().phase, Phase::Startup);
    }
    let heard = heard.lock().unwrap();
    assert!(
        heard.contains("HELLO") && !heard.contains("hunter2"),
        "{heard}"
    );
}

#[tokio::test]
async fn a_server_that_repeats_what_it_heard_does_not_give_the_password_away() {
    for said in [
        b"-ERR unknown command 'AUTH', with args beginning with: 'hunter2'\r\n".as_slice(),
        b"-ERR unknown command `AUTH`, with args beginning with: `hunt`, \r\n",
        b"-ERR I do not know hunter2\r\n",
    ] {
        let server = Server::start(move |mut stream| async move {
            answer(&mut stream, &[NO_HELLO, said]).await;
        })
        .await;
        let (code, seen) = stopped(look(&at(&server, ":hunter2@", "")).await);
        assert_eq!(code.as_str(), "redis.error");
        let fault = seen.fault.unwrap();
        assert_eq!(fault.phase, Phase::Auth);
        assert!(!fault.message.contains("hunt"), "{fault}");
    }
}

#[tokio::test]
async fn silence_is_a_timeout_of_its_phase() {
    let frozen = Server::start(hold).await;
    let (code, seen) = stopped(brief_look(&at(&frozen, "", "")).await);
    assert_eq!(code.as_str(), "redis.timeout.startup");
    assert!(seen.latency < AMPLE);
    let at_login = answering(&[b"-NOAUTH HELLO must be called\r\n"]).await;
    let probe = at(&at_login, ":pw@", "");
    let (code, _) = stopped(brief_look(&probe).await);
    assert_eq!(code.as_str(), "redis.timeout.auth");
    let at_query = answering(&[HELLO]).await;
    let (code, _) = stopped(brief_look(&at(&at_query, "", "")).await);
    assert_eq!(code.as_str(), "redis.timeout.query");
}

#[tokio::test]
async fn an_end_is_told_wherever_it_comes() {
    const ENDS: &[(&[&[u8]], Phase)] = &[
        (&[], Phase::Startup),
        (&[b"%7\r\n$6\r\nser"], Phase::Startup),
        (&[HELLO], Phase::Auth),
        (&[HELLO, b"+OK\r\n"], Phase::Auth),
        (&[HELLO, b"+OK\r\n%0\r\n"], Phase::Query),
        (&[HELLO, b"+OK\r\n%0\r\n", b"$100\r\nabc"], Phase::Query),
    ];
    for &(answers, phase) in ENDS {
        let server = Server::start(move |mut stream| async move {
            answer(&mut stream, answers).await;
            // What is sent after this must not turn the end into a reset.
            let _ = stream.shutdown().await;
            hold(stream).await;
        })
        .await;
        let (code, seen) = stopped(look(&at(&server, ":pw@", "")).await);
        assert_eq!(code.as_str(), "redis.closed", "{answers:?}");
        assert_eq!(seen.fault.unwrap().phase, phase, "{answers:?}");
    }
    let server = Server::start(async |stream| {
        let _ = stream.readable().await;
        reset(stream);
    })
    .await;
    let (code, seen) = stopped(look(&at(&server, "", "")).await);
    let fault = seen.fault.unwrap();
    assert_eq!(
        (code.as_str(), fault.origin),
        ("redis.closed", Some(Origin::Errno(104)))
    );
    assert!(fault.message.contains("`rediss:`"), "{fault}");
}

#[tokio::test]
async fn what_never_ends_is_bounded() {
    async fn endless(piece: &'static [u8]) -> Server {
        Server::start(async |mut stream| {
            answer(&mut stream, &[HELLO, b"$999999999\r\n"]).await;
            while stream.write_all(piece).await.is_ok() {}
        })
        .await
    }
    let bulk = endless(&[b'x'; 4096]).await;
    assert_eq!(code(look(&at(&bulk, "", "")).await), "redis.too_large");
    let pushed = Server::start(async |mut stream| {
        answer(&mut stream, &[HELLO]).await;
        while stream.write_all(b">2\r\n+message\r\n+x\r\n").await.is_ok() {}
    })
    .await;
    assert_eq!(code(look(&at(&pushed, "", "")).await), "redis.too_large");
    let deep = Server::start(async |mut stream| {
        answer(&mut stream, &[HELLO]).await;
        while stream.write_all(b"*1\r\n*1\r\n*1\r\n*1\r\n").await.is_ok() {}
    })
    .await;
    assert_eq!(code(look(&at(&deep, "", "")).await), "redis.protocol");
}

#[tokio::test]
async fn looks_of_an_attempt_share_a_connection_while_it_lives() {
    let server = Server::start(async |mut stream| {
        // It answers two looks, and is then gone.
        answer(&mut stream, &[HELLO, b"+PONG\r\n", HELLO, b"+PONG\r\n"]).await;
    })
    .await;
    let probe = at(&server, "", "");
    let ctx = Context::for_tests(AMPLE);
    for is_new in [true, false, true, false] {
        let seen = probe.observe(&ctx).await.unwrap();
        assert_eq!(seen.facts.get("connect_latency").is_some(), is_new);
        assert_eq!(fact(&seen, "remote_ip"), Some("127.0.0.1"));
        assert_eq!(fact(&seen, "role"), Some("primary"));
    }
    let other = at(&server, ":pw@", "");
    assert!(probe.place().unwrap() != other.place().unwrap());
}

#[test]
fn what_is_asked_is_told_in_one_line_and_without_values() {
    let probe: Redis = read(
        "{ url: \"redis://me:hunter2@cache/2\", ask: [clients], commands: [[set, allclear:x, hunter2, EX, 60], PING] }",
    );
    assert_eq!(
        probe.request(),
        "redis cache:6379/2: INFO clients, SET allclear:x, PING"
    );
    let resources = ["dns:cache", "sock:cache:6379", "dsn:redis:cache:6379/2"];
    assert_eq!(probe.resources(), resources);
}

#[test]
fn what_may_change_something_needs_a_permission() {
    let needs = |commands: &str| {
        let probe: Redis = read(&format!("{{ url: \"redis://cache\"{commands} }}"));
        probe.needs().side_effects
    };
    assert!(!needs("") && !needs(", ask: [memory]"));
    assert!(!needs(
        ", commands: [[SET, \"allclear:r1\", v, EX, 60], [GET, \"allclear:r1\"], [DEL, \"allclear:r1\"]]"
    ));
    assert!(needs(", commands: [[GET, x], [SET, x, v]]"));
}

#[test]
fn what_is_wrong_is_told_at_its_key() {
    for (yaml, why) in [
        ("{ url: \"redis://cache\", commands: [] }", "empty"),
        (
            "{ url: \"redis://cache\", commands: [[]] }",
            "command 1 is empty",
        ),
        (
            "{ url: \"redis://cache\", commands: [SET a b] }",
            "`[SET, a, b]`",
        ),
        (
            "{ url: \"redis://cache\", commands: [MONITOR] }",
            "never ends",
        ),
        ("{ url: \"redis://cache\", tls: require }", "`rediss:`"),
        ("{ url: \"rediss://cache\", tls: prefer }", "always"),
        ("{ url: \"redis://cache\", ask: [client] }", "clients"),
        ("{ url: \"redis://cache\", resolver: nowhere }", "nowhere"),
    ] {
        let told = problem("redis", yaml);
        assert!(told.contains(why), "{yaml}: {told}");
    }
}

#[test]
fn the_keys_say_how_far_to_verify() {
    let verification = |keys: &str| {
        let probe: Redis = read(&format!("{{ url: \"rediss://cache\"{keys} }}"));
        let settings = probe.place().unwrap().tls.clone();
        settings.unwrap().verification
    };
    assert_eq!(verification(""), Verification::Full);
    assert_eq!(verification(", tls: verify-ca"), Verification::Chain);
    assert_eq!(
        verification(", tls: require, ca: x.pem"),
        Verification::Chain
    );
    assert_eq!(verification(", tls: require"), Verification::Nothing);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_make_it_panic_or_hang(
        pieces in prop::collection::vec(prop_oneof![
            prop::collection::vec(any::<u8>(), 0..20),
            Just(b"\r\n".to_vec()),
            "[$*%~>=!|,:#_(+-]-?[0-9]{1,19}\r\n".prop_map(String::into_bytes),
        ], 0..20),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let bytes = pieces.concat();
            let server = Server::start(move |mut stream| {
                let bytes = bytes.clone();
                async move {
                    let _ = stream.write_all(&bytes).await;
                    let _ = stream.shutdown().await;
                    hold(stream).await;
                }
            }).await;
            let (code, _) = stopped(look(&at(&server, "", "")).await);
            assert!(code.as_str().starts_with("redis."), "{code}");
        });
    }
}
