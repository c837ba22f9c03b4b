//! Keys that cannot hold together: a rule with such never matches.

use super::question::Question;
use super::{Asked, Signal};
use crate::diagnosis::probe_kind::ProbeKind;
use crate::model::{FaultKind, KnownCode, KnownFault, Origin, OriginKind, Phase};

/// Probes that speak HTTP, and tell who answered.
const WITH_HOP: &[ProbeKind] = &[
    ProbeKind::Http,
    ProbeKind::WebSocket,
    ProbeKind::Sse,
    ProbeKind::Log,
];

/// Probes that read what a program writes.
const WITH_LOG: &[ProbeKind] = &[ProbeKind::Process, ProbeKind::Command, ProbeKind::Log];

impl Signal {
    /// Why no failure can ever give it, as far as that can be told.
    pub(in crate::diagnosis) fn contradiction(&self) -> Option<String> {
        let faults = self.faults();
        self.two_signals()
            .or_else(|| self.deadline())
            .or_else(|| self.no_such_probe())
            .or_else(|| {
                let faults = faults?;
                self.asked.iter().find_map(|one| against(one, &faults))
            })
    }

    /// The faults it asks for; `None` when it asks for none.
    fn faults(&self) -> Option<Vec<Asking>> {
        let codes = self.asked.iter().find_map(|one| match &one.question {
            Question::Fault(codes) => Some(codes),
            _ => None,
        })?;
        Some(codes.patterns().flat_map(Asking::of).collect())
    }

    /// A fault has one typed signal at most.
    fn two_signals(&self) -> Option<String> {
        let mut typed = self
            .asked
            .iter()
            .filter(|one| only_of_faults(one).is_some());
        let (first, second) = (typed.next()?, typed.next()?);
        Some(format!(
            "a fault has `{}` or `{}`, and never both",
            first.key, second.key
        ))
    }

    /// What our own deadline ends has no signal of anybody's.
    fn deadline(&self) -> Option<String> {
        self.asked
            .iter()
            .find(|one| matches!(one.question, Question::Deadline))?;
        let typed = self
            .asked
            .iter()
            .find(|one| only_of_faults(one).is_some())?;
        Some(format!("what our own deadline ends has no `{}`", typed.key))
    }

    fn no_such_probe(&self) -> Option<String> {
        let probes = self.asked.iter().find_map(|one| match &one.question {
            Question::Probe(probes) => Some(probes),
            _ => None,
        })?;
        self.asked.iter().find_map(|one| {
            let those = match &one.question {
                Question::Hop(_) | Question::Body(_) | Question::Header(_) => WITH_HOP,
                Question::Log(_) => WITH_LOG,
                _ => return None,
            };
            let names = those.iter().map(|probe| probe.name());
            let none = !names.clone().any(|probe| probes.has(probe));
            none.then(|| {
                let names: Vec<&str> = names.collect();
                format!("only the probes {} tell `{}`", names.join(", "), one.key)
            })
        })
    }
}

/// One fault that is asked for.
struct Asking {
    known: KnownFault,
    /// Exactly this one, where the pattern is a whole code.
    exact: Option<FaultKind>,
}

impl Asking {
    fn of(pattern: &str) -> Vec<Self> {
        if let Some(kind) = FaultKind::parse(pattern) {
            let known = kind.known();
            let exact = Some(kind);
            return vec![Self { known, exact }];
        }
        let stem = pattern.trim_end_matches('*');
        let is_meant = |known: &KnownFault| match known.code.strip_suffix('N') {
            Some(family) => family.starts_with(stem) || stem.starts_with(family),
            None => known.code.starts_with(stem),
        };
        let all = FaultKind::catalogue().into_iter().filter(is_meant);
        all.map(|known| Self { known, exact: None }).collect()
    }

    /// The number that its code carries.
    fn origin(&self) -> Option<Origin> {
        self.exact.and_then(FaultKind::own_origin)
    }
}

