//! Starts of a program that is ready after 200 ms: what they cost beyond that one after the other, what looking at `ready` adds, and
//! whether anybody else has to wait when fifty of them start at once.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::allclear;
use crate::child::cost;
use crate::table::{Amount, Bound, Row};
use crate::target::Target;

/// The first argument of a process that is the program.
pub(crate) const ROLE: &str = "--as-program";

/// From its start until it is ready.
const READY: Duration = Duration::from_millis(200);

/// As many as prove nine in ten at a confidence of 95 % when one may fail.
const STARTS: usize = 46;

/// From a look at `ready` to the next, where it is said.
const EVERY: Duration = Duration::from_millis(50);

/// So many starts become ready at moments that are spread over such an interval.
const SPREAD: u32 = 40;

/// Started at once, and how often.
const BURST: usize = 50;
const BURSTS: usize = 4;

/// Looks beside them, one after the other: about as long as the bursts take.
const LOOKS: usize = 800;

/// All of a run against what the programs themselves say they needed.
pub(crate) fn serial() -> Result<Vec<Row>> {
    let suite = starts("", Duration::ZERO, &format!("times: {STARTS}"));
    let mut pairs = Vec::new();
    for _ in 0..3 {
        let ran = run(&suite, STARTS)?;
        pairs.push((ran.wall, ran.told.iter().sum::<Duration>()));
    }
    let (ours, floor) = middle(pairs);
    Ok(vec![Row {
        promise: "46 starts in series, against their own time",
        ours: Amount::Time(ours),
        floor: Some(Amount::Time(floor)),
        bound: Bound::Times(1.05),
    }])
}

/// Start by start: when it was seen to be ready less when it was. A look that came by luck at the right moment would always do so,
/// so each start needs a little longer than the one before.
pub(crate) fn polling() -> Result<Vec<Row>> {
    let every = format!("every: {}ms, ", EVERY.as_millis());
    let suite = starts(&every, EVERY / SPREAD, &format!("times: {SPREAD}"));
    let ran = run(&suite, usize::try_from(SPREAD)?)?;
    let seen = ran.of("startup/starts")?.times("/phases_us/ready")?;
    let added = seen.iter().zip(&ran.told);
    let added = added
        .map(|(seen, told)| {
            let early = || format!("ready after {told:?}, and seen after {seen:?}");
            seen.checked_sub(*told).with_context(early)
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(vec![Row {
        promise: "`ready` looked at each 50 ms: what that adds",
        ours: Amount::Time(middle(added)),
        floor: None,
        bound: Bound::AtMost(Amount::Time(EVERY)),
    }])
}

/// Whatever comes due while fifty start, run and end waits for its turn: how long a look at somebody else takes says so, against the
/// same look alone.
pub(crate) fn beside() -> Result<Vec<Row>> {
    let bursts = format!(
        "times: {}, concurrency: {BURST}, barrier: true",
        BURST * BURSTS
    );
    let look = looks();
    let both = [&starts("", Duration::ZERO, &bursts), look.as_str()].concat();
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        let alone = run(&[HEAD, &look].concat(), 0)?;
        without.push(wait(&alone.of("startup/looks")?, Duration::MAX)?);
        let ran = run(&both, BURST * BURSTS)?;
        let bursts = ran.of("startup/starts")?.elapsed()?;
        with.push(wait(&ran.of("startup/looks")?, bursts)?);
    }
    Ok(vec![Row {
        promise: "a look beside bursts of 50 starts, p99",
        ours: Amount::Time(middle(with)),
        floor: Some(Amount::Time(middle(without))),
        bound: Bound::Over(Amount::Time(Duration::from_millis(50))),
    }])
}

/// How long what comes due at any moment has to wait until the look that is under way has ended, p99, as long as the bursts last.
///
/// Counted by moments, not by looks: one look that took half a second is one in hundreds, and half a second all the same.
fn wait(looks: &Sample<'_>, at_most: Duration) -> Result<Duration> {
    const STEP: Duration = Duration::from_micros(100);
    let times = looks.times("/latency_us")?;
    // What passes between two looks is waited for, too.
    let between = looks.elapsed()?.saturating_sub(times.iter().sum()) / u32::try_from(LOOKS)?;
    let (mut waits, mut passed) = (Vec::new(), Duration::ZERO);
    for time in times {
        let mut left = time + between;
        passed += left;
        if passed > at_most {
            break;
        }
        while left > STEP {
            waits.push(left);
            left -= STEP;
        }
    }
    ensure!(
        at_most == Duration::MAX || passed > at_most / 2,
        "the looks took {passed:?}, the bursts {at_most:?}"
    );
    waits.sort_unstable();
    let at = waits.len() * 99 / 100;
    waits.get(at).copied().context("no look in all that time")
}

const HEAD: &str = "category: startup\ntests:\n";

/// So many starts of the program, each of which needs so much longer than the one before.
fn starts(every: &str, longer: Duration, repeat: &str) -> String {
    format!(
        "{HEAD}  - name: starts\n    timeout: 20s\n    process:\n      \
         argv: [\"${{program}}\", {ROLE}, \"${{port}}\", \"{}\", \"${{told}}\"]\n      \
         ready: {{ {every}http: {{ url: \"http://127.0.0.1:${{port}}/health\" }}, expect: {{ status: 200 }} }}\n      \
         becomes_ready: {{}}\n    expect: {{ ready: true }}\n    repeat: {{ {repeat} }}\n",
        longer.as_micros()
    )
}

/// Looks that take about 2 ms, and next to no time of this machine.
fn looks() -> String {
    format!(
        "  - name: looks\n    timeout: 20s\n    connections: reuse\n    http: {{ url: \"${{api}}/slow?ms=1\" }}\n    \
         expect: {{ status: 200, json: {{ $.status: healthy }} }}\n    repeat: {{ times: {LOOKS} }}\n"
    )
}

/// What a run came to.
struct Ran {
    wall: Duration,
    report: Value,
    /// From the start of each program until it was ready, by its own account, in the order they became it.
    told: Vec<Duration>,
}

/// The attempts of a test.
struct Sample<'a>(&'a Value);

