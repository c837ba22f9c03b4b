//! TCP: who listens, who speaks, and who leaves in the middle.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};

use socket2::SockRef;

use crate::support::case::{look_at, look_at_with, passes, stops};
use crate::support::{Deaf, Full, Hostile, Refusing, Tool, directory};

fn tcp(address: SocketAddr, keys: &str) -> String {
    format!(
        "tcp: {{ host: {}, port: {}{keys} }}",
        address.ip(),
        address.port()
    )
}

#[test]
fn what_goes_wrong_on_a_connection_is_told_by_its_code() {
    let (refusing, deaf, half_closed) = (Refusing::hold(), Deaf::hold(), Hostile::half_closed());
    let (hanging, resetting) = (Hostile::hanging(), Hostile::resetting());
    let at_once = Hostile::resetting_at_once();
    let (echoing, flooding) = (Hostile::echoing(), Hostile::flooding());
    let (greeting, cut) = (
        Hostile::saying("220 hello\r\n"),
        Hostile::saying_and_closing("22"),
    );
    let full = Full::hold();
    // Nobody can be connected to who is everybody.
    let broadcast = SocketAddr::from(([127, 255, 255, 255], 9));
    let until = ", read: { until: \"220.*\\n\" }";
    let hello = format!(", send: hello{until}");
    let much = format!(", send: \"{}\"", "${x}".repeat(128));
    // A suite with megabytes in it takes its time.
    let tool = Tool::new().var("x", "x".repeat(32 * 1024));
    let opening = |name, address, code| stops(name, tcp(address, ""), code, "connect");
    let reading = |name, address, code| stops(name, tcp(address, until), code, "read");
    let cases = [
        passes("open", tcp(echoing.address(), ""), "connected: true"),
        passes(
            "echo",
            tcp(
                echoing.address(),
                ", send: \"hello\\n\", read: { until: \"h.*\\n\" }",
            ),
            "received: \"hello\\n\"",
        ),
        passes(
            "greeting",
            tcp(greeting.address(), until),
            "received: { starts_with: \"220\" }",
        ),
        passes(
            "until-it-closes",
            tcp(cut.address(), ", read: { close: true }"),
            "received: \"22\"",
        ),
        opening("refused", refusing.address(), "tcp.refused"),
        opening("unreachable", broadcast, "tcp.unreachable"),
        opening("dropped", full.address(), "tcp.timeout").by_its_budget(),
        reading("closed", half_closed.address(), "tcp.closed"),
        reading("closed-early", cut.address(), "tcp.closed.early"),
        reading("flood", flooding.address(), "tcp.too_large"),
        reading("silent", hanging.address(), "tcp.timeout.read").by_its_budget(),
        reading("nobody-accepts", deaf.address(), "tcp.timeout.read").by_its_budget(),
        reading("reset-at-once", at_once.address(), "tcp.reset").or("tcp.reset", "connect"),
        stops(
            "reset",
            tcp(resetting.address(), &hello),
            "tcp.reset",
            "read",
        ),
        stops(
            "takes-nothing",
            tcp(deaf.address(), &much),
            "tcp.timeout.send",
            "send",
        )
        .by_its_budget(),
    ];
    look_at_with(tool, &cases);
}

#[test]
fn a_unix_socket_is_as_good_and_as_bad() {
    let folder = directory();
    let path = |name: &str| folder.path().join(name);
    let look =
        |name: &str, keys: &str| format!("tcp: {{ unix: \"{}\"{keys} }}", path(name).display());
    let not_a_socket = |name| stops(name, look(name, ""), "tcp.not_a_socket", "connect");
    let _open = UnixListener::bind(path("open")).unwrap();
    let _datagrams = UnixDatagram::bind(path("datagrams")).unwrap();
    drop(UnixListener::bind(path("abandoned")).unwrap());
    fs::write(path("file"), "").unwrap();
    let busy = UnixListener::bind(path("busy")).unwrap();
    // The queue has room for one.
    SockRef::from(&busy).listen(0).unwrap();
    let _queued = UnixStream::connect(path("busy")).unwrap();
    look_at(&[
        passes("open", look("open", ""), "connected: true"),
        stops("abandoned", look("abandoned", ""), "tcp.refused", "connect"),
        not_a_socket("file"),
        not_a_socket("datagrams"),
        stops("absent", look("absent", ""), "tcp.no_socket", "connect"),
        stops("busy", look("busy", ""), "tcp.busy", "connect"),
        stops(
            "silent",
            look("open", ", read: { close: true }"),
            "tcp.timeout.read",
            "read",
        )
        .by_its_budget(),
    ]);
}
