//! The proxies of the environment, as they were written there.

use std::fmt;

/// A proxy of the environment.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxySetting {
    /// The variable it stands in: `HTTPS_PROXY`.
    pub name: String,
    /// Its value; it may hold credentials.
    pub url: String,
}

impl fmt::Debug for ProxySetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProxySetting({})", self.name)
    }
}

/// Which proxies the environment names. Nothing is checked here: only who uses one needs it to be right.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Proxies {
    /// For `http` URLs.
    pub http: Option<ProxySetting>,
    /// For `https` URLs.
    pub https: Option<ProxySetting>,
    /// `NO_PROXY`: the hosts that are asked directly.
    pub except: String,
}
