//! What the tests of this room share: a folder of files, loaded.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Environment, Given, Root, Suites, Unusable, load, open};

/// A project in a temporary folder.
pub(super) struct Folder {
    pub(super) dir: tempfile::TempDir,
    pub(super) target: Option<String>,
    pub(super) given: Given,
}

impl Folder {
    /// These files, each a path below the root and its text.
    pub(super) fn new(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Self {
            dir,
            target: None,
            given: Given::default(),
        }
    }

    /// One suite of category `a` with a timeout, and these tests.
    pub(super) fn tests(tests: &str) -> Self {
        Self::new(&[("a.yaml", &suite(tests))])
    }

    /// The same beside a target with these lines.
    pub(super) fn with_target(target: &str, tests: &str) -> Self {
        Self::new(&[
            ("allclear.yaml", "target: t\n"),
            ("targets/t.yaml", target),
            ("a.yaml", &suite(tests)),
        ])
    }

    pub(super) fn set(mut self, name: &str, value: &str) -> Self {
        self.given.set.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(super) fn env(mut self, variables: &[(&str, &str)]) -> Self {
        let pairs = variables.iter();
        let environment: BTreeMap<String, String> = pairs
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        self.given.environment = Arc::new(environment);
        self
    }

    pub(super) fn embedded(mut self, environment: Environment) -> Self {
        self.given.embedded = environment;
        self
    }

    pub(super) fn load(&self) -> Result<Suites, Unusable> {
        let root = Root::Folder(self.dir.path().to_owned());
        load(open(&root, self.target.as_deref())?, &self.given)
    }

    /// What loads.
    pub(super) fn loaded(&self) -> Suites {
        match self.load() {
            Ok(suites) => suites,
            Err(unusable) => panic!("{}", self.shown(&unusable)),
        }
    }

    /// The problems as shown, with the folder's own path taken out.
    pub(super) fn told(&self) -> String {
        match self.load() {
            Ok(suites) => panic!("it loads: {:?}", suites.tests),
            Err(unusable) => self.shown(&unusable),
        }
    }

    /// How many errors there are, and their messages alone.
    pub(super) fn errors(&self) -> Vec<String> {
        match self.load() {
            Ok(_) => Vec::new(),
            Err(unusable) => {
                let told = unusable.problems.iter();
                told.map(|problem| problem.message.clone()).collect()
            }
        }
    }

    fn shown(&self, unusable: &Unusable) -> String {
        let mask = |text: &str| self.given.mask.apply(text).into_owned();
        let text = unusable.problems.render(&unusable.sources, false, &mask);
        text.replace(&format!("{}/", self.dir.path().display()), "")
    }
}

/// A suite of category `a`.
pub(super) fn suite(tests: &str) -> String {
    let mut text = String::from("category: a\ndefaults: { timeout: 10s }\ntests:\n");
    for line in tests.trim_matches('\n').lines() {
        text.push_str("  ");
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// Whether some message says this.
pub(super) fn says(errors: &[String], part: &str) -> bool {
    errors.iter().any(|error| error.contains(part))
}
