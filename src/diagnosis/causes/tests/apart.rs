//! What fails beside each other, and is no consequence of each other.

use super::building::{Says, Told, all, id, says};
use crate::model::{Class, Confidence, Layer, Phase, Standing};

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
        let told = told.at(0, 1_000);
        let told = slow(told, "api/slow-1").at(0, 1_000);
        let told = slow(told, "api/slow-2").at(0, 1_000);
        let pass = |told: Told, number| told.pass(&format!("api/t{number}"), WEB).at(500, 600);
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
