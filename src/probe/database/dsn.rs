//! What a DSN may look like. Its text is never shown: it may hold a password, also where no password should be.

use std::path::{Path, PathBuf};

use super::server::{Engine, Password, Server, TlsMode};
use crate::probe::net::{ClientCertificate, Endpoint, Resolving, percent_decoded};
use crate::probe::{Invalid, net};
use crate::template::Mask;

/// Where a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::probe) enum Dsn {
    /// A file of SQLite.
    Sqlite {
        /// Relative paths begin where the program was started.
        file: PathBuf,
        /// `?mode=ro`.
        is_read_only: bool,
    },
    /// A server.
    Server(Box<Server>),
}

impl Dsn {
    /// Reads a DSN: `sqlite:app.db`, `postgres://user:password@db.example/app?sslmode=verify-full`, `mysql://…`. The scheme may
    /// name a driver, as SQLAlchemy has it (`postgresql+asyncpg:`).
    pub(in crate::probe) fn parse(text: &str) -> Result<Self, Invalid> {
        check(text)?;
        let Some((scheme, rest)) = text.split_once(':') else {
            return wrong(
                "the DSN has no scheme; it begins with `postgres:`, `mysql:` or `sqlite:`",
            );
        };
        let engine = match scheme.split('+').next().unwrap_or(scheme) {
            "sqlite" => return sqlite(rest.strip_prefix("//").unwrap_or(rest)),
            "postgres" | "postgresql" => Engine::Postgres,
            "mysql" | "mariadb" => Engine::MySql,
            _ => {
                return wrong(
                    "the scheme of the DSN is unknown; `postgres:`, `mysql:` and `sqlite:` are supported",
                );
            }
        };
        let Some(rest) = rest.strip_prefix("//") else {
            return wrong("`//` is missing behind the scheme of the DSN");
        };
        Parts::split(engine, rest)?
            .server()
            .map(Box::new)
            .map(Self::Server)
    }

    /// With what the keys beside it say, which win.
    pub(in crate::probe) fn with(self, keys: Security) -> Result<Self, Invalid> {
        let mut server = match self {
            Self::Server(server) => server,
            Self::Sqlite { .. } => {
                let given = [
                    ("tls", keys.tls.is_some()),
                    ("ca", keys.ca.is_some()),
                    ("client_certificate", keys.client_certificate.is_some()),
                    ("resolver", keys.resolver.is_some()),
                ];
                return match given.into_iter().find(|(_, is_given)| *is_given) {
                    None => Ok(self),
                    Some((key, _)) => {
                        Err(Invalid::new(key, "a file is opened without any network"))
                    }
                };
            }
        };
        if let Some(by) = &keys.resolver {
            match &mut server.endpoint {
                Endpoint::Socket {
                    host, resolving, ..
                } => *resolving = Resolving::by("resolver", Some(by), host)?,
                Endpoint::Unix(_) => {
                    let why = "a unix socket has no name to ask a name server for";
                    return Err(Invalid::new("resolver", why));
                }
            }
        }
        server.ca = keys.ca.or(server.ca);
        server.client_certificate = keys.client_certificate.or(server.client_certificate);
        server.tls = keys.tls.or(server.tls);
        if server.ca.is_some() && matches!(server.mode(), TlsMode::Disable | TlsMode::Prefer) {
            let why = "an authority is trusted for nothing here: `tls` is `require`, `verify-ca` or `verify-full` to look at it";
            return Err(Invalid::new("ca", why));
        }
        Ok(Self::Server(server))
    }

    /// The password as it is sent is a secret, too, where it is written otherwise (`%40`).
    pub(in crate::probe) fn hide_in(&self, mask: &Mask, written: &str) {
        if let Self::Server(server) = self {
            server.hide_in(mask, written);
        }
    }

    /// What it depends on, for grouping failures.
    pub(in crate::probe) fn resources(&self) -> Vec<String> {
        match self {
            Self::Sqlite { file, .. } => vec![format!("file:{}", file.display())],
            Self::Server(server) => {
                let mut all = server.endpoint.resources();
                if server.mode() != TlsMode::Disable {
                    all.extend(server.endpoint.tls_resource());
                }
                let by = server.endpoint.found_by();
                all.push(format!("dsn:{}{by}", server.shown().replace(' ', ":")));
                all
            }
        }
    }

