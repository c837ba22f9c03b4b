//! What can only be checked when everything is read: ids, `requires`, `compare_with`, invariants, omissions.

mod comparisons;
mod omissions;

use std::collections::{HashMap, HashSet};

use super::decode::Decoded;
use super::step::meant;
use super::{GateKeys, Project, Requirement, Session, Target, Test};
use crate::model::{Category, TestId};
use crate::yaml::{Diagnostic, Diagnostics, Span};

/// What hangs together.
pub(super) struct Ties<'a> {
    pub(super) decoded: &'a Decoded,
    pub(super) sessions: &'a [Session],
    pub(super) project: &'a Project,
    pub(super) target: &'a Target,
    /// Whether it can be said of every file which tests it has; else only what is there twice is told.
    pub(super) is_complete: bool,
}

/// Tells every tie that leads nowhere or in a circle.
pub(super) fn check(ties: &Ties<'_>, problems: &mut Diagnostics) {
    let Ties {
        decoded,
        sessions,
        project,
        target,
        is_complete,
    } = ties;
    let tests = &decoded.tests[..];
    duplicates(tests, problems);
    named_like_sessions(tests, sessions, problems);
    if !is_complete {
        return;
    }
    let ids = Ids::of(decoded);
    requirements(tests, &ids, problems);
    comparisons::check(tests, &ids, problems);
    cycles(tests, problems);
    for gate in [&project.gate, &target.gate] {
        gate_names(gate, &ids, project, problems);
    }
    alone(tests, &ids, project, problems);
    omissions::check(&ids, ties, problems);
}

/// The ids and categories there are.
struct Ids {
    without_row: HashSet<TestId>,
    all: HashSet<TestId>,
    /// Tests with mistakes: their rows are not known.
    broken: HashSet<TestId>,
    categories: HashSet<Category>,
}

impl Ids {
    fn of(decoded: &Decoded) -> Self {
        let all: HashSet<TestId> = decoded.tests.iter().map(|test| test.id.clone()).collect();
        let broken: HashSet<TestId> = decoded.broken.iter().cloned().collect();
        let ids = || all.iter().chain(&broken);
        Self {
            without_row: ids().map(TestId::without_row).collect(),
            categories: ids().map(|id| id.category().clone()).collect(),
            all,
            broken,
        }
    }

    fn has(&self, id: &TestId) -> bool {
        if id.row().is_some() {
            self.all.contains(id) || self.broken.contains(&id.without_row())
        } else {
            self.without_row.contains(id)
        }
    }

    /// "; did you mean …?" among ids.
    fn meant(&self, id: &TestId) -> String {
        let known: Vec<String> = self
            .all
            .iter()
            .chain(&self.without_row)
            .map(ToString::to_string)
            .collect();
        let mut known: Vec<&str> = known.iter().map(String::as_str).collect();
        known.sort_unstable();
        meant(&id.to_string(), known)
    }
}

/// Rows of one test share their name's place; two tests never do, unless they come out of one alias.
fn duplicates(tests: &[Test], problems: &mut Diagnostics) {
    let mut first: HashMap<(&Category, &str), &Test> = HashMap::with_capacity(tests.len());
    let mut told: HashSet<Span> = HashSet::new();
    for test in tests {
        let other = *first
            .entry((test.id.category(), test.id.name()))
            .or_insert(test);
        let is_same = other.spans.name == test.spans.name
            && (other.id != test.id || std::ptr::eq(other, test));
        if !is_same && told.insert(test.spans.name) {
            let id = test.id.without_row();
            let problem =
                Diagnostic::error(test.spans.name, format!("a second test is called `{id}`"));
            problems.push(if other.spans.name == test.spans.name {
                problem.help("an alias of a test repeats its name; share what is in it instead")
            } else {
                problem.related(other.spans.name, "the first is here")
            });
        }
    }
}

