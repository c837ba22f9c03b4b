//! What `--report FORMAT[=PATH]` asks for.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::{FORMATS, Format};

/// One report that was asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// In which format.
    pub format: &'static Format,
    /// Where to.
    pub to: Destination,
}

/// Where a report goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// Standard output.
    Stdout,
    /// A file, or a device or FIFO that exists.
    Path(PathBuf),
}

/// A request nobody can fulfil.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RequestError {
    /// No such format.
    #[error("no report format `{found}`{}", near(.suggestion.as_deref()))]
    UnknownFormat {
        /// As given.
        found: String,
        /// The nearest one there is.
        suggestion: Option<&'static str>,
    },
    /// `junit=` without a path.
    #[error(
        "no path after `{format}=`; write `{format}=PATH`, or `{format}` alone for standard output"
    )]
    EmptyPath {
        /// The format.
        format: &'static str,
    },
    /// Two reports would be mixed on standard output.
    #[error(
        "two reports on standard output: `{first}` and `{second}`; give one of them a path: `{second}=PATH`"
    )]
    TwoOnStdout {
        /// One of them.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// The second report would replace the first.
    #[error("two reports to `{}`: the second would replace the first", .path.display())]
    SamePath {
        /// The path both have.
        path: PathBuf,
    },
}

fn near(suggestion: Option<&str>) -> String {
    if let Some(name) = suggestion {
        return format!("; did you mean `{name}`?");
    }
    let names: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
    format!("; there are {}", names.join(", "))
}

impl Request {
    /// Reads `FORMAT` or `FORMAT=PATH`. `-` and `/dev/stdout` are standard output.
    pub fn parse(text: &str) -> Result<Self, RequestError> {
        let (name, path) = match text.split_once('=') {
            Some((name, path)) => (name, Some(path)),
            None => (text, None),
        };
        let format = Format::named(name).ok_or_else(|| RequestError::UnknownFormat {
            found: name.to_owned(),
            suggestion: nearest(name),
        })?;
        let to = match path {
            Some("") => {
                return Err(RequestError::EmptyPath {
                    format: format.name,
                });
            }
            None | Some("-" | "/dev/stdout" | "/dev/fd/1" | "/proc/self/fd/1") => {
                Destination::Stdout
            }
            Some(path) => Destination::Path(path.into()),
        };
        Ok(Self { format, to })
    }

    /// Whether these can all be had in one run: at most one on standard output, and no file twice.
    pub fn check_together(requests: &[Self]) -> Result<(), RequestError> {
        let mut on_stdout: Option<&'static str> = None;
        let mut paths: HashSet<&Path> = HashSet::new();
        for request in requests {
            match &request.to {
                Destination::Stdout => match on_stdout {
                    Some(first) => {
                        return Err(RequestError::TwoOnStdout {
                            first,
                            second: request.format.name,
                        });
                    }
                    None => on_stdout = Some(request.format.name),
                },
                Destination::Path(path) => {
                    // A device takes what it is given twice; `/dev/null` is the usual one.
                    if !paths.insert(path) && !path.starts_with("/dev") {
                        return Err(RequestError::SamePath { path: path.clone() });
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether one of these takes standard output.
    pub fn take_stdout(requests: &[Self]) -> bool {
        requests
            .iter()
            .any(|request| request.to == Destination::Stdout)
    }
}

fn nearest(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    FORMATS
        .iter()
        .map(|format| (strsim::jaro_winkler(&name, format.name), format.name))
        .filter(|(likeness, _)| *likeness >= 0.75)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Request {
        Request::parse(text).unwrap()
    }

    #[test]
    fn a_path_follows_the_first_equals_sign() {
        assert_eq!(
            asked("junit=a=b.xml").to,
            Destination::Path("a=b.xml".into())
        );
        assert_eq!(asked("junit").to, Destination::Stdout);
        assert_eq!(asked("junit=-").to, Destination::Stdout);
        assert_eq!(asked("junit=/dev/stdout").to, Destination::Stdout);
    }

    #[test]
    fn a_wrong_format_names_the_right_one() {
        for (wrong, message) in [
            ("junti=x", "no report format `junti`; did you mean `junit`?"),
            ("JUnit", "no report format `JUnit`; did you mean `junit`?"),
        ] {
            assert_eq!(Request::parse(wrong).unwrap_err().to_string(), message);
        }
        let message = Request::parse("").unwrap_err().to_string();
        assert!(message.contains("there are console, junit"), "{message}");
        assert!(Request::parse("junit=").is_err());
    }

    #[test]
    fn two_reports_never_share_a_place() {
        let together = |texts: &[&str]| {
            Request::check_together(&texts.iter().map(|text| asked(text)).collect::<Vec<_>>())
        };
        assert!(together(&["console", "junit=a.xml"]).is_ok());
        assert!(together(&["junit=/dev/null", "console=/dev/null"]).is_ok());
        assert!(matches!(
            together(&["console", "junit"]),
            Err(RequestError::TwoOnStdout { .. })
        ));
        assert!(matches!(
            together(&["console=a", "junit=a"]),
            Err(RequestError::SamePath { .. })
        ));
    }
}
