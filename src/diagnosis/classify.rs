//! Each failure by itself: the first rule that its evidence matches.

use super::nested::{self, Retold};
use super::resource::resource;
use super::rule::Rule;
use super::seen::{Seen, failed};
use super::{Rules, signal};
use crate::model::{Adjustment, Blame, Class, Confidence, Diagnosed, Layer, Modifier, RunRecord};

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
    ask_the_author(&mut diagnosed, seen, known);
    diagnosed
}

impl Diagnosed {
    /// Takes over what an application says that it met. Where that was seen stays as it is: the way of ours led no further.
    fn hear(&mut self, retold: Retold<'_>) {
        let Retold {
            rule,
            blame,
            adjustment,
        } = retold;
        self.rule.clone_from(&rule.id);
        self.blame = blame;
        self.alternatives.clone_from(&rule.alternatives);
        self.next.clone_from(&rule.next);
        self.evidence.push(adjustment.text.clone());
        self.adjusted.push(adjustment);
    }
}

/// The author of a test knows what an assertion is about: `core_db` says `disconnected`, and it is the database. What stopped us on the
/// way, and who answered in the application's place, the author cannot know.
fn ask_the_author(diagnosed: &mut Diagnosed, seen: &Seen<'_>, rule: &Rule) {
    let is_judged = matches!(diagnosed.layer, Layer::Application | Layer::Performance);
    let Some(on_fail) = seen.on_fail.filter(|_| is_judged && seen.fault.is_none()) else {
        return;
    };
    if let Some(owner) = &on_fail.owner {
        diagnosed.blame.owner.clone_from(owner);
    }
    if let Some(class) = on_fail.class.as_deref().and_then(Class::parse) {
        diagnosed.blame = Blame {
            class,
            detail: None,
            confidence: Confidence::Medium,
            owner: diagnosed.blame.owner.clone(),
        };
        diagnosed.adjusted.push(Adjustment {
            kind: Modifier::Author,
            text: format!(
                "the test's `on_fail` says {class} (rule {}: {})",
                rule.id, rule.blame
            ),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::examples::Short;

    fn classified(yaml: &str) -> Diagnosed {
        let record = Short::parse(yaml).record();
        classify_one(&record, Rules::embedded()).expect("it failed")
    }

    #[test]
    fn the_author_is_believed_of_an_assertion_and_never_against_a_fault() {
        let found = classified(
            "{ probe: http, status: 200, hop: app, code: expect.json, json: { core_db: down }, on_fail: infrastructure }",
        );
        assert_eq!(found.blame.to_string(), "infrastructure (medium)");
        assert_eq!(found.adjusted[0].kind, Modifier::Author);
        let found =
            classified("{ probe: tcp, fault: tcp.refused, errno: 111, on_fail: application }");
        assert_eq!(found.blame.class, Class::Infrastructure);
        assert!(found.adjusted.is_empty());
    }

    #[test]
    fn what_no_rule_knows_is_unknown_at_the_layer_of_its_code() {
        let found =
            classified("{ probe: sql, code: sql.unheard_of, resources: ['dsn:db', 'sock:db:1'] }");
        assert_eq!(found.rule, "UNKNOWN");
        assert_eq!((found.layer, &*found.resource), (Layer::Protocol, "dsn:db"));
        assert_eq!(found.blame.to_string(), "unknown");
        let found = classified("{ probe: scripted, code: unheard.of }");
        assert_eq!(found.resource, "test:examples/one");
    }

    #[test]
    fn the_evidence_of_a_fault_is_one_line_with_its_number() {
        let found = classified(
            "{ probe: tcp, fault: tcp.refused, errno: 111, resources: ['sock:db:5432'] }",
        );
        assert_eq!(found.evidence, ["tcp.refused (errno 111) in phase connect"]);
        assert_eq!(
            (found.rule.as_str(), &*found.resource),
            ("TCP-1", "sock:db:5432")
        );
    }

    #[test]
    fn a_claim_about_all_attempts_is_not_explained_by_one_of_them() {
        let one = "probe: tcp, fault: tcp.refused, errno: 111, code: ";
        let mut record = Short::parse(&format!("{{ {one} tcp.refused }}")).record();
        for (code, rule) in [
            ("claim.pass_rate", "TCP-1"),
            ("gate.flaky", "TCP-1"),
            ("claim.latency.p95", "ASSERT-3"),
            ("gate.unexpected_pass", "GATE-1"),
        ] {
            record.code = Some(crate::model::Code::fixed(code));
            let found = classify_one(&record, Rules::embedded()).unwrap();
            assert_eq!(found.rule, rule, "{code}");
        }
    }

    #[test]
    fn a_status_that_was_wanted_is_no_sign_of_anything() {
        let seen = "probe: http, status: 401, hop: app, code: expect.latency, findings: [[status, equals 401, '401'], [latency, below 1s, 2s]]";
        let mut record = Short::parse(&format!("{{ {seen} }}")).record();
        let found = classify_one(&record, Rules::embedded()).unwrap();
        assert_eq!(found.rule, "HTTP-1");
        let attempt = std::sync::Arc::make_mut(&mut record.attempts[0]);
        attempt.steps[0].findings[0].state = crate::model::State::Held;
        let found = classify_one(&record, Rules::embedded()).unwrap();
        assert_eq!(found.rule, "ASSERT-3");
    }

    #[test]
    fn what_did_not_fail_of_its_own_is_not_explained() {
        use crate::model::Status;
        let mut record = Short::parse("{ probe: tcp, fault: tcp.refused }").record();
        let counted = Status::ALL.iter().filter(|status| {
            record.status = **status;
            classify_one(&record, Rules::embedded()).is_some()
        });
        assert_eq!(counted.count(), 5);
    }
}
