//! Connections that do not come about, and those that end at once.

use std::net::SocketAddr;

use allclear::model::{Class, Layer};

use crate::expert::Answer::{self, Leans, Open};
use crate::row::{Row, look_at, row};
use crate::support::{Deaf, Full, Hostile, Refusing};
use crate::told::Told;

fn tcp(address: SocketAddr, keys: &str) -> String {
    let (host, port) = (address.ip(), address.port());
    format!("tcp: {{ host: {host}, port: {port}{keys} }}")
}

pub(super) fn faults() -> Vec<Told> {
    let (refusing, full, deaf) = (Refusing::hold(), Full::hold(), Deaf::hold());
    let (closing, hanging) = (Hostile::half_closed(), Hostile::hanging());
    let after_hello = Hostile::resetting();
    let ssh = Hostile::saying_and_closing("SSH-2.0-OpenSSH_9.2\r\n");
    let greeting = ", read: { until: \"220.*\\n\" }";
    let hello = format!(", send: hello{greeting}");
    let broken = |name: &str, probe: String, code, answer: Answer| -> Row {
        row(name, probe, code, Layer::Transport, answer)
    };
    look_at(vec![
        // The service may be down, may have crashed, may never have been there.
        broken(
            "nobody-listens",
            tcp(refusing.address(), ""),
            "tcp.refused",
            Leans(Class::Infrastructure),
        ),
        // There is no network to blame: something listens there and accepts nothing.
        broken(
            "nobody-answers",
            tcp(full.address(), ""),
            "tcp.timeout",
            Leans(Class::Infrastructure),
        )
        .by_its_budget(),
        // It had read what was sent: a crash looks like this, and so does a device on the way.
        broken(
            "reset-when-spoken-to",
            tcp(after_hello.address(), &hello),
            "tcp.reset",
            Open,
        ),
        // A proxy on the way accepts for anybody; but the port may be the wrong one, or the service broken.
        broken(
            "closed-without-a-word",
            tcp(closing.address(), greeting),
            "tcp.closed",
            Open,
        ),
        broken(
            "somebody-else-speaks",
            tcp(ssh.address(), greeting),
            "tcp.closed.early",
            Open,
        ),
        broken(
            "accepted-and-silent",
            tcp(hanging.address(), greeting),
            "tcp.timeout.read",
            Open,
        )
        .by_its_budget(),
        broken(
            "queued-and-silent",
            tcp(deaf.address(), greeting),
            "tcp.timeout.read",
            Open,
        )
        .by_its_budget(),
    ])
}
