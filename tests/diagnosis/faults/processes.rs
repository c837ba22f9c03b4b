//! Programs that were to start and go on, and did not.

use allclear::demo::SERVICE_FLAG;
use allclear::model::{Class, Layer};

use crate::expert::Answer::{self, Is, Leans, Open, Rather};
use crate::row::{Row, look_at_with, row};
use crate::support::{Canary, Tool};
use crate::told::Told;

/// A module that nobody has.
const MODULE: &str = "import nothing_of_that_name";
/// A variable that nobody has set.
const VARIABLE: &str = "import os; os.environ['NOBODY_HAS_SET_THIS']";
/// A port that somebody else has.
const PORT: &str = "import socket; socket.create_server(('127.0.0.1', int('${taken}')))";
/// A database where nobody listens; what uvicorn does with an exception of the application's start.
const DATABASE: &str = "import socket, sys, traceback\\ntry: socket.create_connection(('127.0.0.1', 1))\\n\
    except OSError: traceback.print_exc(); sys.exit(3)";
/// What another system said, as part of a line of ours.
const QUOTED: &str =
    "import sys; print('worker said: ModuleNotFoundError: No module named x'); sys.exit(1)";

/// One that does without a module, and then meets something else.
const WITHOUT: &str = "import socket, sys, traceback\\ntry: import nothing_of_that_name\\nexcept ImportError: traceback.print_exc()\\n\
    print('started')\\ntry: socket.create_connection(('127.0.0.1', 1))\\nexcept OSError: traceback.print_exc(); sys.exit(1)";
/// One that does without, listens until somebody came, and ends.
const LATER: &str = "import socket, sys, traceback\\ntry: import nothing_of_that_name\\nexcept ImportError: traceback.print_exc()\\n\
    s = socket.create_server(('127.0.0.1', int('${port}')))\\ns.accept(); s.accept(); sys.exit(1)";

/// A program, and an exit that says nothing or not enough of why.
const EXITS: &[(&str, &str, &str, Answer)] = &[
    ("exit-0", "exit 0", "process.exit.0", Is(Class::Application)),
    ("exit-1", "exit 1", "process.exit.1", Is(Class::Application)),
    (
        "exit-2",
        "exit 2",
        "process.exit.2",
        Is(Class::Configuration),
    ),
    // How uvicorn says that something went wrong, and not what.
    ("exit-3", "exit 3", "process.exit.3", Open),
    (
        "exit-69",
        "exit 69",
        "process.exit.69",
        Rather(Class::Infrastructure),
    ),
    (
        "exit-78",
        "exit 78",
        "process.exit.78",
        Is(Class::Configuration),
    ),
    (
        "exit-126",
        "/etc/passwd",
        "process.exit.126",
        Is(Class::Configuration),
    ),
    (
        "exit-127",
        "no-such-program",
        "process.exit.127",
        Is(Class::Configuration),
    ),
    (
        "signal-6",
        "kill -ABRT $$",
        "process.signal.6",
        Is(Class::Application),
    ),
    // The system may have killed it for its memory, the platform for its time, or somebody by hand.
    ("signal-9", "kill -KILL $$", "process.signal.9", Open),
    (
        "signal-11",
        "kill -SEGV $$",
        "process.signal.11",
        Is(Class::Application),
    ),
    (
        "signal-15",
        "kill -TERM $$",
        "process.signal.15",
        Is(Class::Infrastructure),
    ),
    (
        "never-listens",
        "exec sleep 60",
        "process.timeout.ready",
        Open,
    ),
];

pub(super) fn faults() -> Vec<Told> {
    let mut rows: Vec<Row> = EXITS
        .iter()
        .map(|(name, script, code, answer)| {
            let row = started(name, &shell(script), code, Layer::Protocol, *answer);
            if code.contains("timeout") {
                row.by_its_budget()
            } else {
                row
            }
        })
        .collect();
    rows.extend(telling());
    rows.extend(commands());
    let somebody = Canary::healthy();
    let taken = somebody.address().port().to_string();
    let tool = Tool::new().var("taken", taken);
    look_at_with(tool, &["run", "--allow-commands"], rows)
}

