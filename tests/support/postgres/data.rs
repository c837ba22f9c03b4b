//! The data every PostgreSQL starts with.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use super::super::login::{APP, Login, ODD, literal};
use super::super::template::{self, succeed};
use super::super::user::User;
use super::{POSTGRES, program};

/// Segments of the log as small as they get: one is written in full before the first server starts.
const INITDB: &[&str] = &[
    "--username=postgres",
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C.UTF-8",
    "--wal-segsize=1",
    "--no-sync",
];

/// Copies it to a place of this user's.
#[track_caller]
pub(super) fn copy(user: &User, place: &Path) {
    let sessions = sessions();
    let recipe = format!("{INITDB:?} {sessions:?}");
    let make = |data: &Path| make(user, data, &sessions);
    template::copy("postgres", &POSTGRES.path(), &recipe, user, place, make);
}

/// A database, and what is run in it, a statement a line. Of the four databases there are at first only `app` is left,
/// since each is three hundred files to copy.
fn sessions() -> [(&'static str, String); 2] {
    let role = |login: &Login| {
        let (user, password) = (login.user, literal(login.password));
        format!("CREATE ROLE {user} LOGIN PASSWORD {password};\n")
    };
    let first = "ALTER DATABASE postgres RENAME TO app;\n\
        COMMENT ON DATABASE app IS NULL;\n\
        ALTER DATABASE app OWNER TO app;\n\
        ALTER DATABASE template0 IS_TEMPLATE false;\n\
        DROP DATABASE template0;\n";
    let second = "ALTER DATABASE template1 IS_TEMPLATE false;\n\
        DROP DATABASE template1;\n";
    [
        ("template1", [&role(&APP), &role(&ODD), first].concat()),
        ("app", second.to_owned()),
    ]
}

#[track_caller]
fn make(user: &User, data: &Path, sessions: &[(&str, String)]) {
    let mut initdb = program("initdb");
    user.runs(&mut initdb);
    succeed(initdb.args(INITDB).arg("-D").arg(data));
    for (database, sql) in sessions {
        run(user, data, database, sql);
    }
}

/// Without a server: nobody has to wait for one to start and to stop.
#[track_caller]
fn run(user: &User, data: &Path, database: &str, sql: &str) {
    let mut single = program("postgres");
    user.runs(&mut single);
    let mut single = single
        .args(["--single", "-c", "exit_on_error=on", "-c", "fsync=off"])
        .args(["-c", "password_encryption=scram-sha-256", "-D"])
        .arg(data)
        .arg(database)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = single.stdin.take().unwrap();
    input.write_all(sql.as_bytes()).unwrap();
    drop(input);
    let output = single.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{said}", output.status);
}
