//! What was said on the command line or in `ALLCLEAR_*`: everything optional.

use std::path::PathBuf;
use std::time::Duration;

use super::{Colour, Variables, Verbosity};
use crate::model::GateMode;
use crate::yaml::parse_nonzero_duration;

/// Flags as given. A flag that was not given is `None` or empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags {
    /// `--suites DIR`.
    pub suites: Option<PathBuf>,
    /// `--target NAME|FILE`.
    pub target: Option<String>,
    /// `--set NAME=VALUE`.
    pub set: Vec<(String, String)>,
    /// `--tag EXPR`.
    pub tag: Option<String>,
    /// `--only GLOB`.
    pub only: Vec<String>,
    /// `--rerun failed`, of this run (default: the last).
    pub rerun: Option<String>,
    /// `-j`, `--jobs N`.
    pub jobs: Option<usize>,
    /// `--deadline`.
    pub deadline: Option<Duration>,
    /// `--fail-fast`.
    pub fail_fast: Option<bool>,
    /// `--report FORMAT[=PATH]`.
    pub reports: Vec<String>,
    /// `--gate full|selection`.
    pub gate: Option<GateMode>,
    /// `--strict`.
    pub strict: Option<bool>,
    /// `--exit-zero`.
    pub exit_zero: Option<bool>,
    /// `--runs DIR`.
    pub runs: Option<PathBuf>,
    /// `--keep N`.
    pub keep: Option<usize>,
    /// `--allow-commands`.
    pub allow_commands: Option<bool>,
    /// `--allow-side-effects[=TARGET]`.
    pub allow_side_effects: Option<Permission>,
    /// `--vantage NAME`.
    pub vantage: Option<String>,
    /// `--rules FILE`.
    pub rules: Option<PathBuf>,
    /// `--color`.
    pub colour: Option<Colour>,
    /// `-q`, `-v`.
    pub verbosity: Option<Verbosity>,
}

/// How side effects were allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permission {
    /// On any target that is not marked `production: true`.
    NotProduction,
    /// On the target of this name, production or not.
    Target(String),
    /// Not at all.
    Nowhere,
}

impl Flags {
    /// Reads `ALLCLEAR_*`. Lists (`ALLCLEAR_SET`, `ALLCLEAR_ONLY`, `ALLCLEAR_REPORT`) have one item a line.
    pub fn of_environment(variables: &Variables) -> Result<Self, String> {
        let text = |name: &str| variables.get(name).map(str::to_owned);
        let lines = |name: &str| -> Vec<String> {
            variables
                .get(name)
                .into_iter()
                .flat_map(str::lines)
                .filter(|line| !line.is_empty())
                .map(str::to_owned)
                .collect()
        };
        let read = |name: &str| Read {
            name: name.to_owned(),
            text: text(name),
        };
        let pairs = lines("ALLCLEAR_SET");
        let set = pairs
            .iter()
            .map(|pair| Self::pair(pair).map_err(|why| format!("ALLCLEAR_SET: {why}")));
        Ok(Self {
            suites: text("ALLCLEAR_SUITES").map(PathBuf::from),
            target: text("ALLCLEAR_TARGET"),
            set: set.collect::<Result<_, _>>()?,
            tag: text("ALLCLEAR_TAG"),
            only: lines("ALLCLEAR_ONLY"),
            rerun: read("ALLCLEAR_RERUN").with(Self::rerun)?,
            jobs: read("ALLCLEAR_JOBS").with(Self::count)?,
            deadline: read("ALLCLEAR_DEADLINE").with(Self::duration)?,
            fail_fast: read("ALLCLEAR_FAIL_FAST").with(truth)?,
            reports: lines("ALLCLEAR_REPORT"),
            gate: read("ALLCLEAR_GATE").with(Self::gate_mode)?,
            strict: read("ALLCLEAR_STRICT").with(truth)?,
            exit_zero: read("ALLCLEAR_EXIT_ZERO").with(truth)?,
            runs: text("ALLCLEAR_RUNS").map(PathBuf::from),
            keep: read("ALLCLEAR_KEEP").with(Self::count)?,
            allow_commands: read("ALLCLEAR_ALLOW_COMMANDS").with(truth)?,
            allow_side_effects: text("ALLCLEAR_ALLOW_SIDE_EFFECTS").map(|text| permission(&text)),
            vantage: text("ALLCLEAR_VANTAGE"),
            rules: text("ALLCLEAR_RULES").map(PathBuf::from),
            colour: read("ALLCLEAR_COLOR")
                .with(|text| Colour::parse(text).ok_or("expected auto, always or never".into()))?,
            verbosity: read("ALLCLEAR_VERBOSITY").with(verbosity)?,
        })
    }

