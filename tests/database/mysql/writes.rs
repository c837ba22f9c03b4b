//! What is written: rolled back, or kept where it is to stay, or told where it cannot be rolled back.

use super::sql;
use crate::support::Tool;
use crate::support::case::{look_at, look_at_with, passes, stops};
use crate::support::mariadb::{MariaDb, Options};

const NOTES: &str = "\
    CREATE TABLE notes (id int PRIMARY KEY) ENGINE=InnoDB;; CREATE TABLE old (id int) ENGINE=MyISAM;; \
    CREATE TABLE made (id int);; \
    CREATE PROCEDURE careless() MODIFIES SQL DATA BEGIN INSERT INTO made VALUES (1); COMMIT; END;; \
    CREATE PROCEDURE cunning() BEGIN COMMIT; START TRANSACTION; END;; \
    CREATE PROCEDURE careful() MODIFIES SQL DATA INSERT INTO made VALUES (2)";

#[test]
fn what_is_written_stays_only_where_it_is_to_stay() {
    let server = MariaDb::start(&Options {
        sql: NOTES,
        ..Options::default()
    });
    let dsn = server.dsn();
    let writes = |id: u8, keys: &str| {
        let statements = format!(
            ", statements: [INSERT INTO notes VALUES ({id}), UPDATE notes SET id = id WHERE id = {id}, \
             SELECT count(*) AS n FROM notes WHERE id = {id}]{keys}"
        );
        sql(&dsn, &statements)
    };
    let tool = || Tool::new().env("ALLCLEAR_ALLOW_SIDE_EFFECTS", "true");
    // A row that is found counts, also if it stays as it is.
    let seen = "rows: [{ n: 1 }], rows_affected: 2";
    look_at_with(
        tool(),
        &[
            passes("rolled-back", writes(1, ""), seen),
            passes("kept", writes(2, ", rollback: false"), seen),
            passes(
                "temporary",
                sql(
                    &dsn,
                    ", statements: [CREATE TEMPORARY TABLE t (id int), INSERT INTO t VALUES (1), SELECT id FROM t, DROP TEMPORARY TABLE t]",
                ),
                "rows_affected: 1",
            ),
            passes(
                "made",
                sql(
                    &dsn,
                    ", rollback: false, statements: [CREATE TABLE kept (id int), INSERT INTO kept VALUES (1)]",
                ),
                "rows_affected: 1",
            ),
            stops(
                "file-of-ours",
                sql(
                    &dsn,
                    ", rollback: false, query: \"LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE notes\"",
                ),
                "mysql.4166",
                "query",
            ),
            stops(
                "fails-in-the-middle",
                sql(
                    &dsn,
                    ", rollback: false, statements: [INSERT INTO notes VALUES (3), SELECT nope]",
                ),
                "mysql.1054",
                "query",
            ),
        ],
    );
    server.is_left_alone();
    assert_eq!(server.admin("SELECT id FROM notes"), "2");
    assert_eq!(server.admin("SELECT id FROM kept"), "1");
}

#[test]
fn what_cannot_be_rolled_back_is_told() {
    let server = MariaDb::start(&Options {
        sql: NOTES,
        ..Options::default()
    });
    let of = |statements: &str| sql(&server.dsn(), &format!(", statements: [{statements}]"));
    let (output, _) = look_at_with(
        Tool::new(),
        &[
            stops(
                "myisam",
                of("INSERT INTO old VALUES (1)"),
                "sql.not_rolled_back",
                "query",
            ),
            stops(
                "myisam-and-then-an-error",
                of("INSERT INTO old VALUES (2), SELECT nope"),
                "mysql.1054",
                "query",
            ),
            stops(
                "careless",
                of("CALL careless(), SELECT 1"),
                "sql.not_rolled_back",
                "query",
            ),
            stops(
                "cunning",
                of("INSERT INTO made VALUES (7), CALL cunning()"),
                "sql.not_rolled_back",
                "query",
            ),
            passes("careful", of("CALL careful()"), "rows_affected: 1"),
            passes("read", of("SELECT id FROM old"), "rows: { exists: true }"),
        ],
    );
    assert!(output.stdout.contains("keeps what was written"), "{output}");
    server.is_left_alone();
    assert_eq!(server.admin("SELECT id FROM made ORDER BY id"), "1\n7");
    assert_eq!(server.admin("SELECT id FROM old ORDER BY id"), "1\n2");
}

#[test]
fn a_session_that_may_only_read_says_so() {
    let server = MariaDb::start(&Options {
        conf: "transaction-read-only=1",
        ..Options::default()
    });
    look_at(&[passes(
        "reads",
        sql(&server.dsn(), ""),
        "role: primary, read_only: true",
    )]);
    server.is_left_alone();
}
