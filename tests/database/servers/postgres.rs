use super::{Session, at_work};
use crate::support::postgres::{Options, Postgres, Stop, program, psql};
use crate::support::{Certificates, ODD};

impl Session {
    fn psql(dsn: &str) -> Self {
        Self::open(program("psql").args(["-X", "-q", "-A", "-t", dsn]))
    }

    /// The same, and it is let in.
    fn of(server: &Postgres) -> Self {
        let dsn = format!("{}?application_name=held", server.dsn());
        let mut session = Self::psql(&dsn);
        assert_eq!(session.answer("SELECT 'in'"), "in");
        session
    }

    fn answer(&mut self, sql: &str) -> String {
        self.ask(&format!("{sql};"));
        self.hears()
    }
}

#[test]
fn it_answers_over_tcp_and_over_its_socket() {
    let server = Postgres::start(&Options {
        sql: "CREATE TABLE users (id int); INSERT INTO users VALUES (7), (8)",
        ..Options::default()
    });
    assert_eq!(server.admin("SELECT id, id + 1 FROM users"), "7|8\n8|9");
    let who = "SELECT current_user, current_database()";
    for dsn in [server.dsn(), server.socket_dsn()] {
        assert_eq!(psql(&dsn, who), Ok("app|app".to_owned()));
    }
    let odd = server.dsn_of(&ODD);
    assert_eq!(psql(&odd, who), Ok("odd|app".to_owned()));
    let wrong = server.dsn().replacen("kestrel", "buzzard", 1);
    let said = psql(&wrong, who).unwrap_err();
    assert!(said.contains("password authentication failed"), "{said}");
    let stored = server.admin(
        "SELECT DISTINCT left(rolpassword, 14) FROM pg_authid WHERE rolname IN ('app', 'odd')",
    );
    assert_eq!(stored, "SCRAM-SHA-256$");
}

#[test]
fn it_is_full_in_each_of_the_ways_there_are() {
    let server = Postgres::start(&Options {
        max_connections: 5,
        superuser_reserved_connections: 2,
        ..Options::default()
    });
    let refused = |text: &str| {
        let said = psql(&server.dsn(), "SELECT 1").unwrap_err();
        assert!(said.contains(text), "{said}");
    };
    let held = [(); 3].map(|()| Session::of(&server));
    assert_eq!(server.connections("held"), held.len());
    refused("remaining connection slots are reserved");
    let [_one, two, three] = held;
    let reserved = [(); 2].map(|()| {
        let mut session = Session::open(server.client("psql").args(["-A", "-t", "-q"]));
        assert_eq!(session.answer("SELECT 'in'"), "in");
        session
    });
    refused("sorry, too many clients already");
    drop((two, three, reserved));

    let server = Postgres::start(&Options::default());
    server.limit_role(1);
    server.limit_database(2);
    let _held = Session::of(&server);
    let refused = |dsn: &str, text: &str| {
        let said = psql(dsn, "SELECT 1").unwrap_err();
        assert!(said.contains(text), "{said}");
    };
    refused(&server.dsn(), "too many connections for role \"app\"");
    let odd = server.dsn_of(&ODD);
    let mut other = Session::psql(&odd);
    assert_eq!(other.answer("SELECT 'in'"), "in");
    refused(&odd, "too many connections for database \"app\"");
}

#[test]
fn it_shows_its_certificate_and_asks_for_that_of_a_client() {
    let certificates = Certificates::make();
    let server = Postgres::start(&Options {
        tls: Some(&certificates.good()),
        client_authority: Some(&certificates.root()),
        hba: "hostnossl all odd all reject\nhostssl all odd all scram-sha-256 clientcert=verify-ca",
        ..Options::default()
    });
    let is_secret = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let root = certificates.root();
    let verified = format!("sslmode=verify-full&sslrootcert={}", root.display());
    let dsn = format!("{}?{verified}", server.dsn());
    assert_eq!(psql(&dsn, is_secret), Ok("t".to_owned()));
    let dsn = format!("{}?sslmode=disable", server.dsn());
    assert_eq!(psql(&dsn, is_secret), Ok("f".to_owned()));

    let odd = server.dsn_of(&ODD);
    let said = psql(&format!("{odd}?sslmode=disable"), is_secret).unwrap_err();
    assert!(said.contains("pg_hba.conf rejects connection"), "{said}");
    let said = psql(&format!("{odd}?{verified}"), is_secret).unwrap_err();
    assert!(
        said.contains("requires a valid client certificate"),
        "{said}"
    );
}

