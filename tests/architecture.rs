//! Which room may import which: the table of `docs/architecture.md` §3, and a loop over `src/`.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read the sources fails where it cannot"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A room (a folder or file of `src/`) and the rooms it may import. Everything imports itself.
const ARROWS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("yaml", &[]),
    ("statistics", &[]),
    ("demo", &[]),
    ("template", &["model", "yaml"]),
    ("check", &["model", "yaml", "template", "statistics"]),
    ("probe", &["model", "yaml", "template", "check"]),
    ("gate", &["model"]),
    ("diagnosis", &["model", "yaml", "statistics"]),
    ("wire", &["model"]),
    ("suite", &["model", "yaml", "template", "probe", "check"]),
    ("settings", &["model", "yaml", "suite"]),
    (
        "plan",
        &[
            "model", "yaml", "template", "suite", "probe", "check", "settings",
        ],
    ),
    (
        "runner",
        &["model", "template", "plan", "probe", "check", "settings"],
    ),
    ("journal", &["model", "wire"]),
    ("report", &["model", "wire", "statistics"]),
    (
        "validation",
        &[
            "model",
            "yaml",
            "statistics",
            "demo",
            "template",
            "check",
            "probe",
            "gate",
            "diagnosis",
            "wire",
            "suite",
            "settings",
            "plan",
            "runner",
            "journal",
        ],
    ),
    ("libtest", EVERYTHING),
    ("cli", EVERYTHING),
    ("main", &["cli"]),
];

/// What may be imported at all: nobody imports `cli`, `libtest` or `main`, except `main` its `cli`.
const EVERYTHING: &[&str] = &[
    "model",
    "yaml",
    "statistics",
    "demo",
    "template",
    "check",
    "probe",
    "gate",
    "diagnosis",
    "wire",
    "suite",
    "settings",
    "plan",
    "runner",
    "journal",
    "report",
    "validation",
];

