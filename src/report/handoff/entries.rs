//! Which causes of a page are told together, which of them whole, and which in a line.

use std::collections::{HashMap, HashSet};

use crate::model::{Cause, RunRecord, TestId};

/// So many are told whole; of the others a line.
const WHOLE: usize = 20;

/// Causes that differ in their place alone, by their positions.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// The one that is told.
    pub(super) first: usize,
    /// Of which only the places are.
    pub(super) others: Vec<usize>,
}

/// What a page tells.
#[derive(Debug)]
pub(super) struct Entries {
    /// In the order of the causes.
    pub(super) whole: Vec<Entry>,
    /// The causes that get a line.
    pub(super) short: Vec<usize>,
}

impl Entries {
    /// Of more than are told whole those go first that stand in the way of a GO, then those whose authors wrote whom to call.
    pub(super) fn of(causes: &[Cause], record: &RunRecord) -> Self {
        let mut all = folded(causes);
        let critical = record.tests.iter().filter(|test| test.header.critical);
        let critical: HashSet<&TestId> = critical.map(|test| &test.header.id).collect();
        let rank = |entry: &Entry| {
            let any = |is_so: &dyn Fn(&Cause) -> bool| {
                let others = entry.others.iter();
                others.chain([&entry.first]).any(|at| is_so(&causes[*at]))
            };
            let is_veto = any(&|cause| {
                let mut tests = cause.failed.iter().chain(&cause.blocked);
                tests.any(|id| critical.contains(id))
            });
            let has_somebody = any(&|cause| {
                let mut advice = cause.advice.iter().map(|one| &one.on_fail);
                advice.any(|one| one.owner.is_some() || one.runbook.is_some())
            });
            (!is_veto, !has_somebody, entry.first)
        };
        all.sort_by_cached_key(rank);
        let rest = all.split_off(all.len().min(WHOLE));
        all.sort_by_key(|entry| entry.first);
        let rest = rest.into_iter();
        let mut short: Vec<usize> = rest
            .flat_map(|entry| [entry.first].into_iter().chain(entry.others))
            .collect();
        short.sort_unstable();
        Self { whole: all, short }
    }

    /// How many of the causes are told by their places alone.
    pub(super) fn places(&self) -> usize {
        self.whole.iter().map(|entry| entry.others.len()).sum()
    }
}

/// Equal causes as one; one that ties with others is told by itself.
fn folded(causes: &[Cause]) -> Vec<Entry> {
    let mut all: Vec<Entry> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for (at, cause) in causes.iter().enumerate() {
        let new = Entry {
            first: at,
            others: Vec::new(),
        };
        if !cause.tied_with.is_empty() {
            all.push(new);
            continue;
        }
        let Cause {
            rule,
            code,
            layer,
            blame,
            unexplained,
            ..
        } = cause;
        let key = format!("{rule:?} {code:?} {layer:?} {blame:?} {unexplained}");
        if let Some(first) = known.get(&key) {
            all[*first].others.push(at);
        } else {
            known.insert(key, all.len());
            all.push(new);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::specimen;

    /// Causes with these rules, all at places of their own.
    fn causes(rules: &[&str]) -> (Vec<Cause>, RunRecord) {
        let run = specimen::finished("x");
        let numbered = rules.iter().enumerate();
        let causes = numbered.map(|(at, rule)| Cause {
            rule: (*rule).to_owned(),
            resource: format!("sock:h{at}:1"),
            failed: Vec::new(),
            blocked: Vec::new(),
            advice: Vec::new(),
            tied_with: Vec::new(),
            ..run.diagnosis.causes[0].clone()
        });
        (causes.collect(), RunRecord::clone(&run.record))
    }

    #[test]
    fn causes_that_differ_in_their_place_alone_are_told_together() {
        let (mut all, record) = causes(&["A", "B", "A", "A"]);
        let entries = Entries::of(&all, &record);
        let entry = |first, others: &[usize]| Entry {
            first,
            others: others.to_vec(),
        };
        assert_eq!(entries.whole, [entry(0, &[2, 3]), entry(1, &[])]);
        assert_eq!(entries.places(), 2);
        // Whoever ties may be the other, and an other class is another cause.
        (all[0].tied_with, all[2].tied_with) = (vec![2], vec![0]);
        all[3].blame.owner.push('x');
        assert_eq!(Entries::of(&all, &record).whole.len(), 4);
    }

    #[test]
    fn of_many_those_are_told_whole_that_matter_or_have_somebody() {
        let rules: Vec<String> = (0..WHOLE + 3).map(|n| format!("R-{n}")).collect();
        let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
        let (mut all, mut record) = causes(&rules);
        let mut header = record.tests[0].header.as_ref().clone();
        header.critical = true;
        let id = header.id.clone();
        record.tests[0].header = std::sync::Arc::new(header);
        for test in &mut record.tests[1..] {
            let mut header = test.header.as_ref().clone();
            header.critical = false;
            test.header = std::sync::Arc::new(header);
        }
        all[WHOLE + 2].failed = vec![id.clone()];
        all[WHOLE + 1].advice = vec![crate::model::Advice {
            test: id,
            tests: 1,
            on_fail: crate::model::OnFail {
                owner: Some("team".to_owned()),
                ..crate::model::OnFail::default()
            },
        }];
        let entries = Entries::of(&all, &record);
        let whole: Vec<usize> = entries.whole.iter().map(|entry| entry.first).collect();
        let first: Vec<usize> = (0..WHOLE - 2).chain([WHOLE + 1, WHOLE + 2]).collect();
        assert_eq!(whole, first);
        assert_eq!(entries.short, [WHOLE - 2, WHOLE - 1, WHOLE]);
    }
}
