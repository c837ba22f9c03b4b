//! What a target gives its tests, for the looks at ourselves.

use super::Suites;
use super::scope::EarlyScope;
use crate::model::Value;
use crate::probe::Inventory;
use crate::template::Secrecy;

impl Suites {
    /// The variables and secrets of the target. Asks for secrets that no test uses, too, but starts no program for them.
    pub fn inventory(&self) -> Inventory {
        let scope = &self.read.early;
        let variables = scope.variables.iter();
        let variables =
            variables.filter_map(|(name, value, _)| Some((name.clone(), value.clone()?)));
        Inventory {
            variables: variables.collect(),
            credentials: credentials(scope),
            deadline: None,
        }
    }
}

fn credentials(scope: &EarlyScope) -> Vec<(String, Result<String, String>)> {
    let mut found: Vec<(String, Result<String, String>)> = Vec::new();
    for secret in &scope.secrets {
        if let Some(value) = secret.usable(&scope.means) {
            if let Ok(text) = value {
                scope.mask.add(text);
            }
            let value = value.map(str::to_owned).map_err(str::to_owned);
            found.push((format!("secret.{}", secret.name()), value));
        }
    }
    for (name, value, secrecy) in &scope.variables {
        if let (Some(Value::Text(text)), Secrecy::Secret) = (value, secrecy) {
            // What is a secret and nothing else is told by the secret's own name.
            let is_told = found.iter().any(|(_, known)| known.as_ref() == Ok(text));
            if !is_told {
                found.push((name.clone(), Ok(text.clone())));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::testing::Folder;

    #[test]
    fn secrets_are_listed_by_the_name_they_are_used_by_and_each_value_once() {
        let target = "vars:\n  api: http://web\n  password: \"${secret.known}\"\n  pin: hunter22\nsecrets:\n  known: { env: KEY }\n  unused: { env: NOBODY_SETS_THIS }\n  asked: { command: [must-not-run] }\n";
        let folder = Folder::with_target(
            target,
            "- { name: x, scripted: { looks: [] }, expect: { text: x } }",
        );
        let inventory = folder.env(&[("KEY", "open-sesame")]).loaded().inventory();
        let names: Vec<_> = inventory
            .variables
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(names, ["api", "password", "pin"]);
        let credentials: Vec<_> = inventory.credentials.iter().collect();
        let (known, unused) = (&credentials[0], &credentials[1]);
        assert_eq!(
            **known,
            ("secret.known".to_owned(), Ok("open-sesame".to_owned()))
        );
        assert_eq!(unused.0, "secret.unused");
        assert!(
            unused
                .1
                .as_ref()
                .unwrap_err()
                .contains("NOBODY_SETS_THIS is not set")
        );
        assert_eq!(credentials.len(), 2);
    }
}
