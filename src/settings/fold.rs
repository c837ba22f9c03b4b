//! Folding the layers: flag > environment > target > `allclear.yaml` > built-in.

use super::{Flags, Permission, RunConfig, Verbosity};
use crate::model::{Category, GateMode, Policy, TestId};
use crate::suite::{GateKeys, Project, Target};
use crate::yaml::written_duration;

/// The layers contradict each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// Side effects on a production target need its name on the flag.
    #[error(
        "target `{target}` is marked `production: true`: write `--allow-side-effects={target}` to allow side effects there"
    )]
    Production {
        /// The target.
        target: String,
    },
    /// Side effects were allowed for another target.
    #[error("side effects are allowed for target `{allowed}`, but the run is on `{target}`")]
    OtherTarget {
        /// The one on the flag.
        allowed: String,
        /// The one of the run.
        target: String,
    },
}

/// Folds flags (already over the environment), target and project into what a run is told.
pub fn fold(flags: &Flags, project: &Project, target: &Target) -> Result<RunConfig, FoldError> {
    let built_in = RunConfig::default();
    let jobs = flags.jobs.or(target.jobs).unwrap_or(built_in.jobs);
    Ok(RunConfig {
        jobs,
        per_origin: target.per_origin.unwrap_or(jobs).min(jobs),
        deadline: flags.deadline,
        fail_fast: flags.fail_fast.unwrap_or(built_in.fail_fast),
        keep_evidence: flags.verbosity == Some(Verbosity::Verbose),
        grace: built_in.grace,
        allow_commands: flags.allow_commands.unwrap_or(built_in.allow_commands),
        allow_side_effects: side_effects(flags.allow_side_effects.as_ref(), target)?,
        policy: policy(flags, project, target),
        overridden: overridden(&target.gate),
        flags: meaningful(flags),
        vantage: flags.vantage.clone(),
        runs: flags.runs.clone().unwrap_or(built_in.runs),
        keep: flags.keep.unwrap_or(built_in.keep),
    })
}

fn side_effects(permission: Option<&Permission>, target: &Target) -> Result<bool, FoldError> {
    match permission {
        None | Some(Permission::Nowhere) => Ok(false),
        Some(Permission::NotProduction) if target.production => Err(FoldError::Production {
            target: target.name.clone(),
        }),
        Some(Permission::NotProduction) => Ok(true),
        Some(Permission::Target(allowed)) if *allowed == target.name => Ok(true),
        Some(Permission::Target(allowed)) => Err(FoldError::OtherTarget {
            allowed: allowed.clone(),
            target: target.name.clone(),
        }),
    }
}

/// The gate's rules: a key of the target stands above the same key of the project.
fn policy(flags: &Flags, project: &Project, target: &Target) -> Policy {
    let built_in = Policy::default();
    let (near, far) = (&target.gate, &project.gate);
    let all_listed: Vec<Category> = project
        .categories
        .iter()
        .map(|category| category.name.clone())
        .collect();
    Policy {
        pass_rate: near
            .pass_rate
            .or(far.pass_rate)
            .unwrap_or(built_in.pass_rate),
        min_executed: near
            .min_executed
            .or(far.min_executed)
            .unwrap_or(built_in.min_executed),
        require_categories: near
            .require_categories
            .clone()
            .or_else(|| far.require_categories.clone())
            .unwrap_or(all_listed),
        max_flaky: near
            .max_flaky
            .or(far.max_flaky)
            .unwrap_or(built_in.max_flaky),
        max_skipped: near
            .max_skipped
            .or(far.max_skipped)
            .unwrap_or(built_in.max_skipped),
        max_waived: near
            .max_waived
            .or(far.max_waived)
            .unwrap_or(built_in.max_waived),
        invariants: invariants(near, far),
        categories: project.categories.clone(),
        mode: flags.gate.unwrap_or(GateMode::Full),
        strict: flags.strict == Some(true),
    }
}

/// A target may add invariants, never take one away: that would be a way around what no target may leave out.
fn invariants(near: &GateKeys, far: &GateKeys) -> Vec<TestId> {
    let mut all: Vec<TestId> = far.invariants.clone().unwrap_or_default();
    for id in near.invariants.iter().flatten() {
        if !all.contains(id) {
            all.push(id.clone());
        }
    }
    all
}

fn overridden(gate: &GateKeys) -> Vec<String> {
    let keys = [
        ("pass_rate", gate.pass_rate.is_some()),
        ("min_executed", gate.min_executed.is_some()),
        ("require_categories", gate.require_categories.is_some()),
        ("max_flaky", gate.max_flaky.is_some()),
        ("max_skipped", gate.max_skipped.is_some()),
        ("max_waived", gate.max_waived.is_some()),
        ("invariants", gate.invariants.is_some()),
    ];
    keys.into_iter()
        .filter(|(_, is_written)| *is_written)
        .map(|(key, _)| key.to_owned())
        .collect()
}

