use std::net::IpAddr;
use std::time::Duration;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use proptest::collection::vec;
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use super::question::Match;
use super::testing::{A, AAAA, Act, Asked, NameServer, Reply};
use super::*;
use crate::model::{DnsFault, FaultKind, Value};
use crate::probe::look::Halt;
use crate::probe::testing::{AMPLE, BUDGET, Server, node, problem};
use crate::probe::{AnyProbe, Context};
use crate::yaml::Diagnostics;

fn kind(halt: Halt) -> FaultKind {
    match halt {
        Halt::Fault { kind, .. } => kind,
        Halt::Unable(error) => panic!("{error:?}"),
    }
}

fn fault<T: std::fmt::Debug>(outcome: Result<T, Halt>) -> FaultKind {
    kind(outcome.unwrap_err())
}

/// The addresses of a host at a server, within this budget.
async fn host(server: &NameServer, budget: Duration) -> Result<Vec<String>, Halt> {
    let found = addresses("web.example", server.address(), Instant::now() + budget).await?;
    Ok(found.iter().map(IpAddr::to_string).collect())
}

/// What is said instead of the empty answer that it is given.
type Rule = fn(Reply) -> Vec<Act>;

/// Answers for each family by its own rule.
fn families(v4: Rule, v6: Rule) -> NameServer {
    NameServer::start(move |asked: &Asked| {
        let rule = if asked.kind == A { v4 } else { v6 };
        rule(Reply::to(asked))
    })
}

fn say(reply: Reply) -> Vec<Act> {
    vec![Act::Say(reply.bytes())]
}

fn v4(reply: Reply) -> Vec<Act> {
    let reply = reply.a("web.example", "192.0.2.1");
    say(reply.a("web.example", "192.0.2.2"))
}

fn v6(reply: Reply) -> Vec<Act> {
    say(reply.aaaa("web.example", "2001:db8::1"))
}

fn servfail(reply: Reply) -> Vec<Act> {
    say(reply.code(2))
}

fn nxdomain(reply: Reply) -> Vec<Act> {
    say(reply.code(3))
}

fn silence(_: Reply) -> Vec<Act> {
    Vec::new()
}

#[tokio::test]
async fn a_host_has_the_addresses_of_both_families() {
    let server = families(v4, v6);
    let found = host(&server, AMPLE).await.unwrap();
    assert_eq!(found, ["2001:db8::1", "192.0.2.1", "192.0.2.2"]);
    let mut kinds: Vec<_> = server.asked(2).iter().map(|asked| asked.kind).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, [A, AAAA]);
}

#[tokio::test]
async fn one_family_may_be_missing_broken_or_silent() {
    for other in [say, servfail, nxdomain, silence] {
        let found = host(&families(v4, other), BUDGET).await.unwrap();
        assert_eq!(found, ["192.0.2.1", "192.0.2.2"]);
        let found = host(&families(other, v6), BUDGET).await.unwrap();
        assert_eq!(found, ["2001:db8::1"]);
    }
}