/// One that is to listen.
fn started(name: &str, argv: &str, code: &'static str, layer: Layer, answer: Answer) -> Row {
    let ready = "{ tcp: { host: 127.0.0.1, port: \"${port}\" }, expect: { connected: true } }";
    // One that listens first and then ends was never ready.
    let course = "becomes_ready: { stable_for: 1s }, grace: 100ms";
    let probe = format!("process: {{ argv: [{argv}], ready: {ready}, {course} }}");
    row(&format!("process-{name}"), probe, code, layer, answer)
}

fn shell(script: &str) -> String {
    format!("sh, -c, \"{script}\"")
}

/// They write down why.
fn telling() -> Vec<Row> {
    use Class::{Application, Configuration, Infrastructure, TestDefect};
    let python = |name: &str, script: &str, code, layer, answer| {
        let argv = format!("python3, -c, \"{script}\"");
        started(name, &argv, code, layer, answer)
    };
    let service = env!("CARGO_BIN_EXE_allclear");
    let service = format!("\"{service}\", \"{SERVICE_FLAG}\", \"--port\", \"${{port}}\"");
    vec![
        python(
            "without-a-module",
            MODULE,
            "process.exit.1",
            Layer::Protocol,
            Is(Application),
        ),
        python(
            "without-a-variable",
            VARIABLE,
            "process.exit.1",
            Layer::Configuration,
            Is(Configuration),
        ),
        python(
            "on-a-port-of-somebody-else",
            PORT,
            "process.exit.1",
            Layer::Runner,
            Is(TestDefect),
        ),
        python(
            "without-a-database",
            DATABASE,
            "process.exit.3",
            Layer::Protocol,
            Leans(Infrastructure),
        ),
        // It caught what it wrote, and met something else.
        python(
            "that-did-without-a-module",
            WITHOUT,
            "process.exit.1",
            Layer::Protocol,
            Leans(Application),
        ),
        python(
            "that-was-ready-without-a-module",
            LATER,
            "process.exit.1",
            Layer::Protocol,
            Leans(Application),
        ),
        // Anybody can have written that line: the exit code alone is as good.
        python(
            "that-quotes-another",
            QUOTED,
            "process.exit.1",
            Layer::Protocol,
            Is(Application),
        ),
        started(
            "without-its-secret",
            &service,
            "process.exit.3",
            Layer::Configuration,
            Is(Configuration),
        ),
    ]
}

/// They are to end, and well.
fn commands() -> Vec<Row> {
    let command = |name: &str, argv: &str, code, layer, answer| {
        let probe = format!("command: {{ argv: [{argv}] }}");
        row(&format!("command-{name}"), probe, code, layer, answer).expecting("exit_code: 0")
    };
    let smoke = "echo 'GET /orders gave 401 Unauthorized' >&2; exit 1";
    let lost = "echo 'order 7 does not exist' >&2; exit 1";
    let stranger = "echo 'ERROR: (gcloud.run) You do not currently have an active account selected.' >&2; exit 1";
    vec![
        command(
            "that-is-not-there",
            "no-such-program-here",
            "error.program",
            Layer::Runner,
            Is(Class::TestDefect),
        ),
        command(
            "that-is-not-logged-in",
            &shell(stranger),
            "expect.exit_code",
            Layer::Auth,
            Is(Class::Configuration),
        ),
        // Any program says so: of whom, nobody knows.
        command(
            "that-tells-of-a-refusal",
            &shell(smoke),
            "expect.exit_code",
            Layer::Auth,
            Leans(Class::Configuration),
        ),
        command(
            "that-misses-something",
            &shell(lost),
            "expect.exit_code",
            Layer::Application,
            Open,
        ),
    ]
}