    /// What may be shown of it.
    pub(in crate::probe) fn shown(&self) -> String {
        match self {
            Self::Sqlite { file, .. } => format!("sqlite {}", file.display()),
            Self::Server(server) => server.shown(),
        }
    }
}

fn wrong<T>(why: impl Into<String>) -> Result<T, Invalid> {
    Err(Invalid::new("dsn", why))
}

/// What no DSN may have, whatever its scheme.
pub(in crate::probe) fn check(text: &str) -> Result<(), Invalid> {
    if text.is_empty() {
        return wrong("the DSN is empty");
    }
    if text.ends_with(['\n', '\r']) {
        return wrong("the DSN ends in a line break; take it out of the variable or secret");
    }
    if text.trim() != text {
        return wrong("the DSN has white space around it; take it out");
    }
    if text.contains(char::is_control) {
        return wrong("the DSN holds a control character");
    }
    Ok(())
}

fn sqlite(rest: &str) -> Result<Dsn, Invalid> {
    let (path, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    if path.is_empty() {
        return wrong("the DSN names no file");
    }
    if path == ":memory:" {
        return wrong("a database in memory is empty and nobody else's; name a file");
    }
    let mut is_read_only = false;
    for parameter in parameters.split('&').filter(|text| !text.is_empty()) {
        match parameter.split_once('=') {
            Some(("mode", "ro")) => is_read_only = true,
            Some(("mode", "rw")) => is_read_only = false,
            Some(("mode", _)) => {
                return wrong(
                    "`mode` is `ro` or `rw`: a database that does not exist is never made",
                );
            }
            _ => return wrong("the only parameter of `sqlite:` is `mode`"),
        }
    }
    Ok(Dsn::Sqlite {
        file: PathBuf::from(net::percent_decoded(path)),
        is_read_only,
    })
}

/// What the keys of a probe say beside the DSN.
#[derive(Debug, Default)]
pub(in crate::probe) struct Security {
    pub(in crate::probe) tls: Option<TlsMode>,
    pub(in crate::probe) ca: Option<PathBuf>,
    pub(in crate::probe) client_certificate: Option<ClientCertificate>,
    pub(in crate::probe) resolver: Option<String>,
}

/// A DSN in its parts, decoded.
struct Parts {
    engine: Engine,
    user: Option<String>,
    password: Option<Password>,
    host: Option<String>,
    port: Option<u16>,
    /// The path of a unix socket, where a parameter names one (MySQL).
    socket: Option<PathBuf>,
    database: Option<String>,
    tls: Option<TlsMode>,
    /// The authority is the word `system`.
    is_system: bool,
    ca: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    options: Option<String>,
}

impl Parts {
    /// `[user[:password]@][host][:port][/database][?parameter=value[&…]]`. The first `/`, `?` or `#` ends who and where: a
    /// password that holds one has to be percent-encoded.
    fn split(engine: Engine, rest: &str) -> Result<Self, Invalid> {
        let ends = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(ends);
        let (who, place) = authority
            .rsplit_once('@')
            .map_or((None, authority), |(who, place)| (Some(who), place));
        let (user, password) = match who.map(|who| who.split_once(':').unwrap_or((who, ""))) {
            None => (None, None),
            Some((user, password)) => (some(user), some(password).map(Password::new)),
        };
        let (host, port) = host_and_port(place)?;
        let (path, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        if path.contains('#') || parameters.contains('#') {
            return wrong(ENCODE);
        }
        let mut parts = Self {
            engine,
            user,
            password,
            host,
            port,
            socket: None,
            database: some(path.strip_prefix('/').unwrap_or(path)),
            tls: None,
            is_system: false,
            ca: None,
            certificate: None,
            key: None,
            options: None,
        };
        for parameter in parameters.split('&').filter(|text| !text.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            parts.parameter(name, percent_decoded(value))?;
        }
        Ok(parts)
    }

    /// The parameters of libpq (<https://www.postgresql.org/docs/current/libpq-connect.html>) and of MySQL's clients that say
    /// where, who and how; those that tune a driver or its pool are somebody else's.
    fn parameter(&mut self, name: &str, value: String) -> Result<(), Invalid> {
        let folded = name.to_ascii_lowercase().replace('-', "_");
        match (self.engine, folded.as_str()) {
            (_, "user") => self.user = Some(value),
            (_, "password") => self.password = Some(Password::new(value)),
            (_, "host") => self.host = Some(value),
            (_, "port") => match value.parse() {
                Ok(port) => self.port = Some(port),
                Err(_) => return wrong("the port of the DSN is no number from 1 to 65535"),
            },
            (Engine::Postgres, "dbname") => self.database = Some(value),
            (Engine::Postgres, "options") => self.options = Some(value),
            (Engine::MySql, "socket" | "unix_socket") => self.socket = Some(value.into()),
            (_, "sslmode" | "ssl_mode" | "ssl") => self.tls = Some(mode(&value)?),
            (_, "sslrootcert" | "ssl_ca") if value == "system" => {
                self.is_system = true;
            }
            (_, "sslrootcert" | "ssl_ca") => self.ca = Some(value.into()),
            (_, "sslcert" | "ssl_cert") => self.certificate = Some(value.into()),
            (_, "sslkey" | "ssl_key") => self.key = Some(value.into()),
            (_, known) if OTHERS.contains(&known) => {}
            _ => {
                let known = name
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
                // What stands there may be the rest of a password.
                if known && name.len() <= 32 {
                    return wrong(format!(
                        "the DSN has a parameter `{name}` that is unknown here"
                    ));
                }
                return wrong(ENCODE);
            }
        }
        Ok(())
    }

    fn server(self) -> Result<Server, Invalid> {
        let engine = self.engine;
        let port = self.port.unwrap_or(engine.usual_port());
        if port == 0 {
            return wrong("port 0 cannot be connected to; ports are 1 to 65535");
        }
        let unix = match (&self.socket, self.host.as_deref()) {
            (Some(path), _) => Some(path.clone()),
            (None, Some(host)) if host.starts_with('/') => {
                Some(socket(engine, Path::new(host), port))
            }
            (None, _) => None,
        };
        let endpoint = match (&unix, self.host) {
            (Some(path), _) => Endpoint::of_keys(None, None, Some(path), None),
            (None, Some(host)) if host.contains(',') => {
                return wrong("the DSN names several hosts; name the one to look at");
            }
            (None, Some(host)) => Endpoint::of_keys(Some(&host), Some(port), None, None)
                // Its words would show the host, and what stands there may be half a password.
                .map_err(|_| Invalid::new("dsn", ENCODE)),
            (None, None) => return wrong("the DSN names no host"),
        };
        let endpoint = endpoint.map_err(|invalid| Invalid::new("dsn", invalid.message))?;
        let Some(user) = self.user else {
            return wrong("the DSN names no user: `postgres://USER:PASSWORD@HOST/DATABASE`");
        };
        let words = [
            Some(user.as_str()),
            self.password.as_ref().map(Password::reveal),
            self.database.as_deref(),
        ];
        if words.into_iter().flatten().any(|word| word.contains('\0')) {
            return wrong(
                "the DSN holds a NUL (`%00`), which ends a name or a password for every server",
            );
        }
        // As libpq has it: who believes the system's authorities looks at all of the certificate, and who says that he looks at
        // less did not mean what he wrote. The order of the parameters says nothing.
        let tls = match self.tls {
            None if self.is_system => Some(TlsMode::VerifyFull),
            Some(mode) if self.is_system && mode != TlsMode::VerifyFull => {
                return wrong(format!(
                    "`sslrootcert=system` looks at all of the certificate, and `sslmode={}` beside it at less; write \
                     `sslmode=verify-full`",
                    mode.name()
                ));
            }
            known => known,
        };
        let client_certificate = match (self.certificate, self.key) {
            (Some(certificate), Some(key)) => Some(ClientCertificate { certificate, key }),
            (None, None) => None,
            _ => return wrong("`sslcert` and `sslkey` go together"),
        };
        Ok(Server {
            engine,
            user,
            password: self.password,
            database: self.database,
            tls,
            ca: self.ca,
            client_certificate,
            options: self.options,
            endpoint,
        })
    }
}

const ENCODE: &str = "the DSN cannot be taken apart; percent-encode what is special in user and password (`@` is `%40`, `/` is \
    `%2F`, `:` is `%3A`, `?` is `%3F`, `#` is `%23`)";

/// Parameters of drivers and pools that change nothing of where, who and how.
const OTHERS: &[&str] = &[
    "application_name",
    "charset",
    "client_encoding",
    "connect_timeout",
    "connection_limit",
    "fallback_application_name",
    "gssencmode",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "max_overflow",
    "parsetime",
    "pgbouncer",
    "pool_max_conns",
    "pool_recycle",
    "pool_size",
    "pool_timeout",
    "prepared_statement_cache_size",
    "statement_cache_size",
    "tcp_user_timeout",
];

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| percent_decoded(text))
}

