use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use tokio::net::UdpSocket;

use super::super::net::dns::testing::{
    A, AAAA, Act, Asked, CAA, CNAME, MX, NS, NameServer, PTR, Reply, SOA, SRV, TXT, name,
    numbers_then_name, soa, texts,
};
use super::super::testing::{
    AMPLE, BUDGET, brief_look, code, look, problem, read, stopped, unable, without_names,
};
use super::*;
use crate::model::{Observation, Origin};

/// Asks this server.
fn dns(server: &NameServer, keys: &str) -> Dns {
    read(&format!("{{ server: \"{}\", {keys} }}", server.address()))
}

fn fact<'o>(seen: &'o Observation, name: &str) -> &'o Value {
    let found = seen.facts.get(name);
    found.unwrap_or_else(|| panic!("no `{name}`: {seen:?}"))
}

fn text<'o>(seen: &'o Observation, name: &str) -> &'o str {
    fact(seen, name).as_text().unwrap()
}

fn texts_of<'o>(seen: &'o Observation, name: &str) -> Vec<&'o str> {
    let Value::List(values) = fact(seen, name) else {
        panic!("{seen:?}");
    };
    values
        .iter()
        .map(|value| value.as_text().unwrap())
        .collect()
}

fn rcode(seen: &Observation) -> u16 {
    match seen.fault.as_ref().unwrap().origin {
        Some(Origin::Rcode(code)) => code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn addresses_come_with_all_that_is_known_of_them() {
    let server = NameServer::saying(|asked| {
        Reply::to(asked)
            .authoritative()
            .record("web.example.", 120, A, &[192, 0, 2, 20])
            .record("WEB.example.", 60, A, &[192, 0, 2, 3])
    });
    let seen = look(&dns(&server, "name: web.example")).await.unwrap();
    assert_eq!(texts_of(&seen, "answers"), ["192.0.2.3", "192.0.2.20"]);
    assert_eq!(texts_of(&seen, "addresses"), ["192.0.2.3", "192.0.2.20"]);
    assert_eq!(text(&seen, "rcode"), "NOERROR");
    assert_eq!(text(&seen, "transport"), "udp");
    assert_eq!(text(&seen, "server"), server.address().to_string());
    assert_eq!(fact(&seen, "ttl"), &Value::Duration(Duration::from_mins(1)));
    assert_eq!(fact(&seen, "authoritative"), &Value::Bool(true));
    assert_eq!(fact(&seen, "truncated"), &Value::Bool(false));
    assert_eq!(fact(&seen, "queries"), &Value::int(1));
    assert!(seen.phase(Phase::Resolve).is_some());
    for absent in ["aliases", "agrees", "system_addresses"] {
        assert_eq!(seen.facts.get(absent), None, "{absent}");
    }
    let asked = &server.asked(1)[0];
    assert_eq!(
        (asked.name.as_str(), asked.payload),
        ("web.example.", Some(1232))
    );
}

#[tokio::test]
async fn every_type_is_asked_for_and_written_as_people_write_it() {
    let server = NameServer::saying(|asked| {
        let reply = Reply::to(asked);
        let owner = asked.name.clone();
        let add = |kind, data: &[&[u8]]| {
            let records = data.iter();
            records.fold(reply.clone(), |reply, data| {
                reply.record(&owner, 300, kind, data)
            })
        };
        match asked.kind {
            A => add(A, &[&[192, 0, 2, 1]]),
            AAAA => add(AAAA, &[&Ipv6Addr::LOCALHOST.octets()]),
            CNAME => add(CNAME, &[&name("Other.Example")]),
            MX => add(
                MX,
                &[
                    &numbers_then_name(&[20], "b.example"),
                    &numbers_then_name(&[5], "a.example"),
                ],
            ),
            TXT => add(TXT, &[&texts(&["v=spf1 ", "-all"]), &texts(&["12345"])]),
            SRV => add(SRV, &[&numbers_then_name(&[10, 5, 443], "web.example")]),
            NS => add(NS, &[&name("ns2.example"), &name("ns1.example")]),
            SOA => add(
                SOA,
                &[&soa(
                    "ns.example",
                    "admin.example",
                    [u32::MAX, 1, 2, u32::MAX, 4],
                )],
            ),
            PTR => add(PTR, &[&name("web.example")]),
            CAA => add(CAA, &[b"\x80\x05issueca.example; policy=ev"]),
            _ => reply.code(4),
        }
    });
    for (kind, answers) in [
        ("A", vec!["192.0.2.1"]),
        ("AAAA", vec!["::1"]),
        ("CNAME", vec!["other.example."]),
        ("MX", vec!["5 a.example.", "20 b.example."]),
        ("TXT", vec!["12345", "v=spf1 -all"]),
        ("SRV", vec!["10 5 443 web.example."]),
        ("NS", vec!["ns1.example.", "ns2.example."]),
        (
            "SOA",
            vec!["ns.example. admin.example. 4294967295 1 2 4294967295 4"],
        ),
        ("PTR", vec!["web.example."]),
        ("CAA", vec!["128 issue \"ca.example; policy=ev\""]),
    ] {
        let probe = dns(&server, &format!("name: x.example., type: {kind}"));
        let seen = look(&probe).await.unwrap();
        assert_eq!(texts_of(&seen, "answers"), answers, "{kind}");
        assert_eq!(
            seen.facts.get("addresses").is_some(),
            kind.starts_with('A'),
            "{kind}"
        );
    }
}

#[tokio::test]
async fn the_name_of_an_address_is_asked_for_by_the_address() {
    let server = NameServer::saying(|asked| {
        Reply::to(asked).record(&asked.name, 1, PTR, &name("web.example"))
    });
    for address in ["192.0.2.1", "2001:db8::1", "1.2.0.192.in-addr.arpa"] {
        let probe = dns(&server, &format!("name: \"{address}\", type: PTR"));
        assert_eq!(
            texts_of(&look(&probe).await.unwrap(), "answers"),
            ["web.example."]
        );
    }
    let asked = server.asked(3);
    assert_eq!(asked[0].name, "1.2.0.192.in-addr.arpa.");
    assert!(asked[1].name.ends_with(".8.b.d.0.1.0.0.2.ip6.arpa."));
    assert_eq!(asked[2].name, asked[0].name);
}

#[tokio::test]
async fn each_refusal_of_a_server_is_a_fault_of_its_own() {
    for (number, fault, name) in [
        (2, "dns.servfail", "SERVFAIL"),
        (3, "dns.nxdomain", "NXDOMAIN"),
        (4, "dns.rcode.4", "NOTIMP"),
        (5, "dns.refused", "REFUSED"),
        (9, "dns.rcode.9", "NOTAUTH"),
    ] {
        let server = NameServer::saying(move |asked| Reply::to(asked).code(number));
        let (code, seen) = stopped(look(&dns(&server, "name: web.example")).await);
        assert_eq!(code.as_str(), fault);
        assert_eq!(rcode(&seen), number);
        assert_eq!(text(&seen, "rcode"), name);
        assert_eq!(text(&seen, "server"), server.address().to_string());
        assert_eq!(seen.facts.get("answers"), None);
        assert_eq!(seen.fault.unwrap().phase, Phase::Resolve);
    }
}

#[tokio::test]
async fn a_name_without_the_type_exists() {
    let server = NameServer::saying(|asked| {
        let zone = soa("ns.example", "admin.example", [1, 2, 3, 4, 5]);
        Reply::to(asked).authority("example", 5, SOA, &zone)
    });
    let (code, seen) = stopped(look(&dns(&server, "name: web.example, type: MX")).await);
    assert_eq!((code.as_str(), rcode(&seen)), ("dns.nodata", 0));
    assert!(seen.fault.unwrap().message.contains("without a record MX"));
}

#[tokio::test]
async fn a_server_that_only_names_others_knows_nothing_about_the_name() {
    let server = NameServer::saying(|asked| {
        Reply::to(asked).authority("example", 5, NS, &name("ns.example"))
    });
    assert_eq!(
        code(look(&dns(&server, "name: web.example")).await),
        "dns.referral"
    );
}

#[tokio::test]
async fn what_a_server_adds_for_people_is_shown() {
    let server = NameServer::saying(|asked| {
        let reply = Reply::to(asked).code(2).explained(6, "bogus\n");
        reply.explained(22, "")
    });
    let (code, seen) = stopped(look(&dns(&server, "name: web.example")).await);
    assert_eq!(code.as_str(), "dns.servfail");
    let message = seen.fault.unwrap().message;
    let who = format!("(SERVFAIL from {}", server.address());
    assert!(message.contains(&who), "{message}");
    let told = ", extended error 6: bogus␊, extended error 22)";
    assert!(message.ends_with(told), "{message}");
}

#[tokio::test]
async fn a_server_may_be_reached_over_ipv6() {
    let server = NameServer::on(Ipv6Addr::LOCALHOST.into(), |asked| {
        vec![Act::Say(
            Reply::to(asked).a(&asked.name, "192.0.2.1").bytes(),
        )]
    });
    let seen = look(&dns(&server, "name: web.example")).await.unwrap();
    assert!(text(&seen, "server").starts_with("[::1]:"));
}

#[tokio::test]
async fn records_of_others_are_no_answer() {
    let server = NameServer::saying(|asked| Reply::to(asked).a("other.example", "192.0.2.9"));
    assert_eq!(
        code(look(&dns(&server, "name: web.example")).await),
        "dns.nodata"
    );
}

#[tokio::test]
async fn aliases_are_followed_within_the_answer() {
    let server = NameServer::saying(|asked| {
        Reply::to(asked)
            .a("c.example", "192.0.2.1")
            .record("b.example", 7, CNAME, &name("C.example"))
            .cname("a.example", "b.example")
    });
    let seen = look(&dns(&server, "name: a.example")).await.unwrap();
    assert_eq!(texts_of(&seen, "aliases"), ["b.example.", "c.example."]);
    assert_eq!(texts_of(&seen, "addresses"), ["192.0.2.1"]);
    assert_eq!(fact(&seen, "ttl"), &Value::Duration(Duration::from_secs(7)));
    let seen = look(&dns(&server, "name: a.example, type: CNAME"))
        .await
        .unwrap();
    assert_eq!(texts_of(&seen, "answers"), ["b.example."]);
    assert_eq!(seen.facts.get("aliases"), None);
    // No further question is asked about where an alias leads.
    let (code, seen) = stopped(look(&dns(&server, "name: a.example, type: AAAA")).await);
    assert_eq!(code.as_str(), "dns.nodata");
    assert!(
        seen.fault
            .unwrap()
            .message
            .contains("an alias of `c.example.`")
    );
}

/// The keeper of one zone knows nothing of the others: it is not the name that lacks records.
#[tokio::test]
async fn an_alias_that_nobody_followed_is_no_lack_of_records() {
    let bare = NameServer::saying(|asked| {
        let reply = Reply::to(asked).authoritative().without_recursion();
        reply.cname("a.example", "b.other")
    });
    let (code, seen) = stopped(look(&dns(&bare, "name: a.example")).await);
    assert_eq!((code.as_str(), rcode(&seen)), ("dns.alias", 0));
    assert_eq!(texts_of(&seen, "aliases"), ["b.other."]);
    // With the SOA of its zone it says that there is nothing.
    let known = NameServer::saying(|asked| {
        let reply = Reply::to(asked).authoritative().without_recursion();
        let soa = soa("ns.example", "mail.example", [1, 2, 3, 4, 5]);
        reply
            .cname("a.example", "b.example")
            .authority("example", 5, SOA, &soa)
    });
    let (code, _) = stopped(look(&dns(&known, "name: a.example")).await);
    assert_eq!(code.as_str(), "dns.nodata");
}

#[tokio::test]
async fn an_alias_of_nothing_does_not_exist() {
    let server =
        NameServer::saying(|asked| Reply::to(asked).code(3).cname("a.example", "gone.example"));
    let (code, seen) = stopped(look(&dns(&server, "name: a.example")).await);
    assert_eq!(code.as_str(), "dns.nxdomain");
    assert_eq!(texts_of(&seen, "aliases"), ["gone.example."]);
}

#[tokio::test]
async fn aliases_that_never_end_are_a_loop() {
    let circle = NameServer::saying(|asked| {
        Reply::to(asked)
            .cname("a.example", "b.example")
            .cname("b.example", "A.example")
    });
    let (code, seen) = stopped(look(&dns(&circle, "name: a.example")).await);
    assert_eq!(code.as_str(), "dns.loop");
    assert_eq!(texts_of(&seen, "aliases"), ["b.example.", "a.example."]);
    let long = |links: u32| {
        NameServer::saying(move |asked| {
            let reply = (0..links).fold(Reply::to(asked), |reply, link| {
                reply.cname(
                    &format!("n{link}.example"),
                    &format!("n{}.example", link + 1),
                )
            });
            reply.a(&format!("n{links}.example"), "192.0.2.1")
        })
    };
    assert!(look(&dns(&long(16), "name: n0.example")).await.is_ok());
    let looked = look(&dns(&long(17), "name: n0.example")).await;
    assert_eq!(stopped(looked).0.as_str(), "dns.loop");
}

#[tokio::test]
async fn a_time_with_its_first_bit_set_is_none_at_all() {
    for (wire, seconds) in [
        (u32::MAX, 0),
        (0x8000_0000, 0),
        (0x7fff_ffff, 0x7fff_ffff),
        (0, 0),
    ] {
        let server = NameServer::saying(move |asked| {
            Reply::to(asked).record(&asked.name, wire, A, &[192, 0, 2, 1])
        });
        let seen = look(&dns(&server, "name: web.example")).await.unwrap();
        assert_eq!(
            fact(&seen, "ttl"),
            &Value::Duration(Duration::from_secs(seconds))
        );
    }
}

#[tokio::test]
async fn silence_is_a_timeout_after_asking_more_than_once() {
    let server = NameServer::start(|_| Vec::new());
    let (code, seen) = stopped(brief_look(&dns(&server, "name: web.example")).await);
    assert_eq!(code.as_str(), "dns.timeout");
    let Value::Number(queries) = fact(&seen, "queries") else {
        panic!("{seen:?}");
    };
    assert!((2.0..=4.0).contains(&queries.to_f64()), "{queries}");
    assert_eq!(seen.facts.get("rcode"), None);
}

#[tokio::test]
async fn a_lost_datagram_is_asked_for_again() {
    let server = NameServer::start(|asked| {
        let reply = Reply::to(asked).a(&asked.name, "192.0.2.1");
        if asked.count == 1 {
            Vec::new()
        } else {
            vec![Act::Say(reply.bytes())]
        }
    });
    let seen = brief_look(&dns(&server, "name: web.example"))
        .await
        .unwrap();
    assert_eq!(texts_of(&seen, "addresses"), ["192.0.2.1"]);
    let asked = server.asked(2);
    assert_eq!(asked[0].id, asked[1].id);
}

#[tokio::test]
async fn nobody_there_is_unreachable_at_once() {
    let free = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let probe: Dns = read(&format!("{{ server: \"{address}\", name: web.example }}"));
    let (code, seen) = stopped(look(&probe).await);
    assert_eq!(code.as_str(), "dns.unreachable");
    assert_eq!(seen.fault.unwrap().origin, Some(Origin::Errno(111)));
    assert!(seen.latency < AMPLE / 2);
}

/// Each of these is ignored until the right answer comes.
fn strangers(asked: &Asked) -> Vec<Act> {
    let wrong = |reply: Reply| Act::Say(reply.a("web.example", "6.6.6.6").bytes());
    let mut not_an_answer = Reply::to(asked).bytes();
    not_an_answer[2] &= 0x7f;
    vec![
        wrong(Reply::to(asked).with_another_id()),
        wrong(Reply::to(asked).about("other.example", A)),
        wrong(Reply::to(asked).about("web.example", AAAA)),
        wrong(Reply::to(asked).without_question()),
        Act::Say(not_an_answer),
        Act::Say(b"hello".to_vec()),
        Act::Say(Vec::new()),
        Act::Say(vec![0xff; 512]),
    ]
}

#[tokio::test]
async fn what_answers_another_question_is_not_believed() {
    let server = NameServer::start(|asked| {
        let mut acts = strangers(asked);
        acts.push(Act::Say(
            Reply::to(asked).a(&asked.name, "192.0.2.1").bytes(),
        ));
        acts
    });
    let seen = look(&dns(&server, "name: web.example")).await.unwrap();
    assert_eq!(texts_of(&seen, "addresses"), ["192.0.2.1"]);
}

#[tokio::test]
async fn strangers_alone_are_no_answer() {
    let server = NameServer::start(strangers);
    let looked = brief_look(&dns(&server, "name: web.example")).await;
    assert_eq!(code(looked), "dns.protocol");
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_told_at_once() {
    let server = NameServer::start(|asked| {
        let mut bytes = Reply::to(asked).a(&asked.name, "192.0.2.1").bytes();
        bytes.truncate(bytes.len() - 2);
        vec![Act::Say(bytes)]
    });
    let (code, seen) = stopped(look(&dns(&server, "name: web.example")).await);
    assert_eq!(code.as_str(), "dns.protocol");
    assert!(seen.latency < AMPLE / 2);
}

#[tokio::test]
async fn a_head_alone_is_an_answer_when_it_refuses() {
    let server = NameServer::saying(|asked| Reply::to(asked).without_question().code(5));
    assert_eq!(
        code(look(&dns(&server, "name: web.example")).await),
        "dns.refused"
    );
}

#[tokio::test]
async fn a_server_from_before_edns_is_asked_without_it() {
    let server = NameServer::saying(|asked| match asked.payload {
        Some(_) => Reply::to(asked).without_question().code(1),
        None => Reply::to(asked).a(&asked.name, "192.0.2.1"),
    });
    let seen = look(&dns(&server, "name: web.example")).await.unwrap();
    assert_eq!(fact(&seen, "queries"), &Value::int(2));
    let never = NameServer::saying(|asked| Reply::to(asked).code(1));
    assert_eq!(
        code(look(&dns(&never, "name: web.example")).await),
        "dns.rcode.1"
    );
}

/// Over UDP cut, in the middle of a record; over TCP this.
fn cut(over_tcp: impl Fn(&Asked) -> Vec<Act> + Send + Sync + 'static) -> NameServer {
    NameServer::start(move |asked| {
        if asked.is_tcp {
            return over_tcp(asked);
        }
        let mut bytes = Reply::to(asked)
            .truncated()
            .a(&asked.name, "6.6.6.6")
            .bytes();
        bytes.truncate(bytes.len() - 2);
        vec![Act::Say(bytes)]
    })
}

#[tokio::test]
async fn an_answer_too_long_for_a_datagram_comes_over_tcp_up_to_its_last_byte() {
    let server = cut(|asked| {
        let part = "x".repeat(255);
        let mut reply = Reply::to(asked);
        // 65 535 bytes: the head, the question, and so many records.
        let mut left = 65_535 - reply.clone().bytes().len();
        let around =
            reply.clone().record("t", 1, TXT, &[]).bytes().len() - reply.clone().bytes().len();
        while left > 0 {
            let room = (left - around).min(256) - 1;
            // A rest too small for a record of its own stays in this one.
            let room = if left - around - room - 1 < around + 2 {
                room.min(100)
            } else {
                room
            };
            let room = if left - around <= 256 {
                left - around - 1
            } else {
                room
            };
            reply = reply.record("t", 1, TXT, &texts(&[&part[..room]]));
            left -= around + room + 1;
        }
        let bytes = reply.bytes();
        assert_eq!(bytes.len(), 65_535);
        vec![Act::Say(bytes)]
    });
    let seen = look(&dns(&server, "name: t, type: TXT")).await.unwrap();
    assert_eq!(fact(&seen, "truncated"), &Value::Bool(true));
    assert_eq!(text(&seen, "transport"), "tcp");
    assert_eq!(fact(&seen, "queries"), &Value::int(2));
    assert!(texts_of(&seen, "answers").len() > 1);
}

#[tokio::test]
async fn an_answer_that_is_cut_and_not_to_be_had_over_tcp_is_truncated() {
    let refusing =
        NameServer::without_tcp(|asked| vec![Act::Say(Reply::to(asked).truncated().bytes())]);
    let (code, seen) = stopped(look(&dns(&refusing, "name: web.example")).await);
    assert_eq!(code.as_str(), "dns.truncated");
    assert_eq!(
        seen.fault.as_ref().unwrap().origin,
        Some(Origin::Errno(111))
    );
    assert_eq!(fact(&seen, "truncated"), &Value::Bool(true));
    for acts in [
        // Closes; says too little; says that it is cut again.
        (|_| Vec::new()) as fn(&Asked) -> Vec<Act>,
        |_| vec![Act::Raw(vec![0, 12, 0])],
        |asked| vec![Act::Say(Reply::to(asked).truncated().bytes())],
    ] {
        let server = cut(acts);
        let looked = look(&dns(&server, "name: web.example")).await;
        assert_eq!(stopped(looked).0.as_str(), "dns.truncated");
    }
}

#[tokio::test]
async fn a_drip_over_tcp_ends_with_the_budget() {
    for beginning in [vec![], vec![0xff], vec![0xff, 0xff, 0, 1, 2]] {
        let server = cut(move |_| vec![Act::Raw(beginning.clone()), Act::Wait]);
        let looked = brief_look(&dns(&server, "name: web.example")).await;
        assert_eq!(code(looked), "dns.truncated");
    }
}

#[tokio::test]
async fn over_tcp_only_the_answer_is_an_answer() {
    for acts in [
        (|asked| vec![Act::Say(Reply::to(asked).with_another_id().bytes())])
            as fn(&Asked) -> Vec<Act>,
        |_| vec![Act::Say(Vec::new())],
        |_| vec![Act::Raw(b"HTTP/1.1 400 Bad Request\r\n\r\n".repeat(1000))],
    ] {
        let looked = look(&dns(&cut(acts), "name: web.example")).await;
        assert_eq!(code(looked), "dns.protocol");
    }
    let refusing = cut(|asked| vec![Act::Say(Reply::to(asked).code(5).bytes())]);
    assert_eq!(
        code(look(&dns(&refusing, "name: web.example")).await),
        "dns.refused"
    );
}

#[tokio::test]
async fn the_system_sees_the_files_of_this_machine() {
    let probe: Dns = read("{ name: localhost, type: A, resolver: system }");
    let seen = look(&probe).await.unwrap();
    for name in ["addresses", "answers", "system_addresses"] {
        assert_eq!(texts_of(&seen, name), ["127.0.0.1"]);
    }
    for absent in ["rcode", "agrees", "server", "ttl"] {
        assert_eq!(seen.facts.get(absent), None, "{absent}");
    }
}

/// Without a type it is what a program sees that wants to connect: the standard library's own lookup tells the same.
#[tokio::test]
async fn the_system_sees_both_families_unless_one_is_asked_for() {
    let probe: Dns = read("{ name: localhost, resolver: system }");
    assert_eq!(probe.request(), "addresses of localhost by the system");
    let seen = look(&probe).await.unwrap();
    let found = std::net::ToSocketAddrs::to_socket_addrs(&("localhost", 0)).unwrap();
    let mut found: Vec<IpAddr> = found.map(|address| address.ip()).collect();
    found.sort_unstable();
    found.dedup();
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(texts_of(&seen, "system_addresses"), found);
    assert!(found.contains(&"127.0.0.1".to_owned()), "{found:?}");
}

#[tokio::test]
async fn the_system_and_a_server_agree_or_not() {
    for (address, agrees) in [("127.0.0.1", true), ("192.0.2.1", false)] {
        let server = NameServer::saying(move |asked| Reply::to(asked).a(&asked.name, address));
        let probe = dns(&server, "name: localhost, resolver: system");
        let seen = look(&probe).await.unwrap();
        assert_eq!(fact(&seen, "agrees"), &Value::Bool(agrees));
        assert_eq!(texts_of(&seen, "addresses"), [address]);
        assert_eq!(texts_of(&seen, "system_addresses"), ["127.0.0.1"]);
    }
    let server = NameServer::saying(|asked| Reply::to(asked).code(3));
    let (code, seen) = stopped(look(&dns(&server, "name: localhost, resolver: system")).await);
    assert_eq!(code.as_str(), "dns.nxdomain");
    assert_eq!(fact(&seen, "agrees"), &Value::Bool(false));
    assert_eq!(texts_of(&seen, "system_addresses"), ["127.0.0.1"]);
}

#[tokio::test]
async fn a_system_that_hangs_is_a_timeout_and_what_the_server_said_is_kept() {
    let server = NameServer::saying(|asked| Reply::to(asked).a(&asked.name, "192.0.2.1"));
    let probe = dns(&server, "name: web.example, resolver: system");
    let (code, seen) = stopped(probe.observe(&without_names(BUDGET)).await);
    assert_eq!(code.as_str(), "dns.timeout");
    assert_eq!(texts_of(&seen, "addresses"), ["192.0.2.1"]);
    assert_eq!(fact(&seen, "agrees"), &Value::Bool(false));
}

#[test]
fn resolvers_agree_about_what_is_known() {
    let halt = |fault| Err(Halt::fault(FaultKind::Dns(fault), ""));
    let found = |last: &[u8]| -> Result<Vec<IpAddr>, Halt> {
        Ok(last
            .iter()
            .map(|last| Ipv4Addr::new(192, 0, 2, *last).into())
            .collect())
    };
    assert_eq!(agree(&found(&[1, 2]), &found(&[2, 1, 1])), Some(true));
    assert_eq!(agree(&found(&[1]), &found(&[1, 2])), Some(false));
    assert_eq!(
        agree(&halt(DnsFault::Nxdomain), &halt(DnsFault::Nodata)),
        Some(true)
    );
    assert_eq!(agree(&halt(DnsFault::Again), &found(&[1])), Some(false));
    assert_eq!(
        agree(&halt(DnsFault::Again), &halt(DnsFault::Nxdomain)),
        Some(false)
    );
    assert_eq!(
        agree(&halt(DnsFault::Again), &halt(DnsFault::Servfail)),
        None
    );
}

#[tokio::test]
async fn a_deadline_that_has_passed_ends_the_look_at_once() {
    let server = NameServer::start(|_| Vec::new());
    for resolver in ["dns", "system"] {
        let probe = dns(&server, &format!("name: web.example, resolver: {resolver}"));
        let ctx = without_names(Duration::ZERO);
        let looked = tokio::time::timeout(AMPLE, probe.observe(&ctx))
            .await
            .unwrap();
        assert_eq!(code(looked), "dns.timeout");
    }
}

#[test]
fn slips_are_told() {
    for (yaml, told) in [
        (
            "{ name: 192.0.2.1 }",
            "only `type: PTR` asks about addresses",
        ),
        ("{ name: \"::1\", type: MX }", "only `type: PTR`"),
        ("{ name: \"web:53\" }", "holds `:`"),
        ("{ name: münchen.example }", "xn--mnchen-3ya.example"),
        ("{ name: a..b }", "empty label"),
        ("{ name: a, type: ANY }", "unknown"),
        ("{ name: a, server: ns.example }", "no address of a server"),
        (
            "{ name: a, resolver: system, type: MX }",
            "types A and AAAA",
        ),
        ("{ nmae: a }", "did you mean `name`"),
    ] {
        let problem = problem("dns", yaml);
        assert!(problem.contains(told), "{yaml}: {problem}");
    }
}

#[test]
fn it_says_what_it_asks() {
    let probe: Dns = read("{ name: Web.Example., server: 10.0.0.2, resolver: system }");
    assert_eq!(probe.request(), "A Web.Example. at 10.0.0.2 by the system");
    let at_server = ["dns:web.example@10.0.0.2:53", "sock:10.0.0.2:53"];
    assert_eq!(probe.resources(), at_server);
    let probe: Dns = read("{ name: Web.Example. }");
    assert_eq!(probe.resources(), ["dns:web.example"]);
}

#[tokio::test]
async fn a_late_name_is_checked_before_it_is_asked_for() {
    let probe = Dns {
        name: "10.0.0.1".to_owned(),
        kind: Some(Kind::A),
        server: None,
        resolver: Resolver::Dns,
        question: OnceLock::new(),
        named: OnceLock::new(),
    };
    assert!(unable(look(&probe).await).message.contains("`name`"));
}
