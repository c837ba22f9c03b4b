//! What documents say is so: their suites load, their links lead somewhere, their commands exist.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by panicking"
)]

#[expect(dead_code, unused_imports, reason = "each test binary uses its part")]
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use allclear::yaml::{Diagnostics, Sources, parse};
use support::Tool;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every committed document, with its path below the root.
fn documents() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    files(root(), &mut found);
    found.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    assert!(found.len() >= 6, "{found:?}");
    let read = |path: PathBuf| {
        let text = fs::read_to_string(root().join(&path)).unwrap();
        (path, text)
    };
    found.into_iter().map(read).collect()
}

/// Every file below a folder that is ours: nothing built, nothing hidden but `.github`.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let is_ours = name == ".github" || !name.starts_with('.');
        if !is_ours || name == "target" || name == "allclear-demo" {
            continue;
        }
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path.strip_prefix(root()).unwrap().to_owned());
        }
    }
}

/// A fenced block: the line of its fence, what the fence says, and the text.
struct Block<'a> {
    line: usize,
    info: &'a str,
    text: String,
}

fn blocks(document: &str) -> Vec<Block<'_>> {
    let mut found: Vec<Block<'_>> = Vec::new();
    let mut is_inside = false;
    for (index, line) in document.lines().enumerate() {
        match line.trim_start().strip_prefix("```") {
            Some(_) if is_inside => is_inside = false,
            Some(info) => {
                is_inside = true;
                found.push(Block {
                    line: index + 1,
                    info: info.trim(),
                    text: String::new(),
                });
            }
            None if is_inside => {
                let block = found.last_mut().unwrap();
                block.text.push_str(line);
                block.text.push('\n');
            }
            None => {}
        }
    }
    assert!(!is_inside, "a block without an end");
    found
}

/// The file a block is, when its first line is a comment with a file name; below `suites/`.
fn file_name(block: &Block<'_>) -> Option<String> {
    let name = block.text.lines().next()?.strip_prefix("# ")?.trim();
    let is_yaml = Path::new(name)
        .extension()
        .is_some_and(|extension| extension == "yaml");
    (is_yaml && !name.contains(' '))
        .then(|| name.strip_prefix("suites/").unwrap_or(name).to_owned())
}

#[test]
fn every_suite_in_a_document_loads() {
    for (path, document) in documents() {
        // A document that shows no `allclear.yaml` goes on from the folder that `init` wrote.
        let mut tool = Tool::bare();
        if !document.contains("allclear.yaml\ntarget: ") {
            tool.then(["init", "--url", "https://your.service.example/health"])
                .exits(0);
        }
        let mut names = BTreeSet::new();
        for block in blocks(&document) {
            let place = format!("{}:{}", path.display(), block.line);
            match (block.info, file_name(&block)) {
                ("yaml", Some(name)) => {
                    // Secrets of documents are nobody's; here they have a value that fits a DSN, too.
                    for variable in variables_of_secrets(&block.text) {
                        let value = if variable.contains("CACHE") {
                            "redis://:placeholder@cache.example"
                        } else {
                            "postgres://me:placeholder@db.example/app"
                        };
                        tool = tool.env(&variable, value);
                    }
                    tool = tool.file(&format!("suites/{name}"), &block.text);
                    assert!(names.insert(name), "{place}: the file is there twice");
                }
                ("yaml", None) => panic!("{place}: neither a file name nor `yaml fragment`"),
                ("yaml fragment", None) => parses(&place, &block.text),
                ("yaml fragment", Some(_)) => panic!("{place}: a file, or a fragment?"),
                (info, _) => assert!(!info.starts_with("yaml"), "{place}: {info}"),
            }
        }
        if names.is_empty() {
            continue;
        }
        let target = names.iter().find_map(|name| name.strip_prefix("targets/"));
        let mut args = vec!["check".to_owned()];
        if let (Some(target), false) = (target, names.contains("allclear.yaml")) {
            let name = target.strip_suffix(".yaml").unwrap();
            args.extend(["--target".to_owned(), name.to_owned()]);
        }
        let output = tool.then(args);
        assert!(output.status.success(), "{}\n{output}", path.display());
        assert!(!output.stdout.contains(": 0 tests"), "{output}");
    }
}

/// The names in `{ env: NAME }`.
fn variables_of_secrets(text: &str) -> Vec<String> {
    let after = text.split("{ env: ").skip(1);
    after
        .filter_map(|rest| rest.split_once(" }").map(|(name, _)| name.to_owned()))
        .collect()
}

fn parses(place: &str, text: &str) {
    let mut sources = Sources::default();
    let mut problems = Diagnostics::default();
    let file = sources.add(place.to_owned(), text.to_owned());
    parse(&sources, file, &mut problems);
    assert!(
        !problems.has_errors(),
        "{place}: {:?}",
        problems.in_words(&sources)
    );
}

#[test]
fn every_shipped_suite_loads() {
    let suites = concat!(env!("CARGO_MANIFEST_DIR"), "/suites");
    let tool = Tool::bare().env("STAGING_PASSWORD", "placeholder-password");
    let output = tool
        .then(["check", "--strict", "--suites", suites])
        .exits(0);
    assert_eq!(output.stderr, "");
}

