use super::{Session, at_work, complaint};
use crate::support::redis::{Options, Redis};
use crate::support::{APP, Certificates, ODD};

impl Session {
    /// A client of Redis that was let in, over TCP.
    fn redis(server: &Redis) -> Self {
        let mut session = Self::open(server.client().args(["-p", &server.port().to_string()]));
        session.ask("PING");
        assert_eq!(session.hears(), "PONG");
        session
    }
}

#[test]
fn it_answers_over_tcp_and_over_its_socket() {
    let server = Redis::start(&Options::default());
    assert_eq!(server.cli(["SET", "a", "b"]), "OK");
    let mut session = Session::redis(&server);
    session.ask("GET a");
    assert_eq!(session.hears(), "b");
}

#[test]
fn it_knows_its_users() {
    let server = Redis::start(&Options {
        password: Some(ODD.password),
        users: &[(&APP, "~app:* +@all"), (&ODD, "~* +@read +@connection")],
        ..Options::default()
    });
    assert_eq!(server.cli(["ACL", "WHOAMI"]), "default");
    assert_eq!(server.ask(&APP, &["SET", "app:a", "1"]), "OK");
    assert!(server.ask(&APP, &["SET", "a", "1"]).starts_with("NOPERM "));
    assert!(server.ask(&ODD, &["SET", "a", "1"]).starts_with("NOPERM "));
    assert_eq!(server.ask(&ODD, &["GET", "app:a"]), "1");
    let mut stranger = Session::open(server.client().args(["-p", &server.port().to_string()]));
    stranger.ask("PING");
    assert_eq!(stranger.hears(), "NOAUTH Authentication required.");
    stranger.ask("AUTH app buzzard");
    // A line of the client's own may come between.
    while !stranger.hears().starts_with("WRONGPASS ") {}
}

#[test]
fn it_is_full() {
    let server = Redis::start(&Options {
        max_clients: Some(2),
        ..Options::default()
    });
    let _held = [(); 2].map(|()| Session::redis(&server));
    let port = server.port().to_string();
    let refused = server
        .client()
        .args(["-p", &port, "PING"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&[refused.stdout, refused.stderr].concat()).into_owned();
    assert!(said.contains("max number of clients reached"), "{said}");
}

#[test]
fn its_connections_are_counted_and_ended() {
    let server = Redis::start(&Options::default());
    let _held = [(); 3].map(|()| Session::redis(&server));
    assert_eq!(server.connections(), 3);
    server.kill_connections();
    assert_eq!(server.connections(), 0);
}

#[test]
fn it_takes_no_more_than_it_has_room_for() {
    let server = Redis::start(&Options {
        max_memory: Some("1"),
        ..Options::default()
    });
    let said = server.cli(["SET", "a", "b"]);
    assert!(said.starts_with("OOM "), "{said}");
}

#[test]
fn it_takes_no_more_than_it_can_save() {
    let server = Redis::start(&Options::default());
    server.fail_to_save();
    let said = server.cli(["SET", "a", "b"]);
    assert!(said.starts_with("MISCONF "), "{said}");
}

#[test]
fn it_shows_its_certificate_and_asks_for_that_of_a_client() {
    let certificates = Certificates::make();
    let (root, client) = (certificates.root(), certificates.client());
    let pair = certificates.good();
    let ping = |server: &Redis, is_known: bool| {
        let mut cli = server.client();
        cli.args(["--tls", "-p", &server.tls_port().to_string(), "--cacert"]);
        cli.arg(&root);
        if is_known {
            cli.arg("--cert")
                .arg(&client.chain)
                .arg("--key")
                .arg(&client.key);
        }
        let output = cli.arg("PING").output().unwrap();
        String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned()
    };
    let server = Redis::start(&Options {
        tls: Some(&pair),
        ..Options::default()
    });
    assert_eq!(ping(&server, false), "PONG");
    let server = Redis::start(&Options {
        tls: Some(&pair),
        client_authority: Some(&root),
        ..Options::default()
    });
    assert_eq!(ping(&server, true), "PONG");
    assert_ne!(ping(&server, false), "PONG");
}

#[test]
fn a_replica_reads_what_its_primary_writes() {
    let mut primary = Redis::start(&Options {
        password: Some(APP.password),
        ..Options::default()
    });
    primary.cli(["SET", "a", "b"]);
    let replica = Redis::replica_of(
        &primary,
        &Options {
            conf: "replica-serve-stale-data no",
            ..Options::default()
        },
    );
    assert_eq!(replica.cli(["GET", "a"]), "b");
    let said = replica.cli(["SET", "a", "c"]);
    assert!(said.starts_with("READONLY "), "{said}");
    primary.stop();
    replica.misses_its_primary();
    let said = replica.cli(["GET", "a"]);
    assert!(said.starts_with("MASTERDOWN "), "{said}");
}

#[test]
fn one_that_reads_its_data_says_so_until_it_is_let_go_on() {
    let server = Redis::loading(&Options::default());
    for _ in 0..3 {
        let said = server.cli(["GET", "1"]);
        assert!(said.starts_with("LOADING "), "{said}");
    }
    server.finish_loading();
    assert_eq!(server.cli(["DBSIZE"]), "6000");
}

#[test]
fn a_frozen_one_answers_when_it_is_thawed() {
    let mut server = Redis::start(&Options::default());
    let mut held = Session::redis(&server);
    server.freeze();
    held.ask("ECHO late");
    server.thaw();
    assert_eq!(held.hears(), "late");
}

#[test]
fn a_stopped_one_refuses_until_it_is_started_again() {
    let mut server = Redis::start(&Options::default());
    let _held = Session::redis(&server);
    server.stop();
    let port = server.port().to_string();
    let refused = server
        .client()
        .args(["-p", &port, "PING"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("Connection refused"), "{said}");
    server.start_again();
    assert_eq!(server.cli(["PING"]), "PONG");
}

#[test]
fn it_is_gone_with_its_directory() {
    let mut server = Redis::start(&Options::default());
    let directory = server.socket().parent().unwrap().to_owned();
    assert_eq!(at_work(&directory).len(), 1);
    server.freeze();
    drop(server);
    assert!(at_work(&directory).is_empty());
    assert!(!directory.exists());
}

#[test]
fn one_that_does_not_start_tells_why() {
    let said = complaint(|| {
        Redis::start(&Options {
            conf: "nonsense 1",
            ..Options::default()
        })
    });
    assert!(said.contains("nonsense"), "{said}");
}
