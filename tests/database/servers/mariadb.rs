use super::{Session, at_work, complaint};
use crate::support::mariadb::{MariaDb, Options};
use crate::support::{APP, Certificates, Login, ODD};

impl Session {
    /// A client of MariaDB that was let in.
    fn mariadb(server: &MariaDb, login: &Login) -> Self {
        let mut session = Self::open(server.client(login).arg("--unbuffered"));
        session.ask("SELECT 'in';");
        assert_eq!(session.hears(), "in");
        session
    }
}

#[test]
fn it_answers_over_tcp_and_over_its_socket() {
    let server = MariaDb::start(&Options {
        sql: "CREATE TABLE users (id int); INSERT INTO users VALUES (7), (8)",
        ..Options::default()
    });
    assert_eq!(server.admin("SELECT id, id + 1 FROM users"), "7\t8\n8\t9");
    for login in [&APP, &ODD] {
        let who = server.ask(login, "SELECT user(), database()");
        assert_eq!(who, Ok(format!("{}@127.0.0.1\tapp", login.user)));
    }
    let wrong = Login {
        password: "buzzard",
        ..APP
    };
    let said = server.ask(&wrong, "SELECT 1").unwrap_err();
    assert!(said.contains("ERROR 1045 (28000)"), "{said}");
    let strangers = "SELECT count(*) FROM mysql.user WHERE plugin NOT IN ('unix_socket', 'mysql_native_password') \
                     OR user = ''";
    assert_eq!(server.admin(strangers), "0");
}

#[test]
fn it_is_full_but_for_its_administrator() {
    let server = MariaDb::start(&Options {
        max_connections: 10,
        ..Options::default()
    });
    let held = [(); 10].map(|()| Session::mariadb(&server, &APP));
    let said = server.ask(&APP, "SELECT 1").unwrap_err();
    assert!(said.contains("ERROR 1040 "), "{said}");
    assert_eq!(server.connections(), held.len());
}

#[test]
fn its_connections_are_counted_and_ended() {
    let server = MariaDb::start(&Options::default());
    let mut held = [&APP, &APP, &ODD].map(|login| Session::mariadb(&server, login));
    assert_eq!(server.connections(), 3);
    server.kill_connections();
    assert_eq!(server.connections(), 0);
    for session in &mut held {
        session.ask("SELECT 1;");
        assert_eq!(session.hears(), "");
    }
}

#[test]
fn one_that_only_reads_refuses_to_write() {
    let server = MariaDb::start(&Options {
        read_only: true,
        ..Options::default()
    });
    server.admin("CREATE TABLE notes (id int)");
    let said = server
        .ask(&APP, "INSERT INTO notes VALUES (1)")
        .unwrap_err();
    assert!(said.contains("ERROR 1290 "), "{said}");
    server.set_read_only(false);
    server.ask(&APP, "INSERT INTO notes VALUES (1)").unwrap();
}

#[test]
fn it_shows_its_certificate() {
    let certificates = Certificates::make();
    let server = MariaDb::start(&Options {
        tls: Some(&certificates.good()),
        sql: "ALTER USER odd REQUIRE SSL",
        ..Options::default()
    });
    let cipher = "SELECT length(variable_value) > 0 FROM information_schema.session_status \
                  WHERE variable_name = 'Ssl_cipher'";
    let verified = server
        .client(&APP)
        .arg("--ssl-verify-server-cert")
        .arg(format!("--ssl-ca={}", certificates.root().display()))
        .args(["--execute", cipher])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&verified.stdout);
    assert_eq!(said, "1\n");
    let plain = server
        .client(&ODD)
        .args(["--skip-ssl", "--execute", "SELECT 1"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&plain.stderr);
    assert!(said.contains("ERROR 1045 "), "{said}");
}

#[test]
fn a_frozen_one_answers_when_it_is_thawed() {
    let mut server = MariaDb::start(&Options::default());
    let mut held = Session::mariadb(&server, &APP);
    server.freeze();
    held.ask("SELECT 'late';");
    let hanging = server
        .client(&APP)
        .args(["--connect-timeout", "1", "--execute", "SELECT 1"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&hanging.stderr);
    assert!(said.contains("ERROR 2013 "), "{said}");
    server.thaw();
    assert_eq!(held.hears(), "late");
    assert_eq!(server.admin("SELECT 1"), "1");
}

#[test]
fn a_stopped_one_refuses_until_it_is_started_again() {
    let mut server = MariaDb::start(&Options::default());
    let mut held = Session::mariadb(&server, &APP);
    server.stop();
    held.ask("SELECT 1;");
    assert_eq!(held.hears(), "");
    let said = server.ask(&APP, "SELECT 1").unwrap_err();
    assert!(
        said.contains("ERROR 2002 ") || said.contains("ERROR 2003 "),
        "{said}"
    );
    server.start_again();
    assert_eq!(server.ask(&APP, "SELECT 1"), Ok("1".to_owned()));
}

#[test]
fn it_is_gone_with_its_directory() {
    let mut server = MariaDb::start(&Options::default());
    let _held = Session::mariadb(&server, &APP);
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
        MariaDb::start(&Options {
            conf: "nonsense=1",
            ..Options::default()
        })
    });
    assert!(said.contains("nonsense"), "{said}");
}
