//! The run itself.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::inputs::{Inputs, Planned};
use super::{Refused, Request, identity};
use crate::demo;
use crate::diagnosis::{self, Rules};
use crate::gate;
use crate::journal::{self, Journal, JournalError, Recorder};
use crate::model::{Event, FinishedRun, Judged};
use crate::plan::{Identity, Plan};
use crate::probe::Shared;
use crate::runner::{self, Cancel};
use crate::settings::{self, RunConfig};
use crate::suite::{Environment, Opened};

/// A run that ended and was judged.
#[derive(Debug)]
pub struct Validated {
    /// What happened, and the verdict.
    pub finished: FinishedRun,
    /// What was run.
    pub plan: Arc<Plan>,
    /// Where it is recorded.
    pub folder: PathBuf,
    /// Set when the record on disk is not complete.
    pub lost: Option<JournalError>,
}

/// Runs and judges. Every event is journaled first and then told to `listener`.
pub async fn validate(
    request: &Request,
    cancel: Cancel,
    listener: &mut dyn FnMut(&Event),
) -> Result<Validated, Refused> {
    let opened = request.open()?;
    let fault = request.demo_fault()?;
    if !opened.target().embedded {
        return run(request, opened, Environment::None, cancel, listener).await;
    }
    let environment = demo::Environment::start(fault).await?;
    let variables = environment
        .variables()
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    let result = run(
        request,
        opened,
        Environment::Running(variables),
        cancel,
        listener,
    )
    .await;
    environment.stop().await;
    result
}

async fn run(
    request: &Request,
    opened: Opened,
    embedded: Environment,
    cancel: Cancel,
    listener: &mut dyn FnMut(&Event),
) -> Result<Validated, Refused> {
    let identity: Identity = identity::of_now(request.shipped);
    let inputs = Inputs::read(request, opened, embedded, Some(&identity.id))?;
    // The texts of the files are for messages, and all of those were told.
    let (
        plan,
        Planned {
            config,
            inventory,
            rules,
            ..
        },
    ) = inputs.plan(request, identity)?;
    let proxies = settings::proxies(&request.variables);
    let run = plan.header.id.clone();
    let shared = Shared::knowing(request.mask.clone(), inventory, &proxies, run);
    observe(plan, &config, rules.as_ref(), shared, cancel, listener).await
}

async fn observe(
    plan: Plan,
    config: &RunConfig,
    rules: Option<&Rules>,
    shared: Arc<Shared>,
    cancel: Cancel,
    listener: &mut dyn FnMut(&Event),
) -> Result<Validated, Refused> {
    let journal = Journal::create(&config.runs, &plan.header.id).map_err(Refused::Journal)?;
    let folder = journal.folder().to_owned();
    shared.record_in(folder.clone());
    // Journaled before it is shown. When the disk fails in the middle, the run goes on and says so at its end.
    // Unbounded, and yet short: both ends take turns in this task, and the recorder holds only so many moments.
    let (tell, mut told) = mpsc::unbounded_channel();
    let recorder = Recorder::start(journal, move |moment| {
        // Nobody listens only where the run is given up.
        let _ = tell.send(moment);
    })
    .map_err(Refused::Journal)?;
    let plan = Arc::new(plan);
    let running = async {
        let mut emit = |moment: &[Event]| {
            recorder.record(moment.to_vec());
            if moment.iter().any(is_looked_into) {
                recorder.catch_up();
            }
        };
        let record = runner::run(plan.clone(), config, shared, cancel, &mut emit).await;
        let verdict = Arc::new(gate::decide(&record));
        let diagnosis = Arc::new(diagnosis::diagnose(&record, rules));
        emit(&[Event::Judged(Judged {
            verdict: verdict.clone(),
            diagnosis: diagnosis.clone(),
        })]);
        let finished = FinishedRun {
            record: Arc::new(record),
            verdict,
            diagnosis,
        };
        (finished, recorder.finish())
    };
    let telling = async {
        while let Some(moment) = told.recv().await {
            moment.iter().for_each(&mut *listener);
        }
    };
    let ((finished, (journal, lost)), ()) = tokio::join!(running, telling);
    journal::prune(&config.runs, config.keep);
    // Locked until here: nobody prunes away what has only just ended.
    drop(journal);
    Ok(Validated {
        finished,
        plan,
        folder,
        lost,
    })
}

/// Whether looks follow that were not planned for: should one of them end us, what they look into is recorded.
fn is_looked_into(event: &Event) -> bool {
    matches!(event, Event::TestEnded(ended) if ended.looks_follow)
}
