//! Parse, hand over, exit; nothing to test here.

use std::process::ExitCode;

/// Suites are read on every core, and all of that is small allocations. The system's allocator grows its memory page by
/// page, under one lock with everybody's page faults: on two cores it was slower than on one.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    allclear::cli::main()
}
