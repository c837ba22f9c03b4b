//! What is shown while the run runs: a status area on a terminal, plain lines elsewhere. It reads events and decides
//! nothing; the report at the end tells everything again, in order.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressState, ProgressStyle};

use super::style::Tone;
use super::{Detail, Style, visible, wording};
use crate::model::{Counts, Event, RunHeader, Status, TestEnded};

/// How often a status area is drawn anew, so that the time of what is running goes on.
const TICK: Duration = Duration::from_millis(200);
/// So many running tests are named.
const NAMED: usize = 3;

/// A listener to events, to be given each as it happens.
pub struct Live {
    style: Style,
    header: Option<Arc<RunHeader>>,
    sink: Sink,
}

enum Sink {
    /// `-q`.
    Nothing,
    Plain(Box<dyn Write + Send>),
    Area {
        bar: ProgressBar,
        // Behind a lock only because the area is drawn by indicatif's own thread between two events, too.
        state: Arc<Mutex<Progress>>,
    },
}

/// What the status area shows.
struct Progress {
    started: Instant,
    planned: u64,
    counts: Counts,
    /// By position in the plan, which is also roughly the order of their starts.
    running: BTreeMap<usize, (String, Instant)>,
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live")
            .field("style", &self.style)
            .finish_non_exhaustive()
    }
}

impl Live {
    /// A status area on standard error, which must be a terminal; ended tests scroll by above it.
    pub fn on_terminal(style: Style) -> Self {
        Self::in_area(style, ProgressDrawTarget::stderr())
    }

    /// One line for each ended test that is not good; with `-v` for every test, with `-q` none. A writer that fails is
    /// ignored: the report at the end says it all.
    pub fn in_lines(style: Style, out: Box<dyn Write + Send>) -> Self {
        let sink = match style.detail {
            Detail::Quiet => Sink::Nothing,
            Detail::Normal | Detail::Verbose => Sink::Plain(out),
        };
        Self {
            style,
            header: None,
            sink,
        }
    }

    fn in_area(style: Style, target: ProgressDrawTarget) -> Self {
        if style.detail == Detail::Quiet {
            return Self::in_lines(style, Box::new(std::io::sink()));
        }
        let state = Arc::new(Mutex::new(Progress {
            started: Instant::now(),
            planned: 0,
            counts: Counts::default(),
            running: BTreeMap::new(),
        }));
        let shown = state.clone();
        let area = move |_: &ProgressState, out: &mut dyn fmt::Write| {
            let state = shown.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = write!(out, "{}", state.area(style, Instant::now()));
        };
        let bar = ProgressBar::with_draw_target(None, target)
            // Also when the run ends without its end: the area must not stay on the screen.
            .with_finish(ProgressFinish::AndClear);
        if let Ok(template) = ProgressStyle::with_template("{area}") {
            bar.set_style(template.with_key("area", area));
        }
        Self {
            style,
            header: None,
            sink: Sink::Area { bar, state },
        }
    }

    /// Shows an event. Called in line by the run, so it never waits for anything but the writer.
    pub fn hear(&mut self, event: &Event) {
        if let Event::RunStarted(header) = event {
            self.header = Some(header.clone());
        }
        if let Sink::Area { bar, state } = &self.sink {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            state.hear(event, self.header.as_deref());
            drop(state);
            match event {
                Event::RunStarted(_) => bar.enable_steady_tick(TICK),
                Event::RunEnded { .. } => bar.finish_and_clear(),
                Event::TestStarted { .. }
                | Event::AttemptEnded(_)
                | Event::TestEnded(_)
                | Event::LooksEnded(_)
                | Event::SessionEnded(_)
                | Event::Judged(_) => {}
            }
        }
        if let Event::TestEnded(ended) = event
            && self.is_shown(ended.status)
            && let Some(line) = self.line(ended)
        {
            match &mut self.sink {
                Sink::Nothing => {}
                Sink::Plain(out) => {
                    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
                }
                Sink::Area { bar, .. } => bar.println(line),
            }
        }
    }

    /// Consequences are left to the report at the end, which folds them: a dead database would scroll everything away.
    fn is_shown(&self, status: Status) -> bool {
        match status {
            Status::Failed
            | Status::UnexpectedPass
            | Status::Unproved
            | Status::Errored
            | Status::Flaky => true,
            Status::Passed
            | Status::ExpectedFailure
            | Status::Waived
            | Status::Skipped
            | Status::Blocked
            | Status::NotRun => self.style.detail == Detail::Verbose,
        }
    }

