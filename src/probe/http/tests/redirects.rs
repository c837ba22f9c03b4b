//! What follows a redirect, and what does not.

use super::*;

fn redirect(status: u16, to: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} Go\r\nlocation: {to}\r\ncontent-length: 4\r\n\r\ngone").into_bytes()
}

#[tokio::test]
async fn a_redirect_is_an_answer_unless_asked() {
    let (server, _told) = answering_each(|_| redirect(302, "/there")).await;
    let seen = look(&http(&server, "")).await.unwrap();
    assert_eq!(fact(&seen, "status"), Some(&Value::int(302)));
    assert_eq!(fact(&seen, "redirects"), Some(&Value::List(Vec::new())));
}

#[tokio::test]
async fn redirects_are_followed_over_one_connection_and_told() {
    let (server, mut told) = answering_each(|asked| {
        if asked.starts_with("POST / ") {
            redirect(307, "a")
        } else if asked.starts_with("POST /a ") {
            redirect(303, "/b?c")
        } else {
            ok("", b"there")
        }
    })
    .await;
    let keys = ", method: POST, json: { n: 1 }, redirects: 2, headers: { x-key: k }";
    let seen = look(&http(&server, keys)).await.unwrap();
    assert_eq!(text(&seen, "body"), Some("there"));
    let url = |path: &str| Value::Text(format!("http://{}{path}", server.address));
    let followed = Value::List(vec![url("/a"), url("/b?c")]);
    assert_eq!(fact(&seen, "redirects"), Some(&followed));
    let phases: Vec<_> = seen.phases.iter().map(|time| time.phase.name()).collect();
    assert_eq!(phases, ["resolve", "connect", "first_byte", "body"]);
    told.recv().await.unwrap();
    let again = told.recv().await.unwrap();
    assert!(again.ends_with("\r\n\r\n{\"n\":1}"), "{again}");
    let last = told.recv().await.unwrap();
    assert!(last.starts_with("GET /b?c HTTP/1.1"), "{last}");
    assert!(!last.contains("content-type"), "{last}");
    assert!(last.contains("x-key: k"), "{last}");
}

#[tokio::test]
async fn a_loop_ends_at_the_limit() {
    let (server, mut told) = answering_each(|_| redirect(302, "/")).await;
    let (code, seen) = stopped(look(&http(&server, ", redirects: 3")).await);
    assert_eq!(code.as_str(), "http.redirect");
    assert_eq!(fact(&seen, "status"), Some(&Value::int(302)));
    assert!(
        seen.fault
            .unwrap()
            .message
            .contains("more than `redirects: 3`")
    );
    let mut count = 0;
    while told.try_recv().is_ok() {
        count += 1;
    }
    assert_eq!(count, 4);
}

#[tokio::test]
async fn credentials_do_not_follow_to_another_origin() {
    let (there, mut told_there) = answering_each(|_| ok("", b"there")).await;
    for status in [301, 302, 303, 307, 308] {
        for host in ["127.0.0.1", "localhost"] {
            let to = format!("http://{host}:{}/there", there.port());
            let (here, _told) = answering_each(move |_| redirect(status, &to)).await;
            let keys = ", redirects: 1, auth: { basic: { user: me, password: secret-word } }, \
                        headers: { cookie: a=cookie-word, x-api-key: key-word, accept-language: secret-word, accept: text/plain }";
            let seen = look(&http(&here, keys)).await.unwrap();
            assert_eq!(text(&seen, "body"), Some("there"), "{status} {host}");
            let asked = told_there.recv().await.unwrap();
            for leak in ["authorization", "bWU6", "cookie", "word", "x-api-key"] {
                assert!(!asked.contains(leak), "{status} {host} {leak}: {asked}");
            }
            assert!(asked.contains("\r\naccept: text/plain\r\n"), "{asked}");
            let host = format!("\r\nhost: {host}:{}\r\n", there.port());
            assert!(asked.contains(&host), "{asked}");
        }
    }
}

