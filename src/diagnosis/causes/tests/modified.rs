//! What the rest of the run changes: controls, another build, another port, the same time again and again.

use std::time::Duration;

use super::building::{Says, Told, all, id, says};
use crate::model::{
    Class, Code, Confidence, Finding, Layer, Modifier, Phase, Standing, State, Value,
};

const DB: &[&str] = &["dns:db.internal", "sock:db.internal:5432"];
const WEB: &[&str] = &[
    "dns:web.example",
    "sock:web.example:80",
    "origin:http://web.example:80",
];
const CONTROL: &[&str] = &["dns:control.example", "sock:control.example:443"];

fn lost(at: &str) -> Says {
    says(
        "DNS-2",
        Layer::Dns,
        at,
        Class::Infrastructure,
        Confidence::Medium,
    )
}

fn silent(at: &str) -> Says {
    says(
        "TCP-3",
        Layer::Transport,
        at,
        Class::Infrastructure,
        Confidence::Medium,
    )
}

fn nobody_is_out_there() -> Told {
    Told::new()
        .pass("preflight/loopback", &["runner"])
        .fail(
            "preflight/egress-control",
            "dns.again",
            Phase::Resolve,
            CONTROL,
            &lost(CONTROL[0]),
        )
        .tagged("control")
        .fail(
            "database/tcp",
            "dns.again",
            Phase::Resolve,
            DB,
            &lost(DB[0]),
        )
        .fail(
            "api/live",
            "tcp.timeout",
            Phase::Connect,
            &["sock:10.0.0.9:80"],
            &silent("sock:10.0.0.9:80"),
        )
}

#[test]
fn without_a_network_it_is_us() {
    let diagnosis = nobody_is_out_there().diagnosis();
    assert_eq!(
        all(&diagnosis),
        ["runner runner DNS-2 x3 +0 test_defect high"]
    );
    assert_eq!(diagnosis.split().test_defect, 1);
    let one = diagnosis.of(&id("api/live")).unwrap();
    assert_eq!(one.adjusted[0].kind, Modifier::Unsound);
    assert!(
        one.adjusted[0]
            .text
            .starts_with("preflight/egress-control failed (dns.again)")
    );
    assert_eq!(one.blame.owner, "runner");
}

#[test]
fn a_control_that_others_contradict_only_casts_doubt() {
    let told = nobody_is_out_there().pass("api/there", WEB);
    let diagnosis = told.diagnosis();
    assert!(
        diagnosis
            .causes
            .iter()
            .all(|cause| cause.blame.class != Class::TestDefect)
    );
    let one = diagnosis.of(&id("database/tcp")).unwrap();
    assert_eq!(one.blame.confidence, Confidence::Low);
    assert!(one.adjusted[0].text.contains("api/there got through"));
}

#[test]
fn what_answers_us_is_not_us() {
    let refused = says(
        "TCP-1",
        Layer::Transport,
        DB[1],
        Class::Infrastructure,
        Confidence::Low,
    );
    let failing = says(
        "HTTP-7",
        Layer::Application,
        WEB[2],
        Class::Application,
        Confidence::High,
    );
    let told = nobody_is_out_there()
        .fail(
            "database/refused",
            "tcp.refused",
            Phase::Connect,
            &["sock:10.0.0.9:5432"],
            &refused,
        )
        .answered("api/broken", 500, WEB, &failing)
        // This machine needs no network to talk to itself.
        .fail(
            "demo/local",
            "tcp.timeout",
            Phase::Connect,
            &["sock:127.0.0.1:9"],
            &silent("sock:127.0.0.1:9"),
        );
    let diagnosis = told.diagnosis();
    let class = |test: &str| diagnosis.of(&id(test)).unwrap().blame.class;
    assert_eq!(class("api/broken"), Class::Application);
    assert_eq!(class("database/refused"), Class::Infrastructure);
    assert_eq!(class("demo/local"), Class::Infrastructure);
    assert_eq!(class("database/tcp"), Class::TestDefect);
}

