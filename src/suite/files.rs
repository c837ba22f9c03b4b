//! The files of a root, read and put where they belong.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::lint::Pages;
use super::read::{self, Listed};
use super::schema_files::Reader;
use super::scope::EarlyScope;
use super::{Project, Root, shipped, side_by_side};
use crate::yaml::{self, Diagnostic, Diagnostics, FileId, Node, Sources};

/// The files.
#[derive(Debug)]
pub(super) struct Files {
    /// By path.
    pub(super) suites: Vec<SuiteFile>,
    pub(super) sessions: FileState,
    pub(super) project: Project,
    /// `false` when a file that counts could not be read: what it would have given is not told to be missing.
    pub(super) is_complete: bool,
    /// All texts by their paths below the root, then the schemas that suites name.
    texts: Vec<(String, FileId)>,
}

/// A file that need not be there.
#[derive(Debug)]
pub(super) enum FileState {
    Absent,
    Broken,
    Parsed(Node),
}

impl FileState {
    pub(super) const fn tree(&self) -> Option<&Node> {
        match self {
            Self::Parsed(node) => Some(node),
            Self::Absent | Self::Broken => None,
        }
    }

    pub(super) fn into_tree(self) -> Option<Node> {
        match self {
            Self::Parsed(node) => Some(node),
            Self::Absent | Self::Broken => None,
        }
    }
}

/// A file of tests. Its tree is as large as all that is made of it, and most trees are only there while that is done.
#[derive(Debug)]
pub(super) enum SuiteFile {
    Text(FileId),
    /// With schemas in it that stand in files of their own; or what must be known of all before any is decoded.
    Tree(Node),
    /// It has none: why was told.
    Broken(FileId),
}

impl SuiteFile {
    pub(super) const fn file(&self) -> FileId {
        match self {
            Self::Text(file) | Self::Broken(file) => *file,
            Self::Tree(node) => node.span.file,
        }
    }

    /// `None` when there is no tree: why is among the problems.
    pub(super) fn tree(
        &self,
        sources: &Sources,
        problems: &mut Diagnostics,
    ) -> Option<Cow<'_, Node>> {
        match self {
            Self::Text(file) => yaml::parse(sources, *file, problems).map(Cow::Owned),
            Self::Tree(node) => Some(Cow::Borrowed(node)),
            Self::Broken(_) => None,
        }
    }
}

impl Files {
    /// Reads every file of a root but its targets; `None` when there is no such folder.
    pub(super) fn read(
        root: &Root,
        sources: &mut Sources,
        problems: &mut Diagnostics,
    ) -> Option<Self> {
        let mut files = Self {
            suites: Vec::new(),
            sessions: FileState::Absent,
            project: Project::default(),
            is_complete: true,
            texts: Vec::new(),
        };
        match root {
            Root::Folder(folder) => {
                if !folder.is_dir() {
                    problems.push(no_folder(folder));
                    return None;
                }
                let errors_before = problems.errors();
                let listed = read::list(folder, problems);
                files.is_complete = problems.errors() == errors_before;
                files.take_all(folder, listed, sources, problems);
            }
            Root::Shipped => {
                for (below, text) in shipped::FILES {
                    if is_ours(below, problems) {
                        let file = sources.add(format!("suites/{below}"), (*text).to_owned());
                        files.texts.push(((*below).to_owned(), file));
                        files.take(below, file, sources, problems);
                    }
                }
            }
        }
        Some(files)
    }

    /// SHA-256 of all that was read.
    pub(super) fn digest(&self, sources: &Sources) -> String {
        let mut sum = Sha256::new();
        for (below, file) in &self.texts {
            for part in [below, &**sources.text(*file)] {
                sum.update(part);
                sum.update([0]);
            }
        }
        format!("{:x}", sum.finalize())
    }

    /// Makes all trees that are not there yet, side by side.
    pub(super) fn parse_suites(&mut self, sources: &Sources, problems: &mut Diagnostics) {
        let parse = |suite: &SuiteFile| {
            let mut problems = Diagnostics::default();
            let tree = match suite {
                SuiteFile::Text(_) => suite.tree(sources, &mut problems).map(Cow::into_owned),
                SuiteFile::Tree(_) | SuiteFile::Broken(_) => None,
            };
            (tree, problems)
        };
        let parsed = side_by_side::each(&self.suites, parse);
        for (suite, (tree, of_file)) in self.suites.iter_mut().zip(parsed) {
            problems.extend(of_file);
            if let SuiteFile::Text(file) = *suite {
                *suite = tree.map_or(SuiteFile::Broken(file), SuiteFile::Tree);
            }
        }
        let is_broken = |suite: &SuiteFile| matches!(suite, SuiteFile::Broken(_));
        self.is_complete &= !self.suites.iter().any(is_broken);
    }

