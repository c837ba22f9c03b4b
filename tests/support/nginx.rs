//! nginx, with the servers a test gives it.

use std::fmt::Write as _;
use std::net::SocketAddr;

use super::certificates::Pair;
use super::daemon::{Daemon, Program, directory, quoted, write};
use super::port::Port;

const NGINX: Program = Program {
    name: "nginx",
    package: "nginx-light",
};

/// One `server` of nginx.
pub(crate) struct Site {
    listen: &'static str,
    block: String,
}

impl Site {
    /// Plain HTTP; the block is what stands between the braces, without `listen`.
    pub(crate) fn plain(block: impl Into<String>) -> Self {
        Self {
            listen: "",
            block: block.into(),
        }
    }

    /// HTTP/1.1 over TLS.
    pub(crate) fn tls(pair: &Pair, block: &str) -> Self {
        Self::certified("ssl", pair, block)
    }

    /// HTTP/2 over TLS, and HTTP/1.1 for those who do not ask for it.
    pub(crate) fn http2(pair: &Pair, block: &str) -> Self {
        Self::certified("ssl http2", pair, block)
    }

    fn certified(listen: &'static str, pair: &Pair, block: &str) -> Self {
        let (chain, key) = (quoted(&pair.chain), quoted(&pair.key));
        Self {
            listen,
            block: format!("ssl_certificate {chain}; ssl_certificate_key {key};\n{block}"),
        }
    }
}

/// A running nginx. It is one process, so that nobody has to become somebody else.
pub(crate) struct Nginx {
    daemon: Daemon,
    ports: Vec<Port>,
}

impl Nginx {
    #[track_caller]
    pub(crate) fn start(sites: &[Site]) -> Self {
        Self::start_with("", sites)
    }

    /// The same with lines that are for all sites.
    #[track_caller]
    pub(crate) fn start_with(lines: &str, sites: &[Site]) -> Self {
        let directory = directory();
        let ports: Vec<Port> = sites.iter().map(|_| Port::hold()).collect();
        let mut servers = String::new();
        for (Site { listen, block }, port) in sites.iter().zip(&ports) {
            let address = port.address();
            let _ = writeln!(
                servers,
                "server {{ listen {address} reuseport {listen};\n{block} }}"
            );
        }
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {kind};\n"))
            .concat();
        let config = format!(
            "daemon off; master_process off; pid nginx.pid; error_log stderr info;\n\
             events {{ worker_connections 256; }}\n\
             http {{ access_log off; ssl_protocols TLSv1.2 TLSv1.3;\n{temporary} {lines}\n{servers} }}\n"
        );
        let file = write(&directory, "nginx.conf", config);
        let prefix = directory.path().to_owned();
        let daemon = Daemon::start(&NGINX, directory, Vec::new(), |command| {
            command
                .args(["-e", "stderr", "-p"])
                .arg(prefix)
                .arg("-c")
                .arg(file);
        });
        // It tells its limits when its sockets listen.
        let is_ready = daemon.says("getrlimit(RLIMIT_NOFILE)");
        assert!(is_ready, "nginx does not start:\n{}", daemon.log());
        Self { daemon, ports }
    }

    /// Where the nth site is.
    pub(crate) fn address(&self, site: usize) -> SocketAddr {
        self.ports[site].address()
    }

    pub(crate) fn port(&self, site: usize) -> u16 {
        self.ports[site].number()
    }

    /// What it said so far.
    pub(crate) fn log(&self) -> String {
        self.daemon.log()
    }
}
