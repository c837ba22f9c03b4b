//! Suites that are wrong, one mistake each, with what is said about them beside each; and suites that are right.
//!
//! `tests/suites/invalid/NAME.yaml`, or a folder `NAME` where one file is not enough; the message is `NAME.stderr`, renewed
//! with `UPDATE=1`. Around each stand `allclear.yaml` and `targets/here.yaml`, unless the folder brings its own.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot make its folder has nothing to test"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use allclear::suite::{Given, Root, Suites, Unusable, lint, load, open};

const PROJECT: &str = "target: here
defaults: { timeout: 10s }
categories: { connectivity: { critical: true } }
";

const TARGET: &str = "vars:
  api: http://127.0.0.1:9
  host: 127.0.0.1
  password: \"${secret.password}\"
  has_tls: true
  has_redis: false
  looks_recursive: \"$${has_tls}\"
  yaml: \"x\\\"\\ntests: []\\n#\"
secrets:
  password: { env: PASSWORD }
  missing: { env: MISSING }
  empty: { env: EMPTY }
  broken: { env: BROKEN }
budgets: { page: 5s }
";

/// What no message may hold.
const SECRETS: &[&str] = &[
    "hunter22-of-the-target",
    "hunter22-literal",
    "X-Evil-Part",
    "root:x:0:0",
];

/// A project in a temporary folder.
struct Project {
    dir: tempfile::TempDir,
    given: Given,
}

