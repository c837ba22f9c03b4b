//! What we promise about speed, measured: `cargo bench`, or `cargo bench -- fresh cold` for some of it.
//!
//! Machines differ and the same one drifts, so a number alone says little. Where it can, each promise is a ratio to a floor
//! (`floor.rs`), the two taking turns in the same sitting, medians compared. Ours is the program as it is shipped, from its
//! start to its exit, reports and record of the run included. Ends non-zero when a promise is not kept. Linux only.

mod child;
mod database;
mod diagnosis;
mod floor;
mod layers;
mod starts;
mod storm;
mod streams;
mod suites;
#[expect(
    clippy::unwrap_used,
    dead_code,
    unused_imports,
    reason = "the servers of the tests, of which only PostgreSQL is measured"
)]
#[path = "../tests/support/mod.rs"]
mod support;
mod table;
mod target;

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Result, ensure};
use tempfile::TempDir;

use child::{Cost, cost};
use suites::Suites;
use table::{Amount, Bound, HEAD, Row};
use target::{Served, Target};

/// So many checks at once, both sides.
const JOBS: usize = 64;

const MIB: u64 = 1024 * 1024;

/// Promises that come from the same runs.
struct Sitting {
    name: &'static str,
    measure: fn() -> Result<Vec<Row>>,
}

