//! How people come in and go out, here or over somebody else.

use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::{HeaderMap, Request, StatusCode};
use serde::Deserialize;
use serde_json::json;
use url::Url;
use uuid::Uuid;

use super::endpoints::{Endpoints, read};
use super::reply::{Refusal, Reply, found, json};
use crate::demo::Fault;

/// Where people are sent who come in over Google.
const GOOGLE: &str = "https://accounts.google.com/o/oauth2/v2/auth";

/// What this service is called there.
const CLIENT_ID: &str = "demo-client";

/// The body of `POST /login`.
#[derive(Deserialize)]
struct Login {
    user: String,
    password: String,
}

impl Endpoints {
    pub(super) async fn login(&self, request: Request<Incoming>) -> Result<Reply, Refusal> {
        if self.fault() == Fault::Error500 {
            return Err(Refusal::Internal);
        }
        let body = read(request).await?;
        let login: Login = serde_json::from_slice(&body)
            .map_err(|_| Refusal::BadRequest("a JSON object with user and password is wanted"))?;
        let wrong = Refusal::Unauthorized("wrong user or password");
        if login.password != self.config.password {
            return Err(wrong);
        }
        let token = self.access.open(&login.user).await?.ok_or(wrong)?;
        let opened = json!({ "access_token": token, "token_type": "bearer" });
        Ok(json(StatusCode::OK, &opened))
    }

    pub(super) async fn logout(&self, headers: &HeaderMap) -> Result<Reply, Refusal> {
        let user = self.access.close(headers).await?;
        Ok(json(StatusCode::OK, &json!({ "logged_out": user })))
    }

    pub(super) async fn me(&self, headers: &HeaderMap) -> Result<Reply, Refusal> {
        let user = self.access.guest(headers).await?;
        let shown = match (self.fault(), user.as_deref()) {
            (Fault::Crossed, Some("alice")) => Some("bob".to_owned()),
            (Fault::Crossed, Some(_)) => Some("alice".to_owned()),
            _ => user,
        };
        Ok(json(StatusCode::OK, &json!({ "user": shown })))
    }

    pub(super) async fn validate(&self, headers: &HeaderMap) -> Result<Reply, Refusal> {
        let user = self.access.guest(headers).await?;
        Ok(json(
            StatusCode::OK,
            &json!({ "valid": true, "user": user }),
        ))
    }

    /// Sends people to Google (RFC 6749 §4.1.1), from where they come back to the page.
    pub(super) fn google(&self) -> Result<Reply, Refusal> {
        let back = match self.fault() {
            Fault::OauthRedirect => "http://old.demo.example/oauth/callback".to_owned(),
            _ => format!("http://{}/oauth/callback", self.web()),
        };
        let asked = [
            ("client_id", CLIENT_ID),
            ("redirect_uri", &back),
            ("response_type", "code"),
            ("scope", "openid email profile"),
            ("state", &Uuid::new_v4().simple().to_string()),
        ];
        let location = Url::parse_with_params(GOOGLE, asked).ok();
        let location = location.and_then(|url| HeaderValue::try_from(url.as_str()).ok());
        location.map(found).ok_or(Refusal::Internal)
    }
}
