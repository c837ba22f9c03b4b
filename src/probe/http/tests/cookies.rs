//! Cookies between the steps of an attempt.

use super::*;

#[tokio::test]
async fn cookies_go_from_step_to_step_and_not_to_the_next_attempt() {
    let (server, mut told) = answering_each(|asked| {
        if asked.starts_with("GET /login ") {
            ok("set-cookie: session=s3cret; Path=/; HttpOnly\r\nset-cookie: lang=de; Path=/app\r\n", b"")
        } else {
            ok("", b"")
        }
    })
    .await;
    let probe = |path: &str, keys: &str| -> Http {
        read(&format!(
            "{{ url: \"http://{}{path}\"{keys} }}",
            server.address
        ))
    };
    let ctx = Context::for_tests(AMPLE);
    let seen = look_in(&probe("/login", ""), &ctx).await.unwrap();
    let line = evidence(&seen, "curl");
    assert!(!line.contains("--cookie"), "set, and not sent: {line}");
    let first = told.recv().await.unwrap();
    assert!(!first.contains("\r\ncookie:"), "{first}");
    let seen = look_in(&probe("/me", ""), &ctx).await.unwrap();
    let second = told.recv().await.unwrap();
    assert!(
        second.contains("\r\ncookie: session=s3cret\r\n"),
        "{second}"
    );
    let line = evidence(&seen, "curl");
    assert!(
        line.contains("--cookie 'session=***'") && !line.contains("s3cret"),
        "{line}"
    );
    probe("/app/x", "").observe(&ctx).await.unwrap();
    let third = told.recv().await.unwrap();
    assert!(
        third.contains("\r\ncookie: lang=de; session=s3cret\r\n"),
        "{third}"
    );
    let own = ", headers: { cookie: mine=1 }";
    probe("/me", own).observe(&ctx).await.unwrap();
    let fourth = told.recv().await.unwrap();
    assert!(fourth.contains("\r\ncookie: mine=1\r\n"), "{fourth}");
    let next_attempt = Context {
        attempt: Arc::default(),
        ..ctx
    };
    probe("/me", "").observe(&next_attempt).await.unwrap();
    let fifth = told.recv().await.unwrap();
    assert!(!fifth.contains("\r\ncookie:"), "{fifth}");
}

#[tokio::test]
async fn a_redirect_may_set_what_its_end_is_given() {
    let (server, mut told) = answering_each(|asked| {
        if asked.starts_with("GET / ") {
            b"HTTP/1.1 302 Go\r\nset-cookie: a=1\r\nlocation: /in\r\ncontent-length: 0\r\n\r\n"
                .to_vec()
        } else {
            ok("", b"")
        }
    })
    .await;
    look(&http(&server, ", redirects: 1")).await.unwrap();
    told.recv().await.unwrap();
    let second = told.recv().await.unwrap();
    assert!(second.contains("\r\ncookie: a=1\r\n"), "{second}");
}