const SITTINGS: &[Sitting] = &[
    Sitting {
        name: "cold",
        measure: cold,
    },
    Sitting {
        name: "reuse",
        measure: reuse,
    },
    Sitting {
        name: "sample",
        measure: sample,
    },
    Sitting {
        name: "fresh",
        measure: fresh,
    },
    Sitting {
        name: "waiting",
        measure: waiting,
    },
    Sitting {
        name: "reading",
        measure: reading,
    },
    Sitting {
        name: "flat",
        measure: flat,
    },
    Sitting {
        name: "layers",
        measure: layers::rows,
    },
    Sitting {
        name: "database",
        measure: database::rows,
    },
    Sitting {
        name: "storm",
        measure: storm::rows,
    },
    Sitting {
        name: "streams",
        measure: streams::rows,
    },
    Sitting {
        name: "starts",
        measure: starts::serial,
    },
    Sitting {
        name: "starts",
        measure: starts::polling,
    },
    Sitting {
        name: "starts",
        measure: starts::beside,
    },
    Sitting {
        name: "diagnosis",
        measure: diagnosis::rows,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.first().map(String::as_str) {
        Some(target::ROLE) => target::serve().map(|()| true),
        Some(layers::PEERS) => layers::serve(&arguments[1..]).map(|()| true),
        Some(layers::CALLER) => layers::call(&arguments[1..]).map(|()| true),
        Some(database::ROLE) => database::ask(&arguments[1..]).map(|()| true),
        Some(storm::ROLE) => storm::rage(&arguments[1..]).map(|()| true),
        Some(streams::SERVER) => streams::serve().map(|()| true),
        Some(streams::ROLE) => streams::talk(&arguments[1..]).map(|()| true),
        Some(starts::ROLE) => starts::start(&arguments[1..]).map(|()| true),
        Some(floor::ROLE) => floor::run(&arguments[1..]).map(|()| true),
        _ => sit(&arguments),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Measures what was asked for, or everything; whether all of it was kept.
fn sit(arguments: &[String]) -> Result<bool> {
    let mut out = std::io::stdout();
    if !arguments.iter().any(|argument| argument == "--bench") {
        // `cargo test --benches` starts us as well, unoptimised: nothing that would be worth measuring.
        writeln!(out, "`cargo bench` measures")?;
        return Ok(true);
    }
    let wanted: Vec<&String> = arguments
        .iter()
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let names: Vec<&str> = SITTINGS.iter().map(|sitting| sitting.name).collect();
    let unknown = wanted
        .iter()
        .find(|wanted| !names.contains(&wanted.as_str()));
    ensure!(unknown.is_none(), "{unknown:?} is none of {names:?}");
    writeln!(out, "{HEAD}")?;
    let mut is_kept = true;
    for sitting in SITTINGS {
        if wanted.is_empty() || wanted.iter().any(|wanted| *wanted == sitting.name) {
            match (sitting.measure)() {
                Ok(rows) => {
                    for row in rows {
                        writeln!(out, "{row}")?;
                        is_kept &= row.is_kept();
                    }
                }
                // What others measure is worth knowing all the same.
                Err(error) => {
                    writeln!(out, "{} was not measured: {error:#}", sitting.name)?;
                    is_kept = false;
                }
            }
        }
    }
    Ok(is_kept)
}

/// One check: what a person waits for who asks one thing.
fn cold() -> Result<Vec<Row>> {
    let load = Load {
        checks: 1,
        path: "/health?",
        is_fresh: true,
    };
    let (ours, floor) = pairs(21, &load, &Suites::of_tests(&load)?)?;
    let bound = Bound::AtMost(Amount::Time(Duration::from_millis(10)));
    Ok(vec![time(
        "one check, cold process, all in all",
        ours,
        Some(floor),
        bound,
    )])
}

fn reuse() -> Result<Vec<Row>> {
    let load = Load {
        checks: 10_000,
        path: "/health?",
        is_fresh: false,
    };
    let (ours, floor) = pairs(7, &load, &Suites::of_tests(&load)?)?;
    Ok(vec![
        time(
            "10 000 tests, connections reused",
            ours,
            Some(floor),
            Bound::Times(1.5),
        ),
        memory("10 000 tests, connections reused: peak", ours, floor),
    ])
}

fn sample() -> Result<Vec<Row>> {
    let load = Load {
        checks: 10_000,
        path: "/health?",
        is_fresh: false,
    };
    let (ours, floor) = pairs(7, &load, &Suites::of_one_sample(&load)?)?;
    Ok(vec![
        time(
            "10 000 checks of one test, connections reused",
            ours,
            Some(floor),
            Bound::Times(1.5),
        ),
        memory("10 000 checks of one test: peak", ours, floor),
    ])
}

fn fresh() -> Result<Vec<Row>> {
    let load = Load {
        checks: 10_000,
        path: "/health?",
        is_fresh: true,
    };
    let (ours, floor) = pairs(5, &load, &Suites::of_tests(&load)?)?;
    Ok(vec![
        time(
            "10 000 tests, each its own connection",
            ours,
            Some(floor),
            Bound::Times(1.3),
        ),
        memory("10 000 tests, each its own connection: peak", ours, floor),
    ])
}

/// Waiting is what most validations do. The floor is no program but arithmetic: so many rounds of 100 ms.
fn waiting() -> Result<Vec<Row>> {
    let load = Load {
        checks: 1_000,
        path: "/slow?ms=100&",
        is_fresh: false,
    };
    let suites = Suites::of_tests(&load)?;
    let runs = (0..3)
        .map(|_| ours(&load, &suites))
        .collect::<Result<Vec<_>>>()?;
    let rounds = u32::try_from(load.checks.div_ceil(JOBS))?;
    let ideal = Amount::Time(rounds * Duration::from_millis(100));
    let ours = Amount::Time(Cost::of(&runs).wall);
    let promise = "1 000 tests of 100 ms each, against the ideal";
    Ok(vec![Row {
        promise,
        ours,
        floor: Some(ideal),
        bound: Bound::Times(1.15),
    }])
}

/// Reading alone. In twenty files, as a project of that size has; and, which is harder, in one.
fn reading() -> Result<Vec<Row>> {
    let bound = Bound::AtMost(Amount::Time(Duration::from_millis(250)));
    let mut rows = Vec::new();
    let (files, file) = (
        Suites::documented(10_000, 500)?,
        Suites::documented(10_000, 10_000)?,
    );
    for (promise, command, suites) in [
        ("`check` of 10 000 tests in 20 files", "check", &files),
        ("`list` of 10 000 tests in 20 files", "list", &files),
        ("`check` of 10 000 tests in one file", "check", &file),
        ("`list` of 10 000 tests in one file", "list", &file),
    ] {
        ensure!(
            suites.bytes >= 6_000_000,
            "{} bytes are less than 6 MB",
            suites.bytes
        );
        let read = || cost(allclear(command).arg("--suites").arg(suites.folder()));
        let runs = (0..7).map(|_| read()).collect::<Result<Vec<_>>>()?;
        rows.push(time(promise, Cost::of(&runs), None, bound));
    }
    Ok(rows)
}

/// What a test costs, the start of the process taken off, must not grow with the number of its neighbours.
fn flat() -> Result<Vec<Row>> {
    let load = |checks| Load {
        checks,
        path: "/health?",
        is_fresh: false,
    };
    let median = |checks: usize, times: usize| {
        let suites = Suites::of_tests(&load(checks))?;
        let runs = (0..times)
            .map(|_| ours(&load(checks), &suites))
            .collect::<Result<Vec<_>>>()?;
        anyhow::Ok(Cost::of(&runs).wall)
    };
    let start = median(1, 21)?;
    let each = |checks: usize, times: usize| {
        let more = u32::try_from(checks - 1)?;
        anyhow::Ok(Amount::Time(
            median(checks, times)?.saturating_sub(start) / more,
        ))
    };
    let (few, some, many) = (each(100, 21)?, each(1_000, 11)?, each(10_000, 5)?);
    let bound = Bound::Times(1.25);
    Ok(vec![
        Row {
            promise: "a test among 1 000, against one among 100",
            ours: some,
            floor: Some(few),
            bound,
        },
        Row {
            promise: "a test among 10 000, against one among 100",
            ours: many,
            floor: Some(few),
            bound,
        },
    ])
}

fn time(promise: &'static str, ours: Cost, floor: Option<Cost>, bound: Bound) -> Row {
    Row {
        promise,
        ours: Amount::Time(ours.wall),
        floor: floor.map(|floor| Amount::Time(floor.wall)),
        bound,
    }
}

fn memory(promise: &'static str, ours: Cost, floor: Cost) -> Row {
    let bound = Bound::AtMost(Amount::Memory(80 * MIB));
    Row {
        promise,
        ours: Amount::Memory(ours.peak),
        floor: Some(Amount::Memory(floor.peak)),
        bound,
    }
}

/// So many checks of one path, which ends in `?` or `&`.
struct Load {
    checks: usize,
    path: &'static str,
    /// A connection for each, or as many as look at once.
    is_fresh: bool,
}

/// What one run needs beside the suites: all of it is new, and gone afterwards.
struct Run {
    target: Target,
    out: TempDir,
}

impl Run {
    fn begin() -> Result<Self> {
        Ok(Self {
            target: Target::start()?,
            out: TempDir::with_prefix("allclear-bench-")?,
        })
    }

    fn junit(&self) -> PathBuf {
        self.out.path().join("junit.xml")
    }

    /// Whether everything was asked, and everything is in the report.
    fn has_done(&self, load: &Load, cases: u64) -> Result<()> {
        let Served {
            requests,
            connections,
        } = self.target.served()?;
        let checks = load.checks as u64;
        ensure!(requests == checks, "{requests} requests came, not {checks}");
        let is_as_wanted = if load.is_fresh {
            connections == checks
        } else {
            connections <= JOBS as u64
        };
        ensure!(is_as_wanted, "{connections} connections were made");
        let told = fs::read_to_string(self.junit())?
            .matches("<testcase ")
            .count() as u64;
        ensure!(told == cases, "{told} cases were reported, not {cases}");
        Ok(())
    }
}

/// Ours and the floor, taking turns.
fn pairs(times: usize, load: &Load, suites: &Suites) -> Result<(Cost, Cost)> {
    let (mut of_ours, mut of_floor) = (Vec::new(), Vec::new());
    for _ in 0..times {
        let run = Run::begin()?;
        of_floor.push(cost(&mut floor::command(load, &run)?)?);
        run.has_done(load, load.checks as u64)?;
        of_ours.push(ours(load, suites)?);
    }
    Ok((Cost::of(&of_ours), Cost::of(&of_floor)))
}

fn ours(load: &Load, suites: &Suites) -> Result<Cost> {
    let run = Run::begin()?;
    let mut command = allclear("run");
    command.args(["--quiet", "--jobs", &JOBS.to_string()]);
    command.args(["--set", &format!("api=http://{}", run.target.address)]);
    command.arg("--suites").arg(suites.folder());
    command.arg("--runs").arg(run.out.path().join("runs"));
    command
        .arg("--report")
        .arg(format!("junit={}", run.junit().display()));
    let cost = cost(&mut command)?;
    run.has_done(load, suites.cases)?;
    Ok(cost)
}

/// The program as it is shipped, and no settings of whoever measures.
fn allclear(subcommand: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_allclear"));
    command.env_clear().arg(subcommand);
    command
}