#[test]
fn every_link_leads_somewhere() {
    for (path, document) in documents() {
        let folder = root().join(path.parent().unwrap());
        for target in links(&document) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let linked = if file.is_empty() {
                root().join(&path)
            } else {
                folder.join(file)
            };
            assert!(linked.exists(), "{}: {target}", path.display());
            if !anchor.is_empty() {
                let linked = fs::read_to_string(&linked).unwrap();
                let is_there = anchors(&linked).contains(anchor);
                assert!(is_there, "{}: {target}: no such heading", path.display());
            }
        }
    }
}

/// The targets of `[text](target)` outside of blocks.
fn links(document: &str) -> Vec<String> {
    let mut is_inside = false;
    let mut found = Vec::new();
    for line in document.lines() {
        if line.trim_start().starts_with("```") {
            is_inside = !is_inside;
        }
        if is_inside {
            continue;
        }
        let after = line.split("](").skip(1);
        found.extend(
            after
                .filter_map(|rest| rest.split_once(')'))
                .map(|(target, _)| target.to_owned()),
        );
    }
    found
}

/// Headings as links name them.
fn anchors(document: &str) -> BTreeSet<String> {
    let headings = document.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let words = line.trim_start_matches('#').trim().to_lowercase();
            let kept = words
                .chars()
                .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

#[test]
fn every_command_exists() {
    let mut seen = 0;
    for (path, document) in documents() {
        for block in blocks(&document).iter().filter(|block| block.info == "sh") {
            for line in block.text.lines() {
                let line = line.split(" #").next().unwrap().trim();
                if line.is_empty() || line.starts_with('#') {
                    continue;
                }
                seen += 1;
                exists(line, &format!("{}:{}: {line}", path.display(), block.line));
            }
        }
    }
    assert!(seen > 5);
}

fn exists(line: &str, place: &str) {
    let words = line
        .split_whitespace()
        .skip_while(|word| is_assignment(word));
    let words: Vec<&str> = words.map(|word| word.trim_matches('\'')).collect();
    match words.as_slice() {
        ["allclear", args @ ..] => is_understood(args, place),
        ["cargo", "run", args @ ..] => {
            let ours = args.iter().skip_while(|word| **word != "--").skip(1);
            is_understood(&ours.copied().collect::<Vec<_>>(), place);
        }
        ["cargo", "test" | "nextest", args @ ..] => {
            let tests = args.windows(2).filter(|pair| pair[0] == "--test");
            for pair in tests {
                let file = root().join(format!("tests/{}.rs", pair[1]));
                let folder = root().join(format!("tests/{}/main.rs", pair[1]));
                assert!(file.exists() || folder.exists(), "{place}");
            }
        }
        ["cargo", "bench" | "install" | "fmt" | "clippy" | "doc", ..] | ["cd" | "mkdir", ..] => {}
        ["just", recipe, ..] => {
            let recipes = fs::read_to_string(root().join("justfile")).unwrap();
            let is_there = recipes
                .lines()
                .any(|line| line.split(':').next().unwrap().split(' ').next() == Some(*recipe));
            assert!(is_there, "{place}: the justfile has no such recipe");
        }
        [program, ..] if program.contains('/') => {
            assert!(root().join(program).is_file(), "{place}: no such program");
        }
        _ => panic!("{place}: nobody here knows this command"),
    }
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        name.bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
    })
}

/// The arguments are read; `--help` behind them is then all that happens.
fn is_understood(args: &[&str], place: &str) {
    let mut args = args.to_vec();
    args.push("--help");
    let output = Tool::bare().then(&args);
    assert!(output.status.success(), "{place}\n{output}");
}

#[test]
fn the_justfile_and_the_runner_of_tests_name_what_exists() {
    let recipes = fs::read_to_string(root().join("justfile")).unwrap();
    for line in recipes.lines().filter(|line| line.starts_with("    ")) {
        exists(line.trim(), &format!("justfile: {line}"));
    }
}

#[test]
fn no_file_names_the_machine_it_was_written_on() {
    let mut all = Vec::new();
    files(root(), &mut all);
    // Written apart, so that this file does not name them either.
    let homes = [
        ["/home", "/"],
        ["/Users", "/"],
        ["/work", "/"],
        ["/tmp", "/wt"],
    ]
    .map(|parts| parts.concat());
    for path in all {
        let Ok(text) = fs::read_to_string(root().join(&path)) else {
            continue;
        };
        for home in &homes {
            let found = text.lines().position(|line| line.contains(home.as_str()));
            assert!(
                found.is_none(),
                "{}:{}: {home}",
                path.display(),
                found.unwrap() + 1
            );
        }
    }
}

/// What the README shows for a crate of one's own is the file that is compiled and run here.
#[test]
fn the_three_lines_of_the_readme_are_a_test_of_ours() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let shown = blocks(&readme)
        .into_iter()
        .find(|block| block.info.starts_with("rust"));
    let shown = shown.expect("README.md shows how to get trials").text;
    let ours = fs::read_to_string(root().join("tests/validate.rs")).unwrap();
    let code = |text: &str| -> Vec<String> {
        let lines = text.lines().map(str::trim_end);
        lines
            .filter(|line| !line.is_empty() && !line.starts_with("//"))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(code(&shown), code(&ours));
}
