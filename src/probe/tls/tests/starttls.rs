//! Agreeing on TLS in plain words.

use super::*;

/// A server that answers each turn of ours with the next of these, then shakes hands.
async fn answering(
    greeting: &'static str,
    answers: &'static [&'static str],
) -> (Server, Authority) {
    let authority = Authority::new("ours");
    let acceptor = Speaking::default().acceptor(authority.certificate("localhost"));
    let server = Server::start(move |mut stream| {
        let acceptor = acceptor.clone();
        async move {
            let _ = stream.write_all(greeting.as_bytes()).await;
            for answer in answers {
                // One turn is one small write: it comes whole over loopback.
                if matches!(stream.read(&mut [0; 1024]).await, Ok(0) | Err(_)) {
                    return;
                }
                let _ = stream.write_all(answer.as_bytes()).await;
            }
            listen(acceptor, stream).await;
        }
    })
    .await;
    (server, authority)
}

async fn told(keys: &str, greeting: &'static str, answers: &'static [&'static str]) -> String {
    let (server, authority) = answering(greeting, answers).await;
    match look_at(server.port(), keys, &authority).await {
        Ok(seen) => {
            assert_eq!(holds(&seen, "trusted"), Some(true));
            assert!(seen.phase(Phase::StartTls).is_some());
            "agreed".to_owned()
        }
        looked => {
            let (code, seen) = stopped(looked);
            let phase = seen.fault.unwrap().phase;
            assert_eq!(phase, Phase::StartTls, "{code}");
            code.to_string()
        }
    }
}

#[tokio::test]
async fn postgres_answers_with_one_letter() {
    for (answer, expected) in [
        ("S", "agreed"),
        ("N", "tls.not_offered"),
        ("E\0\0\0\x13SFATAL\0C53300\0\0", "postgres.53300"),
        ("E\0\0\0\x13SFATAL\0C57P03\0\0", "postgres.57P03"),
        // What is about us or about what is there is not believed without TLS.
        ("E\0\0\0\x13SFATAL\0C28P01\0\0", "tls.unavailable"),
        (
            "Ecould not fork new process: no room\n\0",
            "tls.unavailable",
        ),
        ("HTTP/1.1 400 Bad Request\r\n", "tls.protocol"),
        ("Sinjected", "tls.protocol"),
    ] {
        let answers: &'static [&'static str] = vec![answer].leak();
        let told = told(", starttls: postgres", "", answers).await;
        assert_eq!(told, expected, "{answer:?}");
    }
}

const EHLO: &str = "250-mail.example at your service\r\n250-SIZE 1\r\n250 starttls\r\n";

#[tokio::test]
async fn smtp_greets_offers_and_agrees() {
    let keys = ", starttls: smtp";
    for (greeting, answers, expected) in [
        (
            "220-mail.example\r\n220 ESMTP\r\n",
            vec![EHLO, "220 go ahead\r\n"],
            "agreed",
        ),
        ("220\n", vec!["250-x\n250 STARTTLS\n", "220\n"], "agreed"),
        (
            "220 x\r\n",
            vec!["250-STARTTLS\r\n250 SIZE 1\r\n"],
            "tls.not_offered",
        ),
        ("220 x\r\n", vec!["502 no EHLO here\r\n"], "tls.unavailable"),
        (
            "220 x\r\n",
            vec![EHLO, "454 not now\r\n"],
            "tls.not_offered",
        ),
        ("220 x\r\n", vec![EHLO, "501 no\r\n"], "tls.not_offered"),
        ("554 go away\r\n", vec![], "tls.unavailable"),
        ("421 too busy\r\n", vec![], "tls.unavailable"),
        ("SSH-2.0-x\r\n", vec![], "tls.protocol"),
        ("220x\r\n", vec![], "tls.protocol"),
        ("354 x\r\n", vec![], "tls.protocol"),
        ("220 x\r\n250 y\r\n", vec![], "tls.protocol"),
        (
            "220 x\r\n",
            vec![EHLO, "220 go\r\n250 injected\r\n"],
            "tls.protocol",
        ),
    ] {
        let answers: &'static [&'static str] = answers.leak();
        let told = told(keys, greeting, answers).await;
        assert_eq!(told, expected, "{greeting:?} {answers:?}");
    }
}

#[tokio::test]
async fn a_reply_without_an_end_is_cut() {
    let authority = Authority::new("ours");
    for chunk in ["a".repeat(1024), "220-more\r\n".repeat(100)] {
        let server = Server::start(move |mut stream: TcpStream| {
            let chunk = format!("220-{chunk}");
            async move { while stream.write_all(chunk.as_bytes()).await.is_ok() {} }
        })
        .await;
        let looked = look_at(server.port(), ", starttls: smtp", &authority).await;
        assert_eq!(code(looked), "tls.protocol");
    }
}

#[tokio::test]
async fn silence_and_closing_are_told_apart() {
    let authority = Authority::new("ours");
    for keys in [", starttls: postgres", ", starttls: smtp"] {
        let silent = Server::start(hold).await;
        let (code, seen) = stopped(brief_look_at(silent.port(), keys, &authority).await);
        let phase = seen.fault.unwrap().phase;
        assert_eq!((code.as_str(), phase), ("tls.timeout", Phase::StartTls));
        let closing = Server::start(async |mut stream: TcpStream| {
            let _ = stream.shutdown().await;
            hold(stream).await;
        })
        .await;
        let (code, seen) = stopped(look_at(closing.port(), keys, &authority).await);
        let phase = seen.fault.unwrap().phase;
        assert_eq!((code.as_str(), phase), ("tls.eof", Phase::StartTls));
    }
}
