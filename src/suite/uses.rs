//! `uses`: the sessions of a test, and what each of them is opened with.

use std::sync::Arc;

use super::early;
use super::file::Surroundings;
use super::scope::{ACTOR, Own, StepScope};
use super::step::meant;
use super::variables::is_secret_name;
use crate::model::{ActorName, SessionName, Value};
use crate::template::{self, Lookup, Scope, Secrecy};
use crate::yaml::{Diagnostic, Diagnostics, Entry, Fields, Node, Span};

/// A session that a test uses.
#[derive(Debug)]
pub struct Used {
    /// What is opened for it: one for all, or one for each of its actors, in their order.
    pub(super) openings: Vec<Opening>,
}

impl Used {
    /// What is opened for it.
    pub fn names(&self) -> impl Iterator<Item = &SessionName> {
        self.openings.iter().map(|opening| &opening.name)
    }

    /// What is opened for the actor at this position.
    pub fn name_for(&self, actor: usize) -> &SessionName {
        let of_all = &self.openings[0];
        &self.openings.get(actor).unwrap_or(of_all).name
    }
}

/// A session with the values of its parameters. Tests that say the same share what is opened.
#[derive(Debug, Clone)]
pub(super) struct Opening {
    /// With the values.
    pub(super) name: SessionName,
    /// What tests call it.
    pub(super) called: SessionName,
    /// Its parameters.
    pub(super) values: Arc<Vec<Own>>,
    /// Where it is used.
    pub(super) span: Span,
}

/// What can be said of a session before it is opened; of broken ones too, so that who uses them is not told off as well.
#[derive(Debug, Default)]
pub(super) struct KnownSession {
    /// Its parameters, in the order written.
    pub(super) parameters: Vec<String>,
    /// What its steps capture.
    pub(super) captures: Vec<String>,
}

/// The sessions that a test uses, and the names of all that it names: also of those that are used wrongly.
pub(super) fn used_sessions(
    fields: &Fields<'_>,
    scope: &StepScope,
    actors: &[ActorName],
    around: &Surroundings<'_>,
    problems: &mut Diagnostics,
) -> (Vec<Used>, Vec<String>) {
    let (Some(node), Some(_)) = (fields.get("uses"), &around.sessions) else {
        return (Vec::new(), Vec::new());
    };
    let Some(items) = node.as_sequence() else {
        problems.push(
            Diagnostic::error(node.span, "expected a list of sessions").help("write it in `[ ]`"),
        );
        return (Vec::new(), Vec::new());
    };
    let mut reader = Reader {
        scope,
        actors,
        around,
        problems,
        named: Vec::new(),
    };
    let used = items.iter().filter_map(|item| reader.entry(item)).collect();
    let named = reader.named.into_iter().map(|(name, _)| name).collect();
    (used, named)
}

struct Reader<'r> {
    scope: &'r StepScope,
    actors: &'r [ActorName],
    around: &'r Surroundings<'r>,
    problems: &'r mut Diagnostics,
    named: Vec<(String, Span)>,
}