/// Why none of the faults can have what one key asks.
fn against(one: &Asked, faults: &[Asking]) -> Option<String> {
    let names = || {
        let names: Vec<&str> = faults
            .iter()
            .map(|fault| fault.known.code)
            .take(3)
            .collect();
        names.join(", ")
    };
    match &one.question {
        Question::Phase(phases) => {
            let can = |fault: &Asking| {
                phases
                    .iter()
                    .any(|phase| fault.known.phases.contains(phase))
            };
            (!faults.iter().any(can)).then(|| {
                let mut possible: Vec<Phase> = faults
                    .iter()
                    .flat_map(|fault| fault.known.phases.iter().copied())
                    .collect();
                possible.sort_unstable();
                possible.dedup();
                let possible: Vec<&str> = possible.iter().map(|phase| phase.name()).collect();
                format!(
                    "{} can happen in the phases {}",
                    names(),
                    possible.join(", ")
                )
            })
        }
        Question::Code(codes) => {
            let over = [
                KnownCode::ExpectedFault,
                KnownCode::PassRate,
                KnownCode::Flaky,
                KnownCode::StableFor,
                KnownCode::Flapping,
            ];
            let can = over.iter().any(|known| codes.meet(&known.code()))
                || faults.iter().any(|fault| codes.may_meet(fault.known.code));
            (!can).then(|| format!("what ends with {} has no such `code`", names()))
        }
        Question::Deadline => {
            let can = |fault: &Asking| fault.known.is_timeout;
            (!faults.iter().any(can)).then(|| format!("{} is no deadline of ours", names()))
        }
        _ => {
            let kind = only_of_faults(one)?;
            let can = |fault: &Asking| {
                fault.known.origins.contains(&kind)
                    && fault
                        .origin()
                        .is_none_or(|origin| one.question.takes(origin))
            };
            (!faults.iter().any(can)).then(|| format!("{} never has this `{}`", names(), one.key))
        }
    }
}

/// The kind of signal that a key asks for, where nothing but a fault can have it.
fn only_of_faults(one: &Asked) -> Option<OriginKind> {
    match &one.question {
        Question::Number(quantity, _) if quantity.fact().is_some() => None,
        question => question.kind(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::{Diagnostics, Sources, parse};

    fn contradiction(when: &str) -> Option<String> {
        let mut sources = Sources::default();
        let file = sources.add("when.yaml", when);
        let mut problems = Diagnostics::default();
        let tree = parse(&sources, file, &mut problems).unwrap();
        let signal = Signal::decode(&tree, &mut problems);
        signal
            .unwrap_or_else(|| panic!("{problems:?}"))
            .contradiction()
    }

    #[test]
    fn what_cannot_be_together_is_told() {
        for (when, says) in [
            (
                "{ fault: tls.expired, phase: connect }",
                "tls.expired can happen in the phases tls",
            ),
            (
                "{ fault: 'tls.alert.*', errno: 111 }",
                "tls.alert.N never has this `errno`",
            ),
            (
                "{ fault: tcp.refused, eai: EAI_AGAIN }",
                "tcp.refused never has this `eai`",
            ),
            (
                "{ fault: postgres.53300, sqlstate: '08*' }",
                "postgres.N never has this `sqlstate`",
            ),
            (
                "{ fault: mysql.1040, mysql: [1044, 1045] }",
                "mysql.N never has this `mysql`",
            ),
            (
                "{ errno: 111, eai: EAI_AGAIN }",
                "a fault has `errno` or `eai`, and never both",
            ),
            (
                "{ fault: tcp.refused, code: expect.json }",
                "what ends with tcp.refused has no such `code`",
            ),
            (
                "{ elapsed: deadline, errno: ETIMEDOUT }",
                "what our own deadline ends has no `errno`",
            ),
            (
                "{ elapsed: deadline, fault: tcp.refused }",
                "tcp.refused is no deadline of ours",
            ),
            (
                "{ probe: sql, hop: nginx }",
                "only the probes http, websocket, sse, log tell `hop`",
            ),
            (
                "{ probe: http, log: x }",
                "only the probes process, command, log tell `log`",
            ),
        ] {
            assert_eq!(contradiction(when).as_deref(), Some(says), "{when}");
        }
    }

    #[test]
    fn what_can_be_together_is_not() {
        for when in [
            "{ fault: 'tls.*', phase: tls, alert: 40 }",
            "{ fault: tcp.refused, code: [claim.pass_rate] }",
            "{ fault: tcp.refused, code: 'tcp.*' }",
            "{ fault: postgres.53300, sqlstate: '53*' }",
            "{ fault: 'websocket.closed.10*', close_code: 1011 }",
            "{ probe: [sql, http], hop: nginx }",
            "{ fault: tcp.timeout, elapsed: deadline }",
            "{ status: 500, exit_code: 3 }",
        ] {
            assert_eq!(contradiction(when), None, "{when}");
        }
    }
}
