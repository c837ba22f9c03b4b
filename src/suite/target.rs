//! A target: where to look.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::gate_keys::GateKeys;
use super::secret::Secret;
use super::step::is_told;
use super::suites::Root;
use super::{read, shipped};
use crate::model::IdPattern;
use crate::template::is_variable_name;
use crate::yaml::{
    Diagnostic, Diagnostics, Entry, Fields, Node, Resolved, Scalar, Sources, Span, nearest, visible,
};

/// A target file, its variables resolved.
#[derive(Debug, Clone)]
pub struct Target {
    /// The file's stem: `staging`.
    pub name: String,
    /// `description`.
    pub description: Option<String>,
    /// `production: true`: side effects are refused unless the target is named on the flag.
    pub production: bool,
    /// `embedded: demo`: whoever runs it starts the embedded environment first.
    pub embedded: bool,
    /// Its variables that hold no secret, as text, in the order written; `--set` applied.
    pub variables: Vec<(String, String)>,
    /// `limits.jobs`.
    pub jobs: Option<usize>,
    /// `limits.per_origin`.
    pub per_origin: Option<usize>,
    /// `gate`: overrides of single keys.
    pub gate: GateKeys,
    /// `omit`.
    pub omit: Vec<Omit>,
}

impl Target {
    /// Which tests it leaves out.
    pub(super) fn omitted(&self) -> Vec<IdPattern> {
        let patterns = self.omit.iter().map(|omit| omit.pattern.as_str());
        patterns.map(IdPattern::new).collect()
    }
}

/// Something this target leaves out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Omit {
    /// An id, a category or a glob, as written.
    pub pattern: String,
    /// Why.
    pub reason: String,
    /// Where the pattern stands.
    pub(super) span: Span,
}

/// A target as read, before its variables are resolved.
#[derive(Debug)]
pub(super) struct TargetFile {
    pub(super) target: Target,
    pub(super) vars: Vec<Entry>,
    pub(super) secrets: Vec<Secret>,
    pub(super) budgets: Vec<(String, String)>,
    /// Names whose definitions are broken.
    pub(super) broken: HashSet<String>,
    /// The whole file; `None` for the target nobody wrote.
    pub(super) node: Option<Node>,
    /// The text, for the digest.
    pub(super) text: String,
}

