//! How an engine writes its statements, as far as a text must be understood without it.

use crate::probe::database::Engine;

/// What stands between one word and the next, and which words may not stand first.
#[derive(Debug)]
pub(super) struct Dialect {
    /// Statements that would end or nest the transaction everything runs in, and with it the promise to roll back.
    pub(super) transactional: &'static [&'static str],
    /// Statements that cannot run inside a transaction, by their first words.
    pub(super) outside: &'static [&'static str],
    /// What not every engine has.
    pub(super) features: &'static [Feature],
    /// Statements that commit what was done before them, by their first words.
    pub(super) commits: &'static [&'static str],
}

/// What not every engine has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Feature {
    /// `/* /* */ */` is one comment.
    NestedComments,
    /// `$$…$$`, `$tag$…$tag$`.
    DollarQuotes,
    /// `E'\''`.
    EscapeStrings,
    /// `[name]` and `` `name` ``.
    Brackets,
    /// `CREATE TRIGGER … BEGIN …; …; END` has semicolons in it.
    TriggerBodies,
    /// `COPY` to or from us: nobody would be there to send or take the rows.
    Copy,
    /// As MySQL has it: a backslash in every literal, `` `name` ``, comments from `#` or `-- ` to the end of the line, and
    /// `/*! … */`, which is run.
    MySql,
}

/// Of a server.
pub(super) const fn of(engine: Engine) -> &'static Dialect {
    match engine {
        Engine::Postgres => &POSTGRES,
        Engine::MySql => &MYSQL,
    }
}

impl Dialect {
    pub(super) fn has(&self, feature: Feature) -> bool {
        self.features.contains(&feature)
    }
}

/// <https://www.sqlite.org/lang.html>
pub(super) const SQLITE: Dialect = Dialect {
    transactional: &["BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE"],
    outside: &["ATTACH", "DETACH", "VACUUM"],
    features: &[Feature::Brackets, Feature::TriggerBodies],
    commits: &[],
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
    features: &[
        Feature::NestedComments,
        Feature::DollarQuotes,
        Feature::EscapeStrings,
        Feature::Copy,
    ],
    commits: &[],
};

/// <https://dev.mysql.com/doc/refman/8.4/en/implicit-commit.html>,
/// <https://mariadb.com/kb/en/sql-statements-that-cause-an-implicit-commit/>
pub(super) const MYSQL: Dialect = Dialect {
    transactional: &[
        "BEGIN",
        "START TRANSACTION",
        "COMMIT",
        "END",
        "ROLLBACK",
        "SAVEPOINT",
        "RELEASE SAVEPOINT",
        "XA",
    ],
    outside: &[],
    features: &[Feature::TriggerBodies, Feature::MySql],
    commits: &[
        "ALTER",
        "ANALYZE TABLE",
        "ANALYZE LOCAL",
        "ANALYZE NO_WRITE_TO_BINLOG",
        "BACKUP",
        "BINLOG",
        "CACHE INDEX",
        "CHANGE",
        "CHECK",
        "CLONE",
        "CREATE",
        "DROP",
        "FLUSH",
        "GRANT",
        "IMPORT",
        "INSTALL",
        "KILL",
        "LOAD",
        "LOCK",
        "OPTIMIZE",
        "PURGE",
        "RENAME",
        "REPAIR",
        "RESET",
        "RESTART",
        "REVOKE",
        "SET DEFAULT ROLE",
        "SET GLOBAL",
        "SET PASSWORD",
        "SET PERSIST",
        "SET PERSIST_ONLY",
        "SHUTDOWN",
        "START",
        "STOP",
        "TRUNCATE",
        "UNINSTALL",
        "UNLOCK",
    ],
};
