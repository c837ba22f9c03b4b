//! An application that says it lacks something, and a look of `on_fail` that finds what it is.

use super::building::{Says, Told, all, says};
use crate::model::{Class, Confidence, Layer, Modifier, Phase};

const DB: &str = "sock:10.0.0.7:5432";
const WEB: &str = "origin:http://web.example:80";

fn refused(told: Told) -> Told {
    let says = says(
        "TCP-1",
        Layer::Transport,
        DB,
        Class::Infrastructure,
        Confidence::Low,
    );
    told.fail("database/tcp", "tcp.refused", Phase::Connect, &[DB], &says)
}

fn unavailable() -> Says {
    says(
        "HTTP-8",
        Layer::Application,
        WEB,
        Class::Infrastructure,
        Confidence::Low,
    )
}

fn says_it_lacks_something(told: Told, name: &str) -> Told {
    told.answered(name, 503, &[WEB], &unavailable())
        .detail("dependency")
}

#[test]
fn what_is_found_broken_behind_an_application_explains_what_it_says() {
    let told = says_it_lacks_something(refused(Told::new()), "api/ready").refused_on_fail(DB);
    // Another test that asks the same and is told the same, and looks at nothing.
    let told = says_it_lacks_something(told, "api/orders");
    let told = told.step(|step| step.request = "GET api/ready".to_owned());
    let diagnosis = told.diagnosis();
    assert_eq!(
        all(&diagnosis),
        ["sock:10.0.0.7:5432 transport TCP-1 x3 +0 infrastructure low"]
    );
    let orders = &diagnosis.failures[2];
    assert_eq!(orders.adjusted[0].kind, Modifier::Consequence);
    assert_eq!(
        diagnosis.causes[0].why[0].text,
        "api/ready and 1 more ended badly, the first with expect.status: a look of `on_fail` found it broken, a consequence of sock:10.0.0.7:5432"
    );
    assert_eq!(
        diagnosis.causes[0].looks[0].text,
        "tcp GET api/ready: tcp.refused (errno 111) in phase connect"
    );
}

#[test]
fn how_a_failure_was_found_to_be_a_consequence_is_not_guessed_from_what_it_says() {
    // Digits of another address and of another port are no name of this one.
    let told = says_it_lacks_something(refused(Told::new()), "api/ready");
    let told = told.says_body("{\"from\": \"10.0.0.70\", \"build\": 154321}");
    let looked = told.refused_on_fail(DB).diagnosis();
    let why = |diagnosis: &crate::model::Diagnosis| diagnosis.causes[0].why[0].text.clone();
    let a_look = "api/ready ended with expect.status: a look of `on_fail` found it broken, a consequence of sock:10.0.0.7:5432";
    assert_eq!(why(&looked), a_look);
    // One that says it itself needs no look: the surest is told.
    let told = says_it_lacks_something(refused(Told::new()), "api/ready");
    let told = told.says_body("{\"db\": \"10.0.0.7:5432\"}");
    let named = a_look.replace(
        "a look of `on_fail` found it broken",
        "what answered names it",
    );
    assert_eq!(why(&told.refused_on_fail(DB).diagnosis()), named);
}

#[test]
fn what_is_behind_one_request_is_not_behind_every_other_of_the_same_address() {
    let told = says_it_lacks_something(refused(Told::new()), "api/ready").refused_on_fail(DB);
    // A gateway has one address for many applications.
    let diagnosis = says_it_lacks_something(told.clone(), "api/mail").diagnosis();
    let mail = format!("{WEB} application HTTP-8 x1 +0 infrastructure low unexplained");
    let db = "sock:10.0.0.7:5432 transport TCP-1 x2 +0 infrastructure low";
    assert_eq!(all(&diagnosis), [db, &mail]);
    // One that names the place itself says which it means.
    let told = says_it_lacks_something(told, "api/mail").says_body("{\"db\": \"10.0.0.7:5432\"}");
    assert_eq!(told.diagnosis().causes.len(), 1);
}

#[test]
fn what_a_look_met_is_compared_with_what_a_test_met_and_not_with_what_a_rule_made_of_it() {
    // A rule puts a bucket that is full where the layer of its code is not.
    let full = says(
        "DB-9",
        Layer::Protocol,
        DB,
        Class::Infrastructure,
        Confidence::Medium,
    );
    let reset = |told: Told| told.fail("database/reset", "tcp.reset", Phase::Startup, &[DB], &full);
    let looked = |told: Told, code: &str| {
        let told = says_it_lacks_something(told, "api/ready").refused_on_fail(DB);
        told.step(|step| {
            let fault = step.observation.fault.as_mut().unwrap();
            fault.kind = crate::model::FaultKind::parse(code).unwrap();
        })
    };
    assert_eq!(
        looked(reset(Told::new()), "tcp.reset")
            .diagnosis()
            .causes
            .len(),
        1
    );
    // The same layer by its code, and something else.
    assert_eq!(
        looked(reset(Told::new()), "sql.timeout.query")
            .diagnosis()
            .causes
            .len(),
        2
    );
}

#[test]
fn a_look_alone_is_no_edge_and_a_word_alone_is_none() {
    let web = "origin:http://web.example:80 application";
    let db = "sock:10.0.0.7:5432 transport TCP-1 x1 +0 infrastructure low unexplained";
    // It says that it lacks something, and nobody looked.
    let silent = says_it_lacks_something(refused(Told::new()), "api/ready");
    // It does not say that it lacks anything.
    let plain = refused(Told::new())
        .answered("api/ready", 503, &[WEB], &unavailable())
        .refused_on_fail(DB);
    // What was looked at is broken for us alone: no test of its own asked for it.
    let unasked = says_it_lacks_something(Told::new(), "api/ready").refused_on_fail(DB);
    let alone = format!("{web} HTTP-8 x1 +0 infrastructure low unexplained");
    assert_eq!(all(&silent.diagnosis()), [db, alone.as_str()]);
    assert_eq!(all(&plain.diagnosis()), [db, alone.as_str()]);
    assert_eq!(all(&unasked.diagnosis()), [alone.as_str()]);
    // Nor is another socket.
    let other = says_it_lacks_something(refused(Told::new()), "api/ready")
        .refused_on_fail("sock:10.0.0.9:6379");
    assert_eq!(all(&other.diagnosis()), [db, alone.as_str()]);
    // Somebody who is sure of an exception is not asked.
    let sure = says(
        "HTTP-7",
        Layer::Application,
        WEB,
        Class::Application,
        Confidence::High,
    );
    let sure = refused(Told::new())
        .answered("api/ready", 500, &[WEB], &sure)
        .refused_on_fail(DB);
    assert_eq!(sure.diagnosis().causes.len(), 2);
}

#[test]
fn what_an_application_lacks_is_one_cause_however_it_says_so_and_two_where_it_names_two() {
    let degraded = says(
        "ASSERT-1-HEALTH",
        Layer::Application,
        WEB,
        Class::Infrastructure,
        Confidence::Low,
    );
    let both = |first: &str, second: &str| {
        let told = says_it_lacks_something(Told::new(), "api/ready").retelling(first);
        let told = told.answered("api/health", 200, &[WEB], &degraded);
        let told = told.detail("dependency").retelling(second);
        told.diagnosis().causes.len()
    };
    assert_eq!(both("sock:db:5432", "sock:db:5432"), 1);
    assert_eq!(both("sock:db:5432", "sock:redis:6379"), 2);
}
