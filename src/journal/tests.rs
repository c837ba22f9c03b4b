use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::{TempDir, tempdir};

use super::*;
use crate::model::{Event, FinishedRun, NotRun, RunHeader, RunId, RunRecord, Status, Why};
use crate::wire::{self, specimen};

const VERSION_1: &str = "tests/wire/journal-1.jsonl";
const RUN: &str = "20261121T085751Z-3f9a1c";

fn id(text: &str) -> RunId {
    RunId::parse(text).unwrap()
}

/// A recorded run, whole: where it is and what it was.
fn recorded() -> (TempDir, PathBuf, FinishedRun) {
    let runs = tempdir().unwrap();
    let run = specimen::finished("text\nwith a second line, and ü");
    let mut journal = Journal::create(runs.path(), &id(RUN)).unwrap();
    journal.append(&specimen::events(&run)).unwrap();
    let folder = journal.folder().to_owned();
    (runs, folder, run)
}

/// An empty run of this name, as a killed process leaves it.
fn left_behind(runs: &Path, name: &str) -> PathBuf {
    let mut journal = Journal::create(runs, &id(name)).unwrap();
    let header = RunHeader {
        id: id(name),
        tests: Vec::new(),
        ..(*specimen::finished("text").record.header).clone()
    };
    journal
        .append(&[Event::RunStarted(Arc::new(header))])
        .unwrap();
    journal.folder().to_owned()
}

