//! From loaded suites to a plan.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::requirements::{Requirements, resolve};
use super::select::Chooser;
use super::sessions::{plan_actors, plan_sessions, used_by};
use super::{
    Plan, PlanError, PlannedActor, PlannedCold, PlannedStep, PlannedTest, Selection, Skip,
};
use crate::model::{
    CategoryPolicy, ExpectationText, IdPattern, Omitted, OnFail, Partial, Policy, RunHeader, RunId,
    TestHeader,
};
use crate::probe::{Needs, authority_of};
use crate::settings::RunConfig;
use crate::suite::{Cold, Mode, Omit, Step, Suites, Test, Used};
use crate::template::Mask;

/// A clean-up without a `timeout` of its own may take this long; so may what forces a cold start, and each look of its proof.
pub(super) const CLEANUP_TIMEOUT: Duration = Duration::from_secs(10);

/// A look of `on_fail` without a `timeout` of its own may take this long.
const LOOK_TIMEOUT: Duration = Duration::from_secs(10);

/// Which run this is, where and when.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The run.
    pub id: RunId,
    /// Wall-clock start, UTC.
    pub started: Timestamp,
    /// The name of this machine.
    pub host: String,
    /// The suites are those inside the program.
    pub shipped: bool,
}

/// Selects, orders, and applies every default. `lints` are recorded as conditions.
pub fn build(
    suites: Suites,
    selection: &Selection,
    config: &RunConfig,
    identity: Identity,
    lints: &[String],
    mask: &Mask,
) -> Result<Plan, PlanError> {
    let policy = config.policy.clone();
    let Suites {
        tests,
        sessions,
        target,
        digests,
        ..
    } = suites;
    let chooser = Chooser::new(selection, &tests)?;

    let (mut tests, omitted) = without_omitted(tests, &target.omit);
    tests.sort_by_cached_key(|test| rank(test, &policy));
    let total = tests.len() as u64;
    let requirements = resolve(&tests);
    let is_meant = |test: &Test| chooser.means(test, is_critical(test, &policy));
    let chosen: Vec<bool> = tests.iter().map(is_meant).collect();
    let planned = requirements.closure(&chosen);

    // What is required is planned, and so has a place of its own.
    let moved = positions(&planned);
    let is_wanted = requirements.wanted_groups(&planned);
    let is_compared = requirements.compared(&planned);
    let moved_groups = positions(&is_wanted);
    let Requirements { of, groups } = requirements;
    let ids: Vec<_> = tests.iter().map(|test| test.id.clone()).collect();
    let (mut sessions, session_positions) = plan_sessions(sessions, &tests, &planned, config);

    let plan = |(at, test): (usize, Test)| {
        let links = Links {
            required_ids: of[at].tests.iter().map(|at| ids[*at].clone()).collect(),
            required: of[at].tests.iter().map(|at| moved[*at]).collect(),
            required_categories: of[at]
                .groups
                .iter()
                .map(|group| groups[*group].0.clone())
                .collect(),
            groups: of[at]
                .groups
                .iter()
                .map(|group| moved_groups[*group])
                .collect(),
            uses: test
                .uses
                .iter()
                .flat_map(Used::names)
                .filter_map(|name| session_positions.get(name).copied())
                .collect(),
            actors: plan_actors(&test, &session_positions),
            compare_with: of[at].compared.map(|at| moved[at]),
            is_compared: is_compared[at],
            pulled_in: !chosen[at],
        };
        let test = plan_test(test, links, &policy, config, mask);
        used_by(&test, &mut sessions);
        test
    };
    // Collected in the room of the tests themselves, which are larger: there may be ten thousand of them.
    let is_planned = |(at, _): &(usize, Test)| planned[*at];
    let all = tests.into_iter().enumerate();
    let result: Vec<PlannedTest> = all.filter(is_planned).map(plan).collect();

    let selected = result.len() as u64;
    let header = RunHeader {
        id: identity.id,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        started: identity.started,
        shipped: identity.shipped,
        vantage: config
            .vantage
            .clone()
            .unwrap_or_else(|| identity.host.clone()),
        host: identity.host,
        target: target.name,
        variables: target
            .variables
            .into_iter()
            .map(|(name, value)| (name, masked(mask, value)))
            .collect(),
        flags: config.flags.clone(),
        policy,
        overridden: config.overridden.clone(),
        omitted,
        lints: lints
            .iter()
            .map(|lint| masked(mask, lint.clone()))
            .collect(),
        digests,
        partial: selection.in_words().map(|by| Partial {
            by,
            selected,
            of: total,
        }),
        filtered: total - selected,
        tests: result.iter().map(|test| test.header.clone()).collect(),
    };
    let groups = groups.into_iter().zip(is_wanted);
    let groups = groups
        .filter(|(_, is_wanted)| *is_wanted)
        .map(|((_, tests), _)| tests.into_iter().map(|at| moved[at]).collect());
    Ok(Plan {
        header: Arc::new(header),
        tests: result,
        groups: groups.collect(),
        sessions,
    })
}

