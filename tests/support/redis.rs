//! Redis, with the settings a test gives it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use nix::sys::signal::Signal;
use tempfile::TempDir;

use super::certificates::Pair;
use super::daemon::{Daemon, Program, directory, write};
use super::login::{Login, encoded};
use super::port::Port;
use super::template::succeed;

const REDIS: Program = Program {
    name: "redis-server",
    package: "redis-server",
};
const CLIENT: Program = Program {
    name: "redis-cli",
    package: "redis-tools",
};

/// What a server is started with; by default what Redis has by default, but that it saves nothing.
#[derive(Default)]
pub(crate) struct Options<'a> {
    /// What the user `default` has to say (`requirepass`).
    pub(crate) password: Option<&'a str>,
    /// Other users, each with the rules that follow its password: `~* +@read`.
    pub(crate) users: &'a [(&'a Login, &'a str)],
    pub(crate) max_clients: Option<u16>,
    /// As Redis writes it. `1` is a byte, and less than it needs for itself: every write is refused (OOM).
    pub(crate) max_memory: Option<&'a str>,
    /// The certificate it shows on a port of its own.
    pub(crate) tls: Option<&'a Pair>,
    /// Whom it trusts to sign the certificates of clients, who have to show one.
    pub(crate) client_authority: Option<&'a Path>,
    /// Lines of `redis.conf`, after all others.
    pub(crate) conf: &'a str,
}

/// A running Redis.
pub(crate) struct Redis {
    daemon: Daemon,
    port: Port,
    tls_port: Port,
    directory: Arc<TempDir>,
    password: Option<String>,
}

impl Redis {
    #[track_caller]
    pub(crate) fn start(options: &Options<'_>) -> Self {
        let server = Self::run(directory(), options);
        server.waits_until_ready();
        server
    }

    /// One that follows another: it reads and does not write (READONLY). It has all the other had so far.
    #[track_caller]
    pub(crate) fn replica_of(primary: &Self, options: &Options<'_>) -> Self {
        let server = Self::start(options);
        let port = primary.port().to_string();
        if let Some(password) = &primary.password {
            server.cli(["CONFIG", "SET", "masterauth", password]);
        }
        server.cli(["REPLICAOF", "127.0.0.1", &port]);
        server.waits_for("REPLICA sync: Finished with success");
        server
    }

    /// One that reads its data, and says so to everybody (LOADING), until [`Redis::finish_loading`] or for two minutes.
    #[track_caller]
    pub(crate) fn loading(options: &Options<'_>) -> Self {
        let directory = directory();
        let earlier = Self::start(&Options::default());
        // One key is read at a time, and between two of them it looks who has come.
        let fill = "for i = 1, 6000 do redis.call('SET', i, string.rep('x', 1024)) end";
        earlier.cli(["EVAL", fill, "0"]);
        earlier.cli(["SAVE"]);
        fs::copy(earlier.data(), directory.path().join(DATA)).unwrap();
        let slow = "loading-process-events-interval-bytes 1024\nkey-load-delay 20000\n";
        let server = Self::run(
            directory,
            &Options {
                conf: &[slow, options.conf].concat(),
                ..*options
            },
        );
        server.waits_for("Loading RDB");
        server
    }

    /// Lets one that reads its data read the rest at once, and waits until it has.
    #[track_caller]
    pub(crate) fn finish_loading(&self) {
        self.cli(["CONFIG", "SET", "key-load-delay", "0"]);
        self.waits_until_ready();
    }

    /// Makes it fail to save its data, so that it takes no more (MISCONF).
    #[track_caller]
    pub(crate) fn fail_to_save(&self) {
        // Not even root gets a file where a directory is.
        fs::create_dir(self.data()).unwrap();
        self.cli(["CONFIG", "SET", "save", "3600 1"]);
        self.cli(["BGSAVE"]);
        self.waits_for("Background saving error");
    }

    /// Waits until a replica has noticed that its primary is gone.
    #[track_caller]
    pub(crate) fn misses_its_primary(&self) {
        self.waits_for("Connection with master lost");
    }

    pub(crate) fn port(&self) -> u16 {
        self.port.number()
    }

    /// Where it speaks TLS, if it has a certificate; nobody listens there otherwise.
    pub(crate) fn tls_port(&self) -> u16 {
        self.tls_port.number()
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.directory.path().join(SOCKET)
    }

    /// Database 0 as the user `default`, over TCP.
    pub(crate) fn dsn(&self) -> String {
        let port = self.port();
        format!("redis://{}127.0.0.1:{port}/0", self.default_user())
    }

    /// The same over TLS.
    pub(crate) fn tls_dsn(&self) -> String {
        let port = self.tls_port();
        format!("rediss://{}127.0.0.1:{port}/0", self.default_user())
    }

    /// The same as somebody else, without TLS.
    pub(crate) fn dsn_of(&self, login: &Login) -> String {
        let (login, port) = (login.in_url(), self.port());
        format!("redis://{login}@127.0.0.1:{port}/0")
    }

