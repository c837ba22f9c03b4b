//! What the service is started with: arguments for what is the demo's, variables of the environment for what every service has.

use std::path::PathBuf;
use std::str::FromStr;

use crate::demo::Fault;

/// Everything it is told.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Arguments {
    pub(super) fault: Fault,
    pub(super) role: Role,
    /// `--port`, else `PORT`; 0 is any that is free.
    pub(super) port: Option<u16>,
    /// What copies of it share.
    pub(super) directory: Option<PathBuf>,
}

/// What it is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Service,
    /// Starts the service, and starts it again when it ends.
    Supervisor,
    /// Does nothing but be there, until this process is gone.
    LeftBehind(i32),
}

impl Arguments {
    /// Reads what follows the flag that makes this program the service. `port` is the variable of that name.
    pub(super) fn parse(
        given: impl IntoIterator<Item = String>,
        port: Option<String>,
    ) -> Result<Self, String> {
        let mut arguments = Self {
            fault: Fault::None,
            role: Role::Service,
            port: port.map(|text| number("PORT", &text)).transpose()?,
            directory: None,
        };
        let mut given = given.into_iter();
        while let Some(name) = given.next() {
            let mut value = || given.next().ok_or(format!("{name} needs a value"));
            match name.as_str() {
                "--supervised" => arguments.role = Role::Supervisor,
                "--left-behind-by" => {
                    arguments.role = Role::LeftBehind(number(&name, &value()?)?);
                }
                "--port" => arguments.port = Some(number(&name, &value()?)?),
                "--directory" => arguments.directory = Some(PathBuf::from(value()?)),
                "--fault" => {
                    let wanted = value()?;
                    let fault = Fault::parse(&wanted);
                    arguments.fault = fault.ok_or(format!("there is no fault `{wanted}`"))?;
                }
                _ => return Err(format!("there is no argument `{name}`")),
            }
        }
        Ok(arguments)
    }
}

fn number<N: FromStr>(name: &str, text: &str) -> Result<N, String> {
    text.parse()
        .map_err(|_| format!("{name} is a number, not `{text}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(given: &[&str], port: Option<&str>) -> Result<Arguments, String> {
        let given = given.iter().map(|word| (*word).to_owned());
        Arguments::parse(given, port.map(str::to_owned))
    }

    #[test]
    fn an_argument_wins_over_the_environment() {
        assert_eq!(parse(&[], Some("80")).unwrap().port, Some(80));
        assert_eq!(parse(&["--port", "0"], Some("80")).unwrap().port, Some(0));
        assert_eq!(parse(&[], None).unwrap().port, None);
    }

    #[test]
    fn everything_is_read() {
        let read = parse(
            &[
                "--supervised",
                "--fault",
                "start-slow",
                "--directory",
                "/tmp",
            ],
            None,
        );
        let expected = Arguments {
            fault: Fault::StartSlow,
            role: Role::Supervisor,
            port: None,
            directory: Some("/tmp".into()),
        };
        assert_eq!(read, Ok(expected));
        let role = parse(&["--left-behind-by", "7"], None).unwrap().role;
        assert_eq!(role, Role::LeftBehind(7));
    }

    #[test]
    fn slips_are_told() {
        for (given, told) in [
            (&["--port"][..], "--port needs a value"),
            (&["--port", "http"], "--port is a number, not `http`"),
            (&["--port", "65536"], "--port is a number, not `65536`"),
            (&["--fault", "slwo"], "there is no fault `slwo`"),
            (&["serve"], "there is no argument `serve`"),
        ] {
            assert_eq!(parse(given, None), Err(told.to_owned()));
        }
        assert!(parse(&[], Some("http")).is_err());
    }
}
