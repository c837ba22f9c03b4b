//! Standard output and standard error: who gets colours, and what happens when nobody reads.

use std::io::{self, IsTerminal, Write};

use crate::report::{Detail, Style};
use crate::settings::{Flags, Output, Variables, Verbosity};

/// Writes a text to standard output. A reader that left early (a closed pipe) chose to; anything else is an error.
pub(super) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Writes a line to standard error; where nobody listens, nothing is lost that an exit code does not say.
pub(super) fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// How this run is told, folded from flags, environment and what is connected.
pub(super) fn output(flags: &Flags, variables: &Variables) -> Output {
    Output::fold(
        flags,
        variables,
        io::stdout().is_terminal(),
        io::stderr().is_terminal(),
    )
}

/// What reports are told with.
pub(super) fn style(output: Output, colour: bool) -> Style {
    let detail = match output.verbosity {
        Verbosity::Quiet => Detail::Quiet,
        Verbosity::Normal => Detail::Normal,
        Verbosity::Verbose => Detail::Verbose,
    };
    Style { colour, detail }
}
