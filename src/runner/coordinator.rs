//! The loop: it owns counts, records and order, and is the only one that emits. Tasks only send.

mod ending;
mod renewals;
mod sessions;
mod tasks;

use std::collections::HashMap;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinError;
use tokio::time::{Instant, sleep, sleep_until};

use super::attempt::Subject;
use super::cancel::Cancel;
use super::dependencies::{Decision, Dependencies};
use super::executor::{Run, execute};
use super::halt::{Halt, Halting, later};
use super::limits::{Job, Limits};
use super::session::{NOT_CLEANED_UP, Opened, of_a_panic, open, unseen};
use super::told::{Teller, Told};
use crate::model::{Event, Fold, NotRun, RunRecord, Status, TestEnded, Unable, Why};
use crate::plan::{Mode, Plan, PlannedTest};
use crate::probe::{Needs, Shared, make_room_for};
use crate::settings::RunConfig;
use renewals::Renewals;
use sessions::OpenSession;
use tasks::{Doing, Done, Tasks};

/// What tasks have told and the loop has not yet taken, at most.
const TOLD_AHEAD: usize = 256;

/// Who was asked twice to leave still tells servers that nobody waits for them.
const MOMENT: Duration = Duration::from_millis(200);

/// Events that are told together, at most.
const TOLD_TOGETHER: usize = 256;

/// Runs the plan. `RunStarted` is emitted first and `RunEnded` last; between them every planned instance ends exactly
/// once, whatever happens, and its attempts are told before. `emit` is given together what happened in one moment, before
/// the next is waited for; it is called in line: who is slow there slows the run, and who hands it over says how much may wait.
///
/// Needs a tokio runtime with time. The record is the fold of what was emitted.
pub async fn run(
    plan: Arc<Plan>,
    config: &RunConfig,
    shared: Arc<Shared>,
    cancel: Cancel,
    emit: &mut dyn FnMut(&[Event]),
) -> RunRecord {
    let mut coordinator = Coordinator::new(&plan, config, shared, cancel, emit);
    coordinator.begin();
    coordinator.run_tests().await;
    coordinator.close_sessions().await;
    coordinator.end_errands().await;
    coordinator.finish()
}

struct Coordinator<'e> {
    run: Arc<Run>,
    config: RunConfig,
    cancel: Cancel,
    halt: watch::Sender<Halt>,
    /// The run's deadline, then the end of the grace.
    alarm: Option<Instant>,
    /// Nothing new starts, for this reason.
    closed: Option<NotRun>,
    /// The first interrupt was seen; the second.
    is_interrupted: bool,
    has_left: bool,
    /// A test has ended badly, and `fail_fast` was asked for: once those that it blocks have said so, the rest ends.
    fails_fast: bool,
    dependencies: Dependencies,
    limits: Limits,
    tasks: Tasks,
    looking: HashMap<usize, Looking>,
    sessions: Vec<Option<OpenSession>>,
    renewals: Renewals,
    teller: Teller,
    told: mpsc::Receiver<Told>,
    fold: Fold,
    /// What has happened and is not told yet: the next event is not waited for before it is.
    moment: Vec<Event>,
    emit: &'e mut dyn FnMut(&[Event]),
}

/// A test whose task is alive.
#[derive(Debug)]
struct Looking {
    started: Duration,
    told: u64,
    /// Whether its end was told before its task ended: it is looked into.
    has_ended: bool,
}

#[expect(
    clippy::large_enum_variant,
    reason = "one lives at a time, for a moment"
)]
enum Happening {
    Told(Told),
    Done(Done),
    Panicked(Doing, JoinError),
    Alarm,
    Interrupted,
    Leave,
}

impl<'e> Coordinator<'e> {
    fn new(
        plan: &Arc<Plan>,
        config: &RunConfig,
        shared: Arc<Shared>,
        cancel: Cancel,
        emit: &'e mut dyn FnMut(&[Event]),
    ) -> Self {
        let started = Instant::now();
        let deadline = config.deadline.map(|deadline| later(started, deadline));
        let halt = watch::Sender::new(Halt::No);
        let (tell, told) = mpsc::channel(TOLD_AHEAD);
        let jobs = config.jobs.max(1);
        let looks = looks_at_once(plan, jobs);
        if looks > jobs {
            make_room_for(looks);
        }
        let run = Arc::new(Run {
            plan: plan.clone(),
            shared,
            jobs,
            looks,
            allowed: Needs {
                commands: config.allow_commands,
                side_effects: config.allow_side_effects,
            },
            keep_evidence: config.keep_evidence,
            started,
            deadline,
            halting: Halting::new(&halt),
        });
        Self {
            run,
            config: config.clone(),
            cancel,
            halt,
            alarm: deadline,
            closed: None,
            is_interrupted: false,
            has_left: false,
            fails_fast: false,
            dependencies: Dependencies::new(plan.clone()),
            limits: Limits::new(plan, config.jobs, config.per_origin),
            tasks: Tasks::default(),
            looking: HashMap::new(),
            sessions: plan.sessions.iter().map(|_| None).collect(),
            renewals: Renewals::default(),
            teller: Teller(tell),
            told,
            fold: Fold::new(plan.header.clone()),
            moment: Vec::with_capacity(TOLD_TOGETHER),
            emit,
        }
    }

