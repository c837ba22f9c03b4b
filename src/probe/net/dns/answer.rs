//! What an answer says about its question.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::opt::EdnsOption;
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};

use super::exchange::Via;
use super::presentation::{data_text, name_text, order, rcode_text};
use super::question::Question;
use crate::model::{DnsFault, FaultKind, Origin};
use crate::probe::look::Halt;
use crate::yaml::visible;

/// The option of EDNS that explains a code (RFC 8914 §2).
const EXTENDED_ERROR: u16 = 15;
/// So many bytes of an explanation are shown.
const MOST_TEXT: usize = 200;
/// So many aliases are followed, as systemd-resolved and others do.
const MOST_ALIASES: usize = 16;

/// An answer, read. Aliases are followed within it, as programs do: no further question is asked.
#[derive(Debug)]
pub(in crate::probe) struct Answer {
    /// `NOERROR`, `NXDOMAIN`.
    pub(in crate::probe) rcode: String,
    /// Whether it comes from somebody who holds the zone.
    pub(in crate::probe) is_authoritative: bool,
    /// The names behind the one asked for, in order.
    pub(in crate::probe) aliases: Vec<String>,
    /// How long all of it may be kept: the shortest time of its records, aliases included. `None` without records.
    pub(in crate::probe) ttl: Option<Duration>,
    records: Vec<RData>,
}

impl Answer {
    /// Reads it; besides, what stands in the way of what was asked for.
    pub(in crate::probe) fn read(
        question: &Question,
        message: &Message,
        via: &Via,
    ) -> (Self, Result<(), Halt>) {
        let mut answer = Self {
            rcode: rcode_text(message.metadata.response_code),
            is_authoritative: message.metadata.authoritative,
            aliases: Vec::new(),
            ttl: None,
            records: Vec::new(),
        };
        let followed = answer.follow(question, &message.answers);
        let ended = answer.judged(question, message, via, followed);
        (answer, ended)
    }

    /// Collects the records asked for, at the end of the aliases. Tells whether these come to an end.
    fn follow(&mut self, question: &Question, records: &[Record]) -> bool {
        let mut passed: Vec<&Name> = vec![question.name()];
        let mut owner = question.name();
        loop {
            let own = || {
                records
                    .iter()
                    .filter(|record| record.dns_class == DNSClass::IN && record.name == *owner)
            };
            let asked_for = own().filter(|record| record.record_type() == question.kind());
            for record in asked_for {
                self.keep_for(record.ttl);
                if !self.records.contains(&record.data) {
                    self.records.push(record.data.clone());
                }
            }
            if !self.records.is_empty() {
                return true;
            }
            let alias = own().find_map(|record| match &record.data {
                RData::CNAME(target) => Some((&target.0, record.ttl)),
                _ => None,
            });
            let Some((target, ttl)) = alias else {
                return true;
            };
            self.keep_for(ttl);
            self.aliases.push(name_text(target));
            if passed.contains(&target) || passed.len() > MOST_ALIASES {
                return false;
            }
            passed.push(target);
            owner = target;
        }
    }

    fn keep_for(&mut self, ttl: u32) {
        // With the first bit set it is to be taken as none at all (RFC 2181 §8).
        let seconds = if ttl > i32::MAX.cast_unsigned() {
            0
        } else {
            ttl
        };
        let ttl = Duration::from_secs(seconds.into());
        self.ttl = Some(self.ttl.map_or(ttl, |known| known.min(ttl)));
    }

