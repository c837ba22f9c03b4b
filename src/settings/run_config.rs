//! What a run is told, with nothing optional that means "default".

use std::path::PathBuf;
use std::time::Duration;

use crate::model::Policy;

/// The settings of one run.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent permissions and habits, not the states of one machine"
)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunConfig {
    /// How many instances look at once (default 8).
    pub jobs: usize,
    /// How many of them at one origin (default: `jobs`).
    pub per_origin: usize,
    /// Of the whole run; `None` is no deadline.
    pub deadline: Option<Duration>,
    /// Stop starting tests after the first that ends badly.
    pub fail_fast: bool,
    /// Keep body evidence of attempts that held, too.
    pub keep_evidence: bool,
    /// After an interrupt or the deadline: how long those looking may still take (default 5 s).
    pub grace: Duration,
    /// Probes may start programs.
    pub allow_commands: bool,
    /// Tests that change the target may run.
    pub allow_side_effects: bool,
    /// The gate's rules.
    pub policy: Policy,
    /// Keys of `gate:` that the target overrode.
    pub overridden: Vec<String>,
    /// Flags that change what the run means, as given.
    pub flags: Vec<String>,
    /// From where it looks, when the user says so.
    pub vantage: Option<String>,
    /// Where runs are kept (default `.allclear/runs`).
    pub runs: PathBuf,
    /// How many runs are kept (default 20).
    pub keep: usize,
}

impl Default for RunConfig {
    fn default() -> Self {
        Self {
            jobs: 8,
            per_origin: 8,
            deadline: None,
            fail_fast: false,
            keep_evidence: false,
            grace: Duration::from_secs(5),
            allow_commands: false,
            allow_side_effects: false,
            policy: Policy::default(),
            overridden: Vec::new(),
            flags: Vec::new(),
            vantage: None,
            runs: PathBuf::from(".allclear/runs"),
            keep: 20,
        }
    }
}
