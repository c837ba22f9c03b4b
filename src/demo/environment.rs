//! The running environment: started with one fault, gone when stopped.

use std::io;
use std::net::SocketAddr;

use sqlx::SqlitePool;
use sqlx::sqlite::SqlitePoolOptions;
use thiserror::Error;
use tokio::net::TcpSocket;
use uuid::Uuid;

use super::cache::Cache;
use super::certificates::{Authority, CertificateError, NAME, RETIRED_NAME};
use super::connector::{Connector, hold_port};
use super::database::{self, ENVIRONMENT, File};
use super::directory::Directory;
use super::service::{AUDIENCE, Config, ISSUER, Limits, Server};
use super::tasks::Tasks;
use super::{Fault, SERVICE_FLAG, control};

/// The names [`Environment::variables`] gives, without `demo.`, and what each is for. Known without starting anything.
pub const VARIABLES: &[(&str, &str)] = &[
    ("api", "the service, as http://127.0.0.1:PORT"),
    ("web", "the page, as http://127.0.0.1:PORT"),
    ("ws", "the agents' WebSocket, as ws://127.0.0.1:PORT/ws"),
    (
        "tls_host",
        "the name the service's TLS port is certified for",
    ),
    ("tls_port", "the service's TLS port"),
    (
        "retired_name",
        "a name of the same port that it was certified for once",
    ),
    ("ca", "the authority that certifies it, a PEM file"),
    (
        "control",
        "somebody else, always whole, as https://localhost:PORT",
    ),
    ("commit", "what the service was built from"),
    ("host", "the address of the connector to the database"),
    ("port", "the port of the connector to the database"),
    ("dsn", "the database file, as sqlite:///PATH"),
    (
        "password",
        "the password of alice, bob and actor1 to actor9999, new at every start",
    ),
    (
        "jwt_key",
        "what their tokens are signed with, HS256, new at every start",
    ),
    ("jwt_issuer", "who signs them: the claim iss"),
    ("jwt_audience", "for whom they are: the claim aud"),
    (
        "program",
        "this program, which is the startup service with --demo-service as its first argument",
    ),
    ("fault", "the fault that is switched on"),
    ("directory", "a directory of its own, gone with it"),
    (
        "database",
        "the database as the startup service finds it, demo:127.0.0.1:PORT",
    ),
    ("dead_database", "the same on a port where nobody listens"),
];

/// A service, its database and the connector between them, running in this process on 127.0.0.1.
///
/// Needs a tokio runtime. [`stop`](Self::stop) waits until nothing is left; dropping it tells everything to end and removes
/// its directory, without waiting.
#[derive(Debug)]
pub struct Environment {
    fault: Fault,
    program: String,
    tasks: EndOnDrop,
    pool: SqlitePool,
    connector: Connector,
    /// A port where nobody listens, and what holds it.
    dead: SocketAddr,
    _held: TcpSocket,
    service: Server,
    _cache: Cache,
    control: SocketAddr,
    ca: String,
    commit: String,
    dsn: String,
    password: String,
    token_key: String,
    // The last field, so that it is dropped after those who use it.
    directory: Directory,
}

