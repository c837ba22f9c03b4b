//! The chat, broken in one way at a time.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::header::LOCATION;
use ring::hmac;
use tokio_tungstenite::tungstenite::Message;

use super::chat::{ALL, Chat, seqs, types};
use super::*;

impl Environment {
    async fn chatting(&self) -> Chat {
        let token = self.token().await;
        self.chat(&token, "").await.ok().unwrap()
    }

    /// A token as somebody makes it who has the key.
    fn made(&self, alg: &str, aud: &str, expires_in: i64) -> String {
        let exp = jiff::Timestamp::now().as_second() + expires_in;
        let iss = self.variable("jwt_issuer");
        let claims = json!({ "sub": "alice", "iss": iss, "aud": aud, "exp": exp });
        let part = |part: Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", part(json!({ "alg": alg })), part(claims));
        if alg == "none" {
            return format!("{signed}.");
        }
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.variable("jwt_key").as_bytes());
        let signature = hmac::sign(&key, signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

#[tokio::test]
async fn events_are_missing_twice_there_or_in_another_order() {
    let [started, thinking, executing, completed, done] = ALL;
    let cases: [(Fault, &[&str], &[u64]); 3] = [
        (
            Fault::EventMissing,
            &[started, thinking, executing, done],
            &[1, 2, 3, 4],
        ),
        (
            Fault::EventDuplicated,
            &[started, started, thinking, executing, completed, done],
            &[1, 1, 2, 3, 4, 5],
        ),
        (
            Fault::EventOrder,
            &[started, thinking, completed, executing, done],
            &[1, 2, 3, 4, 5],
        ),
    ];
    for (fault, expected, numbers) in cases {
        let demo = with(fault).await;
        let mut chat = demo.chatting().await;
        chat.say("hello").await;
        let events = chat.rest().await;
        assert_eq!(types(&events), expected, "{fault}");
        assert_eq!(seqs(&events), numbers, "{fault}");
        let stream = demo.sse(&demo.token().await, None, "hello").await;
        assert_eq!(stream.body.matches("event: ").count(), expected.len());
        demo.stop().await;
    }
}

#[tokio::test]
async fn an_event_can_be_late() {
    let demo = with(Fault::EventLate).await;
    let mut chat = demo.chatting().await;
    chat.say("hello").await;
    assert_eq!(chat.event().await["type"], "agent_started");
    assert_eq!(chat.event().await["type"], "agent_thinking");
    let waited = Instant::now();
    assert_eq!(types(&chat.rest().await), ALL[2..]);
    assert!(waited.elapsed() >= Duration::from_secs(2));
    demo.stop().await;
}

#[tokio::test]
async fn who_is_answered_at_the_same_time_sees_an_event_of_each_other() {
    let demo = with(Fault::EventCrossed).await;
    let [alice, bob] = [demo.token().await, demo.token_of("bob").await];
    let [mut hers, mut his] = [
        demo.chat(&alice, "").await.ok().unwrap(),
        demo.chat(&bob, "").await.ok().unwrap(),
    ];
    tokio::join!(hers.say("of alice"), his.say("of bob"));
    let (hers, his) = tokio::join!(hers.rest(), his.rest());
    for (events, other) in [(&hers, "of bob"), (&his, "of alice")] {
        let [started, thinking, executing, completed, done] = ALL;
        assert_eq!(
            types(events),
            [started, thinking, thinking, executing, completed, done]
        );
        assert!(events[2]["thought"].as_str().unwrap().ends_with(other));
    }
    // Alone nobody sees anything of anybody, and two of the same user do not either.
    let [mut one, mut two] = [
        demo.chat(&alice, "").await.ok().unwrap(),
        demo.chat(&alice, "").await.ok().unwrap(),
    ];
    tokio::join!(one.say("x"), two.say("y"));
    let (one, two) = tokio::join!(one.rest(), two.rest());
    assert_eq!((types(&one), types(&two)), (ALL.to_vec(), ALL.to_vec()));
    demo.stop().await;
}

#[tokio::test]
async fn websockets_are_closed_amid_an_answer() {
    for (fault, code) in [(Fault::Ws1011, 1011), (Fault::Ws1001, 1001)] {
        let demo = with(fault).await;
        let mut chat = demo.chatting().await;
        chat.say("hello").await;
        assert_eq!(chat.event().await["type"], "agent_started");
        assert_eq!(chat.event().await["type"], "agent_thinking");
        let Message::Close(Some(frame)) = chat.next().await else {
            panic!("{fault}");
        };
        assert_eq!(u16::from(frame.code), code);
        demo.stop().await;
    }
}

#[tokio::test]
async fn handshakes_are_refused() {
    let refusals = [
        (Fault::Ws401, 401),
        (Fault::Ws403, 403),
        (Fault::Ws502, 502),
        (Fault::Ws503, 503),
    ];
    for (fault, status) in refusals {
        let demo = with(fault).await;
        let refused = demo.chat(&demo.token().await, "").await;
        assert_eq!(refused.err(), Some(status));
        // What the service says of itself is another thing.
        let ready = demo.get("/health/ready").await.json();
        assert_eq!(ready["websocket_readiness"]["websocket_ready"], true);
        demo.stop().await;
    }
}

#[tokio::test]
async fn a_silent_websocket_is_open_and_says_nothing() {
    let demo = with(Fault::WsSilent).await;
    let mut chat = demo.chatting().await;
    chat.say("hello").await;
    chat.send(Message::Ping("hello".into())).await;
    // A whole answer over another way meanwhile; a byte or an end would be here by then.
    let stream = demo.sse(&demo.token().await, None, "hello").await;
    assert!(stream.body.contains("agent_completed"));
    let nothing = chat.stream.get_ref().try_read(&mut [0; 8]).unwrap_err();
    assert_eq!(nothing.kind(), ErrorKind::WouldBlock);
    demo.stop().await;
}

#[tokio::test]
async fn what_comes_is_no_json_or_never_ends() {
    let demo = with(Fault::WsInvalidJson).await;
    let mut chat = demo.chatting().await;
    chat.say("hello").await;
    let text = chat.next().await.into_text().unwrap();
    assert!(text.starts_with(r#"{"type":"agent_started""#));
    assert!(serde_json::from_str::<Value>(&text).is_err());
    demo.stop().await;
    let demo = with(Fault::WsEndless).await;
    let mut chat = demo.chatting().await;
    chat.say("hello").await;
    assert_eq!(chat.event().await["type"], "agent_started");
    for _ in 0..10 {
        assert_eq!(chat.event().await["type"], "agent_thinking");
    }
    demo.stop().await;
}

#[tokio::test]
async fn a_fragile_websocket_ends_with_the_first_mistake() {
    let demo = with(Fault::WsFragile).await;
    let mut chat = demo.chatting().await;
    chat.say("hello").await;
    assert_eq!(types(&chat.rest().await), ALL);
    chat.send(Message::text("{")).await;
    assert_eq!(chat.closed().await, 1011);
    demo.stop().await;
}

#[tokio::test]
async fn who_comes_back_misses_an_event() {
    let demo = with(Fault::ResumeGap).await;
    let mut chat = demo.chatting().await;
    chat.say("hello").await;
    let resume = chat.event().await["resume_token"].clone();
    let query = format!("?resume={}&after=1", resume.as_str().unwrap());
    let mut again = demo.chat(&demo.token().await, &query).await.ok().unwrap();
    assert_eq!(seqs(&again.rest().await), [3, 4, 5]);
    demo.stop().await;
}

#[tokio::test]
async fn a_stream_can_be_cut() {
    let demo = with(Fault::SseCut).await;
    let token = demo.token().await;
    let cut = demo.sse(&token, None, "hello").await;
    assert_eq!(cut.body.matches("event: ").count(), 3);
    let last = cut.body.rsplit("id: ").next().unwrap();
    let last = last.split('\n').next().unwrap();
    let rest = demo.sse(&token, Some(last), "").await;
    assert!(rest.body.contains("agent_completed"));
    demo.stop().await;
}

#[tokio::test]
async fn an_open_websocket_lets_everybody_into_everything() {
    let demo = with(Fault::OpenWebsocket).await;
    let mut chat = demo.chatting().await;
    chat.say("of alice").await;
    let event = chat.event().await;
    assert_eq!(event["user"], "alice");
    for token in [None, Some("made-up")] {
        let mut anybody = demo.open(demo.handshake(token, "")).await.ok().unwrap();
        anybody.say("hello").await;
        assert_eq!(anybody.event().await["user"], "somebody");
    }
    let query = format!("?resume={}", event["resume_token"].as_str().unwrap());
    let bob = demo.token_of("bob").await;
    let mut stolen = demo.chat(&bob, &query).await.ok().unwrap();
    assert!(
        stolen.rest().await[4]["answer"]
            .as_str()
            .unwrap()
            .ends_with("of alice")
    );
    // Nothing else is open.
    assert_eq!(demo.get("/me").await.status, StatusCode::UNAUTHORIZED);
    demo.stop().await;
}

#[tokio::test]
async fn any_origin_may_ask_with_a_token() {
    let demo = with(Fault::AnyOrigin).await;
    let token = demo.token().await;
    for (token, refused) in [(Some(token.as_str()), None), (None, Some(401))] {
        let mut handshake = demo.handshake(token, "");
        let origin = "http://evil.example".parse().unwrap();
        handshake.headers_mut().insert(ORIGIN, origin);
        assert_eq!(demo.open(handshake).await.err(), refused);
    }
    demo.stop().await;
}

#[tokio::test]
async fn each_wrong_token_is_let_in_by_one_fault_only() {
    let faults = [
        Fault::None,
        Fault::TokenUnsigned,
        Fault::TokenTampered,
        Fault::TokenExpired,
        Fault::TokenAudience,
    ];
    for fault in faults {
        let demo = with(fault).await;
        let tampered = {
            let token = demo.token().await;
            let (signed, signature) = token.rsplit_once('.').unwrap();
            let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
            bytes[16] = !bytes[16];
            format!("{signed}.{}", URL_SAFE_NO_PAD.encode(bytes))
        };
        let good = demo.made("HS256", "demo-api", 60);
        let wrong = [
            (demo.made("none", "demo-api", 60), Fault::TokenUnsigned),
            (tampered, Fault::TokenTampered),
            (demo.made("HS256", "demo-api", -60), Fault::TokenExpired),
            (demo.made("HS256", "other-api", 60), Fault::TokenAudience),
        ];
        assert!(demo.chat(&good, "").await.is_ok(), "{fault}");
        for (token, overlooking) in wrong {
            let refused = demo.chat(&token, "").await.err();
            let expected = (fault != overlooking).then_some(401);
            assert_eq!(refused, expected, "{fault}, {overlooking}");
        }
        demo.stop().await;
    }
}

#[tokio::test]
async fn without_agents_an_answer_is_an_error() {
    let demo = with(Fault::Fallback).await;
    let mut chat = demo.chatting().await;
    chat.say("hello").await;
    let event = chat.event().await;
    assert_eq!(
        (&event["type"], &event["code"]),
        (&json!("error"), &json!("no_agent"))
    );
    let system = demo.get("/health/system/comprehensive").await.json();
    assert_eq!(system["availability"], 80.0);
    demo.stop().await;
}

#[tokio::test]
async fn who_logs_in_over_google_comes_back_elsewhere() {
    let demo = with(Fault::OauthRedirect).await;
    let sent = demo.get("/oauth/google").await;
    let location = sent.headers[LOCATION].to_str().unwrap();
    assert!(location.contains("redirect_uri=http%3A%2F%2Fold.demo.example"));
    demo.stop().await;
}

#[tokio::test]
async fn what_cannot_be_kept_is_answered_all_the_same() {
    let demo = with(Fault::Schema).await;
    let mut chat = demo.chatting().await;
    chat.say("hello").await;
    assert_eq!(types(&chat.rest().await), ALL);
    let token = demo.token().await;
    let history = demo
        .ask(Method::GET, "/api/history", Some(&token), "")
        .await;
    assert_eq!(history.status, StatusCode::SERVICE_UNAVAILABLE);
    demo.stop().await;
}
