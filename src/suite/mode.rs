//! How the attempts of a test follow each other: `retry`, `until`, `repeat`.

use std::time::Duration;

use super::codes;
use super::compare_with::CompareWith;
use super::defaults::timeout;
use super::early;
use super::gate_keys::texts;
use crate::check::Claims;
use crate::model::CodePattern;
use crate::yaml::{self, Diagnostic, Diagnostics, Fields, Node, Sources};

/// How attempts follow each other.
#[derive(Debug, Clone)]
pub enum Mode {
    /// One attempt.
    Once,
    /// Again after a failure.
    Retry(Box<Retry>),
    /// Polling until it holds.
    Until(Box<Until>),
    /// A sample.
    Repeat(Box<Repeat>),
}

/// `retry`.
#[derive(Debug, Clone)]
pub struct Retry {
    /// How many more attempts after the first, 1 to 100.
    pub count: u32,
    /// Before the first retry.
    pub delay: Duration,
    /// Factor of each further delay, at least 1; the delay never passes 60 s.
    pub backoff: f64,
    /// The codes that are tried again.
    pub codes: Vec<CodePattern>,
}

/// `until`.
#[derive(Debug, Clone)]
pub struct Until {
    /// The whole budget.
    pub within: Duration,
    /// From the end of a poll to the start of the next.
    pub every: Duration,
    /// How long it must hold without a break; less than `within`.
    pub stable_for: Duration,
    /// So often it may hold and then not hold any more; one more ends the polling. `None`: until `within` is over.
    pub max_flaps: Option<u64>,
}

/// `repeat`.
#[derive(Debug, Clone)]
pub struct Repeat {
    /// How many attempts, 1 to 100 000.
    pub times: u64,
    /// How many at once, 1 to 1 000.
    pub concurrency: u64,
    /// From the end of an attempt to the start of the next in its lane.
    pub interval: Duration,
    /// They go in rounds of `concurrency`, whose attempts start at one moment;
    /// a round begins when all of the one before have ended.
    pub barrier: bool,
    /// Before every attempt, the first included; only where there is one at a time.
    pub idle: Duration,
    /// What must be true of the sample.
    pub claims: Claims,
    /// The sample that it must not be worse than.
    pub compare_with: Option<CompareWith>,
}

/// What is tried again when a `retry` does not say: what the network does for a moment.
const TRIED_AGAIN: &[&str] = &[
    "dns.*",
    "tcp.*",
    "tls.timeout",
    "tls.eof",
    "http.timeout.*",
    "http.reset.*",
];

/// Between attempts and between polls, unless said otherwise.
const ONE_SECOND: Duration = Duration::from_secs(1);

/// No delay before a retry passes this.
pub(super) const LONGEST_DELAY: Duration = Duration::from_mins(1);

impl Retry {
    /// How long to wait after attempt `number`, from 1.
    pub fn delay_after(&self, number: u64) -> Duration {
        let exponent = i32::try_from(number.saturating_sub(1)).unwrap_or(i32::MAX);
        let seconds = self.delay.as_secs_f64() * self.backoff.powi(exponent);
        // Also where the factor has grown past every number.
        Duration::try_from_secs_f64(seconds).map_or(LONGEST_DELAY, |delay| delay.min(LONGEST_DELAY))
    }

    /// Reads `retry:`.
    pub(super) fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        let fields = Fields::of(
            node,
            "`retry` mapping",
            &["count", "delay", "backoff", "if"],
            problems,
        )?;
        let written = fields.required("count", problems)?;
        let count = u32::try_from(count(written, 100, problems)?).ok()?;
        let backoff = fields.decode::<f64>("backoff", problems).unwrap_or(1.0);
        if !(1.0..=100.0).contains(&backoff) {
            problems.push(at(
                &fields,
                "backoff",
                format!("found {backoff}, expected a factor from 1 to 100"),
            ));
            return None;
        }
        let patterns = match fields.get("if") {
            Some(node) => texts(node, "codes", problems),
            None => TRIED_AGAIN
                .iter()
                .map(|code| (node.span, (*code).to_owned()))
                .collect(),
        };
        if patterns.is_empty() {
            problems.push(at(
                &fields,
                "if",
                "an empty list tries nothing again".to_owned(),
            ));
        }
        let codes = patterns
            .into_iter()
            .filter_map(|(span, text)| codes::pattern(span, &text, problems))
            .collect();
        Some(Self {
            count,
            delay: or(&fields, "delay", ONE_SECOND, problems),
            backoff,
            codes,
        })
    }
}