    fn emit(&mut self, event: Event) {
        self.fold.apply(&event);
        self.moment.push(event);
        if self.moment.len() >= TOLD_TOGETHER {
            self.tell();
        }
    }

    /// Tells what has happened.
    fn tell(&mut self) {
        if !self.moment.is_empty() {
            (self.emit)(&self.moment);
            self.moment.clear();
        }
    }

    fn begin(&mut self) {
        let run = self.run.clone();
        self.emit(Event::RunStarted(run.plan.header.clone()));
        for (at, session) in run.plan.sessions.iter().enumerate() {
            if let Some(why) = &session.skip {
                let record = unseen(&run, at, Status::Skipped, Why::Skipped(why.to_string()));
                self.emit(Event::SessionEnded(Arc::new(record)));
            }
        }
    }

    async fn run_tests(&mut self) {
        self.settle_due();
        // While the suites were read: a program that gives a secret takes its time.
        if self.cancel.interrupted().is_some() {
            self.interrupted();
        }
        loop {
            self.settle_due();
            self.start_what_may();
            if self.tasks.is_empty() {
                if self.dependencies.left() == 0 {
                    return;
                }
                self.end_those_that_wait_for_each_other();
                continue;
            }
            self.take_next().await;
        }
    }

    /// Ends what needs no look, and lines up what is ready.
    fn settle_due(&mut self) {
        while let Some((test, decision)) = self.dependencies.next_due() {
            match decision {
                Decision::End(status, code, why) => self.end(TestEnded {
                    code,
                    ..self.unseen(test, status, why)
                }),
                _ if self.closed.is_some() => {}
                Decision::Run => self.limits.wait(test),
                Decision::Open(sessions) => {
                    for session in sessions {
                        self.limits.wait_for_session(session, test);
                    }
                }
            }
        }
        if std::mem::take(&mut self.fails_fast) {
            self.end_the_rest(NotRun::FailFast);
        }
    }

    fn start_what_may(&mut self) {
        if self.closed.is_some() {
            return;
        }
        while let Some(job) = self.limits.next() {
            match job {
                Job::Test(test) => self.begin_test(test),
                Job::Session(session) => {
                    let run = self.run.clone();
                    let opening = async move { Done::Opened(session, open(run, session).await) };
                    self.tasks.start(Doing::Open(session), opening);
                }
            }
        }
    }

    fn start(&mut self, test: usize) {
        let at = self.run.started.elapsed();
        self.looking.insert(
            test,
            Looking {
                started: at,
                told: 0,
                has_ended: false,
            },
        );
        self.emit(Event::TestStarted { test, at });
        let (run, sessions, teller) = (
            self.run.clone(),
            self.sessions_of(test),
            self.teller.clone(),
        );
        let subject = Subject {
            run,
            test,
            sessions,
            earlier: Arc::default(),
            instances: Arc::default(),
            slowest: Arc::default(),
            compared: self.dependencies.compared(test),
            teller,
        };
        self.tasks.start(Doing::Test(test), async move {
            Done::Test(execute(subject, at).await)
        });
    }

    /// Waits for whatever comes next, and takes it in.
    async fn take_next(&mut self) {
        let happening = if let Some(happening) = self.next().now_or_never() {
            happening
        } else {
            self.tell();
            self.next().await
        };
        match happening {
            Happening::Leave => self.leave(),
            Happening::Interrupted => self.interrupted(),
            Happening::Alarm => self.ring(),
            Happening::Told(told) => self.take(told),
            Happening::Done(Done::Test(ended)) => self.looked(ended),
            Happening::Done(Done::Opened(session, opened)) => {
                let Opened {
                    record,
                    scope,
                    captures,
                } = opened;
                self.opened(session, record, captures, Some(scope));
            }
            Happening::Done(Done::Closed(session, record)) => self.closed(session, record),
            Happening::Panicked(doing, error) => self.panicked(doing, error),
        }
    }

