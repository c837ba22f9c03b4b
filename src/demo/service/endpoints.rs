//! What the service answers, endpoint by endpoint. Every word of an answer is computed.

use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::AUTHORIZATION;
use hyper::{HeaderMap, Method, Request, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::agents::Agents;
use super::limits::MAX_BODY_BYTES;
use super::reply::{Refusal, Reply, html, json};
use super::server::Config;
use super::store::Store;
use super::{about, cors, health};
use crate::demo::Fault;

/// Everything the service answers with.
#[derive(Debug)]
pub(super) struct Endpoints {
    fault: Fault,
    pub(super) config: Config,
    /// Where the page comes from, which may ask from there.
    web: SocketAddr,
    pub(super) store: Store,
    pub(super) agents: Agents,
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
    Agents,
    AuthHealth,
    Login,
    Logout,
    Me,
    Validate,
    Execute,
}

impl Endpoint {
    const ALL: [(&'static str, Self); 17] = [
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
        ("/health/agents", Self::Agents),
        ("/auth/health", Self::AuthHealth),
        ("/login", Self::Login),
        ("/logout", Self::Logout),
        ("/me", Self::Me),
        ("/api/auth/validate", Self::Validate),
        ("/api/agents/execute", Self::Execute),
    ];

    fn find(path: &str) -> Option<Self> {
        let (_, found) = Self::ALL.into_iter().find(|(known, _)| *known == path)?;
        Some(found)
    }

    /// The methods it takes, as `Allow` lists them (RFC 9110 §10.2.1).
    fn allowed(self) -> &'static str {
        match self {
            Self::Login | Self::Logout | Self::Execute => "POST",
            _ => "GET, HEAD",
        }
    }

    fn allows(self, method: &Method) -> bool {
        self.allowed()
            .split(", ")
            .any(|allowed| allowed == method.as_str())
    }
}

/// The body of `POST /login`.
#[derive(Deserialize)]
struct Login {
    user: String,
    password: String,
}

/// The body of `POST /api/agents/execute`; none at all is an empty message.
#[derive(Deserialize, Default)]
struct Execute {
    message: String,
}

impl Endpoints {
    pub(super) fn new(
        fault: Fault,
        config: Config,
        web: SocketAddr,
        store: Store,
        agents: Agents,
    ) -> Self {
        Self {
            fault,
            config,
            web,
            store,
            agents,
            health_checks: AtomicU64::new(0),
            asked_for_version: AtomicU64::new(0),
        }
    }

    pub(super) fn fault(&self) -> Fault {
        self.fault
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
                Fault::Cors => cors::nothing(),
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
            Endpoint::Agents => Ok(self.agents_health()),
            Endpoint::AuthHealth => Ok(self.auth_health().await),
            Endpoint::Login => self.login(request).await,
            Endpoint::Logout => self.logout(request.headers()).await,
            Endpoint::Me => self.me(request.headers()).await,
            Endpoint::Validate => self.validate(request.headers()).await,
            Endpoint::Execute => self.execute(request).await,
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

    async fn login(&self, request: Request<Incoming>) -> Result<Reply, Refusal> {
        if self.fault == Fault::Error500 {
            return Err(Refusal::Internal);
        }
        let body = read(request).await?;
        let login: Login = serde_json::from_slice(&body)
            .map_err(|_| Refusal::BadRequest("a JSON object with user and password is wanted"))?;
        let wrong = Refusal::Unauthorized("wrong user or password");
        if login.password != self.config.password {
            return Err(wrong);
        }
        let token = self.store.open(&login.user).await?.ok_or(wrong)?;
        let opened = json!({ "access_token": token, "token_type": "bearer" });
        Ok(json(StatusCode::OK, &opened))
    }

    async fn logout(&self, headers: &HeaderMap) -> Result<Reply, Refusal> {
        let user = self.user(headers).await?;
        if let Some(token) = token(headers) {
            self.store.close(token).await?;
        }
        Ok(json(StatusCode::OK, &json!({ "logged_out": user })))
    }

    async fn me(&self, headers: &HeaderMap) -> Result<Reply, Refusal> {
        let user = self.user(headers).await?;
        let shown = match (self.fault, user.as_deref()) {
            (Fault::Crossed, Some("alice")) => Some("bob".to_owned()),
            (Fault::Crossed, Some(_)) => Some("alice".to_owned()),
            _ => user,
        };
        Ok(json(StatusCode::OK, &json!({ "user": shown })))
    }

    async fn validate(&self, headers: &HeaderMap) -> Result<Reply, Refusal> {
        let user = self.user(headers).await?;
        Ok(json(
            StatusCode::OK,
            &json!({ "valid": true, "user": user }),
        ))
    }

    async fn execute(&self, request: Request<Incoming>) -> Result<Reply, Refusal> {
        let user = self.user(request.headers()).await?;
        let body = read(request).await?;
        let execute: Execute = if body.is_empty() {
            Execute::default()
        } else {
            serde_json::from_slice(&body)
                .map_err(|_| Refusal::BadRequest("a JSON object with a message is wanted"))?
        };
        let executed = self.agents.execute(execute.message).await;
        let (agent, answer) =
            executed.ok_or_else(|| Refusal::Unavailable("no agent is running".to_owned()))?;
        let executed = json!({ "user": user, "agent": agent, "answer": answer });
        Ok(json(StatusCode::OK, &executed))
    }

    /// Who asks. `None` is somebody whom only [`Fault::OpenAuth`] lets in.
    async fn user(&self, headers: &HeaderMap) -> Result<Option<String>, Refusal> {
        let user = match token(headers) {
            Some(token) => self.store.whose(token).await?,
            None => None,
        };
        if user.is_none() && self.fault != Fault::OpenAuth {
            return Err(Refusal::Unauthorized("a bearer token is wanted"));
        }
        Ok(user)
    }
}

/// The bearer token (RFC 6750 §2.1); the scheme's case does not matter.
fn token(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

async fn read(request: Request<Incoming>) -> Result<Vec<u8>, Refusal> {
    let body = Limited::new(request.into_body(), MAX_BODY_BYTES);
    match body.collect().await {
        Ok(body) => Ok(body.to_bytes().into()),
        Err(error) if error.is::<LengthLimitError>() => Err(Refusal::TooLarge),
        Err(_) => Err(Refusal::BadRequest("the body ends early")),
    }
}

/// What [`Fault::Html`] puts in front of the service.
const PROXY_PAGE: &str = "<!doctype html>\n<html><head><title>Welcome to nginx!</title></head><body><h1>Welcome to nginx!</h1></body></html>\n";
