//! Programs that become ready, stay so, or come back.

use super::*;
use crate::probe::testing::look_in;

#[tokio::test]
async fn the_way_to_ready_has_its_times() {
    let port = port();
    let seen = look(&service(SERVES, port.number(), "")).await.unwrap();
    assert_eq!(fact(&seen, "ready"), Some(Value::Bool(true)));
    let times =
        ["spawned", "port_open", "first_byte", "time_to_ready"].map(|name| time(&seen, name));
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(seen.phase(Phase::Ready), Some(times[3]));
    assert!(seen.phase(Phase::Process).unwrap() >= times[3]);
    assert_eq!(fact(&seen, "flaps"), Some(Value::int(0)));
    assert_eq!(fact(&seen, "exit_status"), None, "we ended it");
    let ports = seen.facts.get("json").unwrap().get("ports");
    assert_eq!(ports, Some(&Value::List(vec![Value::int(port.number())])));
    assert_nothing_left(&seen, port.number());
}

#[tokio::test]
async fn an_open_port_is_not_ready() {
    let port = port();
    let body = format!("$ready = sub {{ $_[0] > 3 }}; {SERVES}");
    let seen = look(&service(&body, port.number(), "")).await.unwrap();
    assert!(time(&seen, "first_byte") < time(&seen, "time_to_ready"));
    let body = format!("$ready = sub {{ 0 }}; {SERVES}");
    let ctx = Context::for_tests(Duration::from_millis(600));
    let probe = service(&body, port.number(), "");
    let (code, seen) = stopped(look_in(&probe, &ctx).await);
    assert_eq!(code.as_str(), "process.timeout.ready");
    assert_eq!(fact(&seen, "ready"), Some(Value::Bool(false)));
    let why = evidence(&seen, "ready");
    assert!(
        why.contains("expect.status: expected status equals 200, found 503"),
        "{why}"
    );
    assert_nothing_left(&seen, port.number());
}

#[tokio::test]
async fn one_that_dies_is_told_at_once_and_by_its_code() {
    let port = port();
    let probe = read::<Process>(&format!(
        "{{ argv: [sh, -c, \"echo no database >&2; exit 3\"], ready: {{ tcp: {{ host: 127.0.0.1, port: {} }}, expect: {{ connected: true }}, every: 60s }} }}",
        port.number()
    ));
    let (code, seen) = stopped(look(&probe).await);
    assert_eq!(code.as_str(), "process.exit.3");
    assert_eq!(seen.fault.as_ref().unwrap().phase, Phase::Ready);
    assert_eq!(evidence(&seen, "log"), "no database\n");
    assert_eq!(fact(&seen, "ready"), Some(Value::Bool(false)));
    let probe = service("kill 9, $$; sleep 9", port.number(), "");
    assert_eq!(super::code(look(&probe).await), "process.signal.9");
}

#[tokio::test]
async fn the_phase_in_which_it_hangs_is_told() {
    let port = port();
    let phases = ", phases: [{ name: config, end: config done }, { name: database, start: connecting, end: connected, budget: 10ms }, { name: serving, end: serving }]";
    let body = "print qq(config done\\n); print qq(connecting\\n); sleep 100";
    let ctx = Context::for_tests(Duration::from_secs(1));
    let (code, seen) = stopped(look_in(&service(body, port.number(), phases), &ctx).await);
    assert_eq!(code.as_str(), "process.timeout.ready");
    assert!(evidence(&seen, "phase").starts_with("it was in phase `database` for"));
    let names = |names: &[&str]| {
        let text = |name: &&str| Value::Text((*name).to_owned());
        Some(Value::List(names.iter().map(text).collect()))
    };
    assert_eq!(fact(&seen, "phases_reached"), names(&["config"]));
    assert_eq!(fact(&seen, "over_budget"), names(&["database"]));
    assert_eq!(fact(&seen, "phases_in_order"), Some(Value::Bool(false)));
    assert_eq!(
        text(&seen, "phases_in_order.why"),
        "`database` had begun and did not end, `serving` was never reached"
    );
    let why = text(&seen, "over_budget.why");
    assert!(
        why.starts_with("`database` took ") && why.ends_with(" of 10ms so far"),
        "{why}"
    );
    let document = fact(&seen, "json").unwrap();
    let Some(Value::List(phases)) = document.get("phases") else {
        panic!("{document:?}");
    };
    assert_eq!(phases[1].get("over_budget"), Some(&Value::Bool(true)));
    assert_eq!(phases[2].get("start_ms"), Some(&Value::Null));
}

#[tokio::test]
async fn a_phase_that_never_comes_breaks_the_order_of_one_that_goes_on() {
    let port = port();
    let phases = ", phases: [{ name: config, end: config done }, { name: database, start: connecting, end: connected, budget: 10ms }]";
    let body = format!("print qq(config done\\nDATABASE UP\\n); {SERVES}");
    let seen = look(&service(&body, port.number(), phases)).await.unwrap();
    assert_eq!(fact(&seen, "over_budget"), Some(Value::List(Vec::new())));
    assert_eq!(fact(&seen, "phases_in_order"), Some(Value::Bool(false)));
    let why = text(&seen, "phases_in_order.why");
    assert_eq!(why, "`database` was never reached");
    // None of all is told, too.
    let seen = look(&service(SERVES, port.number(), phases)).await.unwrap();
    assert_eq!(fact(&seen, "phases_in_order"), Some(Value::Bool(false)));
    // One that is to end need not come through all.
    let script = "echo config done; exit 3";
    let seen = look(&shell(script, &format!("{phases}, exits: {{}}")))
        .await
        .unwrap();
    assert_eq!(fact(&seen, "phases_in_order"), Some(Value::Bool(true)));
}

