use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::{
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ALLOW, AUTHORIZATION,
    CONTENT_LENGTH, CONTENT_TYPE, DATE, ORIGIN, WWW_AUTHENTICATE,
};
use hyper::{HeaderMap, Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use jiff::fmt::rfc2822::DateTimeParser;
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

mod around;
mod chat;
mod chat_faults;

/// How long anything here may take; far more than it should.
const PATIENCE: Duration = Duration::from_secs(10);

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        assert_eq!(
            self.headers[CONTENT_TYPE], "application/json",
            "{}",
            self.body
        );
        serde_json::from_str(&self.body).unwrap()
    }

    /// How far its date is from now, in seconds; negative is behind.
    fn skew_seconds(&self) -> i64 {
        let date = self.headers[DATE].to_str().unwrap();
        let date = DateTimeParser::new().parse_timestamp(date).unwrap();
        date.as_second() - jiff::Timestamp::now().as_second()
    }
}

impl Environment {
    fn variable(&self, name: &str) -> String {
        let found = self
            .variables()
            .into_iter()
            .find(|(known, _)| *known == name);
        found.unwrap().1
    }

    fn directory(&self) -> PathBuf {
        let dsn = self.variable("dsn");
        let path = Path::new(dsn.strip_prefix("sqlite://").unwrap());
        path.parent().unwrap().to_owned()
    }

    async fn connect(&self) -> std::io::Result<TcpStream> {
        TcpStream::connect(self.connector.address()).await
    }

    /// One request over a connection of its own.
    async fn ask(&self, method: Method, path: &str, token: Option<&str>, body: &str) -> Answer {
        let mut request = Request::new(Full::<Bytes>::from(body.to_owned()));
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().unwrap();
        if let Some(token) = token {
            let bearer = format!("Bearer {token}").parse().unwrap();
            request.headers_mut().insert(AUTHORIZATION, bearer);
        }
        self.send(request).await
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Answer {
        let stream = TcpStream::connect(self.service.address()).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .unwrap();
        tokio::spawn(connection);
        let answer = tokio::time::timeout(PATIENCE, sender.send_request(request));
        let (head, body) = answer.await.unwrap().unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: head.status,
            headers: head.headers,
            body: String::from_utf8(body.into()).unwrap(),
        }
    }

    /// What browsers ask before they send a token.
    async fn preflight(&self, path: &str, origin: &str) -> Answer {
        let mut request = Request::new(Full::<Bytes>::default());
        *request.method_mut() = Method::OPTIONS;
        *request.uri_mut() = path.parse().unwrap();
        let headers = request.headers_mut();
        headers.insert(ORIGIN, origin.parse().unwrap());
        let asks = [
            (ACCESS_CONTROL_REQUEST_METHOD, "GET"),
            (ACCESS_CONTROL_REQUEST_HEADERS, "authorization"),
        ];
        for (name, value) in asks {
            headers.insert(name, value.parse().unwrap());
        }
        self.send(request).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, None, "").await
    }

    async fn login(&self, user: &str, password: &str) -> Answer {
        let body = json!({ "user": user, "password": password }).to_string();
        self.ask(Method::POST, "/login", None, &body).await
    }

    /// Logs alice in with the right password.
    async fn token(&self) -> String {
        self.token_of("alice").await
    }

    async fn token_of(&self, user: &str) -> String {
        let answer = self.login(user, &self.password).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }

    async fn query(&self, query: &'static str) -> Result<String, sqlx::Error> {
        let options: SqliteConnectOptions = self.dsn.parse().unwrap();
        let mut connection: SqliteConnection = options.connect().await?;
        let row = sqlx::query(query).fetch_one(&mut connection).await?;
        let value = row.get(0);
        connection.close().await?;
        Ok(value)
    }
}

async fn with(fault: Fault) -> Environment {
    Environment::start(fault).await.unwrap()
}

/// What the connector says to PING until it closes or a line ends.
async fn ping(stream: &mut TcpStream) -> std::io::Result<String> {
    stream.write_all(b"PING\n").await?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\n") {
        let mut byte = [0];
        if stream.read(&mut byte).await? == 0 {
            break;
        }
        answer.push(byte[0]);
    }
    Ok(String::from_utf8(answer).unwrap())
}

