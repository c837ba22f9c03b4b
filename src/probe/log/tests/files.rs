//! Logs in files and pipes.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::super::file;
use super::super::tally::{Rules, Tally};
use super::*;
use crate::model::Unable;
use crate::probe::Context;
use crate::probe::testing::{AMPLE, BUDGET, look_in};
use crate::template::Mask;

/// A file with this text, in a folder of its own.
fn holding(text: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.log");
    fs::write(&path, text).unwrap();
    (folder, path)
}

fn log(path: &Path, more: &str) -> Log {
    let keys = keys(more);
    read(&format!("{{ file: {}, {keys} }}", path.display()))
}

async fn seen(text: impl AsRef<[u8]>, more: &str) -> Observation {
    let (_folder, path) = holding(text);
    look(&log(&path, more)).await.unwrap()
}

#[tokio::test]
async fn lines_are_counted_by_pattern() {
    let seen = seen(APP, "").await;
    let expected = [
        ("container_exit", &Value::int(1)),
        ("missing_module", &Value::int(1)),
        ("quiet", &Value::int(0)),
    ];
    assert_eq!(counts(&seen), expected);
    assert_eq!(lines(&seen), Some(Value::int(6)));
    assert_eq!(fact(&seen, "size"), Some(&Value::int(APP.len() as u64)));
    let text = |name| fact(&seen, name).and_then(Value::as_text);
    assert_eq!(text("oldest"), Some("2026-11-21T09:59:58Z"));
    assert_eq!(text("newest"), Some("2026-11-21T10:00:02Z"));
    let shown = evidence(&seen, "counts.missing_module").unwrap();
    assert_eq!(
        shown,
        "line 5: ModuleNotFoundError: No module named 'asyncpg'\n"
    );
    assert!(evidence(&seen, "counts.quiet").is_none());
    assert!(seen.phase(Phase::Read).is_some());
}

#[tokio::test]
async fn only_lines_since_then_count_and_those_without_a_time_belong_to_the_one_before() {
    for (since, left, modules, exits) in [
        ("2026-11-21T09:00:00Z", 6, 1, 1),
        ("2026-11-21T10:00:00.5Z", 5, 1, 1),
        ("2026-11-21T11:00:01+01:00", 4, 1, 1),
        ("2026-11-21T10:00:02Z", 1, 0, 1),
        ("2026-11-21T10:00:03Z", 0, 0, 0),
    ] {
        let seen = seen(APP, &format!(", since: \"{since}\"")).await;
        assert_eq!(lines(&seen), Some(Value::int(left)), "{since}");
        assert_eq!(
            count(&seen, "missing_module"),
            Some(Value::int(modules)),
            "{since}"
        );
        assert_eq!(
            count(&seen, "container_exit"),
            Some(Value::int(exits)),
            "{since}"
        );
    }
}

#[tokio::test]
async fn what_stands_before_the_first_time_is_as_old_as_that() {
    let text = format!("ImportError: of a run before\n{APP}");
    let all = seen(&text, ", since: \"2026-11-21T09:00:00Z\"").await;
    assert_eq!(count(&all, "missing_module"), Some(Value::int(2)));
    let late = seen(&text, ", since: \"2026-11-21T10:00:00Z\"").await;
    assert_eq!(count(&late, "missing_module"), Some(Value::int(1)));
    assert_eq!(lines(&late), Some(Value::int(5)));
}

#[tokio::test]
async fn the_time_of_a_line_can_be_anywhere_and_in_json() {
    let far = format!("{} 2026-11-21T09:00:00Z", "x".repeat(80));
    let text = format!("a [2026-11-21 10:00:00,5] {far}\na [2026-11-21 09:00:00,5] {far}\n");
    let seen_it = seen(
        &text,
        r#", since: "2026-11-21T10:00:00Z", time: '\[([^]]+)\]'"#,
    )
    .await;
    assert_eq!(lines(&seen_it), Some(Value::int(1)));
    let json = "{\"m\": \"ImportError\", \"time\": \"2026-11-21T09:00:00Z\"}\n{\"time\": \"2026-11-21T10:00:00Z\", \"m\": \"ImportError\"}\n";
    let seen_it = seen(json, ", since: \"2026-11-21T10:00:00Z\"").await;
    assert_eq!(count(&seen_it, "missing_module"), Some(Value::int(1)));
}

#[tokio::test]
async fn a_log_that_cannot_be_told_apart_or_has_no_line_proves_nothing() {
    let (_folder, path) = holding("started\nstopped\n");
    let (fault, seen) = stopped(look(&log(&path, ", since: \"2026-11-21T10:00:00Z\"")).await);
    assert_eq!(fault.as_str(), "log.undated");
    assert_eq!(lines(&seen), Some(Value::int(2)));
    for (line, tells) in [("{\"ts\": 1763719200.5}", true), ("{\"ts\": 17}", false)] {
        fs::write(&path, format!("{line}\n{line}\n")).unwrap();
        let (fault, seen) = stopped(look(&log(&path, ", since: \"2026-11-21T10:00:00Z\"")).await);
        assert_eq!(fault.as_str(), "log.undated");
        let message = seen.fault.unwrap().message;
        assert_eq!(message.contains("a number of seconds"), tells, "{message}");
    }
    fs::write(&path, "").unwrap();
    assert_eq!(code(look(&log(&path, "")).await), "log.empty");
    let since = ", since: \"2026-11-21T10:00:00Z\"";
    assert_eq!(code(look(&log(&path, since)).await), "log.empty");
}

