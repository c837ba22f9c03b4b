//! Small records for the gate's tests.

use std::sync::Arc;
use std::time::Duration;

use crate::gate::{decide, decide_with};
use crate::model::{
    Blamed, Category, CategoryPolicy, Code, Connections, Digests, OnFail, Partial, Place, Policy,
    Rate, Reason, Root, Rule, RunHeader, RunId, RunRecord, SessionName, SessionRecord, Status,
    TestHeader, TestId, TestRecord, Verdict, Why, Word,
};

/// A run that is told line by line. Categories are declared before their tests.
pub(super) struct Told(RunRecord);

impl Told {
    /// Nothing yet, under the default policy.
    pub(super) fn new() -> Self {
        Self(RunRecord {
            header: Arc::new(RunHeader {
                id: RunId::new("20261121T085751Z-3f9a1c"),
                tool_version: "0.1.0".to_owned(),
                started: jiff::Timestamp::UNIX_EPOCH,
                host: "here".to_owned(),
                shipped: false,
                vantage: "here".to_owned(),
                target: "demo".to_owned(),
                variables: Vec::new(),
                flags: Vec::new(),
                policy: Policy::default(),
                overridden: Vec::new(),
                omitted: Vec::new(),
                lints: Vec::new(),
                digests: Digests::default(),
                partial: None,
                filtered: 0,
                tests: Vec::new(),
            }),
            elapsed: Duration::from_secs(1),
            ended: true,
            interrupted: None,
            sessions: Vec::new(),
            tests: Vec::new(),
        })
    }

    pub(super) fn policy(mut self, change: impl FnOnce(&mut Policy)) -> Self {
        change(&mut Arc::make_mut(&mut self.0.header).policy);
        self
    }

    pub(super) fn header(mut self, change: impl FnOnce(&mut RunHeader)) -> Self {
        change(Arc::make_mut(&mut self.0.header));
        self
    }

    pub(super) fn record(mut self, change: impl FnOnce(&mut RunRecord)) -> Self {
        change(&mut self.0);
        self
    }

    pub(super) fn category(self, name: &str, change: impl FnOnce(&mut CategoryPolicy)) -> Self {
        let mut category = CategoryPolicy {
            name: Category::new(name),
            critical: false,
            preflight: false,
            pass_rate: None,
            flaky_passes: false,
        };
        change(&mut category);
        self.policy(|policy| policy.categories.push(category))
    }

    /// One instance, as the planner would plan it under the policy told so far.
    pub(super) fn test(mut self, id: &str, status: Status) -> Self {
        let id = TestId::parse(id).unwrap();
        let policy = &self.0.header.policy;
        let category = policy.category(id.category());
        let invariant = policy
            .invariants
            .iter()
            .any(|wanted| id.is_meant_by(wanted));
        let header = Arc::new(TestHeader {
            critical: invariant || category.is_some_and(|category| category.critical),
            invariant,
            preflight: category.is_some_and(|category| category.preflight),
            id,
            place: Place {
                file: "suite.yaml".into(),
                line: 1,
                column: 1,
            },
            title: None,
            description: None,
            tags: Vec::new(),
            owner: None,
            requires: Vec::new(),
            requires_categories: Vec::new(),
            uses: Vec::new(),
            resources: Vec::new(),
            on_fail: OnFail::default(),
            connections: Connections::Fresh,
            pulled_in: false,
            alone: false,
            expectations: Vec::new(),
            digest: String::new(),
        });
        Arc::make_mut(&mut self.0.header).tests.push(header.clone());
        self.0.tests.push(TestRecord {
            header,
            status,
            code: None,
            why: None,
            attempts: Vec::new(),
            attempts_made: 1,
            sample: None,
            started: Duration::ZERO,
            elapsed: Duration::ZERO,
            left_behind: Vec::new(),
        });
        self
    }

    /// So many instances that ended alike: `plain/s-0`, `plain/s-1`, …
    pub(super) fn tests(self, stem: &str, count: usize, status: Status) -> Self {
        (0..count).fold(self, |told, number| {
            told.test(&format!("{stem}-{number}"), status)
        })
    }

    /// The last test says `critical: true` itself.
    pub(super) fn critical(self) -> Self {
        self.last_header(|header| header.critical = true)
    }

    pub(super) fn last_header(mut self, change: impl FnOnce(&mut TestHeader)) -> Self {
        let last = self.0.tests.last_mut().unwrap();
        change(Arc::make_mut(&mut last.header));
        let header = last.header.clone();
        *Arc::make_mut(&mut self.0.header).tests.last_mut().unwrap() = header;
        self
    }

    pub(super) fn last(mut self, change: impl FnOnce(&mut TestRecord)) -> Self {
        change(self.0.tests.last_mut().unwrap());
        self
    }

    pub(super) fn code(self, code: &'static str) -> Self {
        self.last(|test| test.code = Some(Code::fixed(code)))
    }

    /// An instance that these block: ids, or `session:NAME`.
    pub(super) fn blocked(self, id: &str, roots: &[&str]) -> Self {
        let roots = roots
            .iter()
            .map(|root| Blamed {
                root: root_of(root),
                status: Status::Failed,
                code: Some(Code::fixed("tcp.refused")),
            })
            .collect();
        self.test(id, Status::Blocked)
            .last(|test| test.why = Some(Why::Blocked(roots)))
    }

    pub(super) fn session(self, name: &str, status: Status) -> Self {
        self.record(|record| {
            record.sessions.push(Arc::new(SessionRecord {
                name: SessionName::new(name),
                status,
                code: None,
                why: None,
                attempt: None,
                started: Duration::ZERO,
                left_behind: Vec::new(),
            }));
        })
    }

    pub(super) fn partial(self, selected: u64, of: u64) -> Self {
        self.header(|header| {
            header.filtered = of - selected;
            header.partial = Some(Partial {
                by: "--only x".to_owned(),
                selected,
                of,
            });
        })
    }

    pub(super) fn build(self) -> RunRecord {
        self.0
    }

    pub(super) fn verdict(&self) -> Verdict {
        decide(&self.0)
    }

    pub(super) fn verdict_if(&self, change: impl FnOnce(&mut Policy)) -> Verdict {
        let mut policy = self.0.header.policy.clone();
        change(&mut policy);
        decide_with(&policy, &self.0)
    }

    pub(super) fn word(&self) -> Word {
        self.verdict().word
    }
}

pub(super) fn root_of(text: &str) -> Root {
    match text.strip_prefix("session:") {
        Some(name) => Root::Session(SessionName::new(name)),
        None => Root::Test(TestId::parse(text).unwrap()),
    }
}

pub(super) fn percent(percent: u32) -> Rate {
    Rate::from_millionths(percent * 10_000).unwrap()
}

/// The rules that do not hold, in the order listed.
pub(super) fn rules_of(verdict: &Verdict) -> Vec<Rule> {
    verdict.reasons.iter().map(|reason| reason.rule).collect()
}

/// `critical [database] 3 of 4 good; 4 of 4 good; database/login: postgres.28P01`: a reason in one line.
pub(super) fn line(reason: &Reason) -> String {
    let tests: Vec<_> = reason
        .tests
        .iter()
        .map(|(id, code)| match code {
            Some(code) => format!("{id}: {code}"),
            None => id.to_string(),
        })
        .collect();
    let category = reason.category.as_ref().map_or("-", Category::as_str);
    format!(
        "{} {} [{category}] {}; needs {}; {}",
        reason.word,
        reason.rule.name(),
        reason.actual,
        reason.required,
        tests.join(", ")
    )
}
