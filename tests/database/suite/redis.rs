//! Redis.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::mutant::Mutant;
use crate::support::redis::{Options, Redis};
use crate::support::{APP, Hostile};

/// What looks at Redis, and nothing else.
fn mutant(name: &'static str, url: impl Into<String>) -> Mutant {
    let database = "postgres://nobody@127.0.0.1/asked";
    Mutant::of(database)
        .with_redis(url)
        .only("database/redis-*")
        .named(name)
}

/// It answers with this, and nobody asks on.
#[track_caller]
fn refuses(mutant: &Mutant, code: &str) {
    mutant.ends_with(
        "NO-GO",
        [
            (
                "database/redis-roundtrip",
                format!("failed {code}").as_str(),
            ),
            (
                "database/redis-headroom",
                format!("blocked {code}").as_str(),
            ),
        ],
    );
}

#[test]
fn one_that_takes_nothing_is_told_by_its_first_word() {
    let cache = Redis::start(&Options {
        password: Some(APP.password),
        ..Options::default()
    });
    mutant("healthy", cache.dsn()).ends("GO", &[]);
    let (port, right) = (cache.port(), cache.dsn());
    refuses(
        &mutant("no password", format!("redis://127.0.0.1:{port}")),
        "redis.noauth",
    );
    refuses(
        &mutant("wrong password", right.replace(APP.password, "buzzard")),
        "redis.wrongpass",
    );
    cache.cli(["CONFIG", "SET", "maxmemory", "1"]);
    refuses(&mutant("no memory", cache.dsn()), "redis.oom");
    cache.cli(["CONFIG", "SET", "maxmemory", "0"]);
    cache.fail_to_save();
    refuses(&mutant("cannot save", cache.dsn()), "redis.misconf");
    assert_eq!(
        (cache.connections(), cache.cli(["DBSIZE"])),
        (0, "0".to_owned())
    );
}

#[test]
fn one_that_is_loading_or_full_or_follows_another_is_told() {
    let loading = Redis::loading(&Options::default());
    refuses(&mutant("loading", loading.dsn()), "redis.loading");
    let primary = Redis::start(&Options::default());
    let replica = Redis::replica_of(&primary, &Options::default());
    refuses(&mutant("replica", replica.dsn()), "redis.readonly");

    let small = Redis::start(&Options {
        max_clients: Some(5),
        ..Options::default()
    });
    let mut held = Vec::new();
    for _ in 0..4 {
        let mut client = TcpStream::connect(("127.0.0.1", small.port())).unwrap();
        write!(client, "PING\r\n").unwrap();
        client.read_exact(&mut [0; 7]).unwrap();
        held.push(client);
    }
    mutant("nearly full", small.dsn()).ends(
        "NO-GO",
        &[("database/redis-headroom", "failed expect.clients_percent")],
    );
    let mut last = TcpStream::connect(("127.0.0.1", small.port())).unwrap();
    write!(last, "PING\r\n").unwrap();
    last.read_exact(&mut [0; 7]).unwrap();
    refuses(&mutant("full", small.dsn()), "redis.max_clients");
}

#[test]
fn one_that_does_not_answer_has_the_budget_and_no_more() {
    let mut cache = Redis::start(&Options::default());
    mutant("late", cache.dsn())
        .with("redis_answer: 100ms", "redis_answer: 1us")
        .ends(
            "NO-GO",
            &[
                ("database/redis-roundtrip", "failed expect.latency"),
                ("database/redis-headroom", "blocked expect.latency"),
            ],
        );
    let tls = format!("rediss://127.0.0.1:{}", cache.port());
    refuses(
        &mutant("TLS to a plain port", tls).in_brief(),
        "tls.timeout",
    );
    let http = Hostile::saying_and_closing("HTTP/1.1 400 Bad Request\r\n\r\n");
    let url = format!("redis://127.0.0.1:{}", http.port());
    refuses(&mutant("an HTTP server", url).in_brief(), "redis.protocol");
    cache.freeze();
    let frozen = mutant("frozen", cache.dsn()).in_brief();
    refuses(&frozen, "redis.timeout.startup");
    cache.thaw();
    mutant("thawed", cache.dsn()).ends("GO", &[]);
    cache.stop();
    refuses(&mutant("stopped", cache.dsn()), "tcp.refused");
}