    /// These flags, and where they are silent, `beneath`. Lists replace, they do not add up: what is nearer stands alone;
    /// but `--set` adds, the nearer last so that it wins.
    #[must_use]
    pub fn over(self, beneath: Self) -> Self {
        let list = |near: Vec<String>, far: Vec<String>| if near.is_empty() { far } else { near };
        Self {
            suites: self.suites.or(beneath.suites),
            target: self.target.or(beneath.target),
            set: beneath.set.into_iter().chain(self.set).collect(),
            tag: self.tag.or(beneath.tag),
            only: list(self.only, beneath.only),
            rerun: self.rerun.or(beneath.rerun),
            jobs: self.jobs.or(beneath.jobs),
            deadline: self.deadline.or(beneath.deadline),
            fail_fast: self.fail_fast.or(beneath.fail_fast),
            reports: list(self.reports, beneath.reports),
            gate: self.gate.or(beneath.gate),
            strict: self.strict.or(beneath.strict),
            exit_zero: self.exit_zero.or(beneath.exit_zero),
            runs: self.runs.or(beneath.runs),
            keep: self.keep.or(beneath.keep),
            allow_commands: self.allow_commands.or(beneath.allow_commands),
            allow_side_effects: self.allow_side_effects.or(beneath.allow_side_effects),
            vantage: self.vantage.or(beneath.vantage),
            rules: self.rules.or(beneath.rules),
            colour: self.colour.or(beneath.colour),
            verbosity: self.verbosity.or(beneath.verbosity),
        }
    }

    /// Reads `NAME=VALUE`.
    pub fn pair(text: &str) -> Result<(String, String), String> {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
            _ => Err(format!("expected NAME=VALUE, found `{text}`")),
        }
    }

    /// Reads `failed` or `failed:RUN`; gives the run, `last` when none is named.
    pub fn rerun(text: &str) -> Result<String, String> {
        match text.split_once(':') {
            None if text == "failed" => Ok("last".to_owned()),
            Some(("failed", run)) if !run.is_empty() => Ok(run.to_owned()),
            _ => Err(format!("expected failed, or failed:RUN, found `{text}`")),
        }
    }

    /// Reads a count of at least 1.
    pub fn count(text: &str) -> Result<usize, String> {
        match text.parse::<usize>() {
            Ok(number) if (1..=100_000).contains(&number) => Ok(number),
            _ => Err(format!(
                "expected a number from 1 to 100000, found `{text}`"
            )),
        }
    }

    /// Reads a length of time above zero.
    pub fn duration(text: &str) -> Result<Duration, String> {
        parse_nonzero_duration(text)
    }

    /// Reads `full` or `selection`.
    pub fn gate_mode(text: &str) -> Result<GateMode, String> {
        match text {
            "full" => Ok(GateMode::Full),
            "selection" => Ok(GateMode::Selection),
            _ => Err(format!("expected full or selection, found `{text}`")),
        }
    }
}

/// A variable on its way to a typed value.
struct Read {
    name: String,
    text: Option<String>,
}

impl Read {
    fn with<T>(self, parse: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, String> {
        let Self { name, text } = self;
        text.map(|text| parse(&text).map_err(|why| format!("{name}: {why}")))
            .transpose()
    }
}

fn truth(text: &str) -> Result<bool, String> {
    match text {
        "1" | "true" | "yes" | "on" => Ok(true),
        "0" | "false" | "no" | "off" => Ok(false),
        _ => Err(format!("expected true or false, found `{text}`")),
    }
}

/// Every text is one: a truth value, or the name of a target.
fn permission(text: &str) -> Permission {
    match truth(text) {
        Ok(true) => Permission::NotProduction,
        Ok(false) => Permission::Nowhere,
        Err(_) => Permission::Target(text.to_owned()),
    }
}

fn verbosity(text: &str) -> Result<Verbosity, String> {
    match text {
        "quiet" => Ok(Verbosity::Quiet),
        "normal" => Ok(Verbosity::Normal),
        "verbose" => Ok(Verbosity::Verbose),
        _ => Err(format!("expected quiet, normal or verbose, found `{text}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_stands_above_the_environment() {
        let environment = Flags::of_environment(&Variables::of(&[
            ("ALLCLEAR_JOBS", "3"),
            ("ALLCLEAR_SET", "a=1\nb=2"),
        ]))
        .unwrap();
        let flags = Flags {
            jobs: Some(5),
            set: vec![("a".into(), "9".into())],
            ..Flags::default()
        };
        let both = flags.over(environment);
        assert_eq!(both.jobs, Some(5));
        assert_eq!(both.set.last(), Some(&("a".to_owned(), "9".to_owned())));
        assert_eq!(both.set.len(), 3);
    }

    #[test]
    fn a_wrong_variable_is_named() {
        for (name, value) in [
            ("ALLCLEAR_JOBS", "0"),
            ("ALLCLEAR_DEADLINE", "10"),
            ("ALLCLEAR_GATE", "half"),
            ("ALLCLEAR_STRICT", "maybe"),
        ] {
            let error = Flags::of_environment(&Variables::of(&[(name, value)])).unwrap_err();
            assert!(error.starts_with(name), "{error}");
        }
    }
}
