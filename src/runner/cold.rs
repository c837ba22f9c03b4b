//! A cold start: forced before the steps of an attempt, and shown to have been one by a fact that is another one afterwards.
//!
//! Neither the looks nor the forcing are part of what is measured: each has a time of its own, as clean-ups have. Connections are
//! not shared with the steps, which would else speak to the instance that was there before.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use super::attempt::Subject;
use super::look::{Shown, Stage};
use super::scope::LateScope;
use super::slim::rendered;
use super::step::{code_of, take};
use crate::model::{
    Code, Connections, FaultKind, Finding, Outcome, ProbeError, StepName, StepRecord, TcpFault,
    Unable, Value,
};
use crate::plan::{PROOF, PlannedCold, PlannedStep};
use crate::probe::AttemptScope;

/// What the instances that a test has met were known by, and the attempt that met each first.
///
/// Behind a lock that is held for a look at the map; attempts that force a cold start follow each other.
#[derive(Debug, Default)]
pub(super) struct Instances(Mutex<HashMap<[u8; 32], u64>>);

impl Instances {
    /// The attempt that met it first; this one, where nobody has.
    fn met(&self, read: &Shows, number: u64) -> u64 {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *known.entry(read.digest).or_insert(number)
    }

    fn is_known(&self, read: &Shows) -> Option<u64> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&read.digest).copied()
    }
}

/// What the attempt's start was made to be.
#[derive(Debug)]
pub(super) struct ColdStart<'t> {
    cold: &'t PlannedCold,
    number: u64,
    before: Read,
    /// What was looked at and done before the steps, in order; neither masked nor cut.
    before_steps: Vec<StepRecord>,
    /// The look after them.
    after_step: Option<StepRecord>,
    forced: Forced,
}

/// Whether the steps are to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Forced {
    Yes,
    /// Nothing cold could be looked at: it was not forced, or whether it was could not be seen.
    No,
    /// The run let go of it.
    Cut,
}

/// What the attempt counts as, once the look after the steps is over.
#[derive(Debug)]
pub(super) enum Proved {
    /// What it came out as.
    Counts,
    /// Nothing: for or against what is claimed of cold starts.
    Not(Code),
    /// The run let go of it.
    Cut,
}

/// What a look of the proof read.
#[derive(Debug)]
enum Read {
    /// There is no proof, or it was not looked at.
    Unread,
    Value(Shows),
    /// Whoever is asked refuses: nothing runs there.
    NothingRuns,
    /// The fact is not there, for this reason.
    Nothing(String),
    /// We could not look.
    Unable(Code),
}

/// What an instance is known by.
#[derive(Debug)]
struct Shows {
    /// To be shown to people, once it is masked.
    text: String,
    /// Of all of it, however long it is.
    digest: [u8; 32],
}

impl<'t> ColdStart<'t> {
    /// Looks at what is there, then forces it away.
    pub(super) async fn force(
        cold: &'t PlannedCold,
        subject: &Subject,
        scope: &mut LateScope,
        number: u64,
    ) -> Self {
        let mut before = Read::Unread;
        let mut steps = Vec::with_capacity(1 + cold.force.len());
        let halting = &subject.run.halting;
        let forcing = async {
            if let Some(proof) = &cold.proof {
                let (record, first) = read(proof, subject, scope, "before").await;
                steps.push(record);
                if let Read::Value(shows) = &first
                    && halting.reason().is_none()
                {
                    subject.instances.met(shows, number);
                    // What is another one at every look is another one afterwards, too, whatever answers.
                    let (record, second) = read(proof, subject, scope, "before, again").await;
                    if let Some(record) = shows.unsettled(&cold.fact, record, &second) {
                        steps.push(record);
                        return Forced::No;
                    }
                }
                before = first;
            }
            if matches!(before, Read::Unable(_)) {
                return Forced::No;
            }
            // Once the run is to end nothing is forced that somebody would then have to wait for.
            if halting.reason().is_some() {
                return Forced::Cut;
            }
            let stage = stage(subject);
            for step in &cold.force {
                let mut record = take(step, &stage, scope, None, Shown::Whatever).await;
                let is_forced = record.outcome == Outcome::Held;
                if !is_forced {
                    not_forced(&mut record);
                }
                record.cold = true;
                steps.push(record);
                if !is_forced {
                    return Forced::No;
                }
            }
            Forced::Yes
        };
        let forced = tokio::select! {
            // What has ended counts, even when the grace is over in the same moment.
            biased;
            forced = forcing => forced,
            () = halting.cut() => Forced::Cut,
        };
        Self {
            cold,
            number,
            before,
            before_steps: steps,
            after_step: None,
            forced,
        }
    }

    pub(super) fn forced(&self) -> Forced {
        self.forced
    }

    /// Looks again, now that the steps are over and came out so, and says whether the attempt counts.
    ///
    /// One that did not hold and after which nothing can be read counts: nothing warm has answered, and to leave out starts that
    /// go wrong so thoroughly would make a claim about the others.
    pub(super) async fn prove(
        &mut self,
        subject: &Subject,
        scope: &mut LateScope,
        outcome: Outcome,
    ) -> Proved {
        if self.forced == Forced::No {
            let code = self.before_steps.iter().rev().find_map(code_of);
            return code.map_or(Proved::Counts, Proved::Not);
        }
        let Some(proof) = self
            .cold
            .proof
            .as_ref()
            .filter(|_| outcome != Outcome::Unable)
        else {
            return Proved::Counts;
        };
        let halting = &subject.run.halting;
        let looked = tokio::select! {
            biased;
            looked = read(proof, subject, scope, "after") => Some(looked),
            () = halting.cut() => None,
        };
        let Some((mut record, after)) = looked else {
            return Proved::Cut;
        };
        let why_not = self.why_not(&after, subject, outcome);
        let proved = match (why_not, after) {
            (_, Read::Unable(code)) => Proved::Not(code),
            (None, _) => Proved::Counts,
            (Some(why), _) => {
                record.outcome = Outcome::Unable;
                record.error = Some(ProbeError::new(Unable::NotCold, why));
                Proved::Not(Unable::NotCold.code())
            }
        };
        self.after_step = Some(record);
        proved
    }