/// Positions change when others leave: for each, how many of those before it stay.
fn positions(stays: &[bool]) -> Vec<usize> {
    let mut before = 0;
    let next = |stays: &bool| {
        let position = before;
        before += usize::from(*stays);
        position
    };
    stays.iter().map(next).collect()
}

/// How a test is tied to others.
struct Links {
    required_ids: Vec<crate::model::TestId>,
    required: Vec<usize>,
    required_categories: Vec<crate::model::Category>,
    groups: Vec<usize>,
    uses: Vec<usize>,
    actors: Vec<PlannedActor>,
    compare_with: Option<usize>,
    is_compared: bool,
    pulled_in: bool,
}

/// Preflight first, then categories as listed; within one, the order of the load (file, position, row) stands.
fn rank(test: &Test, policy: &Policy) -> (bool, usize) {
    let listed = policy
        .categories
        .iter()
        .position(|category| category.name == *test.id.category());
    let is_preflight = policy.is_preflight(test.id.category());
    (!is_preflight, listed.unwrap_or(policy.categories.len()))
}

fn is_invariant(test: &Test, policy: &Policy) -> bool {
    policy
        .invariants
        .iter()
        .any(|wanted| test.id.is_meant_by(wanted))
}

fn is_critical(test: &Test, policy: &Policy) -> bool {
    test.critical
        || policy
            .category(test.id.category())
            .is_some_and(|category: &CategoryPolicy| category.critical)
        || is_invariant(test, policy)
}

fn without_omitted(tests: Vec<Test>, omit: &[Omit]) -> (Vec<Test>, Vec<Omitted>) {
    let globs: Vec<IdPattern> = omit
        .iter()
        .map(|omit| IdPattern::new(omit.pattern.as_str()))
        .collect();
    let mut counts = vec![0_u64; omit.len()];
    let stays = |test: &Test| match globs.iter().position(|glob| glob.matches(&test.id)) {
        Some(at) => {
            counts[at] += 1;
            false
        }
        None => true,
    };
    let tests = tests.into_iter().filter(stays).collect();
    let record = |(omit, instances): (&Omit, u64)| Omitted {
        pattern: omit.pattern.clone(),
        reason: omit.reason.clone(),
        instances,
    };
    (tests, omit.iter().zip(counts).map(record).collect())
}

fn plan_test(
    mut test: Test,
    links: Links,
    policy: &Policy,
    config: &RunConfig,
    mask: &Mask,
) -> PlannedTest {
    // What forces a start anew changes something, whatever it is.
    let changes = test.side_effects || test.cold.is_some();
    let of_cold = test.cold.iter().flat_map(|cold| cold.steps());
    let permission = missing_permission(
        test.steps.iter().chain(&test.cleanup).chain(of_cold),
        changes,
        config,
    );
    let skip = test
        .when_false
        .as_ref()
        .map(|when| Skip::When(when.clone()))
        .or(permission);
    let critical = is_critical(&test, policy);
    let preflight = policy.is_preflight(test.id.category());
    let side_effects = changes || test.steps.iter().any(|step| step.needs.side_effects);

    let resources = resources_of(&mut test.steps);
    let origins = origins_of(&resources);
    // What a test is about is what its steps look at; failures are not grouped by what else is shown of them.
    let mut origins_of_looks = origins_of(&resources_of(&mut test.looks));
    origins_of_looks.retain(|origin| !origins.contains(origin));
    let header = TestHeader {
        critical,
        invariant: is_invariant(&test, policy),
        preflight,
        requires: links.required_ids,
        requires_categories: links.required_categories,
        resources: resources
            .into_iter()
            .map(|resource| masked(mask, resource))
            .collect(),
        pulled_in: links.pulled_in,
        alone: test.alone != crate::suite::Alone::No,
        expectations: expectations(&mut test.steps, &test.mode, mask),
        id: test.id,
        place: test.place,
        title: test.title.map(|text| masked(mask, text)),
        description: test.description.map(|text| masked(mask, text)),
        tags: test.tags,
        owner: test.owner,
        uses: test.uses.iter().flat_map(Used::names).cloned().collect(),
        on_fail: OnFail {
            class: test.on_fail.class,
            owner: test.on_fail.owner.map(|text| masked(mask, text)),
            hint: test.on_fail.hint.map(|text| masked(mask, text)),
            runbook: test.on_fail.runbook.map(|text| masked(mask, text)),
        },
        connections: test.connections,
        digest: test.digest,
    };
    PlannedTest {
        header: Arc::new(header),
        skip,
        mode: test.mode,
        timeout: test.timeout,
        cold: test.cold.map(|cold| Box::new(plan_cold(*cold))),
        steps: plan_steps(test.steps, test.timeout),
        cleanup: plan_steps(test.cleanup, CLEANUP_TIMEOUT),
        looks: plan_steps(test.looks, LOOK_TIMEOUT),
        alone: test.alone,
        connections: test.connections,
        expect_failure: test.expect_failure,
        requires: links.required,
        compare_with: links.compare_with,
        is_compared: links.is_compared,
        requires_groups: links.groups,
        uses: links.uses,
        actors: links.actors,
        side_effects,
        guards: preflight && critical,
        origins,
        origins_of_looks,
    }
}

