use proptest::prelude::*;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::{OFFERS, PASSWORD, at, error, greeting, open};
use crate::model::{Origin, Phase};
use crate::probe::database::mysql::greeting::{Flavour, Greeting};
use crate::probe::testing::{BUDGET, Server, closed_port, hold, reset, stopped};
use crate::probe::{Context, look::Look};

/// Of the documentation: MySQL 5.5.2.
const DOCUMENTED: [u8; 54] = [
    0x0a, 0x35, 0x2e, 0x35, 0x2e, 0x32, 0x2d, 0x6d, 0x32, 0x00, 0x0b, 0x00, 0x00, 0x00, 0x64, 0x76,
    0x48, 0x40, 0x49, 0x2d, 0x43, 0x4a, 0x00, 0xff, 0xf7, 0x08, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x2a, 0x34, 0x64, 0x7c, 0x63, 0x5a, 0x77,
    0x6b, 0x34, 0x5e, 0x5d, 0x3a, 0x00,
];

#[test]
fn the_greeting_of_the_documentation_is_read() {
    let read = Greeting::read(&DOCUMENTED).unwrap();
    assert_eq!((read.version.as_str(), read.connection), ("5.5.2-m2", 11));
    assert_eq!(read.nonce, b"dvH@I-CJ*4d|cZwk4^]:");
    assert_eq!((read.flavour, read.plugin.as_str()), (Flavour::MySql, ""));
}

#[test]
fn each_flavour_is_told_by_what_it_offers_or_is_called() {
    for (version, offers, flavour, shown) in [
        ("8.4.3", OFFERS, Flavour::MySql, "8.4.3"),
        ("5.5.5-m3", OFFERS, Flavour::MySql, "5.5.5-m3"),
        (
            "5.5.5-10.11.6-MariaDB-0+deb12u1",
            OFFERS & !1,
            Flavour::MariaDb,
            "10.11.6-MariaDB-0+deb12u1",
        ),
        (
            "5.5.5-10.1.48-MariaDB",
            OFFERS,
            Flavour::MariaDb,
            "10.1.48-MariaDB",
        ),
        (
            "11.4.2-MariaDB",
            OFFERS & !1,
            Flavour::MariaDb,
            "11.4.2-MariaDB",
        ),
    ] {
        let read = Greeting::read(&greeting(version, offers, "caching_sha2_password")).unwrap();
        assert_eq!((read.flavour, read.version.as_str()), (flavour, shown));
        assert_eq!(read.nonce, super::NONCE);
        assert_eq!(read.plugin, "caching_sha2_password");
    }
}

#[test]
fn a_greeting_that_is_cut_short_is_none() {
    let whole = greeting("8.4.3", OFFERS, "mysql_native_password");
    for length in 0..whole.len() - 48 {
        assert!(Greeting::read(&whole[..length]).is_err(), "{length}");
    }
}

proptest! {
    #[test]
    fn no_greeting_is_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..128)) {
        let _ = Greeting::read(&bytes);
        let _ = Greeting::read(&[&[10], &bytes[..]].concat());
    }
}

/// Says these bytes to whoever comes, and ends the connection.
async fn saying(bytes: Vec<u8>) -> Server {
    Server::start(move |mut stream: TcpStream| {
        let bytes = bytes.clone();
        async move {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
            hold(stream).await;
        }
    })
    .await
}

fn packet(payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    [&[length, 0, 0, 0], payload].concat()
}

#[tokio::test]
async fn what_comes_instead_of_a_greeting_is_told() {
    let without_state = [&[0xff, 0x10, 0x04], &b"Too many connections"[..]].concat();
    for (bytes, code, words) in [
        (packet(&without_state), "mysql.1040", "Too many connections"),
        (
            packet(&error(1130, "HY000", "Host 'x' is not allowed")),
            "mysql.1130",
            "Host 'x' is not allowed",
        ),
        (
            packet(&error(1129, "HY000", "Host 'x' is blocked")),
            "mysql.1129",
            "Host 'x' is blocked",
        ),
        (Vec::new(), "sql.closed", "before its greeting was whole"),
        (
            vec![40, 0, 0, 0, 10, 56],
            "sql.closed",
            "before its greeting was whole",
        ),
        (vec![40, 0], "sql.closed", ""),
        (
            b"HTTP/1.1 400 Bad Request\r\nserver: x\r\n".to_vec(),
            "sql.protocol",
            "`HTTP/1.1 400 Bad Request`",
        ),
        (
            b"SSH-2.0-OpenSSH_9.6\r\n".to_vec(),
            "sql.protocol",
            "`SSH-2.0-OpenSSH_9.6`",
        ),
        (packet(&[]), "sql.protocol", "empty"),
        (packet(&[0xff]), "sql.protocol", "without its number"),
        (packet(&[10, 56, 0, 1]), "sql.protocol", "cut short"),
        (packet(&[9, 51, 0]), "sql.protocol", "version 9"),
        (
            vec![0, 0, 16, 0, 10],
            "sql.protocol",
            "more than 65536 bytes",
        ),
    ] {
        let server = saying(bytes.clone()).await;
        let (told, seen) = stopped(open(&at(server.port())).await.map(|_| panic!("let in")));
        let fault = seen.fault.unwrap();
        assert_eq!(
            (told.as_str(), fault.phase),
            (code, Phase::Startup),
            "{bytes:?}"
        );
        assert!(fault.message.contains(words), "{}", fault.message);
        let number = code
            .strip_prefix("mysql.")
            .map(|number| number.parse().unwrap());
        assert_eq!(fault.origin, number.map(Origin::MySql));
    }
}

#[tokio::test]
async fn a_reset_is_a_closed_session_with_its_errno() {
    let server = Server::start(|stream| async { reset(stream) }).await;
    let (told, seen) = stopped(open(&at(server.port())).await.map(|_| panic!("let in")));
    assert_eq!(told.as_str(), "sql.closed");
    assert_eq!(seen.fault.unwrap().origin, Some(Origin::Errno(104)));
}

#[tokio::test]
async fn silence_ends_with_the_budget() {
    let silent = Server::start(hold).await;
    let ctx = Context::for_tests(BUDGET);
    let opened = super::Session::open(&mut Look::begin(&ctx), &at(silent.port())).await;
    let (told, seen) = stopped(opened.map(|_| panic!("let in")));
    assert_eq!(told.as_str(), "sql.timeout.startup");
    assert!(seen.fault.unwrap().message.contains("MySQL's speaks first"));
    let phases: Vec<_> = seen.phases.iter().map(|time| time.phase).collect();
    assert_eq!(phases, [Phase::Resolve, Phase::Connect, Phase::Startup]);
}

#[tokio::test]
async fn nobody_there_is_a_fault_of_the_connection() {
    let (told, seen) = stopped(
        open(&at(closed_port().await))
            .await
            .map(|_| panic!("let in")),
    );
    assert_eq!(told.as_str(), "tcp.refused");
    assert!(!format!("{seen:?}").contains(PASSWORD));
}
