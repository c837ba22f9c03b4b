//! DNS: what a name server says, and what it does instead of saying something.

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use crate::support::case::{look_at, passes, stops};
use crate::support::{Act, Canary, Dnsmasq, NS, NameServer, Refusing, Reply};

/// How long a slow answer takes.
const SLOW: Duration = Duration::from_millis(150);

/// A server that behaves by the first label of a name, and gives good answers to all others.
fn by_label() -> NameServer {
    NameServer::start(|asked| {
        let (label, rest) = asked.name.split_once('.').unwrap();
        let reply = Reply::to(asked);
        let good = reply.clone().a(&asked.name, "127.0.0.1");
        let said = match label {
            "silent" => return Vec::new(),
            "garbage" => return vec![Act::Say(vec![0xff; 7])],
            "half" => {
                let mut bytes = good.bytes();
                bytes.truncate(bytes.len() - 6);
                return vec![Act::Say(bytes)];
            }
            "slow" => {
                thread::park_timeout(SLOW);
                good
            }
            "stranger" => good.with_another_id(),
            "other" => good.about("something.else.test", asked.kind),
            "nodata" => reply,
            "formerr" => reply.code(1),
            "servfail" => reply.code(2),
            "nxdomain" => reply.code(3),
            "notimp" => reply.code(4),
            "refused" => reply.code(5),
            "alias" => reply.without_recursion().cname(&asked.name, "pool.other"),
            "referral" => reply.authority(rest, 300, NS, b"\x02ns\x04else\0"),
            "strangers" => {
                let stranger = || Act::Say(good.clone().with_another_id().bytes());
                return (0..200).map(|_| stranger()).collect();
            }
            "stalled" if asked.is_tcp => return vec![Act::Wait],
            "cut" | "stalled" => reply.truncated(),
            "truncated" if !asked.is_tcp => reply.truncated(),
            "loop" => {
                let other = format!("pool.{rest}");
                reply.cname(&asked.name, &other).cname(&other, &asked.name)
            }
            "chain" => {
                let link = |number| format!("link{number}.{rest}");
                let first = reply.cname(&asked.name, &link(0));
                (0..30).fold(first, |reply, number| {
                    reply.cname(&link(number), &link(number + 1))
                })
            }
            _ => good,
        };
        vec![Act::Say(said.bytes())]
    })
}

fn dns(name: &str, kind: &str, server: SocketAddr) -> String {
    format!("dns: {{ name: {name}, type: {kind}, server: \"{server}\" }}")
}

#[test]
fn what_a_name_server_does_is_told_by_its_code() {
    let (server, nobody) = (by_label(), Refusing::hold());
    let at = |label: &str| dns(&format!("{label}.test"), "A", server.address());
    let broke = |label: &'static str, code| stops(label, at(label), code, "resolve");
    let good = "rcode: NOERROR, addresses: [127.0.0.1]";
    look_at(&[
        passes("good", at("good"), format!("{good}, transport: udp")),
        passes(
            "slow",
            at("slow"),
            format!("{good}, latency: {{ at_least: 150ms }}"),
        ),
        passes(
            "truncated",
            at("truncated"),
            format!("{good}, transport: tcp, truncated: true"),
        ),
        broke("nxdomain", "dns.nxdomain"),
        broke("nodata", "dns.nodata"),
        broke("servfail", "dns.servfail"),
        broke("refused", "dns.refused"),
        broke("formerr", "dns.rcode.1"),
        broke("notimp", "dns.rcode.4"),
        broke("loop", "dns.loop"),
        broke("chain", "dns.loop"),
        broke("cut", "dns.truncated"),
        broke("half", "dns.protocol"),
        broke("referral", "dns.referral"),
        broke("alias", "dns.alias"),
        broke("silent", "dns.timeout").by_its_budget(),
        broke("stalled", "dns.truncated").by_its_budget(),
        // Whoever answers something else may be a stranger: the right answer is waited for.
        broke("garbage", "dns.protocol").by_its_budget(),
        broke("stranger", "dns.protocol").by_its_budget(),
        broke("strangers", "dns.protocol").by_its_budget(),
        broke("other", "dns.protocol").by_its_budget(),
        stops(
            "nobody",
            dns("good.test", "A", nobody.address()),
            "dns.unreachable",
            "resolve",
        ),
    ]);
}

