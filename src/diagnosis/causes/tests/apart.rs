//! What fails beside each other, and is no consequence of each other.

use super::building::{Says, Told, all, id, says};
use crate::model::{Class, Confidence, Layer, Modifier, Phase, Standing};

const AT: &str = "origin:http://web.example:80";
const WEB: &[&str] = &["dns:web.example", "sock:web.example:80", AT];

fn denied() -> Says {
    let medium = Confidence::Medium;
    says("HTTP-1", Layer::Auth, AT, Class::Configuration, medium)
}

fn late() -> Says {
    let unsure = Confidence::Low;
    says("TIME-5", Layer::Performance, AT, Class::Unknown, unsure)
}

fn gone() -> Says {
    let sure = Confidence::High;
    says("PRX-4", Layer::Proxy, AT, Class::Infrastructure, sure)
}

fn slow(told: Told, name: &str) -> Told {
    let (code, phase) = ("http.timeout.first_byte", Phase::FirstByte);
    told.fail(name, code, phase, WEB, &late())
}

/// The last test asked what others ask.
fn asking(told: Told, request: &str) -> Told {
    told.step(|step| step.request = request.to_owned())
}

#[test]
fn who_is_not_let_in_is_no_cause_of_what_fails_for_others() {
    let failing = says(
        "HTTP-8",
        Layer::Application,
        AT,
        Class::Application,
        Confidence::Medium,
    );
    let told = Told::new()
        .answered("api/admin", 401, WEB, &denied())
        .answered("api/user", 401, WEB, &denied())
        .answered("api/broken", 500, WEB, &failing);
    let diagnosis = slow(told, "api/slow").diagnosis();
    assert_eq!(
        all(&diagnosis),
        [
            format!("{AT} auth HTTP-1 x2 +0 configuration medium"),
            format!("{AT} application HTTP-8 x1 +0 application medium"),
            format!("{AT} performance TIME-5 x1 +0 unknown low unexplained"),
        ]
    );
}

#[test]
fn what_lets_nearly_all_through_explains_nothing_behind_it() {
    let run = |passes: u64| {
        let told = Told::new().answered("api/gone", 503, WEB, &gone());
        let told = asking(told, "GET /").at(0, 1_000);
        let told = asking(slow(told, "api/slow-1"), "GET /").at(0, 1_000);
        let told = asking(slow(told, "api/slow-2"), "GET /").at(0, 1_000);
        let pass = |told: Told, number| {
            let told = told.pass(&format!("api/t{number}"), WEB).at(500, 600);
            asking(told, "GET /")
        };
        (0..passes).fold(told, pass).diagnosis()
    };
    let few = run(2);
    assert_eq!(few.causes.len(), 1, "{:?}", all(&few));
    let many = run(20);
    assert_eq!(many.causes.len(), 2, "{:?}", all(&many));
    let of = |test: &str| &many.causes[many.of(&id(test)).unwrap().cause];
    assert_eq!(of("api/slow-1").rule, "TIME-5");
    let standing = Standing::Intermittent { failed: 1, of: 21 };
    assert_eq!(of("api/gone").standing, standing);
}

#[test]
fn a_place_that_refuses_a_password_is_behind_nobody_who_names_it() {
    let db = [
        "dns:db.internal",
        "sock:db.internal:5432",
        "dsn:postgres:db.internal:5432/app",
    ];
    let denied = says(
        "PG-1",
        Layer::Auth,
        db[2],
        Class::Configuration,
        Confidence::High,
    );
    let unsure = says(
        "HTTP-8",
        Layer::Application,
        AT,
        Class::Unknown,
        Confidence::Low,
    );
    let told = Told::new()
        .fail(
            "database/login",
            "postgres.28P01",
            Phase::Auth,
            &db,
            &denied,
        )
        .answered("api/ready", 503, WEB, &unsure)
        .says_body("{\"core_db\": \"db.internal:5432 is slow\"}");
    assert_eq!(told.diagnosis().causes.len(), 2);
}

