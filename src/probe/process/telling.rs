//! What is told of a program: facts, phases, evidence, and why it did not do what it was to do.

use std::fmt::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::attend::{End, Seen, stranger};
use super::ending::{Ended, Whose};
use super::memory::oom_kills;
use super::output::Heard;
use crate::model::{FaultKind, Keep, KnownFact, Origin, Phase, ProcessFault, Unable, Value};
use crate::probe::look::{Halt, Look};
use crate::probe::phases::{Outcome as Reached, Wanted};

/// The end of the output that is worth showing.
const SHOWN: usize = 64 * 1024;

/// What can be told.
pub(super) const FACTS: &[KnownFact] = &[
    KnownFact::truth("ready"),
    KnownFact::duration("spawned"),
    KnownFact::duration("port_open"),
    KnownFact::duration("first_byte"),
    KnownFact::duration("time_to_ready"),
    KnownFact::duration("time_to_stable"),
    KnownFact::duration("time_to_recover"),
    KnownFact::duration("time_to_stop"),
    KnownFact::number("flaps"),
    KnownFact::number("exit_code"),
    KnownFact::number("signal"),
    KnownFact::number("exit_status"),
    KnownFact::text("log"),
    KnownFact::text("stdout"),
    KnownFact::text("stderr"),
    KnownFact::text("log_file"),
    KnownFact::list("phases_reached"),
    KnownFact::truth("phases_in_order"),
    KnownFact::list("over_budget"),
    KnownFact::JSON,
    KnownFact::size("max_rss"),
    KnownFact::truth("oom_killed"),
    KnownFact::truth("port_released"),
    KnownFact::number("children_left"),
];

/// How it went, until everything was over.
#[derive(Debug)]
pub(super) struct Course {
    /// Whether it did what it was to do.
    pub(super) done: Result<(), End>,
    pub(super) seen: Seen,
    /// Times count from its start: when it was there, and when it was clear whether it did it.
    pub(super) spawned: Duration,
    pub(super) decided: Duration,
    /// In which phase of its start it was then, where there are phases.
    pub(super) whereabouts: Option<String>,
    /// Where it listened, or was to.
    pub(super) ports: Vec<u16>,
    /// The system tells whose a listener is.
    pub(super) is_owned: bool,
    pub(super) ended: Ended,
    /// Something still has its outputs open.
    pub(super) is_held: bool,
}

/// All of a program.
pub(super) struct Told<'p> {
    pub(super) course: Course,
    /// From its start until everything was over.
    pub(super) took: Duration,
    pub(super) heard: Heard<'p>,
    /// How far its start was to come, where there are phases.
    pub(super) wanted: Option<Wanted>,
    pub(super) has_ready: bool,
    /// Why there is no file of its output.
    pub(super) unkept: Option<String>,
}

