//! One question to one server after the other: over UDP, again when nothing comes, and over TCP when the answer is too long.

use std::cell::RefCell;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hickory_proto::op::{Message, ResponseCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::task::coop::consume_budget;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::question::{Asked, Match, Question};
use crate::model::{DnsFault, FaultKind, Origin, Unable};
use crate::probe::look::Halt;
use crate::probe::net::connect::socket_halt;

/// The first wait for an answer, at most. Each further wait is twice as long (RFC 1035 §4.2.1).
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The first wait is this part of the time a server has, so that a lost datagram is made up for three times.
const WAITS: u32 = 8;

thread_local! {
    /// Room for any datagram, not filled with zeros, and the same for all who wait on this thread: it is read as soon as it came.
    static DATAGRAM: RefCell<Vec<u8>> = RefCell::new(Vec::with_capacity(usize::from(u16::MAX)));
}

/// How an answer came, or did not.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::probe) struct Via {
    /// Who was asked last.
    pub(in crate::probe) server: Option<SocketAddr>,
    /// Whether TCP was needed.
    pub(in crate::probe) is_tcp: bool,
    /// Whether the answer was too long for a datagram.
    pub(in crate::probe) is_truncated: bool,
    /// How often the question was sent, over all servers.
    pub(in crate::probe) queries: u32,
}

/// Asks the servers in turn, each for an equal part of the time that is left, until one of them knows: the name and its records,
/// or that they do not exist. When none does, it is the answer that says most.
pub(in crate::probe) async fn ask(
    question: &Question,
    servers: &[SocketAddr],
    deadline: Instant,
    via: &mut Via,
) -> Result<Message, Halt> {
    let mut best: Option<(Result<Message, Halt>, Via)> = None;
    for (turn, server) in (0..).zip(servers) {
        let left = deadline.saturating_duration_since(Instant::now());
        let others = u32::try_from(servers.len()).unwrap_or(u32::MAX) - turn;
        *via = Via {
            server: Some(*server),
            queries: via.queries,
            ..Via::default()
        };
        let outcome = ask_one(question, *server, Instant::now() + left / others, via).await;
        if weight(&outcome) == KNOWS {
            return outcome;
        }
        if best
            .as_ref()
            .is_none_or(|(known, _)| weight(&outcome) > weight(known))
        {
            best = Some((outcome, *via));
        }
    }
    let queries = via.queries;
    match best {
        Some((outcome, of_best)) => {
            *via = Via { queries, ..of_best };
            outcome
        }
        None => Err(Halt::fault(
            FaultKind::Dns(DnsFault::Unreachable),
            "there is no name server to ask",
        )),
    }
}

const KNOWS: u8 = 5;

/// How much an outcome says: knowledge more than a refusal, any answer more than none, a closed door more than silence.
fn weight(outcome: &Result<Message, Halt>) -> u8 {
    match outcome {
        Ok(message) => match message.metadata.response_code {
            ResponseCode::NoError | ResponseCode::NXDomain => KNOWS,
            _ => 4,
        },
        Err(Halt::Fault { kind, .. }) => match kind {
            FaultKind::Dns(DnsFault::Truncated | DnsFault::Protocol) => 3,
            FaultKind::Dns(DnsFault::Unreachable) => 2,
            _ => 1,
        },
        Err(Halt::Unable(_)) => 0,
    }
}

async fn ask_one(
    question: &Question,
    server: SocketAddr,
    until: Instant,
    via: &mut Via,
) -> Result<Message, Halt> {
    let message = once(question, true, server, until, via).await?;
    if message.metadata.response_code != ResponseCode::FormErr {
        return Ok(message);
    }
    // A server from before EDNS does not understand the question with it (RFC 6891 §7).
    Box::pin(once(question, false, server, until, via)).await
}

async fn once(
    question: &Question,
    with_edns: bool,
    server: SocketAddr,
    until: Instant,
    via: &mut Via,
) -> Result<Message, Halt> {
    let asked = question
        .asked(with_edns)
        .map_err(|why| Halt::unable(Unable::Value, format!("the question: {why}")))?;
    if let Some(message) = by_udp(question, &asked, server, until, via).await? {
        return Ok(message);
    }
    via.is_truncated = true;
    via.is_tcp = true;
    via.queries += 1;
    let exchange = Box::pin(by_tcp(question, &asked, server));
    timeout_at(until, exchange).await.unwrap_or_else(|_| {
        Err(truncated(
            server,
            "and over TCP it did not come within the budget",
        ))
    })
}