#[tokio::test]
async fn a_whole_environment_answers_every_health_endpoint() {
    let demo = with(Fault::None).await;
    let health = demo.get("/health").await;
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        health.json(),
        json!({ "status": "healthy", "service": "demo-api", "version": version })
    );
    assert_eq!(
        demo.get("/health/ready").await.json(),
        json!({
            "status": "ready",
            "core_db": "connected",
            "redis_db": "connected",
            "websocket_readiness": { "websocket_ready": true },
            "users": 2,
        })
    );
    assert_eq!(
        demo.get("/health/startup").await.json(),
        json!({ "status": "ready", "checks": { "config": { "status": "ready" }, "database": { "status": "ready" } } })
    );
    assert_eq!(
        demo.get("/health/agents").await.json(),
        json!({ "status": "healthy", "fallback_mode": false, "agents_count": 3 })
    );
    let page = demo.get("/").await;
    assert_eq!(page.headers[CONTENT_TYPE], "text/html; charset=utf-8");
    assert!(page.body.contains(r#"<div id="root">"#));
    for answer in [health, page, demo.get("/nowhere").await] {
        assert!(answer.skew_seconds().abs() <= 2);
    }
    demo.stop().await;
}

#[tokio::test]
async fn a_session_lasts_from_login_to_logout() {
    let demo = with(Fault::None).await;
    let opened = demo.login("bob", &demo.password).await.json();
    assert_eq!(opened["token_type"], "bearer");
    let bob = opened["access_token"].as_str().unwrap();
    let alice = &demo.token().await;
    for (token, user) in [(bob, "bob"), (alice, "alice")] {
        let me = demo.ask(Method::GET, "/me", Some(token), "").await;
        assert_eq!(me.json(), json!({ "user": user }));
        let valid = demo
            .ask(Method::GET, "/api/auth/validate", Some(token), "")
            .await;
        assert_eq!(valid.json(), json!({ "valid": true, "user": user }));
    }
    let executed = demo
        .ask(
            Method::POST,
            "/api/agents/execute",
            Some(alice),
            r#"{"message":"is it up"}"#,
        )
        .await;
    assert_eq!(
        executed.json(),
        json!({ "user": "alice", "agent": "triage", "answer": "read 3 words" })
    );
    let out = demo.ask(Method::POST, "/logout", Some(bob), "").await;
    assert_eq!(out.json(), json!({ "logged_out": "bob" }));
    let gone = demo.ask(Method::GET, "/me", Some(bob), "").await;
    assert_eq!(gone.status, StatusCode::UNAUTHORIZED);
    let stays = demo.ask(Method::GET, "/me", Some(alice), "").await;
    assert_eq!(stays.status, StatusCode::OK);
    demo.stop().await;
}

#[tokio::test]
async fn who_does_not_know_the_password_stays_out() {
    let demo = with(Fault::None).await;
    for (user, password) in [
        ("alice", "wrong"),
        ("alice", ""),
        ("carol", demo.password.as_str()),
        ("actor0", demo.password.as_str()),
        ("actor10000", demo.password.as_str()),
        ("actor", demo.password.as_str()),
        ("alice\nOPEN bob", demo.password.as_str()),
        ("", demo.password.as_str()),
    ] {
        let answer = demo.login(user, password).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{user:?}");
        assert!(answer.json()["error"].is_string());
    }
    for (method, path) in [
        (Method::GET, "/me"),
        (Method::POST, "/logout"),
        (Method::GET, "/api/auth/validate"),
        (Method::POST, "/api/agents/execute"),
    ] {
        for token in [None, Some("made-up"), Some("0123456789abcdef")] {
            let answer = demo.ask(method.clone(), path, token, "").await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
            assert!(answer.json()["error"].is_string());
            assert!(answer.headers.contains_key(WWW_AUTHENTICATE));
        }
    }
    demo.stop().await;
}

#[tokio::test]
async fn what_is_asked_wrongly_is_refused_as_json() {
    let demo = with(Fault::None).await;
    let cases = [
        (Method::GET, "/nowhere", "", StatusCode::NOT_FOUND, None),
        (
            Method::POST,
            "/health",
            "",
            StatusCode::METHOD_NOT_ALLOWED,
            Some("GET, HEAD"),
        ),
        (
            Method::GET,
            "/login",
            "",
            StatusCode::METHOD_NOT_ALLOWED,
            Some("POST"),
        ),
        (Method::POST, "/login", "{", StatusCode::BAD_REQUEST, None),
        (
            Method::POST,
            "/login",
            r#"{"user":"alice"}"#,
            StatusCode::BAD_REQUEST,
            None,
        ),
        (
            Method::POST,
            "/login",
            &"x".repeat(70_000),
            StatusCode::PAYLOAD_TOO_LARGE,
            None,
        ),
    ];
    for (method, path, body, status, allow) in cases {
        let answer = demo.ask(method, path, None, body).await;
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.json()["error"].is_string());
        let allowed = answer
            .headers
            .get(ALLOW)
            .map(|value| value.to_str().unwrap());
        assert_eq!(allowed, allow, "{path}");
    }
    let full = demo.get("/health").await;
    let head = demo.ask(Method::HEAD, "/health", None, "").await;
    assert_eq!(head.status, StatusCode::OK);
    assert_eq!(head.headers[CONTENT_LENGTH], full.headers[CONTENT_LENGTH]);
    assert_eq!(head.body, "");
    demo.stop().await;
}