/// Who explains a failure would take the two for one.
fn named_like_sessions(tests: &[Test], sessions: &[Session], problems: &mut Diagnostics) {
    let sessions: HashMap<TestId, &Session> = sessions
        .iter()
        .map(|session| (TestId::of_session(&session.name), session))
        .collect();
    let mut told: HashSet<Span> = HashSet::new();
    for test in tests {
        if let Some(session) = sessions.get(&test.id)
            && told.insert(test.spans.name)
        {
            let (id, name) = (&test.id, &session.name);
            problems.push(
                Diagnostic::error(
                    test.spans.name,
                    format!("`{id}` is what reports call the session `{name}` of sessions.yaml"),
                )
                .help("give the test another name, or another category"),
            );
        }
    }
}

fn requirements(tests: &[Test], ids: &Ids, problems: &mut Diagnostics) {
    for test in tests {
        for (requirement, span) in test.requires.iter().zip(&test.spans.requires) {
            match requirement {
                Requirement::Test(id) if !ids.has(id) => {
                    problems.push(Diagnostic::error(
                        *span,
                        format!("no test is called `{id}`{}", ids.meant(id)),
                    ));
                }
                Requirement::Test(id) if test.id.is_meant_by(id) => {
                    problems.push(Diagnostic::error(
                        *span,
                        format!("`{}` requires itself", test.id),
                    ));
                }
                Requirement::Category(name) if !ids.categories.contains(name) => {
                    let hint = meant(name.as_str(), ids.categories.iter().map(Category::as_str));
                    problems.push(Diagnostic::error(
                        *span,
                        format!("no test has category `{name}`{hint}"),
                    ));
                }
                Requirement::Test(_) | Requirement::Category(_) => {}
            }
        }
    }
}