    /// Why nothing shows that the start was cold; `None` where something does, or where nothing needs to.
    fn why_not(&self, after: &Read, subject: &Subject, outcome: Outcome) -> Option<String> {
        let fact = &self.cold.fact;
        let then = match &self.before {
            Read::Value(before) => format!("{fact} was `{}` before `force_cold`", before.text),
            Read::NothingRuns => "nothing ran before `force_cold`".to_owned(),
            Read::Nothing(why) => format!("{fact} could not be read before `force_cold` ({why})"),
            Read::Unread | Read::Unable(_) => String::new(),
        };
        let after = match after {
            Read::Value(after) => after,
            Read::Nothing(_) | Read::NothingRuns if outcome == Outcome::NotHeld => return None,
            Read::Nothing(why) => return Some(format!("{then}, and not after the steps: {why}")),
            Read::NothingRuns => return Some(format!("{then}, and nothing runs after the steps")),
            Read::Unread | Read::Unable(_) => return None,
        };
        let is = format!("{then}, and is `{}` after the steps", after.text);
        if let Read::Value(before) = &self.before
            && before.digest == after.digest
        {
            return Some(format!("{is}, too: nothing was started anew"));
        }
        if let Some(first) = subject.instances.is_known(after) {
            return Some(format!(
                "{is}, as in attempt {first}: an instance that came back is warm"
            ));
        }
        subject.instances.met(after, self.number);
        match &self.before {
            Read::Nothing(_) => Some(format!("{is}: whether it was there before nobody can say")),
            _ => None,
        }
    }

    /// What was done before the steps, and the look after them.
    pub(super) fn into_steps(self) -> (Vec<StepRecord>, Option<StepRecord>) {
        (self.before_steps, self.after_step)
    }
}

/// Looks with the proof. Nothing is expected of the look but its fact.
async fn read(
    proof: &PlannedStep,
    subject: &Subject,
    scope: &mut LateScope,
    when: &str,
) -> (StepRecord, Read) {
    // A connection of its own each time: one that was kept would lead to the instance of before.
    let mut record = take(proof, &stage(subject), scope, None, Shown::Whatever).await;
    record.cold = true;
    record.name = Some(StepName::new(format!("{PROOF}, {when}")));
    record.captured.clear();
    let read = match (&record.error, scope.forget(PROOF)) {
        (Some(error), _) => Read::Unable(error.kind.code()),
        (None, Some(captured)) => {
            let shows = Shows::of(&captured.value, captured.secret);
            // What it is judged by is kept, and masked with all other facts.
            record
                .observation
                .facts
                .insert(PROOF, Value::Text(shows.text.clone()));
            Read::Value(shows)
        }
        (None, None) => match &record.observation.fault {
            Some(fault) if fault.kind == FaultKind::Tcp(TcpFault::Refused) => Read::NothingRuns,
            Some(fault) => Read::Nothing(fault.to_string()),
            None => Read::Nothing(missing(&record.findings)),
        },
    };
    if record.error.is_none() {
        record.outcome = Outcome::Held;
        record.findings.clear();
    }
    (record, read)
}

/// Why the fact was not there.
fn missing(findings: &[Finding]) -> String {
    let mut details = findings.iter().filter_map(|finding| finding.detail.clone());
    details
        .next_back()
        .unwrap_or_else(|| "nothing is there".to_owned())
}

/// Says of a step that did not hold, beside what was found, what that means.
fn not_forced(record: &mut StepRecord) {
    if record.error.is_none() {
        let found = code_of(record).map_or_else(String::new, |code| format!(": {code}"));
        let step = record.name.as_ref().map_or("a step", StepName::as_str);
        let message = format!("no cold start was forced, as `{step}` did not hold{found}");
        record.error = Some(ProbeError::new(Unable::NotForced, message));
        record.outcome = Outcome::Unable;
    }
}

/// Neither connections nor cookies are shared with the steps.
fn stage(subject: &Subject) -> Stage {
    Stage {
        run: subject.run.clone(),
        attempt: Arc::new(AttemptScope::default()),
        connections: Connections::Fresh,
        barriers: None,
        is_of_many: false,
    }
}

impl Shows {
    /// The look that came right after, where nothing can be proved by the two of them.
    fn unsettled(&self, fact: &str, mut record: StepRecord, again: &Read) -> Option<StepRecord> {
        match again {
            Read::Unable(_) => Some(record),
            Read::Value(again) if again.digest != self.digest => {
                let why = format!(
                    "{fact} was `{}`, and is `{}` at the next look, before anything was forced: it changes by itself, or others answer, too",
                    self.text, again.text
                );
                record.outcome = Outcome::Unable;
                record.error = Some(ProbeError::new(Unable::NotCold, why));
                Some(record)
            }
            Read::Value(_) | Read::NothingRuns | Read::Nothing(_) | Read::Unread => None,
        }
    }

    fn of(value: &Value, is_secret: bool) -> Self {
        let whole = match value {
            // As it is written, whatever its type: a number in a header is the number in a document.
            Value::Text(text) | Value::Untyped(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            other => format!("{other:?}"),
        };
        let text = if is_secret {
            // Also one that is too short to be masked.
            "***".to_owned()
        } else {
            rendered(value)
        };
        Self {
            text,
            digest: Sha256::digest(whole).into(),
        }
    }
}
