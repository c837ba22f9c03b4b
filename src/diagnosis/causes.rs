//! From what each failure says to the few causes behind them all.

use std::cmp::Reverse;
use std::collections::HashSet;

use super::Rules;
use super::advice::{advice, looks, some};
use super::commands::{Filling, commands};
use super::control::passed_control;
use super::cover::{Chosen, cover};
use super::graph::Graph;
use super::modifiers::{identity, modify};
use super::refute::{Refuted, refute};
use super::rule::Rule;
use super::sound::unfit;
use super::why::{Known, cited, rejected, why};
use crate::model::{
    Adjustment, Cause, Cited, Class, Confidence, Diagnosed, Diagnosis, Layer, LeftOut, Modifier,
    NotRun, RunRecord, Standing, Status, TestId, Why,
};

/// Finds what is behind the failures of a run, and says in each of them which it is.
pub(super) fn causes(record: &RunRecord, mut failures: Vec<Diagnosed>, rules: &Rules) -> Diagnosis {
    let graph = Graph::of(record, &failures);
    let unfit = unfit(&graph, &mut failures);
    modify(&graph, &mut failures);
    let all = cover(&graph, &failures, &unfit);
    identity(&graph, &mut failures);
    let refuted: Vec<Refuted> = all.iter().map(|one| refute(&graph, one)).collect();
    for (chosen, refuted) in all.iter().zip(&refuted) {
        adjust(&graph, &mut failures, chosen, refuted);
    }
    for (number, chosen) in all.iter().enumerate() {
        for failure in chosen.failures() {
            failures[failure].cause = number;
        }
    }
    let blocked = blocked(&graph, &failures, all.len());
    let known = Known {
        graph: &graph,
        diagnosed: &failures,
        control: passed_control(record),
    };
    let mut causes: Vec<Cause> = all
        .iter()
        .zip(&refuted)
        .zip(blocked)
        .map(|((chosen, refuted), blocked)| cause(&known, chosen, refuted, blocked, rules))
        .collect();
    let place = sort(&mut causes, record);
    for failure in &mut failures {
        failure.cause = place[failure.cause];
    }
    Diagnosis {
        ruleset: rules.ruleset().to_owned(),
        instead_of: None,
        causes,
        failures,
        hidden: record.tests.iter().filter(|test| is_hidden(test)).count() as u64,
    }
}

/// Whether it could not be run because others failed.
fn is_hidden(test: &crate::model::TestRecord) -> bool {
    test.status == Status::Blocked || matches!(test.why, Some(Why::NotRun(NotRun::FailFast)))
}

/// What the choice and those who got through change in the words of failures.
fn adjust(graph: &Graph<'_>, failures: &mut [Diagnosed], chosen: &Chosen, refuted: &Refuted) {
    let resource = graph.name(chosen.at);
    let because = {
        let lead = &failures[chosen.lead];
        format!("{resource} failed for {} ({})", lead.test, lead.code)
    };
    for (failure, _) in &chosen.behind {
        failures[*failure].adjusted.push(Adjustment {
            kind: Modifier::Consequence,
            text: because.clone(),
        });
    }
    let Standing::Intermittent { failed, of } = refuted.standing else {
        return;
    };
    let witness = refuted.by.first().map(|by| &by.test);
    let witness = witness.map_or_else(String::new, |test| format!(": {test} got through"));
    for failure in &chosen.own {
        let one = &mut failures[*failure];
        let is_theirs = matches!(one.blame.class, Class::Infrastructure | Class::Unknown);
        let (kind, text) = if refuted.under_load {
            let text = "it failed where many looked at once, and hardly else".to_owned();
            (Modifier::Load, text)
        } else {
            let text = format!("{failed} of {of} looks failed at {resource}{witness}");
            (Modifier::Intermittent, text)
        };
        if refuted.under_load && is_theirs {
            one.blame.class = Class::Infrastructure;
            one.blame.detail = Some("capacity".to_owned());
            let usual = one.blame.confidence.higher().min(Confidence::Medium);
            one.blame.confidence = one.blame.confidence.max(usual);
        } else if !refuted.under_load && !is_capacity(one) {
            one.blame.confidence = one.blame.confidence.lower();
        }
        one.adjusted.push(Adjustment { kind, text });
    }
}

/// Whether it says itself that some get through and others do not.
fn is_capacity(one: &Diagnosed) -> bool {
    one.blame.detail.as_deref() == Some("capacity")
}

/// The instances behind each cause that were not run, each with the failure that blocked it.
fn blocked(graph: &Graph<'_>, failures: &[Diagnosed], causes: usize) -> Vec<Vec<(TestId, usize)>> {
    let mut blocked = vec![Vec::new(); causes];
    for test in &graph.record.tests {
        let Some(Why::Blocked(roots)) = &test.why else {
            continue;
        };
        let roots = roots
            .iter()
            .filter_map(|blamed| graph.failure_of(&blamed.root));
        let mut behind: Vec<(usize, usize)> = roots
            .map(|failure| (failures[failure].cause, failure))
            .collect();
        // Of several failures of one cause the first in plan order is named.
        behind.sort_unstable();
        behind.dedup_by_key(|(cause, _)| *cause);
        for (cause, failure) in behind {
            blocked[cause].push((test.header.id.clone(), failure));
        }
    }
    blocked
}