#[tokio::test]
async fn stable_is_ready_without_a_break() {
    let port = port();
    // Ready, once not, and then for good.
    let body = format!("$ready = sub {{ $_[0] != 2 }}; {SERVES}");
    let keys = ", becomes_ready: { stable_for: 100ms }";
    let seen = look(&service(&body, port.number(), keys)).await.unwrap();
    assert_eq!(fact(&seen, "flaps"), Some(Value::int(1)));
    let flaps = evidence(&seen, "flaps").lines().collect::<Vec<_>>();
    assert!(
        flaps.len() == 3 && flaps[1].contains("not ready"),
        "{flaps:?}"
    );
    let (ready, stable) = (time(&seen, "time_to_ready"), time(&seen, "time_to_stable"));
    assert!(stable >= ready + Duration::from_millis(100));
    assert!(seen.phase(Phase::Stable).unwrap() >= Duration::from_millis(100));
    // Never for so long.
    let body = format!("$ready = sub {{ $_[0] % 3 }}; {SERVES}");
    let ctx = Context::for_tests(Duration::from_millis(800));
    let keys = ", becomes_ready: { stable_for: 200ms }, grace: 100ms";
    let (code, seen) = stopped(look_in(&service(&body, port.number(), keys), &ctx).await);
    assert_eq!(code.as_str(), "process.timeout.stable");
    assert_eq!(fact(&seen, "ready"), Some(Value::Bool(true)));
    assert_eq!(fact(&seen, "time_to_stable"), None);
}

#[tokio::test]
async fn a_flap_of_one_that_is_to_stay_up_is_counted_and_no_outage() {
    let port = port();
    let body = format!("$ready = sub {{ $_[0] != 3 }}; {SERVES}");
    let keys = ", stays_up: { for: 100ms, every: 10ms }";
    let seen = look(&service(&body, port.number(), keys)).await.unwrap();
    assert_eq!(fact(&seen, "flaps"), Some(Value::int(1)));
    assert_eq!(fact(&seen, "time_to_stable"), None);
    let keys = ", observe_ready: { for: 50ms, every: 10ms }";
    let seen = look(&service(SERVES, port.number(), keys)).await.unwrap();
    assert_eq!(fact(&seen, "flaps"), Some(Value::int(0)));
    assert!(time(&seen, "time_to_stable") >= Duration::from_millis(50));
}

#[tokio::test]
async fn one_that_dies_while_it_is_watched_has_not_stayed_up() {
    let port = port();
    let body = format!("$ready = sub {{ exit 7 if $_[0] > 2; 1 }}; {SERVES}");
    let keys = ", stays_up: { for: 60s, every: 10ms }";
    let (code, seen) = stopped(look(&service(&body, port.number(), keys)).await);
    assert_eq!(code.as_str(), "process.exit.7");
    assert_eq!(seen.fault.as_ref().unwrap().phase, Phase::Stable);
    assert_eq!(fact(&seen, "flaps"), Some(Value::int(0)));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn one_that_is_supervised_comes_back() {
    let port = port();
    let body = "while (1) { my $worker = fork; serve(bind_port() or exit 4) unless $worker; waitpid $worker, 0 }";
    let keys = ", recovers: { within: 5s }";
    let seen = look(&service(body, port.number(), keys)).await.unwrap();
    assert!(time(&seen, "time_to_recover") < Duration::from_secs(5));
    assert!(seen.phase(Phase::Recover).is_some());
    assert_nothing_left(&seen, port.number());
    let (code, seen) = stopped(look(&service(SERVES, port.number(), keys)).await);
    assert_eq!(code.as_str(), "process.timeout.recover", "our doing");
    let fault = seen.fault.unwrap();
    assert_eq!(fault.phase, Phase::Recover);
    let why = "we ended the program that listened by SIGKILL, as `recovers` asks, and nothing started it again";
    assert_eq!(fault.message, why);
    // A supervisor that ends with what it supervises has ended by itself.
    let body = "my $worker = fork; serve(bind_port() or exit 4) unless $worker; waitpid $worker, 0; exit 5";
    let (code, seen) = stopped(look(&service(body, port.number(), keys)).await);
    assert_eq!(code.as_str(), "process.exit.5");
    let told = seen.fault.unwrap().message;
    assert!(told.contains(", once we had ended process "), "{told}");
    // The supervisor goes on, and starts nobody.
    let body = "serve(bind_port() or exit 4) unless fork; wait; sleep 100";
    let keys = ", recovers: { kill: TERM, within: 100ms }";
    let (code, _) = stopped(look(&service(body, port.number(), keys)).await);
    assert_eq!(code.as_str(), "process.timeout.recover");
}
