//! Conversations over a WebSocket that do not begin, break off or stay silent.

use std::io::Read;
use std::net::TcpStream;

use allclear::model::{Class, Layer};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Message, WebSocket, accept};

use crate::expert::Answer::{self, Is, Leans, Open, Rather};
use crate::row::{Row, look_at, row};
use crate::support::Hostile;
use crate::told::Told;

type Socket<'s> = WebSocket<&'s TcpStream>;

/// Opens every WebSocket, and then does this.
fn opening(behave: impl Fn(&mut Socket<'_>) + Send + Sync + 'static) -> Hostile {
    Hostile::start(move |stream| {
        if let Ok(mut socket) = accept(stream) {
            behave(&mut socket);
        }
    })
}

/// Closes with this code as soon as something is said.
fn closing(code: u16) -> Hostile {
    opening(move |socket| {
        let _ = socket.read();
        let reason = "as told".into();
        let code = code.into();
        let _ = socket.close(Some(CloseFrame { code, reason }));
        until_the_end(socket);
    })
}

/// Reads, and answers pings, until the peer has left.
fn until_the_end(socket: &mut Socket<'_>) {
    while socket.read().is_ok() {}
}

/// Answers the handshake with this instead.
fn refusing(status: &'static str) -> Hostile {
    let kind = "content-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
    Hostile::hearing(format!("HTTP/1.1 {status}\r\n{kind}").into_bytes())
}

/// Those who are talked to, and still there when they are.
#[derive(Default)]
struct Servers(Vec<Hostile>);

impl Servers {
    /// A look that says hello to this one, and waits for an answer.
    fn greet(&mut self, server: Hostile, keys: &str) -> String {
        let port = server.port();
        self.0.push(server);
        let script = "script: [{ send: { text: hello } }, { receive: { within: 300ms } }]";
        format!("websocket: {{ url: \"ws://127.0.0.1:{port}/chat\", {script}{keys} }}")
    }
}

fn broken(name: &str, probe: String, code: &'static str, layer: Layer, answer: Answer) -> Row {
    row(&format!("websocket-{name}"), probe, code, layer, answer)
}

pub(super) fn faults() -> Vec<Told> {
    let mut servers = Servers::default();
    let mut rows = refused(&mut servers);
    rows.extend(closed(&mut servers));
    rows.extend(wordless(&mut servers));
    rows.extend(events(&mut servers));
    look_at(rows)
}

/// The conversation does not begin.
fn refused(servers: &mut Servers) -> Vec<Row> {
    use Class::Configuration;
    use Layer::{Application, Auth, Protocol};
    let cases = [
        ("401 No", "websocket.refused.401", Auth, Is(Configuration)),
        ("403 No", "websocket.refused.403", Auth, Is(Configuration)),
        // Nothing tells whether who answered saw the `upgrade` header; that an application has nothing at a path, it says itself.
        (
            "200 OK",
            "websocket.refused.200",
            Application,
            Leans(Configuration),
        ),
        (
            "404 No",
            "websocket.refused.404",
            Application,
            Is(Configuration),
        ),
        (
            "426 No",
            "websocket.refused.426",
            Application,
            Leans(Configuration),
        ),
    ];
    let rows = cases.map(|(status, code, layer, answer)| {
        let name = code.replace("websocket.", "").replace('.', "-");
        let probe = servers.greet(refusing(status), "");
        broken(&name, probe, code, layer, answer)
    });
    let wrong = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
        sec-websocket-accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n";
    let wrong = Hostile::hearing(wrong.as_bytes().to_vec());
    let mut rows: Vec<Row> = rows.into();
    rows.extend([
        broken(
            "with-another-key",
            servers.greet(wrong, ""),
            "websocket.handshake",
            Protocol,
            Open,
        ),
        broken(
            "without-its-subprotocol",
            servers.greet(opening(until_the_end), ", subprotocols: [chat.v1]"),
            "websocket.subprotocol",
            Layer::Application,
            Is(Class::Application),
        ),
    ]);
    rows
}

/// The other side ends it, and says why.
fn closed(servers: &mut Servers) -> Vec<Row> {
    use Class::{Application, Configuration, Infrastructure, TestDefect};
    use Layer::{Auth, Protocol, Proxy};
    let app = Layer::Application;
    let cases = [
        (1000, "websocket.closed.1000", app, Is(Application)),
        (1001, "websocket.closed.1001", Protocol, Is(Infrastructure)),
        (1002, "websocket.closed.1002", app, Is(Application)),
        // Of a token it does not like, or of a rule of its own: it says the same.
        (1008, "websocket.closed.1008", app, Open),
        (1009, "websocket.closed.1009", app, Rather(TestDefect)),
        (1011, "websocket.closed.1011", app, Is(Application)),
        (1012, "websocket.closed.1012", Protocol, Is(Infrastructure)),
        (1013, "websocket.closed.1013", Protocol, Is(Infrastructure)),
        (1014, "websocket.closed.1014", Proxy, Is(Infrastructure)),
        (4401, "websocket.closed.4401", Auth, Is(Configuration)),
    ];
    let rows = cases.map(|(number, code, layer, answer)| {
        let probe = servers.greet(closing(number), "");
        let name = format!("closed-{number}");
        broken(&name, probe, code, layer, answer)
    });
    rows.into()
}

/// Nothing is said.
fn wordless(servers: &mut Servers) -> Vec<Row> {
    let leaving = opening(|socket| drop(socket.read()));
    let deaf = opening(|socket| drop(socket.get_mut().read_to_end(&mut Vec::new())));
    vec![
        // Whoever is between us may have cut it, or the application is gone.
        broken(
            "lost",
            servers.greet(leaving, ""),
            "websocket.lost",
            Layer::Transport,
            Open,
        ),
        broken(
            "silent-and-alive",
            servers.greet(opening(until_the_end), ""),
            "websocket.timeout.event",
            Layer::Application,
            Is(Class::Application),
        ),
        broken(
            "silent-and-gone",
            servers.greet(deaf, ""),
            "websocket.timeout.pong",
            Layer::Transport,
            Leans(Class::Infrastructure),
        ),
    ]
}

/// Something is said, and it is not what was agreed on.
fn events(servers: &mut Servers) -> Vec<Row> {
    let cases = [
        ("event-without-a-type", "{\"kind\":\"done\"}"),
        ("event-that-is-no-json", "done"),
    ];
    let rows = cases.map(|(name, said)| {
        let talking = opening(move |socket| {
            let _ = socket.read();
            let _ = socket.send(Message::text(said));
            until_the_end(socket);
        });
        let (probe, layer) = (servers.greet(talking, ""), Layer::Application);
        let row = broken(name, probe, "expect.events", layer, Is(Class::Application));
        row.expecting("events: { key: $.type, partial: { once: [done] } }")
    });
    rows.into()
}
