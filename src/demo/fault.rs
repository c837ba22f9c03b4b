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
    /// An agent never says that its tool is done.
    EventMissing,
    /// The first event of every answer comes twice.
    EventDuplicated,
    /// A tool is done before it is used.
    EventOrder,
    /// One event of every answer is late.
    EventLate,
    /// What an agent thinks for one user goes to another, too.
    EventCrossed,
    /// WebSockets are closed amid an answer: an internal error.
    Ws1011,
    /// WebSockets are closed amid an answer: the server goes away.
    Ws1001,
    /// No token opens a WebSocket.
    Ws401,
    /// Nobody may open a WebSocket.
    Ws403,
    /// A proxy does not reach who opens WebSockets.
    Ws502,
    /// Nobody is there to open WebSockets.
    Ws503,
    /// WebSockets are opened, and never is a word said.
    WsSilent,
    /// Events over WebSockets are cut.
    WsInvalidJson,
    /// An answer never comes to its end.
    WsEndless,
    /// A message nobody understands ends the WebSocket.
    WsFragile,
    /// Who comes back to an answer misses an event.
    ResumeGap,
    /// Streams of events end early.
    SseCut,
    /// WebSockets let everybody in, into whatever conversation.
    OpenWebsocket,
    /// WebSockets are opened from any page.
    AnyOrigin,
    /// Tokens without a signature are good.
    TokenUnsigned,
    /// Signatures of tokens are not compared.
    TokenTampered,
    /// Tokens are good for ever.
    TokenExpired,
    /// Tokens for somebody else are good here.
    TokenAudience,
    /// Who logs in over somebody else comes back elsewhere.
    OauthRedirect,
    /// The startup service takes its time.
    StartSlow,
    /// The startup service is refused by its database.
    StartExit3,
    /// The startup service never ends its third phase.
    StartHang3,
    /// The startup service lacks a module.
    StartImport,
    /// The startup service is ready, and then is not, again and again.
    StartFlap,
    /// The startup service does not end when it is asked to.
    StartIgnoreTerm,
    /// The startup service leaves a child behind.
    StartOrphan,
    /// The startup service starts only when no other copy of it is starting.
    StartAlone,
    /// Who supervises the startup service does not start it again.
    StartNoRestart,
    /// The startup service takes any configuration.
    StartLenient,
    /// The startup service goes on without its database.
    StartDegraded,
}

