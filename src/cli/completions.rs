//! `allclear completions`: for the shell.

use clap::CommandFactory;

use super::args::Cli;
use super::exit;
use super::failure::Failure;
use super::terminal::print;

/// Prints the script of a shell.
pub(super) fn completions(shell: clap_complete::Shell) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "allclear", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(exit::GO)
}