impl Until {
    /// Reads `until:`.
    pub(super) fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        let fields = Fields::of(
            node,
            "`until` mapping",
            &["within", "every", "stable_for", "max_flaps"],
            problems,
        )?;
        let within = timeout(fields.required("within", problems)?, problems)?;
        let until = Self {
            within,
            every: fields
                .get("every")
                .and_then(|node| timeout(node, problems))
                .unwrap_or(ONE_SECOND),
            stable_for: or(&fields, "stable_for", Duration::ZERO, problems),
            max_flaps: match fields.get("max_flaps") {
                Some(written) => Some(number(written, 0, 1000, problems)?),
                None => None,
            },
        };
        if let (Some(_), None) = (until.max_flaps, fields.get("stable_for")) {
            let message = "what holds once is enough without `stable_for`: nothing can flap";
            problems.push(at(&fields, "max_flaps", message.to_owned()));
            return None;
        }
        if until.stable_for >= within {
            problems.push(at(
                &fields,
                "stable_for",
                "must be shorter than `within`, or it can never hold".to_owned(),
            ));
            return None;
        }
        Some(until)
    }
}

impl Repeat {
    /// Reads `repeat:`.
    pub(super) fn decode(
        node: &Node,
        sources: &Sources,
        problems: &mut Diagnostics,
    ) -> Option<Self> {
        let keys = [
            "times",
            "concurrency",
            "interval",
            "barrier",
            "idle",
            "pass_rate",
            "confidence",
            "claims",
            "compare_with",
        ];
        let fields = Fields::of(node, "`repeat` mapping", &keys, problems)?;
        let claims = Claims::decode(node, sources, problems);
        let times = count(fields.required("times", problems)?, 100_000, problems)?;
        let concurrency = match fields.get("concurrency") {
            Some(written) => count(written, 1000, problems)?,
            None => 1,
        };
        let compare_with = match fields.get("compare_with") {
            Some(written) => Some(CompareWith::decode(written, sources, problems)?),
            None => None,
        };
        let errors_before = problems.errors();
        let repeat = Self {
            times,
            concurrency,
            interval: or(&fields, "interval", Duration::ZERO, problems),
            barrier: fields.decode("barrier", problems).unwrap_or(false),
            idle: or(&fields, "idle", Duration::ZERO, problems),
            claims: claims?,
            compare_with,
        };
        repeat.pace_must_fit(&fields, problems);
        (problems.errors() == errors_before).then_some(repeat)
    }

    /// Tells what does not go together.
    fn pace_must_fit(&self, fields: &Fields<'_>, problems: &mut Diagnostics) {
        // What is only known in a run may be any number.
        let is_known = fields.get("concurrency").is_none_or(early::is_complete);
        if self.barrier && self.concurrency == 1 && is_known {
            let message = "one attempt at a time has nobody to start together with".to_owned();
            let help = "`concurrency` says how many start at one moment: `concurrency: 10`";
            problems.push(at(fields, "barrier", message).help(help));
        }
        if fields.get("idle").is_none() {
            return;
        }
        if self.concurrency > 1 {
            let message =
                "nothing is idle while others look: `idle` goes with one attempt at a time";
            let help = "leave out `concurrency`";
            problems.push(at(fields, "idle", message.to_owned()).help(help));
        }
        if fields.get("interval").is_some() {
            let message = "`idle` beside `interval`: it is the pause before every attempt, the first included";
            problems.push(at(fields, "idle", message.to_owned()));
        }
    }
}

/// A whole number from 1 to `most`.
pub(super) fn count(node: &Node, most: u64, problems: &mut Diagnostics) -> Option<u64> {
    number(node, 1, most, problems)
}

/// A whole number from `least` to `most`.
fn number(node: &Node, least: u64, most: u64, problems: &mut Diagnostics) -> Option<u64> {
    // What is only known in a run decodes as a stand-in, which need not be in range.
    if !early::is_complete(node) {
        return Some(1);
    }
    let number = yaml::decode::<u64>(node, &mut Diagnostics::default());
    let number = number.filter(|number| (least..=most).contains(number));
    if number.is_none() {
        let message = format!("expected a whole number from {least} to {most}");
        problems.push(Diagnostic::error(node.resolved().span, message));
    }
    number
}

fn at(fields: &Fields<'_>, key: &str, message: String) -> Diagnostic {
    Diagnostic::error(
        fields.get(key).map_or(fields.span(), |node| node.span),
        message,
    )
}

/// A length of time that may be zero.
fn or(fields: &Fields<'_>, key: &str, otherwise: Duration, problems: &mut Diagnostics) -> Duration {
    fields
        .decode::<yaml::Duration>(key, problems)
        .map_or(otherwise, |duration| duration.0)
}
