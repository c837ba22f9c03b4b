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
    // Another page of the same application that says the same, and looks at nothing.
    let diagnosis = says_it_lacks_something(told, "api/orders").diagnosis();
    assert_eq!(
        all(&diagnosis),
        ["sock:10.0.0.7:5432 transport TCP-1 x3 +0 infrastructure low"]
    );
    let orders = &diagnosis.failures[2];
    assert_eq!(orders.adjusted[0].kind, Modifier::Consequence);
    assert_eq!(
        diagnosis.causes[0].looks[0].text,
        "tcp GET api/ready: tcp.refused (errno 111) in phase connect"
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