#[test]
fn every_import_follows_an_arrow() {
    let mut wrong = Vec::new();
    for file in sources() {
        let room = room_of(&file);
        let text = std::fs::read_to_string(source_root().join(&file)).unwrap();
        wrong.extend(violations(&room, &file, &text));
    }
    assert!(
        wrong.is_empty(),
        "imports without an arrow:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn every_room_has_a_row_and_every_row_a_room() {
    let rooms: BTreeSet<String> = sources()
        .iter()
        .map(|file| room_of(file))
        .filter(|room| room != "lib")
        .collect();
    let rows: BTreeSet<String> = ARROWS.iter().map(|(room, _)| (*room).to_owned()).collect();
    assert_eq!(rooms, rows);
}

#[test]
fn the_table_has_no_cycle() {
    fn reaches(from: &str, wanted: &str, depth: usize) -> bool {
        let row = ARROWS
            .iter()
            .find(|(room, _)| *room == from)
            .map_or(&[][..], |(_, row)| *row);
        depth < ARROWS.len()
            && row
                .iter()
                .any(|next| *next == wanted || reaches(next, wanted, depth + 1))
    }
    for (room, _) in ARROWS {
        assert!(!reaches(room, room, 0), "{room} reaches itself");
    }
}

#[test]
fn a_planted_violation_of_each_form_is_caught() {
    let planted = [
        "use crate::cli::Args;",
        "use crate::{model::Fault, cli::Args};",
        "use crate::{\n    model::{Fault, Phase},\n    runner,\n};",
        "fn f() -> crate::runner::Cancel { todo!() }",
        "use super::super::report::wording;",
        "use super::{super::report::wording, x};",
        "use crate::*;",
        "use crate as everything;",
        "macro_rules! m { () => { $crate::runner::run() }; }",
        "pub use crate::gate::decide;",
    ];
    for text in planted {
        let found = violations(
            "check",
            Path::new("check/matcher/decode.rs"),
            &text.replace("super::super", "super::super::super"),
        );
        let found = if text.contains("super::{super") {
            violations("check", Path::new("check/matcher.rs"), text)
        } else {
            found
        };
        assert!(!found.is_empty(), "not caught: {text}");
    }
    let innocent = [
        "use crate::model::Fault; // crate::cli",
        "/// See [`crate::cli`].\nuse crate::{model::{Fault, Phase}, yaml};",
        "const TEXT: &str = \"crate::cli\";",
        "/* crate::cli /* crate::cli */ */ use super::path;",
    ];
    for text in innocent {
        assert_eq!(
            violations("check", Path::new("check/matcher.rs"), text),
            Vec::<String>::new(),
            "{text}"
        );
    }
}

#[test]
fn a_probe_is_one_file_and_one_line() {
    let list = std::fs::read_to_string(source_root().join("probe/mod.rs")).unwrap();
    let start = list.find("probes! {").expect("the list of probes") + "probes! {".len();
    let end = start + list[start..].find('}').expect("its end");
    let mut modules: Vec<&str> = Vec::new();
    let mut is_for_tests = false;
    for line in list[start..end].lines().map(str::trim) {
        match line
            .strip_suffix(',')
            .and_then(|entry| entry.split_once("::"))
        {
            Some((module, _)) if !is_for_tests => modules.push(module),
            _ => {}
        }
        // The scripted probe exists for the tests of other rooms, which name it.
        is_for_tests = line == "#[cfg(test)]";
    }
    assert!(modules.len() >= 5, "{modules:?}");
    for module in modules {
        for file in sources() {
            let own = file.starts_with(format!("probe/{module}"))
                || file == Path::new(&format!("probe/{module}.rs"));
            if own || file == Path::new("probe/mod.rs") {
                continue;
            }
            let code = without_comments_and_strings(
                &std::fs::read_to_string(source_root().join(&file)).unwrap(),
            );
            let named = [format!("probe::{module}::"), format!("probe::{module};")];
            let in_room = file.starts_with("probe") && code.contains(&format!("super::{module}::"));
            assert!(
                !in_room && !named.iter().any(|name| code.contains(name.as_str())),
                "{} names the module of probe `{module}`",
                file.display()
            );
        }
    }
}

fn source_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every file of `src/`, relative to it.
fn sources() -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path.strip_prefix(source_root()).unwrap().to_owned());
            }
        }
    }
    let mut found = Vec::new();
    walk(&source_root(), &mut found);
    found.sort();
    assert!(found.len() > 20, "src/ was not found");
    found
}

/// `check/matcher/decode.rs` is in `check`; `validation.rs` is `validation`.
fn room_of(file: &Path) -> String {
    let first = file
        .components()
        .next()
        .unwrap()
        .as_os_str()
        .to_str()
        .unwrap();
    first.strip_suffix(".rs").unwrap_or(first).to_owned()
}

/// How deep a file's module is: `check/mod.rs` 1, `check/path.rs` 2, `check/matcher/decode.rs` 3.
fn depth_of(file: &Path) -> usize {
    let depth = file.components().count();
    if file.ends_with("mod.rs") {
        depth - 1
    } else {
        depth
    }
}

fn violations(room: &str, file: &Path, text: &str) -> Vec<String> {
    if room == "lib" {
        return Vec::new();
    }
    let allowed = ARROWS
        .iter()
        .find(|(name, _)| *name == room)
        .map_or(&[][..], |(_, row)| *row);
    imported(&without_comments_and_strings(text), depth_of(file))
        .into_iter()
        .filter(|name| name != room && !allowed.contains(&name.as_str()))
        .map(|name| format!("{}: {room} -> {name}", file.display()))
        .collect()
}

/// The rooms a text names through `crate::…` or through as many `super::` as lead to the root.
fn imported(code: &str, depth: usize) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate") {
        let before = code[..at].chars().next_back();
        let rest = code[at + "crate".len()..].trim_start();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_')
            || rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')
                && !rest.starts_with("as ")
        {
            continue;
        }
        if rest.starts_with("as ") {
            found.insert("the whole crate".to_owned());
        } else if let Some(path) = rest.strip_prefix("::") {
            found.extend(first_names(path));
        }
    }
    for chain in supers(code) {
        if chain.count == depth + chain.inline {
            found.extend(first_names(chain.rest));
        }
    }
    found
}

