//! How an engine writes its statements, as far as a text must be understood without it.

/// What stands between one word and the next, and which words may not stand first.
#[derive(Debug)]
pub(super) struct Dialect {
    /// Statements that would end or nest the transaction everything runs in, and with it the promise to roll back.
    pub(super) transactional: &'static [&'static str],
    /// Statements that cannot run inside a transaction, by their first words.
    pub(super) outside: &'static [&'static str],
    /// What not every engine has.
    pub(super) features: &'static [Feature],
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
};
