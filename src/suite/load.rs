//! From a folder to typed suites: every problem of every file is told together.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::decode::Decoded;
use super::file::{ReadFile, Surroundings, read_suites};
use super::files::{FileState, Files};
use super::lint::{Pages, lint_pages};
use super::scope::EarlyScope;
use super::secret::Means;
use super::session::{SessionDecoder, Sessions};
use super::suites::Read;
use super::target::{TargetFile, Wanted, implicit, names, read_target};
use super::{Given, Root, Suites, Target, Test, links, rules_file, side_by_side, uses, variables};
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
    let Some(mut files) = files else {
        return Err(Unusable::suites(Arc::new(sources), problems));
    };
    match target(root, wanted, &files, &mut sources, &mut problems) {
        Ok(target) => Ok(Opened {
            sources,
            target,
            files,
            rules,
            problems,
        }),
        // Without variables every `${…}` would be an error of its own: what is known is told, the rest waits.
        Err(unnamed) => {
            files.parse_suites(&sources, &mut problems);
            // An allclear.yaml that cannot be read may well name one.
            if files.is_complete {
                problems.extend(unnamed);
            }
            Err(Unusable::suites(Arc::new(sources), problems))
        }
    }
}

/// What it gives when there is none is to be told where nothing worse is.
fn target(
    root: &Root,
    wanted: Option<&str>,
    files: &Files,
    sources: &mut Sources,
    problems: &mut Diagnostics,
) -> Result<TargetFile, Diagnostics> {
    let project = &files.project;
    let wanted = match (wanted, &project.target) {
        (Some(name), _) => Some(Wanted::Flag(name)),
        (None, Some(name)) => Some(Wanted::Project(name, project.target_span)),
        (None, None) => None,
    };
    if let Some(wanted) = wanted {
        return read_target(root, wanted, sources, problems).ok_or_else(Diagnostics::default);
    }
    let names = names(root);
    let Some(first) = names.first() else {
        return Ok(implicit());
    };
    let help = format!(
        "name one of {} with `--target`, or write `target: {first}` into allclear.yaml",
        names.join(", "),
    );
    let mut unnamed = Diagnostics::default();
    unnamed.push(Diagnostic::error_without_place("no target is named").help(help));
    Err(unnamed)
}

/// A reference is a mapping; a scalar is what should never have been written there.
fn secrets_of(target: &TargetFile) -> &[Entry] {
    let secrets = target.node.as_ref().and_then(|node| node.get("secrets"));
    secrets.and_then(Node::as_mapping).unwrap_or_default()
}

/// What should never have been written as a secret is one all the same.
fn mask_secrets(target: &TargetFile, given: &Given) {
    for entry in secrets_of(target) {
        if let Some(scalar) = entry.value.as_scalar() {
            given.mask.add(&scalar.text);
        }
    }
}

/// What is known before anything of it is resolved.
fn early_scope(target: &mut TargetFile, given: &Given) -> EarlyScope {
    EarlyScope {
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
    }
}

/// Decodes everything, fills what is early, and checks what hangs together.
pub fn load(opened: Opened, given: &Given) -> Result<Suites, Unusable> {
    let Opened {
        sources,
        mut target,
        mut files,
        rules,
        mut problems,
    } = opened;
    mask_secrets(&target, given);
    let mut project = files.project.clone();
    let sources = Arc::new(sources);
    let mut early = early_scope(&mut target, given);
    variables::resolve(&mut early, &mut target, given, &sources, &mut problems);
    let early = Arc::new(early);
    let pages = Pages::of_others(
        files.sessions.tree(),
        target.node.as_ref(),
        &sources,
        &early,
    );
    pages.mask_literals(&given.mask);
    let mut lints = lint_pages(&pages);

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
    if around.shows_openings() {
        // Before any is decoded: a literal of one suite is a secret in what a test of another opens a session with.
        files.parse_suites(&sources, &mut problems);
        files.mask_literals(&sources, &early);
    }
    let (of_suites, digest) = side_by_side::both(
        || read_suites(&files.suites, &project, &around),
        || files.digest(&sources),
    );
    let is_complete = files.is_complete && of_suites.iter().all(ReadFile::is_known);
    let mut decoded = Decoded::of_about(of_suites.iter().map(ReadFile::tests).sum());
    for of_file in of_suites {
        if let Some(category) = &of_file.category {
            project.found(category);
        }
        decoded.add(of_file.decoded);
        problems.extend(of_file.problems);
        lints.extend(of_file.lints);
    }
    if let Some(node) = files.sessions.tree() {
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
            suites: digest,
            target: format!("{:x}", Sha256::digest(&target.text)),
        },
        target: target.target,
        tests: decoded.tests,
        sessions,
        warnings: problems,
        read: Read {
            early,
            sessions: files.sessions.into_tree(),
            target: target.node,
            lints,
        },
    })
}