#[test]
fn a_loopback_that_is_broken_outweighs_everything() {
    let ours = says(
        "RUN-1",
        Layer::Runner,
        "runner",
        Class::TestDefect,
        Confidence::High,
    );
    let told = Told::new()
        .fail(
            "preflight/loopback",
            "runner.loopback",
            Phase::Local,
            &["runner"],
            &ours,
        )
        .fail(
            "database/tcp",
            "tcp.refused",
            Phase::Connect,
            DB,
            &silent(DB[1]),
        );
    let diagnosis = told.diagnosis();
    assert_eq!(
        all(&diagnosis),
        ["runner runner RUN-1 x2 +0 test_defect high"]
    );
}

#[test]
fn every_control_that_fails_is_of_this_machine_and_not_only_the_first() {
    let others: &[&str] = &["dns:elsewhere.example", "sock:elsewhere.example:443"];
    let told = nobody_is_out_there();
    let told = told
        .fail(
            "preflight/other-control",
            "dns.again",
            Phase::Resolve,
            others,
            &lost(others[0]),
        )
        .tagged("control");
    let diagnosis = told.diagnosis();
    assert_eq!(
        all(&diagnosis),
        ["runner runner DNS-2 x4 +0 test_defect high"]
    );
    let one = diagnosis.of(&id("preflight/other-control")).unwrap();
    assert_eq!(
        one.adjusted[0].text,
        "preflight/other-control failed (dns.again): a control, and no part of the target"
    );
}

#[test]
fn a_control_that_nothing_near_lets_through_says_nothing_of_what_is_far() {
    let ours = says(
        "RUN-1",
        Layer::Runner,
        "runner",
        Class::TestDefect,
        Confidence::High,
    );
    let told = Told::new()
        .fail(
            "preflight/egress-control",
            "tcp.timeout",
            Phase::Connect,
            CONTROL,
            &silent(CONTROL[1]),
        )
        .tagged("control")
        .fail(
            "preflight/loopback",
            "runner.loopback",
            Phase::Local,
            &["runner"],
            &ours,
        );
    let diagnosis = told.diagnosis();
    assert_eq!(
        all(&diagnosis),
        ["runner runner RUN-1 x2 +0 test_defect high"]
    );
}

#[test]
fn a_red_limit_explains_no_refusal() {
    let ours = says(
        "RUN-2",
        Layer::Runner,
        "runner",
        Class::TestDefect,
        Confidence::High,
    );
    let limits = |told: Told| {
        let told = told.answered("preflight/limits", 200, &["runner"], &ours);
        told.step(|step| {
            step.probe = "runner".to_owned();
            step.observation.facts.insert("enough", Value::Bool(false));
        })
    };
    let told = limits(Told::new());
    let refused = says(
        "TCP-1",
        Layer::Transport,
        DB[1],
        Class::Infrastructure,
        Confidence::Low,
    );
    let told = told.fail("database/tcp", "tcp.refused", Phase::Connect, DB, &refused);
    let diagnosis = told.diagnosis();
    assert_eq!(
        diagnosis.of(&id("database/tcp")).unwrap().blame.class,
        Class::Infrastructure
    );
    assert_eq!(diagnosis.causes.len(), 2);
}

fn other_build(told: Told) -> Told {
    let stale = says(
        "TEST-9",
        Layer::Application,
        WEB[2],
        Class::Application,
        Confidence::Medium,
    );
    let told = told
        .answered("preflight/identity", 200, WEB, &stale)
        .tagged("identity");
    told.step(|step| {
        step.probe = "http".to_owned();
        step.findings.push(Finding {
            code: Code::fixed("expect.json"),
            path: "json $".to_owned(),
            expected: "includes {}".to_owned(),
            actual: None,
            state: State::NotHeld,
            detail: None,
            place: None,
        });
    })
}

