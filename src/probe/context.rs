//! What a look is given beside its own keys: budget, clock, shared clients. No expectations.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::time::Instant;

use super::errands::Errands;
use super::exchange::{Connections, EnvironmentProxies, Jar, Turns};
use super::net::{Certificates, Configs, Resolvers};
use super::run_folder::RunFolder;
use super::{Barriers, Inventory, Ports, database, resp};
use crate::model::{self, Proxies, RunId};
use crate::template::Mask;

/// Made once per run: what all looks share (TLS settings, certificates that were read, kept connections,
/// the cap on resolving threads).
#[derive(Debug)]
pub struct Shared {
    /// For what a probe itself writes to disk.
    pub mask: Mask,
    /// Those that `${port}` stands for.
    pub ports: Arc<Ports>,
    /// Which run this is: a server's list of clients shows it.
    pub(super) run: RunId,
    /// What the target gave us.
    pub(super) inventory: Inventory,
    pub(super) resolvers: Resolvers,
    pub(super) http: Connections,
    pub(super) databases: database::Sessions,
    pub(super) redis: resp::Sessions,
    pub(super) unpacking: Turns,
    pub(super) errands: Errands,
    pub(super) folder: RunFolder,
    pub(super) tls: Configs,
    pub(super) certificates: Certificates,
    pub(super) proxies: EnvironmentProxies,
}

impl Shared {
    /// Everything is made when first needed. Of the target nothing is known, and nothing goes through a proxy, unless a test
    /// names one.
    pub fn new(mask: Mask) -> Arc<Self> {
        let nobody = RunId::new("run");
        Self::knowing(mask, Inventory::default(), &Proxies::default(), nobody)
    }

    /// With what the target gave us, the proxies of the environment, and the name of the run.
    pub fn knowing(mask: Mask, inventory: Inventory, proxies: &Proxies, run: RunId) -> Arc<Self> {
        Arc::new(Self {
            proxies: EnvironmentProxies::read(proxies, &mask),
            mask,
            run,
            inventory,
            resolvers: Resolvers::default(),
            http: Connections::default(),
            databases: database::Sessions::default(),
            redis: resp::Sessions::default(),
            unpacking: Turns::default(),
            errands: Errands::default(),
            folder: RunFolder::default(),
            ports: Arc::default(),
            tls: Configs::default(),
            certificates: Certificates::default(),
        })
    }

    /// Says where the run is recorded, for what is too long for its record.
    pub fn record_in(&self, folder: PathBuf) {
        self.folder.is(folder);
    }

    /// Ends when nothing goes on any more beside the looks: what was left behind in a server is told to end there.
    /// That takes a second at most.
    pub async fn done(&self) {
        self.errands.done().await;
    }
}

/// Made once per attempt: connections, sessions and cookies its steps share. Dropping it closes and forgets them.
#[derive(Debug, Default)]
pub struct AttemptScope {
    pub(super) http: Connections,
    pub(super) databases: database::Sessions,
    pub(super) redis: resp::Sessions,
    pub(super) cookies: Jar,
}

/// What one look is given.
#[derive(Debug, Clone)]
pub struct Context {
    /// Of the run.
    pub shared: Arc<Shared>,
    /// Of the attempt.
    pub attempt: Arc<AttemptScope>,
    /// Whether connections may outlive the attempt.
    pub connections: model::Connections,
    /// When the look must be over. Every phase is bounded by it and turns it into its own timeout fault.
    pub deadline: Instant,
    /// Where the actors of a test wait for each other; none of a test without.
    pub barriers: Option<Arc<Barriers>>,
    /// How many looks may run at once: what `runner: { look: limits }` measures against.
    pub jobs: usize,
    /// All that comes is searched (`isolation`): what no other fact tells is kept, too, as the fact `beside`.
    pub is_searched: bool,
}

#[cfg(test)]
impl Context {
    /// A context of its own with this budget.
    pub(crate) fn for_tests(budget: std::time::Duration) -> Self {
        Self {
            shared: Shared::new(Mask::default()),
            attempt: Arc::default(),
            connections: model::Connections::Fresh,
            deadline: Instant::now() + budget,
            barriers: None,
            jobs: 8,
            is_searched: false,
        }
    }

    /// Of a step that expects `isolation`.
    pub(super) fn searched(self) -> Self {
        Self {
            is_searched: true,
            ..self
        }
    }

    /// With these authorities instead of the system's.
    pub(super) fn trusting(self, roots: rustls::RootCertStore) -> Self {
        self.shared.tls.trust(roots);
        self
    }
}
