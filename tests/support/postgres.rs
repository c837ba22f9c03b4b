//! PostgreSQL, with the settings a test gives it.

mod data;
mod standby;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use nix::sys::signal::Signal;
use tempfile::TempDir;

use super::certificates::Pair;
use super::daemon::{Daemon, Program, directory};
use super::login::{APP, Login, encoded, literal};
use super::port::Port;
use super::template::succeed;
use super::user::User;

const POSTGRES: Program = Program {
    name: "postgres",
    package: "postgresql",
};

/// When it takes connections.
const READY: &str = "database system is ready to accept connections";

/// What a server is started with; by default what PostgreSQL has by default.
pub(crate) struct Options<'a> {
    pub(crate) max_connections: u16,
    pub(crate) superuser_reserved_connections: u16,
    /// The certificate it shows. Without one it speaks no TLS.
    pub(crate) tls: Option<&'a Pair>,
    /// Whom it trusts to sign the certificates of clients.
    pub(crate) client_authority: Option<&'a Path>,
    /// Lines of `postgresql.conf`; they win over all others.
    pub(crate) conf: &'a str,
    /// Lines of `pg_hba.conf`, before all others.
    pub(crate) hba: &'a str,
    /// What the superuser runs in the database `app` once it takes connections.
    pub(crate) sql: &'a str,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self {
            max_connections: 100,
            superuser_reserved_connections: 3,
            tls: None,
            client_authority: None,
            conf: "",
            hba: "",
            sql: "",
        }
    }
}

/// How it is stopped: pg_ctl(1).
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stop {
    /// When the last client has gone; meanwhile nobody else gets in (57P03).
    Smart,
    /// Its clients are told (57P01).
    Fast,
    /// Its clients are told (57P02), its data is not written.
    Immediate,
}

/// A running PostgreSQL with one database, `app`, that belongs to [`APP`]; another is made with `TEMPLATE app`. Over its
/// socket the superuser `postgres` needs no password; everybody else, and over TCP everybody, needs one (SCRAM).
pub(crate) struct Postgres {
    daemon: Daemon,
    port: Port,
    directory: Arc<TempDir>,
    user: User,
    max_connections: u16,
}

impl Postgres {
    #[track_caller]
    pub(crate) fn start(options: &Options<'_>) -> Self {
        let home = Home::new(options);
        data::copy(&home.user, &home.data());
        let server = home.run();
        server.waits_until_ready();
        if !options.sql.is_empty() {
            server.admin(options.sql);
        }
        server
    }

    pub(crate) fn port(&self) -> u16 {
        self.port.number()
    }

    /// Where its socket `.s.PGSQL.<port>` is.
    pub(crate) fn socket_directory(&self) -> &Path {
        self.directory.path()
    }

    /// The database `app` as [`APP`], over TCP.
    pub(crate) fn dsn(&self) -> String {
        self.dsn_of(&APP)
    }

    /// The same as somebody else.
    pub(crate) fn dsn_of(&self, login: &Login) -> String {
        let (login, port) = (login.in_url(), self.port());
        format!("postgres://{login}@127.0.0.1:{port}/app")
    }

    /// The same over the socket, which is named in the place of a host.
    pub(crate) fn socket_dsn(&self) -> String {
        let (login, port) = (APP.in_url(), self.port());
        let socket = encoded(self.socket_directory().to_str().unwrap());
        format!("postgres://{login}@{socket}:{port}/app")
    }

    /// Runs this as the superuser in the database `app`, in the connections that are reserved for him. A row is a line,
    /// its columns are separated by `|`.
    #[track_caller]
    pub(crate) fn admin(&self, sql: &str) -> String {
        let rows = succeed(
            self.client("psql")
                .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"])
                .args(["-c", sql]),
        );
        rows.trim_end().to_owned()
    }

    /// How many connections there are whose `application_name` begins with this.
    #[track_caller]
    pub(crate) fn connections(&self, application: &str) -> usize {
        let name = literal(application);
        let count = self.admin(&format!(
            "SELECT count(*) FROM pg_stat_activity WHERE starts_with(application_name, {name})"
        ));
        count.parse().unwrap()
    }

    /// Ends all of them (57P01), and tells how many there were. Afterwards they are gone.
    #[track_caller]
    pub(crate) fn terminate_backends(&self, application: &str) -> usize {
        let name = literal(application);
        let count = self.admin(&format!(
            "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid, 10000)) FROM pg_stat_activity \
             WHERE starts_with(application_name, {name})"
        ));
        count.parse().unwrap()
    }

    /// At most so many connections of [`APP`] from now on; one more is told so (53300), whatever room there is.
    #[track_caller]
    pub(crate) fn limit_role(&self, connections: u16) {
        self.admin(&format!("ALTER ROLE app CONNECTION LIMIT {connections}"));
    }

    /// At most so many connections to the database `app` from now on; the superuser is not counted.
    #[track_caller]
    pub(crate) fn limit_database(&self, connections: u16) {
        self.admin(&format!(
            "ALTER DATABASE app CONNECTION LIMIT {connections}"
        ));
    }

    /// Stops it as a machine that hangs: what is connected stays connected, and nothing is answered.
    pub(crate) fn freeze(&mut self) {
        self.daemon.freeze();
    }

    pub(crate) fn thaw(&mut self) {
        self.daemon.thaw();
    }

    /// Stops it, and waits for its end; for its promise to end if it waits for its clients. Its port stays its own:
    /// whoever comes is refused.
    #[track_caller]
    pub(crate) fn stop(&mut self, how: Stop) {
        match how {
            Stop::Smart => {
                self.daemon.signal(Signal::SIGTERM);
                self.waits_for("received smart shutdown request");
            }
            Stop::Fast => {
                self.daemon.signal(Signal::SIGINT);
                self.daemon.ends();
            }
            Stop::Immediate => {
                self.daemon.signal(Signal::SIGQUIT);
                self.daemon.ends();
            }
        }
    }

