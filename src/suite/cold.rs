//! `force_cold` and `proof_of_cold`: a start that is to be a cold one, and what shows that it was.

use std::sync::{Arc, LazyLock};

use super::early;
use super::scope::StepScope;
use super::step::{self, Around, Meant, decode_list, is_told};
use super::who::need_no_actors;
use super::{Mode, Step};
use crate::check::Captures;
use crate::model::{ActorName, Connections, FactKind, StepName};
use crate::probe::AnyProbe;
use crate::yaml::{Diagnostic, Diagnostics, Entry, Fields, Kind, Node, Sources, Span};

/// How a test makes the start that its steps look at a cold one.
#[derive(Debug)]
pub struct Cold {
    /// Before the steps of every attempt, in order.
    pub force: Vec<Step>,
    /// Looked at before and after; captures the one name [`PROOF`].
    pub proof: Option<Step>,
    /// The key `force_cold`.
    pub(super) span: Span,
}

/// What the proof captures. No suite reads it: `${proof_of_cold}` is nobody's.
pub const PROOF: &str = "proof_of_cold";

const FORCE: &str = "force_cold";

/// The keys of `proof_of_cold` beside its probe.
pub(super) const PROOF_KEYS: &[&str] = &["fact", "timeout"];

static KNOWN: LazyLock<Vec<&str>> =
    LazyLock::new(|| PROOF_KEYS.iter().chain(AnyProbe::NAMES).copied().collect());

/// Reads both keys of a test; also gives what its steps see, which is what was captured while it was forced, too.
pub(super) fn cold(
    fields: &Fields<'_>,
    scope: &StepScope,
    sources: &Arc<Sources>,
    problems: &mut Diagnostics,
) -> (Option<Box<Cold>>, StepScope) {
    // It is looked at before anything is forced, so it sees nothing of that.
    let proof = fields
        .get(PROOF)
        .and_then(|node| proof(node, scope, sources, problems));
    let Some(forcing) = fields.entry(FORCE) else {
        if let Some(entry) = fields.entry(PROOF).filter(|_| !is_told(fields, &[FORCE])) {
            problems.push(
                Diagnostic::error(
                    entry.key_span,
                    "there is no `force_cold`, so no start is a cold one to be proved",
                )
                .help("the look before would wake what sleeps; write what forces a new instance: `force_cold: { command: … }`"),
            );
        }
        return (None, scope.clone());
    };
    let (force, after) = force(&forcing.value, scope, sources, problems);
    let cold = Cold {
        force,
        proof,
        span: forcing.key_span,
    };
    (Some(Box::new(cold)), after)
}

/// Tells of what a cold start cannot go together with.
pub(super) fn fit(
    cold: Option<&Cold>,
    mode: Option<(&Mode, Span)>,
    actors: &[ActorName],
    problems: &mut Diagnostics,
) {
    let Some(cold) = cold else { return };
    match mode {
        Some((Mode::Until(_), span)) => problems.push(
            Diagnostic::error(span, "each poll would force a cold start anew")
                .help("write `until` on a step: then it is polled until one start is there"),
        ),
        Some((Mode::Repeat(repeat), span)) if repeat.concurrency > 1 => problems.push(
            Diagnostic::error(
                span,
                "an attempt would force away what those beside it look at",
            )
            .help("cold starts follow each other: leave `concurrency` out"),
        ),
        _ => {}
    }
    if !actors.is_empty() {
        problems.push(
            Diagnostic::error(
                cold.span,
                "it would be forced once for all `actors`, and cleaned up by each of them",
            )
            .help("force it in a test of its own, which this one `requires`"),
        );
    }
}

impl Cold {
    /// Every attempt connects anew: a connection that is kept leads to the instance of before.
    pub(super) fn connections(fields: &Fields<'_>, problems: &mut Diagnostics) -> Connections {
        if let Some(node) = fields.get("connections")
            && node
                .as_scalar()
                .is_some_and(|scalar| &*scalar.text == "reuse")
        {
            problems.push(
                Diagnostic::error(
                    node.span,
                    "a connection that is kept leads to the instance that was there before `force_cold`",
                )
                .help("leave it out: every attempt connects anew"),
            );
        }
        Connections::Fresh
    }

    /// All its looks.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.force.iter().chain(&self.proof)
    }
}

/// A step, or a list of them.
fn force(
    node: &Node,
    scope: &StepScope,
    sources: &Arc<Sources>,
    problems: &mut Diagnostics,
) -> (Vec<Step>, StepScope) {
    if node.as_mapping().is_none() && node.as_sequence().is_none() {
        let message = "expected a step, or a list of steps";
        problems.push(
            Diagnostic::error(node.span, message).help(
                "write `{ command: { argv: [program, argument] }, expect: { exit_code: 0 } }`",
            ),
        );
        return (Vec::new(), scope.clone());
    }
    let alone = node.as_mapping().map(|_| Node {
        span: node.span,
        kind: Kind::Sequence(vec![node.clone()]),
    });
    let (mut steps, after) = decode_list(alone.as_ref().unwrap_or(node), sources, scope, problems);
    need_no_actors(&steps, "`force_cold`", problems);
    for step in &mut steps {
        if !step.expects {
            problems.push(
                Diagnostic::error(
                    step.spans.probe,
                    "expects nothing, so nobody would know that no cold start was forced",
                )
                .help("of a command: `expect: { exit_code: 0 }`"),
            );
        }
        if alone.is_some() && node.get("name").is_none() {
            step.name = Some(StepName::new(FORCE));
        }
    }
    (steps, after)
}