impl Project {
    fn new() -> Self {
        let environment: BTreeMap<String, String> = [
            ("PASSWORD", "hunter22-of-the-target"),
            ("EMPTY", ""),
            ("BROKEN", "a\r\nX-Evil-Part: 1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let project = Self {
            dir: tempfile::tempdir().unwrap(),
            given: Given {
                environment: Arc::new(environment),
                ..Given::default()
            },
        };
        project.write("allclear.yaml", PROJECT);
        project.write("targets/here.yaml", TARGET);
        project
    }

    /// The project of a file, or of a folder.
    fn of(case: &Path) -> Self {
        let project = Self::new();
        if case.is_dir() {
            for file in files_below(case) {
                let below = file
                    .strip_prefix(case)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned();
                project.write(&below, fs::read(&file).unwrap());
            }
        } else {
            let name = case.file_name().unwrap().to_str().unwrap();
            project.write(name, fs::read(case).unwrap());
        }
        project
    }

    fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    fn write(&self, below: &str, text: impl AsRef<[u8]>) {
        let path = self.path(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn load(&self) -> Result<Suites, Unusable> {
        let root = Root::Folder(self.dir.path().to_owned());
        load(open(&root, None)?, &self.given)
    }

    /// What is said, without this folder's own path and without secrets, which is checked.
    fn told(&self) -> Option<String> {
        let unusable = self.load().err()?;
        let mask = |text: &str| self.given.mask.apply(text).into_owned();
        let text = unusable.problems.render(&unusable.sources, false, &mask);
        let text = text.replace(&format!("{}/", self.dir.path().display()), "");
        for secret in SECRETS {
            assert!(!text.contains(secret), "a secret is shown:\n{text}");
        }
        Some(text)
    }
}

fn cases(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/suites")
        .join(folder);
    let mut cases: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    cases
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found
}

#[test]
fn every_invalid_suite_is_refused_with_its_message() {
    let is_update = std::env::var_os("UPDATE").is_some_and(|value| value == "1");
    let (messages, cases): (Vec<_>, Vec<_>) = cases("invalid").into_iter().partition(|path| {
        path.extension()
            .is_some_and(|extension| extension == "stderr")
    });
    let mut wrong = Vec::new();
    let mut expected = BTreeSet::new();
    for case in &cases {
        let name = case.file_stem().unwrap().to_str().unwrap();
        let name = if case.is_dir() {
            case.file_name().unwrap().to_str().unwrap()
        } else {
            name
        };
        let message = case.with_file_name(format!("{name}.stderr"));
        expected.insert(message.clone());
        let Some(told) = Project::of(case).told() else {
            wrong.push(format!("{name} loads"));
            continue;
        };
        if is_update {
            fs::write(&message, &told).unwrap();
        } else if fs::read_to_string(&message).unwrap_or_default() != told {
            wrong.push(format!("{name} is told otherwise:\n{told}"));
        }
    }
    for message in messages
        .iter()
        .filter(|message| !expected.contains(*message))
    {
        if is_update {
            fs::remove_file(message).unwrap();
        } else {
            wrong.push(format!("{} belongs to nothing", message.display()));
        }
    }
    assert!(cases.len() > 150, "only {} cases", cases.len());
    assert!(
        wrong.is_empty(),
        "{}\nrenew with UPDATE=1",
        wrong.join("\n")
    );
}

#[test]
fn every_valid_suite_loads() {
    for case in cases("valid") {
        let project = Project::of(&case);
        match project.load() {
            Ok(suites) => assert!(!suites.tests.is_empty(), "{}", case.display()),
            Err(unusable) => panic!(
                "{}: {unusable}\n{}",
                case.display(),
                project.told().unwrap_or_default()
            ),
        }
    }
}

const TEST: &str = "category: connectivity\ntests:\n  - name: api\n    http: { url: \"${api}/health\" }\n    expect: { status: 200 }\n";

/// A file that only a test can make is refused, and says this.
#[track_caller]
fn refused(name: &str, text: impl AsRef<[u8]>, says: &str) {
    let project = Project::new();
    project.write(name, text);
    let told = project.told().unwrap_or_else(|| panic!("{name} loads"));
    assert!(told.contains(says), "{told}");
    assert!(told.len() < 10_000, "{} bytes of message", told.len());
}

#[test]
fn what_is_no_text_is_refused() {
    refused("nul.yaml", TEST.replace("health", "he\0alth"), "nul.yaml");
    refused(
        "latin1.yaml",
        b"category: connectivity # caf\xe9\n",
        "latin1.yaml",
    );
    let utf16: Vec<u8> = TEST.encode_utf16().flat_map(u16::to_le_bytes).collect();
    refused(
        "utf16.yaml",
        [&[0xff, 0xfe], &utf16[..]].concat(),
        "utf16.yaml",
    );
}

#[test]
fn what_is_too_much_is_refused() {
    refused(
        "flow.yaml",
        format!("a: {}", "[".repeat(100_000)),
        "flow.yaml",
    );
    let block = (0..2_000).fold(String::new(), |text, depth| {
        text + &" ".repeat(depth) + "a:\n"
    });
    refused("block.yaml", block, "block.yaml");
    let mut chain = String::from("a0: &a0 x\n");
    for link in 1..50_000 {
        writeln!(chain, "a{link}: &a{link} [*a{}]", link - 1).unwrap();
    }
    refused("chain.yaml", chain, "chain.yaml");
    refused(
        "scalar.yaml",
        format!("category: {}\n", "x".repeat(50 << 20)),
        "scalar.yaml",
    );
    let project = Project::new();
    let file = fs::File::create(project.path("huge.yaml")).unwrap();
    file.set_len(100 << 20).unwrap();
    let told = project.told().unwrap();
    assert!(
        told.contains("more than the 32 MiB a file may have"),
        "{told}"
    );
}

#[test]
fn what_is_no_file_is_refused() {
    let project = Project::new();
    let made = std::process::Command::new("mkfifo")
        .arg(project.path("pipe.yaml"))
        .status();
    assert!(made.unwrap().success());
    std::os::unix::fs::symlink("/dev/zero", project.path("zero.yaml")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", project.path("passwd.yaml")).unwrap();
    let told = project.told().unwrap();
    for part in [
        "pipe.yaml: not a regular file",
        "zero.yaml is a link that leads out",
        "passwd.yaml is a link that leads out",
    ] {
        assert!(told.contains(part), "{part}:\n{told}");
    }
}

#[test]
fn twenty_thousand_tests_load() {
    let project = Project::new();
    let mut text = String::from("category: connectivity\ntests:\n");
    for number in 0..20_000 {
        let test = format!(
            "  - name: api-{number}\n    http: {{ url: \"${{api}}/{number}\" }}\n    expect: {{ status: 200, body: x }}\n"
        );
        text.push_str(&test);
    }
    project.write("many.yaml", text);
    let suites = project
        .load()
        .unwrap_or_else(|_| panic!("{}", project.told().unwrap_or_default()));
    assert_eq!(suites.tests.len(), 20_000);
    assert!(lint(&suites).is_empty());
}

#[test]
fn a_value_is_never_looked_at_again() {
    let project = Project::new();
    project.write(
        "a.yaml",
        TEST.replace("/health", "/${looks_recursive | urlencode}"),
    );
    let suites = project.load().unwrap();
    assert_eq!(
        suites.tests[0].steps[0].request.as_deref(),
        Some("GET http://127.0.0.1:9/%24%7Bhas_tls%7D")
    );
}