    /// Starts one that was stopped once more, where it was and with the data it had.
    #[track_caller]
    pub(crate) fn start_again(&mut self) {
        self.daemon = launch(&self.directory, &self.user);
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

impl Postgres {
    #[track_caller]
    fn waits_until_ready(&self) {
        self.waits_for(READY);
        self.forget_memory();
    }

    #[track_caller]
    fn waits_for(&self, text: &str) {
        let has_said = self.says(text);
        assert!(
            has_said,
            "PostgreSQL does not say {text:?}:\n{}",
            self.log()
        );
    }

    /// Killed, it would leave a segment of shared memory of which a machine has only so many. One that is removed while
    /// it is used is gone with its last user.
    #[track_caller]
    fn forget_memory(&self) {
        let status = fs::read_to_string(self.directory.path().join("data/postmaster.pid")).unwrap();
        let segment = status.lines().nth(6).unwrap();
        let id = segment.split_whitespace().last().unwrap();
        let mut remove = Command::new("ipcrm");
        self.user.runs(&mut remove);
        succeed(remove.args(["-m", id]));
    }

    /// A client program that speaks to it as the superuser, in the database `app`.
    pub(crate) fn client(&self, name: &str) -> Command {
        let mut client = program(name);
        client
            .arg("-h")
            .arg(self.socket_directory())
            .args(["-p", &self.port().to_string(), "-U", "postgres"])
            .env("PGDATABASE", "app")
            .env("PGCONNECT_TIMEOUT", "30");
        client
    }
}

/// What PostgreSQL's own client gets from a server there: a row a line, or the complaint, with its SQLSTATE if the
/// server let it in.
pub(crate) fn psql(dsn: &str, sql: &str) -> Result<String, String> {
    let output = program("psql")
        .args(["-X", "-q", "-A", "-t", "-w", "-v", "VERBOSITY=verbose"])
        .args(["-c", sql, dsn])
        .output()
        .unwrap();
    let text = |said: &[u8]| String::from_utf8_lossy(said).trim_end().to_owned();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        Err(text(&output.stderr))
    }
}

/// One of PostgreSQL's programs, from where the server is. What Debian has in the path of everybody is a script that asks
/// first which version is wanted.
#[track_caller]
pub(crate) fn program(name: &str) -> Command {
    let server = POSTGRES.path().canonicalize().unwrap();
    let mut program = Command::new(server.with_file_name(name));
    program.current_dir("/").env_clear();
    program
}

/// Where a server will run.
struct Home {
    directory: Arc<TempDir>,
    port: Port,
    user: User,
    conf: String,
    hba: String,
    max_connections: u16,
}

impl Home {
    fn new(options: &Options<'_>) -> Self {
        let user = User::other_than_root(&["postgres", "nobody"]);
        let (directory, port) = (directory(), Port::hold());
        user.owns(directory.path());
        let Options {
            max_connections,
            superuser_reserved_connections,
            ..
        } = options;
        let mut conf = format!(
            "listen_addresses = '127.0.0.1'\nport = {}\nunix_socket_directories = '{}'\n\
             max_connections = {max_connections}\n\
             superuser_reserved_connections = {superuser_reserved_connections}\n{SMALL}",
            port.number(),
            directory.path().display(),
        );
        let own = |name: &str, from: &Path| {
            let path = directory.path().join(name);
            user.keeps(from, &path);
            path.display().to_string()
        };
        if let Some(pair) = options.tls {
            let (chain, key) = (own("server.pem", &pair.chain), own("server.key", &pair.key));
            let _ = writeln!(
                conf,
                "ssl = on\nssl_cert_file = '{chain}'\nssl_key_file = '{key}'"
            );
        }
        if let Some(authority) = options.client_authority {
            let _ = writeln!(conf, "ssl_ca_file = '{}'", own("clients.pem", authority));
        }
        let _ = writeln!(conf, "{}", options.conf);
        Self {
            conf,
            hba: format!("{}\n{HBA}", options.hba),
            max_connections: options.max_connections,
            directory: Arc::new(directory),
            port,
            user,
        }
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// Starts it with the data that is there by now.
    #[track_caller]
    fn run(self) -> Postgres {
        let data = self.data();
        // The directory has these two already, so they keep their owner.
        fs::write(data.join("postgresql.conf"), self.conf).unwrap();
        fs::write(data.join("pg_hba.conf"), self.hba).unwrap();
        Postgres {
            daemon: launch(&self.directory, &self.user),
            port: self.port,
            directory: self.directory,
            user: self.user,
            max_connections: self.max_connections,
        }
    }
}

#[track_caller]
fn launch(directory: &Arc<TempDir>, user: &User) -> Daemon {
    Daemon::start(&POSTGRES, directory.clone(), Vec::new(), |command| {
        user.runs(command);
        command.arg("-D").arg(directory.path().join("data"));
    })
}

/// Little memory, no background work nobody waits for, and no care for the day the machine loses power.
const SMALL: &str = "\
    fsync = off\nfull_page_writes = off\nwal_init_zero = off\nwal_recycle = off\nmin_wal_size = 2MB\n\
    shared_buffers = 16MB\ndynamic_shared_memory_type = mmap\nautovacuum = off\n\
    max_logical_replication_workers = 0\n";

const HBA: &str = "\
    local all,replication postgres trust\n\
    local all all scram-sha-256\n\
    host all all 127.0.0.1/32 scram-sha-256\n";
