//! Through which proxy a request goes: the one a test names, one of the environment, or none.

use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::HeaderValue;
use url::Url;

use super::url::Target;
use crate::model::{ProbeError, Proxies, ProxySetting, Unable};
use crate::probe::net::{authority, check_port, percent_decoded};
use crate::template::Mask;

/// An HTTP proxy.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(in crate::probe) struct Proxy {
    /// Whether TLS is spoken to the proxy itself.
    pub(super) is_tls: bool,
    pub(super) host: String,
    pub(super) port: u16,
    /// From the user and password of its URL.
    pub(super) authorization: Option<HeaderValue>,
    /// What must be masked.
    pub(in crate::probe) secrets: Vec<String>,
}

impl Proxy {
    /// Reads the URL of a proxy; without a scheme it is `http`, as everywhere.
    pub(in crate::probe) fn parse(text: &str) -> Result<Self, String> {
        let with_scheme = if text.contains("://") {
            text.to_owned()
        } else {
            format!("http://{text}")
        };
        let url = Url::parse(&with_scheme).map_err(|error| format!("no URL: {error}"))?;
        let is_tls = match url.scheme() {
            "http" => false,
            "https" => true,
            other if other.starts_with("socks") => {
                return Err(format!(
                    "the scheme is `{other}`; SOCKS is not spoken, only proxies of `http` and `https`"
                ));
            }
            other => {
                return Err(format!(
                    "the scheme is `{other}`; proxies are `http` or `https`"
                ));
            }
        };
        let host = match url.host() {
            Some(url::Host::Domain(name)) => name.to_owned(),
            Some(url::Host::Ipv4(address)) => address.to_string(),
            Some(url::Host::Ipv6(address)) => address.to_string(),
            None => return Err("the URL has no host".to_owned()),
        };
        let port = url.port_or_known_default().unwrap_or(80);
        check_port(port)?;
        let mut secrets = Vec::new();
        let authorization = if url.username().is_empty() && url.password().is_none() {
            None
        } else {
            let user = percent_decoded(url.username());
            let password = percent_decoded(url.password().unwrap_or_default());
            let encoded = STANDARD.encode(format!("{user}:{password}"));
            let mut value = HeaderValue::from_str(&format!("Basic {encoded}"))
                .map_err(|_| "the credentials cannot be sent".to_owned())?;
            value.set_sensitive(true);
            secrets.extend([password, encoded]);
            Some(value)
        };
        Ok(Self {
            is_tls,
            host,
            port,
            authorization,
            secrets,
        })
    }

    /// `host:port`.
    pub(in crate::probe) fn authority(&self) -> String {
        authority(&self.host, self.port)
    }

    /// As it may be shown.
    pub(in crate::probe) fn shown(&self) -> String {
        let scheme = if self.is_tls { "https" } else { "http" };
        let user = match self.authorization {
            Some(_) => "***@",
            None => "",
        };
        format!("{scheme}://{user}{}", self.authority())
    }
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown())
    }
}

/// What a test says about proxies.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::probe) enum Via {
    /// Nothing: the environment decides.
    #[default]
    Environment,
    /// None is used.
    Direct,
    /// This one is used, whatever the environment says.
    Given(Arc<Proxy>),
}

/// The proxies of the environment, read.
#[derive(Debug, Default)]
pub(in crate::probe) struct EnvironmentProxies {
    http: Option<Result<Arc<Proxy>, ProbeError>>,
    https: Option<Result<Arc<Proxy>, ProbeError>>,
    except: Vec<Exception>,
}

impl EnvironmentProxies {
    /// Reads them; their passwords are masked from now on. One that cannot be read stops only those who would use it.
    pub(in crate::probe) fn read(proxies: &Proxies, mask: &Mask) -> Self {
        let read = |setting: &ProxySetting| match Proxy::parse(&setting.url) {
            Ok(proxy) => {
                for secret in &proxy.secrets {
                    mask.add(secret);
                }
                Ok(Arc::new(proxy))
            }
            Err(why) => Err(ProbeError::new(
                Unable::Value,
                format!("the variable {}: {why}", setting.name),
            )),
        };
        Self {
            http: proxies.http.as_ref().map(read),
            https: proxies.https.as_ref().map(read),
            except: exceptions(&proxies.except),
        }
    }

