//! What a `repeat` claims about its sample.

use std::fmt;
use std::time::Duration;

use super::fact::Fact;
use crate::model::{Code, KnownCode, Phase, Place, Rate};
use crate::statistics::min_attempts;
use crate::template::place;
use crate::yaml::{
    Diagnostic, Diagnostics, Entry, Node, Sources, did_you_mean, parse_duration, parse_percent,
    written_duration,
};

/// `pass_rate`, `confidence` and `claims` of a `repeat`.
#[derive(Debug, Clone)]
pub struct Claims(pub(super) Vec<Claim>);

/// One claim.
#[derive(Debug, Clone)]
pub(super) struct Claim {
    pub(super) kind: ClaimKind,
    /// `None` when it is implied.
    pub(super) place: Option<Place>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum ClaimKind {
    /// Every attempt holds: what is claimed when nothing is said.
    Every,
    /// At least this share holds; only observed.
    Observed(Rate),
    /// At least this share holds, at this confidence.
    Proved(Rate, Rate),
    /// At least this share of attempts ends within the limit, at this confidence.
    Percentile {
        measure: Measure,
        share: Rate,
        limit: Duration,
        confidence: Rate,
    },
    /// No attempt that held took longer.
    Max { measure: Measure, limit: Duration },
}

/// What is measured of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// The whole attempt.
    Latency,
    /// One phase, summed over the steps.
    Phase(Phase),
}

/// 95 %, unless something else is written.
const DEFAULT_CONFIDENCE: u32 = 950_000;

impl Claims {
    /// Reads them from the mapping of `repeat:` (keys `pass_rate`, `confidence`, `claims`; other keys are the caller's).
    /// `None` when there are errors; all of them are told.
    pub fn decode(repeat: &Node, sources: &Sources, problems: &mut Diagnostics) -> Option<Self> {
        let mut decoder = Decoder {
            sources,
            problems: Diagnostics::default(),
            confidence: Rate::ALL,
            claims: Vec::new(),
        };
        decoder.repeat(repeat);
        let has_errors = decoder.problems.has_errors();
        problems.extend(decoder.problems);
        (!has_errors).then_some(Self(decoder.claims))
    }

    /// Every claim in words, in the order of their findings.
    pub fn texts(&self) -> Vec<String> {
        self.0
            .iter()
            .map(|claim| format!("{} {}", claim.path(), claim.expected()))
            .collect()
    }

    /// Whether how many attempts hold is to be proved, and not only counted: then attempts that count for nothing make a proof
    /// harder, and are not missing from it.
    pub fn proves_its_rate(&self) -> bool {
        let is_proof = |claim: &Claim| matches!(claim.kind, ClaimKind::Proved(..));
        self.0.iter().any(is_proof)
    }

    /// The share of attempts that must hold, where it is written.
    pub(super) fn pass_rate(&self) -> Option<Rate> {
        self.0.iter().find_map(|claim| match claim.kind {
            ClaimKind::Observed(rate) | ClaimKind::Proved(rate, _) => Some(rate),
            ClaimKind::Every | ClaimKind::Percentile { .. } | ClaimKind::Max { .. } => None,
        })
    }

    /// Why so many attempts cannot prove a claim even when all of them hold; `None` when they can. For a warning at
    /// load.
    pub fn cannot_prove(&self, times: u64) -> Option<String> {
        self.0.iter().find_map(|claim| {
            let (rate, confidence) = claim.rate_to_prove()?;
            let needed = min_attempts(rate.to_f64(), 0, confidence.to_f64());
            if needed.is_some_and(|needed| needed <= times) {
                return None;
            }
            let what = match claim.kind {
                ClaimKind::Proved(..) => rate.to_string(),
                _ => format!("`{}`", claim.path()),
            };
            let enough = needed.map_or_else(
                || "no number is enough".to_owned(),
                |needed| format!("{needed} are needed"),
            );
            Some(format!(
                "`times: {times}` cannot prove {what} at {confidence} even without a miss: {enough}"
            ))
        })
    }
}