impl Fault {
    /// Every fault, `none` first, those of the path from the connector to the agents, then those around it, then
    /// those of the chat and of who may use it, then those of the startup service.
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
        Self::EventMissing,
        Self::EventDuplicated,
        Self::EventOrder,
        Self::EventLate,
        Self::EventCrossed,
        Self::Ws1011,
        Self::Ws1001,
        Self::Ws401,
        Self::Ws403,
        Self::Ws502,
        Self::Ws503,
        Self::WsSilent,
        Self::WsInvalidJson,
        Self::WsEndless,
        Self::WsFragile,
        Self::ResumeGap,
        Self::SseCut,
        Self::OpenWebsocket,
        Self::AnyOrigin,
        Self::TokenUnsigned,
        Self::TokenTampered,
        Self::TokenExpired,
        Self::TokenAudience,
        Self::OauthRedirect,
        Self::StartSlow,
        Self::StartExit3,
        Self::StartHang3,
        Self::StartImport,
        Self::StartFlap,
        Self::StartIgnoreTerm,
        Self::StartOrphan,
        Self::StartAlone,
        Self::StartNoRestart,
        Self::StartLenient,
        Self::StartDegraded,
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
            Self::EventMissing => "event-missing",
            Self::EventDuplicated => "event-duplicated",
            Self::EventOrder => "event-order",
            Self::EventLate => "event-late",
            Self::EventCrossed => "event-crossed",
            Self::Ws1011 => "ws-1011",
            Self::Ws1001 => "ws-1001",
            Self::Ws401 => "ws-401",
            Self::Ws403 => "ws-403",
            Self::Ws502 => "ws-502",
            Self::Ws503 => "ws-503",
            Self::WsSilent => "ws-silent",
            Self::WsInvalidJson => "ws-invalid-json",
            Self::WsEndless => "ws-endless",
            Self::WsFragile => "ws-fragile",
            Self::ResumeGap => "resume-gap",
            Self::SseCut => "sse-cut",
            Self::OpenWebsocket => "open-websocket",
            Self::AnyOrigin => "any-origin",
            Self::TokenUnsigned => "token-unsigned",
            Self::TokenTampered => "token-tampered",
            Self::TokenExpired => "token-expired",
            Self::TokenAudience => "token-audience",
            Self::OauthRedirect => "oauth-redirect",
            Self::StartSlow => "start-slow",
            Self::StartExit3 => "start-exit3",
            Self::StartHang3 => "start-hang3",
            Self::StartImport => "start-import",
            Self::StartFlap => "start-flap",
            Self::StartIgnoreTerm => "start-ignore-term",
            Self::StartOrphan => "start-orphan",
            Self::StartAlone => "start-alone",
            Self::StartNoRestart => "start-no-restart",
            Self::StartLenient => "start-lenient",
            Self::StartDegraded => "start-degraded",
        }
    }

    /// The fault of that name, exactly as [`name`](Self::name) writes it.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|fault| fault.name() == name)
    }

    /// What it does, in one line for `--help`.
    #[expect(clippy::too_many_lines, reason = "a table")]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::None => "everything works",
            Self::Outage => {
                "one instance of the connector refuses connections, the service's is 3 s late"
            }
            Self::Refuse => "the connector to the database refuses connections",
            Self::Delay => {
                "the connector begins to forward after 3 s; the service gives up after 800 ms"
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
            Self::EventMissing => {
                "agents never say that a tool is done: `tool_completed` is missing"
            }
            Self::EventDuplicated => {
                "the first event of every answer, `agent_started`, comes twice"
            }
            Self::EventOrder => {
                "a tool is done before it is used: `tool_completed` before `tool_executing`"
            }
            Self::EventLate => "`tool_executing` comes 2.5 s late",
            Self::EventCrossed => {
                "users who are answered at the same time see an event of each other"
            }
            Self::Ws1011 => "WebSockets are closed amid an answer with 1011, an internal error",
            Self::Ws1001 => "WebSockets are closed amid an answer with 1001, going away",
            Self::Ws401 => "the handshake of every WebSocket is refused with 401",
            Self::Ws403 => "the handshake of every WebSocket is refused with 403",
            Self::Ws502 => "the handshake of every WebSocket is answered 502",
            Self::Ws503 => "the handshake of every WebSocket is answered 503",
            Self::WsSilent => "WebSockets are opened, and then nothing comes, not even a pong",
            Self::WsInvalidJson => "events over WebSockets lack their last brace",
            Self::WsEndless => "agents think on and on, and never complete an answer",
            Self::WsFragile => "a message that is not understood ends its WebSocket with 1011",
            Self::ResumeGap => "who comes back to an answer misses the next event",
            Self::SseCut => "streams of server-sent events end after the third event",
            Self::OpenWebsocket => {
                "everybody may open a WebSocket, without a token and into the session of another"
            }
            Self::AnyOrigin => "pages of any origin may open WebSockets",
            Self::TokenUnsigned => "tokens with `alg: none` and no signature are accepted",
            Self::TokenTampered => "whatever the signature of a token is, it is accepted",
            Self::TokenExpired => "tokens that have expired are accepted",
            Self::TokenAudience => "tokens for another audience are accepted",
            Self::OauthRedirect => "who logs in over Google is sent back to another host",
            Self::StartSlow => "the startup service takes 2.4 s for its dependencies",
            Self::StartExit3 => "the startup service is refused by its database, and exits with 3",
            Self::StartHang3 => "the startup service hangs in its third phase, the database",
            Self::StartImport => "the startup service lacks a module, and exits with 1",
            Self::StartFlap => {
                "every third answer of the startup service, once it is ready, is that it is not"
            }
            Self::StartIgnoreTerm => "the startup service goes on after SIGTERM",
            Self::StartOrphan => "the startup service leaves a process behind that it started",
            Self::StartAlone => {
                "only one copy of the startup service can start at a time; others exit with 3"
            }
            Self::StartNoRestart => {
                "the supervisor of the startup service does not start it again when it was killed"
            }
            Self::StartLenient => {
                "the startup service looks at nothing of its configuration before it uses it"
            }
            Self::StartDegraded => {
                "the startup service says ready although its database is not there"
            }
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
        assert_eq!(Fault::ALL.len(), Fault::StartDegraded as usize + 1);
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
