//! The chat when all is well: WebSockets, streams of events, and who may open them.

use futures_util::{SinkExt, StreamExt};
use hyper::header::{AUTHORIZATION, LOCATION};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::{Request as Handshake, Response};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::*;

/// A WebSocket of a client.
pub(super) struct Chat {
    pub(super) stream: WebSocketStream<TcpStream>,
    pub(super) answer: Response,
}

impl Environment {
    /// The handshake with this token, and a query that begins with `?` or is empty.
    pub(super) fn handshake(&self, token: Option<&str>, query: &str) -> Handshake {
        let url = format!("{}{query}", self.variable("ws"));
        let mut handshake = url.into_client_request().unwrap();
        if let Some(token) = token {
            let bearer = format!("Bearer {token}").parse().unwrap();
            handshake.headers_mut().insert(AUTHORIZATION, bearer);
        }
        handshake
    }

    /// Opens a WebSocket; the status of its refusal otherwise.
    pub(super) async fn open(&self, handshake: Handshake) -> Result<Chat, u16> {
        let stream = TcpStream::connect(self.service.address()).await.unwrap();
        let opening = tokio::time::timeout(PATIENCE, client_async(handshake, stream));
        match opening.await.unwrap() {
            Ok((stream, answer)) => Ok(Chat { stream, answer }),
            Err(Error::Http(refusal)) => Err(refusal.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    pub(super) async fn chat(&self, token: &str, query: &str) -> Result<Chat, u16> {
        self.open(self.handshake(Some(token), query)).await
    }

    /// The events of a stream, each as its fields.
    pub(super) async fn sse(&self, token: &str, last: Option<&str>, text: &str) -> Answer {
        let body = json!({ "message": text, "request_id": "r1" }).to_string();
        let mut request = Request::new(Full::<Bytes>::from(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = "/api/agents/stream".parse().unwrap();
        let headers = request.headers_mut();
        let bearer = format!("Bearer {token}");
        headers.insert(AUTHORIZATION, bearer.parse().unwrap());
        if let Some(last) = last {
            headers.insert("last-event-id", last.parse().unwrap());
        }
        tokio::time::timeout(PATIENCE, self.send(request))
            .await
            .unwrap()
    }

    pub(super) async fn history(&self, token: &str) -> String {
        let history = self.ask(Method::GET, "/api/history", Some(token), "").await;
        assert_eq!(history.status, StatusCode::OK, "{}", history.body);
        history.body
    }
}

impl Chat {
    pub(super) async fn send(&mut self, message: Message) {
        self.stream.send(message).await.unwrap();
    }

    pub(super) async fn say(&mut self, text: &str) {
        let message = json!({ "type": "user_message", "text": text, "request_id": "r1" });
        self.send(Message::text(message.to_string())).await;
    }

    pub(super) async fn next(&mut self) -> Message {
        let next = tokio::time::timeout(PATIENCE, self.stream.next());
        next.await.unwrap().unwrap().unwrap()
    }

    pub(super) async fn event(&mut self) -> Value {
        serde_json::from_str(self.next().await.to_text().unwrap()).unwrap()
    }

    /// Events until the answer is complete.
    pub(super) async fn rest(&mut self) -> Vec<Value> {
        let mut events = Vec::new();
        loop {
            events.push(self.event().await);
            if events[events.len() - 1]["type"] == "agent_completed" {
                return events;
            }
        }
    }

    /// The code the other side closes with, after whatever else comes.
    pub(super) async fn closed(&mut self) -> u16 {
        loop {
            if let Message::Close(Some(frame)) = self.next().await {
                return frame.code.into();
            }
        }
    }
}

pub(super) fn types(events: &[Value]) -> Vec<&str> {
    let types = events.iter().map(|event| event["type"].as_str());
    types.map(Option::unwrap).collect()
}

pub(super) fn seqs(events: &[Value]) -> Vec<u64> {
    let seqs = events.iter().map(|event| event["seq"].as_u64());
    seqs.map(Option::unwrap).collect()
}

pub(super) const ALL: [&str; 5] = [
    "agent_started",
    "agent_thinking",
    "tool_executing",
    "tool_completed",
    "agent_completed",
];

#[tokio::test]
async fn an_answer_is_five_events() {
    let demo = with(Fault::None).await;
    let mut handshake = demo.handshake(Some(&demo.token().await), "");
    let offered = "chat.v2, chat.v1".parse().unwrap();
    handshake
        .headers_mut()
        .insert("sec-websocket-protocol", offered);
    let mut chat = demo.open(handshake).await.ok().unwrap();
    assert_eq!(chat.answer.headers()["sec-websocket-protocol"], "chat.v1");
    chat.say("how are you").await;
    let events = chat.rest().await;
    assert_eq!(types(&events), ALL);
    assert_eq!(seqs(&events), [1, 2, 3, 4, 5]);
    for event in &events {
        assert_eq!(event["user"], "alice");
        assert_eq!(event["request_id"], "r1");
        assert_eq!(event["session_id"], events[0]["session_id"]);
    }
    assert!(
        events[1]["thought"]
            .as_str()
            .unwrap()
            .ends_with("how are you")
    );
    assert_eq!(events[2]["tool_id"], events[3]["tool_id"]);
    assert_eq!(events[3]["result"], "read 3 words");
    assert_eq!(events[4]["answer"], "read 3 words: how are you");
    // The next answer begins where the last one ended.
    chat.say("again").await;
    assert_eq!(seqs(&chat.rest().await), [6, 7, 8, 9, 10]);
    demo.stop().await;
}

#[tokio::test]
async fn who_has_no_token_or_comes_from_elsewhere_stays_out() {
    let demo = with(Fault::None).await;
    let (alice, bob) = (demo.token().await, demo.token_of("bob").await);
    for token in [None, Some(""), Some("made-up"), Some("a.b.c")] {
        let refused = demo.open(demo.handshake(token, "")).await;
        assert_eq!(refused.err(), Some(401), "{token:?}");
    }
    let in_query = format!("?token={alice}");
    let refused = demo.open(demo.handshake(None, &in_query)).await;
    assert_eq!(refused.err(), Some(401));
    let page = demo.variable("web");
    for (origin, refused) in [(page.as_str(), None), ("http://evil.example", Some(403))] {
        let mut handshake = demo.handshake(Some(&alice), "");
        let headers = handshake.headers_mut();
        headers.insert(ORIGIN, origin.parse().unwrap());
        assert_eq!(demo.open(handshake).await.err(), refused, "{origin}");
    }
    let mut chat = demo.chat(&alice, "").await.ok().unwrap();
    chat.say("mine").await;
    let token = chat.event().await["resume_token"].clone();
    for (who, token) in [(&bob, token.as_str().unwrap()), (&alice, "made-up")] {
        let resumed = demo.chat(who, &format!("?resume={token}")).await;
        assert_eq!(resumed.err(), Some(403));
    }
    let mut other = demo.chat(&bob, "").await.ok().unwrap();
    let resume = json!({ "type": "resume", "token": token });
    other.send(Message::text(resume.to_string())).await;
    assert_eq!(other.event().await["code"], "no_such_session");
    demo.ask(Method::POST, "/logout", Some(&alice), "").await;
    assert_eq!(demo.chat(&alice, "").await.err(), Some(401));
    demo.stop().await;
}

#[tokio::test]
async fn what_is_no_handshake_is_told_what_is() {
    let demo = with(Fault::None).await;
    let plain = demo.get("/ws").await;
    assert_eq!(plain.status, StatusCode::UPGRADE_REQUIRED);
    assert_eq!(plain.headers["sec-websocket-version"], "13");
    let mut handshake = demo.handshake(Some(&demo.token().await), "?resume=x&after=y");
    assert_eq!(demo.open(handshake.clone()).await.err(), Some(400));
    let headers = handshake.headers_mut();
    headers.insert("sec-websocket-key", "short".parse().unwrap());
    assert_eq!(demo.open(handshake).await.err(), Some(400));
    demo.stop().await;
}

#[tokio::test]
async fn an_answer_goes_on_for_who_comes_back_to_it() {
    let demo = with(Fault::None).await;
    let token = demo.token().await;
    let mut first = demo.chat(&token, "").await.ok().unwrap();
    first.say("hello").await;
    let started = first.event().await;
    let resume = started["resume_token"].as_str().unwrap().to_owned();
    drop(first);
    let query = format!("?resume={resume}&after=1");
    let mut second = demo.chat(&token, &query).await.ok().unwrap();
    let rest = second.rest().await;
    assert_eq!(seqs(&rest), [2, 3, 4, 5]);
    assert_eq!(rest[3]["session_id"], started["session_id"]);
    // By a message, too; and who held it until then is told.
    let mut third = demo.chat(&token, "").await.ok().unwrap();
    let message = json!({ "type": "resume", "token": resume, "after": 3 });
    third.send(Message::text(message.to_string())).await;
    assert_eq!(seqs(&third.rest().await), [4, 5]);
    assert_eq!(second.closed().await, 4409);
    third.say("more").await;
    assert_eq!(seqs(&third.rest().await), [6, 7, 8, 9, 10]);
    demo.stop().await;
}

#[tokio::test]
async fn a_mistake_is_told_and_the_chat_goes_on() {
    let demo = with(Fault::None).await;
    let token = demo.token().await;
    let mut chat = demo.chat(&token, "").await.ok().unwrap();
    let mistakes = [
        (Message::text("{"), "not_json"),
        (Message::text(""), "not_json"),
        (Message::text("[]"), "not_an_object"),
        (Message::text("{}"), "no_type"),
        (Message::text(r#"{"type":"dance"}"#), "unknown_type"),
        (Message::binary(vec![0, 1, 2]), "not_text"),
    ];
    for (message, code) in mistakes {
        chat.send(message).await;
        let told = chat.event().await;
        assert_eq!(told, json!({ "type": "error", "code": code }));
    }
    chat.say("still there?").await;
    assert_eq!(types(&chat.rest().await), ALL);
    chat.send(Message::Ping("are you".into())).await;
    assert_eq!(chat.next().await, Message::Pong("are you".into()));
    // So many wait for their answers, and one more does not.
    for _ in 0..9 {
        chat.say("x").await;
    }
    let told = loop {
        let event = chat.event().await;
        if event["type"] == "error" {
            break event;
        }
    };
    assert_eq!(told["code"], "busy");
    let mut chat = demo.chat(&token, "").await.ok().unwrap();
    chat.send(Message::text("x".repeat(70_000))).await;
    assert_eq!(chat.closed().await, 1009);
    let mut chat = demo.chat(&token, "").await.ok().unwrap();
    let no_utf8 = [0x81, 0x82, 0, 0, 0, 0, 0xff, 0xfe];
    chat.stream.get_mut().write_all(&no_utf8).await.unwrap();
    assert_eq!(chat.closed().await, 1007);
    demo.stop().await;
}

#[tokio::test]
async fn a_stream_of_events_is_the_same_answer() {
    let demo = with(Fault::None).await;
    let token = demo.token().await;
    let whole = demo.sse(&token, None, "how are you").await;
    assert_eq!(whole.status, StatusCode::OK);
    assert_eq!(whole.headers[CONTENT_TYPE], "text/event-stream");
    let blocks: Vec<&str> = whole.body.split_terminator("\n\n").collect();
    assert_eq!(blocks[0], "retry: 100");
    let mut ids = Vec::new();
    for (block, name) in blocks[1..].iter().zip(ALL) {
        let fields: Vec<&str> = block.split('\n').collect();
        ids.push(fields[0].strip_prefix("id: ").unwrap());
        assert_eq!(fields[1].strip_prefix("event: "), Some(name));
        let data = fields[2].strip_prefix("data: ").unwrap();
        assert_eq!(serde_json::from_str::<Value>(data).unwrap()["type"], name);
    }
    assert_eq!((blocks.len(), ids.len()), (6, 5));
    let rest = demo.sse(&token, Some(ids[2]), "ignored").await;
    let rest: Vec<&str> = rest.body.split_terminator("\n\n").skip(1).collect();
    assert_eq!(rest, blocks[4..]);
    let nothing = demo.sse(&token, Some(ids[4]), "ignored").await;
    assert_eq!(nothing.status, StatusCode::NO_CONTENT);
    let bob = demo.token_of("bob").await;
    for (token, id) in [(&bob, ids[0]), (&token, "made-up.1"), (&token, "made-up")] {
        let refused = demo.sse(token, Some(id), "ignored").await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
    }
    let refused = demo.sse("made-up", None, "hello").await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    let refused = demo.sse(&token, None, "").await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    demo.stop().await;
}

#[tokio::test]
async fn what_was_said_is_kept_for_who_said_it() {
    let demo = with(Fault::None).await;
    let (alice, bob) = (demo.token().await, demo.token_of("bob").await);
    let mut chat = demo.chat(&alice, "").await.ok().unwrap();
    let text = "a \"line\"\nand another, \u{fc}\r\nOPEN bob";
    chat.say(text).await;
    chat.rest().await;
    let history: Value = serde_json::from_str(&demo.history(&alice).await).unwrap();
    assert_eq!(history["user"], "alice");
    let texts: Vec<&Value> = history["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| &message["text"])
        .collect();
    let answer = format!("read 7 words: {text}");
    assert_eq!(texts, ["It looks so.", text, &answer]);
    assert_eq!(
        serde_json::from_str::<Value>(&demo.history(&bob).await).unwrap(),
        json!({ "user": "bob", "messages": [] })
    );
    let threads = demo
        .ask(Method::GET, "/api/threads", Some(&alice), "")
        .await;
    let title = "Is everything fine?";
    assert_eq!(
        threads.json(),
        json!({ "user": "alice", "threads": [{ "id": 1, "title": title }] })
    );
    // The longest that can be said, of what is longest when it is written down.
    chat.say(&"\u{1}".repeat(2000)).await;
    chat.rest().await;
    assert!(demo.history(&alice).await.contains("\\u0001\\u0001"));
    demo.stop().await;
}

#[tokio::test]
async fn two_hundred_people_talk_at_once_and_each_is_answered() {
    let demo = with(Fault::None).await;
    let demo = &demo;
    let people = (1..=200).map(|number| async move {
        let user = format!("actor{number}");
        let token = demo.token_of(&user).await;
        let mut chat = demo.chat(&token, "").await.ok().unwrap();
        chat.say(&format!("nonce-{number}.")).await;
        let events = chat.rest().await;
        assert_eq!(types(&events), ALL);
        let is_theirs = |event: &Value| event["user"] == *user;
        assert!(events.iter().all(is_theirs), "{events:?}");
        assert!(
            demo.history(&token)
                .await
                .contains(&format!("nonce-{number}."))
        );
        events[0]["session_id"].as_str().unwrap().to_owned()
    });
    let sessions = futures_util::future::join_all(people).await;
    let distinct: std::collections::HashSet<String> = sessions.into_iter().collect();
    assert_eq!(distinct.len(), 200);
}

#[tokio::test]
async fn the_other_endpoints_answer_who_has_a_token() {
    let demo = with(Fault::None).await;
    let token = demo.token().await;
    for path in ["/me", "/api/agents", "/api/threads", "/api/history"] {
        let refused = demo.get(path).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{path}");
        let answered = demo.ask(Method::GET, path, Some(&token), "").await;
        assert_eq!(answered.status, StatusCode::OK, "{path}");
    }
    let agents = demo.ask(Method::GET, "/api/agents", Some(&token), "").await;
    let first = json!({ "name": "triage", "status": "running" });
    assert_eq!(agents.json()["agents"][0], first);
    let system = demo.get("/health/system/comprehensive").await.json();
    assert_eq!(system["status"], "healthy");
    assert_eq!(system["availability"], 100.0);
    assert_eq!(system["checks"].as_array().unwrap().len(), 5);
    let sent = demo.get("/oauth/google").await;
    assert_eq!(sent.status, StatusCode::FOUND);
    let location = sent.headers[LOCATION].to_str().unwrap();
    let location = url::Url::parse(location).unwrap();
    assert_eq!(location.host_str(), Some("accounts.google.com"));
    let asked: std::collections::HashMap<_, _> = location.query_pairs().collect();
    assert_eq!(asked["client_id"], "demo-client");
    let page = demo.variable("web");
    assert_eq!(asked["redirect_uri"], format!("{page}/oauth/callback"));
    assert_eq!(asked["response_type"], "code");
    assert_eq!(asked["scope"], "openid email profile");
    let again = demo.get("/oauth/google").await.headers[LOCATION].clone();
    assert_ne!(again, location.as_str(), "the state is another each time");
    demo.stop().await;
}