/// What these steps look at, each once, taken from them.
fn resources_of(steps: &mut [Step]) -> Vec<String> {
    let taken = |step: &mut Step| std::mem::take(&mut step.resources);
    let mut resources: Vec<String> = steps.iter_mut().flat_map(taken).collect();
    resources.sort_unstable();
    resources.dedup();
    resources
}

fn origins_of(resources: &[String]) -> Vec<String> {
    let sockets = resources.iter();
    let sockets = sockets.filter_map(|resource| authority_of(resource));
    let mut origins: Vec<String> = sockets.map(str::to_owned).collect();
    // However many name servers lead there.
    origins.sort_unstable();
    origins.dedup();
    origins
}

pub(super) fn plan_steps(mut steps: Vec<Step>, timeout: Duration) -> Vec<PlannedStep> {
    // Into a room of its own: in that of the steps, which are larger, a third would stay empty.
    let planned = steps.drain(..).map(|step| plan_step(step, timeout));
    planned.collect()
}

fn plan_cold(cold: Cold) -> PlannedCold {
    let proof = cold.proof.map(|step| plan_step(step, CLEANUP_TIMEOUT));
    let fact = proof.iter().flat_map(|step| step.captures.paths());
    PlannedCold {
        force: plan_steps(cold.force, CLEANUP_TIMEOUT),
        fact: fact.collect(),
        proof,
    }
}

fn plan_step(step: Step, timeout: Duration) -> PlannedStep {
    PlannedStep {
        name: step.name,
        probe: step.probe,
        look: step.look,
        captures: step.captures,
        wants: step.wants,
        timeout: step.timeout.unwrap_or(timeout),
        until: step.until,
        isolation: step.isolation,
        place: step.place,
    }
}

/// The text without secrets; as it is when there are none in it.
fn masked(mask: &Mask, text: String) -> String {
    match mask.apply(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(masked) => masked,
    }
}

/// What each step expects, then what is claimed about all attempts together.
fn expectations(steps: &mut [Step], mode: &Mode, mask: &Mask) -> Vec<ExpectationText> {
    let of = |step: &mut Step| {
        let name = step.name.clone();
        let texts = std::mem::take(&mut step.expectations);
        texts.into_iter().map(move |text| ExpectationText {
            step: name.clone(),
            text: masked(mask, text),
        })
    };
    let claims = match mode {
        Mode::Repeat(repeat) => {
            let of_all = |claim| format!("of {} attempts: {claim}", repeat.times);
            let compared = repeat.compare_with.iter();
            let compared = compared.map(|with| with.comparison.expected(&with.test));
            let claims = repeat.claims.texts().into_iter();
            claims.chain(compared).map(of_all).collect()
        }
        Mode::Once | Mode::Retry(_) | Mode::Until(_) => Vec::new(),
    };
    let claims = claims
        .into_iter()
        .map(|text| ExpectationText { step: None, text });
    let mut all: Vec<_> = steps.iter_mut().flat_map(of).chain(claims).collect();
    all.shrink_to_fit();
    all
}

/// The permission for want of which a test is skipped.
pub(super) fn missing_permission<'s>(
    steps: impl Iterator<Item = &'s Step>,
    side_effects: bool,
    config: &RunConfig,
) -> Option<Skip> {
    let needs = steps.fold(
        Needs {
            commands: false,
            side_effects,
        },
        |sum, step| Needs {
            commands: sum.commands || step.needs.commands,
            side_effects: sum.side_effects || step.needs.side_effects,
        },
    );
    if needs.commands && !config.allow_commands {
        return Some(Skip::Needs("--allow-commands"));
    }
    (needs.side_effects && !config.allow_side_effects)
        .then_some(Skip::Needs("--allow-side-effects"))
}