    /// The proxy for a target; this machine itself is never asked through one.
    pub(super) fn of(&self, target: &Target) -> Result<Option<Arc<Proxy>>, ProbeError> {
        let proxy = if target.is_tls {
            &self.https
        } else {
            &self.http
        };
        match proxy {
            None => Ok(None),
            Some(_) if is_loopback(&target.host) => Ok(None),
            Some(_) if self.except.iter().any(|except| except.covers(target)) => Ok(None),
            Some(known) => known.clone().map(Some),
        }
    }
}

fn is_loopback(host: &str) -> bool {
    let name = host.trim_end_matches('.');
    name.eq_ignore_ascii_case("localhost")
        || name.to_ascii_lowercase().ends_with(".localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.to_canonical().is_loopback())
}

/// One word of `NO_PROXY`.
#[derive(Debug, PartialEq, Eq)]
enum Exception {
    /// `*`.
    All,
    /// `10.0.0.0/8`.
    Network { address: IpAddr, bits: u8 },
    /// `10.0.0.1`, `10.0.0.1:8080`.
    Address(IpAddr, Option<u16>),
    /// `example.com` with all below it, or `.example.com` without itself.
    Name {
        name: String,
        itself: bool,
        port: Option<u16>,
    },
}

/// Reads `NO_PROXY`: words between commas or white space. A word that says nothing is passed over.
fn exceptions(text: &str) -> Vec<Exception> {
    text.split(|c: char| c == ',' || c.is_whitespace())
        .filter(|word| !word.is_empty())
        .filter_map(exception)
        .collect()
}

fn exception(word: &str) -> Option<Exception> {
    if word == "*" {
        return Some(Exception::All);
    }
    if let Some((address, bits)) = word.split_once('/') {
        let address: IpAddr = address.parse().ok()?;
        let bits: u8 = bits.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        return (bits <= most).then_some(Exception::Network { address, bits });
    }
    let bare = word.trim_start_matches('[');
    if let Ok(address) = bare.trim_end_matches(']').parse() {
        return Some(Exception::Address(address, None));
    }
    let (host, port) = match word.rsplit_once(':') {
        Some((host, port)) => (host, Some(port.parse().ok()?)),
        None => (word, None),
    };
    let unbracketed = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = unbracketed.parse() {
        return Some(Exception::Address(address, port));
    }
    let host = host.trim_start_matches('*');
    let name = host.trim_start_matches('.').trim_end_matches('.');
    (!name.is_empty()).then(|| Exception::Name {
        name: name.to_ascii_lowercase(),
        itself: !host.starts_with('.'),
        port,
    })
}

impl Exception {
    fn covers(&self, target: &Target) -> bool {
        let literal = target.host.parse::<IpAddr>().ok();
        match self {
            Self::All => true,
            Self::Network { address, bits } => {
                literal.is_some_and(|host| same_network(host, *address, *bits))
            }
            Self::Address(address, port) => {
                literal == Some(*address) && port.is_none_or(|port| port == target.port)
            }
            Self::Name { name, itself, port } => {
                let host = target.host.to_ascii_lowercase();
                let host = host.trim_end_matches('.');
                let is_below = host
                    .strip_suffix(name.as_str())
                    .is_some_and(|rest| rest.ends_with('.'));
                port.is_none_or(|port| port == target.port)
                    && (is_below || (*itself && host == name))
            }
        }
    }
}

fn same_network(host: IpAddr, network: IpAddr, bits: u8) -> bool {
    let same = |a: u128, b: u128, width: u8| {
        let shift = u32::from(width - bits);
        a.checked_shr(shift).unwrap_or(0) == b.checked_shr(shift).unwrap_or(0)
    };
    match (host.to_canonical(), network) {
        (IpAddr::V4(host), IpAddr::V4(network)) => {
            same(u32::from(host).into(), u32::from(network).into(), 32)
        }
        (IpAddr::V6(host), IpAddr::V6(network)) => same(host.into(), network.into(), 128),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(is_tls: bool, host: &str, port: u16) -> Target {
        Target {
            is_tls,
            host: host.to_owned(),
            port,
        }
    }

    fn setting(url: &str) -> ProxySetting {
        ProxySetting {
            name: "HTTP_PROXY".to_owned(),
            url: url.to_owned(),
        }
    }

    fn through(except: &str, host: &str, port: u16) -> bool {
        let proxies = Proxies {
            http: Some(setting("proxy.example:3128")),
            https: None,
            except: except.to_owned(),
        };
        let read = EnvironmentProxies::read(&proxies, &Mask::default());
        read.of(&target(false, host, port)).unwrap().is_some()
    }

    #[test]
    fn no_proxy_is_read_as_others_read_it() {
        for (except, host, port, goes_through) in [
            ("", "web.example", 80, true),
            ("*", "web.example", 80, false),
            ("web.example", "web.example", 80, false),
            ("web.example", "WEB.example.", 80, false),
            ("example", "web.example", 80, false),
            ("ample", "web.example", 80, true),
            (".example", "web.example", 80, false),
            (".web.example", "web.example", 80, true),
            ("*.example", "web.example", 80, false),
            ("a, b ,web.example", "web.example", 80, false),
            ("a b web.example", "web.example", 80, false),
            ("web.example:8080", "web.example", 80, true),
            ("web.example:8080", "web.example", 8080, false),
            ("10.0.0.0/8", "10.200.3.4", 80, false),
            ("10.0.0.0/8", "11.0.0.1", 80, true),
            ("0.0.0.0/0", "11.0.0.1", 80, false),
            ("10.0.0.0/33", "10.0.0.1", 80, true),
            ("10.0.0.0/8", "web.example", 80, true),
            ("10.0.0.1", "10.0.0.1", 80, false),
            ("10.0.0.1:81", "10.0.0.1", 80, true),
            ("fd00::/8", "fd12::1", 80, false),
            ("fd00::1", "fd00::1", 80, false),
            ("[fd00::1]:80", "fd00::1", 80, false),
            ("[fd00::1]:81", "fd00::1", 80, true),
            ("", "localhost", 80, false),
            ("", "a.localhost", 80, false),
            ("", "127.8.8.8", 80, false),
            ("", "::1", 80, false),
            ("", "localhost.example", 80, true),
        ] {
            assert_eq!(
                through(except, host, port),
                goes_through,
                "{except:?} {host}:{port}"
            );
        }
    }

    #[test]
    fn schemes_have_their_own_proxies_and_a_bad_one_stops_only_its_users() {
        let proxies = Proxies {
            http: None,
            https: Some(setting("socks5://proxy.example:1080")),
            except: String::new(),
        };
        let read = EnvironmentProxies::read(&proxies, &Mask::default());
        assert_eq!(read.of(&target(false, "web.example", 80)), Ok(None));
        let error = read.of(&target(true, "web.example", 443)).unwrap_err();
        assert_eq!(error.kind, Unable::Value);
        assert!(error.message.contains("SOCKS is not spoken"), "{error:?}");
    }

    #[test]
    fn credentials_of_a_proxy_are_kept_out_of_sight() {
        let proxy = Proxy::parse("http://me:secret-word@proxy.example:3128").unwrap();
        assert_eq!(proxy.shown(), "http://***@proxy.example:3128");
        let value = proxy.authorization.as_ref().unwrap();
        assert_eq!(value, "Basic bWU6c2VjcmV0LXdvcmQ=");
        assert!(!format!("{value:?}").contains("bWU6"));
        assert!(!format!("{proxy:?}").contains("secret-word"));
        assert_eq!(Proxy::parse("proxy.example").unwrap().port, 80);
        assert!(Proxy::parse("ftp://proxy.example").is_err());
        assert!(Proxy::parse("http://proxy.example:0").is_err());
    }
}