/// What names a target.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wanted<'w> {
    /// The flag: a name in `targets/`, or a file.
    Flag(&'w str),
    /// `target` of allclear.yaml, which stands there: a name only.
    Project(&'w str, Option<Span>),
}

/// Finds and reads a target.
pub(super) fn read_target(
    root: &Root,
    wanted: Wanted<'_>,
    sources: &mut Sources,
    problems: &mut Diagnostics,
) -> Option<TargetFile> {
    let (name, node): (String, Node) = match wanted {
        Wanted::Flag(given) if given.contains('/') || ends_in_yaml(given) => {
            // Lines of the file are shown when it is wrong: only a file that says that it is one of ours.
            if !ends_in_yaml(given) {
                let message = format!("--target {given}: a target file ends in .yaml");
                problems.push(Diagnostic::error_without_place(message));
                return None;
            }
            let path = Path::new(given);
            let name = path
                .file_stem()
                .map(|stem| stem.to_string_lossy().into_owned())
                .unwrap_or_default();
            (name, read::parse_file(None, path, sources, problems)?)
        }
        // What a run calls it that names no target, so that it can be named to run again.
        Wanted::Flag(name) if name == UNNAMED && names(root).is_empty() => return Some(implicit()),
        Wanted::Flag(name) => (name.to_owned(), named(root, name, None, sources, problems)?),
        Wanted::Project(name, span) => {
            (name.to_owned(), named(root, name, span, sources, problems)?)
        }
    };
    let text = sources.text(node.span.file).to_string();
    Some(decode(node, name, text, problems))
}

fn ends_in_yaml(path: &str) -> bool {
    Path::new(path).extension() == Some(OsStr::new("yaml"))
}

fn named(
    root: &Root,
    wanted: &str,
    span: Option<Span>,
    sources: &mut Sources,
    problems: &mut Diagnostics,
) -> Option<Node> {
    let names = names(root);
    if !names.iter().any(|name| name == wanted) {
        let hint = match nearest(wanted, names.iter().map(String::as_str)) {
            Some(near) => format!("; did you mean `{near}`?"),
            None if names.is_empty() => "; there is no targets/ with a .yaml file".to_owned(),
            None => format!("; there is `{}`", names.join("`, `")),
        };
        let message = format!("no target is called `{}`{hint}", visible(wanted));
        problems.push(match span {
            Some(span) => Diagnostic::error(span, message),
            None => Diagnostic::error_without_place(message),
        });
        return None;
    }
    match root {
        Root::Folder(folder) => {
            let path: PathBuf = folder.join("targets").join(format!("{wanted}.yaml"));
            read::parse_file(Some(folder), &path, sources, problems)
        }
        Root::Shipped => {
            let below = format!("targets/{wanted}.yaml");
            let (_, text) = shipped::FILES.iter().find(|(path, _)| *path == below)?;
            read::parse_text(
                &format!("suites/{below}"),
                (*text).to_owned(),
                sources,
                problems,
            )
        }
    }
}

/// What a target is called that nobody wrote.
const UNNAMED: &str = "default";

/// A target nobody wrote: no variables, nothing special. For suites that name everything themselves.
pub(super) fn implicit() -> TargetFile {
    TargetFile {
        target: nothing(UNNAMED.to_owned()),
        vars: Vec::new(),
        secrets: Vec::new(),
        budgets: Vec::new(),
        broken: HashSet::new(),
        node: None,
        text: String::new(),
    }
}

fn nothing(name: String) -> Target {
    Target {
        name,
        description: None,
        production: false,
        embedded: false,
        variables: Vec::new(),
        jobs: None,
        per_origin: None,
        gate: GateKeys::default(),
        omit: Vec::new(),
    }
}

/// The targets there are.
pub(super) fn names(root: &Root) -> Vec<String> {
    let stem = |name: &str| name.strip_suffix(".yaml").map(str::to_owned);
    let mut names: Vec<String> = match root {
        Root::Folder(folder) => std::fs::read_dir(folder.join("targets"))
            .into_iter()
            .flatten()
            .filter_map(|entry| stem(entry.ok()?.file_name().to_str()?))
            .collect(),
        Root::Shipped => shipped::FILES
            .iter()
            .filter_map(|(path, _)| stem(path.strip_prefix("targets/")?))
            .collect(),
    };
    names.sort();
    names
}

const KEYS: &[&str] = &[
    "description",
    "production",
    "embedded",
    "vars",
    "secrets",
    "budgets",
    "limits",
    "gate",
    "omit",
];

fn decode(node: Node, name: String, text: String, problems: &mut Diagnostics) -> TargetFile {
    let mut file = TargetFile {
        target: nothing(name),
        vars: Vec::new(),
        secrets: Vec::new(),
        budgets: Vec::new(),
        broken: HashSet::new(),
        node: None,
        text,
    };
    read_keys(&node, &mut file, problems);
    file.node = Some(node);
    file
}

fn read_keys(node: &Node, file: &mut TargetFile, problems: &mut Diagnostics) {
    let Some(fields) = Fields::of(node, "target", KEYS, problems) else {
        return;
    };
    for (key, kind) in [
        ("vars", "vars.*"),
        ("secrets", "secret.*"),
        ("budgets", "budget.*"),
    ] {
        let is_readable = fields
            .get(key)
            .is_some_and(|node| node.as_mapping().is_some());
        if !is_readable && (fields.get(key).is_some() || is_told(&fields, &[key])) {
            file.broken.insert(kind.to_owned());
        }
    }
    let target = &mut file.target;
    target.description = fields.text("description", problems).map(str::to_owned);
    target.production = super::defaults::switch(&fields, "production", problems);
    if let Some(node) = fields.get("embedded") {
        target.embedded = node
            .as_scalar()
            .is_some_and(|scalar| &*scalar.text == "demo");
        if !target.embedded {
            problems.push(Diagnostic::error(
                node.span,
                "the one environment that is embedded is called `demo`",
            ));
        }
    }
    let limits = fields.get("limits").and_then(|node| {
        let keys = ["jobs", "per_origin"];
        Fields::of(node, "`limits` mapping", &keys, problems)
    });
    if let Some(limits) = limits {
        target.jobs = limit(&limits, "jobs", problems);
        target.per_origin = limit(&limits, "per_origin", problems);
    }
    if let Some(gate) = fields.get("gate") {
        target.gate = GateKeys::decode(gate, problems);
    }
    if let Some(omit) = fields.get("omit") {
        target.omit = omitted(omit, problems);
    }
    if let Some(vars) = fields.get("vars") {
        file.vars = variables(vars, &mut file.broken, problems);
    }
    if let Some(secrets) = fields.get("secrets") {
        file.secrets = Secret::decode_all(secrets, &mut file.broken, problems);
    }
    if let Some(budgets) = fields.get("budgets") {
        file.budgets = read_budgets(budgets, &mut file.broken, problems);
    }
}

fn limit(fields: &Fields<'_>, key: &str, problems: &mut Diagnostics) -> Option<usize> {
    let node = fields.get(key)?;
    let number: usize = crate::yaml::decode(node, problems)?;
    if (1..=1000).contains(&number) {
        return Some(number);
    }
    problems.push(Diagnostic::error(
        node.span,
        "expected a number from 1 to 1000",
    ));
    None
}

fn omitted(node: &Node, problems: &mut Diagnostics) -> Vec<Omit> {
    let Some(items) = node.as_sequence() else {
        problems.push(
            Diagnostic::error(node.span, "expected a list")
                .help("write `omit: [{ id: database/storm, reason: shared instance }]`"),
        );
        return Vec::new();
    };
    let mut result = Vec::new();
    for item in items {
        let Some(fields) = Fields::of(item, "omission", &["id", "reason"], problems) else {
            continue;
        };
        let (id, reason) = (
            fields.required("id", problems),
            fields.required("reason", problems),
        );
        let (Some(id), Some(_)) = (id, reason) else {
            continue;
        };
        let (Some(pattern), Some(reason)) =
            (fields.text("id", problems), fields.text("reason", problems))
        else {
            continue;
        };
        if reason.trim().is_empty() {
            problems.push(Diagnostic::error(
                item.span,
                "an omission without a reason is a hole nobody can explain",
            ));
            continue;
        }
        result.push(Omit {
            pattern: pattern.to_owned(),
            reason: reason.to_owned(),
            span: id.span,
        });
    }
    result
}

fn variables(node: &Node, broken: &mut HashSet<String>, problems: &mut Diagnostics) -> Vec<Entry> {
    let Some(entries) = node.as_mapping() else {
        problems.push(
            Diagnostic::error(node.span, "expected a mapping of variables")
                .help("write `vars: { api: https://… }`"),
        );
        return Vec::new();
    };
    let mut result = Vec::new();
    for entry in entries {
        let scalar = entry.value.as_scalar().map(Scalar::resolve);
        if !is_variable_name(&entry.key) {
            problems.push(no_name(entry, "variable"));
        } else if scalar == Some(Resolved::Null) {
            problems.push(
                Diagnostic::error(entry.key_span, format!("`{}` is empty", entry.key))
                    .help("an empty text is written `\"\"`"),
            );
            broken.insert(entry.key.to_string());
        } else {
            result.push(entry.clone());
        }
    }
    result
}

/// A key that should be a name for `${…}`.
fn no_name(entry: &Entry, what: &str) -> Diagnostic {
    let message = format!(
        "`{}` is no name for a {what}: a-z, 0-9 and `_`, beginning with a letter or `_`",
        visible(&entry.key)
    );
    Diagnostic::error(entry.key_span, message)
}

fn read_budgets(
    node: &Node,
    broken: &mut HashSet<String>,
    problems: &mut Diagnostics,
) -> Vec<(String, String)> {
    let Some(entries) = node.as_mapping() else {
        problems.push(
            Diagnostic::error(node.span, "expected a mapping of budgets")
                .help("write `budgets: { db_init: 75s }`"),
        );
        return Vec::new();
    };
    let mut result = Vec::new();
    for entry in entries {
        if !is_variable_name(&entry.key) {
            problems.push(no_name(entry, "budget"));
            continue;
        }
        let is_duration = super::defaults::timeout(&entry.value, problems).is_some();
        if let (true, Some(scalar)) = (is_duration, entry.value.as_scalar()) {
            result.push((entry.key.to_string(), scalar.text.to_string()));
        } else {
            broken.insert(format!("budget.{}", entry.key));
        }
    }
    result
}
