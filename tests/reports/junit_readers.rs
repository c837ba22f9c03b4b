//! JUnit as readers see it that nobody here wrote, and the rules of Jenkins' schema in our own words.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use allclear::model::{FinishedRun, Status};
use allclear::report::{Format, Style};

use super::built;
use super::explained::several_causes;

const INSTALL: &str = "install python3 with its venv module: apt-get install python3 python3-venv";

/// Exact versions, so that a run today and one next year ask the same readers.
const READERS: [&str; 3] = ["junitparser==5.0.3", "junit2html==31.1.4", "lxml==6.1.3"];

/// The interpreter of an environment with the readers in it, made once under `target/`.
fn python() -> PathBuf {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../junit-readers");
    fs::create_dir_all(&home).unwrap();
    // Tests run in threads and, under nextest, in processes: a lock on a file holds for both.
    let lock = File::create(home.join("lock")).unwrap();
    lock.lock().unwrap();
    let python = home.join("venv/bin/python");
    let ready = home.join("ready");
    let wanted = READERS.join("\n");
    if fs::read_to_string(&ready).is_ok_and(|made| made == wanted) {
        return python;
    }
    let venv = Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(home.join("venv"))
        .status();
    assert!(
        venv.is_ok_and(|made| made.success()),
        "no virtual environment: {INSTALL}"
    );
    let pip = Command::new(&python)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .args(READERS)
        .status()
        .unwrap();
    assert!(
        pip.success(),
        "the readers {READERS:?} could not be installed from PyPI"
    );
    fs::write(&ready, wanted).unwrap();
    python
}

/// What the readers say: their complaints, empty when they accept it, and the counts they agree on.
fn ask(report: &str) -> (String, String) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("report.xml");
    fs::write(&path, report).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reports/junit_readers.py");
    let said = Command::new(python())
        .arg(script)
        .arg(&path)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    assert!(said.stderr.is_empty(), "{}", text(said.stderr));
    let said = text(said.stdout);
    let (counts, complaints) = said.split_once('\n').unwrap();
    (complaints.trim().to_owned(), counts.to_owned())
}

fn junit(run: &FinishedRun) -> String {
    (Format::named("junit").unwrap().render)(run, Style::default())
}

#[test]
fn readers_accept_every_status_and_count_as_we_do() {
    for run in [built::every_status(), several_causes()] {
        let (complaints, counts) = ask(&junit(&run));
        assert_eq!(complaints, "");
        let n = run.record.counts();
        let of = |statuses: &[Status]| -> u64 { statuses.iter().map(|status| n.of(*status)).sum() };
        let expected = format!(
            "{} {} {} {}",
            n.total(),
            of(&[Status::Failed, Status::UnexpectedPass]),
            of(&[Status::Errored, Status::Unproved]),
            of(&[
                Status::Blocked,
                Status::NotRun,
                Status::Skipped,
                Status::Waived
            ]),
        );
        assert_eq!(counts, expected);
    }
}

#[test]
fn readers_accept_whatever_a_target_can_send() {
    let mut run = several_causes();
    let record = std::sync::Arc::make_mut(&mut run.record);
    let header = std::sync::Arc::make_mut(&mut record.header);
    // Every character that XML forbids, or that ends something in it.
    let hostile: String = ('\0'..='\u{a0}')
        .chain("]]>\u{fffe}\u{ffff}\u{202e}\u{feff}".chars())
        .collect();
    header.target.clone_from(&hostile);
    header.host.clone_from(&hostile);
    for test in &mut record.tests {
        let header = std::sync::Arc::make_mut(&mut test.header);
        header.id = header.id.with_row(hostile.as_str());
        header.title = Some(hostile.clone());
        header.place.file = format!("suites/{hostile}.yaml").into();
        test.left_behind.push(hostile.clone());
    }
    let diagnosis = std::sync::Arc::make_mut(&mut run.diagnosis);
    for cause in &mut diagnosis.causes {
        cause.resource.clone_from(&hostile);
        cause.falsify.clone_from(&hostile);
        cause.blame.detail = Some(hostile.clone());
    }
    for one in &mut diagnosis.failures {
        one.test = one.test.with_row(hostile.as_str());
        one.rule.clone_from(&hostile);
        one.evidence.push(hostile.clone());
        one.blame.detail = Some(hostile.clone());
    }
    let (complaints, counts) = ask(&junit(&run));
    assert_eq!(complaints, "");
    assert!(counts.starts_with("17 2 2 9"), "{counts}");
}

#[test]
fn readers_accept_a_run_of_nothing() {
    let verdict = (*built::every_status().verdict).clone();
    assert_eq!(
        ask(&junit(&built::finished(Vec::new(), verdict))),
        (String::new(), "0 0 0 0".to_owned())
    );
}

/// The checker itself: each of these breaks one rule, and must be found.
#[test]
fn each_broken_rule_is_found() {
    let good = junit(&built::every_status());
    for (from, to, complaint) in [
        ("time=\"0.124\"", "time=\"0.1240\"", "decimals"),
        ("<testsuites>", "<testsuites skipped=\"1\">", "skipped"),
        (
            "timestamp=\"2026-11-21T08:57:51\"",
            "timestamp=\"2026-11-21T08:57:51Z\"",
            "offset",
        ),
        ("failures=\"1\"", "failures=\"7\"", "says"),
        ("name=\"nodes\"", "name=\"t\" uuid=\"1\"", "uuid"),
        ("<system-out/>", "<surprise/>", "surprise"),
        ("</testsuites>", "", "lxml"),
        ("name=\"tables[users]\"", "name=\"tables[orders]\"", "twice"),
    ] {
        let broken = good.replacen(from, to, 1);
        assert_ne!(broken, good, "{from} is not in the report");
        let (complaints, _) = ask(&broken);
        assert!(complaints.contains(complaint), "{to}: {complaints}");
    }
}
