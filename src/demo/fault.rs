//! What can be switched on to break the environment, one thing at a time.

use std::fmt;

/// One way to be broken. The first variant is to be whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Fault {
    /// Everything works.
    #[default]
    None,
    /// The connector has two instances: one refuses, and the one the service was given begins to forward after three seconds.
    Outage,
    /// The connector's port is bound and nobody listens on it.
    Refuse,
    /// The connector begins to forward after three seconds.
    Delay,
    /// The connector accepts, and resets.
    Reset,
    /// The connector accepts, and never says a word.
    Silent,
    /// Something else than the database answers on the connector's port.
    Impostor,
    /// The database file is damaged.
    Corrupt,
    /// The last migration did not run.
    Schema,
    /// The DSN leads to another environment's database.
    OtherDatabase,
    /// The service's port is bound and nobody listens on it.
    Down,
    /// A proxy's page stands where the service should answer.
    Html,
    /// The page comes without its application.
    BlankPage,
    /// Every third answer of `/health` is late.
    Slow,
    /// Every third answer of `/health` is 503.
    Intermittent,
    /// The service's clock is an hour behind.
    Clock,
    /// The service got its password with a newline at the end.
    Config,
    /// The login answers 500.
    Error500,
    /// Protected endpoints let everybody in.
    OpenAuth,
    /// A profile shows somebody else.
    Crossed,
    /// No agent started, and the service calls that healthy.
    Fallback,
    /// The certificate of the TLS port has expired.
    TlsExpired,
    /// The certificate of the TLS port will soon expire.
    TlsExpiring,
    /// The certificate of the TLS port is for another name.
    TlsOtherName,
    /// The certificate of the TLS port is for the retired name, too.
    TlsRetiredName,
    /// The certificate of the TLS port is from an authority nobody knows.
    TlsUnknownIssuer,
    /// The TLS port speaks plain HTTP.
    TlsPlaintext,
    /// The TLS port accepts, and never says a word.
    TlsSilent,
    /// The cache's port is bound and nobody listens on it.
    CacheDown,
    /// The 20th to 22nd answers of `/health` are 503.
    Brownout,
    /// Every third answer of `/version` names another commit.
    Canary,
    /// The service runs with other limits than were declared.
    Contract,
    /// The balancer knows no route for `/api/health`.
    RouteMissing,
    /// Answers to preflights allow nothing.
    Cors,
    /// Whatever has no endpoint is answered with the page.
    SpaFallback,
}