    async fn next(&mut self) -> Happening {
        let alarm = self.alarm;
        let alarm = async move {
            match alarm {
                Some(at) => sleep_until(at).await,
                None => pending().await,
            }
        };
        tokio::select! {
            // What ends the run goes before what there may be much of.
            biased;
            () = self.cancel.leaving() => Happening::Leave,
            () = self.cancel.stopping(), if !self.is_interrupted => Happening::Interrupted,
            () = alarm => Happening::Alarm,
            Some(told) = self.told.recv() => Happening::Told(told),
            Some(ended) = self.tasks.next() => match ended {
                Ok(done) => Happening::Done(done),
                Err((doing, error)) => Happening::Panicked(doing, error),
            },
        }
    }

    fn take(&mut self, told: Told) {
        match told {
            Told::Attempt(attempt) => {
                if let Some(looking) = self.looking.get_mut(&attempt.test) {
                    looking.told += 1;
                }
                self.emit(Event::AttemptEnded(attempt));
            }
            Told::Ended(ended, told) => {
                if let Some(looking) = self.looking.get_mut(&ended.test) {
                    looking.has_ended = true;
                    self.settle(*ended);
                    self.tell();
                }
                // It need not be there any more to hear it.
                let _ = told.send(());
            }
            Told::Looks(looks) => {
                if self.looking.contains_key(&looks.test) {
                    self.emit(Event::LooksEnded(looks));
                }
            }
        }
    }

    /// All that was told up to now.
    fn take_told(&mut self) {
        while let Ok(told) = self.told.try_recv() {
            self.take(told);
        }
    }

    /// The end of the task is its end, not a message it might not send.
    fn panicked(&mut self, doing: Doing, error: JoinError) {
        self.take_told();
        let why = of_a_panic(error, &self.run);
        match doing {
            Doing::Test(test) => {
                let code = Some(Unable::Panic.code());
                self.looked(TestEnded {
                    code,
                    ..self.unseen(test, Status::Errored, why)
                });
            }
            Doing::Open(session) => {
                let record = unseen(&self.run, session, Status::Errored, why);
                self.opened(session, record, Arc::default(), None);
            }
            Doing::Close(session) => self.give_up_closing(session, "its clean-ups panicked"),
        }
    }

    /// A test that was looking has ended.
    fn looked(&mut self, ended: TestEnded) {
        self.limits.test_ended(&ended);
        self.end(ended);
    }

    /// The one end of an instance; its attempts are told before. What it told as its end itself stands.
    fn end(&mut self, ended: TestEnded) {
        self.take_told();
        let looking = self.looking.remove(&ended.test);
        if !looking.is_some_and(|looking| looking.has_ended) {
            self.settle(ended);
        }
    }

    /// From here on it has ended for everybody else, whatever is still looked at.
    fn settle(&mut self, ended: TestEnded) {
        self.dependencies.test_ended(&ended);
        if self.config.fail_fast && self.closed.is_none() && ended.status.is_bad_or_open() {
            self.closed = Some(NotRun::FailFast);
            self.fails_fast = true;
        }
        self.emit(Event::TestEnded(ended));
    }

    /// The end of an instance that sent none.
    fn unseen(&self, test: usize, status: Status, why: Why) -> TestEnded {
        let now = self.run.started.elapsed();
        let looking = self.looking.get(&test);
        let started = looking.map_or(now, |looking| looking.started);
        // It looked, and nobody saw its clean-ups end.
        let is_unclean = looking.is_some() && !self.run.plan.tests[test].cleanup.is_empty();
        TestEnded {
            test,
            status,
            code: None,
            why: Some(why),
            attempts_made: looking.map_or(0, |looking| looking.told),
            sample: None,
            started,
            elapsed: now.saturating_sub(started),
            left_behind: if is_unclean {
                vec![NOT_CLEANED_UP.to_owned()]
            } else {
                Vec::new()
            },
            looks_follow: false,
        }
    }

    /// Waits until what looks left behind in servers is told to end there; once we are to leave at once, no longer than a moment.
    async fn end_errands(&mut self) {
        let leaving = async {
            self.cancel.leaving().await;
            sleep(MOMENT).await;
        };
        let done = async {
            self.tasks.gone().await;
            self.run.shared.done().await;
        };
        tokio::select! {
            () = done => {}
            () = leaving => {}
        }
    }