impl Told<'_> {
    /// Tells all of it. `kills` is how often something had been killed for want of memory before. The error is what stopped the
    /// look, and in which phase.
    pub(super) fn tell(self, kills: Option<u64>, look: &mut Look<'_>) -> Result<(), (Phase, Halt)> {
        self.times(look);
        self.end(kills, look);
        self.phases(look);
        self.notes(look);
        let Self { course, heard, .. } = self;
        let halt = course.halt();
        output(heard, look);
        match course.done {
            Ok(()) => Ok(()),
            Err(_) => halt.map_or(Ok(()), Err),
        }
    }

    fn times(&self, look: &mut Look<'_>) {
        let Course { seen, spawned, .. } = &self.course;
        for (phase, took) in &seen.spent {
            look.passed(*phase, *took);
        }
        look.passed(Phase::Process, self.took);
        if self.has_ready {
            look.fact("ready", Value::Bool(seen.ready.is_some()));
            look.fact("flaps", Value::int(seen.flaps));
        }
        for (name, time) in [
            ("spawned", Some(*spawned)),
            ("port_open", seen.port_open),
            ("first_byte", seen.first_byte),
            ("time_to_ready", seen.ready),
            ("time_to_stable", seen.stable),
            ("time_to_recover", seen.recovered),
            ("time_to_stop", seen.stopped),
        ] {
            if let Some(time) = time {
                look.fact(name, Value::Duration(time));
            }
        }
    }

    fn end(&self, kills: Option<u64>, look: &mut Look<'_>) {
        let ended = &self.course.ended;
        if let Some(spent) = ended.spent {
            look.fact("max_rss", Value::int(spent.max_rss));
            // How it ends at our wish is our doing, and no news of it.
            if ended.whose == Whose::Own {
                let (status, signal) = (spent.status, spent.status.signal());
                if let Some(code) = status.code() {
                    look.fact("exit_code", Value::int(code));
                    look.fact("signal.why", Value::Text(how(status)));
                }
                if let Some(signal) = signal {
                    look.fact("signal", Value::int(signal));
                    look.fact("exit_code.why", Value::Text(how(status)));
                    look.fact("exit_status.why", Value::Text(how(status)));
                }
                if let Some(status) = status.code().or(signal.map(|signal| 128 + signal)) {
                    look.fact("exit_status", Value::int(status));
                }
                if let (Some(before), Some(now)) = (kills, oom_kills()) {
                    let is_killed = signal == Some(Signal::SIGKILL as i32) && now > before;
                    look.fact("oom_killed", Value::Bool(is_killed));
                }
            }
        }
        if let Some(left) = ended.left {
            look.fact("children_left", Value::int(left as u64));
        }
        if let Some(released) = ended.port_released {
            look.fact("port_released", Value::Bool(released));
        }
    }

    fn phases(&self, look: &mut Look<'_>) {
        let course = &self.course;
        let phases = self.heard.phases.outcomes(course.decided);
        if let Some(wanted) = self.wanted {
            let names = |is: fn(&Reached<'_>) -> bool| {
                let such = phases.iter().filter(|phase| is(phase));
                let name = |phase: &Reached<'_>| Value::Text(phase.name.to_owned());
                Value::List(such.map(name).collect())
            };
            look.fact("phases_reached", names(|phase| phase.is_reached));
            look.fact("over_budget", names(|phase| phase.is_over_budget));
            if let Some(now) = &course.whereabouts {
                look.evidence("phase", format!("it was {now}"), Keep::First(SHOWN));
            }
            if let Some(order) = self.heard.phases.are_in_order(wanted) {
                look.fact("phases_in_order", Value::Bool(order));
            }
            let why = self.heard.phases.why(wanted, course.decided);
            for (fact, why) in [
                ("phases_reached.why", why.unreached),
                ("phases_in_order.why", why.disturbed),
                ("over_budget.why", why.late),
            ] {
                if !why.is_empty() {
                    look.fact(fact, Value::Text(why));
                }
            }
        }
        let phases = phases.iter().map(document).collect();
        let ports = course.ports.iter().map(|port| Value::int(*port)).collect();
        let document = vec![
            ("phases".to_owned(), Value::List(phases)),
            ("ports".to_owned(), Value::List(ports)),
        ];
        look.fact("json", Value::Map(document));
    }

    fn notes(&self, look: &mut Look<'_>) {
        let Course { seen, ended, .. } = &self.course;
        let mut note = |text: String| look.evidence("note", text, Keep::First(SHOWN));
        if !self.course.is_owned && self.has_ready {
            let text = "this system does not tell whose a listener is; that nobody listened before the start was checked";
            note(text.to_owned());
        }
        if self.course.is_held {
            note("something it started keeps its outputs open; reading has stopped".to_owned());
        }
        if let Some(stranger) = &seen.stranger {
            note(format!("{stranger}: no answer from there counts"));
        }
        let file = self.heard.file.as_ref();
        let unkept = self.unkept.as_deref();
        if let Some(why) = unkept.or(file.and_then(|file| file.broken())) {
            note(format!("not all of its output is kept in a file: {why}"));
        }
        if ended.whose == Whose::Killed {
            note("it was asked to end, did not, and was killed".to_owned());
        }
        if let Some(why) = &seen.not_ready {
            look.evidence("ready", why.clone(), Keep::First(SHOWN));
        }
        if seen.flaps > 0 {
            look.evidence("flaps", changes(seen), Keep::First(SHOWN));
        }
        if let Some(file) = file {
            let path = file.path().display().to_string();
            look.fact("log_file", Value::Text(path));
        }
    }
}

impl Course {
    /// What stopped the look, and in which phase.
    fn halt(&self) -> Option<(Phase, Halt)> {
        let Err(end) = &self.done else {
            return None;
        };
        let halt = match end {
            End::Ended(phase) => (*phase, self.ended_early()),
            End::NotRestarted(signal) => {
                let message = format!(
                    "we ended the program that listened by {signal}, as `recovers` asks, and nothing started it again"
                );
                let fault = FaultKind::Process(ProcessFault::NotRecovered);
                (Phase::Recover, Halt::fault(fault, message))
            }
            End::Late(fault, phase, limit) => {
                let message = self.late(*fault, *limit);
                (*phase, Halt::fault(FaultKind::Process(*fault), message))
            }
            End::Taken(socket, pid) => {
                let fault = FaultKind::Process(ProcessFault::PortTaken);
                (Phase::Ready, Halt::fault(fault, stranger(*socket, *pid)))
            }
            End::Unable(error) => (Phase::Ready, Halt::Unable(error.clone())),
        };
        Some(halt)
    }