/// A probe, and the one fact of it that another instance has another of.
fn proof(
    node: &Node,
    scope: &StepScope,
    sources: &Arc<Sources>,
    problems: &mut Diagnostics,
) -> Option<Step> {
    let fields = Fields::of(node, "`proof_of_cold` mapping", &KNOWN, problems)?;
    let around = Around {
        sources,
        scope: scope.clone(),
        position: Some(1),
        meant: Meant::ToJudge,
    };
    let step = step::decode(&fields, &around, problems);
    fields.required("fact", problems)?;
    let entry = fields.entry("fact")?;
    let mut step = step?;
    need_no_actors(std::slice::from_ref(&step), "`proof_of_cold`", problems);
    step.name = Some(StepName::new(PROOF));
    step.captures = fact(entry, step.probe, &around, problems)?;
    Some(step)
}

/// One fact, written as in `capture`: `{ json: $.instance_id }`.
fn fact(
    entry: &Entry,
    probe: &str,
    around: &Around<'_>,
    problems: &mut Diagnostics,
) -> Option<Captures> {
    let vocabulary = AnyProbe::vocabulary(probe)?;
    for inner in entry.value.as_mapping().unwrap_or_default() {
        let key = &*inner.key;
        let of_probe = vocabulary.facts.iter().find(|fact| fact.name == key);
        let is_measured = of_probe.is_some_and(|fact| fact.kind == FactKind::Duration);
        if is_measured || key == "latency" || key.split('.').next() == Some("phases") {
            problems.push(
                Diagnostic::error(
                    inner.key_span,
                    format!("`{key}` is measured, and another one at every look, warm or cold"),
                )
                .help("prove it with what an instance is known by: its id, when it booted, its revision"),
            );
            return None;
        }
    }
    let named = Node {
        span: entry.value.span,
        kind: Kind::Mapping(vec![Entry {
            key: PROOF.into(),
            key_span: entry.key_span,
            value: entry.value.clone(),
        }]),
    };
    let (scope, sources) = (&around.scope, around.sources);
    let filled = early::fill_text("fact", &named, scope, sources, problems)?;
    Captures::decode(&filled, vocabulary, sources, problems)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::PROOF;
    use crate::suite::Alone;
    use crate::suite::testing::Folder;

    const FORCE: &str = "force_cold: { scripted: { looks: [] }, expect: { text: y } }";

    fn test(keys: &str) -> String {
        format!("- {{ name: x, {keys}, scripted: {{ looks: [] }}, expect: {{ text: x }} }}")
    }

    #[test]
    fn one_step_or_a_list_of_them_and_a_fact() {
        let suites = Folder::tests(&test(
            "force_cold: [{ scripted: { looks: [] }, expect: { text: y }, capture: { id: { text: true } } }, \
             { name: b, scripted: { looks: [{ text: \"${id}\" }] }, expect: { text: y }, timeout: 3m }], \
             proof_of_cold: { scripted: { looks: [] }, fact: { text: true }, timeout: 2s }",
        ))
        .loaded();
        let cold = suites.tests[0].cold.as_ref().unwrap();
        let named = cold.steps().filter_map(|step| step.name.as_ref());
        let names: Vec<&str> = named.map(crate::model::StepName::as_str).collect();
        assert_eq!(names, ["step 1", "b", PROOF]);
        assert_eq!(cold.force[1].timeout, Some(Duration::from_mins(3)));
        let proof = cold.proof.as_ref().unwrap();
        assert_eq!(proof.captures.paths(), ["text"]);
        assert_eq!(proof.timeout, Some(Duration::from_secs(2)));

        let alone = Folder::tests(&test(FORCE)).loaded();
        let cold = alone.tests[0].cold.as_ref().unwrap();
        let name = cold.force[0].name.as_ref().unwrap();
        assert_eq!((name.as_str(), cold.proof.is_none()), ("force_cold", true));
    }

    #[test]
    fn nobody_runs_beside_what_forces_cold_starts_unless_it_says_so() {
        let alone = |keys: &str| {
            let suites = Folder::tests(&test(keys)).loaded();
            suites.tests[0].alone.clone()
        };
        assert_eq!(alone(FORCE), Alone::Everything);
        assert_eq!(alone(&format!("{FORCE}, alone: false")), Alone::No);
        assert_eq!(alone("critical: true"), Alone::No);
        let some = alone(&format!("{FORCE}, alone: [a]"));
        assert!(matches!(some, Alone::Of(_)), "{some:?}");
    }
}
