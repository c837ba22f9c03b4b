//! The rules, one function each. Each lists everything it requires of this run, held or not.

use crate::model::{Cap, Category, GateMode, NotRun, Rate, Rule, Status, Why};

use super::complete;
use super::conditions::conditions;
use super::floor::{Floor, Tally};
use super::instance::{Instance, View};
use super::ruling::{Check, State, named};
use super::standing::Standing;

/// Everything a rule requires.
pub(super) fn checks(rule: Rule, view: &View<'_>) -> Vec<Check> {
    match rule {
        Rule::Preflight => preflight(view),
        Rule::Critical => critical(view),
        Rule::PassRate => vec![pass_rate(view)],
        Rule::CategoryPassRate => category_pass_rate(view),
        Rule::CriticalOut => critical_out(view),
        Rule::MinExecuted => min_executed(view),
        Rule::RequiredCategory => required_category(view),
        Rule::MaxFlaky => vec![cap(view, Status::Flaky, view.policy.max_flaky)],
        Rule::MaxSkipped => vec![cap(view, Status::Skipped, view.policy.max_skipped)],
        Rule::MaxWaived => vec![cap(view, Status::Waived, view.policy.max_waived)],
        Rule::Strict => vec![strict(view)],
        Rule::Partial => vec![partial(view)],
        Rule::Interrupted => vec![interrupted(view)],
        Rule::Complete => complete::checks(view.record),
    }
}

/// Each critical instance of a preflight category is good; out will not do, we want to know. Those blocked from outside preflight
/// say nothing about us: they are vetoes like the rest.
fn preflight(view: &View<'_>) -> Vec<Check> {
    by_category(view, |instance| instance.decides)
        .map(|(category, all)| {
            let good = all.iter().filter(|one| one.standing == Standing::Good);
            let good = good.count();
            Check {
                state: if good == all.len() {
                    State::Holds
                } else {
                    State::Undecidable
                },
                category: Some(category.clone()),
                required: format!("{} of {} good", all.len(), all.len()),
                actual: format!("{good} of {} good", all.len()),
                tests: named(
                    all.iter()
                        .copied()
                        .filter(|one| one.standing != Standing::Good),
                ),
            }
        })
        .collect()
}

/// Every critical instance that counts is good: a floor of 100 %. It is one floor;
/// it is told by category, and is lost when one is.
fn critical(view: &View<'_>) -> Vec<Check> {
    by_category(view, |instance| {
        instance.critical && !instance.decides && instance.standing != Standing::Out
    })
    .map(|(category, all)| of_floor(Rate::ALL, Some(category), &all))
    .collect()
}

/// The floor over all instances, preflight included.
fn pass_rate(view: &View<'_>) -> Check {
    let all: Vec<_> = view.instances.iter().collect();
    of_floor(view.policy.pass_rate, None, &all)
}

/// The floors of categories. In a partial run a category of which nothing was selected has none:
/// that is told once, by [`partial`].
fn category_pass_rate(view: &View<'_>) -> Vec<Check> {
    let floors = view.policy.categories.iter();
    floors
        .filter_map(|category| Some((&category.name, category.pass_rate?)))
        .filter_map(|(name, rate)| {
            let all: Vec<_> = view.of_category(name).collect();
            let unselected = all.is_empty() && view.is_partial();
            (!unselected).then(|| of_floor(rate, Some(name), &all))
        })
        .collect()
}

/// No critical instance is out, and no invariant is missing: what proves nothing must not be what we rely on.
fn critical_out(view: &View<'_>) -> Vec<Check> {
    let mut checks: Vec<_> = by_category(view, |one| one.critical && !one.decides)
        .map(|(category, all)| {
            let is_out = |one: &&Instance<'_>| one.standing == Standing::Out;
            let out = all.iter().copied().filter(is_out);
            let counted = all.len() - out.clone().count();
            Check {
                state: State::holds_or_open(counted == all.len()),
                category: Some(category.clone()),
                required: format!("{} of {} counted", all.len(), all.len()),
                actual: format!("{counted} of {} counted", all.len()),
                tests: named(out),
            }
        })
        .collect();
    for invariant in &view.policy.invariants {
        let mut all = view.instances.iter();
        let planned = all.any(|one| one.test.header.id.is_meant_by(invariant));
        checks.push(Check {
            // What was not selected is told once, by the rule `partial`.
            state: State::holds_or_open(planned || view.is_partial()),
            category: Some(invariant.category().clone()),
            required: "the invariant planned".to_owned(),
            actual: "not planned".to_owned(),
            tests: vec![(invariant.clone(), None)],
        });
    }
    checks
}

