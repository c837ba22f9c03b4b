//! From a folder to typed suites: every problem of every file is told together.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::decode::Decoded;
use super::file::{Surroundings, decode_file};
use super::files::{FileState, Files};
use super::literal::literals;
use super::scope::EarlyScope;
use super::secret::Means;
use super::session::{SessionDecoder, Sessions};
use super::suites::Read;
use super::target::{TargetFile, Wanted, implicit, names, read_target};
use super::{Given, Root, Suites, Target, Test, links, rules_file, uses, variables};
use crate::model::Digests;
use crate::yaml::{Diagnostic, Diagnostics, Entry, FileId, Node, Sources};

/// The suites, or a file of rules, cannot be used. Whoever shows the problems masks them first.
#[derive(Debug)]
pub struct Unusable {
    /// For the places.
    pub sources: Arc<Sources>,
    /// Everything that is wrong, warnings included.
    pub problems: Diagnostics,
    /// In what: `suites`, `rules`.
    pub what: &'static str,
}

impl Unusable {
    pub(super) fn suites(sources: Arc<Sources>, problems: Diagnostics) -> Self {
        Self {
            sources,
            problems,
            what: "suites",
        }
    }
}

impl std::fmt::Display for Unusable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let errors = self.problems.errors();
        write!(
            f,
            "{errors} {} in the {}",
            if errors == 1 { "error" } else { "errors" },
            self.what
        )
    }
}

impl std::error::Error for Unusable {}

/// A root whose project and target are read: enough to know whether an environment must be started first.
#[derive(Debug)]
pub struct Opened {
    sources: Sources,
    target: TargetFile,
    files: Files,
    rules: Option<FileId>,
    problems: Diagnostics,
}

impl Opened {
    /// Where to look; its variables are not resolved yet.
    pub fn target(&self) -> &Target {
        &self.target.target
    }

    /// With the rules of diagnosis of this file (`--rules`) instead of those that `allclear.yaml` names.
    #[must_use]
    pub fn with_rules(mut self, path: &Path) -> Self {
        self.rules = rules_file::given(path, &mut self.sources, &mut self.problems);
        self
    }
}

/// Reads every file and decodes project and target. `wanted` is a target's name or file; without it `allclear.yaml`
/// says which.
pub fn open(root: &Root, wanted: Option<&str>) -> Result<Opened, Unusable> {
    let mut sources = Sources::default();
    let mut problems = Diagnostics::default();
    let mut files = Files::read(root, &mut sources, &mut problems);
    let rules = files
        .as_mut()
        .and_then(|files| rules_file::of_project(root, files, &mut sources, &mut problems));
    let target = files
        .as_ref()
        .and_then(|files| target(root, wanted, files, &mut sources, &mut problems));
    match (files, target) {
        (Some(files), Some(target)) => Ok(Opened {
            sources,
            target,
            files,
            rules,
            problems,
        }),
        // Without variables every `${…}` would be an error of its own: what is known is told, the rest waits.
        _ => Err(Unusable::suites(Arc::new(sources), problems)),
    }
}

fn target(
    root: &Root,
    wanted: Option<&str>,
    files: &Files,
    sources: &mut Sources,
    problems: &mut Diagnostics,
) -> Option<TargetFile> {
    let project = &files.project;
    if let Some(name) = wanted {
        return read_target(root, Wanted::Flag(name), sources, problems);
    }
    if let Some(name) = &project.target {
        let wanted = Wanted::Project(name, project.target_span);
        return read_target(root, wanted, sources, problems);
    }
    let names = names(root);
    let Some(first) = names.first() else {
        return Some(implicit());
    };
    // An allclear.yaml that cannot be read may well name one.
    if files.is_complete {
        let help = format!(
            "name one of {} with `--target`, or write `target: {first}` into allclear.yaml",
            names.join(", "),
        );
        problems.push(Diagnostic::error_without_place("no target is named").help(help));
    }
    None
}