#[test]
fn its_connections_are_counted_and_ended() {
    let server = Postgres::start(&Options::default());
    let mut held = [(); 3].map(|()| Session::of(&server));
    assert_eq!(server.connections("hel"), 3);
    assert_eq!(server.connections("other"), 0);
    assert_eq!(server.terminate_backends("held"), 3);
    assert_eq!(server.connections("held"), 0);
    for session in &mut held {
        assert_eq!(session.answer("SELECT 1"), "");
    }
}

#[test]
fn a_frozen_one_answers_when_it_is_thawed() {
    let mut server = Postgres::start(&Options::default());
    let mut held = Session::of(&server);
    server.freeze();
    held.ask("SELECT 'late';");
    // The shortest its client can wait.
    let dsn = format!("{}?connect_timeout=2", server.dsn());
    let said = psql(&dsn, "SELECT 1").unwrap_err();
    assert!(said.contains("timeout expired"), "{said}");
    server.thaw();
    assert_eq!(held.hears(), "late");
    assert_eq!(server.admin("SELECT 1"), "1");
}

#[test]
fn a_stopped_one_refuses_until_it_is_started_again() {
    for how in [Stop::Fast, Stop::Immediate] {
        let mut server = Postgres::start(&Options::default());
        let mut held = Session::of(&server);
        server.stop(how);
        assert_eq!(held.answer("SELECT 1"), "");
        let said = psql(&server.dsn(), "SELECT 1").unwrap_err();
        assert!(said.contains("Connection refused"), "{said}");
        let log = server.log();
        assert!(log.contains("database system is shut down"), "{log}");
        server.start_again();
        assert_eq!(psql(&server.dsn(), "SELECT 1"), Ok("1".to_owned()));
    }
    let mut server = Postgres::start(&Options::default());
    let mut held = Session::of(&server);
    server.stop(Stop::Smart);
    let said = psql(&server.dsn(), "SELECT 1").unwrap_err();
    assert!(
        said.contains("the database system is shutting down"),
        "{said}"
    );
    assert_eq!(held.answer("SELECT 1"), "1");
}

#[test]
fn a_standby_reads_what_its_primary_writes() {
    let primary = Postgres::start(&Options {
        max_connections: 120,
        ..Options::default()
    });
    let standby = Postgres::standby_of(&primary);
    psql(&primary.dsn(), "CREATE TABLE notes AS SELECT 1 AS id").unwrap();
    standby.catches_up(&primary);
    let look = "SELECT pg_is_in_recovery(), count(*) FROM notes";
    assert_eq!(psql(&standby.dsn(), look), Ok("t|1".to_owned()));
    let said = psql(&standby.dsn(), "INSERT INTO notes VALUES (2)").unwrap_err();
    assert!(said.contains("ERROR:  25006"), "{said}");
}

#[test]
fn one_that_starts_up_says_so_until_it_is_let_go_on() {
    let starting = Postgres::starting_up();
    let server = starting.server();
    for dsn in [server.dsn(), server.socket_dsn()] {
        let said = psql(&dsn, "SELECT 1").unwrap_err();
        assert!(
            said.contains("the database system is starting up"),
            "{said}"
        );
    }
    let server = starting.finish();
    assert_eq!(psql(&server.dsn(), "SELECT 1"), Ok("1".to_owned()));
}

#[test]
fn it_is_gone_with_all_it_started() {
    let mut server = Postgres::start(&Options::default());
    let _held = Session::of(&server);
    let directory = server.socket_directory().to_owned();
    assert!(at_work(&directory).len() > 2);
    server.freeze();
    drop(server);
    assert!(at_work(&directory).is_empty());
    assert!(!directory.exists());
}

#[test]
fn one_that_does_not_start_tells_why() {
    let said = super::complaint(|| {
        Postgres::start(&Options {
            conf: "nonsense = on",
            ..Options::default()
        })
    });
    assert!(said.contains("nonsense"), "{said}");
}
