//! Plain data everything else speaks: no IO, no async, no serialisation.
//!
//! What others may read lives in [`crate::wire`], so a change in here cannot break a reader out there.

mod code;
mod diagnosis;
mod event;
mod fault;
mod finding;
mod finished;
mod header;
mod id;
mod id_pattern;
mod known_code;
mod known_fact;
mod observation;
mod phase;
mod place;
mod policy;
mod proxies;
mod received;
mod record;
mod status;
mod value;
mod verdict;

pub use code::{Code, CodePattern};
pub use diagnosis::{
    Adjustment, Advice, Blame, Cause, Cited, Class, Confidence, Diagnosed, Diagnosis, Layer,
    LeftOut, Modifier, Share, Split, Standing, WhyLine,
};
pub use event::{AttemptEnded, Event, Fold, Judged, LooksEnded, TestEnded};
pub use fault::{
    DnsFault, Fault, FaultKind, HttpFault, KnownFault, LogFault, Origin, OriginKind, PoolFault,
    ProcessFault, ProxyFault, RedisFault, RedisPrefix, RunnerFault, SqlFault, SqlState, SseFault,
    TcpFault, TlsFault, WebSocketFault,
};
pub use finding::{Finding, State};
pub use finished::FinishedRun;
pub use header::{
    Connections, Digests, ExpectationText, Omitted, OnFail, Partial, RunHeader, TestHeader,
};
pub use id::{ActorName, Category, RunId, SessionName, StepName, TestId};
pub use id_pattern::IdPattern;
pub use known_code::KnownCode;
pub use known_fact::{FactKind, KnownFact};
pub use observation::{Excerpt, Facts, Keep, Looked, Observation, ProbeError, Stopped, Unable};
pub use phase::{Phase, PhaseTime};
pub use place::Place;
pub use policy::{Cap, CategoryPolicy, GateMode, MinExecuted, Policy, Rate};
pub use proxies::{Proxies, ProxySetting};
pub use received::{Data, Received};
pub use record::{
    AttemptRecord, Blamed, Counts, Interrupt, Kept, NotRun, Outcome, Root, RunRecord, Sample,
    SampleRow, SessionRecord, StepRecord, TestRecord, Why,
};
pub use status::Status;
pub use value::{Number, Value};
pub use verdict::{Condition, ConditionKind, Reason, Rule, Verdict, Word};