struct Chain<'c> {
    count: usize,
    /// How many `mod … {` of its file it stands in.
    inline: usize,
    rest: &'c str,
}

/// Every `super::super::…`, also when the second stands in braces after the first.
fn supers(code: &str) -> Vec<Chain<'_>> {
    let mut chains = Vec::new();
    for (at, _) in code.match_indices("super::") {
        let before = code[..at].trim_end();
        if before.ends_with("super::")
            || code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_')
        {
            continue;
        }
        let mut rest = &code[at..];
        let mut count = 0;
        // `use super::{super::x}`: the brace that opened before this chain hangs on another `super::`.
        if let Some(open) = enclosing_brace(before) {
            let hangs_on = code[..open].trim_end().ends_with("super::");
            count += usize::from(hangs_on);
        }
        while let Some(next) = rest.strip_prefix("super::") {
            count += 1;
            rest = next.trim_start();
        }
        chains.push(Chain {
            count,
            inline: inline_modules(&code[..at]),
            rest,
        });
    }
    chains
}

/// How many inline modules are open at the end of a text.
fn inline_modules(before: &str) -> usize {
    let mut open: Vec<bool> = Vec::new();
    let mut statement = 0;
    for (at, c) in before.char_indices() {
        match c {
            '{' => {
                let head = before[statement..at].trim();
                let words: Vec<&str> = head.split_whitespace().collect();
                open.push(words.len() >= 2 && words[words.len() - 2] == "mod");
                statement = at + 1;
            }
            '}' => {
                open.pop();
                statement = at + 1;
            }
            ';' => statement = at + 1,
            _ => {}
        }
    }
    open.into_iter().filter(|is_module| *is_module).count()
}

/// The position of the `{` that is open at the end of `before`, within the same statement.
fn enclosing_brace(before: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in before.char_indices().rev() {
        match c {
            ';' => return None,
            '}' => depth += 1,
            '{' if depth == 0 => return Some(at),
            '{' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// The first name of a path, or of every path in its braces.
fn first_names(path: &str) -> Vec<String> {
    let path = path.trim_start();
    if path.starts_with('*') {
        return vec!["everything by *".to_owned()];
    }
    let Some(inner) = path.strip_prefix('{') else {
        let name: String = path
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        return if name.is_empty() || name == "super" {
            Vec::new()
        } else {
            vec![name]
        };
    };
    let (mut depth, mut start, mut names) = (0, 0, Vec::new());
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                names.extend(first_names(&inner[start..at]));
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                names.extend(first_names(&inner[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    names
}

/// Good enough for imports: comments (nested ones too), strings and characters become spaces.
fn without_comments_and_strings(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut clean = String::with_capacity(text.len());
    let mut at = 0;
    while at < bytes.len() {
        let rest = &text[at..];
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if let Some(hashes) = raw_string(rest) {
            let close = format!("\"{}", "#".repeat(hashes));
            let open = 2 + hashes;
            rest[open..]
                .find(&close)
                .map_or(rest.len(), |end| open + end + close.len())
        } else if rest.starts_with('"') {
            quoted(rest)
        } else {
            0
        };
        if skipped == 0 {
            let c = rest.chars().next().unwrap();
            clean.push(c);
            at += c.len_utf8();
            if c == '\'' && rest[1..].starts_with('"') {
                at += 2; // the character '"'
            }
        } else {
            clean.push(' ');
            at += skipped;
        }
    }
    clean
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().unwrap().len_utf8();
        }
    }
    rest.len()
}

fn raw_string(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix('r')?;
    let hashes = after.bytes().take_while(|byte| *byte == b'#').count();
    after[hashes..].starts_with('"').then_some(hashes)
}

fn quoted(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}
