//! One failed instance, as rules see it.

use super::family::layer_of;
use super::probe_kind::ProbeKind;
use super::signal::Often;
use crate::model::{
    AttemptRecord, Code, Excerpt, Fault, Finding, KnownCode, Layer, OnFail, Origin, Outcome,
    RunRecord, SessionRecord, State, Status, StepRecord, TestId, TestRecord, Value,
};

/// What one failed instance has to say.
#[derive(Debug)]
pub(super) struct Seen<'r> {
    /// The instance; of a session [`TestId::of_session`].
    pub(super) id: TestId,
    /// The code it ended with.
    pub(super) code: Code,
    /// The attempt that explains it. None where no single one does: a claim about a sample.
    pub(super) attempt: Option<&'r AttemptRecord>,
    /// The step of it that decided.
    pub(super) step: Option<&'r StepRecord>,
    /// What stopped that step, if it is why it failed.
    pub(super) fault: Option<&'r Fault>,
    /// Its code: every rule asks for it.
    pub(super) fault_code: Option<Code>,
    /// What was looked at.
    pub(super) resources: &'r [String],
    /// What the author of the test knows.
    pub(super) on_fail: Option<&'r OnFail>,
    /// How many of its attempts held, and of how many.
    pub(super) held: (u64, u64),
    /// What was judged over all attempts.
    claims: &'r [Finding],
}

/// Every instance and session that failed of its own: sessions first, then instances in plan order.
pub(super) fn failed(record: &RunRecord) -> impl Iterator<Item = Seen<'_>> {
    let sessions = record.sessions.iter();
    let sessions = sessions.filter_map(|session| Seen::of_session(session));
    sessions.chain(record.tests.iter().filter_map(Seen::of))
}

impl<'r> Seen<'r> {
    /// What an instance has to say; `None` when it did not fail of its own.
    pub(super) fn of(test: &'r TestRecord) -> Option<Self> {
        match test.status {
            Status::Failed
            | Status::Errored
            | Status::Unproved
            | Status::UnexpectedPass
            | Status::Flaky => {}
            Status::Passed
            | Status::Blocked
            | Status::NotRun
            | Status::Skipped
            | Status::ExpectedFailure
            | Status::Waived => return None,
        }
        let attempt = test
            .deciding_attempt()
            .filter(|attempt| explains(attempt, test.code.as_ref()));
        let held = test.sample.as_ref().map_or_else(
            || {
                let held =
                    |attempt: &&std::sync::Arc<AttemptRecord>| attempt.outcome == Outcome::Held;
                let held = test.attempts.iter().filter(held).count();
                (held as u64, test.attempts_made)
            },
            |sample| (sample.held, sample.rows.len() as u64),
        );
        let mut seen = Self::new(test.header.id.clone(), test.code.as_ref(), attempt);
        // An older record does not say which step looked at what.
        if seen.resources.is_empty() {
            seen.resources = &test.header.resources;
        }
        seen.on_fail = Some(&test.header.on_fail);
        seen.held = held;
        seen.claims = test.sample.as_ref().map_or(&[], |sample| &sample.findings);
        Some(seen)
    }

    fn of_session(session: &'r SessionRecord) -> Option<Self> {
        let failed = matches!(session.status, Status::Failed | Status::Errored);
        let attempt = session.attempt.as_deref();
        failed.then(|| {
            Self::new(
                TestId::of_session(&session.name),
                session.code.as_ref(),
                attempt,
            )
        })
    }

    fn new(id: TestId, code: Option<&Code>, attempt: Option<&'r AttemptRecord>) -> Self {
        let of_attempt = attempt.and_then(|attempt| attempt.code.as_ref());
        let step = attempt.and_then(AttemptRecord::deciding_step);
        let fault = step.and_then(|step| step.observation.fault.as_ref());
        // A fault that was expected, and came, is not why it failed; nor is one that came after what was expected did not.
        let is_why = |fault: &&Fault| of_attempt.is_some_and(|code| *code == fault.code());
        Self {
            id,
            code: code
                .or(of_attempt)
                .cloned()
                .unwrap_or_else(|| Code::fixed("unknown")),
            attempt,
            step,
            fault_code: fault.filter(is_why).map(Fault::code),
            fault: fault.filter(is_why),
            resources: step.map_or(&[], |step| &step.resources),
            on_fail: None,
            held: (0, u64::from(attempt.is_some())),
            claims: &[],
        }
    }

