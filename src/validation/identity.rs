//! Which run this is.

use jiff::Timestamp;

use crate::model::RunId;
use crate::plan::Identity;

/// A run that begins now, on this machine.
pub(super) fn of_now(shipped: bool) -> Identity {
    let started = Timestamp::now();
    let random = uuid::Uuid::new_v4().simple().to_string();
    // Sorts by time, to the millisecond; what is left to chance keeps two runs of one moment apart.
    let millisecond = started.as_millisecond().rem_euclid(1000);
    let id = format!(
        "{}-{millisecond:03x}{}",
        started.strftime("%Y%m%dT%H%M%SZ"),
        &random[..5]
    );
    let id = RunId::new(id);
    Identity {
        id,
        started,
        host: host(),
        shipped,
    }
}

fn host() -> String {
    let name = nix::unistd::gethostname()
        .ok()
        .and_then(|name| name.into_string().ok());
    name.filter(|name| !name.is_empty())
        .unwrap_or_else(|| "unknown".to_owned())
}
