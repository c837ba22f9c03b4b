//! Whatever a peer does: memory and descriptors stay what they were.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use nix::unistd::Pid;

use crate::support::{
    Act, Answer, Canary, Certificates, Hostile, NameServer, Refusing, Reply, Tool,
};

/// So much more than when it does nothing may the program ever hold.
const MOST: u64 = 64 * 1024 * 1024;

/// Fewer than there are looks.
const DESCRIPTORS: u32 = 64;

/// What a process holds.
#[derive(Debug)]
struct Held {
    /// The most it ever had in memory, in bytes.
    peak: u64,
    descriptors: usize,
}

impl Held {
    fn by(process: Pid) -> Self {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|rest| rest.trim().strip_suffix(" kB"));
        let descriptors = fs::read_dir(format!("/proc/{process}/fd")).unwrap();
        Self {
            peak: peak.unwrap().trim().parse::<u64>().unwrap() * 1024,
            descriptors: descriptors.count(),
        }
    }
}

/// A peer, and how looks at it end.
struct Peer {
    probe: String,
    fault: &'static str,
    budget: &'static str,
}

fn http(address: SocketAddr, fault: &'static str) -> Peer {
    Peer {
        probe: format!("http: {{ url: \"http://{address}/\" }}"),
        fault,
        budget: "20s",
    }
}

fn tcp(address: SocketAddr, fault: &'static str) -> Peer {
    let (ip, port) = (address.ip(), address.port());
    Peer {
        probe: format!("tcp: {{ host: {ip}, port: {port}, send: hello, read: {{ until: z }} }}"),
        fault,
        budget: "20s",
    }
}

fn https(server: &Hostile, root: &Path, fault: &'static str) -> Peer {
    let (address, root) = (server.address(), root.display());
    Peer {
        probe: format!("http: {{ url: \"https://{address}/\", ca: \"{root}\" }}"),
        fault,
        budget: "20s",
    }
}

fn dns(server: &NameServer, fault: &'static str) -> Peer {
    let server = server.address();
    Peer {
        probe: format!("dns: {{ name: shop.test, server: \"{server}\" }}"),
        fault,
        budget: "300ms",
    }
}

/// Takes all these looks one after the other (each `times` times, `at_once` of them together), and tells what the program
/// held before and after them.
fn held(peers: &[Peer], times: usize, at_once: usize) -> (Held, Held) {
    let (before, after) = (
        Canary::answering(|_| Answer::Held),
        Canary::answering(|_| Answer::Held),
    );
    let gate = |name: &str, canary: &Canary| {
        let url = canary.url();
        format!(
            "  - name: {name}\n    timeout: 50s\n    http: {{ url: \"{url}\" }}\n    expect: {{ status: 200 }}\n"
        )
    };
    let mut suite = gate("before", &before);
    for (number, peer) in peers.iter().enumerate() {
        let Peer {
            probe,
            fault,
            budget,
        } = peer;
        let _ = write!(
            suite,
            "  - name: p{number}\n    timeout: {budget}\n    {probe}\n    expect: {{ fault: {fault} }}\n    \
             repeat: {{ times: {times}, concurrency: {at_once} }}\n"
        );
    }
    suite.push_str(&gate("after", &after));
    let limited = format!("ulimit -n {DESCRIPTORS}; exec \"$0\" \"$@\"");
    let program = env!("CARGO_BIN_EXE_allclear");
    let tool = Tool::new()
        .suite(&suite)
        .program("sh")
        .args(["-c", &limited, program, "run", "-v", "-j", "1"]);
    let running = tool.start();
    before.wait_for(1);
    let idle = Held::by(running.pid());
    before.release();
    after.wait_for(1);
    let used = Held::by(running.pid());
    after.release();
    running.end().exits(0).stdout_has(" GO   here");
    (idle, used)
}

#[test]
fn no_peer_makes_it_hold_more() {
    let (gibibyte, chunks) = (Hostile::gibibyte(), Hostile::endless_chunks());
    let bomb = Hostile::gzip_bomb();
    let (headers, header) = (Hostile::endless_headers(), Hostile::endless_header());
    let (promises, trailers) = (Hostile::endless_promises(), Hostile::endless_trailers());
    let (extension, flooding) = (Hostile::endless_chunk_extension(), Hostile::flooding());
    let made = Certificates::make();
    let (root, keys) = (made.root(), Hostile::endless_keys(&made.good()));
    let (records, handshake) = (Hostile::endless_records(), Hostile::endless_handshake());
    let strangers = NameServer::start(|asked| {
        let stranger = || Act::Say(Reply::to(asked).with_another_id().bytes());
        (0..200).map(|_| stranger()).collect()
    });
    let peers = [
        https(&keys, &root, "tls.protocol"),
        https(&records, &root, "tls.protocol"),
        https(&handshake, &root, "tls.protocol"),
        dns(&strangers, "dns.protocol"),
        http(bomb.address(), "http.too_large"),
        http(gibibyte.address(), "http.too_large"),
        http(chunks.address(), "http.too_large"),
        http(headers.address(), "http.protocol"),
        http(header.address(), "http.protocol"),
        http(promises.address(), "http.protocol"),
        http(extension.address(), "http.protocol"),
        http(trailers.address(), "http.protocol"),
        tcp(flooding.address(), "tcp.too_large"),
    ];
    let (idle, used) = held(&peers, 4, 1);
    let more = used.peak.saturating_sub(idle.peak);
    assert!(more < MOST, "{more} bytes more: {idle:?}, {used:?}");
    assert_eq!(idle.descriptors, used.descriptors);
}

#[test]
fn two_hundred_looks_leave_no_descriptor() {
    let (refusing, hanging) = (Refusing::hold(), Hostile::hanging());
    let (resetting, closing) = (Hostile::resetting(), Hostile::closing());
    let (garbage, dripping) = (Hostile::garbage(), Hostile::dripping());
    let half_closed = Hostile::half_closed();
    let brief = |peer| Peer {
        budget: "100ms",
        ..peer
    };
    let peers = [
        http(refusing.address(), "tcp.refused"),
        http(resetting.address(), "http.reset.first_byte"),
        http(closing.address(), "http.closed.first_byte"),
        http(half_closed.address(), "http.closed.first_byte"),
        http(garbage.address(), "http.protocol"),
        tcp(closing.address(), "tcp.closed"),
        tcp(resetting.address(), "tcp.reset"),
        brief(http(hanging.address(), "http.timeout.first_byte")),
        brief(http(dripping.address(), "http.timeout.body")),
        brief(tcp(hanging.address(), "tcp.timeout.read")),
    ];
    let (idle, used) = held(&peers, 20, 10);
    assert_eq!(idle.descriptors, used.descriptors);
    let more = used.peak.saturating_sub(idle.peak);
    assert!(more < MOST, "{more} bytes more: {idle:?}, {used:?}");
}