#[test]
fn dnsmasq_is_understood() {
    let (above, nobody) = (by_label(), Refusing::hold());
    let upstream =
        |zone: &str, to: SocketAddr| format!("server=/{zone}/{}#{}\n", to.ip(), to.port());
    // More than fits into a datagram.
    let long = ["one", "two", "three", "four", "five", "six", "seven"]
        .map(|text| format!("txt-record=long.test,{text}{}\n", "x".repeat(220)))
        .concat();
    let records = [
        "host-record=shop.test,192.0.2.7,2001:db8::7\n",
        "host-record=four.test,192.0.2.4\nlocal=/four.test/\n",
        "cname=www.shop.test,shop.test\n",
        "mx-host=shop.test,mail.shop.test,10\n",
        "srv-host=_pg._tcp.shop.test,db.shop.test,5432,10,5\n",
        "txt-record=shop.test,\"v=spf1 -all\"\n",
        "address=/gone.test/\n",
        &long,
        &upstream("above.test", above.address()),
        &upstream("down.test", nobody.address()),
    ]
    .concat();
    let dnsmasq = Dnsmasq::start(&records);
    let at = |name: &str, kind: &str| dns(name, kind, dnsmasq.address());
    look_at(&[
        passes(
            "a",
            at("shop.test", "A"),
            "addresses: [192.0.2.7], authoritative: true",
        ),
        passes(
            "aaaa",
            at("shop.test", "AAAA"),
            "addresses: [\"2001:db8::7\"]",
        ),
        passes(
            "cname",
            at("www.shop.test", "A"),
            "addresses: [192.0.2.7], aliases: [shop.test.]",
        ),
        passes(
            "mx",
            at("shop.test", "MX"),
            "answers: [\"10 mail.shop.test.\"]",
        ),
        passes(
            "srv",
            at("_pg._tcp.shop.test", "SRV"),
            "answers: [\"10 5 5432 db.shop.test.\"]",
        ),
        passes("txt", at("shop.test", "TXT"), "answers: [v=spf1 -all]"),
        passes("ptr", at("192.0.2.7", "PTR"), "answers: [shop.test.]"),
        passes(
            "long",
            at("long.test", "TXT"),
            "transport: tcp, truncated: true",
        ),
        passes(
            "relayed",
            at("good.above.test", "A"),
            "addresses: [127.0.0.1]",
        ),
        stops("nodata", at("four.test", "AAAA"), "dns.nodata", "resolve"),
        stops(
            "nxdomain",
            at("a.gone.test", "A"),
            "dns.nxdomain",
            "resolve",
        ),
        stops(
            "refused",
            at("elsewhere.example", "A"),
            "dns.refused",
            "resolve",
        ),
        stops(
            "relayed-servfail",
            at("servfail.above.test", "A"),
            "dns.servfail",
            "resolve",
        ),
        stops(
            "relayed-silence",
            at("silent.above.test", "A"),
            "dns.timeout",
            "resolve",
        )
        .by_its_budget(),
        // A server that is down behind dnsmasq is silence in front of it.
        stops("down", at("a.down.test", "A"), "dns.timeout", "resolve").by_its_budget(),
    ]);
}

#[test]
fn a_lost_question_is_asked_again() {
    let server = NameServer::start(|asked| match asked.count {
        1 => Vec::new(),
        _ => vec![Act::Say(
            Reply::to(asked).a(&asked.name, "127.0.0.1").bytes(),
        )],
    });
    look_at(&[passes(
        "lost",
        dns("good.test", "A", server.address()),
        "addresses: [127.0.0.1], queries: 2",
    )]);
}

#[test]
fn a_host_is_asked_for_at_a_name_server_and_its_faults_are_the_same() {
    let (server, canary) = (by_label(), Canary::healthy());
    let (resolver, port) = (server.address(), canary.address().port());
    let tcp = |label: &str| {
        format!("tcp: {{ host: {label}.test, port: {port}, resolver: \"{resolver}\" }}")
    };
    let http = |label: &str| {
        format!("http: {{ url: \"http://{label}.test:{port}/\", resolver: \"{resolver}\" }}")
    };
    look_at(&[
        passes("tcp", tcp("good"), "connected: true, remote_ip: 127.0.0.1"),
        passes("http", http("good"), "status: 200, remote_ip: 127.0.0.1"),
        stops("tcp-nxdomain", tcp("nxdomain"), "dns.nxdomain", "resolve"),
        stops("http-nxdomain", http("nxdomain"), "dns.nxdomain", "resolve"),
        stops("tcp-servfail", tcp("servfail"), "dns.servfail", "resolve"),
        stops("http-servfail", http("servfail"), "dns.servfail", "resolve"),
        stops("tcp-nodata", tcp("nodata"), "dns.nodata", "resolve"),
        stops("http-silent", http("silent"), "dns.timeout", "resolve").by_its_budget(),
    ]);
}
