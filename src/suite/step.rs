//! One step: a probe, what must hold, what later steps want from it.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use super::Until;
use super::counted::Counted;
use super::defaults::timeout;
use super::early;
use super::scope::StepScope;
use super::unheard::{OpenRules, denied, open_rules};
use crate::check::{Captures, Expectations, ExpectedFault, Vocabulary};
use crate::model::{Place, StepName};
use crate::probe::{AnyProbe, Least, Needs, field_span};
use crate::template::{self, Template, place};
use crate::yaml::{Diagnostic, Diagnostics, Fields, Kind, Node, Sources, Span};

pub(super) use crate::yaml::did_you_mean as meant;

/// One step of a test, a clean-up or a session.
#[derive(Debug)]
pub struct Step {
    /// `None` for a test of one probe.
    pub name: Option<StepName>,
    /// The probe's key.
    pub probe: &'static str,
    /// What to look at, and what must hold.
    pub look: Look,
    /// What later steps want from it.
    pub captures: Captures,
    /// The captures of earlier steps it uses: a clean-up whose captures were never made is passed over.
    pub wants: Vec<String>,
    /// Its own `timeout`, where written.
    pub timeout: Option<Duration>,
    /// Polling until it holds; bounds the step instead of `timeout`.
    pub until: Option<Box<Until>>,
    /// What it looks at, as far as it is known at load.
    pub resources: Vec<String>,
    /// What is asked, in one line, as far as it is known at load.
    pub request: Option<String>,
    /// Every expectation in words.
    pub expectations: Vec<String>,
    /// Whether its own `expect` says more than "no fault".
    pub expects: bool,
    /// Whether it expects a fault.
    pub(super) expects_fault: bool,
    /// What must be allowed.
    pub needs: Needs,
    /// How long it takes at least, as far as that is known at load, and where that is said.
    pub(super) least: Option<Box<(Least, Span)>>,
    /// How long a part of it may take, and where that is said.
    pub(super) allowed: Option<Box<(Least, Span)>>,
    /// Where it stands.
    pub place: Place,
    /// Where it expects isolation of actors.
    pub isolation: Option<Box<Place>>,
    /// The key that says so.
    pub(super) isolation_key: Option<Span>,
    /// Where it waits for other actors.
    pub(super) waits: Option<Span>,
    /// Rules of `events` that judge what came until nobody listened any longer.
    pub(super) open_rules: Option<Box<OpenRules>>,
    /// Paths of `only` that leave out what has nothing there, and where they stand.
    pub(super) denied: Vec<(Arc<str>, Span)>,
    /// Of `http`, known at load: everything its request has beside the URL.
    pub(super) asks: Option<u64>,
    /// The keys of its `expect`.
    pub(super) facts: Vec<Arc<str>>,
    /// Where lints point at.
    pub(super) spans: Spans,
}

/// Where the parts of a step stand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spans {
    /// The key of its probe.
    pub(super) probe: Span,
    /// `timeout`; for the one probe of a test, the test's.
    pub(super) timeout: Option<Span>,
    /// `until`; for the one probe of a test, the test's.
    pub(super) until: Option<Span>,
}

/// Ready, or to be filled before each attempt.
#[derive(Debug)]
pub enum Look {
    /// Everything is known.
    Ready(Box<AnyProbe>, Expectations),
    /// Some scalars are late.
    Late(Box<LateLook>),
}

/// A step with late scalars.
#[derive(Debug)]
pub struct LateLook {
    /// The probe's mapping.
    pub probe: Template,
    /// `expect:`; `None` when the step has none.
    pub expect: Option<Template>,
}

/// The keys a step has beside its probe.
pub(super) const STEP_KEYS: &[&str] = &["name", "expect", "capture", "timeout", "until"];

/// The keys a look of `on_fail` has beside its probe.
pub(super) const LOOK_KEYS: &[&str] = &["name", "timeout"];

/// What decoding a step needs to know.
pub(super) struct Around<'a> {
    pub(super) sources: &'a Arc<Sources>,
    pub(super) scope: StepScope,
    /// For a step: from 1. `None` for the one probe of a test.
    pub(super) position: Option<usize>,
    pub(super) meant: Meant,
}

/// What is made of what a step sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meant {
    /// It is judged.
    ToJudge,
    /// It is only shown: a look of `on_fail`.
    ToShow,
}

