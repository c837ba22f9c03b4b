//! Streams of server-sent events that are none, or end too early.

use std::io::Write;

use allclear::model::{Class, Layer};

use crate::expert::Answer::{self, Is, Open, Rather};
use crate::row::{Row, look_at, row};
use crate::support::Hostile;
use crate::told::Told;

pub(super) fn faults() -> Vec<Told> {
    use Class::{Application, Configuration};
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n";
    let event = "data: {\"type\":\"agent_started\"}\n\n";
    let said = |text: String| Hostile::hearing(text.into_bytes());
    let stream = said(format!("{head}\r\n{event}"));
    let ending = ended(format!("{head}\r\n{event}"));
    let cut = ended(format!("{head}content-length: 1000\r\n\r\n{event}"));
    let none = said("HTTP/1.1 204 Nothing\r\n\r\n".to_owned());
    let json = "content-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
    let (other, stranger) = (
        said(format!("HTTP/1.1 200 OK\r\n{json}")),
        said(format!("HTTP/1.1 401 No\r\n{json}")),
    );
    let html = "content-type: text/html\r\ncontent-length: 15\r\n\r\n<!doctype html>";
    let page = said(format!("HTTP/1.1 200 OK\r\n{html}"));
    let broken = |name: &str, server: &Hostile, code, layer, answer: Answer| -> Row {
        let until = "until: { json: { $.type: agent_completed } }, within: 300ms";
        let probe = format!("sse: {{ url: \"{}/events\", {until} }}", server.url());
        row(&format!("sse-{name}"), probe, code, layer, answer)
    };
    look_at(vec![
        broken(
            "silent",
            &stream,
            "sse.timeout.event",
            Layer::Application,
            Is(Application),
        ),
        broken(
            "ended",
            &ending,
            "sse.closed",
            Layer::Application,
            Rather(Application),
        ),
        broken("cut", &cut, "sse.lost", Layer::Transport, Open),
        broken(
            "nothing-to-hear",
            &none,
            "sse.refused.204",
            Layer::Application,
            Open,
        ),
        broken("json", &other, "sse.no_stream", Layer::Protocol, Open),
        broken(
            "page",
            &page,
            "sse.no_stream",
            Layer::Protocol,
            Rather(Configuration),
        ),
        broken(
            "401",
            &stranger,
            "sse.refused.401",
            Layer::Auth,
            Is(Configuration),
        ),
    ])
}

/// Answers with this, and closes.
fn ended(text: String) -> Hostile {
    Hostile::start(move |mut stream| {
        let mut asked = [0; 4096];
        let _ = std::io::Read::read(&mut stream, &mut asked);
        let _ = stream.write_all(text.as_bytes());
    })
}
