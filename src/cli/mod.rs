//! The command line: one command a file.

mod args;
mod check;
mod completions;
mod demo;
mod door;
pub mod exit;
mod explain;
mod failure;
mod init;
mod interrupt;
mod list;
mod report;
mod run;
mod schema;
mod terminal;

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};

/// Parses the arguments of this process, does what they say, and gives the exit code.
pub fn main() -> ExitCode {
    if let Some(code) = crate::demo::startup_service() {
        return code;
    }
    failure::quiet_panics();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are asked for and go to standard output; a usage error is exit code 2.
            let is_error = error.use_stderr();
            let _ = error.print();
            return exit::exit(if is_error { exit::INVALID } else { exit::GO });
        }
    };
    exit::exit(failure::guarded(|| {
        command(cli.command).unwrap_or_else(failure::Failure::tell)
    }))
}

fn command(command: Command) -> Result<u8, failure::Failure> {
    match command {
        Command::Demo(args) => demo::demo(&args),
        Command::Run(args) => run::run(&args),
        Command::Check(args) => check::check(&args),
        Command::List(args) => list::list(&args),
        Command::Report(args) => report::report(&args),
        Command::Explain(args) => explain::explain(&args),
        Command::Schema(args) => schema::schema(&args),
        Command::Init(args) => init::init(&args),
        Command::Completions { shell } => completions::completions(shell),
    }
}

/// The whole help of every command, as one text: what `tests/fresh.rs` compares with the committed one.
pub fn all_help() -> String {
    use clap::CommandFactory;
    let mut root = Cli::command();
    root.build();
    let mut text = root.render_long_help().to_string();
    for command in root
        .get_subcommands_mut()
        .filter(|command| command.get_name() != "help")
    {
        let name = command.get_name().to_owned();
        let _ = write!(
            text,
            "\n----- {name} -----\n\n{}",
            command.render_long_help()
        );
    }
    text.lines()
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n")
        + "\n"
}
