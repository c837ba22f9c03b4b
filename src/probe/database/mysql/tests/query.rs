use std::future::Future;

use proptest::prelude::*;
use tokio::net::{TcpStream, UnixStream};

use super::{ALL, EOF, OK, Peer, at, error, greeting, open};
use crate::model::{Number, Origin, Value};
use crate::probe::database::mysql::column::Column;
use crate::probe::database::mysql::greeting::Greeting;
use crate::probe::database::mysql::query::query;
use crate::probe::database::mysql::wire::Wire;
use crate::probe::database::{Answer, Limits};
use crate::probe::look::Halt;
use crate::probe::net::Stream;
use crate::probe::testing::Server;

/// A column of this name, type and character set (`def` is its catalogue; the rest is left empty).
fn column(name: &str, kind: u8, character_set: u8) -> Vec<u8> {
    extended(name, kind, character_set, None)
}

fn extended(name: &str, kind: u8, character_set: u8, more: Option<&[u8]>) -> Vec<u8> {
    let mut bytes = b"\x03def\0\0\0".to_vec();
    bytes.extend_from_slice(&written(name.as_bytes()));
    bytes.push(0);
    if let Some(more) = more {
        bytes.extend_from_slice(&written(more));
    }
    bytes.extend_from_slice(&[12, character_set, 0, 255, 0, 0, 0, kind, 0, 0, 0, 0, 0]);
    bytes
}

/// With its length before it.
fn written(text: &[u8]) -> Vec<u8> {
    [&[u8::try_from(text.len()).unwrap()], text].concat()
}

/// What comes of one statement when this is said to it.
async fn answered<F>(
    limits: Limits,
    say: impl Fn(Peer<TcpStream>) -> F + Send + Clone + 'static,
) -> Result<Answer, Halt>
where
    F: Future<Output = ()> + Send + 'static,
{
    let server = Server::start(move |stream| {
        let say = say.clone();
        async move {
            let mut peer = Peer::open(stream).await;
            assert_eq!(peer.hear().await, b"\x03SELECT 1");
            say(peer).await;
        }
    })
    .await;
    let mut session = open(&at(server.port())).await.unwrap();
    let answered = session.ask("SELECT 1", limits).await;
    session.close().await;
    answered
}

async fn said(limits: Limits, packets: Vec<Vec<u8>>) -> Result<Answer, Halt> {
    answered(limits, move |mut peer| {
        let packets = packets.clone();
        async move {
            for packet in packets {
                peer.say(&packet).await;
            }
            peer.hear().await;
        }
    })
    .await
}