    /// Masks what is written as a secret in trees that are there.
    pub(super) fn mask_literals(&self, sources: &Sources, early: &EarlyScope) {
        for suite in &self.suites {
            if let SuiteFile::Tree(tree) = suite {
                Pages::of_suite(tree, sources, early).mask_literals(&early.mask);
            }
        }
    }

    /// Reads side by side; what is wrong is told file by file.
    fn take_all(
        &mut self,
        folder: &Path,
        listed: Vec<Listed>,
        sources: &mut Sources,
        problems: &mut Diagnostics,
    ) {
        let text_of = |listed: &Listed| {
            let mut problems = Diagnostics::default();
            let text = is_ours(&listed.below, &mut problems)
                .then(|| read::text_of(Some(folder), &listed.path));
            (text, problems)
        };
        let texts = side_by_side::each(&listed, text_of);
        let mut added = Vec::with_capacity(texts.len());
        for (listed, (text, of_file)) in listed.into_iter().zip(texts) {
            problems.extend(of_file);
            match text {
                None => {}
                Some(Ok(text)) => {
                    let file = sources.add(listed.path.display().to_string(), text);
                    self.texts.push((listed.below.clone(), file));
                    added.push((listed, file));
                }
                Some(Err(why)) => {
                    problems.push(why);
                    self.has_lost(&listed.below);
                }
            }
        }
        for (listed, file) in added {
            // Only its tree says whether it names a schema's file; without the word it names none.
            if sources.text(file).contains("schema") {
                self.take_with_schemas(folder, &listed, file, sources, problems);
            } else {
                self.take(&listed.below, file, sources, problems);
            }
        }
    }

    fn take_with_schemas(
        &mut self,
        folder: &Path,
        listed: &Listed,
        file: FileId,
        sources: &mut Sources,
        problems: &mut Diagnostics,
    ) {
        let Some(mut tree) = yaml::parse(sources, file, problems) else {
            self.has_lost(&listed.below);
            return;
        };
        let mut reader = Reader {
            root: folder,
            suite: &listed.path,
            sources,
            texts: &mut self.texts,
            problems,
        };
        reader.bring_in(&mut tree);
        self.put(&listed.below, tree, problems);
    }

    fn take(&mut self, below: &str, file: FileId, sources: &Sources, problems: &mut Diagnostics) {
        if !matches!(below, PROJECT | SESSIONS) {
            self.suites.push(SuiteFile::Text(file));
        } else if let Some(tree) = yaml::parse(sources, file, problems) {
            self.put(below, tree, problems);
        } else {
            self.has_lost(below);
        }
    }

    fn put(&mut self, below: &str, tree: Node, problems: &mut Diagnostics) {
        match below {
            PROJECT => self.project = Project::decode(&tree, problems),
            SESSIONS => self.sessions = FileState::Parsed(tree),
            _ => self.suites.push(SuiteFile::Tree(tree)),
        }
    }

    fn has_lost(&mut self, below: &str) {
        self.is_complete = false;
        if below == SESSIONS {
            self.sessions = FileState::Broken;
        }
    }
}

const PROJECT: &str = "allclear.yaml";
const SESSIONS: &str = "sessions.yaml";

fn no_folder(folder: &Path) -> Diagnostic {
    Diagnostic::error_without_place(format!("there is no folder {}", folder.display()))
        .help("write one to start from with `allclear init`, or name yours with `--suites`")
}

/// Whether a file is read here. Files that are no YAML are somebody's notes; one that looks like ours and would not be read
/// is an error, or its tests would be lost silently.
fn is_ours(below: &str, problems: &mut Diagnostics) -> bool {
    let path = Path::new(below);
    let (folder, name) = below.rsplit_once('/').unwrap_or(("", below));
    let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default();
    let looks_like_yaml = matches!(extension.to_ascii_lowercase().as_str(), "yaml" | "yml");
    let wrong = if !looks_like_yaml || (folder == "targets" && extension == "yaml") {
        return false;
    } else if extension != "yaml" {
        Some((
            format!("{below} would not be read: suites end in .yaml"),
            format!("rename it to {}", path.with_extension("yaml").display()),
        ))
    } else if below.starts_with("targets/") {
        Some((
            format!("{below} would not be read: targets stand in targets/ itself"),
            format!("move it to targets/{name}"),
        ))
    } else if below == "waivers.yaml" {
        Some((
            "waivers.yaml: this version knows no waivers".to_owned(),
            "remove it: a waiver that is not applied must not look as if it were".to_owned(),
        ))
    } else if !folder.is_empty() && matches!(name, "allclear.yaml" | "sessions.yaml") {
        Some((
            format!("{below} would not be read as what it is called"),
            format!("{name} stands at the root of the suites"),
        ))
    } else {
        None
    };
    let Some((message, help)) = wrong else {
        return true;
    };
    problems.push(Diagnostic::error_without_place(message).help(help));
    false
}