fn cause(
    known: &Known<'_, '_>,
    chosen: &Chosen,
    refuted: &Refuted,
    blocked: Vec<(TestId, usize)>,
    rules: &Rules,
) -> Cause {
    let lead = &known.diagnosed[chosen.lead];
    let rule = rules.rule(&lead.rule);
    let resource = known.graph.name(chosen.at).to_owned();
    let mut failed: Vec<usize> = chosen.failures().collect();
    failed.sort_unstable();
    let (blocked, roots): (Vec<TestId>, Vec<usize>) = blocked.into_iter().unzip();
    let variables = &known.graph.record.header.variables;
    let (evidence, more_evidence) = evidence(known, chosen);
    let (all_advice, more_advice) = advice(known.graph, known.diagnosed, chosen);
    let (all_looks, more_looks) = looks(known.graph, known.diagnosed, chosen);
    let mut cause = Cause {
        layer: chosen.layer,
        rule: lead.rule.clone(),
        meaning: rule.map_or_else(String::new, |rule| rule.meaning.clone()),
        code: lead.code.clone(),
        lead: Some(lead.test.clone()),
        blame: lead.blame.clone(),
        standing: refuted.standing,
        unexplained: failed.len() < 2
            && blocked.is_empty()
            && lead.blame.confidence == Confidence::Low,
        failed: failed
            .iter()
            .map(|failure| known.diagnosed[*failure].test.clone())
            .collect(),
        blocked,
        tied_with: chosen.tied.clone(),
        evidence,
        refuting: refuted.by.clone(),
        advice: all_advice,
        looks: all_looks,
        left_out: LeftOut {
            evidence: more_evidence,
            advice: more_advice,
            looks: more_looks,
        },
        seen: seen(known.graph, &failed),
        why: Vec::new(),
        rejected: rejected(known, chosen),
        confirm: rule.map_or_else(String::new, |rule| rule.confirm.clone()),
        falsify: rule.map_or_else(String::new, |rule| rule.falsify.clone()),
        hint: rule.and_then(|rule| rule.hint.clone()).unwrap_or_default(),
        commands: rule.map_or_else(Vec::new, |rule| {
            let filling = Filling {
                resource: about(lead, chosen, rule, &resource),
                step: known.graph.failures[chosen.lead].step,
                variables,
            };
            commands(rule, rules, &filling)
        }),
        resource,
    };
    cause.why = why(known, chosen, refuted, &cause, &roots);
    cause
}

/// What the rule of a cause speaks of, for its commands.
fn about<'d>(lead: &'d Diagnosed, chosen: &Chosen, rule: &Rule, broke: &'d str) -> &'d str {
    if chosen.layer == Layer::Runner {
        // Of ourselves nothing is asked at the target's address.
        &lead.resource
    } else if lead.is_retold() && !rule.when.is_of_proxies() {
        // Who told of a failure behind it is not who failed: where nobody knows where that is, nobody is asked.
        lead.behind.as_deref().unwrap_or_default()
    } else {
        broke
    }
}

/// What speaks for it, the surest first, then as they came; and how many more do.
fn evidence(known: &Known<'_, '_>, chosen: &Chosen) -> (Vec<Cited>, usize) {
    let mut all: Vec<usize> = chosen.failures().collect();
    let own: HashSet<usize> = chosen.own.iter().copied().collect();
    all.sort_by_key(|one| {
        let it = &known.diagnosed[*one];
        (
            *one != chosen.lead,
            !own.contains(one),
            Reverse(it.blame.confidence),
            known.graph.failures[*one].span.to,
            it.test.clone(),
        )
    });
    let (all, left) = some(all);
    let cited = all.into_iter().map(|one| cited(&known.diagnosed[one]));
    (cited.collect(), left)
}

/// When the first of its failures ended, and the last.
fn seen(graph: &Graph<'_>, failed: &[usize]) -> (std::time::Duration, std::time::Duration) {
    let ends = failed.iter().map(|one| graph.failures[*one].span.to);
    let first = ends.clone().min().unwrap_or_default();
    (first, ends.max().unwrap_or_default())
}

/// Who stands in the way of a GO comes first, then who explains most. Gives the new place of each.
fn sort(causes: &mut Vec<Cause>, record: &RunRecord) -> Vec<usize> {
    let critical = record.tests.iter().filter(|test| test.header.critical);
    let critical: HashSet<&TestId> = critical.map(|test| &test.header.id).collect();
    let is_veto: Vec<bool> = causes
        .iter()
        .map(|one| {
            one.failed
                .iter()
                .chain(&one.blocked)
                .any(|id| critical.contains(id))
        })
        .collect();
    let mut order: Vec<usize> = (0..causes.len()).collect();
    order.sort_by(|a, b| {
        let key = |one: usize| {
            let it = &causes[one];
            (
                !is_veto[one],
                it.unexplained,
                Reverse(it.failed.len()),
                Reverse(it.blocked.len()),
                it.layer,
                it.seen,
                &it.resource,
                &it.rule,
                &it.code,
                // Failures are told apart by their tests in the end.
                it.evidence.first().map(|cited| &cited.test),
            )
        };
        key(*a).cmp(&key(*b))
    });
    let mut place = vec![0; order.len()];
    for (new, old) in order.iter().enumerate() {
        place[*old] = new;
    }
    let mut taken: Vec<Option<Cause>> = causes.drain(..).map(Some).collect();
    causes.extend(order.iter().filter_map(|old| taken[*old].take()));
    for cause in causes.iter_mut() {
        for tied in &mut cause.tied_with {
            *tied = place[*tied];
        }
        cause.tied_with.sort_unstable();
    }
    place
}

#[cfg(test)]
mod tests;
