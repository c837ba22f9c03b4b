//! The data every PostgreSQL starts with.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use super::super::login::{APP, ODD, literal};
use super::super::template;
use super::super::user::User;
use super::{POSTGRES, program};
use crate::support::template::succeed;

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
    let sql = sql();
    let recipe = format!("{INITDB:?} {sql}");
    let make = |data: &Path| make(user, data, &sql);
    template::copy("postgres", &POSTGRES.path(), &recipe, user, place, make);
}

/// A statement a line.
fn sql() -> String {
    let role = |login: &super::Login| {
        let (user, password) = (login.user, literal(login.password));
        format!("CREATE ROLE {user} LOGIN PASSWORD {password};\n")
    };
    let database = "CREATE DATABASE app OWNER app;\n";
    [role(&APP), role(&ODD), database.to_owned()].concat()
}

#[track_caller]
fn make(user: &User, data: &Path, sql: &str) {
    let mut initdb = program("initdb");
    user.runs(&mut initdb);
    succeed(initdb.args(INITDB).arg("-D").arg(data));

    // Without a server: nobody has to wait for one to start and to stop.
    let mut single = program("postgres");
    user.runs(&mut single);
    let mut single = single
        .args(["--single", "-c", "exit_on_error=on", "-c", "fsync=off"])
        .args(["-c", "password_encryption=scram-sha-256", "-D"])
        .arg(data)
        .arg("postgres")
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
