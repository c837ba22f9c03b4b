//! What the target gave us: for `runner`, which looks through it before anything is asked with it.

use std::fmt;
use std::time::Duration;

use crate::model::Value;

/// Everything of a target that tests are filled with. Plain data, made once per run.
#[derive(Default)]
pub struct Inventory {
    /// Its variables, filled, in the order written; those that hold a secret, too.
    pub variables: Vec<(String, Value)>,
    /// What is secret, by the name it has inside `${…}`: its text, or why it cannot be had.
    pub credentials: Vec<(String, Result<String, String>)>,
    /// How long the run may take; `None` when nobody said.
    pub deadline: Option<Duration>,
}

impl fmt::Debug for Inventory {
    /// Names only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let variables = self.variables.iter().map(|(name, _)| name);
        let credentials = self.credentials.iter().map(|(name, _)| name);
        f.debug_struct("Inventory")
            .field("variables", &variables.collect::<Vec<_>>())
            .field("credentials", &credentials.collect::<Vec<_>>())
            .field("deadline", &self.deadline)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_can_be_debugged_without_its_values() {
        let inventory = Inventory {
            variables: vec![("api".to_owned(), Value::Text("hunter22".to_owned()))],
            credentials: vec![("secret.pin".to_owned(), Ok("hunter22".to_owned()))],
            deadline: None,
        };
        let shown = format!("{inventory:?}");
        assert!(shown.contains("secret.pin") && !shown.contains("hunter22"));
    }
}
