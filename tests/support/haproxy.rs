//! HAProxy, with the services a test gives it.

use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsRawFd;

use super::daemon::{Daemon, Program, directory, listen, write};

const HAPROXY: Program = Program {
    name: "haproxy",
    package: "haproxy",
};

/// One `listen` section of HAProxy.
pub(crate) struct Service {
    /// What follows the address: `ssl crt …`.
    pub(crate) bind: String,
    /// Its other lines.
    pub(crate) lines: String,
}

impl Service {
    pub(crate) fn plain(lines: impl Into<String>) -> Self {
        Self {
            bind: String::new(),
            lines: lines.into(),
        }
    }
}

/// A running HAProxy whose sockets are ours: no port is ever taken.
pub(crate) struct Haproxy {
    daemon: Daemon,
    addresses: Vec<SocketAddr>,
}

impl Haproxy {
    #[track_caller]
    pub(crate) fn start(services: &[Service]) -> Self {
        let directory = directory();
        let sockets: Vec<TcpListener> = (0..=services.len()).map(|_| listen()).collect();
        let addresses: Vec<SocketAddr> = sockets
            .iter()
            .map(|socket| socket.local_addr().unwrap())
            .collect();
        // With retries, whoever is refused is asked again a second later.
        let mut config = "global\n  maxconn 100\n  nbthread 1\n  tune.ssl.default-dh-param 2048\n\
            defaults\n  mode http\n  retries 0\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n"
            .to_owned();
        let ready = Service::plain("http-request return status 200");
        for (number, (service, socket)) in std::iter::once(&ready)
            .chain(services)
            .zip(&sockets)
            .enumerate()
        {
            let Service { bind, lines } = service;
            let socket = socket.as_raw_fd();
            let _ = writeln!(config, "listen s{number}\n  bind fd@{socket} {bind}");
            for line in lines.lines() {
                let _ = writeln!(config, "  {}", line.trim());
            }
        }
        let file = write(&directory, "haproxy.cfg", config);
        let daemon = Daemon::start(&HAPROXY, directory, sockets, |command| {
            command.arg("-db").arg("-f").arg(file);
        });
        Self {
            daemon: daemon.answers(addresses[0]),
            addresses: addresses[1..].to_vec(),
        }
    }

    /// Where the nth service is.
    pub(crate) fn address(&self, service: usize) -> SocketAddr {
        self.addresses[service]
    }

    /// What it said so far.
    pub(crate) fn log(&self) -> String {
        self.daemon.log()
    }
}
