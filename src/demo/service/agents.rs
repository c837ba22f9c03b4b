//! The agents: tasks that take a message and answer it.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{mpsc, oneshot};

use crate::demo::tasks::Tasks;

const NAMES: [&str; 3] = ["triage", "data", "actions"];

/// Those that started.
#[derive(Debug)]
pub(super) struct Agents {
    started: Vec<Agent>,
    turn: AtomicUsize,
}

#[derive(Debug)]
struct Agent {
    name: &'static str,
    inbox: mpsc::Sender<Job>,
}

struct Job {
    message: String,
    answer: oneshot::Sender<String>,
}

impl Agents {
    /// Starts all of them.
    pub(super) fn start(tasks: &Tasks) -> Self {
        let started = NAMES.map(|name| {
            let (inbox, jobs) = mpsc::channel(8);
            tasks.spawn(work(jobs));
            Agent { name, inbox }
        });
        Self {
            started: started.into(),
            turn: AtomicUsize::new(0),
        }
    }

    /// Without any: the fallback.
    pub(super) fn none() -> Self {
        Self {
            started: Vec::new(),
            turn: AtomicUsize::new(0),
        }
    }

    /// How many take messages now.
    pub(super) fn count(&self) -> usize {
        self.at_work().count()
    }

    /// Who takes messages now.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.at_work().map(|agent| agent.name)
    }

    /// Gives the message to the next of them; its name and its answer, or `None` when nobody is there.
    pub(super) async fn execute(&self, message: String) -> Option<(&'static str, String)> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let agent = self.at_work().nth(turn % self.count().max(1))?;
        let (answer, answered) = oneshot::channel();
        agent.inbox.send(Job { message, answer }).await.ok()?;
        Some((agent.name, answered.await.ok()?))
    }

    fn at_work(&self) -> impl Iterator<Item = &Agent> {
        self.started.iter().filter(|agent| !agent.inbox.is_closed())
    }
}

async fn work(mut jobs: mpsc::Receiver<Job>) {
    while let Some(job) = jobs.recv().await {
        let words = job.message.split_whitespace().count();
        // Whoever asked may have gone meanwhile.
        let _ = job.answer.send(format!("read {words} words"));
    }
}