#[test]
fn what_is_found_in_another_build_is_not_held_against_this_one() {
    let failing = says(
        "HTTP-7",
        Layer::Application,
        WEB[2],
        Class::Application,
        Confidence::High,
    );
    let told = other_build(Told::new()).answered("api/broken", 500, WEB, &failing);
    let diagnosis = told.diagnosis();
    assert_eq!(
        all(&diagnosis),
        [
            format!("{} application TEST-9 x1 +0 configuration medium", WEB[2]),
            format!(
                "{} application HTTP-7 x1 +0 application low unexplained",
                WEB[2]
            ),
        ]
    );
    assert_eq!(
        diagnosis.causes[0].blame.detail.as_deref(),
        Some("stale-revision")
    );
    let broken = diagnosis.of(&id("api/broken")).unwrap();
    assert_eq!(broken.adjusted[0].kind, Modifier::Identity);
    // Nobody answered is no other build.
    let told = Told::new()
        .fail(
            "preflight/identity",
            "tcp.timeout",
            Phase::Connect,
            WEB,
            &silent(WEB[1]),
        )
        .tagged("identity")
        .answered("api/broken", 500, WEB, &failing);
    let diagnosis = told.diagnosis();
    assert_eq!(
        diagnosis.of(&id("api/broken")).unwrap().blame.confidence,
        Confidence::High
    );
}

#[test]
fn a_host_that_answers_at_another_port_leaves_two_to_ask() {
    let told = Told::new()
        .fail(
            "database/tcp",
            "tcp.timeout",
            Phase::Connect,
            DB,
            &silent(DB[1]),
        )
        .pass("database/ssh", &["dns:db.internal", "sock:db.internal:22"]);
    let diagnosis = told.diagnosis();
    let one = &diagnosis.failures[0];
    // Packets that are dropped, or a process that accepts nothing: from here they look the same.
    assert_eq!(one.blame.confidence, Confidence::Low);
    assert_eq!(one.blame.owner, "network+app");
    assert_eq!(
        one.adjusted[0].text,
        "db.internal answers at port 22 (database/ssh): only this port is silent, because packets are dropped (network) or what listens \
         there accepts nothing (app)"
    );
    // A connection that was open is another matter.
    let told = Told::new()
        .fail(
            "database/tcp",
            "tcp.timeout",
            Phase::Query,
            DB,
            &silent(DB[1]),
        )
        .pass("database/ssh", &["dns:db.internal", "sock:db.internal:22"]);
    let diagnosis = told.diagnosis();
    assert_eq!(diagnosis.failures[0].blame.confidence, Confidence::Medium);
    assert!(diagnosis.failures[0].adjusted.is_empty());
    // One that refuses is there without that, and is no surer for it.
    let refused = says(
        "TCP-1",
        Layer::Transport,
        DB[1],
        Class::Infrastructure,
        Confidence::Low,
    );
    let told = Told::new()
        .fail("database/tcp", "tcp.refused", Phase::Connect, DB, &refused)
        .pass("database/ssh", &["dns:db.internal", "sock:db.internal:22"]);
    assert_eq!(
        told.diagnosis().failures[0].blame.confidence,
        Confidence::Low
    );
}

#[test]
fn a_name_that_another_server_knows_is_lost_on_the_way() {
    let unknown = says(
        "DNS-3",
        Layer::Dns,
        DB[0],
        Class::Configuration,
        Confidence::Medium,
    );
    let told = Told::new()
        .fail("database/tcp", "dns.nxdomain", Phase::Resolve, DB, &unknown)
        .pass("names/there", &[DB[0], "sock:10.0.0.53:53"])
        .at(0, 60);
    let diagnosis = told.diagnosis();
    let one = &diagnosis.failures[0];
    assert_eq!(one.blame.to_string(), "infrastructure/dns (medium)");
    assert_eq!(
        one.adjusted[0].text,
        "10.0.0.53:53 resolves db.internal (names/there)"
    );
    // Another server is another vantage, and does not show that it is resolved here.
    assert_eq!(diagnosis.causes[0].standing, Standing::Down);
    // The server that was asked and failed is none.
    let same = Told::new()
        .fail(
            "names/lost",
            "dns.nxdomain",
            Phase::Resolve,
            &[DB[0], "sock:10.0.0.53:53"],
            &unknown,
        )
        .pass("names/there", &[DB[0], "sock:10.0.0.53:53"]);
    assert_eq!(
        same.diagnosis().failures[0].blame.class,
        Class::Configuration
    );
}