fn is_path(place: &str) -> bool {
    place
        .get(..3)
        .is_some_and(|start| start.eq_ignore_ascii_case("%2f"))
}

fn host_and_port(place: &str) -> Result<(Option<String>, Option<u16>), Invalid> {
    let bracketed = place
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'));
    let (host, port) = match bracketed {
        Some((host, "")) => (host, None),
        Some((host, rest)) => (host, rest.strip_prefix(':')),
        // The path of a socket may have colons of its own: `/cloudsql/PROJECT:REGION:INSTANCE`.
        None => match place.rsplit_once(':') {
            Some((host, port)) if !is_path(place) || port.parse::<u16>().is_ok() => {
                (host, Some(port))
            }
            _ => (place, None),
        },
    };
    let port = match port.filter(|port| !port.is_empty()).map(str::parse) {
        None => None,
        Some(Ok(port)) => Some(port),
        // What stands there may be half a password.
        Some(Err(_)) => return wrong(ENCODE),
    };
    Ok((some(host), port))
}

/// The socket in a directory; a path that ends in the name of a socket is the socket itself, as Cloud SQL's connectors name it.
fn socket(engine: Engine, path: &Path, port: u16) -> PathBuf {
    let name = path.file_name().unwrap_or_default();
    match engine {
        Engine::Postgres if name.as_encoded_bytes().starts_with(b".s.PGSQL.") => path.to_owned(),
        Engine::Postgres => path.join(format!(".s.PGSQL.{port}")),
        Engine::MySql => path.to_owned(),
    }
}