impl Meant {
    const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::ToJudge => STEP_KEYS,
            Self::ToShow => LOOK_KEYS,
        }
    }

    /// What it is called.
    const fn noun(self) -> &'static str {
        match self {
            Self::ToJudge => "step",
            Self::ToShow => "look",
        }
    }
}

/// Reads the one probe of a mapping, what it expects and what it captures. `fields` may have more keys than a step.
pub(super) fn decode(
    fields: &Fields<'_>,
    around: &Around<'_>,
    problems: &mut Diagnostics,
) -> Option<Step> {
    let sources = around.sources;
    let (probe, node, key_span) = one_probe(fields, problems)?;
    let vocabulary = AnyProbe::vocabulary(probe)?;
    let scope: Arc<StepScope> = Arc::new(around.scope.clone());

    let filled = template::fill_early(node, &*scope, sources, problems);
    // With a stand-in in it, also for what is wrong, there is nothing to prepare yet; and there never is where the target leaves
    // the test out, since it may well be left out because its values do not fit it.
    let is_unprepared = around.scope.is_omitted || !early::is_complete(&filled.node);
    let ready = AnyProbe::decode(probe, &filled.node, is_unprepared, problems);
    let expected = fields
        .get("expect")
        .map(|node| expect(node, &scope, vocabulary, sources, problems));
    let captures = match fields.get("capture") {
        Some(node) => capture(node, around, vocabulary, problems),
        None => Some(Captures::default()),
    };
    let late_expect = expected.as_ref().is_some_and(|(_, late)| *late);
    // For the one probe of a test these keys are the test's own.
    let own = |key: &str, problems: &mut Diagnostics| {
        let node = fields.get(key).filter(|_| around.position.is_some())?;
        early::fill(key, node, &scope, sources, problems)
    };
    let until = own("until", problems).map(|node| Until::decode(&node, problems));
    let own_timeout = own("timeout", problems).and_then(|node| timeout(&node, problems));
    let name = name(fields, around, problems);

    let ready = ready?;
    let expects = expected.is_some();
    let facts = fields.get("expect").and_then(Node::as_mapping);
    let expectations = match expected {
        Some((expectations, _)) => expectations?,
        None => Expectations::no_fault(),
    };
    let is_fault_expected = expectations.fault != ExpectedFault::None;
    let counted = Counted {
        probe: &ready,
        facts: vocabulary.facts,
        node: &filled.node,
        expected: facts.unwrap_or_default(),
    };
    let must_be_able_to_fail = around.meant == Meant::ToJudge && !is_fault_expected;
    if must_be_able_to_fail && !counted.can_fail(key_span, problems) || !counted.are_known(problems)
    {
        return None;
    }
    let template = |node: &Node| Template {
        node: node.clone(),
        early: scope.clone(),
        sources: sources.clone(),
    };
    Some(Step {
        name,
        probe: vocabulary.probe,
        wants: wanted([Some(node), fields.get("expect")], &scope),
        captures: captures?,
        timeout: own_timeout,
        until: match until {
            Some(until) => Some(Box::new(until?)),
            None => None,
        },
        resources: if filled.late {
            Vec::new()
        } else {
            ready.resources()
        },
        request: (!filled.late).then(|| ready.request()),
        expects_fault: is_fault_expected,
        expectations: expectations.texts(),
        expects,
        asks: (probe == "http" && !filled.late).then(|| beside_the_url(&filled.node)),
        facts: facts
            .unwrap_or_default()
            .iter()
            .map(|entry| entry.key.clone())
            .collect(),
        needs: ready.needs(),
        least: ready
            .least()
            .filter(|_| !filled.late)
            .map(|least| Box::new(placed(node, least))),
        allowed: ready
            .allowed()
            .map(|allowed| Box::new(placed(node, allowed))),
        place: place(sources, key_span),
        isolation: expectations.isolation().cloned().map(Box::new),
        isolation_key: facts
            .unwrap_or_default()
            .iter()
            .find(|entry| &*entry.key == "isolation")
            .map(|entry| entry.key_span),
        waits: ready.waits().map(|field| field_span(node, &field)),
        open_rules: open_rules(&ready, &expectations, fields).map(Box::new),
        denied: denied(&expectations, fields),
        spans: spans(fields, key_span),
        look: if filled.late || late_expect {
            Look::Late(Box::new(LateLook {
                probe: template(node),
                expect: fields.get("expect").map(template),
            }))
        } else {
            Look::Ready(Box::new(ready), expectations)
        },
    })
}