/// The flags that a reader of the report must know to understand the run, or to run it again.
fn meaningful(flags: &Flags) -> Vec<String> {
    let mut given = Vec::new();
    for (flag, path) in [
        ("--suites", &flags.suites),
        ("--runs", &flags.runs),
        ("--rules", &flags.rules),
    ] {
        given.extend(path.iter().map(|path| format!("{flag} {}", path.display())));
    }
    given.extend(flags.jobs.map(|jobs| format!("--jobs {jobs}")));
    if flags.fail_fast == Some(true) {
        given.push("--fail-fast".to_owned());
    }
    if let Some(deadline) = flags.deadline {
        given.push(format!("--deadline {}", written_duration(deadline)));
    }
    if flags.gate == Some(GateMode::Selection) {
        given.push("--gate selection".to_owned());
    }
    if flags.strict == Some(true) {
        given.push("--strict".to_owned());
    }
    if flags.exit_zero == Some(true) {
        given.push("--exit-zero".to_owned());
    }
    if flags.allow_commands == Some(true) {
        given.push("--allow-commands".to_owned());
    }
    match &flags.allow_side_effects {
        Some(Permission::NotProduction) => given.push("--allow-side-effects".to_owned()),
        Some(Permission::Target(target)) => given.push(format!("--allow-side-effects={target}")),
        None | Some(Permission::Nowhere) => {}
    }
    // Values may be secret; that a variable was overridden is what a reader must know.
    given.extend(flags.set.iter().map(|(name, _)| format!("--set {name}")));
    given
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Rate;

    fn target(production: bool) -> Target {
        Target {
            name: "staging".into(),
            description: None,
            production,
            embedded: false,
            variables: Vec::new(),
            jobs: Some(4),
            per_origin: Some(99),
            gate: GateKeys {
                pass_rate: Rate::from_millionths(900_000),
                ..GateKeys::default()
            },
            omit: Vec::new(),
        }
    }

    #[test]
    fn the_nearest_layer_wins() {
        let project = Project {
            gate: GateKeys {
                pass_rate: Rate::from_millionths(700_000),
                ..GateKeys::default()
            },
            ..Project::default()
        };
        let config = fold(&Flags::default(), &project, &target(false)).unwrap();
        assert_eq!(config.jobs, 4);
        assert_eq!(config.per_origin, 4, "no more at one origin than at all");
        assert_eq!(
            config.policy.pass_rate,
            Rate::from_millionths(900_000).unwrap()
        );
        assert_eq!(config.overridden, ["pass_rate"]);
        let config = fold(
            &Flags {
                jobs: Some(2),
                ..Flags::default()
            },
            &project,
            &target(false),
        )
        .unwrap();
        assert_eq!(config.jobs, 2);
    }

    #[test]
    fn a_target_takes_no_invariant_away() {
        let keys = |ids: &[&str]| GateKeys {
            invariants: Some(ids.iter().filter_map(|id| TestId::parse(id)).collect()),
            ..GateKeys::default()
        };
        let project = Project {
            gate: keys(&["a/b"]),
            ..Project::default()
        };
        let of = |ids: &[&str]| {
            let target = Target {
                gate: keys(ids),
                ..target(false)
            };
            let config = fold(&Flags::default(), &project, &target).unwrap();
            config
                .policy
                .invariants
                .iter()
                .map(TestId::to_string)
                .collect::<Vec<_>>()
        };
        assert_eq!(of(&[]), ["a/b"]);
        assert_eq!(of(&["c/d", "a/b"]), ["a/b", "c/d"]);
    }

    #[test]
    fn production_wants_its_name_on_the_flag() {
        let with = |permission| Flags {
            allow_side_effects: Some(permission),
            ..Flags::default()
        };
        let project = Project::default();
        assert!(fold(&with(Permission::NotProduction), &project, &target(true)).is_err());
        assert!(
            fold(
                &with(Permission::Target("other".into())),
                &project,
                &target(true)
            )
            .is_err()
        );
        assert!(
            fold(
                &with(Permission::Target("staging".into())),
                &project,
                &target(true)
            )
            .unwrap()
            .allow_side_effects
        );
        assert!(
            fold(&with(Permission::NotProduction), &project, &target(false))
                .unwrap()
                .allow_side_effects
        );
        assert!(
            !fold(&Flags::default(), &project, &target(false))
                .unwrap()
                .allow_side_effects
        );
    }
}
