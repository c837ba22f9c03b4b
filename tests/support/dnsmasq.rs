//! dnsmasq, with the records a test gives it.

use std::net::{SocketAddr, TcpListener, UdpSocket};

use super::daemon::{Daemon, Program, directory, write};

const DNSMASQ: Program = Program {
    name: "dnsmasq",
    package: "dnsmasq-base",
};

/// It takes no sockets from others, so a port can be gone between our finding it free and its taking it.
const TRIES: usize = 10;

/// A running dnsmasq that knows nothing but what it was given.
pub(crate) struct Dnsmasq {
    daemon: Daemon,
    address: SocketAddr,
}

impl Dnsmasq {
    /// The lines of its configuration, each an option without its dashes: `host-record=a.test,192.0.2.1`.
    #[track_caller]
    pub(crate) fn start(records: &str) -> Self {
        let mut said = String::new();
        for _ in 0..TRIES {
            let address = free();
            let directory = directory();
            let port = address.port();
            let file = write(
                &directory,
                "dnsmasq.conf",
                format!(
                    "port={port}\nlisten-address=127.0.0.1\nbind-interfaces\nkeep-in-foreground\nlog-facility=-\n\
                     no-resolv\nno-hosts\nno-poll\nuser=\ngroup=\npid-file=\n{records}\n"
                ),
            );
            let daemon = Daemon::start(&DNSMASQ, directory, Vec::new(), |command| {
                command.arg("-C").arg(file);
            });
            if daemon.says("started, version") {
                return Self { daemon, address };
            }
            said = daemon.log();
        }
        panic!("dnsmasq does not start:\n{said}");
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it said so far.
    pub(crate) fn log(&self) -> String {
        self.daemon.log()
    }
}

/// An address that is free for TCP and UDP, a moment ago.
fn free() -> SocketAddr {
    loop {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = tcp.local_addr().unwrap();
        if UdpSocket::bind(address).is_ok() {
            return address;
        }
    }
}