#[tokio::test]
async fn a_silent_family_leaves_time_to_connect() {
    let started = Instant::now();
    host(&families(v4, silence), Duration::from_secs(2))
        .await
        .unwrap();
    assert!(
        started.elapsed() < Duration::from_secs(1),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn without_either_family_what_says_more_is_told() {
    for (v4, v6, expected) in [
        (say as Rule, say as Rule, DnsFault::Nodata),
        (nxdomain, nxdomain, DnsFault::Nxdomain),
        (servfail, say, DnsFault::Servfail),
        (say, servfail, DnsFault::Servfail),
        (silence, say, DnsFault::Timeout),
        (say, silence, DnsFault::Timeout),
        (silence, silence, DnsFault::Timeout),
    ] {
        let outcome = host(&families(v4, v6), BUDGET).await;
        assert_eq!(fault(outcome), FaultKind::Dns(expected));
    }
}

#[tokio::test]
async fn aliases_of_both_families_end_where_each_of_them_does() {
    let server = families(
        |reply| {
            say(reply
                .cname("web.example", "edge.example")
                .a("edge.example", "192.0.2.1"))
        },
        |reply| say(reply.cname("web.example", "edge.example")),
    );
    assert_eq!(host(&server, AMPLE).await.unwrap(), ["192.0.2.1"]);
}

#[tokio::test]
async fn the_host_of_a_url_can_be_asked_for_at_a_name_server() {
    let web = Server::start(async |mut stream| {
        let _ = stream.read(&mut [0; 1024]).await;
        let answer = b"HTTP/1.1 204 No Content\r\n\r\n";
        let _ = stream.write_all(answer).await;
    })
    .await;
    let names = families(|reply| say(reply.a("web.example", "127.0.0.1")), say);
    let url = format!("http://web.example:{}/", web.port());
    let yaml = format!("{{ url: \"{url}\", resolver: \"{}\" }}", names.address());
    let mut problems = Diagnostics::default();
    let http = AnyProbe::decode("http", &node(&yaml), false, &mut problems).unwrap();
    let seen = http.observe(&Context::for_tests(AMPLE)).await.unwrap();
    assert_eq!(seen.facts.get("status"), Some(&Value::int(204)));
    assert_eq!(names.asked(2).len(), 2);
}

#[test]
fn a_url_is_found_in_one_way() {
    for (keys, told) in [
        (
            "resolver: 10.0.0.2, resolve: [127.0.0.1]",
            "only one of `resolve` and `resolver`",
        ),
        ("resolver: ns.example", "no address of a server"),
    ] {
        let problem = problem("http", &format!("{{ url: \"http://web\", {keys} }}"));
        assert!(problem.contains(told), "{problem}");
    }
}

/// Asks these in turn for an address.
async fn in_turn(servers: &[&NameServer], budget: Duration) -> (Result<ResponseCode, Halt>, Via) {
    let question = Question::new(check_name("name", "web.example").unwrap(), RecordType::A);
    let addresses: Vec<_> = servers.iter().map(|server| server.address()).collect();
    let mut via = Via::default();
    let asking = ask(&question, &addresses, Instant::now() + budget, &mut via);
    let outcome = asking.await.map(|message| message.metadata.response_code);
    (outcome, via)
}

#[tokio::test]
async fn a_server_that_fails_hands_over_to_the_next() {
    let knows = families(v4, v6);
    for first in [silence, servfail, |reply: Reply| say(reply.code(5))] {
        let first = families(first, say);
        let (outcome, via) = in_turn(&[&first, &knows], BUDGET).await;
        assert_eq!(outcome.unwrap(), ResponseCode::NoError);
        assert_eq!(via.server, Some(knows.address()));
        assert!(via.queries >= 2);
    }
}

#[tokio::test]
async fn who_knows_is_not_doubted() {
    let second = families(v4, v6);
    for first in [nxdomain, say] {
        let (outcome, via) = in_turn(&[&families(first, say), &second], AMPLE).await;
        assert!(outcome.is_ok());
        assert_eq!(
            (via.queries, via.server == Some(second.address())),
            (1, false)
        );
    }
}

#[tokio::test]
async fn when_none_knows_the_answer_that_says_most_is_told() {
    let (failing, silent) = (families(servfail, say), families(silence, say));
    for servers in [[&failing, &silent], [&silent, &failing]] {
        let (outcome, via) = in_turn(&servers, BUDGET).await;
        assert_eq!(outcome.unwrap(), ResponseCode::ServFail);
        assert_eq!(via.server, Some(failing.address()));
    }
    let (outcome, via) = in_turn(&[&silent, &silent], BUDGET).await;
    assert_eq!(fault(outcome), FaultKind::Dns(DnsFault::Timeout));
    assert!(via.queries >= 4, "{via:?}");
}

proptest! {
    /// A server may send anything at all, also what begins like an answer.
    #[test]
    fn no_bytes_make_us_panic(noise in vec((12..200_usize, any::<u8>()), 0..40), cut in 12..200_usize) {
        let question = Question::new(check_name("name", "web.example").unwrap(), RecordType::A);
        let asked = question.asked(false).unwrap();
        let mut bytes = asked.bytes.clone();
        // It is a response, with two records of each section.
        bytes[2] |= 0x80;
        for count in [7, 9, 11] {
            bytes[count] = 2;
        }
        for (kind, data) in [(5, 0x0161_c00c_u32), (1, 0x7f00_0001), (257, 0x0002_6161), (2, 0x0161_c00c), (15, 0x000a_c00c), (16, 0x0361_6161)] {
            bytes.extend([0xc0, 12]);
            bytes.extend(u16::to_be_bytes(kind));
            bytes.extend([0, 1, 0, 0, 0, 9, 0, 4]);
            bytes.extend(data.to_be_bytes());
        }
        let is_whole = matches!(question.matched(&asked, &bytes), Match::Whole(_));
        prop_assert!(is_whole);
        for (at, byte) in noise {
            if let Some(old) = bytes.get_mut(at) {
                *old = byte;
            }
        }
        bytes.truncate(cut);
        if let Match::Whole(message) = question.matched(&asked, &bytes) {
            let (answer, _) = Answer::read(&question, &message, &Via::default());
            prop_assert_eq!(answer.texts().is_empty(), answer.addresses().is_empty());
        }
    }
}
