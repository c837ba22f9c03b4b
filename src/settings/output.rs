//! How a run is told on the terminal.

use super::{Flags, Variables};

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Verbosity {
    /// Only the verdict.
    Quiet,
    /// What does not hold, and the verdict.
    #[default]
    Normal,
    /// Every test, and the evidence of those that held.
    Verbose,
}

/// When colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Colour {
    /// On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Colour {
    /// Reads `auto`, `always` or `never`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "auto" => Some(Self::Auto),
            "always" => Some(Self::Always),
            "never" => Some(Self::Never),
            _ => None,
        }
    }
}

/// How a run is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Output {
    /// How much is said.
    pub verbosity: Verbosity,
    /// Colours on standard output.
    pub colour_stdout: bool,
    /// Colours on standard error.
    pub colour_stderr: bool,
    /// A status area that moves: standard error is a terminal, and nobody is a CI server.
    pub live: bool,
}

impl Output {
    /// Folds flags, environment and what is connected to the two streams. Colours: `--color`, else `NO_COLOR`
    /// (<https://no-color.org>) and `TERM=dumb` forbid them, else a terminal has them. A CI server's log is no place for
    /// a status area.
    pub fn fold(
        flags: &Flags,
        variables: &Variables,
        stdout_is_terminal: bool,
        stderr_is_terminal: bool,
    ) -> Self {
        let is_dumb = variables.get("TERM").is_none_or(|term| term == "dumb");
        let forbidden = variables.get("NO_COLOR").is_some() || is_dumb;
        let colour = |is_terminal: bool| match flags.colour.unwrap_or_default() {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => is_terminal && !forbidden,
        };
        Self {
            verbosity: flags.verbosity.unwrap_or_default(),
            colour_stdout: colour(stdout_is_terminal),
            colour_stderr: colour(stderr_is_terminal),
            live: stderr_is_terminal && !is_dumb && variables.get("CI").is_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_need_a_terminal_or_a_word() {
        let fold = |flags: &Flags, variables: &[(&str, &str)], terminal| {
            Output::fold(flags, &Variables::of(variables), terminal, terminal).colour_stdout
        };
        let auto = Flags::default();
        let always = Flags {
            colour: Some(Colour::Always),
            ..Flags::default()
        };
        assert!(fold(&auto, &[("TERM", "xterm")], true));
        assert!(!fold(&auto, &[("TERM", "xterm")], false));
        assert!(!fold(&auto, &[("TERM", "xterm"), ("NO_COLOR", "1")], true));
        assert!(!fold(&auto, &[("TERM", "dumb")], true));
        assert!(!fold(&auto, &[], true));
        assert!(fold(&always, &[("NO_COLOR", "1")], false));
    }

    #[test]
    fn a_ci_server_sees_no_status_area() {
        let live = |variables: &[(&str, &str)]| {
            Output::fold(&Flags::default(), &Variables::of(variables), true, true).live
        };
        assert!(live(&[("TERM", "xterm")]));
        assert!(!live(&[("TERM", "xterm"), ("CI", "true")]));
    }
}