#[tokio::test]
async fn a_last_line_without_an_end_counts_as_do_lines_of_windows() {
    let seen = seen("ImportError\r\nContainer called exit(1)", "").await;
    assert_eq!(lines(&seen), Some(Value::int(2)));
    assert_eq!(count(&seen, "container_exit"), Some(Value::int(1)));
    let shown = evidence(&seen, "counts.missing_module").unwrap();
    assert_eq!(shown, "line 1: ImportError\n");
}

#[tokio::test]
async fn five_lines_are_shown_masked_and_cut() {
    let line = format!("ImportError {} hunter22\n", "x".repeat(1009));
    let (_folder, path) = holding(line.repeat(7));
    let ctx = Context::for_tests(AMPLE);
    ctx.shared.mask.add("hunter22");
    let seen = look_in(&log(&path, ""), &ctx).await.unwrap();
    let shown = evidence(&seen, "counts.missing_module").unwrap();
    assert_eq!(shown.lines().count(), 6, "{shown}");
    assert!(
        shown.ends_with("…\nand 2 more\n") && !shown.contains("hunt"),
        "{shown}"
    );
}

#[tokio::test]
async fn a_long_log_is_read_piece_by_piece() {
    let (_folder, path) = holding("ImportError: at the beginning\n");
    let mut file = fs::File::options().append(true).open(&path).unwrap();
    // One line of 24 MiB that is not on the disk, and holds nothing.
    file.set_len(24 * 1024 * 1024).unwrap();
    file.write_all(b"\nContainer called exit(1)\n").unwrap();
    let seen = look(&log(&path, "")).await.unwrap();
    assert_eq!(lines(&seen), Some(Value::int(3)));
    assert_eq!(count(&seen, "container_exit"), Some(Value::int(1)));
    assert_eq!(count(&seen, "missing_module"), Some(Value::int(1)));
}

#[tokio::test]
async fn a_log_may_be_too_large() {
    let (_folder, path) = holding(APP);
    let (fault, seen) = stopped(look(&log(&path, ", max_size: 100B")).await);
    assert_eq!(fault.as_str(), "log.too_large");
    assert_eq!(count(&seen, "missing_module"), Some(Value::int(1)));
    let most = format!(", max_size: {}B", APP.len());
    assert!(look(&log(&path, &most)).await.is_ok());
}

#[tokio::test]
async fn what_cannot_be_read_is_no_fault_of_the_target() {
    let (folder, path) = holding("");
    for bytes in [
        &b"\x1f\x8b\x08\0"[..],
        b"\x28\xb5\x2f\xfd\0",
        b"\xff\xfea\0",
        b"\xfd7zXZ\0\0",
        b"BZh91AY&SY",
        b"PK\x03\x04",
    ] {
        fs::write(&path, bytes).unwrap();
        assert_eq!(unable(look(&log(&path, "")).await).kind, Unable::File);
    }
    let missing = folder.path().join("none.log");
    for place in [folder.path(), &missing, Path::new("/dev/null")] {
        let error = unable(look(&log(place, "")).await);
        assert_eq!(error.kind, Unable::File, "{error:?}");
        assert!(
            error.message.contains(&place.display().to_string()),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_log_that_is_rotated_while_it_is_read_goes_on_under_its_name() {
    let (folder, path) = holding("ImportError 1\n");
    let opened = file::open(&path).await.unwrap();
    fs::rename(&path, folder.path().join("app.log.1")).unwrap();
    fs::write(&path, "ImportError 2\nImportError 3\n").unwrap();
    assert_eq!(imports(opened, &path).await.unwrap(), 3);
    // Moved away, and no other is there yet.
    let opened = file::open(&path).await.unwrap();
    fs::rename(&path, folder.path().join("app.log.2")).unwrap();
    assert_eq!(imports(opened, &path).await.unwrap(), 2);
}

/// So many lines say `ImportError`.
async fn imports(opened: file::Opened, path: &Path) -> Result<u64, Halt> {
    let rules = Rules {
        patterns: vec![("imports".to_owned(), Pattern::new("ImportError"))],
        time: None,
        since: None,
    };
    let mask = Mask::default();
    let mut tally = Tally::new(&rules, &mask);
    file::read(opened, path, u64::MAX, &mut tally).await?;
    tally.finish();
    Ok(tally.count(0))
}

#[tokio::test]
async fn a_pipe_that_never_ends_is_left_with_what_came_until_then() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.unwrap().success());
    // Nobody writes.
    let (fault, seen) = stopped(brief_look(&log(&path, "")).await);
    assert_eq!(fault.as_str(), "log.timeout");
    assert_eq!(fact(&seen, "counts"), None);
    // Somebody does, and does not stop.
    let reader = file::open(&path).await.unwrap();
    let mut writer = fs::File::options().write(true).open(&path).unwrap();
    writer.write_all(b"ImportError\n").unwrap();
    let (fault, seen) = stopped(brief_look(&log(&path, "")).await);
    drop(reader);
    assert_eq!(fault.as_str(), "log.timeout");
    assert_eq!(count(&seen, "missing_module"), Some(Value::int(1)));
    assert!(seen.latency < BUDGET * 3, "{:?}", seen.latency);
}
