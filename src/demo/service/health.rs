//! How the service is, asked in seven ways. What says `connected` has asked.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hyper::StatusCode;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::endpoints::Endpoints;
use super::reply::{Refusal, Reply, json};
use crate::demo::Fault;

/// How late [`Fault::Slow`] is.
const LATE: Duration = Duration::from_millis(2500);

/// Which answers [`Fault::Brownout`] spoils.
const BROWNOUT: std::ops::RangeInclusive<u64> = 20..=22;

impl Endpoints {
    /// Alive: this process answers. It does not look behind itself.
    pub(super) async fn health(&self) -> Result<Reply, Refusal> {
        let number = self.health_checks.fetch_add(1, Ordering::Relaxed) + 1;
        let overloaded = || Refusal::Unavailable("overloaded".to_owned());
        match self.fault() {
            Fault::Slow if number.is_multiple_of(3) => tokio::time::sleep(LATE).await,
            Fault::Intermittent if number.is_multiple_of(3) => return Err(overloaded()),
            Fault::Brownout if BROWNOUT.contains(&number) => return Err(overloaded()),
            _ => {}
        }
        Ok(alive())
    }

    /// Ready: whoever is sent here now will be served, so the database has to answer now. Without its cache the service is
    /// slower, and serves all the same.
    pub(super) async fn ready(&self) -> Reply {
        let (database, cache) = tokio::join!(self.store.users(), self.cache());
        let cache = if cache { "connected" } else { "disconnected" };
        let websocket = json!({ "websocket_ready": self.room.is_open() });
        match database {
            Ok(users) => {
                let ready = json!({
                    "status": "ready",
                    "core_db": "connected",
                    "redis_db": cache,
                    "websocket_readiness": websocket,
                    "users": users,
                });
                json(StatusCode::OK, &ready)
            }
            Err(error) => {
                let not_ready = json!({
                    "status": "not_ready",
                    "core_db": "disconnected",
                    "redis_db": cache,
                    "websocket_readiness": websocket,
                    "reason": error.to_string(),
                });
                json(StatusCode::SERVICE_UNAVAILABLE, &not_ready)
            }
        }
    }

    /// Started: what it was told is usable, and the database it was told to use is the one it found.
    pub(super) async fn startup(&self) -> Reply {
        let config = check(self.config_is_usable());
        let database = check(self.database_is_ours().await);
        let is_ready = [&config, &database]
            .iter()
            .all(|check| check["status"] == "ready");
        let (status, word) = if is_ready {
            (StatusCode::OK, "ready")
        } else {
            (StatusCode::SERVICE_UNAVAILABLE, "not_ready")
        };
        let checks = json!({ "config": config, "database": database });
        json(status, &json!({ "status": word, "checks": checks }))
    }

    /// What stands behind the service. Answers 200 whatever it finds: who reads only the status learns nothing.
    pub(super) async fn infrastructure(&self) -> Reply {
        let (database, cache) = tokio::join!(self.store.users(), self.cache());
        let components = [
            ("database", true, database.is_ok()),
            ("cache", false, cache),
        ];
        let degraded = components.iter().filter(|(_, _, is_well)| !is_well).count();
        let shown: Vec<Value> = components
            .iter()
            .map(|(name, is_critical, is_well)| {
                let status = if *is_well { "healthy" } else { "unhealthy" };
                json!({ "name": name, "critical": is_critical, "status": status })
            })
            .collect();
        let infrastructure = json!({
            "status": if degraded == 0 { "healthy" } else { "degraded" },
            "vpc_connectivity": { "overall": database.is_ok() },
            "degraded_count": degraded,
            "components": shown,
        });
        json(StatusCode::OK, &infrastructure)
    }

