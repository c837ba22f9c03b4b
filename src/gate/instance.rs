//! The record as the rules see it: every instance with its standing, whether it is critical, and which rule answers for it.

use std::collections::{HashMap, HashSet};

use crate::model::{
    Blamed, Category, Policy, Root, RunRecord, Status, TestHeader, TestId, TestRecord, Why,
};

use super::standing::Standing;

/// An instance, judged.
pub(super) struct Instance<'a> {
    pub(super) test: &'a TestRecord,
    pub(super) standing: Standing,
    pub(super) critical: bool,
    /// A critical instance that decides whether anything can be said at all (rule 1), rather than being a veto (rules 2 and 3).
    pub(super) decides: bool,
}

impl Instance<'_> {
    pub(super) fn category(&self) -> &Category {
        self.test.header.id.category()
    }

    pub(super) fn is(&self, status: Status) -> bool {
        self.test.status == status
    }
}

/// A record under a policy.
pub(super) struct View<'a> {
    pub(super) policy: &'a Policy,
    pub(super) record: &'a RunRecord,
    /// In the order of the record.
    pub(super) instances: Vec<Instance<'a>>,
    /// The policy's categories in its order, then those it does not know, in plan order.
    pub(super) categories: Vec<&'a Category>,
}

impl<'a> View<'a> {
    pub(super) fn new(policy: &'a Policy, record: &'a RunRecord) -> Self {
        let by_id = record
            .tests
            .iter()
            .map(|test| (&test.header.id, test))
            .collect();
        let lookup = Lookup {
            policy,
            record,
            by_id,
        };
        let mut known = HashSet::new();
        Self {
            policy,
            record,
            instances: record.tests.iter().map(|test| lookup.judge(test)).collect(),
            categories: policy
                .categories
                .iter()
                .map(|category| &category.name)
                .chain(record.tests.iter().map(|test| test.header.id.category()))
                .filter(|category| known.insert(*category))
                .collect(),
        }
    }

    pub(super) fn of_category(&self, category: &Category) -> impl Iterator<Item = &Instance<'a>> {
        self.instances
            .iter()
            .filter(move |instance| instance.category() == category)
    }

    /// Planned instances without those that were not selected.
    pub(super) fn planned(&self) -> u64 {
        self.instances.len() as u64
    }

    /// How many ended so.
    pub(super) fn count(&self, status: Status) -> u64 {
        self.instances
            .iter()
            .filter(|instance| instance.is(status))
            .count() as u64
    }

    /// Whether only a part was selected. Instances that were filtered say so even where the record forgot to.
    pub(super) fn is_partial(&self) -> bool {
        self.record.header.partial.is_some() || self.record.header.filtered > 0
    }
}

struct Lookup<'a> {
    policy: &'a Policy,
    record: &'a RunRecord,
    by_id: HashMap<&'a TestId, &'a TestRecord>,
}

impl<'a> Lookup<'a> {
    fn judge(&self, test: &'a TestRecord) -> Instance<'a> {
        let critical = self.is_critical(&test.header);
        let category = self.policy.category(test.header.id.category());
        let flaky_passes = category.is_some_and(|category| category.flaky_passes);
        let flaky = if critical && !flaky_passes {
            Standing::Open
        } else {
            Standing::Good
        };
        let roots: &[Blamed] = match &test.why {
            Some(Why::Blocked(roots)) => roots,
            _ => &[],
        };
        let blocked = if roots.iter().any(|blamed| self.is_to_blame(blamed)) {
            Standing::Bad
        } else {
            Standing::Open
        };
        let blocked_from_outside = test.status == Status::Blocked
            && !roots.is_empty()
            && roots.iter().all(|blamed| self.is_outside_preflight(blamed));
        Instance {
            test,
            standing: Standing::of(test.status, flaky, blocked),
            critical,
            decides: critical && self.is_preflight(&test.header) && !blocked_from_outside,
        }
    }

    /// By everything that can make it so: the header knows the test's own `critical`, which the policy does not; the policy may
    /// be stricter than the one the run was planned with. So "what if" can add vetoes and never takes one away.
    fn is_critical(&self, header: &TestHeader) -> bool {
        let category = self.policy.category(header.id.category());
        header.critical
            || header.invariant
            || category.is_some_and(|category| category.critical)
            || self
                .policy
                .invariants
                .iter()
                .any(|invariant| header.id.is_meant_by(invariant))
    }

    fn is_preflight(&self, header: &TestHeader) -> bool {
        self.policy
            .category(header.id.category())
            .map_or(header.preflight, |category| category.preflight)
    }

    /// Whether a root makes those it blocks bad: it is bad itself, and about the target.
    fn is_to_blame(&self, blamed: &Blamed) -> bool {
        let (status, preflight) = match &blamed.root {
            Root::Test(id) => match self.by_id.get(id) {
                Some(root) => (root.status, self.is_preflight(&root.header)),
                None => (blamed.status, self.policy.is_preflight(id.category())),
            },
            // A session belongs to no category; what it could not do, the target did not let it.
            Root::Session(name) => {
                let session = self
                    .record
                    .sessions
                    .iter()
                    .find(|known| known.name == *name);
                (session.map_or(blamed.status, |known| known.status), false)
            }
        };
        let standing = Standing::of(status, Standing::Open, Standing::Open);
        standing == Standing::Bad && !preflight
    }

    /// A session is neither inside nor outside: a preflight test it blocks still leaves us without an answer about ourselves.
    fn is_outside_preflight(&self, blamed: &Blamed) -> bool {
        match &blamed.root {
            Root::Test(id) => !self.by_id.get(id).map_or_else(
                || self.policy.is_preflight(id.category()),
                |root| self.is_preflight(&root.header),
            ),
            Root::Session(_) => false,
        }
    }
}