fn lines(folder: &Path) -> Vec<String> {
    let text = fs::read_to_string(folder.join(JOURNAL)).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn write_lines(folder: &Path, lines: &[String]) {
    fs::write(folder.join(JOURNAL), lines.join("\n") + "\n").unwrap();
}

#[test]
fn a_run_reads_back_as_it_was_told() {
    let (_runs, folder, run) = recorded();
    for path in [folder.clone(), folder.join(JOURNAL)] {
        let back = read(&path).unwrap();
        assert!(back.complete && !back.running);
        assert_eq!(back.verdict.unwrap(), run.verdict);
        assert_eq!(back.diagnosis.unwrap(), run.diagnosis);
        assert_eq!(format!("{:?}", back.record), format!("{:?}", *run.record));
    }
}

#[test]
fn a_result_is_on_disk_when_append_returns() {
    let runs = tempdir().unwrap();
    let run = specimen::finished("text");
    let mut journal = Journal::create(runs.path(), &id(RUN)).unwrap();
    let mut told = 1;
    for events in specimen::events(&run).chunks(2) {
        journal.append(events).unwrap();
        told += events.len();
        assert_eq!(lines(journal.folder()).len(), told);
    }
}

#[test]
fn a_journal_of_version_1_keeps_loading() {
    let back = read(Path::new(VERSION_1)).unwrap();
    assert!(back.complete);
    assert_eq!(back.verdict.unwrap().word.name(), "GO");
    assert_eq!(back.record.counts().of(Status::Passed), 1);
    assert_eq!(back.diagnosis, None, "nobody diagnosed then");
}

#[test]
fn a_torn_last_line_is_left_out_wherever_it_is_torn() {
    let home = tempdir().unwrap();
    let journal = home.path().join("copied.jsonl");
    let whole = fs::read_to_string(VERSION_1).unwrap();
    let last = whole.find(r#"{"judged""#).unwrap();
    for cut in last..whole.len() - 1 {
        fs::write(&journal, &whole[..cut]).unwrap();
        let back = read(&journal).unwrap();
        assert!(back.complete && back.verdict.is_none(), "cut at {cut}");
    }
    // Only the line's end is missing: the event is whole.
    fs::write(&journal, &whole[..whole.len() - 1]).unwrap();
    assert!(read(&journal).unwrap().verdict.is_some());
    // In the middle of a character.
    let torn = [&whole.as_bytes()[..last], b"{\"judged\":{\"word\":\"\xc3"].concat();
    fs::write(&journal, torn).unwrap();
    assert!(read(&journal).unwrap().verdict.is_none());
}

#[test]
fn what_a_killed_run_did_not_get_to_was_not_run() {
    let (_runs, folder, run) = recorded();
    let lines = lines(&folder);
    let first_end = lines
        .iter()
        .position(|line| line.starts_with(r#"{"test_ended""#))
        .unwrap();
    write_lines(&folder, &lines[..=first_end]);
    let back = read(&folder).unwrap();
    assert!(!back.complete && back.verdict.is_none());
    assert_eq!(back.record.tests.len(), run.record.tests.len());
    assert_eq!(back.record.tests[0].status, Status::Passed);
    for test in &back.record.tests[1..] {
        assert_eq!(test.status, Status::NotRun);
        assert_eq!(test.why, Some(Why::NotRun(NotRun::Killed)));
    }
}

#[test]
fn a_run_that_was_killed_when_all_had_ended_never_ended() {
    let (_runs, folder, run) = recorded();
    assert!(read(&folder).unwrap().record.ended);
    let lines = lines(&folder);
    let last_end = lines
        .iter()
        .rposition(|line| line.starts_with(r#"{"test_ended""#))
        .unwrap();
    write_lines(&folder, &lines[..=last_end]);
    let back = read(&folder).unwrap().record;
    let ends = |record: &RunRecord| {
        record
            .tests
            .iter()
            .map(|test| test.status)
            .collect::<Vec<_>>()
    };
    assert_eq!(ends(&back), ends(&run.record));
    assert!(!back.ended);
}

#[test]
fn a_damaged_line_in_the_middle_is_refused_and_named() {
    let (_runs, folder, _) = recorded();
    let whole = lines(&folder);
    let mut damaged = whole.clone();
    damaged[3].truncate(20);
    write_lines(&folder, &damaged);
    assert!(matches!(
        read(&folder),
        Err(JournalError::Damaged { line: 4, .. })
    ));

    // A last line that has its end was not torn.
    let mut damaged = whole;
    damaged.last_mut().unwrap().truncate(20);
    write_lines(&folder, &damaged);
    let error = read(&folder).unwrap_err();
    assert!(matches!(error, JournalError::Damaged { .. }), "{error}");
    assert!(
        error.to_string().contains("journal.jsonl` line "),
        "{error}"
    );
}

#[test]
fn events_that_cannot_stand_there_are_refused() {
    let (_runs, folder, _) = recorded();
    let whole = lines(&folder);
    let beyond = r#"{"test_started":{"test":999,"at_ns":1}}"#.to_owned();
    for (line, lines) in [
        (2, [&whole[..1], &whole[2..]].concat()),
        (3, [&whole[..2], &whole[1..]].concat()),
        (3, [&whole[..2], &[beyond]].concat()),
    ] {
        write_lines(&folder, &lines);
        match read(&folder) {
            Err(JournalError::Misplaced { line: found, .. }) => assert_eq!(found, line),
            other => panic!("{other:?}"),
        }
    }
    let preface = wire::preface(&id("20261121T085751Z-ffffff"));
    write_lines(&folder, &[&[preface], &whole[1..]].concat());
    assert!(matches!(
        read(&folder),
        Err(JournalError::Misplaced { line: 2, .. })
    ));
}

#[test]
fn looks_that_cannot_stand_there_are_refused() {
    let (_runs, folder, _) = recorded();
    let whole = lines(&folder);
    let at = |kind: &str| {
        let starts = |line: &String| line.starts_with(&format!("{{\"{kind}\""));
        whole.iter().position(starts).unwrap()
    };
    let looks = at("looks_ended");
    let ended = at("run_ended");
    let test = whole[looks].split(',').next().unwrap();
    let test = test.rsplit(':').next().unwrap();
    let end = format!("{{\"test_ended\":{{\"test\":{test},");
    let end = whole
        .iter()
        .position(|line| line.starts_with(&end))
        .unwrap();
    let moved = |to: usize| {
        let mut lines = whole.clone();
        let line = lines.remove(looks);
        lines.insert(to, line);
        (to, lines)
    };
    let twice = {
        let mut lines = whole.clone();
        lines.insert(looks, whole[looks].clone());
        (looks + 1, lines)
    };
    let changed = |from: &str, to: &str| {
        let mut lines = whole.clone();
        lines[looks] = lines[looks].replacen(from, to, 1);
        assert_ne!(lines[looks], whole[looks]);
        (looks, lines)
    };
    for (at, lines) in [
        moved(end),
        moved(ended),
        twice,
        changed("\"attempt\":", "\"attempt\":9"),
        changed("\"diagnostic\":true", "\"diagnostic\":false"),
    ] {
        write_lines(&folder, &lines);
        match read(&folder) {
            Err(JournalError::Misplaced { line, .. }) => assert_eq!(line, at + 1),
            other => panic!("{at}: {other:?}"),
        }
    }
    write_lines(&folder, &whole);
    read(&folder).unwrap();
}

#[test]
fn a_newer_a_foreign_and_an_empty_file_are_told_apart() {
    let (_runs, folder, _) = recorded();
    let mut newer = lines(&folder);
    newer[0] = newer[0].replace(r#""version":2"#, r#""version":3"#);
    write_lines(&folder, &newer);
    let error = read(&folder).unwrap_err();
    assert!(
        matches!(
            &error,
            JournalError::Foreign {
                error: wire::WireError::Version { found: 3, .. },
                ..
            }
        ),
        "{error}"
    );
    for foreign in ["<testsuite/>\n", "{\"a\":1}\n", "\u{1}\u{2}", "\n"] {
        fs::write(folder.join(JOURNAL), foreign).unwrap();
        let error = read(&folder).unwrap_err();
        assert!(
            matches!(error, JournalError::Foreign { .. }),
            "{foreign:?}: {error}"
        );
    }
    for empty in [String::new(), wire::preface(&id(RUN)) + "\n"] {
        fs::write(folder.join(JOURNAL), empty).unwrap();
        assert!(matches!(read(&folder), Err(JournalError::Empty(_))));
    }
    let missing = folder.join("nothing");
    assert!(matches!(
        read(&missing),
        Err(JournalError::Io { action: "read", .. })
    ));
}

#[test]
fn only_its_owner_can_read_a_run() {
    let home = tempdir().unwrap();
    let runs = home.path().join(".allclear/runs");
    let journal = Journal::create(&runs, &id(RUN)).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&home.path().join(".allclear")), 0o700);
    assert_eq!(mode(&runs), 0o700);
    assert_eq!(mode(journal.folder()), 0o700);
    assert_eq!(mode(&journal.folder().join(JOURNAL)), 0o600);
}

#[test]
fn a_run_never_takes_what_is_already_there() {
    let home = tempdir().unwrap();
    let runs = home.path();
    let _first = Journal::create(runs, &id(RUN)).unwrap();
    assert!(matches!(
        Journal::create(runs, &id(RUN)),
        Err(JournalError::Exists(_))
    ));

    // A link with the run's name, to a folder or to nothing, is not followed.
    let elsewhere = tempdir().unwrap();
    for (name, end) in [
        ("20261121T085751Z-aaaaaa", elsewhere.path().to_owned()),
        ("20261121T085751Z-bbbbbb", elsewhere.path().join("dangling")),
    ] {
        symlink(&end, runs.join(name)).unwrap();
        assert!(matches!(
            Journal::create(runs, &id(name)),
            Err(JournalError::Exists(_))
        ));
    }
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[test]
fn a_name_that_leaves_the_folder_is_refused() {
    let home = tempdir().unwrap();
    for name in ["../x", "", ".", "run", "/tmp/x"] {
        let error = Journal::create(home.path(), &RunId::new(name)).unwrap_err();
        assert!(matches!(error, JournalError::Name(_)), "{error}");
    }
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let home = tempdir().unwrap();
    let runs = home.path().join("file");
    fs::write(&runs, "").unwrap();
    let error = Journal::create(&runs, &id(RUN)).unwrap_err();
    assert!(
        matches!(&error, JournalError::Io { action: "create", path, .. } if path.starts_with(&runs))
    );
    assert!(
        error.to_string().starts_with("could not create `"),
        "{error}"
    );
}

#[test]
fn a_run_is_found_by_last_by_id_by_its_beginning_and_by_path() {
    let home = tempdir().unwrap();
    let runs = home.path();
    assert!(matches!(find(runs, "last"), Err(JournalError::NoRuns(_))));
    let names = [
        "20261121T085751Z-3f9a1c",
        "20261121T085751Z-3f9a1c00",
        "20261122T000000Z-000000",
        "20250101T000000Z-ffffff",
    ];
    let folders = names.map(|name| left_behind(runs, name));
    // What is not a run is neither listed nor found.
    fs::create_dir(runs.join("20301121T085751Z-3f9a1c")).unwrap();
    fs::create_dir(runs.join("zzz")).unwrap();
    symlink(&folders[0], runs.join("20301121T085751Z-3f9a1d")).unwrap();

    let listed: Vec<RunId> = list(runs).into_iter().map(|run| run.id).collect();
    assert_eq!(listed, [names[3], names[0], names[1], names[2]].map(id));
    assert_eq!(find(runs, "last").unwrap(), folders[2]);
    assert_eq!(find(runs, names[0]).unwrap(), folders[0]);
    assert_eq!(find(runs, "2025").unwrap(), folders[3]);
    let journal = folders[1].join(JOURNAL);
    for path in [&folders[1], &journal] {
        assert_eq!(find(runs, path.to_str().unwrap()).unwrap(), *path);
        read(path).unwrap();
    }

    let error = find(runs, "20261121").unwrap_err();
    assert!(matches!(&error, JournalError::Ambiguous { matches, .. } if matches.len() == 2));
    assert_eq!(
        error.to_string(),
        "`20261121` could be `20261121T085751Z-3f9a1c00` or `20261121T085751Z-3f9a1c`: write more of it"
    );
    for wanted in ["", "2031", "zzz", "./nowhere", "2030"] {
        let error = find(runs, wanted).unwrap_err();
        assert!(
            matches!(error, JournalError::Unknown { .. }),
            "{wanted}: {error}"
        );
    }
}

#[test]
fn pruning_keeps_the_last_runs_and_all_that_is_not_ours() {
    let home = tempdir().unwrap();
    let runs = home.path();
    let names = [
        "20250101T000000Z-aaaaaa",
        "20250102T000000Z-aaaaaa",
        "20250103T000000Z-aaaaaa",
        "20250104T000000Z-aaaaaa",
    ];
    let folders = names.map(|name| left_behind(runs, name));
    fs::write(folders[0].join("evidence.log"), "").unwrap();
    // Old enough to go, and yet not ours.
    let no_journal = runs.join("20200101T000000Z-aaaaaa");
    fs::create_dir(&no_journal).unwrap();
    let no_run = runs.join("notes");
    fs::create_dir(&no_run).unwrap();
    fs::write(no_run.join(JOURNAL), "{}").unwrap();
    let elsewhere = tempdir().unwrap();
    let target = left_behind(elsewhere.path(), names[0]);
    let link = runs.join("20200102T000000Z-aaaaaa");
    symlink(&target, &link).unwrap();

    let pruned = prune(runs, 2);
    assert_eq!(pruned.removed, [id(names[0]), id(names[1])]);
    assert!(pruned.failed.is_empty(), "{:?}", pruned.failed);
    assert_eq!(
        folders.map(|folder| folder.exists()),
        [false, false, true, true]
    );
    assert!(
        no_journal.exists() && no_run.exists() && link.exists() && target.join(JOURNAL).exists()
    );
    assert!(prune(runs, 2).removed.is_empty());
    assert!(prune(&runs.join("nothing"), 0).removed.is_empty());
}

#[test]
fn a_run_that_is_being_written_is_never_pruned() {
    let home = tempdir().unwrap();
    let runs = home.path();
    let old = left_behind(runs, "20250101T000000Z-aaaaaa");
    let mut journal = Journal::create(runs, &id(RUN)).unwrap();
    let run = specimen::finished("text");
    journal.append(&specimen::events(&run)[..1]).unwrap();

    assert_eq!(prune(runs, 0).removed, [id("20250101T000000Z-aaaaaa")]);
    assert!(!old.exists());
    let back = read(journal.folder()).unwrap();
    assert!(back.running && !back.complete);

    let folder = journal.folder().to_owned();
    drop(journal);
    assert!(!read(&folder).unwrap().running);
    assert_eq!(prune(runs, 0).removed, [id(RUN)]);
}

#[test]
fn a_run_that_another_process_is_about_to_write_is_not_pruned() {
    let home = tempdir().unwrap();
    let folder = home.path().join(RUN);
    fs::create_dir(&folder).unwrap();
    let mut journal = fs::File::create(folder.join(JOURNAL)).unwrap();
    assert!(prune(home.path(), 0).removed.is_empty());
    journal.write_all(b"{}\n").unwrap();
    assert_eq!(prune(home.path(), 0).removed, [id(RUN)]);
}