    /// Whether what was asked for is there; if not, why, by the code alone and by which kinds of records came.
    fn judged(
        &self,
        question: &Question,
        message: &Message,
        via: &Via,
        comes_to_an_end: bool,
    ) -> Result<(), Halt> {
        let code = message.metadata.response_code;
        if code == ResponseCode::NoError && comes_to_an_end && !self.records.is_empty() {
            return Ok(());
        }
        let asked = name_text(question.name());
        // What is said about the name is said about the last alias (RFC 2308 §2.1).
        let name = match self.aliases.last() {
            Some(alias) => format!("`{asked}`, an alias of `{alias}`"),
            None => format!("`{asked}`"),
        };
        let from = via
            .server
            .map_or_else(String::new, |server| format!(" from {server}"));
        let rcode = [&self.rcode[..], &from, &explained(message)].concat();
        let (kind, why) = match code {
            ResponseCode::NoError if !comes_to_an_end => {
                let why = format!(
                    "`{asked}`: its aliases never end: {}",
                    self.aliases.join(" → ")
                );
                return Err(Halt::fault(FaultKind::Dns(DnsFault::Loop), why));
            }
            ResponseCode::NoError if is_referral(message) => (
                FaultKind::Dns(DnsFault::Referral),
                "the server only says who else would know".to_owned(),
            ),
            ResponseCode::NoError if !self.aliases.is_empty() && is_cut_short(message) => (
                FaultKind::Dns(DnsFault::Alias),
                "the server says nothing about where the alias leads".to_owned(),
            ),
            ResponseCode::NoError => (
                FaultKind::Dns(DnsFault::Nodata),
                format!("the name exists, without a record {}", question.kind()),
            ),
            ResponseCode::NXDomain => (
                FaultKind::Dns(DnsFault::Nxdomain),
                "the name does not exist".to_owned(),
            ),
            ResponseCode::ServFail => (
                FaultKind::Dns(DnsFault::Servfail),
                "the server failed to find out".to_owned(),
            ),
            ResponseCode::Refused => (
                FaultKind::Dns(DnsFault::Refused),
                "the server will not answer us".to_owned(),
            ),
            other => (
                FaultKind::DnsRcode(u16::from(other)),
                "the server did not answer".to_owned(),
            ),
        };
        Err(Halt::fault(kind, format!("{name}: {why} ({rcode})")).by(Origin::Rcode(code.into())))
    }

    /// The records asked for, as people write them, in an order of ours.
    pub(in crate::probe) fn texts(&self) -> Vec<String> {
        if let [only] = &self.records[..] {
            return vec![data_text(only)];
        }
        let mut sorted: Vec<_> = self
            .records
            .iter()
            .map(|data| (order(data), data_text(data)))
            .collect();
        sorted.sort();
        sorted.into_iter().map(|(_, text)| text).collect()
    }

    /// The addresses among them, in the order of the server.
    pub(in crate::probe) fn addresses(&self) -> Vec<IpAddr> {
        self.records.iter().filter_map(RData::ip_addr).collect()
    }
}

/// What a server adds to its code for people (RFC 8914): `, extended error 22: no reachable authority`.
fn explained(message: &Message) -> String {
    let options = message.edns.iter().flat_map(|edns| edns.options().as_ref());
    let mut texts = String::new();
    for (_, option) in options {
        if let EdnsOption::Unknown(EXTENDED_ERROR, data) = option
            && let [high, low, text @ ..] = &data[..]
        {
            let code = u16::from_be_bytes([*high, *low]);
            let text = String::from_utf8_lossy(&text[..text.len().min(MOST_TEXT)]);
            let between = if text.is_empty() { "" } else { ": " };
            let _ = write!(texts, ", extended error {code}{between}{}", visible(&text));
        }
    }
    texts
}

/// Nobody has looked any further: who looks names up for others would have (RFC 1034 §4.3.2), and who knows that there is nothing
/// sends the SOA of its zone (RFC 2308 §2.2).
fn is_cut_short(message: &Message) -> bool {
    !message.metadata.recursion_available && !has_authority(message, RecordType::SOA)
}

fn has_authority(message: &Message, kind: RecordType) -> bool {
    let mut authorities = message.authorities.iter();
    authorities.any(|record| record.record_type() == kind)
}

/// Other servers are named, and nothing is said about the name (RFC 2308 §2.2, "referral").
fn is_referral(message: &Message) -> bool {
    let has = |kind| has_authority(message, kind);
    !message.metadata.authoritative && has(RecordType::NS) && !has(RecordType::SOA)
}
