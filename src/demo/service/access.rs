//! Who asks: the bearer token of a request, read, verified, and still open.

use std::sync::Arc;

use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;

use super::reply::Refusal;
use super::store::{Store, StoreError};
use super::tokens::{Claims, Tokens};
use crate::demo::Fault;

/// Who lets people in, and out again.
#[derive(Debug)]
pub(super) struct Access {
    fault: Fault,
    tokens: Tokens,
    store: Arc<Store>,
}

impl Access {
    /// With the key that tokens are signed with.
    pub(super) fn new(fault: Fault, key: &str, store: Arc<Store>) -> Self {
        let tokens = Tokens::new(fault, key);
        Self {
            fault,
            tokens,
            store,
        }
    }

    /// A token for a new session; `None` for a user that does not exist.
    pub(super) async fn open(&self, user: &str) -> Result<Option<String>, StoreError> {
        let session = self.store.open(user).await?;
        Ok(session.map(|session| self.tokens.give(user, &session)))
    }

    /// Ends the session of the token, so that it is good for nothing any more.
    pub(super) async fn close(&self, headers: &HeaderMap) -> Result<Option<String>, Refusal> {
        let claims = self.claims(headers).await?;
        if let Some(session) = claims.as_ref().and_then(|claims| claims.jti.as_deref()) {
            self.store.close(session).await?;
        }
        Ok(claims.map(|claims| claims.sub))
    }

    /// Who sent the token; a refusal for nobody.
    pub(super) async fn user(&self, headers: &HeaderMap) -> Result<String, Refusal> {
        let claims = self.require(headers).await?;
        Ok(claims.sub)
    }

    /// The same for an endpoint that [`Fault::OpenAuth`] opens: `None` is somebody whom only that lets in.
    pub(super) async fn guest(&self, headers: &HeaderMap) -> Result<Option<String>, Refusal> {
        let claims = self.claims(headers).await?;
        Ok(claims.map(|claims| claims.sub))
    }

    async fn claims(&self, headers: &HeaderMap) -> Result<Option<Claims>, Refusal> {
        match (self.require(headers).await, self.fault) {
            (Err(Refusal::Unauthorized(_)), Fault::OpenAuth) => Ok(None),
            (claims, _) => claims.map(Some),
        }
    }

    async fn require(&self, headers: &HeaderMap) -> Result<Claims, Refusal> {
        let token = bearer(headers).ok_or(Refusal::Unauthorized("a bearer token is wanted"))?;
        let claims = self.tokens.read(token).map_err(Refusal::Unauthorized)?;
        let user = match &claims.jti {
            Some(session) => self.store.whose(session).await?,
            None => self.store.user(&claims.sub).await?,
        };
        match user {
            Some(user) if user == claims.sub => Ok(claims),
            Some(_) => Err(Refusal::Unauthorized("the session is somebody else's")),
            None => Err(Refusal::Unauthorized("the session has ended")),
        }
    }
}

/// The bearer token (RFC 6750 §2.1); the scheme's case does not matter.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}