impl Claim {
    pub(super) fn code(&self) -> Code {
        match self.kind {
            ClaimKind::Every | ClaimKind::Observed(_) | ClaimKind::Proved(..) => {
                KnownCode::PassRate.code()
            }
            ClaimKind::Percentile { .. } | ClaimKind::Max { .. } => {
                KnownCode::Claim.of(self.path())
            }
        }
    }

    /// `pass_rate`, `latency.p95`, `phases.tls.max`.
    pub(super) fn path(&self) -> String {
        match self.kind {
            ClaimKind::Every | ClaimKind::Observed(_) | ClaimKind::Proved(..) => {
                "pass_rate".to_owned()
            }
            ClaimKind::Percentile { measure, share, .. } => {
                format!("{measure}.{}", percentile(share))
            }
            ClaimKind::Max { measure, .. } => format!("{measure}.max"),
        }
    }

    pub(super) fn expected(&self) -> String {
        match self.kind {
            ClaimKind::Every => "every attempt holds (100 %)".to_owned(),
            ClaimKind::Observed(rate) => format!("at least {rate} observed"),
            ClaimKind::Proved(rate, confidence) => {
                format!("at least {rate} at {confidence} confidence")
            }
            ClaimKind::Percentile {
                limit, confidence, ..
            } => {
                format!(
                    "at most {} at {confidence} confidence",
                    written_duration(limit)
                )
            }
            ClaimKind::Max { limit, .. } => format!("at most {}", written_duration(limit)),
        }
    }

    /// The rate and the confidence, of a claim that must be proved.
    pub(super) fn rate_to_prove(&self) -> Option<(Rate, Rate)> {
        match self.kind {
            ClaimKind::Proved(rate, confidence) => Some((rate, confidence)),
            ClaimKind::Percentile {
                share, confidence, ..
            } => Some((share, confidence)),
            ClaimKind::Every | ClaimKind::Observed(_) | ClaimKind::Max { .. } => None,
        }
    }
}

impl Measure {
    /// Reads `latency`, or `phases.ready`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let phase = match text.strip_prefix("phases.") {
            _ if text == "latency" => return Ok(Self::Latency),
            Some(name) => Phase::parse(name),
            None => None,
        };
        phase.map(Self::Phase).ok_or_else(|| {
            let phases = Phase::ALL.iter().map(|phase| format!("phases.{phase}"));
            let known: Vec<String> = phases.chain(["latency".to_owned()]).collect();
            let hint = did_you_mean(text, known.iter().map(String::as_str));
            format!("`{text}` is neither `latency` nor a phase such as `phases.connect`{hint}")
        })
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latency => f.write_str("latency"),
            Self::Phase(phase) => write!(f, "phases.{phase}"),
        }
    }
}

/// `p95`, `p99.9`.
pub(super) fn percentile(share: Rate) -> String {
    format!("p{}", share.to_string().trim_end_matches(" %"))
}

struct Decoder<'d> {
    sources: &'d Sources,
    problems: Diagnostics,
    confidence: Rate,
    claims: Vec<Claim>,
}

