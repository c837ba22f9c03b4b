//! What was seen, and what was thought of it.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::header::Place;
use super::mirror::{Mirror, mirror};
use super::scalar::{FaultCode, Nanos, RedisPrefix, SqlState};
use super::value::Facts;
use super::word::Named;
use crate::model;

mirror! {
    /// One look at the world.
    Observation<'a> of Observation {
        /// What was seen, by name.
        facts: Facts<'a>,
        /// The phases that were entered, in order.
        phases: Vec<PhaseTime>,
        /// From the start of the look to its end, in nanoseconds.
        #[serde(rename = "latency_ns")]
        latency: Nanos,
        /// What stopped us, if something did.
        #[serde(skip_serializing_if = "Option::is_none")]
        fault: Option<Fault<'a>>,
        /// Text worth showing, masked and cut.
        evidence: Vec<Excerpt<'a>>,
    }
}

mirror! {
    /// How long one phase took.
    PhaseTime of PhaseTime {
        /// The phase.
        phase: Named<model::Phase>,
        /// Nanoseconds; of the phase in which a look was stopped, until then.
        #[serde(rename = "took_ns")]
        took: Nanos,
    }
}

mirror! {
    /// Something in the world that prevented an answer.
    Fault<'a> of Fault {
        /// Its stable code.
        #[serde(rename = "code")]
        kind: FaultCode,
        /// In which phase.
        phase: Named<model::Phase>,
        /// One line for people.
        message: Cow<'a, str>,
        /// The typed signal behind it.
        #[serde(skip_serializing_if = "Option::is_none")]
        origin: Option<Origin>,
    }
}

/// The typed signal a fault was decided on.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Origin {
    /// An errno of the operating system.
    Errno(i32),
    /// A code of getaddrinfo.
    Eai(i32),
    /// A TLS alert the peer sent (RFC 8446 §6).
    TlsAlert(u8),
    /// The code of a DNS answer.
    Rcode(u16),
    /// An error code of HTTP/2 (RFC 9113 §7).
    Http2(u32),
    /// The status a proxy answered with.
    HttpStatus(u16),
    CloseCode(u16),
    /// The five characters of PostgreSQL.
    SqlState(SqlState),
    /// An error number of MySQL or MariaDB.
    MySql(u16),
    /// The first word of an error of Redis.
    Redis(RedisPrefix),
    /// An extended result code of SQLite.
    Sqlite(i32),
    /// The exit code of a process.
    ExitCode(i32),
    /// The signal that ended a process.
    Signal(i32),
}

impl<'a> Mirror<'a, model::Origin> for Origin {
    fn of(model: &'a model::Origin) -> Self {
        match *model {
            model::Origin::Errno(number) => Self::Errno(number),
            model::Origin::Eai(number) => Self::Eai(number),
            model::Origin::TlsAlert(number) => Self::TlsAlert(number),
            model::Origin::Rcode(number) => Self::Rcode(number),
            model::Origin::Http2(number) => Self::Http2(number),
            model::Origin::HttpStatus(number) => Self::HttpStatus(number),
            model::Origin::CloseCode(number) => Self::CloseCode(number),
            model::Origin::SqlState(state) => Self::SqlState(Mirror::of(&state)),
            model::Origin::MySql(number) => Self::MySql(number),
            model::Origin::Redis(prefix) => Self::Redis(Mirror::of(&prefix)),
            model::Origin::Sqlite(number) => Self::Sqlite(number),
            model::Origin::ExitCode(number) => Self::ExitCode(number),
            model::Origin::Signal(number) => Self::Signal(number),
        }
    }