#[test]
fn another_machine_that_says_localhost_means_itself() {
    let ours = "sock:127.0.0.1:5999";
    let refused = says(
        "TCP-1",
        Layer::Transport,
        ours,
        Class::Infrastructure,
        Confidence::Low,
    );
    let run = |origin: &str| {
        let unsure = says(
            "HTTP-8",
            Layer::Application,
            origin,
            Class::Unknown,
            Confidence::Low,
        );
        let told = Told::new()
            .fail(
                "local/tcp",
                "tcp.refused",
                Phase::Connect,
                &[ours],
                &refused,
            )
            .answered("api/ready", 500, &[origin], &unsure)
            .says_body("{\"detail\": \"connect ECONNREFUSED 127.0.0.1:5999\"}");
        let told = told.retelling(ours);
        told.diagnosis().causes.len()
    };
    assert_eq!(run(AT), 2);
    assert_eq!(run("origin:http://10.0.0.8:80"), 2);
    assert_eq!(run("origin:http://localhost:80"), 1);
}

#[test]
fn who_names_a_port_of_many_databases_names_none_of_them() {
    let unsure = says(
        "HTTP-8",
        Layer::Application,
        AT,
        Class::Unknown,
        Confidence::Low,
    );
    let run = |databases: &[&str]| {
        let full = |told: Told, name: &&str| {
            let at = format!("dsn:postgres:db.internal:5432/{name}");
            let full = says(
                "PG-7",
                Layer::Protocol,
                &at,
                Class::Infrastructure,
                Confidence::Medium,
            );
            let test = format!("database/{name}");
            told.fail(&test, "postgres.53300", Phase::Query, &[&at], &full)
        };
        let told = databases.iter().fold(Told::new(), full);
        let told = told
            .answered("api/ready", 503, WEB, &unsure)
            .says_body("{\"core_db\": \"db.internal:5432\"}");
        told.diagnosis().causes.len()
    };
    assert_eq!(run(&["app"]), 1);
    assert_eq!(run(&["app", "shop"]), 3);
}

#[test]
fn what_less_is_believed_of_is_no_consequence_for_that() {
    let db = "sock:db.internal:5432";
    let refused = says(
        "TCP-1",
        Layer::Transport,
        db,
        Class::Infrastructure,
        Confidence::Low,
    );
    let sure = says(
        "HTTP-7",
        Layer::Application,
        AT,
        Class::Application,
        Confidence::High,
    );
    let stale = says(
        "HTTP-9",
        Layer::Application,
        AT,
        Class::Application,
        Confidence::Low,
    );
    let told = Told::new()
        .fail(
            "database/tcp",
            "tcp.refused",
            Phase::Connect,
            &[db],
            &refused,
        )
        .answered("api/orders", 500, WEB, &sure)
        .says_body("TypeError in the order of db.internal:5432")
        .answered("preflight/build", 200, WEB, &stale)
        .tagged("identity")
        .step(|step| step.findings[0].code = crate::model::Code::fixed("expect.json"));
    let diagnosis = told.diagnosis();
    let orders = diagnosis.of(&id("api/orders")).unwrap();
    assert_eq!(orders.adjusted[0].kind, Modifier::Identity);
    assert_eq!(diagnosis.causes[orders.cause].resource, AT);
}

#[test]
fn another_path_that_gets_through_says_nothing_of_this_one() {
    let gone = gone();
    for (status, layer, rule) in [
        (404, Layer::Proxy, "PRX-7"),
        (400, Layer::Protocol, "HTTP-4"),
    ] {
        let lost = says(rule, layer, AT, Class::Configuration, Confidence::Medium);
        let told = Told::new().answered("api/lost", status, WEB, &lost);
        let told = told.pass("api/ok", WEB).at(0, 50);
        let diagnosis = told.diagnosis();
        assert_eq!(diagnosis.causes[0].standing, Standing::Down, "{rule}");
        let said = diagnosis.causes[0].why.iter();
        assert!(
            !said
                .map(|line| &line.text)
                .any(|text| text.contains("not down"))
        );
        let told = asking(told, "GET api/lost");
        let both = Standing::Intermittent { failed: 1, of: 2 };
        assert_eq!(told.diagnosis().causes[0].standing, both, "{rule}");
    }
    let broken = |told: Told| {
        let told = told.answered("api/gone", 502, WEB, &gone).at(0, 100);
        slow(told, "api/slow").at(0, 100)
    };
    // Nobody gets through: it is one outage.
    assert_eq!(broken(Told::new()).diagnosis().causes.len(), 1);
    let told = broken(Told::new().pass("api/ok", WEB).at(0, 10));
    let diagnosis = told.diagnosis();
    assert_eq!(diagnosis.causes.len(), 2, "{:?}", all(&diagnosis));
    // The same request that fails in two ways has one cause.
    let told = asking(told, "GET api/gone");
    assert_eq!(told.diagnosis().causes.len(), 1);
}