#[tokio::test]
async fn the_variables_are_those_announced_and_lead_somewhere() {
    let demo = with(Fault::None).await;
    let variables = demo.variables();
    assert_eq!(variables.len(), VARIABLES.len());
    for ((name, value), (announced, _)) in variables.iter().zip(VARIABLES) {
        assert_eq!(name, announced);
        assert!(!value.is_empty());
    }
    assert_eq!(demo.variable("host"), "127.0.0.1");
    assert_eq!(
        demo.variable("port"),
        demo.connector.address().port().to_string()
    );
    assert_eq!(
        demo.variable("api"),
        format!("http://{}", demo.service.address())
    );
    assert_eq!(
        demo.query("SELECT name FROM environment").await.unwrap(),
        "demo"
    );
    let head = "SELECT max(version) FROM schema_migrations";
    assert_eq!(demo.query(head).await.unwrap(), "0003_messages");
    let message = "SELECT users.email || ' ' || messages.body FROM messages
        JOIN threads ON threads.id = thread_id JOIN users ON users.id = user_id";
    assert_eq!(
        demo.query(message).await.unwrap(),
        "alice@demo.example It looks so."
    );
    demo.stop().await;
}

#[tokio::test]
async fn the_database_answers_line_by_line_through_the_connector() {
    let demo = with(Fault::None).await;
    let mut stream = demo.connect().await.unwrap();
    assert_eq!(ping(&mut stream).await.unwrap(), "PONG\n");
    let requests =
        b"QUERY users\r\nQUERY messages\nQUERY secrets\nDROP users\n\xff\nWHOSE nobody\nPING x\n";
    stream.write_all(requests).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).await.unwrap();
    let unknown = "ERR unknown request\n";
    assert_eq!(
        answers,
        format!("OK 2\nOK 1\n{unknown}{unknown}{unknown}NONE\n{unknown}")
    );
    let mut stream = demo.connect().await.unwrap();
    stream.write_all(&vec![b'x'; 40_000]).await.unwrap();
    let mut rest = Vec::new();
    // Too long for a request: the end, or a reset because some of it was never read.
    let _ = stream.read_to_end(&mut rest).await;
    assert_eq!(rest, b"");
    demo.stop().await;
}

#[tokio::test]
async fn after_stop_nothing_is_left() {
    let demo = with(Fault::None).await;
    let (service, connector) = (demo.service.address(), demo.connector.address());
    let (tasks, directory) = (demo.tasks.0.clone(), demo.directory());
    let mut idle = demo.connect().await.unwrap();
    assert_eq!(ping(&mut idle).await.unwrap(), "PONG\n");
    assert!(directory.join("demo.sqlite").exists() && tasks.running() >= 6);
    demo.stop().await;
    for address in [service, connector] {
        let refused = TcpStream::connect(address).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    }
    assert!(!matches!(ping(&mut idle).await, Ok(answer) if !answer.is_empty()));
    assert!(!directory.exists());
    assert_eq!(tasks.running(), 0);
}

