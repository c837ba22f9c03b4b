//! Redis in the states in which it does not do what it is asked for.

use std::io::{Read, Write};
use std::net::TcpStream;

use allclear::model::{Class, Layer};

use crate::expert::Answer::{self, Is, Leans, Open, Rather};
use crate::row::{Row, look_at_each, row};
use crate::support::redis::{Options, Redis};
use crate::support::{APP, Hostile, Login};
use crate::told::Told;

/// May ask, and change nothing.
const READER: Login = Login {
    user: "reader",
    password: "heron-0815-at-the-pond",
};

fn redis(url: &str, commands: &str) -> String {
    format!("redis: {{ url: \"{url}\", commands: [{commands}] }}")
}

fn broken(name: &str, probe: String, code: &'static str, layer: Layer, answer: Answer) -> Row {
    row(&format!("redis-{name}"), probe, code, layer, answer)
}

/// A key of ours that goes away by itself.
const WRITE: &str = "[SET, \"allclear:${run.id}:x\", blue, EX, 60]";

pub(super) fn faults() -> Vec<Told> {
    let mut all = credentials();
    all.extend(shortages());
    all.extend(states());
    all
}

fn credentials() -> Vec<Told> {
    use Class::{Configuration, TestDefect};
    let server = Redis::start(&Options {
        password: Some(APP.password),
        users: &[(&READER, "~* -@all +get +ping")],
        ..Options::default()
    });
    server.cli(["RPUSH", "list", "a"]);
    let port = server.port();
    let auth = Layer::Auth;
    look_at_each(vec![
        broken(
            "no-password",
            redis(&format!("redis://127.0.0.1:{port}"), "PING"),
            "redis.noauth",
            auth,
            Is(Configuration),
        ),
        broken(
            "wrong-password",
            redis(&server.dsn().replace(APP.password, "buzzard"), "PING"),
            "redis.wrongpass",
            auth,
            Is(Configuration),
        ),
        broken(
            "no-permission",
            redis(&server.dsn_of(&READER), "[STRLEN, x]"),
            "redis.noperm",
            auth,
            Is(Configuration),
        ),
        broken(
            "wrong-type",
            redis(&server.dsn(), "[GET, list]"),
            "redis.wrongtype",
            Layer::Application,
            // The test asks for the wrong thing, or the application has left the wrong thing there.
            Open,
        ),
        broken(
            "no-such-command",
            redis(&server.dsn(), "[GET]"),
            "redis.error",
            Layer::Application,
            Is(TestDefect),
        ),
    ])
}

fn shortages() -> Vec<Told> {
    use Class::Infrastructure;
    let small = Redis::start(&Options {
        max_clients: Some(1),
        ..Options::default()
    });
    let mut held = TcpStream::connect(("127.0.0.1", small.port())).unwrap();
    write!(held, "PING\r\n").unwrap();
    held.read_exact(&mut [0; 7]).unwrap();
    let mut all = look_at_each(vec![broken(
        "max-clients",
        redis(&small.dsn(), "PING"),
        "redis.max_clients",
        Layer::Protocol,
        Is(Class::Configuration),
    )]);
    drop(held);
    let loading = Redis::loading(&Options::default());
    all.extend(look_at_each(vec![broken(
        "loading",
        redis(&loading.dsn(), "PING"),
        "redis.loading",
        Layer::Protocol,
        Is(Infrastructure),
    )]));
    drop(loading);
    let server = Redis::start(&Options::default());
    let full = |code, name: &str| {
        let probe = redis(&server.dsn(), WRITE);
        broken(name, probe, code, Layer::Protocol, Is(Infrastructure))
    };
    server.cli(["CONFIG", "SET", "maxmemory", "1"]);
    all.extend(look_at_each(vec![full("redis.oom", "out-of-memory")]));
    server.cli(["CONFIG", "SET", "maxmemory", "0"]);
    server.fail_to_save();
    all.extend(look_at_each(vec![full("redis.misconf", "cannot-save")]));
    all
}

fn states() -> Vec<Told> {
    use Class::{Configuration, Infrastructure};
    let mut primary = Redis::start(&Options::default());
    let follows = Options {
        conf: "replica-serve-stale-data no",
        ..Options::default()
    };
    let replica = Redis::replica_of(&primary, &follows);
    let tls = format!("rediss://127.0.0.1:{}", primary.port());
    let http = Hostile::saying_and_closing("HTTP/1.1 400 Bad Request\r\n\r\n");
    let elsewhere = format!("redis://127.0.0.1:{}", http.port());
    let mut all = look_at_each(vec![
        broken(
            "replica",
            redis(&replica.dsn(), WRITE),
            "redis.readonly",
            Layer::Protocol,
            Is(Infrastructure),
        ),
        // It waits for the end of a line that never comes.
        broken(
            "tls-to-a-plain-port",
            redis(&tls, "PING"),
            "tls.timeout",
            Layer::Tls,
            Rather(Infrastructure),
        )
        .by_its_budget(),
        broken(
            "that-is-a-web-server",
            redis(&elsewhere, "PING"),
            "redis.protocol",
            Layer::Protocol,
            Is(Configuration),
        ),
    ]);
    primary.freeze();
    all.extend(look_at_each(vec![
        broken(
            "frozen",
            redis(&primary.dsn(), "PING"),
            "redis.timeout.startup",
            Layer::Protocol,
            Open,
        )
        .by_its_budget(),
    ]));
    primary.thaw();
    primary.stop();
    replica.misses_its_primary();
    all.extend(look_at_each(vec![
        broken(
            "whose-primary-is-gone",
            redis(&replica.dsn(), "[GET, x]"),
            "redis.masterdown",
            Layer::Protocol,
            Is(Infrastructure),
        ),
        broken(
            "stopped",
            redis(&primary.dsn(), "PING"),
            "tcp.refused",
            Layer::Transport,
            Leans(Infrastructure),
        ),
    ]));
    all
}