/// Secrets that are written literally are shown neither in messages nor in reports.
fn mask_literals(files: &Files, target: &TargetFile, given: &Given) {
    let sessions = match &files.sessions {
        FileState::Parsed(node) => Some(node),
        FileState::Absent | FileState::Broken => None,
    };
    let found = literals(&files.suites, sessions, target.node.as_ref());
    for literal in found.iter().filter(|literal| literal.is_no_word()) {
        given.mask.add(literal.value);
    }
    for entry in secrets_of(target) {
        if let Some(scalar) = entry.value.as_scalar() {
            given.mask.add(&scalar.text);
        }
    }
}

/// A reference is a mapping; a scalar is what should never have been written there.
fn secrets_of(target: &TargetFile) -> &[Entry] {
    let secrets = target.node.as_ref().and_then(|node| node.get("secrets"));
    secrets.and_then(Node::as_mapping).unwrap_or_default()
}

/// How many tests a suite file lists.
fn tests_of(suite: &Node) -> usize {
    let tests = suite.get("tests").and_then(Node::as_sequence);
    tests.map_or(0, <[Node]>::len)
}

/// Decodes everything, fills what is early, and checks what hangs together.
pub fn load(opened: Opened, given: &Given) -> Result<Suites, Unusable> {
    let Opened {
        sources,
        mut target,
        files,
        rules,
        mut problems,
    } = opened;
    mask_literals(&files, &target, given);
    let mut project = files.project;
    let sources = Arc::new(sources);
    let mut early = EarlyScope {
        variables: Vec::new(),
        pending_lists: HashMap::new(),
        secrets: std::mem::take(&mut target.secrets),
        budgets: std::mem::take(&mut target.budgets),
        embedded: given.embedded.clone(),
        run_id: given.run_id.clone(),
        below: target
            .vars
            .iter()
            .map(|entry| entry.key.to_string())
            .collect(),
        broken: std::mem::take(&mut target.broken),
        means: Means {
            environment: given.environment.clone(),
            allow_commands: given.allow_commands,
            only_reading: given.only_reading,
        },
        mask: given.mask.clone(),
    };
    variables::resolve(&mut early, &mut target, given, &sources, &mut problems);
    let early = Arc::new(early);

    let defaults = project.defaults.clone();
    let decoder = SessionDecoder {
        sources: &sources,
        early: &early,
        defaults: &defaults,
    };
    let sessions = match &files.sessions {
        FileState::Absent => Some(Sessions::default()),
        FileState::Broken => None,
        FileState::Parsed(node) => decoder.all(node, &mut problems),
    };
    let (mut sessions, known) = match sessions {
        Some(Sessions { all, known }) => (all, Some(known)),
        None => (Vec::new(), None),
    };
    let around = Surroundings {
        sources: &sources,
        early: &early,
        sessions: known,
        omitted: target.target.omitted(),
    };
    let mut decoded = Decoded::of_about(files.suites.iter().map(tests_of).sum());
    let mut is_complete = files.is_complete;
    for suite in &files.suites {
        is_complete &= decode_file(suite, &mut project, &around, &mut decoded, &mut problems);
    }
    if let FileState::Parsed(node) = &files.sessions {
        let is_planned = |test: &&Test| !around.omits(&test.id);
        let users = decoded.tests.iter().filter(|test| !test.uses.is_empty());
        let uses = users.filter(is_planned).flat_map(|test| &test.uses);
        let openings = uses::distinct(uses.flat_map(|used| &used.openings), &mut problems);
        sessions.extend(decoder.opened(node, &openings, &mut problems));
    }
    let ties = links::Ties {
        decoded: &decoded,
        sessions: &sessions,
        project: &project,
        target: &target.target,
        is_complete,
    };
    links::check(&ties, &mut problems);
    if problems.has_errors() {
        return Err(Unusable::suites(sources, problems));
    }
    Ok(Suites {
        sources,
        rules,
        project,
        digests: Digests {
            suites: format!("{:x}", files.digest.finalize()),
            target: format!("{:x}", Sha256::digest(&target.text)),
        },
        target: target.target,
        tests: decoded.tests,
        sessions,
        warnings: problems,
        read: Read {
            early,
            suites: files.suites,
            sessions: match files.sessions {
                FileState::Parsed(node) => Some(node),
                FileState::Absent | FileState::Broken => None,
            },
            target: target.node,
        },
    })
}