#[tokio::test]
async fn addresses_that_are_given_are_for_one_host_only() {
    let (there, _told) = answering_each(|_| ok("", b"there")).await;
    let to = format!("http://127.0.0.9:{}/", there.port());
    let (here, mut told) = answering_each(move |asked| {
        if asked.starts_with("GET / ") {
            redirect(302, "/again")
        } else {
            redirect(302, &to)
        }
    })
    .await;
    let yaml = format!(
        "{{ url: \"http://web.example:{}/\", resolve: [127.0.0.1], redirects: 5 }}",
        here.port()
    );
    let probe: Http = read(&yaml);
    // With the address of the first host, the other server would answer.
    assert_eq!(code(look(&probe).await), "tcp.refused");
    assert!(told.recv().await.unwrap().contains("host: web.example:"));
    assert!(told.recv().await.unwrap().starts_with("GET /again "));
}

#[tokio::test]
async fn a_redirect_that_never_ends_its_body_ends_with_the_budget() {
    let begun = "HTTP/1.1 302 Go\r\nlocation: /\r\ncontent-length: 10\r\n\r\nhalf";
    let server = answering(begun, Then::Hold).await;
    let probe = http(&server, ", redirects: 1");
    assert_eq!(code(brief_look(&probe).await), "http.timeout.body");
}

#[tokio::test]
async fn a_long_body_of_a_redirect_is_not_read() {
    let (server, _told) = answering_each(|asked| {
        if asked.starts_with("GET / ") {
            let body = "x".repeat(1024 * 1024);
            format!(
                "HTTP/1.1 302 Go\r\nlocation: /a\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            )
            .into_bytes()
        } else {
            ok("", b"there")
        }
    })
    .await;
    let seen = look(&http(&server, ", redirects: 1")).await.unwrap();
    assert_eq!(text(&seen, "body"), Some("there"));
}

#[test]
fn limits_are_limited() {
    let told = problem("http", "{ url: \"http://a\", redirects: 21 }");
    assert!(told.contains("at most 20"), "{told}");
}

#[tokio::test]
async fn what_is_not_reached_behind_a_redirect_is_told_as_what_was_looked_at() {
    let port = closed_port().await;
    let to = format!("http://localhost:{port}/there");
    let (server, _told) = answering_each(move |_| redirect(302, &to)).await;
    let probe = http(&server, ", redirects: 3");
    let (code, seen) = stopped(look(&probe).await);
    assert_eq!(code.as_str(), "tcp.refused");
    let there = [
        "dns:localhost".to_owned(),
        format!("sock:localhost:{port}"),
        format!("origin:http://localhost:{port}"),
    ];
    assert_eq!(probe.led_to(&seen), Some(there.to_vec()));
    // This is of who redirected, and nobody was reached there.
    assert_eq!(fact(&seen, "remote_ip"), None);
}

#[test]
fn with_addresses_of_its_own_it_looks_at_these() {
    let probe: Http = read("{ url: 'https://shop.test/', resolve: [127.0.0.9, '::1'] }");
    let there = [
        "sock:127.0.0.9:443",
        "sock:[::1]:443",
        "tls:127.0.0.9:443:shop.test",
        "origin:https://shop.test:443@127.0.0.9,::1",
    ];
    assert_eq!(probe.resources(), there);
}

#[test]
fn with_a_name_server_of_its_own_it_looks_where_that_one_leads() {
    let probe: Http = read("{ url: 'https://shop.test/', resolver: '10.0.0.2' }");
    let there = [
        "dns:shop.test@10.0.0.2:53",
        "sock:shop.test:443@10.0.0.2:53",
        "tls:shop.test:443:shop.test@10.0.0.2:53",
        "origin:https://shop.test:443@10.0.0.2:53",
    ];
    assert_eq!(probe.resources(), there);
    // Through a proxy the name of that is looked up, and the proxy looks up the other.
    let probe: Http =
        read("{ url: 'http://shop.test/', resolver: '10.0.0.2', proxy: 'http://out.test:3128' }");
    let there = [
        "dns:out.test@10.0.0.2:53",
        "sock:out.test:3128@10.0.0.2:53",
        "proxy:out.test:3128",
        "origin:http://shop.test:80",
    ];
    assert_eq!(probe.resources(), there);
}

#[tokio::test]
async fn who_breaks_off_a_redirect_led_nowhere() {
    let half =
        b"HTTP/1.1 302 Go\r\nlocation: http://localhost:9/\r\ncontent-length: 40\r\n\r\ngone";
    let server = answering(half.to_vec(), Then::Close).await;
    let probe = http(&server, ", redirects: 3");
    let (code, seen) = stopped(look(&probe).await);
    assert_eq!(code.as_str(), "http.closed.body");
    assert_eq!(probe.led_to(&seen), None);
}
