//! A question: how it is sent, and whether something answers it.

use std::sync::OnceLock;

use hickory_proto::op::{Edns, Header, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{DNSClass, Name, RecordType};
use hickory_proto::serialize::binary::{BinDecodable, BinDecoder};

/// So much may come in one datagram without being cut on the way (RFC 9715 §3.2).
const DATAGRAM: u16 = 1232;

/// Where the questions of a message begin (RFC 1035 §4.1.1).
const HEAD: usize = 12;

/// What a name server is asked.
#[derive(Debug, Clone)]
pub(in crate::probe) struct Question {
    query: Query,
    /// As it is sent but for its id; written when first asked.
    written: OnceLock<Written>,
}

/// A question on the wire, under no id yet.
#[derive(Debug, Clone)]
struct Written {
    plain: Vec<u8>,
    with_edns: Vec<u8>,
}

/// A question as it is sent once.
pub(super) struct Asked {
    id: u16,
    pub(super) bytes: Vec<u8>,
    /// Where the question ends in it.
    end: usize,
}

/// What bytes are to a question.
pub(super) enum Match {
    /// Not its answer.
    Stranger,
    /// Its answer, which was too long for a datagram.
    Cut,
    /// Its answer, whole.
    Whole(Message),
    /// Its answer, which cannot be read any further.
    Broken(String),
}

impl Question {
    pub(in crate::probe) fn new(name: Name, kind: RecordType) -> Self {
        let mut query = Query::query(name, kind);
        query.set_query_class(DNSClass::IN);
        Self {
            query,
            written: OnceLock::new(),
        }
    }

    pub(in crate::probe) fn name(&self) -> &Name {
        self.query.name()
    }

    pub(in crate::probe) fn kind(&self) -> RecordType {
        self.query.query_type()
    }

    /// Asks for recursion, under a random id (RFC 5452 §4.3).
    pub(super) fn asked(&self, with_edns: bool) -> Result<Asked, String> {
        let written = if let Some(known) = self.written.get() {
            known
        } else {
            let written = Written {
                plain: self.write(false)?,
                with_edns: self.write(true)?,
            };
            self.written.get_or_init(|| written)
        };
        let mut bytes = if with_edns {
            written.with_edns.clone()
        } else {
            written.plain.clone()
        };
        let id = Message::query().metadata.id;
        bytes[..2].copy_from_slice(&id.to_be_bytes());
        let end = written.plain.len();
        Ok(Asked { id, bytes, end })
    }

    fn write(&self, with_edns: bool) -> Result<Vec<u8>, String> {
        let mut message = Message::query();
        message.metadata.recursion_desired = true;
        message.add_query(self.query.clone());
        if with_edns {
            let mut edns = Edns::new();
            edns.set_max_payload(DATAGRAM).set_version(0);
            message.set_edns(edns);
        }
        message.to_vec().map_err(|error| error.to_string())
    }

    /// What has another id or answers another question is not for us (RFC 5452 §9.1): late, or made up by somebody.
    pub(super) fn matched(&self, asked: &Asked, bytes: &[u8]) -> Match {
        let mut decoder = BinDecoder::new(bytes);
        let Ok(head) = Header::read(&mut decoder) else {
            return Match::Stranger;
        };
        let is_answer = head.metadata.id == asked.id
            && head.metadata.message_type == MessageType::Response
            && head.metadata.op_code == OpCode::Query;
        if !is_answer || !self.is_repeated(head, asked, bytes, &mut decoder) {
            return Match::Stranger;
        }
        if head.metadata.truncation {
            // What is left may end in the middle of a record, and is of no use either way.
            return Match::Cut;
        }
        match Message::from_vec(bytes) {
            Ok(message) => Match::Whole(message),
            Err(error) => Match::Broken(error.to_string()),
        }
    }

    /// Whether an answer repeats the question, as it must. A server that could not even read it sends its head alone.
    fn is_repeated(
        &self,
        head: Header,
        asked: &Asked,
        bytes: &[u8],
        decoder: &mut BinDecoder<'_>,
    ) -> bool {
        match head.counts.queries {
            0 => !matches!(
                head.metadata.response_code,
                ResponseCode::NoError | ResponseCode::NXDomain
            ),
            // As most do, to the letter; any other way to write it is read.
            1 if bytes.get(HEAD..asked.end) == asked.bytes.get(HEAD..asked.end) => true,
            1 => Query::read(decoder).is_ok_and(|query| query == self.query),
            _ => false,
        }
    }
}
