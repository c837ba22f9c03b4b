//! What the service is configured with, and whether that can be right.

use super::failure::Failure;
use crate::demo::Fault;

/// How the DSN of its database begins.
const SCHEME: &str = "demo:";

/// Its settings: of each service its own, and by the names that services have for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Config {
    /// `HOST:PORT` of the database.
    pub(super) database: String,
}

impl Config {
    /// Reads the variables `DATABASE_URL` and `SECRET_KEY`. Everything that is wrong is found here, before anybody is asked:
    /// a name with a line break in it is not looked up.
    pub(super) fn read(
        fault: Fault,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Failure> {
        let required = |name: &str| {
            let value = variable(name).filter(|value| !value.is_empty());
            match value {
                Some(value) if value.trim() != value && fault != Fault::StartLenient => {
                    let why = format!("configuration error: {name} has white space around it");
                    Err(Failure::startup(why))
                }
                Some(value) => Ok(value),
                None if fault == Fault::StartLenient => Ok(String::new()),
                None => Err(Failure::startup(format!(
                    "configuration error: {name} is missing"
                ))),
            }
        };
        let dsn = required("DATABASE_URL")?;
        required("SECRET_KEY")?;
        match dsn.strip_prefix(SCHEME) {
            Some(database) => Ok(Self {
                database: database.to_owned(),
            }),
            None => Err(Failure::startup(format!(
                "configuration error: DATABASE_URL does not begin with {SCHEME}"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(fault: Fault, dsn: &str, secret: &str) -> Result<String, String> {
        let variable = |name: &str| {
            Some(match name {
                "DATABASE_URL" => dsn.to_owned(),
                _ => secret.to_owned(),
            })
        };
        let config = Config::read(fault, variable).map_err(|failure| failure.message);
        config.map(|config| config.database)
    }

    #[test]
    fn what_cannot_be_right_is_told() {
        assert_eq!(
            read(Fault::None, "demo:[::1]:5", "x").as_deref(),
            Ok("[::1]:5")
        );
        for (dsn, secret, word) in [
            ("demo:h:5\n", "x", "DATABASE_URL has white space"),
            ("demo:h:5", "x\n", "SECRET_KEY has white space"),
            ("demo:h:5", "", "SECRET_KEY is missing"),
            ("", "x", "DATABASE_URL is missing"),
            ("postgres://h:5", "x", "does not begin with demo:"),
        ] {
            let told = read(Fault::None, dsn, secret).unwrap_err();
            assert!(
                told.starts_with("configuration error: ") && told.contains(word),
                "{told}"
            );
        }
    }

    #[test]
    fn who_looks_at_nothing_finds_nothing() {
        let read = |dsn, secret| read(Fault::StartLenient, dsn, secret);
        assert_eq!(read("demo:h:5\n", "").as_deref(), Ok("h:5\n"));
    }
}