impl Reader<'_> {
    /// `alice`, or `{ session: user, with: { name: alice } }`.
    fn entry(&mut self, item: &Node) -> Option<Used> {
        if let Some(scalar) = item.as_scalar() {
            return self.session(&scalar.text, item.span, None);
        }
        if item.as_mapping().is_none() {
            self.problems.push(
                Diagnostic::error(item.span, "expected the name of a session")
                    .help("or `{ session: NAME, with: { PARAMETER: value } }`"),
            );
            return None;
        }
        let fields = Fields::of(item, "session", &["session", "with"], self.problems)?;
        let name = fields.required("session", self.problems)?;
        let text = fields.text("session", self.problems)?;
        self.session(text, name.span, fields.entry("with"))
    }

    fn session(&mut self, name: &str, span: Span, with: Option<&Entry>) -> Option<Used> {
        let sessions = self.around.sessions.as_ref()?;
        let Some(known) = sessions.get(name) else {
            let hint = meant(name, sessions.keys().map(String::as_str));
            let message = format!("sessions.yaml has no session `{name}`{hint}");
            self.problems.push(Diagnostic::error(span, message));
            return None;
        };
        if let Some((_, first)) = self.named.iter().find(|(known, _)| known == name) {
            self.problems.push(
                Diagnostic::error(
                    span,
                    format!("`{name}` a second time: which one would `${{session.{name}.…}}` be?"),
                )
                .related(*first, "the first is here"),
            );
            return None;
        }
        self.named.push((name.to_owned(), span));
        let opening = |values: Vec<Given>| {
            let shown = values.iter().map(|value| (&*value.own.name, &*value.shown));
            Opening {
                name: SessionName::keyed(name, shown),
                called: SessionName::new(name),
                values: Arc::new(values.into_iter().map(|value| value.own).collect()),
                span,
            }
        };
        let is_own = |with: &Entry| {
            template::uses(&with.value)
                .iter()
                .any(|used| used.name == ACTOR)
        };
        if self.actors.is_empty() || !with.is_some_and(is_own) {
            let values = self.values(name, known, span, with, self.scope)?;
            let openings = vec![opening(values)];
            return Some(Used { openings });
        }
        let mut openings = Vec::with_capacity(self.actors.len());
        for actor in self.actors {
            let value = Value::Text(actor.to_string());
            let own = Own {
                name: ACTOR.to_owned(),
                value: Lookup::Known(value, Secrecy::Public),
            };
            let scope = StepScope {
                own: Arc::new(vec![own]),
                ..self.scope.clone()
            };
            // What is wrong for one is wrong for all.
            openings.push(opening(self.values(name, known, span, with, &scope)?));
        }
        Some(Used { openings })
    }

    /// Its parameters with their values; `None` when something is wrong with them.
    fn values(
        &mut self,
        session: &str,
        known: &KnownSession,
        span: Span,
        with: Option<&Entry>,
        scope: &StepScope,
    ) -> Option<Vec<Given>> {
        let written = match with.map(|with| (with, with.value.as_mapping())) {
            Some((with, None)) => {
                let message = "expected a mapping of parameters and their values";
                self.problems
                    .push(Diagnostic::error(with.value.span, message));
                return None;
            }
            Some((with, Some(_))) if known.parameters.is_empty() => {
                let message = format!("session `{session}` has no parameters");
                self.problems.push(
                    Diagnostic::error(with.key_span, message)
                        .help("sessions.yaml says which a session has: `params: [name]`"),
                );
                return None;
            }
            Some((_, Some(entries))) => entries,
            None => &[],
        };
        let broken_before = self.problems.errors();
        for entry in written {
            if !known.parameters.iter().any(|known| *known == *entry.key) {
                let hint = meant(&entry.key, known.parameters.iter().map(String::as_str));
                let message = format!(
                    "session `{session}` has no parameter `{}`{hint}",
                    crate::yaml::visible(&entry.key)
                );
                self.problems
                    .push(Diagnostic::error(entry.key_span, message));
            }
        }
        let mut values = Vec::new();
        for parameter in &known.parameters {
            match written.iter().find(|entry| *entry.key == **parameter) {
                Some(entry) => values.extend(self.value(parameter, &entry.value, scope)),
                None => self.problems.push(
                    Diagnostic::error(span, format!("session `{session}` needs its `{parameter}`"))
                        .help(format!(
                            "write `{{ session: {session}, with: {{ {parameter}: … }} }}`"
                        )),
                ),
            }
        }
        (self.problems.errors() == broken_before).then_some(values)
    }

    fn value(&mut self, parameter: &str, node: &Node, scope: &StepScope) -> Option<Given> {
        let sources = self.around.sources;
        let filled = early::fill_text("with", node, scope, sources, self.problems)?;
        // `check` and `list` do not know what an environment gives that only a run starts.
        let is_pending = template::uses(node)
            .iter()
            .any(|used| scope.lookup(&used.name) == Lookup::Late);
        let Some(text) = filled.as_scalar().map(|scalar| scalar.text.to_string()) else {
            let message = format!("expected `{parameter}` to be text");
            self.problems.push(Diagnostic::error(node.span, message));
            return None;
        };
        if is_pending {
            return Some(Given::new(parameter, Lookup::Late, text));
        }
        let is_secret = is_secret_name(parameter)
            || template::uses(node)
                .iter()
                .any(|used| matches!(scope.lookup(&used.name), Lookup::Known(_, Secrecy::Secret)))
            || scope.early.mask.apply(&text) != text;
        if is_secret {
            scope.early.mask.add(&text);
            let value = Lookup::Known(Value::Text(text), Secrecy::Secret);
            return Some(Given::new(parameter, value, "***".to_owned()));
        }
        if !can_be_part_of_a_name(&text) {
            self.problems.push(
                Diagnostic::error(node.span, format!("this `{parameter}` cannot be part of a session's name"))
                    .help("reports show it: one line of 1 to 100 characters without `,`, `=`, `[` and `]`"),
            );
            return None;
        }
        let value = Lookup::Known(Value::Text(text.clone()), Secrecy::Public);
        Some(Given::new(parameter, value, text))
    }
}

/// The value of a parameter, and what of it is shown.
struct Given {
    own: Own,
    shown: String,
}

impl Given {
    fn new(parameter: &str, value: Lookup, shown: String) -> Self {
        let name = parameter.to_owned();
        Self {
            own: Own { name, value },
            shown,
        }
    }
}

fn can_be_part_of_a_name(text: &str) -> bool {
    let is_fine = |c: char| !c.is_control() && !matches!(c, ',' | '=' | '[' | ']');
    !text.trim().is_empty() && text.chars().count() <= 100 && text.chars().all(is_fine)
}

/// Each opening once, in the order of `all`. Two that would be called the same and are not are told.
pub(super) fn distinct<'u>(
    all: impl Iterator<Item = &'u Opening>,
    problems: &mut Diagnostics,
) -> Vec<&'u Opening> {
    let mut first: std::collections::HashMap<&SessionName, &Opening> =
        std::collections::HashMap::new();
    let mut distinct = Vec::new();
    for opening in all.filter(|opening| !opening.values.is_empty()) {
        match first.get(&opening.name) {
            None => {
                first.insert(&opening.name, opening);
                distinct.push(opening);
            }
            Some(known) if known.values == opening.values => {}
            Some(known) => problems.push(
                Diagnostic::error(
                    opening.span,
                    format!("two sessions would be called `{}`", opening.name),
                )
                .related(known.span, "the first is here")
                .help(
                    "they differ only in what is secret; give them a parameter that may be shown",
                ),
            ),
        }
    }
    distinct
}
