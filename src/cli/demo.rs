//! `allclear demo`: a broken and then a fixed environment, embedded.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::args::DemoArgs;
use super::exit;
use super::failure::Failure;
use super::interrupt;
use super::run::{in_runtime, validate};
use super::terminal::{note, output, print, style};
use crate::demo::{Environment, Fault};
use crate::model::{FinishedRun, Word};
use crate::report::{FORMATS, Request as Report, write_all};
use crate::runner::Cancel;
use crate::settings::{Flags, Output, Variables};
use crate::suite::SHIPPED;
use crate::validation::Request;

/// Where both acts are written.
const FOLDER: &str = "allclear-demo";

/// Both acts, or with `--serve` the environment alone.
pub(super) fn demo(args: &DemoArgs) -> Result<u8, Failure> {
    let variables = Variables::of_process();
    let flags = args.flags();
    let output = output(&flags, &variables);
    if args.serve {
        return serve(args.fault.as_deref());
    }
    if let Some(fault) = &args.fault {
        return Err(Failure::invalid(format!(
            "error: --fault: the two acts have their own; `allclear demo --serve --fault {fault}` keeps an environment with this one running"
        )));
    }
    // One for both acts: asked between them counts, too.
    let cancel = interrupt::on_signals()?;
    let mut as_promised = true;
    for (title, name, fault, word) in ACTS {
        print(title)?;
        let finished = act(name, *fault, &flags, &variables, output, cancel.clone())?;
        if let Some(signal) = finished.record.interrupted {
            note("the demo was interrupted");
            return Ok(exit::interrupted(signal));
        }
        as_promised &= finished.verdict.word == *word;
    }
    print(&farewell())?;
    // Another word would be a fault of ours, not of an environment.
    Ok(if as_promised { exit::GO } else { exit::FAULT })
}

/// What is said before each act, its name, its fault, and the word it promises.
const ACTS: &[(&str, &str, Fault, Word)] = &[
    (
        "Act one: the connector between a service and its database refuses some, and is late for others.\n\n",
        "broken",
        Fault::Outage,
        Word::NoGo,
    ),
    (
        "\nAct two: the connector is fixed. Same suites, same target.\n\n",
        "fixed",
        Fault::None,
        Word::Go,
    ),
];

/// One validation of the embedded environment, told on standard output and written in every format.
fn act(
    name: &str,
    fault: Fault,
    flags: &Flags,
    variables: &Variables,
    output: Output,
    cancel: Cancel,
) -> Result<FinishedRun, Failure> {
    let folder = Path::new(FOLDER).join(name);
    let reports = reports(&folder)?;
    let flags = Flags {
        target: Some("demo".to_owned()),
        set: vec![("demo.fault".to_owned(), fault.name().to_owned())],
        runs: Some(PathBuf::from(FOLDER).join("runs")),
        ..flags.clone()
    };
    let request = Request {
        flags,
        shipped: true,
        variables: variables.clone(),
        ..Request::default()
    };
    let validated = in_runtime(validate(&request, output, cancel))?;
    let lost = write_all(
        &reports,
        &validated.finished,
        style(output, output.colour_stdout),
        &mut std::io::stdout().lock(),
    );
    if let Some(lost) = lost.into_iter().next() {
        return Err(Failure::from(lost));
    }
    Ok(validated.finished)
}

/// The console on standard output, and a file for every format there is.
fn reports(folder: &Path) -> Result<Vec<Report>, Failure> {
    let made = fs::create_dir_all(folder)
        .with_context(|| format!("could not create {}", folder.display()));
    made.map_err(|error| Failure::fault(&error))?;
    let mut reports = vec![Report::parse("console")?];
    for format in FORMATS {
        let path = folder.join(format!("{}.{}", format.name, format.extension));
        reports.push(Report::parse(&format!(
            "{}={}",
            format.name,
            path.display()
        ))?);
    }
    Ok(reports)
}