fn told(answered: Result<Answer, Halt>) -> (String, String, Option<Origin>) {
    match answered {
        Err(Halt::Fault {
            kind,
            message,
            origin,
        }) => (kind.code().to_string(), message, origin),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_row_is_read_as_the_documentation_has_it() {
    let row = [&[0xfb][..], &written(b"42"), &written(b"")].concat();
    let answer = said(
        ALL,
        vec![
            vec![3],
            column("a", 3, 63),
            column("b", 8, 63),
            column("c", 253, 255),
            EOF.to_vec(),
            row,
            EOF.to_vec(),
        ],
    )
    .await
    .unwrap();
    let rows = answer.rows.unwrap();
    assert_eq!(rows.columns, ["a", "b", "c"]);
    let row = Value::Map(vec![
        ("a".to_owned(), Value::Null),
        ("b".to_owned(), Value::int(42)),
        ("c".to_owned(), Value::Text(String::new())),
    ]);
    assert_eq!(rows.all, [row]);
    assert_eq!(answer.affected, None);
}

#[tokio::test]
async fn without_rows_it_is_told_how_many_were_found() {
    let answer = said(ALL, vec![vec![0, 0xfc, 0x10, 0x27, 0, 3, 0, 0, 0]])
        .await
        .unwrap();
    assert_eq!(
        (answer.affected, answer.rows.is_none()),
        (Some(10_000), true)
    );
}

#[tokio::test]
async fn what_goes_wrong_in_the_middle_is_told() {
    let head = vec![vec![1], column("a", 3, 63), EOF.to_vec()];
    let then = |more: &[&[u8]]| {
        let mut packets = head.clone();
        packets.extend(more.iter().map(|packet| packet.to_vec()));
        packets
    };
    let failed = error(1317, "70100", "Query execution was interrupted");
    let cases: Vec<(Vec<Vec<u8>>, &str, &str)> = vec![
        (
            vec![error(1146, "42S02", "Table 'x' doesn't exist")],
            "mysql.1146",
            "doesn't exist",
        ),
        (
            then(&[&written(b"1"), &failed]),
            "mysql.1317",
            "interrupted",
        ),
        (
            vec![b"\xfb/etc/passwd".to_vec()],
            "sql.protocol",
            "a file of this machine",
        ),
        (vec![vec![0]], "sql.protocol", "cut short"),
        (vec![vec![]], "sql.protocol", "count of columns"),
        (
            vec![vec![0xfc, 0xff, 0xff]],
            "sql.protocol",
            "count of columns",
        ),
        (vec![vec![1], vec![3, b'd']], "sql.protocol", "cut short"),
        (
            vec![vec![1], column("a", 3, 63), vec![1, 1]],
            "sql.protocol",
            "after the columns",
        ),
        (then(&[&[9, b'1']]), "sql.protocol", "values of its columns"),
        (
            then(&[&[1, b'1', 0]]),
            "sql.protocol",
            "values of its columns",
        ),
    ];
    for (packets, code, words) in cases {
        let (told, message, origin) = told(said(ALL, packets.clone()).await);
        assert_eq!(told, code, "{packets:?}: {message}");
        assert!(message.contains(words), "{message}");
        let number = code
            .strip_prefix("mysql.")
            .map(|number| number.parse().unwrap());
        assert_eq!(origin, number.map(Origin::MySql));
    }
}

#[tokio::test]
async fn a_connection_that_ends_in_the_middle_is_closed() {
    for packets in [
        vec![],
        vec![vec![1]],
        vec![vec![1], column("a", 3, 63), EOF.to_vec(), vec![1, b'1']],
    ] {
        let ended = answered(ALL, move |mut peer| {
            let packets = packets.clone();
            async move {
                for packet in packets {
                    peer.say(&packet).await;
                }
            }
        })
        .await;
        assert_eq!(told(ended).0, "sql.closed");
    }
    let broken = answered(
        ALL,
        |mut peer| async move { peer.raw(&[200, 0, 0, 1, 3]).await },
    )
    .await;
    let (code, message, _) = told(broken);
    assert_eq!(code, "sql.closed");
    assert!(message.contains("while a query ran"), "{message}");
}

#[tokio::test]
async fn what_the_server_said_before_it_hung_up_is_heard() {
    // As MySQL since 8.0.24 says that it waited too long: in a packet of its own, before it was asked.
    let idle = answered(ALL, |mut peer| async move {
        peer.next = 0;
        peer.say(&error(
            4031,
            "HY000",
            "The client was disconnected by the server because of inactivity",
        ))
        .await;
    })
    .await;
    let (code, message, origin) = told(idle);
    assert_eq!(
        (code.as_str(), origin),
        ("mysql.4031", Some(Origin::MySql(4031)))
    );
    assert!(message.contains("inactivity"));
}

#[tokio::test]
async fn a_packet_out_of_turn_is_no_answer() {
    let skipped = answered(ALL, |mut peer| async move {
        peer.next = 0;
        peer.say(&OK).await;
        peer.hear().await;
    })
    .await;
    assert_eq!(told(skipped).0, "sql.protocol");
}

#[tokio::test]
async fn more_than_is_wanted_is_not_read() {
    let many = || {
        let mut packets = vec![vec![1], column("a", 253, 255), EOF.to_vec()];
        packets.extend(vec![written(b"12345678"); 12]);
        packets.push(EOF.to_vec());
        packets
    };
    let limits = Limits {
        rows: 10,
        bytes: 1 << 20,
    };
    let (code, message, _) = told(said(limits, many()).await);
    assert_eq!(code, "sql.too_large");
    assert!(message.contains("10 rows"), "{message}");
    let limits = Limits {
        rows: 100,
        bytes: 50,
    };
    assert_eq!(told(said(limits, many()).await).0, "sql.too_large");
    // A row of 16 MiB goes over several packets: it is refused by the length of its first.
    let huge = answered(ALL, |mut peer| async move {
        for packet in [vec![1], column("a", 253, 255), EOF.to_vec()] {
            peer.say(&packet).await;
        }
        peer.raw(&[0xff, 0xff, 0xff, peer.next, 0xfd]).await;
        peer.hear().await;
    })
    .await;
    assert_eq!(told(huge).0, "sql.too_large");
}

#[tokio::test]
async fn a_row_that_goes_on_in_the_next_packet_is_one() {
    let length = 0x00ff_ffff + 10;
    let whole = answered(
        Limits {
            rows: 1,
            bytes: 20 << 20,
        },
        move |mut peer| async move {
            for packet in [vec![1], column("a", 253, 255), EOF.to_vec()] {
                peer.say(&packet).await;
            }
            let mut row = vec![0xfe];
            row.extend_from_slice(&u64::try_from(length - 9).unwrap().to_le_bytes());
            row.resize(length, b'x');
            peer.say(&row[..0x00ff_ffff]).await;
            peer.say(&row[0x00ff_ffff..]).await;
            peer.say(&EOF).await;
            peer.hear().await;
        },
    )
    .await
    .unwrap();
    let rows = whole.rows.unwrap();
    let text = rows.all[0].get("a").and_then(Value::as_text).map(str::len);
    assert_eq!(text, Some(length - 9));
}

fn value(kind: u8, character_set: u8, written: &[u8]) -> Value {
    Column::read(&column("c", kind, character_set), false)
        .unwrap()
        .value(written)
}

#[test]
fn each_type_has_its_value() {
    let text = |text: &str| Value::Text(text.to_owned());
    let decimal = |text: &str| Value::Number(Number::Decimal(text.to_owned()));
    let float = |number| Value::Number(Number::Float(number));
    for (kind, character_set, written, expected) in [
        (1, 63, "-128", Value::int(-128)),
        (8, 63, "18446744073709551615", Value::int(u64::MAX)),
        (3, 63, "00042", Value::int(42)),
        (13, 63, "0000", Value::int(0)),
        (246, 63, "12.50", decimal("12.50")),
        (246, 63, "0", decimal("0")),
        (4, 63, "1.5", float(1.5)),
        (5, 63, "-1.7976931348623157e308", float(f64::MIN)),
        (16, 63, "\u{1}\u{2}", Value::int(258)),
        (10, 63, "0000-00-00", text("0000-00-00")),
        (11, 63, "-838:59:59", text("-838:59:59")),
        (
            12,
            63,
            "2026-11-21 15:00:00.000001",
            text("2026-11-21 15:00:00.000001"),
        ),
        (7, 63, "2026-11-21 15:00:00", text("2026-11-21 15:00:00")),
        (252, 63, "\0x", text("0078")),
        (252, 255, "x", text("x")),
        (253, 63, "x", text("78")),
        (254, 45, "é", text("é")),
        (255, 63, "\u{1}", text("01")),
        (242, 63, "\u{1}", text("01")),
        (
            245,
            63,
            "{\"a\": [1, null]}",
            Value::Map(vec![(
                "a".to_owned(),
                Value::List(vec![Value::int(1), Value::Null]),
            )]),
        ),
        (245, 63, "{", text("{")),
        // Of types that come one day.
        (200, 45, "new", text("new")),
        (200, 63, "new", text("6e6577")),
        (3, 63, "strange", text("strange")),
    ] {
        let seen = value(kind, character_set, written.as_bytes());
        assert_eq!(
            format!("{seen:?}"),
            format!("{expected:?}"),
            "{kind} {written}"
        );
    }
}

#[test]
fn mariadb_says_which_text_is_json() {
    let json = extended("c", 252, 45, Some(b"\x01\x04json"));
    let seen = Column::read(&json, true).unwrap().value(b"[1]");
    assert_eq!(seen, Value::List(vec![Value::int(1)]));
    let uuid = extended("c", 254, 45, Some(b"\x00\x04uuid"));
    let seen = Column::read(&uuid, true).unwrap().value(b"123e4567");
    assert_eq!(seen, Value::Text("123e4567".to_owned()));
}

proptest! {
    #[test]
    fn no_column_is_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..64), is_extended: bool) {
        if let Ok(column) = Column::read(&bytes, is_extended) {
            let _ = column.value(&bytes);
        }
    }

    #[test]
    fn no_bytes_of_a_server_hang_or_panic_the_reader(
        packets in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..8),
        rest in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (ours, theirs) = UnixStream::pair().unwrap();
            let mut peer = Peer { stream: theirs, next: 1 };
            for packet in &packets {
                peer.say(packet).await;
            }
            peer.raw(&rest).await;
            drop(peer);
            let mut wire = Wire::new(Stream::Unix(ours));
            let limits = Limits { rows: 10, bytes: 1000 };
            while query(&mut wire, "SELECT 1", false, limits).await.is_ok() {}
        });
    }
}

#[test]
fn every_greeting_of_these_tests_is_one() {
    assert!(Greeting::read(&greeting("8.4.3", super::OFFERS, "x")).is_ok());
}
