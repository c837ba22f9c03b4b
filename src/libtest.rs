//! Every planned test as a trial of `cargo test` and nextest.
//!
//! ```no_run
//! // tests/validate.rs, with `harness = false` for it in Cargo.toml
//! fn main() -> std::process::ExitCode {
//!     allclear::libtest::main()
//! }
//! ```
//!
//! Reads `suites/` (or `ALLCLEAR_SUITES`) against the target that `allclear.yaml` names (or `ALLCLEAR_TARGET`). The
//! chosen trials, with what they require, are **one** run; each trial waits for the end of its instance. Under nextest
//! every trial is a process, and so a run of its own, requirements included. The gate is not applied: passed, flaky and
//! expected_failure pass, every other end fails its trial. A test whose `when` is false is listed as ignored.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use libtest_mimic::{Arguments, Failed, Trial};

use crate::model::{AttemptRecord, Event, RunHeader, Status, TestEnded, TestId, TestRecord};
use crate::plan::{Picked, Plan};
use crate::report;
use crate::runner::Cancel;
use crate::settings::{Flags, Variables};
use crate::validation::{Refused, Request, preview, validate};

/// Lists the trials, or runs those that the arguments choose.
pub fn main() -> ExitCode {
    if let Some(code) = crate::demo::startup_service() {
        return code;
    }
    let arguments = Arguments::from_args();
    let request = match request().and_then(|request| {
        Ok((
            preview(&request)
                .map_err(|why| in_words(&why, &request))?
                .plan,
            request,
        ))
    }) {
        Ok((plan, request)) => return run(&arguments, &plan, request),
        Err(message) => message,
    };
    say(&request);
    ExitCode::from(2)
}

/// What the environment says, since trials have no flags of ours.
fn request() -> Result<Request, String> {
    let variables = Variables::of_process();
    let flags = Flags::of_environment(&variables)?;
    Ok(Request {
        flags,
        variables,
        ..Request::default()
    })
}

fn run(arguments: &Arguments, plan: &Plan, request: Request) -> ExitCode {
    let chosen: BTreeSet<TestId> = plan
        .tests
        .iter()
        .filter(|test| {
            !arguments.list
                && is_chosen(arguments, &test.header.id.to_string(), test.skip.is_some())
        })
        .map(|test| test.header.id.clone())
        .collect();
    let mut trials = Vec::new();
    let mut ends = Ends::new();
    for test in &plan.tests {
        let id = &test.header.id;
        let receiver = chosen.contains(id).then(|| {
            let (sender, receiver) = mpsc::channel();
            ends.insert(id.clone(), sender);
            receiver
        });
        trials.push(
            Trial::test(id.to_string(), move || wait(receiver))
                .with_ignored_flag(test.skip.is_some()),
        );
    }
    let run = (!chosen.is_empty()).then(|| start(request, chosen, ends));
    let conclusion = libtest_mimic::run(arguments, trials);
    // All trials have ended; what is left of the run is its clean-ups.
    if let Some(Err(_)) = run.map(JoinHandle::join) {
        say("the run behind the trials panicked");
        return ExitCode::from(101);
    }
    conclusion.exit_code()
}

/// How each instance ended, in words when that fails its trial.
type Ends = HashMap<TestId, mpsc::Sender<Result<(), String>>>;

/// The same choice that the harness makes, made before the run so that nothing else is run.
fn is_chosen(arguments: &Arguments, name: &str, is_ignored: bool) -> bool {
    let fits = |pattern: &String| {
        if arguments.exact {
            name == pattern
        } else {
            name.contains(pattern.as_str())
        }
    };
    let by_name = arguments.filter.as_ref().is_none_or(fits) && !arguments.skip.iter().any(fits);
    let by_ignored = match (arguments.ignored, arguments.include_ignored) {
        (true, _) => is_ignored,
        (false, true) => true,
        (false, false) => !is_ignored,
    };
    by_name && by_ignored && !arguments.bench
}

fn wait(receiver: Option<mpsc::Receiver<Result<(), String>>>) -> Result<(), Failed> {
    // A trial that the harness starts although we did not choose it must not look like a pass.
    let receiver = receiver.ok_or("this trial was not part of the run")?;
    match receiver.recv() {
        Ok(Ok(())) => Ok(()),
        Ok(Err(text)) => Err(Failed::from(text)),
        Err(mpsc::RecvError) => Err(Failed::from(
            "the run ended without telling how this test ended",
        )),
    }
}