/// The captures of earlier steps that these use.
fn wanted(parts: [Option<&Node>; 2], scope: &StepScope) -> Vec<String> {
    let used = parts.into_iter().flatten().flat_map(template::uses);
    let mut wants: Vec<String> = used.map(|used| used.name).collect();
    wants.retain(|name| scope.captures.contains(name));
    wants.sort();
    wants.dedup();
    wants
}

/// Reads a list of steps; each sees the captures of those before it.
pub(super) fn decode_list(
    node: &Node,
    sources: &Arc<Sources>,
    scope: &StepScope,
    problems: &mut Diagnostics,
) -> (Vec<Step>, StepScope) {
    decode_all(node, Meant::ToJudge, sources, scope, problems)
}

/// The same for what is judged, or only shown.
pub(super) fn decode_all(
    node: &Node,
    meant: Meant,
    sources: &Arc<Sources>,
    scope: &StepScope,
    problems: &mut Diagnostics,
) -> (Vec<Step>, StepScope) {
    let mut scope = scope.clone();
    let Some(items) = node.as_sequence() else {
        problems.push(Diagnostic::error(node.span, "expected a list of steps"));
        return (Vec::new(), scope);
    };
    if items.is_empty() {
        problems.push(Diagnostic::error(
            node.span,
            "an empty list looks at nothing",
        ));
    }
    let known: Vec<&str> = meant
        .keys()
        .iter()
        .chain(AnyProbe::NAMES)
        .copied()
        .collect();
    let mut steps = Vec::new();
    let mut names: HashMap<StepName, Span> = HashMap::new();
    for (at, item) in items.iter().enumerate() {
        let Some(fields) = Fields::of(item, meant.noun(), &known, problems) else {
            continue;
        };
        let around = Around {
            sources,
            scope: scope.clone(),
            position: Some(at + 1),
            meant,
        };
        if let Some(step) = decode(&fields, &around, problems) {
            if let Some(name) = step.name.clone() {
                let at = fields.get("name").map_or(fields.span(), |node| node.span);
                if let Some(first) = names.get(&name) {
                    problems.push(
                        Diagnostic::error(at, format!("a second step is called `{name}`"))
                            .related(*first, "the first is here"),
                    );
                }
                names.entry(name).or_insert(at);
            }
            scope.captures.extend(
                step.captures
                    .names()
                    .iter()
                    .map(|(name, _)| (*name).to_owned()),
            );
            steps.push(step);
        } else if let Some(captures) = fields.get("capture").and_then(Node::as_mapping) {
            // A broken step still gives its names, so that one mistake is not told again at every use.
            scope
                .captures
                .extend(captures.iter().map(|entry| entry.key.to_string()));
        }
    }
    (steps, scope)
}

fn name(fields: &Fields<'_>, around: &Around<'_>, problems: &mut Diagnostics) -> Option<StepName> {
    let position = around.position?;
    let Some(written) = fields.text("name", problems).map(str::trim) else {
        let noun = around.meant.noun();
        return Some(StepName::new(format!("{noun} {position}")));
    };
    if written.is_empty() || written.len() > 200 || written.chars().any(char::is_control) {
        problems.push(Diagnostic::error(
            fields.get("name").map_or(fields.span(), |node| node.span),
            "a step's name is one line of 1 to 200 characters",
        ));
    }
    Some(StepName::new(written))
}

/// Tells of looks that take longer, even when all goes well, than they and those before them are given.
pub(super) fn must_fit(steps: &[Step], whole: Duration, problems: &mut Diagnostics) {
    let mut sum = Duration::ZERO;
    for step in steps {
        let Some((least, span)) = step.least.as_deref() else {
            continue;
        };
        sum = sum.saturating_add(least.time);
        let own = step.until.as_ref().map(|until| until.within);
        let own = own.into_iter().chain(step.timeout).min();
        let (needs, has) = match own {
            Some(own) if least.time > own => (least.time, own),
            _ if step.until.is_none() && sum > whole => (sum, whole),
            _ => continue,
        };
        let probe = step.probe;
        problems.push(
            Diagnostic::error(
                *span,
                format!("`{probe}` takes {needs:?} at least, and has {has:?}"),
            )
            .help(format!(
                "{}; a longer `timeout` of the test is needed",
                least.why
            )),
        );
    }
}

fn spans(fields: &Fields<'_>, probe: Span) -> Spans {
    let key = |key: &str| fields.entry(key).map(|entry| entry.key_span);
    Spans {
        probe,
        timeout: key("timeout"),
        until: key("until"),
    }
}

