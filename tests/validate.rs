//! The shipped suites against the embedded environment, through `cargo test` and nextest: what a project of your own
//! writes, too.

fn main() -> std::process::ExitCode {
    allclear::libtest::main()
}