#[test]
fn each_server_that_is_asked_is_a_place_of_its_own() {
    let lost = |told: Told, test: &str, uses: &[&str]| {
        told.fail(test, "dns.again", Phase::Resolve, uses, &lost(uses[0]))
    };
    let of = |server: u8| {
        let server = format!("10.0.0.{server}:5353");
        [
            format!("dns:db.internal@{server}"),
            format!("sock:{server}"),
        ]
    };
    let mut told = lost(Told::new(), "database/tcp", DB);
    for server in [1, 2, 3] {
        let of = of(server);
        let uses: Vec<&str> = of.iter().map(String::as_str).collect();
        told = lost(told, &format!("names/at-{server}"), &uses);
    }
    assert_eq!(told.diagnosis().causes.len(), 4);
    // Who asks the same server, and is told, shows that it answers now and then;
    // who asks another one shows that the name is right.
    let [name, server] = of(1);
    let told = told.pass("names/there", &[&name, &server]).at(120, 400);
    let diagnosis = told.diagnosis();
    let of = |test: &str| {
        let one = diagnosis.of(&id(test)).unwrap();
        let told = one.adjusted.iter().map(|one| one.text.as_str());
        let standing = diagnosis.causes[one.cause].standing;
        (standing == Standing::Down, told.collect::<Vec<_>>())
    };
    let elsewhere = vec!["10.0.0.1:5353 resolves db.internal (names/there)"];
    assert_eq!(of("database/tcp"), (true, elsewhere.clone()));
    assert_eq!(of("names/at-2"), (true, elsewhere));
    assert!(!of("names/at-1").0);
}

#[test]
fn a_look_after_the_failure_is_a_witness() {
    let told = |probe: &'static str, used: &'static [&'static str]| {
        Told::new()
            .fail(
                "database/tcp",
                "tcp.timeout",
                Phase::Connect,
                DB,
                &silent(DB[1]),
            )
            .looked_on_fail(probe, used)
            .diagnosis()
    };
    let diagnosis = told("tcp", &["sock:10.0.0.7:5432"]);
    let one = &diagnosis.failures[0];
    assert_eq!(one.blame.confidence, Confidence::Low);
    assert_eq!(
        one.adjusted[0].text,
        "10.0.0.7:5432 answers (`on_fail`): only this address is silent, because packets are dropped (network) or what listens there \
         accepts nothing (app)"
    );
    let diagnosis = told("tcp", DB);
    assert_eq!(
        diagnosis.causes[0].standing,
        Standing::Intermittent { failed: 1, of: 2 }
    );
    assert_eq!(diagnosis.failures[0].blame.confidence, Confidence::Low);
    // Neither resolves what it connects to, nor the other way round.
    let diagnosis = told("dns", &DB[..1]);
    assert_eq!(diagnosis.causes[0].standing, Standing::Down);
}

#[test]
fn a_time_that_comes_again_and_again_is_somebodys_timeout() {
    let slow = says(
        "HTTP-7",
        Layer::Application,
        WEB[2],
        Class::Application,
        Confidence::Medium,
    );
    let told = |each: u64| {
        let told = Told::new().answered("api/slow", 504, WEB, &slow);
        told.sampled(0, 5, Duration::from_millis(each))
    };
    let text = |told: &Told| {
        let diagnosis = told.diagnosis();
        let mut all = diagnosis.failures[0].adjusted.iter();
        all.find(|one| one.kind == Modifier::FixedTimeout)
            .map(|one| one.text.clone())
    };
    assert_eq!(
        text(&told(60_200)).unwrap(),
        "every attempt took 60.2 s (± 0.0 %): a fixed timeout, not ours; 60 s is what nginx and most load balancers wait"
    );
    let declared = told(35_000).variable("db_connect_timeout", "35s");
    assert!(
        text(&declared)
            .unwrap()
            .contains("`db_connect_timeout` says (35s)")
    );
    assert_eq!(text(&told(12)), None);
    let ours = Told::new()
        .fail(
            "database/tcp",
            "tcp.timeout",
            Phase::Connect,
            DB,
            &silent(DB[1]),
        )
        .sampled(0, 3, Duration::from_secs(5));
    assert!(
        text(&ours)
            .unwrap()
            .ends_with("our own: the budget of the test ended")
    );
}