    fn back(self) -> model::Origin {
        match self {
            Self::Errno(number) => model::Origin::Errno(number),
            Self::Eai(number) => model::Origin::Eai(number),
            Self::TlsAlert(number) => model::Origin::TlsAlert(number),
            Self::Rcode(number) => model::Origin::Rcode(number),
            Self::Http2(number) => model::Origin::Http2(number),
            Self::HttpStatus(number) => model::Origin::HttpStatus(number),
            Self::CloseCode(number) => model::Origin::CloseCode(number),
            Self::SqlState(state) => model::Origin::SqlState(state.back()),
            Self::MySql(number) => model::Origin::MySql(number),
            Self::Redis(prefix) => model::Origin::Redis(prefix.back()),
            Self::Sqlite(number) => model::Origin::Sqlite(number),
            Self::ExitCode(number) => model::Origin::ExitCode(number),
            Self::Signal(number) => model::Origin::Signal(number),
        }
    }
}

mirror! {
    /// Text worth showing.
    Excerpt<'a> of Excerpt {
        /// What it is: `body`, `stderr`.
        label: Cow<'a, str>,
        /// The text.
        text: Cow<'a, str>,
        /// Which end was kept, and at most how many bytes of it.
        keep: Keep,
    }
}

/// Which end of an excerpt was kept, and at most how many bytes of it.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Keep {
    /// The beginning.
    First(usize),
    /// The end.
    Last(usize),
}

impl<'a> Mirror<'a, model::Keep> for Keep {
    fn of(model: &'a model::Keep) -> Self {
        match *model {
            model::Keep::First(bytes) => Self::First(bytes),
            model::Keep::Last(bytes) => Self::Last(bytes),
        }
    }

    fn back(self) -> model::Keep {
        match self {
            Self::First(bytes) => model::Keep::First(bytes),
            Self::Last(bytes) => model::Keep::Last(bytes),
        }
    }
}

mirror! {
    /// We could not look.
    ProbeError<'a> of ProbeError {
        /// Its stable code.
        #[serde(rename = "code")]
        kind: Named<model::Unable>,
        /// One line for people.
        message: Cow<'a, str>,
    }
}

mirror! {
    /// One judgement.
    Finding<'a> of Finding {
        /// The stable code: `expect.status`, `claim.latency.p95`.
        code: Cow<'a, str>,
        /// What was judged, as the suite names it.
        path: Cow<'a, str>,
        /// What was wanted, in the suite's words.
        expected: Cow<'a, str>,
        /// What was seen; missing when the fact was absent or not reached.
        #[serde(skip_serializing_if = "Option::is_none")]
        actual: Option<Cow<'a, str>>,
        /// How it came out.
        #[serde(flatten)]
        state: State,
        /// The smallest difference, or why it could not be compared.
        #[serde(skip_serializing_if = "Option::is_none")]
        detail: Option<Cow<'a, str>>,
        /// Where the expectation stands.
        #[serde(skip_serializing_if = "Option::is_none")]
        place: Option<Place<'a>>,
    }
}

/// How an expectation came out.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct State {
    /// How it came out.
    state: StateName,
    /// Of an undecided claim: how many more attempts that hold, without a miss, would prove it; missing when no number
    /// within reach does.
    #[serde(skip_serializing_if = "Option::is_none")]
    more_successes_needed: Option<u64>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum StateName {
    /// It held.
    Held,
    /// It did not hold.
    NotHeld,
    /// A fault or an earlier step kept us from looking at it.
    NotReached,
    /// Neither proved nor refuted.
    Undecided,
}

impl<'a> Mirror<'a, model::State> for State {
    fn of(model: &'a model::State) -> Self {
        let (state, more_successes_needed) = match *model {
            model::State::Held => (StateName::Held, None),
            model::State::NotHeld => (StateName::NotHeld, None),
            model::State::NotReached => (StateName::NotReached, None),
            model::State::Undecided {
                more_successes_needed,
            } => (StateName::Undecided, more_successes_needed),
        };
        Self {
            state,
            more_successes_needed,
        }
    }

    fn back(self) -> model::State {
        match self.state {
            StateName::Held => model::State::Held,
            StateName::NotHeld => model::State::NotHeld,
            StateName::NotReached => model::State::NotReached,
            StateName::Undecided => model::State::Undecided {
                more_successes_needed: self.more_successes_needed,
            },
        }
    }
}