fn mode(value: &str) -> Result<TlsMode, Invalid> {
    Ok(
        match value.to_ascii_lowercase().replace('_', "-").as_str() {
            "disable" | "disabled" | "false" => TlsMode::Disable,
            "prefer" | "preferred" => TlsMode::Prefer,
            "require" | "required" | "true" => TlsMode::Require,
            "verify-ca" => TlsMode::VerifyCa,
            "verify-full" | "verify-identity" => TlsMode::VerifyFull,
            "allow" => {
                return wrong(
                    "`sslmode=allow` speaks TLS only when it must; write `disable` or `prefer`",
                );
            }
            _ => {
                return wrong(
                    "`sslmode` of the DSN is `disable`, `prefer`, `require`, `verify-ca` or `verify-full`",
                );
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_in_every_usual_way() {
        for (text, path, read_only) in [
            ("sqlite:app.db", "app.db", false),
            ("sqlite://app.db", "app.db", false),
            ("sqlite:///var/app%20x.db?mode=ro", "/var/app x.db", true),
        ] {
            let expected = Dsn::Sqlite {
                file: PathBuf::from(path),
                is_read_only: read_only,
            };
            assert_eq!(Dsn::parse(text).unwrap(), expected);
        }
    }

    fn server(text: &str) -> Server {
        match Dsn::parse(text) {
            Ok(Dsn::Server(server)) => *server,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn a_server_is_named_in_every_usual_way() {
        for (text, shown, user, password) in [
            (
                "postgres://me:p%40ss%2Fw%23rd@db.example/app",
                "postgres db.example:5432/app",
                "me",
                Some("p@ss/w#rd"),
            ),
            (
                "postgresql://me@[::1]:6432",
                "postgres [::1]:6432",
                "me",
                None,
            ),
            (
                "postgresql+asyncpg://me:x@/app?host=/cloudsql/p:r:i",
                "postgres unix:/cloudsql/p:r:i/.s.PGSQL.5432/app",
                "me",
                Some("x"),
            ),
            (
                "postgres://me:x@%2Fcloudsql%2Fp:r:i%2F.s.PGSQL.5432/app",
                "postgres unix:/cloudsql/p:r:i/.s.PGSQL.5432/app",
                "me",
                Some("x"),
            ),
            (
                "postgres://me@%2Frun:6432/app",
                "postgres unix:/run/.s.PGSQL.6432/app",
                "me",
                None,
            ),
            (
                "postgres://me:x@%2Fcloudsql%2Fp%3Ar%3Ai%2F.s.PGSQL.5432/app",
                "postgres unix:/cloudsql/p:r:i/.s.PGSQL.5432/app",
                "me",
                Some("x"),
            ),
            (
                "postgres:///app?host=/run&port=6432&user=me",
                "postgres unix:/run/.s.PGSQL.6432/app",
                "me",
                None,
            ),
            (
                "mysql://me:a@b@db:3307/app",
                "mysql db:3307/app",
                "me",
                Some("a@b"),
            ),
            (
                "mariadb://me@localhost/app?socket=/run/my.sock",
                "mysql unix:/run/my.sock/app",
                "me",
                None,
            ),
        ] {
            let server = server(text);
            assert_eq!(server.shown(), shown);
            assert_eq!(server.user, user, "{text}");
            let known = server.password.as_ref().map(Password::reveal);
            assert_eq!(known, password, "{text}");
        }
    }

    #[test]
    fn whom_tls_believes_is_said_by_mode_and_authority() {
        use crate::probe::net::Verification;
        for (text, verification) in [
            ("postgres://u@h/d?sslmode=disable", None),
            ("postgres://u@h/d", Some(Verification::Nothing)),
            (
                "postgres://u@h/d?sslmode=require",
                Some(Verification::Nothing),
            ),
            (
                "postgres://u@h/d?sslmode=require&sslrootcert=ca.pem",
                Some(Verification::Chain),
            ),
            (
                "mysql://u@h/d?ssl-mode=VERIFY_CA",
                Some(Verification::Chain),
            ),
            (
                "mysql://u@h/d?ssl-mode=VERIFY_IDENTITY",
                Some(Verification::Full),
            ),
            (
                "postgres://u@h/d?sslrootcert=system",
                Some(Verification::Full),
            ),
            (
                "postgres://u@h/d?sslmode=verify-full&sslrootcert=system",
                Some(Verification::Full),
            ),
            (
                "postgres://u@h/d?sslrootcert=system&sslmode=verify-full",
                Some(Verification::Full),
            ),
            ("postgres://u@/d?host=/run", None),
        ] {
            let known = server(text).tls_settings().map(|tls| tls.verification);
            assert_eq!(known, verification, "{text}");
        }
    }

    #[test]
    fn slips_are_told_without_showing_the_text() {
        let long = format!("postgres://u:hunter2@/d?host=/{}", "x".repeat(120));
        for (text, why) in [
            ("", "empty"),
            ("sqlite:app.db\n", "line break"),
            (" sqlite:app.db", "white space"),
            ("app", "no scheme"),
            ("postgres:u:hunter2@db/app", "`//` is missing"),
            ("postgres://u:hunter2/x@db/app", "percent-encode"),
            ("postgres://u:hun#ter2@db/app", "percent-encode"),
            ("postgres://u:hunter2?x@db/app", "percent-encode"),
            ("postgres://u:x@db:port/app", "percent-encode"),
            ("postgres://u:hunter2@db /app", "percent-encode"),
            ("mysql://u:hunter2%00@db/app", "a NUL"),
            ("postgres://u:hunter2@/app", "no host"),
            ("postgres://db/app", "no user"),
            ("postgres://u:hunter2@a,b/app", "several hosts"),
            ("postgres://u:hunter2@db/app?sslmode=maybe", "`sslmode`"),
            ("postgres://u:hunter2@db/app?colour=red", "`colour`"),
            ("postgres://u:hunter2@db/app?sslcert=a.pem", "go together"),
            ("postgres://u:hunter2@db:0/app", "port 0"),
            (
                "postgres://u:hunter2@db/app?sslrootcert=system&sslmode=require",
                "`sslmode=require` beside it",
            ),
            (
                "postgres://u:hunter2@db/app?sslmode=require&sslrootcert=system",
                "`sslmode=require` beside it",
            ),
            (
                "mysql://u:hunter2@db/app?ssl-mode=VERIFY_CA&ssl-ca=system",
                "`sslmode=verify-ca` beside it",
            ),
            (&long, "107"),
            ("oracle://u:hunter2@db/app", "unknown"),
            ("sqlite::memory:", "in memory"),
            ("sqlite:a?mode=rwc", "never made"),
            ("sqlite:a?cache=shared", "only parameter"),
            ("sqlite:", "no file"),
        ] {
            let told = Dsn::parse(text).unwrap_err().message;
            assert!(told.contains(why), "{text:?}: {told}");
            assert!(!told.contains("hun"), "{told}");
        }
    }

    #[test]
    fn a_password_is_not_shown_by_debugging() {
        let shown = format!("{:?}", server("postgres://u:hunter2@db/app"));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