/// The one run, on a thread of its own.
fn start(mut request: Request, chosen: BTreeSet<TestId>, ends: Ends) -> JoinHandle<()> {
    request.picked = Some(Picked {
        by: "trials".to_owned(),
        ids: chosen,
    });
    thread::spawn(move || {
        let all: Vec<mpsc::Sender<Result<(), String>>> = ends.values().cloned().collect();
        let mut listener = Listener {
            ends,
            header: None,
            attempts: HashMap::new(),
            looked_into: BTreeMap::new(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let result = match runtime {
            Ok(runtime) => {
                let result = runtime.block_on(async {
                    let cancel = Cancel::on_signals().map_err(|error| error.to_string())?;
                    let validated =
                        validate(&request, cancel, &mut |event| listener.hear(event)).await;
                    validated.map_err(|refused| in_words(&refused, &request))
                });
                runtime.shutdown_background();
                result.map(|validated| {
                    // Only the whole run knows what is behind the failures its trials were told one by one.
                    if let Some(causes) = report::causes(&validated.finished) {
                        say(&causes);
                    }
                })
            }
            Err(error) => Err(format!("could not start the runtime: {error}")),
        };
        if let Err(message) = result {
            for sender in all {
                let _ = sender.send(Err(message.clone()));
            }
        }
    })
}

/// Tells each trial how its instance ended.
struct Listener {
    ends: Ends,
    header: Option<Arc<RunHeader>>,
    attempts: HashMap<usize, Vec<Arc<AttemptRecord>>>,
    /// Those that have ended, and whose trials wait for what `on_fail` looks at.
    looked_into: BTreeMap<usize, TestEnded>,
}

impl Listener {
    fn hear(&mut self, event: &Event) {
        match event {
            Event::RunStarted(header) => self.header = Some(header.clone()),
            Event::AttemptEnded(ended) => self
                .attempts
                .entry(ended.test)
                .or_default()
                .push(ended.attempt.clone()),
            Event::TestEnded(ended) if ended.looks_follow => {
                self.looked_into.insert(ended.test, ended.clone());
            }
            Event::TestEnded(ended) => self.ended(ended),
            Event::LooksEnded(looks) => {
                let attempts = self.attempts.entry(looks.test).or_default();
                looks.join(attempts);
                if let Some(ended) = self.looked_into.remove(&looks.test) {
                    self.ended(&ended);
                }
            }
            Event::RunEnded { .. } => {
                // Who leaves at once gives the looks up.
                for ended in std::mem::take(&mut self.looked_into).values() {
                    self.ended(ended);
                }
            }
            Event::TestStarted { .. } | Event::SessionEnded(_) | Event::Judged(_) => {}
        }
    }

    fn ended(&mut self, ended: &TestEnded) {
        let attempts = self.attempts.remove(&ended.test).unwrap_or_default();
        let Some(header) = self
            .header
            .as_ref()
            .and_then(|header| header.tests.get(ended.test))
        else {
            return;
        };
        let Some(sender) = self.ends.remove(&header.id) else {
            return;
        };
        let record = TestRecord::of(header.clone(), ended.clone(), attempts);
        let end = match ended.status {
            Status::Passed | Status::ExpectedFailure => Ok(()),
            Status::Flaky => {
                say(&format!("flaky: {}", report::instance(&record)));
                Ok(())
            }
            Status::Failed
            | Status::UnexpectedPass
            | Status::Unproved
            | Status::Errored
            | Status::Blocked
            | Status::NotRun
            | Status::Skipped
            | Status::Waived => Err(report::instance(&record)),
        };
        let _ = sender.send(end);
    }
}

fn in_words(refused: &Refused, request: &Request) -> String {
    let mask = |text: &str| request.mask.apply(text).into_owned();
    match refused {
        Refused::Suites(unusable) => {
            format!(
                "{}\n{unusable}; nothing was probed",
                unusable.problems.render(&unusable.sources, false, &mask)
            )
        }
        other => mask(&format!("error: {other}; nothing was probed")),
    }
}

fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
