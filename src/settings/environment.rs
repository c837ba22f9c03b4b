//! The environment, read once.

use std::collections::BTreeMap;
use std::sync::Arc;

/// The environment variables of this process that are UTF-8, as they were when the program started.
#[derive(Debug, Clone, Default)]
pub struct Variables(Arc<BTreeMap<String, String>>);

impl Variables {
    /// Reads the process's environment.
    pub fn of_process() -> Self {
        let utf8 = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Self(Arc::new(utf8.collect()))
    }

    /// Variables made up for a test.
    pub fn of(pairs: &[(&str, &str)]) -> Self {
        Self(Arc::new(
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        ))
    }

    /// A variable; an empty one counts as not set, as everywhere on Unix.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// All of them, for `${env.…}` and secrets.
    pub fn all(&self) -> Arc<BTreeMap<String, String>> {
        self.0.clone()
    }
}
