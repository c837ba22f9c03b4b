//! The files of a root, parsed and put where they belong.

use std::ffi::OsStr;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::read::{self, Listed};
use super::schema_files::Reader;
use super::{Project, Root, shipped, side_by_side};
use crate::yaml::{self, Diagnostic, Diagnostics, FileId, Node, Sources};

/// The parsed files.
#[derive(Debug)]
pub(super) struct Files {
    /// By path.
    pub(super) suites: Vec<Node>,
    pub(super) sessions: FileState,
    pub(super) project: Project,
    /// `false` when a file that counts could not be parsed: what it would have given is not told to be missing.
    pub(super) is_complete: bool,
    /// Of all of them.
    pub(super) digest: Sha256,
}

/// A file that need not be there.
#[derive(Debug)]
pub(super) enum FileState {
    Absent,
    Broken,
    Parsed(Node),
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
            digest: Sha256::new(),
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
                        let name = format!("suites/{below}");
                        digest(&mut files.digest, below, text);
                        let node = read::parse_text(&name, (*text).to_owned(), sources, problems);
                        files.take(below, node, problems);
                    }
                }
            }
        }
        Some(files)
    }

    /// Reads and parses side by side; what is wrong is told file by file.
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
        for (listed, (text, mut of_file)) in listed.into_iter().zip(texts) {
            let file = match text {
                None => {
                    problems.extend(of_file);
                    continue;
                }
                Some(Ok(text)) => Some(sources.add(listed.path.display().to_string(), text)),
                Some(Err(why)) => {
                    of_file.push(why);
                    None
                }
            };
            added.push((listed, file, of_file));
        }
        let parse = |(_, file, _): &(Listed, Option<FileId>, Diagnostics)| {
            let mut problems = Diagnostics::default();
            let node = file.and_then(|file| yaml::parse(sources, file, &mut problems));
            (node, problems)
        };
        let digest_of_all = || {
            let mut sum = Sha256::new();
            for (listed, file, _) in &added {
                if let Some(file) = file {
                    digest(&mut sum, &listed.below, sources.text(*file));
                }
            }
            sum
        };
        // Of one large file the trees are made one after the other, and there is a core left.
        let (parsed, digest) =
            side_by_side::both(|| side_by_side::each(&added, parse), digest_of_all);
        self.digest = digest;
        for ((listed, _, of_file), (mut node, of_tree)) in added.into_iter().zip(parsed) {
            problems.extend(of_file);
            problems.extend(of_tree);
            if let Some(suite) = &mut node {
                let mut reader = Reader {
                    root: folder,
                    suite: &listed.path,
                    sources,
                    digest: &mut self.digest,
                    problems,
                };
                reader.bring_in(suite);
            }
            self.take(&listed.below, node, problems);
        }
    }

    fn take(&mut self, below: &str, node: Option<Node>, problems: &mut Diagnostics) {
        let Some(node) = node else {
            self.is_complete = false;
            if below == "sessions.yaml" {
                self.sessions = FileState::Broken;
            }
            return;
        };
        match below {
            "allclear.yaml" => self.project = Project::decode(&node, problems),
            "sessions.yaml" => self.sessions = FileState::Parsed(node),
            _ => self.suites.push(node),
        }
    }
}

/// A file's part of the digest; where one cannot be read nothing is loaded, and no digest is told.
pub(super) fn digest(sum: &mut Sha256, below: &str, text: &str) {
    for part in [below, text] {
        sum.update(part);
        sum.update([0]);
    }
}

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
