//! How an engine writes its statements, as far as a text must be understood without it.

/// What stands between one word and the next, and which words may not stand first.
#[derive(Debug)]
pub(super) struct Dialect {
    /// Statements that would end or nest the transaction everything runs in, and with it the promise to roll back.
    pub(super) transactional: &'static [&'static str],
    /// Statements that cannot run inside a transaction, by their first words.
    pub(super) outside: &'static [&'static str],
    /// `/* /* */ */` is one comment.
    pub(super) has_nested_comments: bool,
    /// `$$…$$`, `$tag$…$tag$`.
    pub(super) has_dollar_quotes: bool,
    /// `E'\''`.
    pub(super) has_escape_strings: bool,
    /// `[name]` and `` `name` ``.
    pub(super) has_brackets: bool,
    /// `CREATE TRIGGER … BEGIN …; …; END` has semicolons in it.
    pub(super) has_trigger_bodies: bool,
    /// `COPY` to or from us: nobody would be there to send or take the rows.
    pub(super) has_copy: bool,
}

/// <https://www.sqlite.org/lang.html>
pub(super) const SQLITE: Dialect = Dialect {
    transactional: &["BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE"],
    outside: &["ATTACH", "DETACH", "VACUUM"],
    has_nested_comments: false,
    has_dollar_quotes: false,
    has_escape_strings: false,
    has_brackets: true,
    has_trigger_bodies: true,
    has_copy: false,
};

/// <https://www.postgresql.org/docs/current/sql-syntax-lexical.html>
pub(super) const POSTGRES: Dialect = Dialect {
    transactional: &[
        "BEGIN",
        "START",
        "COMMIT",
        "END",
        "ROLLBACK",
        "ABORT",
        "SAVEPOINT",
        "RELEASE",
        "PREPARE TRANSACTION",
    ],
    outside: &[
        "VACUUM",
        "CREATE DATABASE",
        "DROP DATABASE",
        "CREATE TABLESPACE",
        "DROP TABLESPACE",
        "ALTER SYSTEM",
        "DISCARD ALL",
    ],
    has_nested_comments: true,
    has_dollar_quotes: true,
    has_escape_strings: true,
    has_brackets: false,
    has_trigger_bodies: false,
    has_copy: true,
};