#[tokio::test]
async fn a_drop_ends_everything_too() {
    for fault in [Fault::None, Fault::Silent, Fault::Refuse, Fault::Down] {
        let demo = with(fault).await;
        let (service, tasks, directory) = (
            demo.service.address(),
            demo.tasks.0.clone(),
            demo.directory(),
        );
        drop(demo);
        assert!(!directory.exists());
        tokio::time::timeout(PATIENCE, tasks.ended()).await.unwrap();
        let refused = TcpStream::connect(service).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    }
}

#[tokio::test]
async fn two_environments_do_not_share_anything() {
    let (one, other) = (with(Fault::None).await, with(Fault::None).await);
    for ((name, mine), (_, theirs)) in one.variables().into_iter().zip(other.variables()) {
        let is_shared = [
            "host",
            "tls_host",
            "retired_name",
            "jwt_issuer",
            "jwt_audience",
            "program",
            "fault",
        ]
        .contains(&name);
        assert_eq!(mine == theirs, is_shared, "{name}");
    }
    let token = one.token().await;
    let stranger = other.ask(Method::GET, "/me", Some(&token), "").await;
    assert_eq!(stranger.status, StatusCode::UNAUTHORIZED);
    one.stop().await;
    assert_eq!(other.get("/health/ready").await.status, StatusCode::OK);
    other.stop().await;
}

/// Alive, and everything that needs the database says quickly that it is not there.
async fn assert_only_the_database_is_missing(demo: &Environment, reason: &str) {
    let started = Instant::now();
    assert_eq!(demo.get("/health").await.status, StatusCode::OK);
    assert_eq!(demo.get("/health/agents").await.status, StatusCode::OK);
    let ready = demo.get("/health/ready").await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    let ready = ready.json();
    assert_eq!(ready["status"], "not_ready");
    assert_eq!(ready["core_db"], "disconnected");
    assert!(
        ready["reason"].as_str().unwrap().starts_with(reason),
        "{ready}"
    );
    let startup = demo.get("/health/startup").await;
    assert_eq!(startup.status, StatusCode::SERVICE_UNAVAILABLE);
    let startup = startup.json();
    assert_eq!(startup["checks"]["config"]["status"], "ready");
    assert_eq!(startup["checks"]["database"]["status"], "not_ready");
    let login = demo.login("alice", &demo.password).await;
    assert_eq!(login.status, StatusCode::SERVICE_UNAVAILABLE);
    let unauthorized = demo.get("/api/auth/validate").await;
    assert_eq!(unauthorized.status, StatusCode::UNAUTHORIZED);
    // Three times 800 ms at most, and the delay of three seconds is never waited for.
    assert!(started.elapsed() < Duration::from_millis(2800));
}

#[tokio::test]
async fn refuse_is_refused_by_the_system() {
    let demo = with(Fault::Refuse).await;
    let refused = demo.connect().await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    assert_only_the_database_is_missing(&demo, "no connection").await;
    assert_eq!(
        demo.query("SELECT name FROM environment").await.unwrap(),
        "demo"
    );
    demo.stop().await;
}

#[tokio::test]
async fn an_outage_refuses_some_and_is_late_for_others() {
    let demo = with(Fault::Outage).await;
    let refused = demo.connect().await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    assert_only_the_database_is_missing(&demo, "no answer within 800 ms").await;
    demo.stop().await;
}

#[tokio::test]
async fn delay_answers_late_but_answers() {
    let demo = with(Fault::Delay).await;
    let started = Instant::now();
    let mut stream = demo.connect().await.unwrap();
    let (answer, ()) = tokio::join!(
        ping(&mut stream),
        assert_only_the_database_is_missing(&demo, "no answer within 800 ms")
    );
    assert_eq!(answer.unwrap(), "PONG\n");
    assert!(started.elapsed() >= Duration::from_secs(3));
    demo.stop().await;
}

