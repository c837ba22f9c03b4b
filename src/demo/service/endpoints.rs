//! What the service answers, endpoint by endpoint. Every word of an answer is computed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::{Method, Request};

use super::access::Access;
use super::agents::Agents;
use super::chat::Room;
use super::limits::MAX_BODY_BYTES;
use super::reply::{Refusal, Reply, html, nothing};
use super::server::Config;
use super::store::Store;
use super::{about, cors, health};
use crate::demo::Fault;
use crate::demo::tasks::Tasks;

/// Everything the service answers with.
#[derive(Debug)]
pub(super) struct Endpoints {
    fault: Fault,
    pub(super) config: Config,
    /// Where the page comes from, which may ask from there.
    web: SocketAddr,
    pub(super) store: Arc<Store>,
    pub(super) agents: Arc<Agents>,
    pub(super) access: Access,
    pub(super) room: Arc<Room>,
    pub(super) health_checks: AtomicU64,
    pub(super) asked_for_version: AtomicU64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Endpoint {
    Page,
    Docs,
    Version,
    Limits,
    Health,
    ApiHealth,
    Ready,
    Startup,
    Infrastructure,
    Backend,
    AgentsHealth,
    System,
    AuthHealth,
    Google,
    Login,
    Logout,
    Me,
    Validate,
    Execute,
    Stream,
    Agents,
    Threads,
    History,
    Chat,
}

impl Endpoint {
    const ALL: [(&'static str, Self); 24] = [
        ("/", Self::Page),
        ("/docs", Self::Docs),
        ("/version", Self::Version),
        ("/config", Self::Limits),
        ("/health", Self::Health),
        ("/api/health", Self::ApiHealth),
        ("/health/ready", Self::Ready),
        ("/health/startup", Self::Startup),
        ("/health/infrastructure", Self::Infrastructure),
        ("/health/backend", Self::Backend),
        ("/health/agents", Self::AgentsHealth),
        ("/health/system/comprehensive", Self::System),
        ("/auth/health", Self::AuthHealth),
        ("/oauth/google", Self::Google),
        ("/login", Self::Login),
        ("/logout", Self::Logout),
        ("/me", Self::Me),
        ("/api/auth/validate", Self::Validate),
        ("/api/agents/execute", Self::Execute),
        ("/api/agents/stream", Self::Stream),
        ("/api/agents", Self::Agents),
        ("/api/threads", Self::Threads),
        ("/api/history", Self::History),
        ("/ws", Self::Chat),
    ];

    fn find(path: &str) -> Option<Self> {
        let (_, found) = Self::ALL.into_iter().find(|(known, _)| *known == path)?;
        Some(found)
    }

    /// The methods it takes, as `Allow` lists them (RFC 9110 §10.2.1).
    fn allowed(self) -> &'static str {
        match self {
            Self::Login | Self::Logout | Self::Execute | Self::Stream => "POST",
            // A handshake is a GET, and the head of one is none.
            Self::Chat => "GET",
            _ => "GET, HEAD",
        }
    }

    fn allows(self, method: &Method) -> bool {
        self.allowed()
            .split(", ")
            .any(|allowed| allowed == method.as_str())
    }
}

impl Endpoints {
    pub(super) fn new(
        fault: Fault,
        config: Config,
        web: SocketAddr,
        agents: Agents,
        tasks: &Tasks,
    ) -> Self {
        let store = Arc::new(Store::new(config.connector, config.limits.database));
        let agents = Arc::new(agents);
        let access = Access::new(fault, &config.token_key, Arc::clone(&store));
        let room = Room::new(
            fault,
            web,
            Arc::clone(&agents),
            Arc::clone(&store),
            tasks.clone(),
        );
        Self {
            fault,
            config,
            web,
            store,
            agents,
            access,
            room: Arc::new(room),
            health_checks: AtomicU64::new(0),
            asked_for_version: AtomicU64::new(0),
        }
    }

    pub(super) fn fault(&self) -> Fault {
        self.fault
    }

    pub(super) fn web(&self) -> SocketAddr {
        self.web
    }

    /// Answers one request. hyper leaves the body out when it was a HEAD.
    pub(super) async fn answer(&self, request: Request<Incoming>) -> Reply {
        self.try_answer(request).await.unwrap_or_else(Reply::from)
    }

    async fn try_answer(&self, request: Request<Incoming>) -> Result<Reply, Refusal> {
        let found = Endpoint::find(request.uri().path());
        if self.fault == Fault::Html && found != Some(Endpoint::Page) {
            return Ok(html(PROXY_PAGE.to_owned()));
        }
        let endpoint = match (found, self.fault) {
            (None, Fault::SpaFallback) => return Ok(html(self.page())),
            (None, _) | (Some(Endpoint::ApiHealth), Fault::RouteMissing) => {
                return Err(Refusal::NotFound);
            }
            (Some(endpoint), _) => endpoint,
        };
        if cors::is_preflight(request.method(), request.headers()) {
            return Ok(match self.fault {
                Fault::Cors => nothing(),
                _ => cors::answer(request.headers(), self.web, endpoint.allowed()),
            });
        }
        if !endpoint.allows(request.method()) {
            return Err(Refusal::MethodNotAllowed(endpoint.allowed()));
        }
        match endpoint {
            Endpoint::Page => Ok(html(self.page())),
            Endpoint::Docs => Ok(about::docs(Endpoint::ALL.into_iter().map(|(path, _)| path))),
            Endpoint::Version => Ok(self.version()),
            Endpoint::Limits => Ok(self.limits()),
            Endpoint::Health => self.health().await,
            Endpoint::ApiHealth => Ok(health::alive()),
            Endpoint::Ready => Ok(self.ready().await),
            Endpoint::Startup => Ok(self.startup().await),
            Endpoint::Infrastructure => Ok(self.infrastructure().await),
            Endpoint::Backend => Ok(self.backend().await),
            Endpoint::AgentsHealth => Ok(self.agents_health()),
            Endpoint::System => Ok(self.system().await),
            Endpoint::AuthHealth => Ok(self.auth_health().await),
            Endpoint::Google => self.google(),
            Endpoint::Login => self.login(request).await,
            Endpoint::Logout => self.logout(request.headers()).await,
            Endpoint::Me => self.me(request.headers()).await,
            Endpoint::Validate => self.validate(request.headers()).await,
            Endpoint::Execute => self.execute(request).await,
            Endpoint::Stream => self.stream(request).await,
            Endpoint::Agents => self.agents(request.headers()).await,
            Endpoint::Threads => self.threads(request.headers()).await,
            Endpoint::History => self.history(request.headers()).await,
            Endpoint::Chat => self.room.enter(request, &self.access).await,
        }
    }

    fn page(&self) -> String {
        let root = match self.fault {
            Fault::BlankPage => "",
            _ => r#"<div id="root"></div>"#,
        };
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>demo</title></head>\n<body>{root}</body>\n</html>\n"
        )
    }
}

/// The body of a request.
pub(super) async fn read(request: Request<Incoming>) -> Result<Vec<u8>, Refusal> {
    let body = Limited::new(request.into_body(), MAX_BODY_BYTES);
    match body.collect().await {
        Ok(body) => Ok(body.to_bytes().into()),
        Err(error) if error.is::<LengthLimitError>() => Err(Refusal::TooLarge),
        Err(_) => Err(Refusal::BadRequest("the body ends early")),
    }
}

/// What [`Fault::Html`] puts in front of the service.
const PROXY_PAGE: &str = "<!doctype html>\n<html><head><title>Welcome to nginx!</title></head><body><h1>Welcome to nginx!</h1></body></html>\n";