    /// It ended while it was to go on.
    fn ended_early(&self) -> Halt {
        let Some(spent) = self.ended.spent else {
            return Halt::unable(Unable::Program, "it has ended, and nobody knows how");
        };
        let when = match self.seen.ready {
            None => format!("after {:.1?}, before it was ready", self.decided),
            Some(ready) => format!(
                "after {:.1?}, {:.1?} after it was ready",
                self.decided,
                self.decided.saturating_sub(ready)
            ),
        };
        let ours = self.seen.killed.map_or_else(String::new, |(pid, signal)| {
            format!(", once we had ended process {pid} by {signal}, as `recovers` asks")
        });
        early(
            spent.status,
            &format!("{when}{}{ours}", self.where_it_was()),
        )
    }

    fn where_it_was(&self) -> String {
        let now = self.whereabouts.as_ref();
        now.map_or_else(String::new, |now| format!(", {now}"))
    }

    fn late(&self, fault: ProcessFault, limit: Duration) -> String {
        let told = self.seen.not_ready.as_deref().unwrap_or_default();
        let last = told
            .lines()
            .next()
            .map_or_else(String::new, |line| format!("; {line}"));
        match fault {
            ProcessFault::NotReady => {
                let now = self.where_it_was();
                format!("not ready within {limit:.1?}{now}{last}")
            }
            ProcessFault::NotStable => {
                format!("not stable within the {limit:.1?} that were left{last}")
            }
            ProcessFault::NotStopped => {
                format!("still running {limit:.1?} after it was asked to end")
            }
            ProcessFault::NotRecovered => {
                format!("not ready again within {limit:.1?}{last}")
            }
            _ => format!("still running after {limit:.1?}"),
        }
    }
}

fn early(status: ExitStatus, when: &str) -> Halt {
    let message = format!("{} {when}", how(status));
    if let Some(code) = status.code() {
        return Halt::fault(FaultKind::ProcessExit(code), message).by(Origin::ExitCode(code));
    }
    let signal = status.signal().unwrap_or_default();
    Halt::fault(FaultKind::ProcessSignal(signal), message).by(Origin::Signal(signal))
}

/// `ended with exit code 3`, `ended by signal 11 (SIGSEGV)`.
fn how(status: ExitStatus) -> String {
    if let Some(code) = status.code() {
        return format!("ended with exit code {code}");
    }
    let signal = status.signal().unwrap_or_default();
    let name = Signal::try_from(signal).map_or("unknown", Signal::as_str);
    format!("ended by signal {signal} ({name})")
}

/// What it wrote, as far as that is kept.
fn output(heard: Heard<'_>, look: &mut Look<'_>) {
    let log = heard.log.into_text();
    if !log.is_empty() {
        look.evidence("log", log.clone(), Keep::Last(SHOWN));
    }
    look.fact("log", Value::Untyped(log));
    look.fact("stdout", Value::Untyped(heard.stdout.into_text()));
    look.fact("stderr", Value::Untyped(heard.stderr.into_text()));
}

/// A line for each time it became ready, or not ready.
fn changes(seen: &Seen) -> String {
    let mut text = String::new();
    for (at, why) in &seen.changes {
        // Writing to a string cannot fail.
        let _ = match why {
            None => writeln!(text, "{at:.3?} ready"),
            Some(why) => {
                let first = why.lines().next().unwrap_or_default();
                writeln!(text, "{at:.3?} not ready: {first}")
            }
        };
    }
    text
}

/// A phase of its start, as `json` has it.
fn document(phase: &Reached<'_>) -> Value {
    let ms = |time: Option<Duration>| {
        time.map_or(Value::Null, |time| {
            Value::int(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
        })
    };
    let fields = [
        ("name", Value::Text(phase.name.to_owned())),
        ("reached", Value::Bool(phase.is_reached)),
        ("start_ms", ms(phase.started)),
        ("duration_ms", ms(phase.took)),
        ("budget_ms", ms(phase.budget)),
        ("over_budget", Value::Bool(phase.is_over_budget)),
    ];
    let named = fields.map(|(name, value)| (name.to_owned(), value));
    Value::Map(named.into())
}
