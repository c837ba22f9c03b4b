//! What a URL of Redis may look like. Its text is never shown: it may hold a password, also where no password should be.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::probe::net::{ClientCertificate, Endpoint, Verification, percent_decoded};
use crate::probe::{Invalid, net};

/// Where Redis usually listens.
const USUAL_PORT: u16 = 6379;

/// A URL taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::probe) struct Url {
    pub(in crate::probe) endpoint: Endpoint,
    /// `rediss:`.
    pub(in crate::probe) is_tls: bool,
    pub(in crate::probe) login: Option<Login>,
    /// The database that is selected; 0 is there without selecting.
    pub(in crate::probe) database: u32,
    /// What its parameters say of TLS.
    pub(in crate::probe) verification: Option<Verification>,
    pub(in crate::probe) ca: Option<PathBuf>,
    pub(in crate::probe) client_certificate: Option<ClientCertificate>,
}

/// Who logs in. The password is never shown.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::probe) struct Login {
    /// Absent: the user `default`, as before there were others (Redis 6).
    pub(in crate::probe) user: Option<String>,
    pub(in crate::probe) password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = self.user.as_deref().unwrap_or("default");
        write!(f, "{user}:***")
    }
}

impl Url {
    /// Reads `redis://[[user]:password@]host[:port][/database]`, `rediss://…` and, of a unix socket, `redis+unix:///path` or
    /// `unix:///path`; with `?db=`, `user=`, `password=` and what redis-py says of TLS. `resolver` is the key beside it.
    pub(in crate::probe) fn parse(text: &str, resolver: Option<&str>) -> Result<Self, Invalid> {
        check(text)?;
        let Some((scheme, rest)) = text.split_once(':') else {
            return wrong("the URL has no scheme; it begins with `redis://`");
        };
        let (is_tls, is_unix) = match scheme {
            "redis" => (false, false),
            "rediss" => (true, false),
            "redis+unix" | "redis+socket" | "unix" => (false, true),
            _ => {
                return wrong(
                    "the scheme of the URL is unknown; `redis:`, `rediss:`, `redis+unix:` and `unix:` are spoken here",
                );
            }
        };
        let Some(rest) = rest.strip_prefix("//") else {
            return wrong("`//` is missing behind the scheme of the URL");
        };
        let mut parts = Parts::split(rest)?;
        let endpoint = if is_unix {
            parts.socket(resolver)?
        } else {
            parts.host(resolver)?
        };
        parts.finish(endpoint, is_tls)
    }
}

fn wrong<T>(why: impl Into<String>) -> Result<T, Invalid> {
    Err(Invalid::new("url", why))
}

/// What no URL may have, whatever its scheme.
fn check(text: &str) -> Result<(), Invalid> {
    if text.is_empty() {
        return wrong("the URL is empty");
    }
    if text.ends_with(['\n', '\r']) {
        return wrong("the URL ends in a line break; take it out of the variable or secret");
    }
    if text.trim() != text {
        return wrong("the URL has white space around it; take it out");
    }
    if text.contains(char::is_control) {
        return wrong("the URL holds a control character");
    }
    Ok(())
}

const ENCODE: &str = "the URL cannot be taken apart; percent-encode what is special in user and password (`@` is `%40`, `/` is \
    `%2F`, `:` is `%3A`, `?` is `%3F`, `#` is `%23`)";

/// Parameters of clients and their pools that change nothing of where, who and how.
const OTHERS: &[&str] = &[
    "client_name",
    "decode_responses",
    "encoding",
    "health_check_interval",
    "max_connections",
    "protocol",
    "retry_on_error",
    "retry_on_timeout",
    "socket_connect_timeout",
    "socket_keepalive",
    "socket_timeout",
    "timeout",
];

/// A URL in its parts.
#[derive(Default)]
struct Parts<'t> {
    user: Option<String>,
    password: Option<String>,
    /// Host and port, as written.
    place: &'t str,
    path: &'t str,
    database: Option<u32>,
    verification: Option<Verification>,
    ignores_name: bool,
    ca: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
}

