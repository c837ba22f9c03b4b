//! `dns`: what does a name server say, and what do the programs of this machine see?

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::OnceLock;

use hickory_proto::op::Message;
use hickory_proto::rr::RecordType;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::{Instant, timeout_at};

use super::look::{Halt, Look, just_before};
use super::net::dns::{Answer, Question, Via, ask, check_name, named, of_this_machine, reverse};
use super::net::{Family, ip_text, socket_text};
use super::{Context, Invalid, Probe};
use crate::model::{DnsFault, FaultKind, KnownFact, Looked, Phase, Value};

/// Asks a name server for the records of a name. It asks over UDP, again when nothing comes, and over TCP when the answer is too
/// long for a datagram. Names are fully qualified, and no search list is used. Aliases are followed within the answer, as
/// programs do. With `resolver: system` it is seen instead what the programs of this machine see.
/// `answers` are the records asked for as texts, in an order of ours: names in lower case with their last dot, `10 mail.example.`
/// for MX, addresses alone. `addresses` are those of A and AAAA, `aliases` the names behind the one asked for, `ttl` is the
/// shortest time of all of these. `rcode` (`NOERROR`, `NXDOMAIN`), `authoritative`, `server`, `transport` (`udp` or `tcp`),
/// `truncated` (too long for a datagram) and `queries` (how often a question was sent) are there also when the answer is a fault.
/// `system_addresses` and `agrees` are of `resolver: system`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dns {
    /// The name; its last dot may be left out. `type: PTR` also takes an address. Names of other scripts are written as they are
    /// on the wire, `xn--mnchen-3ya.example`.
    name: String,
    /// Which records. Without it `A`; of `resolver: system` alone it is addresses of both families,
    /// as a program looks for them that wants to connect.
    #[serde(rename = "type")]
    kind: Option<Kind>,
    /// The address of the name server, with or without its port: `10.0.0.2`, `10.0.0.2:5353`, `[fd00::2]:5353`. Without it, those
    /// of `/etc/resolv.conf`, up to three, in turn; each has an equal part of the time that is left, and one that fails or
    /// refuses hands over to the next.
    server: Option<String>,
    /// Who answers: a name server, asked by us (`dns`), or the system's resolver, getaddrinfo, with its files, its name servers
    /// and its search list (`system`), which gives addresses only. `system` with `server` asks both, and `agrees` tells whether
    /// they say the same: the same set of addresses, or that there is none.
    #[serde(default)]
    resolver: Resolver,
    #[serde(skip)]
    question: OnceLock<Question>,
    #[serde(skip)]
    named: OnceLock<Option<SocketAddr>>,
}

/// The type of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum Kind {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// What the name is an alias of.
    Cname,
    /// Mail servers: `10 mail.example.`.
    Mx,
    /// Texts, the parts of each put together.
    Txt,
    /// Services: `10 5 443 web.example.` is priority, weight, port and host.
    Srv,
    /// Name servers.
    Ns,
    /// The zone: `ns.example. admin.example. 2026112101 7200 3600 1209600 300`.
    Soa,
    /// The name of an address.
    Ptr,
    /// Who may issue certificates: `0 issue "ca.example"`.
    Caa,
}

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Resolver {
    /// A name server, asked by us.
    #[default]
    Dns,
    /// The system's resolver: only types A and AAAA.
    System,
}

impl Kind {
    const fn record_type(self) -> RecordType {
        match self {
            Self::A => RecordType::A,
            Self::Aaaa => RecordType::AAAA,
            Self::Cname => RecordType::CNAME,
            Self::Mx => RecordType::MX,
            Self::Txt => RecordType::TXT,
            Self::Srv => RecordType::SRV,
            Self::Ns => RecordType::NS,
            Self::Soa => RecordType::SOA,
            Self::Ptr => RecordType::PTR,
            Self::Caa => RecordType::CAA,
        }
    }

    /// The family of the addresses it gives, if it gives any.
    const fn family(self) -> Option<Family> {
        match self {
            Self::A => Some(Family::V4),
            Self::Aaaa => Some(Family::V6),
            _ => None,
        }
    }
}