/// A depth-first walk; the first circle through each test is told once, at the line that closes it.
fn cycles(tests: &[Test], problems: &mut Diagnostics) {
    let graph = Graph::of(tests);
    let mut state = vec![State::Unseen; graph.edges.len()];
    for start in 0..tests.len() {
        if state[start] == State::Unseen {
            graph.walk(start, tests, &mut state, problems);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Unseen,
    OnPath,
    Done,
}

/// For each test, what it requires and the number of the `requires` entry that says so. Behind the tests stand the categories,
/// each once, with its tests: thousands may require a category of thousands.
struct Graph {
    edges: Vec<Vec<(usize, usize)>>,
}

impl Graph {
    fn of(tests: &[Test]) -> Self {
        // Only of those that somebody requires: most are required by nobody.
        let mut by_id: HashMap<(&Category, &str), Vec<usize>> = HashMap::new();
        for requirement in tests.iter().flat_map(|test| &test.requires) {
            if let Requirement::Test(id) = requirement {
                by_id.entry((id.category(), id.name())).or_default();
            }
        }
        for (with, _) in tests.iter().filter_map(Test::compared) {
            let id = &with.test;
            by_id.entry((id.category(), id.name())).or_default();
        }
        for (at, test) in tests.iter().enumerate() {
            if let Some(rows) = by_id.get_mut(&(test.id.category(), test.id.name())) {
                rows.push(at);
            }
        }
        // A category, without the rows of the test that requires its own.
        let mut categories: HashMap<(&Category, Option<TestId>), usize> = HashMap::new();
        let mut groups: Vec<Vec<(usize, usize)>> = Vec::new();
        let mut edges: Vec<Vec<(usize, usize)>> = Vec::with_capacity(tests.len());
        for test in tests {
            let mut required = Vec::new();
            for (entry, requirement) in test.requires.iter().enumerate() {
                match requirement {
                    Requirement::Test(id) => {
                        let rows = by_id.get(&(id.category(), id.name()));
                        let is_meant = |other: &&usize| {
                            tests[**other].id.is_meant_by(id) && !test.id.is_meant_by(id)
                        };
                        let meant = rows.into_iter().flatten().filter(is_meant);
                        required.extend(meant.map(|other| (*other, entry)));
                    }
                    Requirement::Category(category) => {
                        let own = test.id.category() == category;
                        let but = own.then(|| test.id.without_row());
                        let key = (category, but.clone());
                        let group = *categories.entry(key).or_insert_with(|| {
                            let is_member = |(_, other): &(usize, &Test)| {
                                other.id.category() == category
                                    && but.as_ref().is_none_or(|own| own.name() != other.id.name())
                            };
                            let members = tests.iter().enumerate().filter(is_member);
                            groups.push(members.map(|(at, _)| (at, 0)).collect());
                            groups.len() - 1
                        });
                        required.push((tests.len() + group, entry));
                    }
                }
            }
            if let Some((with, _)) = test.compared() {
                let rows = by_id.get(&(with.test.category(), with.test.name()));
                let rows = rows.into_iter().flatten().copied();
                let other = with.pick(&test.id, rows, |at| &tests[at].id);
                // Behind all of `requires`.
                let other = other.filter(|at| tests[*at].id != test.id);
                required.extend(other.map(|other| (other, test.requires.len())));
            }
            edges.push(required);
        }
        edges.extend(groups);
        Self { edges }
    }

    /// Without recursion: a chain of requirements may be as long as there are tests.
    fn walk(&self, start: usize, tests: &[Test], state: &mut [State], problems: &mut Diagnostics) {
        let mut path: Vec<(usize, usize)> = vec![(start, 0)];
        state[start] = State::OnPath;
        while let Some((at, next)) = path.last_mut() {
            let Some((required, _)) = self.edges[*at].get(*next).copied() else {
                state[*at] = State::Done;
                path.pop();
                continue;
            };
            *next += 1;
            match state[required] {
                State::Unseen => {
                    state[required] = State::OnPath;
                    path.push((required, 0));
                }
                State::OnPath => {
                    let begin = path
                        .iter()
                        .position(|(on_path, _)| *on_path == required)
                        .unwrap_or(0);
                    let circle = path[begin..].iter().map(|(at, _)| *at).chain([required]);
                    let ids = circle.filter_map(|at| Some(tests.get(at)?.id.to_string()));
                    let mut names: Vec<String> = ids.collect();
                    // A circle that begins with a category ends with the test that it began for.
                    if required >= tests.len() {
                        names.extend(names.first().cloned());
                    }
                    // Of a category it is the test before it that says so.
                    let said = path.iter().rev().find_map(|(at, next)| {
                        let (_, entry) = self.edges[*at][*next - 1];
                        let spans = &tests.get(*at)?.spans;
                        match spans.requires.get(entry) {
                            Some(span) => Some(("requires", *span)),
                            None => Some(("compare_with", spans.compare_with?)),
                        }
                    });
                    if let Some((key, span)) = said {
                        let circle = names.join(" -> ");
                        let message = format!("`{key}` goes in a circle: {circle}");
                        problems.push(Diagnostic::error(span, message));
                    }
                }
                State::Done => {}
            }
        }
    }
}

fn gate_names(gate: &GateKeys, ids: &Ids, project: &Project, problems: &mut Diagnostics) {
    for (id, span) in gate
        .invariants
        .iter()
        .flatten()
        .zip(&gate.places.invariants)
    {
        if !ids.has(id) {
            problems.push(Diagnostic::error(
                *span,
                format!("no test is called `{id}`{}", ids.meant(id)),
            ));
        }
    }
    for (name, span) in gate
        .require_categories
        .iter()
        .flatten()
        .zip(&gate.places.categories)
    {
        let known = project
            .categories
            .iter()
            .map(|category| category.name.as_str());
        if !project
            .categories
            .iter()
            .any(|category| category.name == *name)
        {
            let hint = meant(name.as_str(), known);
            problems.push(Diagnostic::error(
                *span,
                format!("no category is called `{name}`{hint}"),
            ));
        }
    }
}

/// `alone: [category…]` names categories there are.
fn alone(tests: &[Test], ids: &Ids, project: &Project, problems: &mut Diagnostics) {
    for test in tests {
        let super::Alone::Of(categories) = &test.alone else {
            continue;
        };
        for (name, span) in categories.iter().zip(&test.spans.alone) {
            let is_listed = project
                .categories
                .iter()
                .any(|category| category.name == *name);
            if !is_listed && !ids.categories.contains(name) {
                let hint = meant(name.as_str(), ids.categories.iter().map(Category::as_str));
                problems.push(Diagnostic::error(
                    *span,
                    format!("no category is called `{name}`{hint}"),
                ));
            }
        }
    }
}
