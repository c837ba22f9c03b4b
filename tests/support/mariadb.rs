//! MariaDB, with the settings a test gives it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use nix::sys::signal::Signal;
use tempfile::TempDir;

use super::certificates::Pair;
use super::daemon::{Daemon, Program, directory, write};
use super::login::{APP, Login, ODD, encoded, literal};
use super::port::Port;
use super::template::{self, succeed};
use super::user::User;

const MARIADB: Program = Program {
    name: "mariadbd",
    package: "mariadb-server",
};
const CLIENT: Program = Program {
    name: "mariadb",
    package: "mariadb-client",
};
const INSTALL: Program = Program {
    name: "mariadb-install-db",
    package: "mariadb-server",
};

/// What a server is started with; by default what MariaDB has by default.
pub(crate) struct Options<'a> {
    /// It takes no fewer than 10.
    pub(crate) max_connections: u16,
    /// Nobody but the administrator writes (1290).
    pub(crate) read_only: bool,
    /// The certificate it shows. Without one it speaks no TLS.
    pub(crate) tls: Option<&'a Pair>,
    /// Whom it trusts to sign the certificates of clients.
    pub(crate) client_authority: Option<&'a Path>,
    /// Lines of the section `[mariadbd]`; they win over all others.
    pub(crate) conf: &'a str,
    /// What the administrator runs in the database `app` once it takes connections.
    pub(crate) sql: &'a str,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self {
            max_connections: 151,
            read_only: false,
            tls: None,
            client_authority: None,
            conf: "",
            sql: "",
        }
    }
}

/// A running MariaDB with a database `app` that belongs to [`APP`]. Whoever runs the tests is its administrator, over its
/// socket, without a password; everybody else needs one (`mysql_native_password`).
pub(crate) struct MariaDb {
    daemon: Daemon,
    port: Port,
    directory: Arc<TempDir>,
    user: User,
    socket: PathBuf,
    administrator: String,
}

impl MariaDb {
    #[track_caller]
    pub(crate) fn start(options: &Options<'_>) -> Self {
        let (directory, port) = (directory(), Port::hold());
        let user = User::other_than_root(&["mysql", "nobody"]);
        let administrator = User::ourselves().name;
        user.owns(directory.path());
        let (data, socket) = (directory.path().join("data"), directory.path().join("s"));
        copy(&user, &administrator, &data);
        let mut conf = format!(
            "[mariadbd]\ndatadir={}\nsocket={}\ntmpdir={}\npid-file=mariadbd.pid\nport={}\n\
             max_connections={}\nread_only={}\n{SMALL}",
            data.display(),
            socket.display(),
            directory.path().display(),
            port.number(),
            options.max_connections,
            u8::from(options.read_only),
        );
        let own = |name: &str, from: &Path| {
            let path = directory.path().join(name);
            user.keeps(from, &path);
            path.display().to_string()
        };
        if let Some(pair) = options.tls {
            let (chain, key) = (own("server.pem", &pair.chain), own("server.key", &pair.key));
            let _ = writeln!(conf, "ssl_cert={chain}\nssl_key={key}");
        }
        if let Some(authority) = options.client_authority {
            let _ = writeln!(conf, "ssl_ca={}", own("clients.pem", authority));
        }
        let _ = writeln!(conf, "{}", options.conf);
        write(&directory, CONF, conf);
        let directory = Arc::new(directory);
        let server = Self {
            daemon: launch(&directory, &user),
            port,
            directory,
            user,
            socket,
            administrator,
        };
        server.waits_until_ready();
        if !options.sql.is_empty() {
            server.admin(options.sql);
        }
        server
    }

    pub(crate) fn port(&self) -> u16 {
        self.port.number()
    }

    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    /// The database `app` as [`APP`], over TCP.
    pub(crate) fn dsn(&self) -> String {
        self.dsn_of(&APP)
    }