fn farewell() -> String {
    let here =
        std::env::current_dir().map_or_else(|_| PathBuf::from(FOLDER), |dir| dir.join(FOLDER));
    format!(
        "\nBoth runs' reports are in {}.\n\n\
         next: allclear init --url https://your.service/health      a suite for a URL of your own\n      \
         allclear run                                         its verdict\n      \
         allclear demo --serve --fault outage                 the broken environment, to look at yourself\n",
        here.display()
    )
}

/// What a suite of one's own needs to know of it besides.
const USERS: &str = "
users: alice, bob and actor1 to actor9999, all with demo.password
  POST /login of demo.api takes user and password as JSON, and gives access_token
  with this as bearer: a WebSocket at demo.ws that takes {\"type\":\"user_message\",\"text\":\"…\"},
  and POST /api/agents/stream, which takes {\"message\":\"…\"} and answers with server-sent events
";

/// The target file of an environment that is served.
const SERVED: &str = "served.yaml";

/// Writes a target for suites that are to look at this environment, and says how they are told of it.
fn write_target(variables: &[(&str, String)]) -> String {
    let path = Path::new(FOLDER).join(SERVED);
    let written = fs::create_dir_all(FOLDER).and_then(|()| fs::write(&path, target(variables)));
    match written {
        Ok(()) => format!(
            "
target: {0} says all of this. For suites of `allclear init checks`, in another terminal:
  cp {0} checks/targets/ && allclear run --suites checks --target served
",
            path.display()
        ),
        Err(error) => format!(
            "\ntarget: {} could not be written: {error}\n",
            path.display()
        ),
    }
}

/// The shipped target, with what this environment offers instead of one that is started for it.
fn target(variables: &[(&str, String)]) -> String {
    let mut shipped = SHIPPED.iter();
    let text = shipped.find(|(path, _)| *path == "targets/demo.yaml");
    let lines = text.map_or("", |(_, text)| *text).lines();
    let mut filled =
        String::from("# The environment of `allclear demo --serve`, until that ends.\n");
    for line in lines.filter(|line| !line.starts_with('#') && !line.starts_with("embedded:")) {
        let mut line = line.to_owned();
        for (name, value) in variables {
            // Each stands between double quotes, where YAML escapes as JSON does; `${` would be a variable.
            let quoted = serde_json::Value::from(value.as_str()).to_string();
            let inner = quoted[1..quoted.len() - 1].replace("${", "$${");
            line = line.replace(&format!("${{demo.{name}}}"), &inner);
        }
        filled.push_str(&line);
        filled.push('\n');
    }
    filled
}

/// Keeps the environment running until Ctrl-C.
fn serve(fault: Option<&str>) -> Result<u8, Failure> {
    let names: Vec<String> = Fault::ALL
        .iter()
        .map(|fault| format!("  {:20} {}", fault.name(), fault.describe()))
        .collect();
    let fault = match fault {
        None => Fault::None,
        Some(name) => Fault::parse(name).ok_or_else(|| {
            Failure::invalid(format!(
                "error: --fault: there is no fault `{name}`; there are\n{}",
                names.join("\n")
            ))
        })?,
    };
    in_runtime(async {
        // Before anything is started: who is told to press Ctrl-C must not find us deaf.
        let cancel = interrupt::on_signals()?;
        let environment = Environment::start(fault)
            .await
            .context("could not start the embedded environment");
        let environment = environment.map_err(|error| Failure::fault(&error))?;
        for (name, value) in environment.variables() {
            print(&format!("demo.{name}={value}\n"))?;
        }
        print(USERS)?;
        let target = write_target(&environment.variables());
        print(&target)?;
        print("\nfault: ")?;
        print(&format!(
            "{}; others are\n{}\n\nCtrl-C ends it\n",
            fault.name(),
            names.join("\n")
        ))?;
        cancel.stopping().await;
        environment.stop().await;
        // Nobody answers there any more.
        let _ = fs::remove_file(Path::new(FOLDER).join(SERVED));
        Ok(exit::GO)
    })
}
