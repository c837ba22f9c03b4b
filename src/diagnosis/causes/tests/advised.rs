//! What a cause carries of its rule and of the suites: a meaning, whom to call, what was looked at once it had failed.

use super::building::{Says, Told, id, says};
use crate::diagnosis::Rules;
use crate::model::{
    Class, Confidence, Facts, Fault, FaultKind, Layer, Origin, Outcome, Phase, Value,
};
use crate::yaml::{Diagnostics, Sources};

const DB: &[&str] = &[
    "dns:db.internal",
    "sock:db.internal:5432",
    "dsn:postgres:db.internal:5432/app",
];

fn refused() -> Says {
    says(
        "TCP-1",
        Layer::Transport,
        DB[1],
        Class::Infrastructure,
        Confidence::Low,
    )
}

fn migration() -> Says {
    says(
        "PG-12",
        Layer::Protocol,
        DB[2],
        Class::Application,
        Confidence::Low,
    )
}

fn down(told: Told, name: &str) -> Told {
    told.fail(name, "tcp.refused", Phase::Connect, DB, &refused())
}

#[test]
fn a_cause_says_what_its_rule_means() {
    let diagnosis = down(Told::new(), "database/login").diagnosis();
    let rule = Rules::embedded().rule("TCP-1").unwrap();
    assert!(!rule.meaning.is_empty());
    assert_eq!(diagnosis.causes[0].meaning, rule.meaning);
}

#[test]
fn a_cause_says_what_its_rule_says_to_do() {
    let mut sources = Sources::default();
    let file = sources.add("own.yaml", "rules: [{ id: TCP-1, hint: Raise the limit. }]");
    let mut problems = Diagnostics::default();
    let rules = Rules::embedded().with(file, &sources, &mut problems);
    assert_eq!(problems.iter().count(), 0);
    let told = down(Told::new(), "database/login");
    assert_eq!(told.diagnosis().causes[0].hint, "");
    assert_eq!(told.diagnosis_by(&rules).causes[0].hint, "Raise the limit.");
}

#[test]
fn those_who_wrote_the_tests_that_broke_there_are_heard_and_the_rule_stays() {
    let told = Told::new()
        .fail("orders/list", "tcp.refused", Phase::Query, DB, &migration())
        .advised("team orders", "look at the migration");
    let told = down(told, "database/login").advised("team data", "was it rotated?");
    let told = down(told, "database/rows").advised("team data", "was it rotated?");
    let told = down(told, "database/size").advised("team data", "is the disk full?");
    let told = down(told, "database/plain");
    let diagnosis = told.diagnosis();
    let [cause] = diagnosis.causes.as_slice() else {
        panic!("{:#?}", diagnosis.causes);
    };
    assert_eq!(cause.failed.len(), 5);
    let advice: Vec<_> = cause
        .advice
        .iter()
        .map(|one| (one.test.to_string(), one.tests, one.on_fail.hint.clone()))
        .collect();
    assert_eq!(
        advice,
        [
            (
                "database/login".to_owned(),
                2,
                Some("was it rotated?".to_owned())
            ),
            (
                "database/size".to_owned(),
                1,
                Some("is the disk full?".to_owned())
            ),
        ]
    );
    // Whoever wrote down whom to call when orders fail did not think of this.
    assert_eq!(cause.named_owners(), ["team data"]);
    assert_eq!(cause.blame.owner, "somebody");
    assert_eq!(cause.blame.class, Class::Infrastructure);
}

#[test]
fn what_is_left_out_of_ten_is_counted() {
    let mut told = Told::new();
    for n in 0..13 {
        let hint = format!("look at {}", n.min(11));
        told = down(told, &format!("database/t{n}")).advised("team data", &hint);
        if n < 11 {
            let resource = format!("dsn:postgres:10.0.0.7:6432/app{n}");
            told = told.looked_on_fail("sql", &[&resource]);
            told = told.step(|step| step.request = format!("SELECT {n}"));
        }
    }
    let diagnosis = told.diagnosis();
    let [cause] = diagnosis.causes.as_slice() else {
        panic!("{:#?}", diagnosis.causes);
    };
    let kept = [cause.evidence.len(), cause.advice.len(), cause.looks.len()];
    assert_eq!(kept, [10, 10, 10]);
    let left = cause.left_out;
    assert_eq!((left.evidence, left.advice, left.looks), (3, 2, 1));
}

#[test]
fn what_was_looked_at_is_cited_once_with_what_was_seen() {
    let pool = "10.0.0.7:6432";
    let look = |told: Told, name: &str| {
        let told = down(told, name).looked_on_fail("sql", &["dsn:postgres:10.0.0.7:6432/app"]);
        told.step(|step| {
            let mut facts = Facts::default();
            facts.insert("engine", Value::Text("postgres".to_owned()));
            facts.insert(
                "rows",
                Value::List(vec![Value::Map(vec![("one".to_owned(), Value::int(1))])]),
            );
            step.observation.facts = facts;
            step.request = "SELECT 1".to_owned();
        })
    };
    let told = look(look(Told::new(), "database/login"), "database/rows");
    let told = down(told, "database/size").looked_on_fail("tcp", &["sock:10.0.0.7:6432"]);
    let told = told.step(|step| {
        step.request = pool.to_owned();
        step.outcome = Outcome::NotHeld;
        step.observation.fault = Some(Fault {
            kind: FaultKind::parse("tcp.reset").unwrap(),
            phase: Phase::Connect,
            message: "said".to_owned(),
            origin: Some(Origin::Errno(104)),
        });
    });
    let diagnosis = told.diagnosis();
    let looks: Vec<_> = diagnosis.causes[0]
        .looks
        .iter()
        .map(|one| (one.test.clone(), one.text.as_str()))
        .collect();
    assert_eq!(
        looks,
        [
            (
                id("database/size"),
                "tcp 10.0.0.7:6432: tcp.reset (errno 104) in phase connect"
            ),
            (id("database/login"), "sql SELECT 1: rows [{one: 1}]"),
        ]
    );
}
