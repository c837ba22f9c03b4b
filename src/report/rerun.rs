//! The command line that runs tests again, as the run itself was given: one maker, for every report that prints it.
//!
//! Somebody pastes it into a shell, so every word of it is quoted where a shell would take it for more than a word.

use std::fmt::Write as _;

use super::{visible, wording};
use crate::model::{RunHeader, TestId};

/// What is run again.
#[derive(Debug, Clone, Copy)]
pub(super) enum Again<'a> {
    /// Whatever was not good in the last run.
    Failed,
    /// These tests and nothing else, judged as if they were all there is: what somebody runs who has mended something. With more
    /// names than a line takes, whatever was not good in this run.
    Only(&'a [&'a TestId]),
}

/// So many names a line takes.
const MOST: usize = 20;

/// So many characters of names, or of one value.
const LONGEST: usize = 1000;

/// What stands where something secret was.
const MASKED: &str = "***";

/// The line; `None` for suites inside the program, which are in no folder that a command could name.
pub(super) fn rerun(header: &RunHeader, again: Again<'_>) -> Option<String> {
    if header.shipped {
        return None;
    }
    let mut line = format!("allclear run --target {}", word(&header.target));
    match again {
        Again::Failed => line.push_str(" --rerun failed"),
        Again::Only(tests) if tests.len() > MOST || length(tests) > LONGEST => {
            let _ = write!(line, " --rerun failed:{}", word(header.id.as_str()));
        }
        // A pattern knows `*` and `?` only, and an id that holds one of them means itself as well.
        Again::Only(tests) => {
            for id in tests {
                let _ = write!(line, " --only {}", word(&id.to_string()));
            }
        }
    }
    for flag in &header.flags {
        let _ = write!(line, " {}", given(&visible::line(flag), &header.variables));
    }
    // The full gate calls a part of the tests inconclusive whatever comes of it.
    let selection = "--gate selection";
    if matches!(again, Again::Only(_)) && !header.flags.iter().any(|flag| flag == selection) {
        let _ = write!(line, " {selection}");
    }
    Some(line)
}

fn length(tests: &[&TestId]) -> usize {
    tests.iter().map(|id| id.to_string().chars().count()).sum()
}

fn word(text: &str) -> String {
    wording::shell_word(&visible::line(text))
}

/// A flag as it was given: `--deadline 10m`, `--allow-side-effects=staging`, `--strict`;
/// of `--set` with the value the variable had.
fn given(flag: &str, variables: &[(String, String)]) -> String {
    match flag.find([' ', '=']) {
        Some(at) if flag[at..].starts_with('=') => wording::shell_word(flag),
        Some(at) => match (&flag[..at], &flag[at + 1..]) {
            ("--set", name) => match shown_value(name, variables) {
                Some(value) => format!("--set {}", wording::shell_word(&format!("{name}={value}"))),
                // It is secret, and not recorded. A shell that does not know it says so, and starts nothing.
                None => format!(
                    "--set {}=\"${{{}:?}}\"",
                    wording::shell_word(name),
                    shell_variable(name)
                ),
            },
            (name, value) => format!(
                "{} {}",
                wording::shell_word(name),
                wording::shell_word(value)
            ),
        },
        None => wording::shell_word(flag),
    }
}

/// What a variable held, where all of it may be seen and is text of one line.
fn shown_value<'a>(name: &str, variables: &'a [(String, String)]) -> Option<&'a str> {
    let (_, value) = variables.iter().find(|(known, _)| known == name)?;
    let is_whole = !value.contains(MASKED) && visible::line(value) == *value;
    (is_whole && value.chars().count() <= LONGEST).then_some(value)
}

/// `HOST` of `host`, `DEMO_FAULT` of `demo.fault`.
fn shell_variable(name: &str) -> String {
    let letter = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_uppercase()
        } else {
            '_'
        }
    };
    name.chars().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::specimen;

    fn header(flags: &[&str]) -> RunHeader {
        let record = specimen::finished("x").record;
        RunHeader {
            shipped: false,
            target: "my target".to_owned(),
            flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
            ..(*record.header).clone()
        }
    }

    #[test]
    fn every_flag_of_the_run_is_given_again_and_quoted_for_a_shell() {
        let header = header(&[
            "--suites my suites/$(id)",
            "--runs /var/runs",
            "--gate selection",
            "--allow-commands",
            "--allow-side-effects=a b;reboot",
            "--set demo.fault",
            "--deadline 10m",
        ]);
        let flags = "--suites 'my suites/$(id)' --runs /var/runs --gate selection --allow-commands \
                     '--allow-side-effects=a b;reboot' --set demo.fault=\"${DEMO_FAULT:?}\" --deadline 10m";
        let id = TestId::parse("database/login[a b]").unwrap();
        assert_eq!(
            rerun(&header, Again::Failed).unwrap(),
            format!("allclear run --target 'my target' --rerun failed {flags}")
        );
        assert_eq!(
            rerun(&header, Again::Only(&[&id])).unwrap(),
            format!("allclear run --target 'my target' --only 'database/login[a b]' {flags}")
        );
        let long = TestId::parse(&format!("database/{}", "a".repeat(LONGEST / 8))).unwrap();
        let line = rerun(&header, Again::Only(&[&long; 9])).unwrap();
        assert!(line.contains(" --rerun failed:"), "{line}");
        let many = vec![&id; MOST + 1];
        assert_eq!(
            rerun(&header, Again::Only(&many)).unwrap(),
            format!(
                "allclear run --target 'my target' --rerun failed:{} {flags}",
                header.id
            )
        );
    }

    #[test]
    fn the_value_of_a_variable_is_given_again_unless_some_of_it_is_secret() {
        let mut header = header(&["--set base", "--set dsn", "--set token", "--rules my rules"]);
        header.variables = [("base", "http://a?b=c"), ("dsn", "pg://u:***@h")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
        let line = rerun(&header, Again::Failed).unwrap();
        let flags = "--set 'base=http://a?b=c' --set dsn=\"${DSN:?}\" --set token=\"${TOKEN:?}\" --rules 'my rules'";
        assert!(line.ends_with(flags), "{line}");
    }

    #[test]
    fn a_part_is_judged_by_itself_and_what_is_inside_the_program_is_not_named() {
        let id = TestId::parse("database/login").unwrap();
        let mut header = header(&["--strict"]);
        let line = rerun(&header, Again::Only(&[&id])).unwrap();
        assert!(
            line.ends_with(" --only database/login --strict --gate selection"),
            "{line}"
        );
        let line = rerun(&header, Again::Failed).unwrap();
        assert!(!line.contains("--gate"), "{line}");
        header.shipped = true;
        assert_eq!(rerun(&header, Again::Failed), None);
        assert_eq!(rerun(&header, Again::Only(&[&id])), None);
    }
}