#[tokio::test]
async fn reset_resets() {
    let demo = with(Fault::Reset).await;
    let broken = match demo.connect().await {
        Ok(mut stream) => ping(&mut stream).await.unwrap_err(),
        Err(broken) => broken,
    };
    let kinds = [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe];
    assert!(kinds.contains(&broken.kind()), "{broken}");
    assert_only_the_database_is_missing(&demo, "").await;
    demo.stop().await;
}

#[tokio::test]
async fn silent_accepts_and_says_nothing() {
    let demo = with(Fault::Silent).await;
    let mut stream = demo.connect().await.unwrap();
    stream.write_all(b"PING\n").await.unwrap();
    // The service's own timeouts pass meanwhile; a byte or an end would be here by then.
    assert_only_the_database_is_missing(&demo, "no answer within 800 ms").await;
    let nothing = stream.try_read(&mut [0; 8]).unwrap_err();
    assert_eq!(nothing.kind(), ErrorKind::WouldBlock);
    demo.stop().await;
}

#[tokio::test]
async fn impostor_speaks_another_protocol() {
    let demo = with(Fault::Impostor).await;
    let mut stream = demo.connect().await.unwrap();
    assert!(ping(&mut stream).await.unwrap().starts_with("220 mail"));
    assert_only_the_database_is_missing(&demo, "what answers is not").await;
    demo.stop().await;
}

#[tokio::test]
async fn corrupt_leaves_the_port_alive_and_the_file_unreadable() {
    let demo = with(Fault::Corrupt).await;
    let mut stream = demo.connect().await.unwrap();
    assert_eq!(ping(&mut stream).await.unwrap(), "PONG\n");
    assert_only_the_database_is_missing(&demo, "the database reports").await;
    let error = demo
        .query("SELECT name FROM environment")
        .await
        .unwrap_err();
    // SQLITE_NOTADB
    assert_eq!(error.as_database_error().unwrap().code().unwrap(), "26");
    demo.stop().await;
}

#[tokio::test]
async fn schema_is_seen_by_nobody_but_who_looks_at_the_schema() {
    let demo = with(Fault::Schema).await;
    for path in ["/health", "/health/ready", "/health/startup"] {
        assert_eq!(demo.get(path).await.status, StatusCode::OK, "{path}");
    }
    demo.token().await;
    assert!(demo.query("SELECT body FROM messages").await.is_err());
    assert!(demo.query("SELECT email FROM users").await.is_err());
    let head = "SELECT max(version) FROM schema_migrations";
    assert_eq!(demo.query(head).await.unwrap(), "0002_threads");
    demo.stop().await;
}

#[tokio::test]
async fn other_database_is_whole_and_not_ours() {
    let demo = with(Fault::OtherDatabase).await;
    assert_eq!(demo.get("/health/startup").await.status, StatusCode::OK);
    let name = "SELECT name FROM environment";
    assert_eq!(demo.query(name).await.unwrap(), "somewhere-else");
    let head = "SELECT max(version) FROM schema_migrations";
    assert_eq!(demo.query(head).await.unwrap(), "0003_messages");
    demo.stop().await;
}

#[tokio::test]
async fn down_refuses_and_leaves_the_rest_alone() {
    let demo = with(Fault::Down).await;
    let refused = TcpStream::connect(demo.service.address())
        .await
        .unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    let mut stream = demo.connect().await.unwrap();
    assert_eq!(ping(&mut stream).await.unwrap(), "PONG\n");
    demo.stop().await;
}

#[tokio::test]
async fn html_is_200_everywhere_and_never_json() {
    let demo = with(Fault::Html).await;
    for path in ["/health", "/health/ready", "/api/auth/validate", "/nowhere"] {
        let answer = demo.get(path).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.headers[CONTENT_TYPE], "text/html; charset=utf-8");
        assert!(!answer.body.contains("root"));
    }
    let login = demo.login("alice", &demo.password).await;
    assert!(serde_json::from_str::<Value>(&login.body).is_err());
    assert!(demo.get("/").await.body.contains(r#"<div id="root">"#));
    demo.stop().await;
}

#[tokio::test]
async fn blank_page_lacks_its_root() {
    let demo = with(Fault::BlankPage).await;
    let page = demo.get("/").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("<body></body>"));
    demo.stop().await;
}

