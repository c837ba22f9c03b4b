//! Reports on disk: whole or not at all, each on its own.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::path::Path;

use allclear::report::{Destination, Lost, LostCause, Request, Style, check_writable, write_all};

use super::built;

fn asked(format: &str, path: &Path) -> Request {
    Request::parse(&format!("{format}={}", path.display())).unwrap()
}

fn write(requests: &[Request]) -> Vec<Lost> {
    let run = built::every_status();
    write_all(requests, &run, Style::default(), &mut io::sink())
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_report_replaces_the_old_one_and_leaves_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out.xml");
    fs::write(&path, "old").unwrap();
    assert!(write(&[asked("junit", &path)]).is_empty());
    assert!(fs::read_to_string(&path).unwrap().starts_with("<?xml"));
    assert_eq!(names(directory.path()), ["out.xml"]);
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o600, 0o600, "{mode:o}");
    assert_eq!(mode & 0o111, 0, "{mode:o}");
}

#[test]
fn one_lost_report_takes_no_other_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let good = directory.path().join("good.xml");
    let requests = [
        asked("console", &directory.path().join("absent/out.txt")),
        asked("console", directory.path()),
        asked("console", Path::new("/dev/full")),
        asked("junit", &good),
    ];
    let lost = write(&requests);
    assert!(
        matches!(lost[0].cause, LostCause::NoDirectory(_)),
        "{lost:?}"
    );
    assert!(matches!(lost[1].cause, LostCause::IsADirectory), "{lost:?}");
    let LostCause::Io(full) = &lost[2].cause else {
        panic!("{lost:?}");
    };
    assert_eq!(full.kind(), io::ErrorKind::StorageFull);
    assert_eq!(lost.len(), 3, "{lost:?}");
    assert!(good.exists());
    assert!(
        fs::metadata("/dev/full")
            .unwrap()
            .file_type()
            .is_char_device()
    );
}

#[test]
fn what_cannot_be_written_is_known_before_the_first_probe() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "old").unwrap();
    let check = |path: &Path| check_writable(&[asked("junit", path)]);
    assert!(check(&directory.path().join("new.xml")).is_ok());
    assert!(check(&file).is_ok());
    assert!(check(Path::new("/dev/null")).is_ok());
    assert_eq!(fs::read_to_string(&file).unwrap(), "old");
    assert_eq!(names(directory.path()), ["file"]);

    let message = check(&directory.path().join("absent/x.xml"))
        .unwrap_err()
        .to_string();
    assert!(message.starts_with("the junit report `"), "{message}");
    assert!(message.contains("/absent` does not exist"), "{message}");
    let below_a_file = check(&file.join("x.xml")).unwrap_err();
    assert!(
        matches!(below_a_file.cause, LostCause::NotADirectory(_)),
        "{below_a_file}"
    );
    assert!(matches!(
        check(directory.path()).unwrap_err().cause,
        LostCause::IsADirectory
    ));
    // Nobody, root included, can create a file here.
    assert!(matches!(
        check(Path::new("/proc/x.xml")).unwrap_err().cause,
        LostCause::Io(_)
    ));
}

#[test]
fn a_link_stays_a_link() {
    let directory = tempfile::tempdir().unwrap();
    let (real, link) = (
        directory.path().join("real.xml"),
        directory.path().join("link.xml"),
    );
    fs::write(&real, "old").unwrap();
    symlink(&real, &link).unwrap();
    assert!(write(&[asked("junit", &link)]).is_empty());
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(fs::read_to_string(&real).unwrap().starts_with("<?xml"));
}

#[test]
fn a_fifo_gets_the_report_and_stays_a_fifo() {
    let directory = tempfile::tempdir().unwrap();
    let fifo = directory.path().join("fifo");
    let made = std::process::Command::new("mkfifo")
        .arg(&fifo)
        .status()
        .unwrap();
    assert!(made.success());
    let reader = std::thread::spawn({
        let fifo = fifo.clone();
        move || fs::read_to_string(fifo).unwrap()
    });
    assert!(write(&[asked("junit", &fifo)]).is_empty());
    assert!(reader.join().unwrap().starts_with("<?xml"));
    assert!(fs::metadata(&fifo).unwrap().file_type().is_fifo());
}

/// Standard output as a test can break it.
struct Broken(io::ErrorKind);

impl Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_that_leaves_loses_nothing_but_a_full_disk_does() {
    let run = built::every_status();
    let request = [Request::parse("console").unwrap()];
    assert_eq!(request[0].to, Destination::Stdout);
    let mut left = Broken(io::ErrorKind::BrokenPipe);
    assert!(write_all(&request, &run, Style::default(), &mut left).is_empty());
    let mut full = Broken(io::ErrorKind::StorageFull);
    let lost = write_all(&request, &run, Style::default(), &mut full);
    assert_eq!(lost.len(), 1);
    assert!(
        lost[0]
            .to_string()
            .starts_with("the console report is lost: "),
        "{}",
        lost[0]
    );
}

#[test]
fn files_get_no_colours() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out.txt");
    let style = Style {
        colour: true,
        ..Style::default()
    };
    let mut stdout = Vec::new();
    let requests = [asked("console", &path), Request::parse("console").unwrap()];
    assert!(write_all(&requests, &built::every_status(), style, &mut stdout).is_empty());
    assert!(!fs::read_to_string(&path).unwrap().contains('\u{1b}'));
    assert!(stdout.contains(&0x1b));
}