impl<'t> Parts<'t> {
    /// The first `/`, `?` or `#` ends who and where: a password that holds one has to be percent-encoded.
    fn split(rest: &'t str) -> Result<Self, Invalid> {
        let ends = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(ends);
        let (who, place) = match authority.rsplit_once('@') {
            Some((who, place)) => (Some(who), place),
            None => (None, authority),
        };
        let (path, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        if path.contains(['#', '@']) || parameters.contains('#') {
            return wrong(ENCODE);
        }
        let mut parts = Self {
            place,
            path,
            ..Self::default()
        };
        if let Some(who) = who {
            let (user, password) = who.split_once(':').unwrap_or((who, ""));
            parts.user = some(user);
            parts.password = some(password);
        }
        for parameter in parameters.split('&').filter(|text| !text.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            parts.parameter(name, percent_decoded(value))?;
        }
        Ok(parts)
    }

    /// Those of the clients that say where, who and how (redis-py has most of them).
    fn parameter(&mut self, name: &str, value: String) -> Result<(), Invalid> {
        match name {
            "db" => self.database = Some(database(&value)?),
            "user" | "username" => self.user = Some(value),
            "password" => self.password = Some(value),
            "ssl_cert_reqs" => match value.to_ascii_lowercase().trim_start_matches("cert_") {
                "none" => self.verification = Some(Verification::Nothing),
                "required" | "optional" => self.verification = Some(Verification::Full),
                _ => return wrong("`ssl_cert_reqs` of the URL is `required` or `none`"),
            },
            "ssl_check_hostname" => match value.to_ascii_lowercase().as_str() {
                "true" => self.ignores_name = false,
                "false" => self.ignores_name = true,
                _ => return wrong("`ssl_check_hostname` of the URL is `true` or `false`"),
            },
            "ssl_ca_certs" => self.ca = Some(value.into()),
            "ssl_certfile" => self.certificate = Some(value.into()),
            "ssl_keyfile" => self.key = Some(value.into()),
            known if OTHERS.contains(&known) => {}
            _ => {
                let is_word = name
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
                // What stands there may be the rest of a password.
                if is_word && name.len() <= 32 {
                    return wrong(format!(
                        "the URL has a parameter `{name}` that is unknown here"
                    ));
                }
                return wrong(ENCODE);
            }
        }
        Ok(())
    }

    fn host(&mut self, resolver: Option<&str>) -> Result<Endpoint, Invalid> {
        let (host, port) = host_and_port(self.place)?;
        if host.is_empty() {
            return wrong("the URL names no host");
        }
        if host.contains(',') {
            return wrong("the URL names several hosts; name the one to look at");
        }
        if port == 0 {
            return wrong("port 0 cannot be connected to; ports are 1 to 65535");
        }
        let written = self.path.strip_prefix('/').unwrap_or_default();
        if !written.is_empty() {
            let written = database(&percent_decoded(written))?;
            if self.database.is_some_and(|known| known != written) {
                return wrong("the URL names two databases, in its path and as `db`");
            }
            self.database = Some(written);
        }
        let endpoint = |resolver| Endpoint::of_keys(Some(&host), Some(port), None, resolver);
        // Its words would show the host, and what stands there may be half a password.
        endpoint(None).map_err(|_| Invalid::new("url", ENCODE))?;
        endpoint(resolver)
    }

    fn socket(&mut self, resolver: Option<&str>) -> Result<Endpoint, Invalid> {
        if !self.place.is_empty() {
            return wrong(
                "the URL of a unix socket has three slashes and no host: `redis+unix:///run/redis.sock`",
            );
        }
        if self.path.is_empty() {
            return wrong("the URL names no unix socket");
        }
        let path = percent_decoded(self.path);
        Endpoint::of_keys(None, None, Some(Path::new(&path)), resolver).map_err(
            |Invalid { field, message }| match &*field {
                "resolver" => Invalid { field, message },
                _ => Invalid::new("url", message),
            },
        )
    }

    fn finish(self, endpoint: Endpoint, is_tls: bool) -> Result<Url, Invalid> {
        let login = match (self.user, self.password) {
            (user, Some(password)) if !password.is_empty() => Some(Login {
                user: user.filter(|user| !user.is_empty()),
                password,
            }),
            (Some(user), _) if !user.is_empty() => {
                return wrong(
                    "the URL has a user and no password; where there is only a password it is `redis://:PASSWORD@HOST`",
                );
            }
            _ => None,
        };
        let client_certificate = match (self.certificate, self.key) {
            (Some(certificate), Some(key)) => Some(ClientCertificate { certificate, key }),
            (None, None) => None,
            _ => return wrong("`ssl_certfile` and `ssl_keyfile` of the URL go together"),
        };
        let verification = match (self.verification, self.ignores_name) {
            (Some(Verification::Nothing), _) => Some(Verification::Nothing),
            (_, true) => Some(Verification::Chain),
            (known, false) => known,
        };
        let speaks_of_tls =
            verification.is_some() || self.ca.is_some() || client_certificate.is_some();
        if speaks_of_tls && !is_tls {
            return wrong("the URL has parameters of TLS, and TLS is `rediss:`");
        }
        Ok(Url {
            endpoint,
            is_tls,
            login,
            database: self.database.unwrap_or(0),
            verification,
            ca: self.ca,
            client_certificate,
        })
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| percent_decoded(text))
}

fn database(text: &str) -> Result<u32, Invalid> {
    // Redis reads an `int`.
    match text.parse::<u32>() {
        Ok(number) if i32::try_from(number).is_ok() => Ok(number),
        _ => wrong("the database of the URL is no number from 0 on"),
    }
}

fn host_and_port(place: &str) -> Result<(String, u16), Invalid> {
    let bracketed = place
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'));
    let (host, port) = match bracketed {
        Some((host, "")) => (host, None),
        Some((host, rest)) => match rest.strip_prefix(':') {
            Some(port) => (host, Some(port)),
            None => return wrong(ENCODE),
        },
        None => match place.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        },
    };
    let port = match port.filter(|port| !port.is_empty()).map(str::parse) {
        None => USUAL_PORT,
        Some(Ok(port)) => port,
        // What stands there may be half a password.
        Some(Err(_)) => return wrong(ENCODE),
    };
    Ok((net::percent_decoded(host), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text, None).unwrap_or_else(|invalid| panic!("{text}: {invalid:?}"))
    }

