use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::{ALL, EOF, OK, Peer, at};
use crate::probe::database::mysql::Session;
use crate::probe::testing::{AMPLE, BUDGET, Server};
use crate::probe::{Context, look::Look};

/// One column `n`, a number.
fn counted(count: &[u8]) -> Vec<Vec<u8>> {
    let column = b"\x03def\0\0\0\x01n\0\x0c\x3f\0\x15\0\0\0\x08\0\0\0\0\0";
    let row = [&[u8::try_from(count.len()).unwrap()], count].concat();
    vec![vec![1], column.to_vec(), EOF.to_vec(), row, EOF.to_vec()]
}

/// Who hands on what he hears of each connection, its end too, and finds a statement so many times.
async fn telling(count: &'static [u8]) -> (Server, mpsc::UnboundedReceiver<String>) {
    let (heard, hearing) = mpsc::unbounded_channel();
    let server = Server::start(move |stream: TcpStream| {
        let heard = heard.clone();
        async move {
            let mut peer = Peer::open(stream).await;
            loop {
                let said = peer.hear().await;
                let Some((3, said)) = said.split_first() else {
                    break;
                };
                let said = String::from_utf8(said.to_vec()).unwrap();
                let _ = heard.send(said.clone());
                if said.contains("processlist") {
                    for packet in counted(count) {
                        peer.say(&packet).await;
                    }
                } else if said.starts_with("KILL") {
                    peer.say(&OK).await;
                }
            }
            let _ = heard.send("end".to_owned());
        }
    })
    .await;
    (server, hearing)
}

/// A session in the middle of this statement.
async fn asked(ctx: &Context, server: &Server, text: &str) -> Session {
    let mut session = Session::open(&mut Look::begin(ctx), &at(server.port()))
        .await
        .unwrap();
    timeout(BUDGET, session.ask(text, ALL)).await.unwrap_err();
    session
}

/// What is said on the connection after the one that is left, whose statement is there so many times.
async fn after_leaving(text: &'static str, count: &'static [u8]) -> Vec<String> {
    let (server, mut hearing) = telling(count).await;
    let ctx = Context::for_tests(AMPLE);
    drop(asked(&ctx, &server, text).await);
    let mut all = Vec::new();
    // The end of each of the two connections.
    while all.iter().filter(|said| *said == "end").count() < 2 {
        all.push(hearing.recv().await.unwrap());
    }
    all.retain(|said| said != "end");
    all
}

#[tokio::test]
async fn a_statement_nobody_waits_for_is_ended_there() {
    let said = after_leaving(" SELECT SLEEP(60), 'é';\n", b"1").await;
    // Its text without what surrounds it.
    let text = "53454c45435420534c454550283630292c2027c3a927";
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(
        said[1].contains("id = 263 ") && said[1].ends_with(&format!("0x{text}")),
        "{said:?}"
    );
    assert_eq!(said[2], "KILL QUERY 263");
}

#[tokio::test]
async fn nothing_else_is_ended() {
    let said = after_leaving("SELECT 1", b"0").await;
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[1].contains("processlist"), "{said:?}");
}

#[tokio::test]
async fn who_closes_waits_until_it_is_ended() {
    let (server, mut hearing) = telling(b"1").await;
    let ctx = Context::for_tests(AMPLE);
    asked(&ctx, &server, "SELECT 1").await.close().await;
    let mut all = Vec::new();
    while let Ok(said) = hearing.try_recv() {
        all.push(said);
    }
    assert!(all.iter().any(|said| said == "KILL QUERY 263"), "{all:?}");
}

#[tokio::test]
async fn a_session_that_was_cut_short_is_not_asked_again() {
    let (server, mut hearing) = telling(b"0").await;
    let ctx = Context::for_tests(AMPLE);
    let mut session = asked(&ctx, &server, "SELECT 1").await;
    let told = session.ask("SELECT 2", ALL).await.unwrap_err();
    assert!(format!("{told:?}").contains("Closed"), "{told:?}");
    session.close().await;
    assert_eq!(hearing.recv().await.unwrap(), "SELECT 1");
    // What is ended is still the first.
    let said = hearing.recv().await.unwrap();
    assert!(said.ends_with("0x53454c4543542031"), "{said}");
}

#[tokio::test]
async fn an_end_that_is_cut_short_is_not_ended_in_turn() {
    let (heard, mut hearing) = mpsc::unbounded_channel();
    // Lets everybody in, and answers nothing.
    let server = Server::start(move |stream: TcpStream| {
        let heard = heard.clone();
        async move {
            let mut peer = Peer::open(stream).await;
            let _ = heard.send("login".to_owned());
            loop {
                let said = peer.hear().await;
                let Some((command, text)) = said.split_first() else {
                    break;
                };
                let text = String::from_utf8_lossy(text);
                let _ = heard.send(format!("{command} {text}"));
            }
        }
    })
    .await;
    let ctx = Context::for_tests(AMPLE);
    asked(&ctx, &server, "SELECT 1").await.close().await;
    // Whoever was sent after the end is there before us.
    let session = Session::open(&mut Look::begin(&ctx), &at(server.port()))
        .await
        .unwrap();
    session.close().await;
    let mut all = Vec::new();
    while all.last().is_none_or(|said| said != "1 ") {
        all.push(hearing.recv().await.unwrap());
    }
    let logins = all.iter().filter(|said| *said == "login").count();
    assert_eq!(logins, 3, "{all:?}");
    assert!(all[3].contains("processlist"), "{all:?}");
}