impl Dns {
    /// What is asked, checked when first asked for.
    fn question(&self) -> Result<&Question, Invalid> {
        if let Some(known) = self.question.get() {
            return Ok(known);
        }
        let kind = self.kind.unwrap_or(Kind::A);
        let name = match (kind, self.name.parse::<IpAddr>()) {
            (Kind::Ptr, Ok(address)) => reverse(address),
            (_, Ok(_)) => {
                let why = format!(
                    "`{}` is an address already; only `type: PTR` asks about addresses",
                    self.name
                );
                return Err(Invalid::new("name", why));
            }
            (_, Err(_)) => check_name("name", &self.name)?,
        };
        let question = Question::new(name, kind.record_type());
        Ok(self.question.get_or_init(|| question))
    }

    fn named_server(&self) -> Result<Option<SocketAddr>, Invalid> {
        if let Some(known) = self.named.get() {
            return Ok(*known);
        }
        let server = self.server.as_deref();
        let address = server.map(|text| named("server", text)).transpose()?;
        Ok(*self.named.get_or_init(|| address))
    }

    /// What the system is asked for; `None` when it is not asked.
    fn system_family(&self) -> Result<Option<Family>, Invalid> {
        let family = match (self.resolver, self.kind) {
            (Resolver::Dns, _) => return Ok(None),
            (Resolver::System, None) if self.server.is_none() => Some(Family::Any),
            // A name server is asked for one type, and what is compared with it is of that type.
            (Resolver::System, kind) => kind.unwrap_or(Kind::A).family(),
        };
        family.map(Some).ok_or_else(|| {
            let why = "the system's resolver gives addresses only: types A and AAAA";
            Invalid::new("resolver", why)
        })
    }
}

impl Probe for Dns {
    const FACTS: &'static [KnownFact] = &[
        KnownFact::text("rcode"),
        KnownFact::list("answers"),
        KnownFact::list("addresses"),
        KnownFact::list("aliases"),
        KnownFact::duration("ttl"),
        KnownFact::truth("authoritative"),
        KnownFact::truth("truncated"),
        KnownFact::text("server"),
        KnownFact::text("transport"),
        KnownFact::number("queries"),
        KnownFact::list("system_addresses"),
        KnownFact::truth("agrees"),
    ];

    fn prepare(&self) -> Result<(), Invalid> {
        self.question()?;
        self.named_server()?;
        self.system_family().map(|_| ())
    }

    fn resources(&self) -> Vec<String> {
        let name = self.name.trim_end_matches('.').to_ascii_lowercase();
        match self.named_server() {
            // What one server knows is not what another does, nor what the system's own resolver finds.
            Ok(Some(server)) => vec![format!("dns:{name}@{server}"), format!("sock:{server}")],
            Ok(None) | Err(_) => vec![format!("dns:{name}")],
        }
    }

    fn request(&self) -> String {
        let mut request = match (self.kind, self.system_family()) {
            (None, Ok(Some(Family::Any))) => format!("addresses of {}", self.name),
            (kind, _) => format!("{} {}", kind.unwrap_or(Kind::A).record_type(), self.name),
        };
        if let Some(server) = &self.server {
            request.push_str(" at ");
            request.push_str(server);
        }
        if self.resolver == Resolver::System {
            request.push_str(" by the system");
        }
        request
    }

    async fn observe(&self, ctx: &Context) -> Looked {
        let question = self.question()?;
        let system = self.system_family()?;
        let servers = match (self.named_server()?, system) {
            (Some(server), _) => vec![server],
            (None, Some(_)) => Vec::new(),
            (None, None) => of_this_machine()?,
        };
        let mut look = Look::begin(ctx);
        let deadline = just_before(ctx.deadline);
        let mut via = Via::default();
        let late = FaultKind::Dns(DnsFault::Timeout);
        let (answered, seen) = match system {
            None => {
                // Where it stands: it is large, and would be carried from one future into the next.
                let mut asking = pin!(async {
                    let answered = ask(question, &servers, deadline, &mut via).await;
                    Ok((Some(answered), None))
                });
                look.phase(Phase::Resolve, late, asking.as_mut()).await?
            }
            Some(family) => {
                let asking = async {
                    if servers.is_empty() {
                        return None;
                    }
                    Some(ask(question, &servers, deadline, &mut via).await)
                };
                let seeing = self.seen_by_system(ctx, family, deadline);
                let both = async {
                    let (answered, seen) = tokio::join!(asking, seeing);
                    Ok((answered, Some(seen)))
                };
                look.phase(Phase::Resolve, late, Box::pin(both)).await?
            }
        };
        see_way(&mut look, &via);
        let answered = answered.map(|answered| {
            answered.and_then(|message| see_answer(&mut look, question, &message, &via))
        });
        if let Some(Ok(addresses)) = &seen {
            let is_alone = answered.is_none();
            see_system(&mut look, addresses, is_alone);
        }
        if let (Some(seen), Some(answered)) = (&seen, &answered)
            && let Some(agrees) = agree(seen, answered)
        {
            look.fact("agrees", Value::Bool(agrees));
        }
        for outcome in [seen, answered].into_iter().flatten() {
            outcome.map_err(|halt| look.stop(Phase::Resolve, halt))?;
        }
        Ok(look.finish())
    }
}