    /// The same as somebody else.
    pub(crate) fn dsn_of(&self, login: &Login) -> String {
        let (login, port) = (login.in_url(), self.port());
        format!("mysql://{login}@127.0.0.1:{port}/app")
    }

    /// The database `app` as the administrator, who is known by the socket he comes through.
    pub(crate) fn socket_dsn(&self) -> String {
        let socket = encoded(self.socket.to_str().unwrap());
        let user = encoded(&self.administrator);
        format!("mysql://{user}@localhost/app?socket={socket}")
    }

    /// Runs this as the administrator in the database `app`, in the one connection that is reserved for him. A row is a
    /// line, its columns are separated by tabs. Each statement ends with `;;`, so that a block may have `;` in it.
    #[track_caller]
    pub(crate) fn admin(&self, sql: &str) -> String {
        let rows =
            succeed(
                self.administrators_client()
                    .args(["--delimiter", ";;", "--execute", sql]),
            );
        rows.trim_end().to_owned()
    }

    /// MariaDB's own client as the administrator over the socket.
    pub(crate) fn administrators_client(&self) -> Command {
        let mut client = client();
        client
            .args(["--user", &self.administrator, "--database", "app"])
            .arg("--socket")
            .arg(&self.socket);
        client
    }

    /// What MariaDB's own client gets as this user over TCP: a row a line, or the complaint with its number.
    pub(crate) fn ask(&self, login: &Login, sql: &str) -> Result<String, String> {
        let output = self
            .client(login)
            .args(["--execute", sql])
            .output()
            .unwrap();
        let text = |said: &[u8]| String::from_utf8_lossy(said).trim_end().to_owned();
        if output.status.success() {
            Ok(text(&output.stdout))
        } else {
            Err(text(&output.stderr))
        }
    }

    /// MariaDB's own client as this user over TCP.
    pub(crate) fn client(&self, login: &Login) -> Command {
        let mut client = client();
        client
            .args(["--user", login.user, "--host", "127.0.0.1"])
            .args(["--protocol", "tcp", "--database", "app"])
            .args(["--port", &self.port().to_string()])
            .env("MYSQL_PWD", login.password);
        client
    }

    /// How many connections there are besides those of the administrator.
    #[track_caller]
    pub(crate) fn connections(&self) -> usize {
        let others = self.others();
        let count = self.admin(&format!("SELECT count(*) {others}"));
        count.parse().unwrap()
    }

    /// Ends all connections but the administrator's. Afterwards they are gone.
    #[track_caller]
    pub(crate) fn kill_connections(&self) {
        let others = self.others();
        self.admin(&format!(
            "BEGIN NOT ATOMIC\n\
             DECLARE CONTINUE HANDLER FOR 1094 BEGIN END;\n\
             FOR other IN (SELECT id {others}) DO KILL other.id; END FOR;\n\
             WHILE EXISTS (SELECT 1 {others}) DO DO SLEEP(0.01); END WHILE;\n\
             END"
        ));
    }

    fn others(&self) -> String {
        let administrator = literal(&self.administrator);
        format!(
            "FROM information_schema.processlist \
             WHERE user NOT IN ({administrator}, 'system user', 'event_scheduler')"
        )
    }

