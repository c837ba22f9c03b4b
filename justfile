# Each recipe is one line you can also type.

# everything CI checks
check:
    tests/run

# format the code
fmt:
    cargo fmt

# renew generated files: schema/, docs/suites.md, snapshots of --help
renew:
    UPDATE=1 cargo test --test fresh

# measure the promises, each against its floor in the same sitting
bench:
    cargo bench

# the main job on an embedded environment
demo:
    cargo run --release -- demo