    fn finish(mut self) -> RunRecord {
        let ended = Event::RunEnded {
            elapsed: self.run.started.elapsed(),
            interrupted: self.cancel.interrupted(),
        };
        self.emit(ended);
        self.tell();
        self.fold.finish()
    }
}

/// So many looks as those `jobs` instances make together that make most: one for each actor, in each lane of a sample.
fn looks_at_once(plan: &Plan, jobs: usize) -> usize {
    let looks = |test: &PlannedTest| match &test.mode {
        Mode::Repeat(repeat) => {
            let lanes = usize::try_from(repeat.concurrency.min(repeat.times)).unwrap_or(1);
            test.actors.len().max(1).saturating_mul(lanes)
        }
        Mode::Once | Mode::Retry(_) | Mode::Until(_) => test.actors.len(),
    };
    let mut many: Vec<usize> = (plan.tests.iter().map(looks))
        .filter(|looks| *looks > 1)
        .collect();
    many.sort_unstable_by(|left, right| right.cmp(left));
    let more = many.into_iter().take(jobs).map(|looks| looks - 1);
    jobs.saturating_add(more.sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::testing::claims;
    use crate::model::ActorName;
    use crate::plan::{PlannedActor, Repeat};
    use crate::runner::tests::bench::{Bench, good, session, step, with};

    #[test]
    fn actors_and_lanes_count_as_looks_and_who_waits_for_a_slot_does_not() {
        let acted = |count: usize, lanes: u64| {
            with(good("a/x"), |test| {
                let actor = |number| PlannedActor {
                    name: ActorName::new(format!("actor{number}")),
                    uses: Vec::new(),
                };
                test.actors = (0..count).map(actor).collect();
                if lanes > 1 {
                    test.mode = Mode::Repeat(Box::new(Repeat {
                        times: 100,
                        concurrency: lanes,
                        interval: Duration::ZERO,
                        claims: claims("{ times: 100 }"),
                        barrier: false,
                        idle: Duration::ZERO,
                        compare_with: None,
                    }));
                }
            })
        };
        let plan = |tests: Vec<PlannedTest>| Bench::new(tests).plan();
        assert_eq!(looks_at_once(&plan(vec![good("a/x"), acted(1, 1)]), 8), 8);
        assert_eq!(
            looks_at_once(&plan(vec![acted(0, 100), good("a/x")]), 8),
            107
        );
        let many = plan(vec![acted(10, 1), acted(200, 1), acted(3, 5), good("a/y")]);
        assert_eq!(looks_at_once(&many, 1), 200);
        assert_eq!(looks_at_once(&many, 2), 215);
        assert_eq!(looks_at_once(&many, 8), 5 + 10 + 200 + 15);
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_of_a_task_that_panics_is_the_end_of_what_it_did() {
        let user = with(good("a/user"), |test| {
            test.uses = vec![0];
            test.cleanup.push(step([]));
        });
        let bench = Bench::new([user, good("a/x")]).sessions([session("alice", step([]))]);
        bench.mask.add("hunter2-hunter2");
        let (shared, plan) = (Shared::new(bench.mask.clone()), bench.plan());
        let mut events = Vec::new();
        let mut emit = |moment: &[Event]| events.extend_from_slice(moment);
        let mut coordinator = Coordinator::new(
            &plan,
            &RunConfig::default(),
            shared,
            Cancel::new(),
            &mut emit,
        );
        coordinator.begin();
        coordinator.settle_due();
        while let Some(job) = coordinator.limits.next() {
            let doing = match job {
                Job::Test(test) => {
                    let looking = Looking {
                        started: Duration::ZERO,
                        told: 0,
                        has_ended: false,
                    };
                    coordinator.looking.insert(test, looking);
                    Doing::Test(test)
                }
                Job::Session(session) => Doing::Open(session),
            };
            coordinator
                .tasks
                .start(doing, async { panic!("token hunter2-hunter2") });
        }
        coordinator.run_tests().await;
        coordinator.close_sessions().await;
        let record = coordinator.finish();
        let why = Some(Why::Errored("panicked: token ***".to_owned()));
        assert_eq!(
            (record.tests[1].status, &record.tests[1].why),
            (Status::Errored, &why)
        );
        assert_eq!(record.tests[1].code, Some(Unable::Panic.code()));
        assert_eq!(
            (record.sessions[0].status, &record.sessions[0].why),
            (Status::Errored, &why)
        );
        assert_eq!(record.tests[0].status, Status::Blocked);
        assert_eq!(events.len(), 5);
    }
}
