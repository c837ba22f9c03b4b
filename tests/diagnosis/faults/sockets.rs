//! Unix sockets: what is at their path, and what is not.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};

use allclear::model::{Class, Layer};
use socket2::SockRef;

use crate::expert::Answer::{self, Is};
use crate::row::{Row, look_at, look_at_with, row};
use crate::support::{Tool, directory};
use crate::told::Told;

pub(super) fn faults() -> Vec<Told> {
    let folder = directory();
    let path = |name: &str| folder.path().join(name);
    let broken = |name: &str, socket: &str, code, answer: Answer| -> Row {
        let probe = format!("tcp: {{ unix: \"{}\" }}", path(socket).display());
        row(name, probe, code, Layer::Transport, answer)
    };
    drop(UnixListener::bind(path("stale")).unwrap());
    fs::write(path("file"), "").unwrap();
    let busy = UnixListener::bind(path("busy")).unwrap();
    // The queue has room for one.
    SockRef::from(&busy).listen(0).unwrap();
    let _queued = UnixStream::connect(path("busy")).unwrap();
    let _private = UnixListener::bind(path("private")).unwrap();
    fs::set_permissions(path("private"), fs::Permissions::from_mode(0o000)).unwrap();
    let mut all = look_at(vec![
        broken(
            "socket-whose-folder-is-missing",
            "nowhere/socket",
            "tcp.no_socket",
            Is(Class::Configuration),
        ),
        broken(
            "socket-that-is-missing",
            "missing",
            "tcp.no_socket",
            Is(Class::Infrastructure),
        ),
        broken(
            "socket-that-was-abandoned",
            "stale",
            "tcp.refused",
            Is(Class::Infrastructure),
        ),
        broken(
            "socket-that-is-a-file",
            "file",
            "tcp.not_a_socket",
            Is(Class::Configuration),
        ),
        broken(
            "socket-whose-queue-is-full",
            "busy",
            "tcp.busy",
            Is(Class::Infrastructure),
        ),
    ]);
    let forbidden = broken(
        "socket-that-is-not-ours",
        "private",
        "tcp.denied",
        Is(Class::Configuration),
    );
    all.extend(look_as_others_do(forbidden));
    all
}

/// Looks without what lets root open everything.
#[track_caller]
fn look_as_others_do(row: Row) -> Vec<Told> {
    let (tool, us) = (Tool::new(), fs::metadata("/proc/self").unwrap());
    if us.uid() != 0 {
        return look_at_with(tool, &["run"], vec![row]);
    }
    let without = "--bounding-set=-dac_override,-dac_read_search";
    let program = env!("CARGO_BIN_EXE_allclear");
    look_at_with(
        tool.program("setpriv"),
        &[without, program, "run"],
        vec![row],
    )
}