    /// The same instance, as if it had been stopped by a fault that somebody else wrote down. Nothing else of it is known.
    pub(super) fn as_if_stopped_by<'f>(&self, fault: &'f Fault) -> Seen<'f> {
        Seen {
            id: self.id.clone(),
            code: fault.code(),
            attempt: None,
            step: None,
            fault: Some(fault),
            fault_code: Some(fault.code()),
            resources: &[],
            on_fail: None,
            held: self.held,
            claims: &[],
        }
    }

    /// The key of the probe that looked.
    pub(super) fn probe(&self) -> &'r str {
        self.step.map_or("", |step| &step.probe)
    }

    /// The same, where it is one we know.
    pub(super) fn kind(&self) -> Option<ProbeKind> {
        ProbeKind::of(self.probe())
    }

    /// The layer of what stopped it, else of the code it ended with.
    pub(super) fn family(&self) -> Layer {
        layer_of(self.fault_code.as_ref().unwrap_or(&self.code))
    }

    /// The typed signal behind the fault.
    pub(super) fn origin(&self) -> Option<Origin> {
        self.fault?.origin
    }

    /// What was seen under this name.
    pub(super) fn fact(&self, name: &str) -> Option<&'r Value> {
        self.step?.observation.facts.get(name)
    }

    /// The same, where it is text.
    pub(super) fn text(&self, name: &str) -> Option<&'r str> {
        self.fact(name)?.as_text()
    }

    /// Who answered: `app`, the name of a proxy, or `unknown`.
    pub(super) fn hop(&self) -> Option<&'r str> {
        self.text("hop")
    }

    /// Whether it failed every time, or held now and then. `None` where one look is all there is.
    pub(super) fn often(&self) -> Option<Often> {
        let of_attempt = self.attempt.and_then(|attempt| attempt.flaps);
        let flaps = of_attempt.or_else(|| self.step?.flaps).unwrap_or(0);
        let polls = self.step.and_then(|step| step.polls).unwrap_or(0);
        let (held, made) = self.held;
        if held > 0 || flaps > 0 {
            Some(Often::Sometimes)
        } else {
            (made.max(polls) > 1).then_some(Often::Always)
        }
    }

    /// The evidence of its step.
    pub(super) fn excerpts(&self) -> &'r [Excerpt] {
        self.step.map_or(&[], |step| &step.observation.evidence)
    }

    /// What programs wrote, each with its name: the output of one that was run, the lines that a log was searched for.
    pub(super) fn written(&self) -> impl Iterator<Item = (&'r str, &'r str)> {
        let excerpts = self.excerpts().iter();
        let is_log = self.kind() == Some(ProbeKind::Log);
        let shown = excerpts
            .filter(move |one| match &*one.label {
                label if OUTPUT.contains(&label) => true,
                label => is_log && !OF_THE_LOOK.contains(&label),
            })
            .map(|one| (&*one.label, &*one.text));
        let facts = OUTPUT
            .iter()
            .filter_map(|name| Some((*name, self.text(name)?)));
        shown.chain(facts)
    }

    /// Whether the status that came is the one that was expected: it is no sign of anything then.
    pub(super) fn wanted_its_status(&self) -> bool {
        let of_step = self.step.map_or(&[][..], |step| &step.findings);
        let mut findings = of_step.iter();
        let is_error = || matches!(self.fact("status"), Some(Value::Number(status)) if status.to_f64() >= 300.0);
        findings.any(|finding| finding.path == "status" && finding.state == State::Held)
            && is_error()
    }

    /// What was expected and did not hold: of a claim about many attempts the claims, else of the step.
    pub(super) fn findings(&self) -> impl Iterator<Item = &'r Finding> {
        let of_step = self.step.map_or(&[][..], |step| &step.findings);
        let claims = self.claims.iter();
        claims.chain(of_step).filter(|finding| finding.is_open())
    }
}

/// What programs write, by the names that probes give it.
const OUTPUT: &[&str] = &["log", "stderr", "stdout"];

/// Evidence of a look at a log that is no line of it.
const OF_THE_LOOK: &[&str] = &["curl", "hop", "body", "note", "certificate"];

/// Whether an attempt is why its test ended with this code, and not what was judged over all of them.
fn explains(attempt: &AttemptRecord, code: Option<&Code>) -> bool {
    let over_all = [
        KnownCode::PassRate,
        KnownCode::Flaky,
        KnownCode::StableFor,
        KnownCode::Flapping,
    ];
    match code {
        None => true,
        code if code == attempt.code.as_ref() => true,
        // Judged over many attempts, and by those that did not hold.
        Some(code) => over_all.iter().any(|known| known.code() == *code),
    }
}
