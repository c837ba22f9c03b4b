//! File descriptors: how many we may have open, and how many our looks need.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::Context;
use crate::model::{ProbeError, Unable};

/// What each look may hold open: a connection to either family, a database with its journal, the pipes of a command.
const DESCRIPTORS_PER_LOOK: u64 = 8;
/// What we hold open besides.
const OWN_DESCRIPTORS: u64 = 64;

/// Whether one look may open so many connections beside all that others may hold open.
pub(super) fn room_for(connections: u32, ctx: &Context) -> Result<(), ProbeError> {
    let limit = descriptors()?;
    let needed = needed(ctx.jobs).saturating_add(connections.into());
    if needed <= limit {
        return Ok(());
    }
    let message = format!(
        "{connections} connections need {needed} file descriptors with those of all other looks, and our limit is {limit} \
         (`ulimit -n`)"
    );
    Err(ProbeError::new(Unable::Limit, message))
}

/// Raises our own limit for so many looks at once, as far as the system lets us; where it does not, those for whom there is none
/// left say so.
pub fn make_room_for(looks: usize) {
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && needed(looks) > soft
    {
        // Nothing is lost when it cannot be.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, needed(looks).min(hard), hard);
    }
}

/// Our limit (RLIMIT_NOFILE).
pub(super) fn descriptors() -> Result<u64, ProbeError> {
    let limits = getrlimit(Resource::RLIMIT_NOFILE).map_err(|errno| {
        let message = format!("the limit of descriptors: {}", errno.desc());
        ProbeError::new(Unable::Limit, message)
    });
    limits.map(|(soft, _)| soft)
}

/// By so many looks at once, and by ourselves.
pub(super) const fn needed(jobs: usize) -> u64 {
    OWN_DESCRIPTORS + DESCRIPTORS_PER_LOOK * jobs as u64
}
