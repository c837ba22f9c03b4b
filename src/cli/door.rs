//! What `run`, `check` and `list` begin with: flags over the environment, and how they are told.

use std::path::PathBuf;

use super::failure::Failure;
use super::terminal::output;
use crate::settings::{Flags, Output, Variables};
use crate::validation::Request;

/// The request of a command line, and how its outcome is told.
pub(super) fn enter(flags: Flags, paths: &[PathBuf]) -> Result<(Request, Output), Failure> {
    let (flags, variables) = over_environment(flags)?;
    let output = output(&flags, &variables);
    let paths = paths.to_vec();
    Ok((
        Request {
            flags,
            paths,
            variables,
            ..Request::default()
        },
        output,
    ))
}

/// Flags over `ALLCLEAR_*`.
pub(super) fn over_environment(flags: Flags) -> Result<(Flags, Variables), Failure> {
    let variables = Variables::of_process();
    let environment = Flags::of_environment(&variables);
    let environment = environment.map_err(|why| Failure::invalid(format!("error: {why}")))?;
    Ok((flags.over(environment), variables))
}
