//! What HAProxy says when something is wrong with who is behind it, or with us.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};

use allclear::model::{Class, Layer};

use crate::expert::Answer::{self, Is, Rather};
use crate::row::{Row, look_at, row};
use crate::support::{Answer as Said, Canary, Haproxy, Hostile, Refusing, Service};
use crate::told::Told;

pub(super) fn faults() -> Vec<Told> {
    use Class::{Application, Configuration, Infrastructure};
    let (refusing, hanging) = (Refusing::hold(), Hostile::hanging());
    let (closing, garbage) = (Hostile::closing(), Hostile::garbage());
    let busy = Canary::answering(|_| Said::Held);
    let server = |address: SocketAddr| {
        Service::plain(format!(
            "timeout server 100ms\ntimeout queue 100ms\nserver one {address}"
        ))
    };
    let haproxy = Haproxy::start(&[
        server(refusing.address()),
        Service::plain("timeout queue 100ms"),
        server(closing.address()),
        server(garbage.address()),
        server(hanging.address()),
        Service::plain(format!(
            "timeout queue 100ms\nserver one {} maxconn 1",
            busy.address()
        )),
        Service::plain("http-request deny"),
        Service::plain("http-request deny deny_status 429"),
    ]);
    // The one who is served keeps everybody else in the queue.
    let mut served = TcpStream::connect(haproxy.address(5)).unwrap();
    served.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    busy.wait_for(1);
    let at = |service: usize| format!("http: {{ url: \"http://{}/\" }}", haproxy.address(service));
    let said = |name: &str, service: usize, answer: Answer| -> Row {
        row(name, at(service), "expect.status", Layer::Proxy, answer).expecting("status: 200")
    };
    look_at(vec![
        said("haproxy-503-refused", 0, Is(Infrastructure)),
        said("haproxy-503-nobody-there", 1, Is(Infrastructure)),
        said("haproxy-502-closed", 2, Is(Application)),
        said("haproxy-502-garbage", 3, Is(Application)),
        said("haproxy-504-slow", 4, Is(Application)),
        said("haproxy-503-queue", 5, Is(Infrastructure)),
        said("haproxy-403-denied", 6, Is(Configuration)),
        said("haproxy-429", 7, Rather(Infrastructure)),
    ])
}
