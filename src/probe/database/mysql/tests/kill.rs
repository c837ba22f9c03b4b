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

/// What is said on the connection after the one that is left, whose statement is there so many times.
async fn after_leaving(text: &'static str, count: &'static [u8]) -> Vec<String> {
    let (heard, mut hearing) = mpsc::unbounded_channel();
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
    let ctx = Context::for_tests(AMPLE);
    let mut session = Session::open(&mut Look::begin(&ctx), &at(server.port()))
        .await
        .unwrap();
    timeout(BUDGET, session.ask(text, ALL)).await.unwrap_err();
    drop(session);
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