    /// Nobody but the administrator writes any more (1290), or everybody does again.
    #[track_caller]
    pub(crate) fn set_read_only(&self, is: bool) {
        self.admin(&format!("SET GLOBAL read_only = {}", u8::from(is)));
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

    /// Starts one that was stopped once more, where it was and with the data it had.
    #[track_caller]
    pub(crate) fn start_again(&mut self) {
        self.daemon = launch(&self.directory, &self.user);
        self.waits_until_ready();
    }

    #[track_caller]
    fn waits_until_ready(&self) {
        let is_ready = self.says("ready for connections");
        assert!(is_ready, "MariaDB does not start:\n{}", self.log());
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

const CONF: &str = "my.cnf";

#[track_caller]
fn launch(directory: &Arc<TempDir>, user: &User) -> Daemon {
    Daemon::start(&MARIADB, directory.clone(), Vec::new(), |command| {
        user.runs(command);
        // It looks at no other file, if this is its first argument.
        let file = directory.path().join(CONF);
        command.arg(format!("--defaults-file={}", file.display()));
    })
}

/// Little memory, small files, and no care for the day the machine loses power. What other versions do not know, they skip.
const SMALL: &str = "\
    bind-address=127.0.0.1\nskip-name-resolve\ncharacter-set-server=utf8mb4\n\
    loose-debug_no_sync=1\nloose-innodb_flush_method=nosync\ninnodb_flush_log_at_trx_commit=0\n\
    innodb_doublewrite=0\nloose-innodb_use_native_aio=0\ninnodb_fast_shutdown=1\n\
    innodb_buffer_pool_size=8M\ninnodb_log_file_size=4M\ninnodb_log_buffer_size=2M\n\
    innodb_data_file_path=ibdata1:1M:autoextend\ninnodb_temp_data_file_path=ibtmp1:1M:autoextend\n\
    loose-innodb_autoextend_increment=1\nloose-innodb_undo_tablespaces=0\n\
    innodb_buffer_pool_load_at_startup=0\ninnodb_buffer_pool_dump_at_shutdown=0\n\
    aria_pagecache_buffer_size=1M\nkey_buffer_size=1M\n";

fn client() -> Command {
    let mut client = Command::new(CLIENT.path());
    // It looks at no file, if this is its first argument.
    client
        .args(["--no-defaults", "--batch", "--skip-column-names"])
        .args(["--connect-timeout", "30"])
        .env_clear();
    client
}

/// Copies the data every MariaDB starts with to a place of this user's.
#[track_caller]
fn copy(user: &User, administrator: &str, place: &Path) {
    let sql = sql(administrator);
    let recipe = format!("{SMALL} {sql}");
    template::copy("mariadb", &MARIADB.path(), &recipe, user, place, |data| {
        make(user, data, &sql);
    });
}

/// What is run without a server, which knows no users before it is told to look.
fn sql(administrator: &str) -> String {
    let administrator = literal(administrator);
    let mut sql = format!(
        "FLUSH PRIVILEGES;\n\
         DELETE FROM mysql.global_priv WHERE User = 'root';\n\
         FLUSH PRIVILEGES;\n\
         CREATE USER {administrator}@localhost IDENTIFIED VIA unix_socket;\n\
         GRANT ALL ON *.* TO {administrator}@localhost WITH GRANT OPTION;\n\
         DROP DATABASE IF EXISTS sys;\n\
         CREATE DATABASE app;\n"
    );
    for Login { user, password } in [&APP, &ODD] {
        // Here a backslash means something.
        let password = literal(&password.replace('\\', "\\\\"));
        let _ = writeln!(
            sql,
            "CREATE USER {user} IDENTIFIED VIA mysql_native_password USING PASSWORD({password});"
        );
    }
    sql + "GRANT ALL ON app.* TO app;\nGRANT SELECT ON app.* TO odd;\n"
}

#[track_caller]
fn make(user: &User, data: &Path, sql: &str) {
    let workshop = data.parent().unwrap();
    let (conf, extra) = (workshop.join("my.cnf"), workshop.join("app.sql"));
    fs::write(&conf, format!("[mariadbd]\n{SMALL}")).unwrap();
    fs::write(&extra, sql).unwrap();
    let mut install = Command::new(INSTALL.path());
    user.runs(&mut install);
    succeed(
        install
            .arg(format!("--defaults-file={}", conf.display()))
            .arg(format!("--extra-file={}", extra.display()))
            .arg(format!("--datadir={}", data.display()))
            .args(["--auth-root-authentication-method=normal"])
            .args(["--skip-test-db", "--skip-name-resolve"])
            .current_dir(workshop)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
    );
}