/// Asks in datagrams; `None` when the answer was too long for one.
async fn by_udp(
    question: &Question,
    asked: &Asked,
    server: SocketAddr,
    until: Instant,
    via: &mut Via,
) -> Result<Option<Message>, Halt> {
    let broken =
        |error: &io::Error| as_dns(DnsFault::Unreachable, error, &format!("asking {server}"));
    // The system picks the port, at random, and lets nobody else's datagrams through (RFC 5452 §9.2). On the way to this
    // machine it need not look for our address as well.
    let ours: SocketAddr = match (server, server.ip().is_loopback()) {
        (SocketAddr::V4(_), true) => (Ipv4Addr::LOCALHOST, 0).into(),
        (SocketAddr::V4(_), false) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        (SocketAddr::V6(_), true) => (Ipv6Addr::LOCALHOST, 0).into(),
        (SocketAddr::V6(_), false) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(ours)
        .await
        .map_err(|error| broken(&error))?;
    socket
        .connect(server)
        .await
        .map_err(|error| broken(&error))?;
    let mut strangers = 0_u64;
    let mut wait = (until.saturating_duration_since(Instant::now()) / WAITS).min(FIRST_WAIT);
    loop {
        socket
            .send(&asked.bytes)
            .await
            .map_err(|error| broken(&error))?;
        via.queries += 1;
        let again_at = (Instant::now() + wait).min(until);
        wait *= 2;
        loop {
            tokio::select! {
                // What came in time is looked at, also when we are late.
                biased;
                came = socket.readable() => came.map_err(|error| broken(&error))?,
                () = sleep_until(again_at) => break,
            }
            let received = DATAGRAM.with_borrow_mut(|datagram| {
                datagram.clear();
                let length = socket.try_recv_buf(datagram)?;
                io::Result::Ok(question.matched(asked, &datagram[..length]))
            });
            match received {
                Ok(Match::Whole(message)) => return Ok(Some(message)),
                Ok(Match::Cut) => return Ok(None),
                Ok(Match::Broken(why)) => return Err(protocol(server, &why)),
                // The answer may still come (RFC 5452 §9.1). However many come before it, others have their turn.
                Ok(Match::Stranger) => {
                    strangers += 1;
                    consume_budget().await;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(broken(&error)),
            }
            if Instant::now() >= until {
                break;
            }
        }
        if Instant::now() >= until {
            return Err(late(server, strangers));
        }
    }
}

/// Asks over a connection, where each message has its length before it (RFC 1035 §4.2.2, RFC 7766).
async fn by_tcp(question: &Question, asked: &Asked, server: SocketAddr) -> Result<Message, Halt> {
    let broken = |error: io::Error| {
        as_dns(
            DnsFault::Truncated,
            &error,
            &format!("the answer of {server} is too long for a datagram, and over TCP"),
        )
    };
    let length = u16::try_from(asked.bytes.len())
        .map_err(|_| Halt::unable(Unable::Value, "the question is too long"))?;
    // In one piece: some servers read no further than the first (RFC 7766 §8).
    let framed = [&length.to_be_bytes()[..], &asked.bytes].concat();
    let mut stream = TcpStream::connect(server).await.map_err(broken)?;
    stream.write_all(&framed).await.map_err(broken)?;
    let length = stream.read_u16().await.map_err(broken)?;
    let mut bytes = vec![0; usize::from(length)];
    stream.read_exact(&mut bytes).await.map_err(broken)?;
    match question.matched(asked, &bytes) {
        Match::Whole(message) => Ok(message),
        Match::Cut => Err(truncated(server, "and over TCP it is cut as well")),
        Match::Broken(why) => Err(protocol(server, &why)),
        Match::Stranger => Err(protocol(
            server,
            "what came over TCP answers another question",
        )),
    }
}

/// What an error of a socket means on the way to a name server.
fn as_dns(fault: DnsFault, error: &io::Error, doing: &str) -> Halt {
    match socket_halt(error, doing) {
        Halt::Fault {
            message, origin, ..
        } => {
            let halt = Halt::fault(FaultKind::Dns(fault), message);
            match origin {
                Some(signal @ Origin::Errno(_)) => halt.by(signal),
                _ => halt,
            }
        }
        unable @ Halt::Unable(_) => unable,
    }
}

fn truncated(server: SocketAddr, why: &str) -> Halt {
    Halt::fault(
        FaultKind::Dns(DnsFault::Truncated),
        format!("the answer of {server} is too long for a datagram, {why}"),
    )
}

fn protocol(server: SocketAddr, why: &str) -> Halt {
    Halt::fault(
        FaultKind::Dns(DnsFault::Protocol),
        format!("what {server} sent is no answer: {why}"),
    )
}

/// Silence, unless something came that was no answer.
fn late(server: SocketAddr, strangers: u64) -> Halt {
    if strangers > 0 {
        let why = format!("{strangers} datagrams came, none with the id and the question of ours");
        return protocol(server, &why);
    }
    Halt::fault(
        FaultKind::Dns(DnsFault::Timeout),
        format!("{server} did not answer within the budget"),
    )
}