impl Decoder<'_> {
    fn repeat(&mut self, repeat: &Node) {
        let entry = |key: &str| {
            let entries = repeat.as_mapping().unwrap_or_default();
            entries.iter().find(|entry| &*entry.key == key)
        };
        let written = entry("confidence").and_then(|entry| self.confidence(entry));
        self.confidence = written
            .or(Rate::from_millionths(DEFAULT_CONFIDENCE))
            .unwrap_or(Rate::ALL);
        let kind = match entry("pass_rate") {
            None => Some(ClaimKind::Every),
            Some(rate) => self.rate(rate).map(|rate| {
                written.map_or(ClaimKind::Observed(rate), |confidence| {
                    ClaimKind::Proved(rate, confidence)
                })
            }),
        };
        let at = entry("pass_rate").map(|entry| place(self.sources, entry.key_span));
        self.claims
            .extend(kind.map(|kind| Claim { kind, place: at }));
        if let Some(claims) = entry("claims") {
            self.measures(claims);
        }
        let needs_confidence = self
            .claims
            .iter()
            .any(|claim| claim.rate_to_prove().is_some());
        if let Some(confidence) = entry("confidence").filter(|_| !needs_confidence) {
            self.problems.push(
                Diagnostic::error(confidence.key_span, "`confidence` of what?")
                    .help("it goes with `pass_rate`, or with a percentile in `claims`"),
            );
        }
    }

    fn measures(&mut self, claims: &Entry) {
        let Some(entries) = self.entries(
            &claims.value,
            "`claims` takes what is measured: `{ latency: { max: 2s } }`",
        ) else {
            return;
        };
        for entry in entries {
            match &*entry.key {
                "latency" => self.limits(Measure::Latency, entry),
                "phases" => {
                    let wrong = "`phases` takes phases: `{ tls: { max: 1s } }`";
                    for inner in self.entries(&entry.value, wrong).unwrap_or_default() {
                        self.phase(&inner.key, inner);
                    }
                }
                key => {
                    if let Some(phase) = key.strip_prefix("phases.") {
                        self.phase(phase, entry);
                    } else {
                        let hint = did_you_mean(key, ["latency", "phases"]);
                        self.problems.push(Diagnostic::error(
                            entry.key_span,
                            format!("claims are about `latency` and `phases.*`, not `{key}`{hint}"),
                        ));
                    }
                }
            }
        }
    }

    fn phase(&mut self, name: &str, entry: &Entry) {
        match Fact::phase(name, entry) {
            Ok(Fact::Phase(phase)) => self.limits(Measure::Phase(phase), entry),
            Ok(_) => {}
            Err(problem) => self.problems.push(problem),
        }
    }

    fn limits(&mut self, measure: Measure, entry: &Entry) {
        let wrong = "expected limits: `{ p95: 2s, max: 5s }`";
        for inner in self.entries(&entry.value, wrong).unwrap_or_default() {
            let limit = self.text(inner, parse_duration);
            let share = match &*inner.key {
                "max" => None,
                key => {
                    if let Some(share) = share(key) {
                        Some(share)
                    } else {
                        self.problems.push(Diagnostic::error(
                            inner.key_span,
                            format!("`{key}` is neither `max` nor a percentile such as `p95`"),
                        ));
                        continue;
                    }
                }
            };
            let Some(limit) = limit else { continue };
            let kind = match share {
                None => ClaimKind::Max { measure, limit },
                Some(share) => ClaimKind::Percentile {
                    measure,
                    share,
                    limit,
                    confidence: self.confidence,
                },
            };
            self.claims.push(Claim {
                kind,
                place: Some(place(self.sources, inner.key_span)),
            });
        }
    }

    fn rate(&mut self, entry: &Entry) -> Option<Rate> {
        self.text(entry, parse_percent)
            .and_then(Rate::from_millionths)
    }

    fn confidence(&mut self, entry: &Entry) -> Option<Rate> {
        let confidence = self.rate(entry)?;
        if confidence == Rate::ALL {
            self.problems.push(Diagnostic::error(
                entry.value.span,
                "no sample is ever 100% sure; write a confidence such as `95%`",
            ));
            return None;
        }
        Some(confidence)
    }

    fn text<T>(&mut self, entry: &Entry, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let parsed = match entry.value.as_scalar() {
            Some(scalar) => parse(&scalar.text),
            None => Err(format!("`{}` takes one value, known at load", entry.key)),
        };
        parsed
            .map_err(|message| {
                self.problems
                    .push(Diagnostic::error(entry.value.span, message));
            })
            .ok()
    }

    fn entries<'n>(&mut self, node: &'n Node, wrong: &str) -> Option<&'n [Entry]> {
        let entries = node.as_mapping().filter(|entries| !entries.is_empty());
        if entries.is_none() {
            self.problems.push(Diagnostic::error(node.span, wrong));
        }
        entries
    }
}

/// `p95` as 95 %.
fn share(key: &str) -> Option<Rate> {
    let millionths = parse_percent(&format!("{}%", key.strip_prefix('p')?)).ok()?;
    Rate::from_millionths(millionths).filter(|share| *share != Rate::ALL)
}