fn run(suite: &str, starts: usize) -> Result<Ran> {
    let api = Target::start()?;
    let folder = TempDir::with_prefix("allclear-bench-")?;
    let at = |name: &str| folder.path().join(name);
    let (told, report) = (at("told"), at("report.json"));
    File::create(&told)?;
    fs::write(at("startup.yaml"), suite)?;
    fs::create_dir(at("targets"))?;
    let target = format!(
        "vars: {{ api: \"http://{}\", program: \"{}\", told: \"{}\" }}\n",
        api.address,
        std::env::current_exe()?.display(),
        told.display(),
    );
    fs::write(at("targets/here.yaml"), target)?;
    let project = "target: here\ncategories: { startup: { critical: true } }\n";
    fs::write(at("allclear.yaml"), project)?;
    let mut command = allclear("run");
    command.args(["--quiet", "--allow-commands"]);
    command.args(["--jobs", &(BURST + 1).to_string()]);
    command.arg("--suites").arg(folder.path());
    command.arg("--runs").arg(at("runs"));
    command
        .arg("--report")
        .arg(format!("json={}", report.display()));
    let wall = cost(&mut command)?.wall;
    let told = told_in(&told)?;
    ensure!(
        told.len() == starts,
        "{} programs became ready, not {starts}",
        told.len()
    );
    let report = serde_json::from_str(&fs::read_to_string(report)?)?;
    Ok(Ran { wall, report, told })
}

impl Ran {
    fn of(&self, test: &str) -> Result<Sample<'_>> {
        let tests = self.report["tests"].as_array();
        let found = tests.and_then(|tests| tests.iter().find(|one| one["id"] == test));
        Ok(Sample(
            found.with_context(|| format!("{test} is not in the report"))?,
        ))
    }
}

impl Sample<'_> {
    /// From the first attempt's start to the last one's end.
    fn elapsed(&self) -> Result<Duration> {
        let elapsed = self.0["elapsed_ns"].as_u64();
        Ok(Duration::from_nanos(elapsed.context("no time is told")?))
    }

    /// This time of each attempt, in the order they ended.
    fn times(&self, pointer: &str) -> Result<Vec<Duration>> {
        let rows = self.0["sample"]["rows"].as_array();
        let rows = rows.context("it is no sample")?.iter();
        rows.map(|row| {
            let micros = row.pointer(pointer).and_then(Value::as_u64);
            Ok(Duration::from_micros(micros.context("no time is told")?))
        })
        .collect()
    }
}

fn middle<T: Ord + Copy + Default>(mut of: Vec<T>) -> T {
    of.sort_unstable();
    of.get(of.len() / 2).copied().unwrap_or_default()
}

fn told_in(file: &Path) -> Result<Vec<Duration>> {
    let text = fs::read_to_string(file)?;
    text.lines()
        .map(|line| Ok(Duration::from_micros(line.parse()?)))
        .collect()
}

/// The program: listens after its time, tells how long it took, and says that it is ready until a signal ends it.
pub(crate) fn start(arguments: &[String]) -> Result<()> {
    let started = Instant::now();
    let [port, longer, told] = arguments else {
        anyhow::bail!("wrong arguments");
    };
    let longer = Duration::from_micros(longer.parse()?);
    let before = u32::try_from(told_in(Path::new(told))?.len())?;
    std::thread::sleep((READY + longer * before).saturating_sub(started.elapsed()));
    let listener = TcpListener::bind(("127.0.0.1", port.parse::<u16>()?))?;
    let line = format!("{}\n", started.elapsed().as_micros());
    // One write, so that lines of programs that start together do not mix.
    File::options()
        .append(true)
        .open(told)?
        .write_all(line.as_bytes())?;
    loop {
        let (mut stream, _) = listener.accept()?;
        let _ = stream.read(&mut [0; 4096]);
        let _ =
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    }
}
