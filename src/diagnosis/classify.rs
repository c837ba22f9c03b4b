//! Each failure by itself: the first rule that its evidence matches.

use super::nested::{self, Retold};
use super::probe_kind::ProbeKind;
use super::resource::resource;
use super::rule::Rule;
use super::seen::{Seen, failed};
use super::{Rules, signal};
use crate::model::{Adjustment, Class, Confidence, Diagnosed, Layer, Modifier, RunRecord, Value};

/// What every instance that failed of its own says, and every session: sessions first, then in plan order.
pub(super) fn classify(record: &RunRecord, rules: &Rules) -> Vec<Diagnosed> {
    failed(record).map(|seen| diagnosed(&seen, rules)).collect()
}

/// What one instance says; `None` when it did not fail of its own.
#[cfg(test)]
pub(super) fn classify_one(test: &crate::model::TestRecord, rules: &Rules) -> Option<Diagnosed> {
    Seen::of(test).map(|seen| diagnosed(&seen, rules))
}

fn diagnosed(seen: &Seen<'_>, rules: &Rules) -> Diagnosed {
    let rule = rules.first_for(seen);
    // A rule for what nobody knows is of no layer of its own.
    let layer = rule.map_or_else(|| seen.family(), |rule| rule.layer);
    let known = rule.unwrap_or_else(|| rules.fallback());
    let mut diagnosed = Diagnosed {
        test: seen.id.clone(),
        attempt: seen.attempt.map_or(1, |attempt| attempt.number),
        step: seen.step.and_then(|step| step.name.clone()),
        rule: known.id.clone(),
        layer,
        resource: resource(layer, seen),
        behind: None,
        code: seen.code.clone(),
        blame: known.blame.clone(),
        evidence: signal::evidence(&known.when, seen),
        alternatives: known.alternatives.clone(),
        next: known.next.clone(),
        adjusted: Vec::new(),
        cause: 0,
    };
    if let Some(retold) = nested::retold(known, seen, rules) {
        diagnosed.hear(retold);
    }
    doubt_the_page(&mut diagnosed, seen, known);
    doubt_the_line(&mut diagnosed, seen, known);
    ask_the_author(&mut diagnosed, seen);
    diagnosed
}

impl Diagnosed {
    /// Whether it says what an application met, and not what we did.
    pub(super) fn is_retold(&self) -> bool {
        let mut all = self.adjusted.iter();
        all.any(|one| one.kind == Modifier::Nested)
    }

    /// Takes over what an application says that it met. Layer and resource stay those of our own look: it got as far as the
    /// application, and whoever got there, too, says nothing of what is behind it.
    fn hear(&mut self, retold: Retold<'_>) {
        let Retold {
            rule,
            blame,
            place,
            adjustment,
        } = retold;
        self.rule.clone_from(&rule.id);
        self.blame = blame;
        self.behind = place;
        self.alternatives.clone_from(&rule.alternatives);
        self.next.clone_from(&rule.next);
        self.evidence.push(adjustment.text.clone());
        self.adjusted.push(adjustment);
    }
}

/// A page of a proxy can be imitated, except where the application marks all that is its own (`app_marker`)
/// and this is not marked.
fn doubt_the_page(diagnosed: &mut Diagnosed, seen: &Seen<'_>, rule: &Rule) {
    let is_marked = matches!(seen.fact("app_marker"), Some(Value::Bool(_)));
    if diagnosed.blame.confidence == Confidence::High && rule.when.is_of_proxies() && !is_marked {
        diagnosed.blame.confidence = Confidence::Medium;
        diagnosed.adjusted.push(Adjustment {
            kind: Modifier::Nested,
            text: "anybody could have written this page: only an `app_marker` tells the application's answers apart"
                .to_owned(),
        });
    }
}

/// What a program wrote before it was ready did not keep it from that, and what it met afterwards may be what ended it.
fn doubt_the_line(diagnosed: &mut Diagnosed, seen: &Seen<'_>, rule: &Rule) {
    let is_read = rule.when.reads_logs() || diagnosed.is_retold();
    if seen.kind() != Some(ProbeKind::Process)
        || !is_read
        || diagnosed.blame.confidence == Confidence::Low
    {
        return;
    }
    let text = if seen.fact("ready") == Some(&Value::Bool(true)) {
        "it was ready before it ended: the line may be older than that".to_owned()
    } else if let Some(after) = rule.when.written_after(seen).and_then(nested::find) {
        let (code, said) = (after.fault.code(), &after.fault.message);
        format!("the log goes on with {code} `{said}`: that may be what ended it")
    } else {
        return;
    };
    diagnosed.blame.confidence = Confidence::Low;
    diagnosed.adjusted.push(Adjustment {
        kind: Modifier::Nested,
        text,
    });
}

/// The author of a test knows what an assertion is about: `core_db` says `disconnected`, and it is the database. Still that is an
/// opinion, and nobody looked: where the rule leans, it says whither, and only where both say the same that is decided. What a
/// rule decided, what stopped us on the way, and who answered in the application's place, it does not change.
fn ask_the_author(diagnosed: &mut Diagnosed, seen: &Seen<'_>) {
    let is_judged = matches!(diagnosed.layer, Layer::Application | Layer::Performance);
    let Some(on_fail) = seen.on_fail.filter(|_| is_judged && seen.fault.is_none()) else {
        return;
    };
    if let Some(owner) = &on_fail.owner {
        diagnosed.blame.owner.clone_from(owner);
    }
    let is_open = diagnosed.blame.decided() == Class::Unknown;
    let said = on_fail.class.as_deref().and_then(Class::parse);
    let Some(class) = said.filter(|_| is_open) else {
        return;
    };
    let by_rule = format!("rule {}: {}", diagnosed.rule, diagnosed.blame);
    let text = if class == diagnosed.blame.class {
        diagnosed.blame.confidence = Confidence::Medium;
        format!("the suite says {class} as well (`on_fail`; {by_rule})")
    } else {
        diagnosed.blame.class = class;
        diagnosed.blame.detail = None;
        diagnosed.blame.confidence = Confidence::Low;
        format!("{class} is what the suite says (`on_fail`), which nobody looked at ({by_rule})")
    };
    diagnosed.adjusted.push(Adjustment {
        kind: Modifier::Author,
        text,
    });
}

#[cfg(test)]
mod tests;
