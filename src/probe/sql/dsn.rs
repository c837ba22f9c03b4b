//! What a DSN may look like. Its text is never shown: it may hold a password.

use std::path::{Path, PathBuf};

use crate::probe::{Invalid, net};

/// Where a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Dsn {
    /// A file of SQLite.
    Sqlite {
        /// Relative paths begin where the program was started.
        file: PathBuf,
        /// `?mode=ro`.
        is_read_only: bool,
    },
}

impl Dsn {
    /// Reads a DSN: `sqlite:app.db`, `sqlite:///var/lib/app.db?mode=ro`.
    pub(super) fn parse(text: &str) -> Result<Self, Invalid> {
        let wrong = |why: &str| Err(Invalid::new("dsn", why));
        if text.is_empty() {
            return wrong("the DSN is empty");
        }
        if text.ends_with(['\n', '\r']) {
            return wrong("the DSN ends in a line break; take it out of the variable or secret");
        }
        if text.trim() != text {
            return wrong("the DSN has white space around it; take it out");
        }
        if text.contains(char::is_control) {
            return wrong("the DSN holds a control character");
        }
        let Some((scheme, rest)) = text.split_once(':') else {
            return wrong("the DSN has no scheme; it begins with `sqlite:`");
        };
        match scheme {
            "sqlite" => Self::sqlite(rest.strip_prefix("//").unwrap_or(rest)),
            "postgres" | "postgresql" | "mysql" | "mariadb" => wrong(&format!(
                "databases behind `{scheme}:` come with a later release; `sqlite:` is supported"
            )),
            _ => wrong("the scheme of the DSN is unknown; `sqlite:` is supported"),
        }
    }

    fn sqlite(rest: &str) -> Result<Self, Invalid> {
        let wrong = |why: &str| Err(Invalid::new("dsn", why));
        let (path, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        if path.is_empty() {
            return wrong("the DSN names no file");
        }
        if path == ":memory:" {
            return wrong("a database in memory is empty and nobody else's; name a file");
        }
        let mut is_read_only = false;
        for parameter in parameters.split('&').filter(|text| !text.is_empty()) {
            match parameter.split_once('=') {
                Some(("mode", "ro")) => is_read_only = true,
                Some(("mode", "rw")) => is_read_only = false,
                Some(("mode", _)) => {
                    return wrong(
                        "`mode` is `ro` or `rw`: a database that does not exist is never made",
                    );
                }
                _ => return wrong("the only parameter of `sqlite:` is `mode`"),
            }
        }
        Ok(Self::Sqlite {
            file: PathBuf::from(net::percent_decoded(path)),
            is_read_only,
        })
    }

    /// The file.
    pub(super) fn file(&self) -> &Path {
        let Self::Sqlite { file, .. } = self;
        file
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_in_every_usual_way() {
        for (text, path, read_only) in [
            ("sqlite:app.db", "app.db", false),
            ("sqlite://app.db", "app.db", false),
            ("sqlite:///var/app%20x.db?mode=ro", "/var/app x.db", true),
        ] {
            let Dsn::Sqlite { file, is_read_only } = Dsn::parse(text).unwrap();
            assert_eq!((file, is_read_only), (PathBuf::from(path), read_only));
        }
    }

    #[test]
    fn slips_are_told_without_showing_the_text() {
        for (text, why) in [
            ("", "empty"),
            ("sqlite:app.db\n", "line break"),
            (" sqlite:app.db", "white space"),
            ("app", "no scheme"),
            ("postgres://u:hunter2@db/app", "later release"),
            ("oracle://u:hunter2@db/app", "unknown"),
            ("sqlite::memory:", "in memory"),
            ("sqlite:a?mode=rwc", "never made"),
            ("sqlite:a?cache=shared", "only parameter"),
            ("sqlite:", "no file"),
        ] {
            let told = Dsn::parse(text).unwrap_err().message;
            assert!(told.contains(why), "{text:?}: {told}");
            assert!(!told.contains("hunter2"), "{told}");
        }
    }
}