fn placed(node: &Node, time: Least) -> (Least, Span) {
    let span = field_span(node, time.field);
    (time, span)
}

/// A hash of a request's mapping without its URL, whose spellings differ.
fn beside_the_url(node: &Node) -> u64 {
    let mut hasher = DefaultHasher::new();
    for entry in node.as_mapping().unwrap_or_default() {
        if &*entry.key != "url" {
            entry.key.hash(&mut hasher);
            hash(&entry.value, &mut hasher);
        }
    }
    hasher.finish()
}

fn hash(node: &Node, hasher: &mut DefaultHasher) {
    let kind = &node.resolved().kind;
    std::mem::discriminant(kind).hash(hasher);
    match kind {
        Kind::Scalar(scalar) => scalar.text.hash(hasher),
        Kind::Sequence(items) => items.iter().for_each(|item| hash(item, hasher)),
        Kind::Mapping(entries) => {
            for entry in entries {
                entry.key.hash(hasher);
                hash(&entry.value, hasher);
            }
        }
        Kind::Alias(_) | Kind::Pending => {}
    }
}

/// Whether one of these keys is there, though empty or misspelt, which was told already.
pub(super) fn is_told(fields: &Fields<'_>, keys: &[&str]) -> bool {
    keys.iter().any(|key| {
        let mut missing = Diagnostics::default();
        fields.required(key, &mut missing).is_none() && missing.is_empty()
    })
}

/// Where to point at for something that is not there: the name, else the whole.
pub(super) fn named_span(fields: &Fields<'_>) -> Span {
    fields.get("name").map_or(fields.span(), |node| node.span)
}

/// The one probe key of a mapping.
fn one_probe<'n>(
    fields: &Fields<'n>,
    problems: &mut Diagnostics,
) -> Option<(&'n str, &'n Node, Span)> {
    let mut probes = fields
        .entries()
        .filter(|entry| AnyProbe::NAMES.contains(&&*entry.key));
    let Some(first) = probes.next() else {
        if is_told(fields, AnyProbe::NAMES) {
            return None;
        }
        let list = AnyProbe::NAMES.join("`, `");
        problems.push(
            Diagnostic::error(
                named_span(fields),
                "there is no probe, so nothing is looked at",
            )
            .help(format!("write one of `{list}`")),
        );
        return None;
    };
    if let Some(second) = probes.next() {
        problems.push(
            Diagnostic::error(
                second.key_span,
                format!(
                    "`{}` is a second probe: which one would be meant?",
                    second.key
                ),
            )
            .related(first.key_span, "the first is here")
            .help("a test is one probe, or `steps`"),
        );
        return None;
    }
    Some((&first.key, &first.value, first.key_span))
}

fn expect(
    node: &Node,
    scope: &StepScope,
    vocabulary: Vocabulary,
    sources: &Sources,
    problems: &mut Diagnostics,
) -> (Option<Expectations>, bool) {
    if node.as_mapping().is_some_and(<[_]>::is_empty) {
        problems.push(
            Diagnostic::error(node.span, "expects nothing, so it could not fail")
                .help("the shortest honest expectation is `expect: { fault: none }`"),
        );
        return (None, false);
    }
    let filled = template::fill_early(node, scope, sources, problems);
    (
        Expectations::decode(&filled.node, vocabulary, sources, problems),
        filled.late,
    )
}

fn capture(
    node: &Node,
    around: &Around<'_>,
    vocabulary: Vocabulary,
    problems: &mut Diagnostics,
) -> Option<Captures> {
    for entry in node.as_mapping().unwrap_or_default() {
        let name = &*entry.key;
        let is_variable = around
            .scope
            .early
            .variables
            .iter()
            .any(|(known, ..)| known == name);
        let is_own = around.scope.own.iter().any(|own| own.name == name);
        if is_variable || is_own || around.scope.captures.iter().any(|known| known == name) {
            let message = format!(
                "`{name}` has a meaning already: {}",
                if is_variable {
                    "a variable of the target"
                } else if is_own {
                    "a parameter of this session"
                } else {
                    "an earlier capture"
                }
            );
            problems.push(
                Diagnostic::error(entry.key_span, message)
                    .help("capture it under a name of its own"),
            );
        }
    }
    let filled = early::fill_text("capture", node, &around.scope, around.sources, problems)?;
    Captures::decode(&filled, vocabulary, around.sources, problems)
}