    fn default_user(&self) -> String {
        let password = self.password.as_deref().map(encoded);
        password.map_or_else(String::new, |password| format!(":{password}@"))
    }

    /// What Redis's own client is told over its socket as the user `default`, also when it is an error.
    #[track_caller]
    pub(crate) fn cli<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> String {
        let mut client = self.client();
        if let Some(password) = &self.password {
            client.env("REDISCLI_AUTH", password);
        }
        succeed(client.arg("-s").arg(self.socket()).args(args))
            .trim_end()
            .to_owned()
    }

    /// What it is told over TCP as somebody, also when it is an error.
    #[track_caller]
    pub(crate) fn ask(&self, login: &Login, args: &[&str]) -> String {
        let port = self.port().to_string();
        let mut client = self.client();
        client
            .env("REDISCLI_AUTH", login.password)
            .args(["--user", login.user, "-p", &port])
            .args(args);
        succeed(&mut client).trim_end().to_owned()
    }

    /// Redis's own client; where it shall go is for the caller to say.
    pub(crate) fn client(&self) -> Command {
        let mut client = Command::new(CLIENT.path());
        client.current_dir(self.directory.path()).env_clear();
        client
    }

    /// How many clients are connected, this question's own not counted.
    #[track_caller]
    pub(crate) fn connections(&self) -> usize {
        self.cli(["CLIENT", "LIST", "TYPE", "normal"])
            .lines()
            .count()
            - 1
    }

    /// Ends all connections of clients. Afterwards they are gone.
    #[track_caller]
    pub(crate) fn kill_connections(&self) {
        self.cli(["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
    }

    /// Stops it as a machine that hangs: what is connected stays connected, and nothing is answered.
    pub(crate) fn freeze(&mut self) {
        self.daemon.freeze();
    }

    pub(crate) fn thaw(&mut self) {
        self.daemon.thaw();
    }

    /// Stops it, and waits for its end. Its port stays its own: whoever comes is refused.
    #[track_caller]
    pub(crate) fn stop(&mut self) {
        self.daemon.signal(Signal::SIGTERM);
        self.daemon.ends();
    }

    /// Starts one that was stopped once more, where it was and with the data it had saved.
    #[track_caller]
    pub(crate) fn start_again(&mut self) {
        self.daemon = launch(&self.directory);
        self.waits_until_ready();
    }

    /// Whether it says this before it ends.
    pub(crate) fn says(&self, text: &str) -> bool {
        self.daemon.says(text)
    }

    /// What it said so far.
    pub(crate) fn log(&self) -> String {
        self.daemon.log()
    }
}

impl Redis {
    #[track_caller]
    fn run(directory: TempDir, options: &Options<'_>) -> Self {
        let (port, tls_port) = (Port::hold(), Port::hold());
        let mut conf = format!(
            "bind 127.0.0.1\nport {}\nunixsocket {SOCKET}\nunixsocketperm 777\ndbfilename {DATA}\n\
             save \"\"\nrdbcompression no\nrepl-diskless-sync-delay 0\nshutdown-timeout 0\n",
            port.number()
        );
        let mut line = |name: &str, value: &dyn std::fmt::Display| {
            let _ = writeln!(conf, "{name} {value}");
        };
        if let Some(password) = options.password {
            line("requirepass", &quoted(password));
        }
        for (Login { user, password }, rules) in options.users {
            let password = quoted(&format!(">{password}"));
            line("user", &format!("{user} on {password} {rules}"));
        }
        if let Some(clients) = options.max_clients {
            line("maxclients", &clients);
        }
        if let Some(memory) = options.max_memory {
            line("maxmemory", &memory);
        }
        if let Some(pair) = options.tls {
            line("tls-port", &tls_port.number());
            line("tls-cert-file", &pair.chain.display());
            line("tls-key-file", &pair.key.display());
            match options.client_authority {
                Some(authority) => line("tls-ca-cert-file", &authority.display()),
                None => line("tls-auth-clients", &"no"),
            }
        }
        conf += options.conf;
        conf += "\n";
        write(&directory, CONF, conf);
        let directory = Arc::new(directory);
        Self {
            daemon: launch(&directory),
            port,
            tls_port,
            directory,
            password: options.password.map(str::to_owned),
        }
    }

    #[track_caller]
    fn waits_until_ready(&self) {
        // It says so of each kind of socket, and in each version with other words before and after these.
        self.waits_for("eady to accept connections");
    }

    #[track_caller]
    fn waits_for(&self, text: &str) {
        let has_said = self.says(text);
        assert!(has_said, "Redis does not say {text:?}:\n{}", self.log());
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join(DATA)
    }
}

#[track_caller]
fn launch(directory: &Arc<TempDir>) -> Daemon {
    Daemon::start(&REDIS, directory.clone(), Vec::new(), |command| {
        command.arg(CONF);
    })
}

const CONF: &str = "redis.conf";
const SOCKET: &str = "s";
const DATA: &str = "dump.rdb";

/// As one word of its configuration.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
