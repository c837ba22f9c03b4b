//! A server that is a script: it opens after a while, has so many places, and a watcher who sees all of it. For tests on a
//! paused clock.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::door::{Door, Login, Refusal, Watch};
use crate::model::{Fault, FaultKind, Phase, PhaseTime, ProbeError, SqlFault, Unable};
use crate::probe::database::Room;
use crate::probe::look::Halt;

/// What it does.
#[derive(Debug, Clone)]
pub(super) struct Script {
    /// How long a login takes.
    pub(super) takes: Duration,
    /// How many it lets in.
    pub(super) places: usize,
    /// The logins that never end, by their number from 1; the door gives up on them at `ends`.
    pub(super) hangs: Vec<u64>,
    pub(super) ends: Option<Instant>,
    /// The login that panics.
    pub(super) panics: Option<u64>,
    /// The login that meets a limit of ours.
    pub(super) unable: Option<u64>,
    /// Closed connections stay so long.
    pub(super) lingers: Duration,
    /// The watcher sees nothing.
    pub(super) is_blind: bool,
    /// How many connections others leave free while the storm goes on.
    pub(super) room: u64,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            takes: Duration::from_millis(10),
            places: 1000,
            hangs: Vec::new(),
            ends: None,
            panics: None,
            unable: None,
            lingers: Duration::ZERO,
            is_blind: false,
            room: 1000,
        }
    }
}

/// The server, as its clients and its watcher see it.
#[derive(Debug, Clone)]
pub(super) struct Scene {
    script: Script,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    begun: u64,
    starts: Vec<Instant>,
    open: BTreeSet<u64>,
    lingering: Vec<(u64, Instant)>,
    most: usize,
}

impl State {
    fn there(&self) -> usize {
        let now = Instant::now();
        let lingering = self.lingering.iter().filter(|(_, until)| *until > now);
        self.open.len() + lingering.count()
    }
}

/// A connection; dropped, it is closed.
#[derive(Debug)]
pub(super) struct Line {
    number: u64,
    scene: Scene,
}

impl Drop for Line {
    fn drop(&mut self) {
        let mut state = self.scene.state.lock().unwrap();
        if state.open.remove(&self.number) {
            let until = Instant::now() + self.scene.script.lingers;
            state.lingering.push((self.number, until));
        }
    }
}

impl Scene {
    pub(super) fn new(script: Script) -> Self {
        Self {
            script,
            state: Arc::default(),
        }
    }

    /// How many are open now.
    pub(super) fn open(&self) -> usize {
        self.state.lock().unwrap().open.len()
    }

    /// The most that were open at once.
    pub(super) fn most(&self) -> usize {
        self.state.lock().unwrap().most
    }

    /// When each login began.
    pub(super) fn starts(&self) -> Vec<Instant> {
        self.state.lock().unwrap().starts.clone()
    }

    /// Ends a connection from the server's side.
    pub(super) fn kill(&self, number: u64) {
        self.state.lock().unwrap().open.remove(&number);
    }

    fn refused(kind: FaultKind, phase: Phase) -> Refusal {
        Refusal::Fault(Fault {
            kind,
            phase,
            message: "as the script has it".to_owned(),
            origin: None,
        })
    }

    async fn end(&self) -> Result<Line, (Phase, Refusal)> {
        let number = {
            let mut state = self.state.lock().unwrap();
            state.begun += 1;
            state.starts.push(Instant::now());
            state.begun
        };
        assert_ne!(self.script.panics, Some(number), "as the script has it");
        if self.script.unable == Some(number) {
            let error = ProbeError::new(Unable::Limit, "no descriptors");
            return Err((Phase::Connect, Refusal::Unable(error)));
        }
        if self.script.hangs.contains(&number) {
            match self.script.ends {
                Some(ends) => sleep_until(ends).await,
                None => std::future::pending().await,
            }
            let late = FaultKind::Sql(SqlFault::TimeoutStartup);
            return Err((Phase::Startup, Self::refused(late, Phase::Startup)));
        }
        sleep(self.script.takes).await;
        let mut state = self.state.lock().unwrap();
        if state.there() >= self.script.places {
            let full = FaultKind::Postgres("53300".parse().unwrap());
            return Err((Phase::Startup, Self::refused(full, Phase::Startup)));
        }
        state.open.insert(number);
        state.most = state.most.max(state.open.len());
        Ok(Line {
            number,
            scene: self.clone(),
        })
    }
}

impl Door for Scene {
    type Connection = Line;

    async fn open(&self) -> Login<Line> {
        let started = Instant::now();
        let end = Self::end(self).await;
        let took = started.elapsed();
        let phase = |phase| PhaseTime { phase, took };
        match end {
            Ok(line) => Login {
                took,
                phases: vec![phase(Phase::Startup), phase(Phase::Auth)],
                end: Ok(line),
            },
            Err((stopped_in, refusal)) => Login {
                took,
                phases: vec![phase(stopped_in)],
                end: Err(refusal),
            },
        }
    }

    async fn ask_again(&self, line: &mut Line) -> Result<(), Refusal> {
        if self.state.lock().unwrap().open.contains(&line.number) {
            return Ok(());
        }
        let ended = FaultKind::Postgres("57P01".parse().unwrap());
        Err(Self::refused(ended, Phase::Query))
    }

    async fn close(&self, line: Line) {
        drop(line);
    }

    fn number(line: &Line) -> u64 {
        line.number
    }
}

impl Watch for Scene {
    async fn present(&mut self, numbers: &[u64]) -> Result<u64, Halt> {
        if self.script.is_blind {
            let lost = FaultKind::Sql(SqlFault::Closed);
            return Err(Halt::fault(lost, "the watcher was ended"));
        }
        let state = self.state.lock().unwrap();
        let now = Instant::now();
        let lingering = state.lingering.iter().filter(|(_, until)| *until > now);
        let there = state.open.iter().chain(lingering.map(|(number, _)| number));
        Ok(there.filter(|number| numbers.contains(number)).count() as u64)
    }

    async fn room(&mut self) -> Result<Room, Halt> {
        Ok(Room::declared(self.script.room, 0))
    }

    async fn end(&mut self, number: u64) -> Result<(), Halt> {
        self.kill(number);
        Ok(())
    }
}