/// Why the environment did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The system's temporary directory does not take ours.
    #[error("cannot make a directory under {}: {source}", std::env::temp_dir().display())]
    Directory {
        /// What the system says.
        source: io::Error,
    },
    /// The system's temporary directory has a name that no DSN can hold.
    #[error("the temporary directory's name is not UTF-8: {}", std::env::temp_dir().display())]
    DirectoryName,
    /// This program cannot say where it is.
    #[error("cannot find the file of this program: {0}")]
    Program(#[source] io::Error),
    /// This process was to be the startup service: another environment in it would start another of these, and so on.
    #[error(
        "this program was started with {SERVICE_FLAG} and did not become the startup service: its `main` has to begin with \
         `allclear::demo::startup_service()`, as `allclear::libtest::main()` does"
    )]
    NotTheService,
    /// Its certificates cannot be made.
    #[error("cannot make certificates: {0}")]
    Certificates(#[from] CertificateError),
    /// The database file cannot be made.
    #[error("cannot make the database: {0}")]
    Database(#[from] sqlx::Error),
    /// A port on 127.0.0.1 cannot be opened.
    #[error("cannot open a port on 127.0.0.1 for the {part}: {source}")]
    Listen {
        /// `database`, `connector`, `cache`, `control`, `service` or `dead`.
        part: &'static str,
        /// What the system says.
        source: io::Error,
    },
}

impl Environment {
    /// Starts everything, broken as `fault` says. When it returns, every port is open (or refuses, if that is the fault).
    pub async fn start(fault: Fault) -> Result<Self, StartError> {
        if std::env::args_os()
            .nth(1)
            .is_some_and(|first| first == SERVICE_FLAG)
        {
            return Err(StartError::NotTheService);
        }
        let program = program().map_err(StartError::Program)?;
        let directory = Directory::create().map_err(|source| StartError::Directory { source })?;
        let path = directory.path().join("demo.sqlite");
        let file = File::create(path, ENVIRONMENT, fault).await?;
        let dsn = if fault == Fault::OtherDatabase {
            let path = directory.path().join("other.sqlite");
            File::create(path, "somewhere-else", fault).await?.dsn()
        } else {
            file.dsn()
        };
        let dsn = dsn.ok_or(StartError::DirectoryName)?;

        let ca = directory.path().join("ca.pem");
        let authority = Authority::create()?;
        authority
            .write(&ca)
            .map_err(|source| StartError::Directory { source })?;
        let ca = ca.to_str().ok_or(StartError::DirectoryName)?.to_owned();

        // Lazy, because a damaged file is to be the patient's trouble and not ours. One connection: requests are tiny.
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_lazy_with(file.options());
        let listen = |part| move |source| StartError::Listen { part, source };
        let tasks = EndOnDrop(Tasks::default());
        let database = database::start(pool.clone(), &tasks.0)
            .await
            .map_err(listen("database"))?;
        let connector = Connector::start(fault, database, &tasks.0)
            .await
            .map_err(listen("connector"))?;
        let cache = Cache::start(fault, &tasks.0)
            .await
            .map_err(listen("cache"))?;
        let control = control::start(authority.acceptor(Fault::None)?, &tasks.0)
            .await
            .map_err(listen("control"))?;
        let password = Uuid::new_v4().simple().to_string();
        // As many bits as the hash has (RFC 7518 §3.2).
        let token_key = [Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4()]
            .map(|part| part.simple().to_string())
            .concat();
        let commit = Uuid::new_v4().simple().to_string();
        let config = Config {
            commit: commit.clone(),
            limits: match fault {
                Fault::Contract => Limits::HALVED,
                _ => Limits::DECLARED,
            },
            cache: cache.address(),
            environment: ENVIRONMENT.to_owned(),
            password: match fault {
                Fault::Config => format!("{password}\n"),
                _ => password.clone(),
            },
            token_key: token_key.clone(),
            connector: connector.inside(),
        };
        let service = Server::start(fault, config, authority.acceptor(fault)?, &tasks.0)
            .await
            .map_err(listen("service"))?;
        let held = hold_port().map_err(listen("dead"))?;
        let dead = held.local_addr().map_err(listen("dead"))?;
        Ok(Self {
            fault,
            program,
            dead,
            _held: held,
            tasks,
            pool,
            connector,
            service,
            _cache: cache,
            control,
            ca,
            commit,
            dsn,
            password,
            token_key,
            directory,
        })
    }

    /// What suites use as `${demo.NAME}`, in the order of [`VARIABLES`].
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let connector = self.connector.address();
        let values = [
            format!("http://{}", self.service.address()),
            format!("http://{}", self.service.web()),
            format!("ws://{}/ws", self.service.address()),
            NAME.to_owned(),
            self.service.tls().port().to_string(),
            RETIRED_NAME.to_owned(),
            self.ca.clone(),
            format!("https://{NAME}:{}", self.control.port()),
            self.commit.clone(),
            connector.ip().to_string(),
            connector.port().to_string(),
            self.dsn.clone(),
            self.password.clone(),
            self.token_key.clone(),
            ISSUER.to_owned(),
            AUDIENCE.to_owned(),
            self.program.clone(),
            self.fault.name().to_owned(),
            // Its name is UTF-8, or nothing would have started.
            self.directory.path().display().to_string(),
            format!("demo:{connector}"),
            format!("demo:{}", self.dead),
        ];
        let names = VARIABLES.iter().map(|(name, _)| *name);
        names.zip(values).collect()
    }

    /// Closes every port, ends every connection, removes the directory; returns when nothing is left.
    pub async fn stop(self) {
        self.tasks.0.tell_to_end();
        self.tasks.0.ended().await;
        self.pool.close().await;
    }
}

/// The file this process runs; a name that is not UTF-8 is none a suite could hold.
fn program() -> io::Result<String> {
    let path = std::env::current_exe()?.into_os_string();
    path.into_string()
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "its name is not UTF-8"))
}

/// Tells its tasks to end when dropped, so that a start that fails half-way leaves nothing running either.
#[derive(Debug)]
struct EndOnDrop(Tasks);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.tell_to_end();
    }
}

#[cfg(test)]
mod tests;