    #[test]
    fn a_server_is_named_in_every_usual_way() {
        for (text, place, user, password, database, is_tls) in [
            ("redis://cache", "cache:6379", None, None, 0, false),
            ("redis://cache:7000/", "cache:7000", None, None, 0, false),
            (
                "redis://:p%40ss%2Fw%23rd@cache/3",
                "cache:6379",
                None,
                Some("p@ss/w#rd"),
                3,
                false,
            ),
            (
                "rediss://me:p@ss@[::1]:7000/0",
                "[::1]:7000",
                Some("me"),
                Some("p@ss"),
                0,
                true,
            ),
            (
                "redis+unix:///run/my%20redis.sock?db=2&password=x%26y",
                "unix:/run/my redis.sock",
                None,
                Some("x&y"),
                2,
                false,
            ),
            (
                "unix://me:pw@/run/redis.sock?socket_timeout=5",
                "unix:/run/redis.sock",
                Some("me"),
                Some("pw"),
                0,
                false,
            ),
        ] {
            let url = url(text);
            let login = url.login.unwrap_or(Login {
                user: None,
                password: String::new(),
            });
            assert_eq!(url.endpoint.to_string(), place);
            assert_eq!(login.user.as_deref(), user, "{text}");
            assert_eq!(login.password, password.unwrap_or_default(), "{text}");
            assert_eq!((url.database, url.is_tls), (database, is_tls), "{text}");
        }
    }

    #[test]
    fn what_redis_py_says_of_tls_is_read() {
        let read = url(
            "rediss://cache?ssl_cert_reqs=CERT_NONE&ssl_ca_certs=/ca.pem&ssl_certfile=c&ssl_keyfile=k",
        );
        assert_eq!(read.verification, Some(Verification::Nothing));
        assert_eq!(read.ca, Some("/ca.pem".into()));
        assert!(read.client_certificate.is_some());
        let read = url("rediss://cache?ssl_cert_reqs=required&ssl_check_hostname=false");
        assert_eq!(read.verification, Some(Verification::Chain));
    }

    #[test]
    fn what_is_wrong_is_told_without_its_text() {
        let long = format!("unix:///hunter2{}", "x".repeat(110));
        for (text, why) in [
            ("", "empty"),
            ("hunter2", "no scheme"),
            ("http://hunter2", "unknown"),
            ("redis:hunter2", "`//`"),
            ("redis://cache/hunter2", "no number"),
            ("redis://cache/4294967295", "no number"),
            ("redis://:hunter2@", "no host"),
            ("redis://:hunter2@a,b", "several hosts"),
            ("redis://hunter2@cache", "user and no password"),
            ("redis://:hunter2@cache\n", "line break"),
            ("redis://:hunter2@cache ", "white space"),
            ("redis://:hun\u{1}ter2@cache", "control character"),
            ("redis://:pw/hunter2@cache", "percent-encode"),
            ("redis://:pw#hunter2@cache", "percent-encode"),
            ("redis://:pw?hunter2@cache", "percent-encode"),
            ("redis://pw:hunter2", "percent-encode"),
            ("redis://[::1]hunter2", "percent-encode"),
            ("redis://cache:0/", "port 0"),
            ("redis://cache?verify=hunter2", "`verify`"),
            ("redis://cache/1?db=2", "two databases"),
            ("redis://cache?ssl_cert_reqs=none", "`rediss:`"),
            ("rediss://cache?ssl_cert_reqs=hunter2", "`required`"),
            ("rediss://cache?ssl_certfile=hunter2", "go together"),
            ("unix://run/hunter2", "three slashes"),
            ("redis+unix://", "no unix socket"),
            (long.as_str(), "107"),
        ] {
            let told = Url::parse(text, None).unwrap_err();
            assert!(told.message.contains(why), "{text:?}: {told:?}");
            assert!(!told.message.contains("hunter2"), "{told:?}");
            assert_eq!(told.field, "url");
        }
        let told = Url::parse("unix:///run/redis.sock", Some("10.0.0.2")).unwrap_err();
        assert_eq!(told.field, "resolver");
        let shown = format!("{:?}", url("redis://me:hunter2@cache"));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