    fn line(&self, ended: &TestEnded) -> Option<String> {
        let test = self.header.as_ref()?.tests.get(ended.test)?;
        let tone = wording::tone(ended.status);
        let sign = self.style.paint(tone, wording::sign(ended.status));
        let status = self.style.paint(tone, wording::status(ended.status));
        let id = visible::line(&test.id.to_string());
        let because = match (&ended.why, &ended.code) {
            (Some(why), _) => format!("  {}", wording::why(why)),
            (None, Some(code)) => format!("  {}", visible::line(code.as_str())),
            (None, None) => String::new(),
        };
        let time = self
            .style
            .paint(Tone::Dim, &wording::duration(ended.elapsed));
        Some(format!("{sign} {id}  {status}{because}  {time}"))
    }
}

impl Progress {
    fn hear(&mut self, event: &Event, header: Option<&RunHeader>) {
        match event {
            Event::RunStarted(header) => {
                self.planned = header.tests.len() as u64;
                self.started = Instant::now();
            }
            Event::TestStarted { test, .. } => {
                if let Some(header) = header.and_then(|header| header.tests.get(*test)) {
                    let id = visible::line(&header.id.to_string());
                    self.running.insert(*test, (id, Instant::now()));
                }
            }
            Event::TestEnded(ended) => {
                self.running.remove(&ended.test);
                self.counts.add(ended.status);
            }
            Event::RunEnded { .. } => self.running.clear(),
            Event::AttemptEnded(_)
            | Event::LooksEnded(_)
            | Event::SessionEnded(_)
            | Event::Judged(_) => {}
        }
    }

    /// Two or more lines: how far it is, then what has been running longest.
    fn area(&self, style: Style, now: Instant) -> String {
        let ended: Vec<String> = Status::ALL
            .iter()
            .filter(|status| self.counts.of(**status) > 0)
            .map(|status| {
                let text = format!("{} {}", self.counts.of(*status), wording::status(*status));
                style.paint(wording::tone(*status), &text)
            })
            .collect();
        let mut area = format!(
            "{} of {} in {}",
            self.counts.total(),
            wording::count(self.planned, "test"),
            wording::duration(now.saturating_duration_since(self.started)),
        );
        if !ended.is_empty() {
            area = format!("{area}: {}", ended.join(", "));
        }
        let mut running: Vec<&(String, Instant)> = self.running.values().collect();
        running.sort_by_key(|(_, since)| *since);
        for (id, since) in running.iter().take(NAMED) {
            let time = wording::duration(now.saturating_duration_since(*since));
            area = format!("{area}\n  {id}  {}", style.paint(Tone::Dim, &time));
        }
        if running.len() > NAMED {
            area = format!("{area}\n  … and {} more running", running.len() - NAMED);
        }
        area
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_area_names_what_has_been_running_longest() {
        let started = Instant::now();
        let after = |seconds| started + Duration::from_secs(seconds);
        let running = [
            ("a/new", 60),
            ("a/old", 1),
            ("a/third", 61),
            ("a/x", 62),
            ("a/y", 63),
        ];
        let mut counts = Counts::default();
        counts.add(Status::Passed);
        counts.add(Status::Passed);
        counts.add(Status::Failed);
        let progress = Progress {
            started,
            planned: 80,
            counts,
            running: running
                .iter()
                .enumerate()
                .map(|(position, (id, since))| (position, ((*id).to_owned(), after(*since))))
                .collect(),
        };
        assert_eq!(
            progress.area(Style::default(), after(64)),
            "3 of 80 tests in 1 min 4 s: 2 passed, 1 failed\n  \
             a/old  1 min 3 s\n  a/new  4.0 s\n  a/third  3.0 s\n  … and 2 more running"
        );
    }

    #[test]
    fn a_broken_screen_stops_nothing() {
        let mut live = Live::in_area(Style::default(), ProgressDrawTarget::hidden());
        live.hear(&Event::TestStarted {
            test: 7,
            at: Duration::ZERO,
        });
        live.hear(&Event::RunEnded {
            elapsed: Duration::ZERO,
            interrupted: None,
        });
    }
}