/// Enough was looked at and judged, by share and by number.
fn min_executed(view: &View<'_>) -> Vec<Check> {
    let whole = view.planned() - view.count(Status::Skipped);
    let executed = |one: &&Instance<'_>| one.test.status.is_executed();
    let done = view.instances.iter().filter(executed).count() as u64;
    let check = |holds, required, actual| Check {
        state: State::holds_or_open(holds),
        category: None,
        required,
        actual,
        tests: named(
            view.instances
                .iter()
                .filter(|one| !executed(one) && !one.is(Status::Skipped)),
        ),
    };
    let minimum = view.policy.min_executed;
    let share = minimum.percent.map(|rate| {
        let holds = rate.is_reached_by(done, whole);
        match (whole, view.planned()) {
            // A share of nothing is no number.
            (0, 0) => check(holds, String::new(), "no test is planned".to_owned()),
            (0, planned) => check(holds, String::new(), format!("all {planned} are skipped")),
            _ => check(
                holds,
                format!("{} of {whole} executed ({rate})", rate.needed_of(whole)),
                format!("{done} of {whole} executed"),
            ),
        }
    });
    let number = minimum.tests.map(|tests| {
        check(
            done >= tests,
            format!("{tests} executed"),
            format!("{done} executed"),
        )
    });
    share.into_iter().chain(number).collect()
}

/// Each required category has an instance that counts. In a partial run: each of which something was selected.
fn required_category(view: &View<'_>) -> Vec<Check> {
    let required = view.policy.require_categories.iter();
    required
        .filter_map(|category| {
            let all: Vec<_> = view.of_category(category).collect();
            if all.is_empty() && view.is_partial() {
                return None;
            }
            let counts = |one: &&&Instance<'_>| one.standing != Standing::Out;
            let counted = all.iter().filter(counts).count();
            Some(Check {
                state: State::holds_or_open(counted > 0),
                category: Some(category.clone()),
                required: "at least 1 counted".to_owned(),
                actual: if all.is_empty() {
                    "none planned".to_owned()
                } else {
                    format!("{counted} of {} counted", all.len())
                },
                tests: named(all.iter().copied().filter(|one| !counts(&one))),
            })
        })
        .collect()
}

/// At most so many ended so.
fn cap(view: &View<'_>, status: Status, cap: Cap) -> Check {
    let whole = view.planned();
    let count = view.count(status);
    Check {
        state: State::holds_or_open(cap.allows(count, whole)),
        category: None,
        required: format!("at most {cap} {status}"),
        actual: format!("{count} of {whole} {status}"),
        tests: named(view.instances.iter().filter(|one| one.is(status))),
    }
}

/// No condition, where none is wanted.
fn strict(view: &View<'_>) -> Check {
    let count = if view.policy.strict {
        conditions(view.record).len()
    } else {
        0
    };
    let s = if count == 1 { "" } else { "s" };
    Check {
        state: State::holds_or_open(count == 0),
        category: None,
        required: "none (--strict)".to_owned(),
        actual: format!("{count} condition{s}"),
        tests: Vec::new(),
    }
}

/// Everything was selected, where the gate is about everything.
fn partial(view: &View<'_>) -> Check {
    let selected = view.planned();
    let header = &view.record.header;
    let of = match &header.partial {
        Some(partial) => partial.of,
        None => selected.saturating_add(header.filtered),
    };
    let about_everything = match view.policy.mode {
        GateMode::Full => true,
        GateMode::Selection => false,
    };
    Check {
        state: State::holds_or_open(!(about_everything && view.is_partial())),
        category: None,
        required: format!("all {of} selected"),
        actual: format!("{selected} of {of} selected"),
        tests: Vec::new(),
    }
}

/// The run came to its own end. A killed run has no signal in its record: it never said that it had ended, though all of its
/// tests may have, and their sessions be open still.
fn interrupted(view: &View<'_>) -> Check {
    let cut = |one: &&Instance<'_>| match one.test.why {
        Some(Why::NotRun(NotRun::Interrupted | NotRun::Killed)) => true,
        Some(
            Why::NotRun(NotRun::FailFast | NotRun::Deadline)
            | Why::Blocked(_)
            | Why::Skipped(_)
            | Why::Errored(_),
        )
        | None => false,
    };
    let tests = named(view.instances.iter().filter(cut));
    let signal = view.record.interrupted;
    Check {
        state: State::holds_or_open(view.record.ended && signal.is_none() && tests.is_empty()),
        category: None,
        required: "run to its end".to_owned(),
        actual: signal.map_or_else(
            || "cut short".to_owned(),
            |signal| format!("interrupted by {}", signal.name()),
        ),
        tests,
    }
}

fn of_floor(rate: Rate, category: Option<&Category>, all: &[&Instance<'_>]) -> Check {
    let tally: Tally = all.iter().map(|one| one.standing).collect();
    let floor = Floor { rate, tally };
    let in_the_way = |one: &&Instance<'_>| match one.standing {
        Standing::Bad | Standing::Open => true,
        Standing::Good | Standing::Out => false,
    };
    Check {
        state: floor.state(),
        category: category.cloned(),
        required: floor.required(),
        actual: floor.actual(),
        tests: named(all.iter().copied().filter(in_the_way)),
    }
}

/// The instances meant, by category, in the order of the categories; those without any left out.
fn by_category<'v, 'a>(
    view: &'v View<'a>,
    meant: impl Fn(&Instance<'a>) -> bool + 'v,
) -> impl Iterator<Item = (&'a Category, Vec<&'v Instance<'a>>)> {
    view.categories.iter().filter_map(move |category| {
        let all: Vec<_> = view
            .of_category(category)
            .filter(|one| meant(one))
            .collect();
        (!all.is_empty()).then_some((*category, all))
    })
}