    /// What the service can do. Answers 200 whatever it finds.
    pub(super) async fn backend(&self) -> Reply {
        let capabilities = [
            ("agent_execution", self.agents.count() > 0),
            ("database_connectivity", self.store.users().await.is_ok()),
            ("authentication", self.config_is_usable().is_ok()),
        ];
        let lacking = capabilities.iter().filter(|(_, has)| !has);
        let lacking: Vec<&str> = lacking.map(|(name, _)| *name).collect();
        let has = capabilities.len() - lacking.len();
        let backend = json!({
            "capabilities": capabilities.map(|(name, has)| (name.to_owned(), Value::Bool(has))).into_iter().collect::<serde_json::Map<_, _>>(),
            "golden_path_ready": lacking.is_empty(),
            "degraded_services": lacking,
            "readiness_score": has as f64 / capabilities.len() as f64,
        });
        json(StatusCode::OK, &backend)
    }

    /// Whether somebody could log in.
    pub(super) async fn auth_health(&self) -> Reply {
        let usable = self.config_is_usable();
        let database = self.store.users().await;
        let reason = usable.err().or_else(|| Some(database.err()?.to_string()));
        let health = match reason {
            None => json!({ "status": "healthy", "service": "auth" }),
            Some(reason) => json!({ "status": "unhealthy", "service": "auth", "reason": reason }),
        };
        json(StatusCode::OK, &health)
    }

    /// Says healthy without agents, too: a fallback that hides itself from whoever reads only the status.
    pub(super) fn agents_health(&self) -> Reply {
        let count = self.agents.count();
        let health = json!({
            "status": "healthy",
            "fallback_mode": count == 0,
            "agents_count": count,
        });
        json(StatusCode::OK, &health)
    }

    /// Everything at once, for who wants one number. Answers 200 whatever it finds.
    pub(super) async fn system(&self) -> Reply {
        let (database, cache) = tokio::join!(self.store.users(), self.cache());
        let checks = [
            ("database", database.is_ok()),
            ("cache", cache),
            ("authentication", self.config_is_usable().is_ok()),
            ("agents", self.agents.count() > 0),
            ("websocket", self.room.is_open()),
        ];
        let well = checks.iter().filter(|(_, is_well)| *is_well).count();
        let shown = checks.map(|(name, is_well)| json!({ "name": name, "success": is_well }));
        let system = json!({
            "status": if well == checks.len() { "healthy" } else { "degraded" },
            "availability": well as f64 / checks.len() as f64 * 100.0,
            "checks": shown,
        });
        json(StatusCode::OK, &system)
    }

    fn config_is_usable(&self) -> Result<(), String> {
        match self.config.password.as_str() {
            "" => Err("the password is empty".to_owned()),
            password if password.trim() != password => {
                Err("whitespace around the password".to_owned())
            }
            _ => Ok(()),
        }
    }

    async fn database_is_ours(&self) -> Result<(), String> {
        match self.store.environment().await {
            Ok(name) if name == self.config.environment => Ok(()),
            Ok(name) => Err(format!("it belongs to {name}")),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Whether the cache answers in time.
    async fn cache(&self) -> bool {
        let asked = tokio::time::timeout(self.config.limits.cache, ping(self.config.cache));
        matches!(asked.await, Ok(Ok(answer)) if answer == "+PONG\r\n")
    }
}

/// What a process that answers says.
pub(super) fn alive() -> Reply {
    let health = json!({
        "status": "healthy",
        "service": "demo-api",
        "version": env!("CARGO_PKG_VERSION"),
    });
    json(StatusCode::OK, &health)
}

fn check(outcome: Result<(), String>) -> Value {
    match outcome {
        Ok(()) => json!({ "status": "ready" }),
        Err(reason) => json!({ "status": "not_ready", "reason": reason }),
    }
}

async fn ping(cache: SocketAddr) -> std::io::Result<String> {
    let mut stream = BufReader::new(TcpStream::connect(cache).await?);
    stream.get_mut().write_all(b"PING\r\n").await?;
    let mut answer = String::new();
    stream.take(64).read_line(&mut answer).await?;
    Ok(answer)
}
