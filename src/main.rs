//! Parse, hand over, exit; nothing to test here.

use std::process::ExitCode;

fn main() -> ExitCode {
    allclear::cli::main()
}