#[tokio::test]
async fn slow_is_every_third_answer() {
    let demo = with(Fault::Slow).await;
    let mut late = Vec::new();
    for _ in 0..4 {
        let started = Instant::now();
        assert_eq!(demo.get("/health").await.status, StatusCode::OK);
        late.push(started.elapsed() >= Duration::from_secs(2));
    }
    assert_eq!(late, [false, false, true, false]);
    demo.stop().await;
}

#[tokio::test]
async fn intermittent_is_every_third_answer() {
    let demo = with(Fault::Intermittent).await;
    let mut statuses = Vec::new();
    for _ in 0..7 {
        statuses.push(demo.get("/health").await.status.as_u16());
    }
    assert_eq!(statuses, [200, 200, 503, 200, 200, 503, 200]);
    assert_eq!(demo.get("/health/ready").await.status, StatusCode::OK);
    demo.stop().await;
}

#[tokio::test]
async fn clock_is_an_hour_behind_on_every_answer() {
    let demo = with(Fault::Clock).await;
    for path in ["/health", "/", "/nowhere"] {
        let behind = -demo.get(path).await.skew_seconds();
        assert!((3598..=3602).contains(&behind), "{behind}");
    }
    demo.stop().await;
}

#[tokio::test]
async fn config_locks_everybody_out_and_startup_says_why() {
    let demo = with(Fault::Config).await;
    let startup = demo.get("/health/startup").await;
    assert_eq!(startup.status, StatusCode::SERVICE_UNAVAILABLE);
    let checks = startup.json()["checks"].clone();
    assert_eq!(checks["config"]["reason"], "whitespace around the password");
    assert_eq!(checks["database"]["status"], "ready");
    let login = demo.login("alice", &demo.password).await;
    assert_eq!(login.status, StatusCode::UNAUTHORIZED);
    assert_eq!(demo.get("/health/ready").await.status, StatusCode::OK);
    demo.stop().await;
}

#[tokio::test]
async fn error_500_is_only_the_login() {
    let demo = with(Fault::Error500).await;
    let login = demo.login("alice", &demo.password).await;
    assert_eq!(login.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(login.json(), json!({ "error": "internal error" }));
    assert_eq!(demo.get("/health/startup").await.status, StatusCode::OK);
    demo.stop().await;
}

#[tokio::test]
async fn open_auth_lets_strangers_in() {
    let demo = with(Fault::OpenAuth).await;
    let valid = demo.get("/api/auth/validate").await;
    assert_eq!(valid.json(), json!({ "valid": true, "user": null }));
    let executed = demo
        .ask(Method::POST, "/api/agents/execute", None, "")
        .await;
    assert_eq!(executed.status, StatusCode::OK);
    let token = demo.token().await;
    let me = demo.ask(Method::GET, "/me", Some(&token), "").await;
    assert_eq!(me.json(), json!({ "user": "alice" }));
    demo.stop().await;
}

#[tokio::test]
async fn crossed_shows_the_other_user() {
    let demo = with(Fault::Crossed).await;
    let token = demo.token().await;
    let me = demo.ask(Method::GET, "/me", Some(&token), "").await;
    assert_eq!(me.json(), json!({ "user": "bob" }));
    demo.stop().await;
}

#[tokio::test]
async fn fallback_says_healthy_and_works_for_nobody() {
    let demo = with(Fault::Fallback).await;
    assert_eq!(
        demo.get("/health/agents").await.json(),
        json!({ "status": "healthy", "fallback_mode": true, "agents_count": 0 })
    );
    let token = demo.token().await;
    let executed = demo
        .ask(Method::POST, "/api/agents/execute", Some(&token), "")
        .await;
    assert_eq!(executed.status, StatusCode::SERVICE_UNAVAILABLE);
    demo.stop().await;
}
