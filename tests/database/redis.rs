//! `redis` against a real Redis, healthy and in every state in which it refuses.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;

use nix::sys::signal::Signal;

use crate::support::case::{Case, is_unable, look_at, look_at_with, passes, stops};
use crate::support::redis::{Options, Redis};
use crate::support::{APP, Certificates, Hostile, Login, ODD, Pair, Tool};

/// May read, and is told nothing about the server.
const READER: Login = Login {
    user: "reader",
    password: "heron-0815-at-the-pond",
};

/// A key of ours that goes away by itself.
const ROUND_TRIP: &str = ", commands: [PING, [SET, \"allclear:${run.id}:x\", blue, EX, 60], [GET, \"allclear:${run.id}:x\"], \
    [DEL, \"allclear:${run.id}:x\"]]";
const ROUND_TRIP_OK: &str = "replies: [PONG, OK, blue, 1], role: primary";

fn redis(url: &str, keys: &str) -> String {
    format!("redis: {{ url: \"{url}\"{keys} }}")
}

fn unix(server: &Redis) -> String {
    format!("redis+unix://{}", server.socket().display())
}

/// Looks at each, and leaves no client behind.
#[track_caller]
fn look(server: &Redis, cases: &[Case]) {
    look_at(cases);
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_healthy_server_takes_a_round_trip_by_every_way() {
    let certificates = Certificates::make();
    let pair = certificates.good();
    let server = Redis::start(&Options {
        tls: Some(&pair),
        ..Options::default()
    });
    let root = certificates.root();
    let over_tls = format!("{ROUND_TRIP}, ca: \"{}\"", root.display());
    let version = "server_version: { matches: \"^\\\\d+\\\\.\" }, user: default, mode: standalone";
    look(
        &server,
        &[
            passes(
                "tcp",
                redis(&server.dsn(), ROUND_TRIP),
                format!(
                    "{ROUND_TRIP_OK}, {version}, tls: {{ exists: false }}, remote_ip: 127.0.0.1"
                ),
            ),
            passes(
                "unix",
                redis(&unix(&server), ROUND_TRIP.replace(":x", ":u").as_str()),
                ROUND_TRIP_OK,
            ),
            passes(
                "tls",
                redis(&server.tls_dsn(), &over_tls.replace(":x", ":t")),
                format!("{ROUND_TRIP_OK}, tls: TLSv1.3"),
            ),
            passes(
                "ping",
                redis(&server.dsn(), ""),
                "replies: [PONG], connect_latency: { below: 5s }",
            ),
        ],
    );
    assert_eq!(server.cli(["DBSIZE"]), "0");
}

#[test]
fn replies_have_the_types_of_redis() {
    let server = Redis::start(&Options::default());
    for line in [
        "SET n 12",
        "RPUSH l a b",
        "HSET h f 1 g x",
        "SADD s only",
        "ZADD z 1.5 m",
    ] {
        server.cli(line.split(' '));
    }
    server.cli(["SET", "bytes", "\u{e4}"]);
    server.cli(["SETRANGE", "bytes", "2", "\u{e4}"]);
    server.cli(["EVAL", "redis.call('SET', 'raw', '\\0\\255')", "0"]);
    let commands = ", commands: [[GET, n], [GET, none], [STRLEN, n], [LRANGE, l, 0, -1], [HGETALL, h], [SMEMBERS, s], \
        [ZSCORE, z, m], [GET, raw], [GET, bytes]]";
    let replies = "replies: [\"12\", null, 2, [a, b], { f: 1, g: x }, [only], 1.5, { hex: 00ff }, \"\u{e4}\u{e4}\"]";
    look(
        &server,
        &[passes("types", redis(&server.dsn(), commands), replies)],
    );
}

#[test]
fn who_may_not_log_in_is_told_why() {
    let server = Redis::start(&Options {
        password: Some(ODD.password),
        users: &[(&APP, "~app:* +@all"), (&READER, "~* -@all +get +ping")],
        ..Options::default()
    });
    let port = server.port();
    let bare = format!("redis://127.0.0.1:{port}");
    let as_reader = server.dsn_of(&READER);
    look(
        &server,
        &[
            passes(
                "with-password",
                redis(&server.dsn(), ROUND_TRIP),
                ROUND_TRIP_OK,
            ),
            stops("no-password", redis(&bare, ""), "redis.noauth", "startup"),
            stops(
                "wrong-password",
                redis(&format!("redis://app:kestrel@127.0.0.1:{port}"), ""),
                "redis.wrongpass",
                "auth",
            ),
            stops(
                "nobody",
                redis(&format!("redis://nobody:kestrel@127.0.0.1:{port}"), ""),
                "redis.wrongpass",
                "auth",
            ),
            stops(
                "no-such-database",
                redis(&format!("{}99", server.dsn()), ""),
                "redis.error",
                "startup",
            ),
            passes(
                "app",
                redis(&server.dsn_of(&APP), ", commands: [[GET, \"app:x\"]]"),
                "replies: [null], user: app",
            ),
            stops(
                "no-such-key-for-app",
                redis(&server.dsn_of(&APP), ", commands: [[GET, other]]"),
                "redis.noperm",
                "query",
            ),
            stops(
                "no-such-command-for-reader",
                redis(&as_reader, ", commands: [[STRLEN, x]]"),
                "redis.noperm",
                "query",
            ),
            // What a reader may not be told is absent, and what he may do he can.
            passes(
                "reader",
                redis(
                    &as_reader,
                    ", ask: [clients, memory, replication, persistence], commands: [[GET, x]]",
                ),
                "replies: [null], role: primary, server_version: { exists: true }, max_clients: { exists: false }, \
                 loading: { exists: false }",
            ),
        ],
    );
    // A password where none is wanted is no agreement.
    let open = Redis::start(&Options::default());
    let url = format!("redis://:surplus@127.0.0.1:{}", open.port());
    look(
        &open,
        &[stops(
            "surplus-password",
            redis(&url, ""),
            "redis.error",
            "auth",
        )],
    );
}

#[test]
fn what_a_server_is_short_of_is_told() {
    let oom = Redis::start(&Options {
        max_memory: Some("1"),
        ..Options::default()
    });
    look(
        &oom,
        &[
            stops("oom", redis(&oom.dsn(), ROUND_TRIP), "redis.oom", "query"),
            passes(
                "oom-told",
                redis(&oom.dsn(), ", ask: [memory]"),
                "max_memory: 1, memory_percent: { above: 100 }",
            ),
        ],
    );
    let misconf = Redis::start(&Options::default());
    misconf.fail_to_save();
    look(
        &misconf,
        &[
            stops(
                "misconf",
                redis(&misconf.dsn(), ROUND_TRIP),
                "redis.misconf",
                "query",
            ),
            passes(
                "misconf-told",
                redis(&misconf.dsn(), ", ask: [persistence]"),
                "last_save: err, loading: false",
            ),
        ],
    );
    let loading = Redis::loading(&Options::default());
    look(
        &loading,
        &[
            stops(
                "loading",
                redis(&loading.dsn(), ""),
                "redis.loading",
                "query",
            ),
            passes(
                "loading-told",
                redis(&loading.dsn(), ", ask: [persistence]"),
                "loading: true",
            ),
        ],
    );
}

#[test]
fn a_full_server_is_full_and_not_broken() {
    let server = Redis::start(&Options {
        max_clients: Some(1),
        password: Some(APP.password),
        ..Options::default()
    });
    let mut held = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    write!(held, "AUTH {}\r\n", APP.password).unwrap();
    let mut said = [0; 5];
    held.read_exact(&mut said).unwrap();
    assert_eq!(&said, b"+OK\r\n");
    let unix = format!(
        "redis+unix://{}?password={}",
        server.socket().display(),
        APP.password
    );
    let cases: Vec<Case> = (0..10)
        .map(|n| {
            let url = if n % 2 == 0 {
                server.dsn()
            } else {
                unix.clone()
            };
            stops(
                &format!("full-{n}"),
                redis(&url, ""),
                "redis.max_clients",
                "startup",
            )
        })
        .collect();
    look_at(&cases);
    drop(held);
}

#[test]
fn a_replica_reads_and_does_not_write() {
    let mut primary = Redis::start(&Options::default());
    let replica = Redis::replica_of(
        &primary,
        &Options {
            conf: "replica-serve-stale-data no",
            ..Options::default()
        },
    );
    // Its primary counts it from its first word on.
    assert_eq!(primary.cli(["WAIT", "1", "30000"]), "1");
    let both = ", ask: [replication]";
    look_at(&[
        passes(
            "reads",
            redis(&replica.dsn(), ", commands: [[GET, x]]"),
            "role: replica, replies: [null]",
        ),
        stops(
            "writes",
            redis(&replica.dsn(), ROUND_TRIP),
            "redis.readonly",
            "query",
        ),
        passes(
            "replica",
            redis(&replica.dsn(), both),
            "role: replica, replication_link: up, replication_silence: { below: 30s }, replication_behind: { below: 1MiB }",
        ),
        passes(
            "primary",
            redis(&primary.dsn(), both),
            "role: primary, replicas: 1, replication_link: { exists: false }, replication_silence: { below: 30s }, \
             replication_behind: { below: 1MiB }",
        ),
    ]);
    primary.stop();
    replica.misses_its_primary();
    look_at(&[
        stops(
            "lost",
            redis(&replica.dsn(), ", commands: [[GET, x]]"),
            "redis.masterdown",
            "query",
        ),
        passes(
            "lost-told",
            redis(&replica.dsn(), both),
            "role: replica, replication_link: down, replication_silence: { exists: false }, replication_behind: { exists: false }",
        ),
    ]);
}

#[test]
fn room_is_told_in_numbers() {
    let server = Redis::start(&Options {
        max_clients: Some(100),
        max_memory: Some("64mb"),
        ..Options::default()
    });
    look(
        &server,
        &[passes(
            "room",
            redis(
                &server.dsn(),
                ", ask: [clients, memory, persistence, replication]",
            ),
            "connected_clients: { between: [1, 10] }, max_clients: 100, clients_percent: { below: 80 }, \
             used_memory: { above: 1000 }, max_memory: 67108864, memory_percent: { between: [0.1, 50] }, loading: false, \
             last_save: ok, replicas: 0, role: primary, replies: { exists: false }",
        )],
    );
    let endless = Redis::start(&Options::default());
    let asked = redis(&endless.dsn(), ", ask: [memory]");
    look(
        &endless,
        &[passes(
            "no-limit",
            asked,
            "max_memory: null, memory_percent: null",
        )],
    );
}

#[test]
fn tls_is_told_from_plain_text() {
    let certificates = Certificates::make();
    let (pair, root) = (certificates.good(), certificates.root());
    let start = |pair: &Pair, authority: Option<&Path>| {
        Redis::start(&Options {
            tls: Some(pair),
            client_authority: authority,
            ..Options::default()
        })
    };
    let server = start(&pair, None);
    let trusted = format!(", ca: \"{}\"", root.display());
    let to = |scheme: &str, port: u16| format!("{scheme}://127.0.0.1:{port}");
    let wrong_host = certificates.wrong_host();
    let wrong = start(&wrong_host, None);
    let mutual = start(&pair, Some(&root));
    let client = certificates.client();
    let with_client = format!(
        "{trusted}, client_certificate: {{ certificate: \"{}\", key: \"{}\" }}",
        client.chain.display(),
        client.key.display()
    );
    look(
        &server,
        &[
            passes(
                "private-authority",
                redis(&server.tls_dsn(), &trusted),
                "replies: [PONG]",
            ),
            stops(
                "unknown-authority",
                redis(&server.tls_dsn(), ""),
                "tls.unknown_issuer",
                "tls",
            ),
            passes(
                "whoever-answers",
                redis(&server.tls_dsn(), ", tls: require"),
                "tls: TLSv1.3",
            ),
            stops(
                "plain-to-tls",
                redis(&to("redis", server.tls_port()), ""),
                "redis.protocol",
                "startup",
            )
            .or("redis.closed", "startup"),
            stops(
                "wrong-name",
                redis(&wrong.tls_dsn(), &trusted),
                "tls.wrong_name",
                "tls",
            ),
            passes(
                "any-name",
                redis(&wrong.tls_dsn(), &format!("{trusted}, tls: verify-ca")),
                "replies: [PONG]",
            ),
            stops(
                "no-certificate",
                redis(&mutual.tls_dsn(), &trusted),
                "tls.alert.116",
                "startup",
            ),
            passes(
                "certificate",
                redis(&mutual.tls_dsn(), &with_client),
                "replies: [PONG]",
            ),
            is_unable(
                "no-such-file",
                redis(&server.tls_dsn(), ", ca: /nowhere.pem"),
                "error.file",
            ),
        ],
    );
}

/// What hands are shaken with is a command for it when there is a line break in it, and else the beginning of one.
#[test]
fn tls_to_a_port_without_it_is_told_as_far_as_it_shows() {
    let server = Redis::start(&Options::default());
    let probe = redis(&format!("rediss://127.0.0.1:{}", server.port()), "");
    let tool = Tool::new()
        .suite(&format!(
            "  - name: tls-to-plain\n    timeout: 400ms\n    {probe}\n    expect: {{ fault: [tls.timeout, tls.plaintext] }}\n"
        ))
        .args(["run", "--report", "json=out.json"]);
    tool.run().exits(0);
    let run = tool.json("out.json");
    let fault = &run["tests"][0]["attempts"][0]["steps"][0]["observation"]["fault"];
    let message = fault["message"].as_str().unwrap();
    assert!(
        message.contains("`redis:`") || message.contains("plain text"),
        "{message}"
    );
}

#[test]
fn one_that_hangs_or_is_gone_is_told_within_the_budget() {
    let mut server = Redis::start(&Options::default());
    let blocked = ", commands: [PING, [XREAD, BLOCK, 0, STREAMS, s, $]]";
    look(
        &server,
        &[stops(
            "blocked",
            redis(&server.dsn(), blocked),
            "redis.timeout.query",
            "query",
        )
        .by_its_budget()],
    );
    server.freeze();
    look_at(&[
        stops(
            "frozen",
            redis(&server.dsn(), ""),
            "redis.timeout.startup",
            "startup",
        )
        .by_its_budget(),
        stops(
            "frozen-unix",
            redis(&unix(&server), ""),
            "redis.timeout.startup",
            "startup",
        )
        .by_its_budget(),
    ]);
    server.thaw();
    look(
        &server,
        &[passes(
            "thawed",
            redis(&server.dsn(), ""),
            "replies: [PONG]",
        )],
    );
    let socket = unix(&server);
    server.stop();
    look_at(&[
        stops(
            "stopped",
            redis(&server.dsn(), ""),
            "tcp.refused",
            "connect",
        ),
        stops(
            "stopped-unix",
            redis(&socket, ""),
            "tcp.no_socket",
            "connect",
        ),
    ]);
}

#[test]
fn one_that_is_ended_in_the_middle_is_closed() {
    let server = Redis::start(&Options::default());
    let tool = Tool::new()
        .suite(&format!(
            "  - name: cut\n    timeout: 20s\n    {}\n    expect: {{ fault: none }}\n",
            redis(
                &server.dsn(),
                ", commands: [PING, [XREAD, BLOCK, 0, STREAMS, s, $]]"
            )
        ))
        .args(["run", "--report", "json=out.json"]);
    let running = tool.start();
    while !server.cli(["CLIENT", "LIST"]).contains("cmd=xread") {}
    let clients = server.cli(["CLIENT", "LIST"]);
    assert!(clients.contains("name=allclear/"), "{clients}");
    server.kill_connections();
    let output = running.end();
    let run = tool.json("out.json");
    let fault = &run["tests"][0]["attempts"][0]["steps"][0]["observation"]["fault"];
    assert_eq!(fault["code"], "redis.closed", "{run}\n{output}");
    assert_eq!(fault["phase"], "query");
}

#[test]
fn a_kept_connection_is_used_again_and_told_anew() {
    let server = Redis::start(&Options::default());
    let before = connections_received(&server);
    let suite = format!(
        "  - name: kept\n    connections: reuse\n    {}\n    expect: {{ replies: [PONG], role: primary }}\n    repeat: {{ times: 20 }}\n",
        redis(&server.dsn(), "")
    );
    Tool::new().suite(&suite).args(["run"]).run().exits(0);
    // Asking for it comes on a connection of its own.
    assert_eq!(connections_received(&server) - before, 2);
}

fn connections_received(server: &Redis) -> u32 {
    let told = server.cli(["INFO", "stats"]);
    let line = told
        .lines()
        .find_map(|line| line.strip_prefix("total_connections_received:"));
    line.unwrap().trim().parse().unwrap()
}

#[test]
fn what_writes_elsewhere_waits_for_a_permission() {
    let server = Redis::start(&Options::default());
    let suite = format!(
        "  - name: writes\n    {}\n    expect: {{ replies: [OK] }}\n",
        redis(&server.dsn(), ", commands: [[SET, order, 7]]")
    );
    let tool = Tool::new().suite(&suite).args(["run"]);
    let told = tool.run();
    assert!(told.stdout.contains("--allow-side-effects"), "{told}");
    assert_eq!(server.cli(["EXISTS", "order"]), "0");
    tool.then(["run", "--allow-side-effects"]).exits(0);
    assert_eq!(server.cli(["GET", "order"]), "7");
}

#[test]
fn whoever_is_killed_leaves_only_what_goes_away() {
    let server = Redis::start(&Options::default());
    let keys = ", commands: [[SET, \"allclear:${run.id}:x\", v, EX, 60], [XREAD, BLOCK, 0, STREAMS, s, $], \
        [DEL, \"allclear:${run.id}:x\"]]";
    let tool = Tool::new()
        .suite(&format!(
            "  - name: killed\n    timeout: 20s\n    {}\n    expect: {{ fault: none }}\n",
            redis(&server.dsn(), keys)
        ))
        .args(["run"]);
    let running = tool.start();
    while !server.cli(["CLIENT", "LIST"]).contains("cmd=xread") {}
    running.signal(Signal::SIGKILL);
    running.end();
    while server.connections() > 0 {}
    let key = server.cli(["KEYS", "*"]);
    assert!(key.starts_with("allclear:"), "{key}");
    let left: u32 = server.cli(["TTL", &key]).parse().unwrap();
    assert!((1..=60).contains(&left), "{left}");
}

#[test]
fn no_password_is_shown() {
    let server = Redis::start(&Options {
        users: &[(&ODD, "~* +get")],
        ..Options::default()
    });
    let heard = Hostile::echoing();
    let to = |address: SocketAddr, query: &str| {
        format!("redis://app:kestrel-4711-over-the-moor@{address}{query}")
    };
    let told = Tool::new();
    let (output, run) = look_at_with(
        told,
        &[
            stops(
                "noperm",
                redis(&server.dsn_of(&ODD), ""),
                "redis.noperm",
                "query",
            ),
            stops(
                "echo",
                redis(&to(heard.address(), ""), ""),
                "redis.protocol",
                "startup",
            ),
            stops(
                "wrong",
                redis(
                    &to(SocketAddr::from(([127, 0, 0, 1], server.port())), ""),
                    "",
                ),
                "redis.wrongpass",
                "auth",
            ),
        ],
    );
    let all = format!("{output}{run}");
    for secret in [ODD.password, APP.password, "kestrel-4711", "p%40ss"] {
        assert!(!all.contains(secret), "{all}");
    }
}

#[test]
fn peers_that_are_no_redis_are_bounded() {
    let hangs = Hostile::hanging();
    let floods = Hostile::flooding();
    let drips = Hostile::dripping();
    let http = Hostile::saying_and_closing("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n");
    let big = Hostile::saying("$1000000000\r\n");
    let closes = Hostile::closing();
    let resets = Hostile::resetting();
    let at = |peer: &Hostile| redis(&format!("redis://:pw@{}", peer.address()), "");
    look_at(&[
        stops("hangs", at(&hangs), "redis.timeout.startup", "startup").by_its_budget(),
        stops("big", at(&big), "redis.timeout.startup", "startup").by_its_budget(),
        stops("floods", at(&floods), "redis.protocol", "startup").or("redis.too_large", "startup"),
        stops("drips", at(&drips), "redis.protocol", "startup"),
        stops("http", at(&http), "redis.protocol", "startup"),
        stops("closes", at(&closes), "redis.closed", "startup"),
        stops("resets", at(&resets), "redis.closed", "startup"),
    ]);
}
