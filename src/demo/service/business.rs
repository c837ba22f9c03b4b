//! What the service is there for, asked without a WebSocket.

use hyper::body::Incoming;
use hyper::{HeaderMap, Request, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::endpoints::{Endpoints, read};
use super::reply::{Refusal, Reply, json};

/// The body of `POST /api/agents/execute`; none at all is an empty message.
#[derive(Deserialize, Default)]
struct Execute {
    message: String,
}

impl Endpoints {
    pub(super) async fn execute(&self, request: Request<Incoming>) -> Result<Reply, Refusal> {
        let user = self.access.guest(request.headers()).await?;
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

    /// An answer as it comes.
    pub(super) async fn stream(&self, request: Request<Incoming>) -> Result<Reply, Refusal> {
        let user = self.access.guest(request.headers()).await?;
        let headers = request.headers().clone();
        let body = read(request).await?;
        self.room.stream(user, &headers, &body)
    }

    /// Who is there to answer.
    pub(super) async fn agents(&self, headers: &HeaderMap) -> Result<Reply, Refusal> {
        self.access.guest(headers).await?;
        let agents: Vec<Value> = self
            .agents
            .names()
            .map(|name| json!({ "name": name, "status": "running" }))
            .collect();
        Ok(json(StatusCode::OK, &json!({ "agents": agents })))
    }

    /// What a user said and was told.
    pub(super) async fn history(&self, headers: &HeaderMap) -> Result<Reply, Refusal> {
        let user = self.access.guest(headers).await?;
        let messages = match &user {
            Some(user) => self.store.history(user).await?,
            None => Value::Array(Vec::new()),
        };
        let history = json!({ "user": user, "messages": messages });
        Ok(json(StatusCode::OK, &history))
    }

    /// What a user talked about.
    pub(super) async fn threads(&self, headers: &HeaderMap) -> Result<Reply, Refusal> {
        let user = self.access.guest(headers).await?;
        let threads = match &user {
            Some(user) => self.store.threads(user).await?,
            None => Value::Array(Vec::new()),
        };
        let threads = json!({ "user": user, "threads": threads });
        Ok(json(StatusCode::OK, &threads))
    }
}