impl Dns {
    /// What the programs of this machine see. The name is given as it is written: the search list is theirs, too.
    async fn seen_by_system(
        &self,
        ctx: &Context,
        family: Family,
        deadline: Instant,
    ) -> Result<Vec<IpAddr>, Halt> {
        let looking = ctx
            .shared
            .resolvers
            .by_system(&self.name, 0, family, deadline);
        let found = timeout_at(deadline, looking).await.unwrap_or_else(|_| {
            let why = "the system's resolver did not answer within the budget";
            Err(Halt::fault(FaultKind::Dns(DnsFault::Timeout), why))
        })?;
        Ok(found.iter().map(SocketAddr::ip).collect())
    }
}

/// Records how the answer came, or did not.
fn see_way(look: &mut Look<'_>, via: &Via) {
    let Some(server) = via.server else {
        return;
    };
    let transport = if via.is_tcp { "tcp" } else { "udp" };
    look.fact("server", Value::Text(socket_text(server)));
    look.fact("transport", Value::Text(transport.to_owned()));
    look.fact("truncated", Value::Bool(via.is_truncated));
    look.fact("queries", Value::int(via.queries));
}

/// Records what the server says, whatever it says; its addresses, or what stands in the way of what was asked for.
fn see_answer(
    look: &mut Look<'_>,
    question: &Question,
    message: &Message,
    via: &Via,
) -> Result<Vec<IpAddr>, Halt> {
    let (mut answer, ended) = Answer::read(question, message, via);
    look.fact("rcode", Value::Text(std::mem::take(&mut answer.rcode)));
    look.fact("authoritative", Value::Bool(answer.is_authoritative));
    if !answer.aliases.is_empty() {
        look.fact("aliases", list(answer.aliases.iter()));
    }
    if let Some(ttl) = answer.ttl {
        look.fact("ttl", Value::Duration(ttl));
    }
    ended?;
    let answers = list(answer.texts());
    let addresses = answer.addresses();
    look.fact("answers", answers.clone());
    if !addresses.is_empty() {
        look.fact("addresses", answers);
    }
    Ok(addresses)
}

fn see_system(look: &mut Look<'_>, addresses: &[IpAddr], is_alone: bool) {
    let mut sorted = addresses.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let texts = list(sorted.into_iter().map(ip_text));
    look.fact("system_addresses", texts.clone());
    if is_alone {
        look.fact("answers", texts.clone());
        look.fact("addresses", texts);
    }
}

/// DNS knows no types beyond the text, so that a token of digits in a TXT record compares with a number.
fn list(texts: impl IntoIterator<Item = impl Into<String>>) -> Value {
    let texts = texts.into_iter().map(Into::into);
    Value::List(texts.map(Value::Untyped).collect())
}

/// Whether two resolvers say the same: the same set of addresses, or both that there is none. When one could not find out, they
/// differ; when neither could, there is nothing to compare.
fn agree(seen: &Result<Vec<IpAddr>, Halt>, answered: &Result<Vec<IpAddr>, Halt>) -> Option<bool> {
    let known = |outcome: &Result<Vec<IpAddr>, Halt>| match outcome {
        Ok(addresses) => {
            let mut sorted = addresses.clone();
            sorted.sort_unstable();
            sorted.dedup();
            Some(sorted)
        }
        Err(Halt::Fault {
            kind: FaultKind::Dns(DnsFault::Nxdomain | DnsFault::Nodata),
            ..
        }) => Some(Vec::new()),
        Err(_) => None,
    };
    match (known(seen), known(answered)) {
        (None, None) => None,
        (seen, answered) => Some(seen == answered),
    }
}

#[cfg(test)]
mod tests;
