//! A data directory that is made once and copied for every server, since to make one takes longer than to start a server.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::daemon::directory;
use super::user::User;

/// Copies the data directory of this name to `place`, which is not there yet. The first who comes makes it: `make` is
/// given a path in a directory of the user's. It is made anew when the program or the recipe has changed.
#[track_caller]
pub(super) fn copy(
    name: &str,
    program: &Path,
    recipe: &str,
    user: &User,
    place: &Path,
    make: impl FnOnce(&Path),
) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let key = key(program, recipe, user);
    let template = folder.join(format!("{name}-{key:016x}"));
    if !template.exists() {
        let lock = File::create(folder.join(format!("{name}.lock"))).unwrap();
        lock.lock().unwrap();
        // Whoever had the lock before us may have made it.
        if !template.exists() {
            make_once(&template, user, make);
        }
    }
    copy_all(&template, place);
}

/// The user may not reach our folder, so it is made elsewhere; under its own name it is there as a whole or not at all.
#[track_caller]
fn make_once(template: &Path, user: &User, make: impl FnOnce(&Path)) {
    let workshop = directory();
    user.owns(workshop.path());
    let data = workshop.path().join("data");
    make(&data);
    let unfinished = template.with_extension("unfinished");
    let _ = fs::remove_dir_all(&unfinished);
    copy_all(&data, &unfinished);
    fs::rename(unfinished, template).unwrap();
}

#[track_caller]
fn copy_all(from: &Path, to: &Path) {
    let mut copy = Command::new("cp");
    let done = copy.args(["-a", "--reflink=auto", "-T"]).args([from, to]);
    succeed(done);
}

/// Other data directories than ours have other keys: who owns it, what made it, and how.
fn key(program: &Path, recipe: &str, user: &User) -> u64 {
    let program: PathBuf = program.canonicalize().unwrap();
    let made = fs::metadata(&program).unwrap().modified().unwrap();
    let mut hasher = DefaultHasher::new();
    (program, made, recipe, &user.name).hash(&mut hasher);
    hasher.finish()
}

/// What the command says, when it succeeds.
#[track_caller]
pub(super) fn succeed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
    let status = output.status;
    assert!(
        status.success(),
        "{command:?} ends with {status}\n{stdout}{stderr}"
    );
    stdout
}