impl Fault {
    /// Every fault, `none` first, those of the path from the connector to the agents, then those around it.
    pub const ALL: &'static [Self] = &[
        Self::None,
        Self::Outage,
        Self::Refuse,
        Self::Delay,
        Self::Reset,
        Self::Silent,
        Self::Impostor,
        Self::Corrupt,
        Self::Schema,
        Self::OtherDatabase,
        Self::Down,
        Self::Html,
        Self::BlankPage,
        Self::Slow,
        Self::Intermittent,
        Self::Clock,
        Self::Config,
        Self::Error500,
        Self::OpenAuth,
        Self::Crossed,
        Self::Fallback,
        Self::TlsExpired,
        Self::TlsExpiring,
        Self::TlsOtherName,
        Self::TlsRetiredName,
        Self::TlsUnknownIssuer,
        Self::TlsPlaintext,
        Self::TlsSilent,
        Self::CacheDown,
        Self::Brownout,
        Self::Canary,
        Self::Contract,
        Self::RouteMissing,
        Self::Cors,
        Self::SpaFallback,
    ];

    /// As it is written after `--set demo.fault=`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Outage => "outage",
            Self::Refuse => "refuse",
            Self::Delay => "delay",
            Self::Reset => "reset",
            Self::Silent => "silent",
            Self::Impostor => "impostor",
            Self::Corrupt => "corrupt",
            Self::Schema => "schema",
            Self::OtherDatabase => "other-database",
            Self::Down => "down",
            Self::Html => "html",
            Self::BlankPage => "blank-page",
            Self::Slow => "slow",
            Self::Intermittent => "intermittent",
            Self::Clock => "clock",
            Self::Config => "config",
            Self::Error500 => "error-500",
            Self::OpenAuth => "open-auth",
            Self::Crossed => "crossed",
            Self::Fallback => "fallback",
            Self::TlsExpired => "tls-expired",
            Self::TlsExpiring => "tls-expiring",
            Self::TlsOtherName => "tls-other-name",
            Self::TlsRetiredName => "tls-retired-name",
            Self::TlsUnknownIssuer => "tls-unknown-issuer",
            Self::TlsPlaintext => "tls-plaintext",
            Self::TlsSilent => "tls-silent",
            Self::CacheDown => "cache-down",
            Self::Brownout => "brownout",
            Self::Canary => "canary",
            Self::Contract => "contract",
            Self::RouteMissing => "route-missing",
            Self::Cors => "cors",
            Self::SpaFallback => "spa-fallback",
        }
    }

    /// The fault of that name, exactly as [`name`](Self::name) writes it.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|fault| fault.name() == name)
    }

    /// What it does, in one line for `--help`.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::None => "everything works",
            Self::Outage => {
                "one instance of the connector refuses connections, the service's is 3 s late"
            }
            Self::Refuse => "the connector to the database refuses connections",
            Self::Delay => {
                "the connector begins to forward after 3 s; the service gives up after 500 ms"
            }
            Self::Reset => "the connector accepts connections and resets them",
            Self::Silent => "the connector accepts connections and never says a word",
            Self::Impostor => "a mail server answers on the connector's port",
            Self::Corrupt => "the database file is damaged; its server still answers PING",
            Self::Schema => "the last migration did not run: a table and a column are missing",
            Self::OtherDatabase => "the DSN leads to another environment's database",
            Self::Down => "the service refuses connections",
            Self::Html => {
                "a proxy answers 200 and an HTML page where the service should answer JSON"
            }
            Self::BlankPage => "the page is served without its application",
            Self::Slow => "every third answer of /health takes 2.5 s",
            Self::Intermittent => "every third answer of /health is 503",
            Self::Clock => "the service's clock is an hour behind",
            Self::Config => {
                "the service got its password with a newline at the end, so every login is 401"
            }
            Self::Error500 => "the login answers 500",
            Self::OpenAuth => "protected endpoints answer 200 without a token",
            Self::Crossed => "a user's profile shows the other user",
            Self::Fallback => "no agent started; the service says healthy, in fallback mode",
            Self::TlsExpired => "the certificate of the TLS port expired yesterday",
            Self::TlsExpiring => "the certificate of the TLS port expires in ten days",
            Self::TlsOtherName => "the certificate of the TLS port is for another name",
            Self::TlsRetiredName => {
                "the certificate of the TLS port is also for the name that was retired"
            }
            Self::TlsUnknownIssuer => {
                "the certificate of the TLS port is from an authority nobody knows"
            }
            Self::TlsPlaintext => "the TLS port speaks plain HTTP",
            Self::TlsSilent => "the TLS port accepts connections and never says a word",
            Self::CacheDown => "the cache refuses connections; the service goes on without it",
            Self::Brownout => "the 20th to the 22nd answer of /health are 503",
            Self::Canary => "every third answer of /version comes from another commit",
            Self::Contract => "the service waits half as long for its database as was declared",
            Self::RouteMissing => "no route leads to /api/health: 404",
            Self::Cors => {
                "browsers are not allowed to ask: preflights are answered without CORS headers"
            }
            Self::SpaFallback => "unknown paths are answered 200 and the page",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_holds_every_fault_once_in_the_order_of_the_enum() {
        for (position, fault) in Fault::ALL.iter().enumerate() {
            assert_eq!(*fault as usize, position, "{fault}");
        }
        assert_eq!(Fault::ALL.len(), Fault::SpaFallback as usize + 1);
    }

    #[test]
    fn every_name_is_read_back_and_nothing_else_is() {
        for fault in Fault::ALL {
            assert_eq!(Fault::parse(fault.name()), Some(*fault));
        }
        for wrong in ["", "Refuse", " refuse", "refuse\n", "refused"] {
            assert_eq!(Fault::parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn names_and_descriptions_are_distinct_and_fit_a_line() {
        let mut seen = std::collections::HashSet::new();
        for fault in Fault::ALL {
            assert!(seen.insert(fault.name()) && seen.insert(fault.describe()));
            assert!(fault.describe().len() <= 90 && !fault.describe().contains('\n'));
        }
    }
}
