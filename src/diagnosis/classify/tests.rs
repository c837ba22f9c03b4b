use super::*;
use crate::diagnosis::examples::Short;

fn classified(yaml: &str) -> Diagnosed {
    let record = Short::parse(yaml).record();
    classify_one(&record, Rules::embedded()).expect("it failed")
}

#[test]
fn the_author_of_an_assertion_has_an_opinion_and_never_against_a_fault() {
    let down = "{ probe: http, status: 200, hop: app, code: expect.json, json: { core_db: down }, on_fail:";
    let found = classified(&format!("{down} infrastructure }}"));
    assert_eq!(found.blame.class, Class::Infrastructure);
    assert_eq!(found.blame.decided(), Class::Unknown, "nobody looked");
    assert_eq!(found.adjusted[0].kind, Modifier::Author);
    // Where the rule leans to the same, it is decided.
    let found = classified(&format!("{down} application }}"));
    assert_eq!(
        found.blame.to_string(),
        "application/behaviour (medium)",
        "{:?}",
        found.adjusted
    );
    let found = classified("{ probe: tcp, fault: tcp.refused, errno: 111, on_fail: application }");
    assert_eq!(found.blame.class, Class::Infrastructure);
    assert!(found.adjusted.is_empty());
}

#[test]
fn what_a_rule_decided_its_author_does_not_overrule() {
    let found = classified("{ probe: http, status: 404, hop: app, on_fail: infrastructure }");
    assert_eq!(found.blame.to_string(), "configuration/endpoint (medium)");
    assert!(found.adjusted.is_empty());
}

#[test]
fn what_no_rule_knows_is_unknown_at_the_layer_of_its_code() {
    let found =
        classified("{ probe: sql, code: sql.unheard_of, resources: ['dsn:db', 'sock:db:1'] }");
    assert_eq!(found.rule, "UNKNOWN");
    assert_eq!((found.layer, &*found.resource), (Layer::Protocol, "dsn:db"));
    assert_eq!(found.blame.to_string(), "unknown");
    let found = classified("{ probe: scripted, code: unheard.of }");
    assert_eq!(found.resource, "test:examples/one");
}

#[test]
fn the_evidence_of_a_fault_is_one_line_with_its_number() {
    let found =
        classified("{ probe: tcp, fault: tcp.refused, errno: 111, resources: ['sock:db:5432'] }");
    assert_eq!(found.evidence, ["tcp.refused (errno 111) in phase connect"]);
    assert_eq!(
        (found.rule.as_str(), &*found.resource),
        ("TCP-1", "sock:db:5432")
    );
}

#[test]
fn a_claim_about_all_attempts_is_not_explained_by_one_of_them() {
    let one = "probe: tcp, fault: tcp.refused, errno: 111, code: ";
    let mut record = Short::parse(&format!("{{ {one} tcp.refused }}")).record();
    for (code, rule) in [
        ("claim.pass_rate", "TCP-1"),
        ("gate.flaky", "TCP-1"),
        ("claim.latency.p95", "ASSERT-3"),
        ("gate.unexpected_pass", "GATE-1"),
    ] {
        record.code = Some(crate::model::Code::fixed(code));
        let found = classify_one(&record, Rules::embedded()).unwrap();
        assert_eq!(found.rule, rule, "{code}");
    }
}

#[test]
fn a_status_that_was_wanted_is_no_sign_of_anything() {
    let seen = "probe: http, status: 401, hop: app, code: expect.latency, findings: [[status, equals 401, '401'], [latency, below 1s, 2s]]";
    let mut record = Short::parse(&format!("{{ {seen} }}")).record();
    let found = classify_one(&record, Rules::embedded()).unwrap();
    assert_eq!(found.rule, "HTTP-1");
    let attempt = std::sync::Arc::make_mut(&mut record.attempts[0]);
    attempt.steps[0].findings[0].state = crate::model::State::Held;
    let found = classify_one(&record, Rules::embedded()).unwrap();
    assert_eq!(found.rule, "ASSERT-3");
}

#[test]
fn a_page_is_believed_at_most_half_unless_the_application_marks_its_own() {
    let page = "<html><body><h1>503 Service Unavailable</h1>\\nNo server is available to handle this request.\\n</body></html>";
    let of_haproxy = |rest: &str| {
        classified(&format!(
            "{{ probe: http, status: 503, body: \"{page}\", {rest} }}"
        ))
    };
    let found = of_haproxy("hop: haproxy");
    assert_eq!(
        (&*found.rule, found.blame.confidence),
        ("PRX-4", Confidence::Medium)
    );
    assert_eq!(found.adjusted[0].kind, Modifier::Nested);
    let found = of_haproxy("hop: haproxy, facts: { app_marker: false }");
    assert_eq!(
        (&*found.rule, found.blame.confidence),
        ("PRX-4", Confidence::High)
    );
    let found = of_haproxy("hop: app, facts: { app_marker: true }");
    assert_ne!(found.layer, Layer::Proxy, "the application quotes it");
}

#[test]
fn a_text_that_was_cut_short_is_no_match() {
    let when = r"{ body: 'code 1\b', untrusted: true }";
    let body = |end: &str| {
        let text = "x ".repeat(1000);
        asks(when, &format!("{{ evidence: {{ body: '{text}{end}' }} }}"))
    };
    assert!(body("code 1").is_some() && body("code 1 …").is_some());
    assert_eq!(body("code 1…"), None, "it may have been 13");
}

#[test]
fn what_did_not_fail_of_its_own_is_not_explained() {
    use crate::model::Status;
    let mut record = Short::parse("{ probe: tcp, fault: tcp.refused }").record();
    let counted = Status::ALL.iter().filter(|status| {
        record.status = **status;
        classify_one(&record, Rules::embedded()).is_some()
    });
    assert_eq!(counted.count(), 5);
}

/// Whether a rule that asks this matches what was seen, and what it says it matched.
fn asks(when: &str, seen: &str) -> Option<Vec<String>> {
    let yaml = format!(
        "rules: [{{ id: A-1, layer: dns, when: {when}, class: unknown, confidence: low, owner: app, meaning: M. }}]"
    );
    let mut sources = crate::yaml::Sources::default();
    let file = sources.add("a.yaml", yaml);
    let mut problems = crate::yaml::Diagnostics::default();
    let rules = Rules::embedded().with(file, &sources, &mut problems);
    assert!(!problems.has_errors(), "{when}: {problems:?}");
    let found = classify_one(&Short::parse(seen).record(), &rules)?;
    (found.rule == "A-1").then_some(found.evidence)
}

/// What is asked, what answers it, what does not, and what is told of it.
const ASKED: &[(&str, &str, &str, &str)] = &[
    (
        "{ status: { from: 500, to: 599 } }",
        "status: 503",
        "status: 499",
        "status 503",
    ),
    (
        "{ exit_code: 3 }",
        "exit_code: 3",
        "exit_code: 4",
        "exit code 3",
    ),
    ("{ signal: SIGKILL }", "signal: 9", "signal: 15", "signal 9"),
    (
        "{ close_code: 1001 }",
        "close_code: 1001",
        "close_code: 1000",
        "close code 1001",
    ),
    (
        "{ rcode: SERVFAIL }",
        "facts: { rcode: SERVFAIL }",
        "facts: { rcode: NOERROR }",
        "rcode 2",
    ),
    (
        "{ errno: EPIPE }",
        "fault: tcp.reset, errno: 32",
        "fault: tcp.reset, errno: 104",
        "tcp.reset (errno 32) in phase connect",
    ),
    (
        "{ alert: [unknown_ca, 40] }",
        "fault: tls.alert.48",
        "fault: tls.alert.70",
        "tls.alert.48 (TLS alert 48) in phase tls",
    ),
    (
        "{ sqlstate: '08*' }",
        "fault: postgres.08006",
        "fault: postgres.28P01",
        "postgres.08006 (SQLSTATE 08006) in phase starttls",
    ),
    (
        "{ header: { Server: '^ngin' } }",
        "headers: { server: nginx }",
        "headers: { server: x }",
        "server: nginx",
    ),
    (
        "{ hop: [nginx, app] }",
        "hop: app",
        "hop: unknown",
        "answered by app",
    ),
    (
        "{ json: { $.db: down } }",
        "json: { db: down }",
        "json: { db: up }",
        "$.db is \"down\"",
    ),
    (
        "{ json: { $.db: null } }",
        "json: { db: null }",
        "json: {}",
        "$.db is null",
    ),
    (
        "{ fact: { oom_killed: true } }",
        "facts: { oom_killed: true }",
        "facts: { oom_killed: false }",
        "oom_killed is true",
    ),
    (
        "{ fact: { x: absent } }",
        "facts: { y: 1 }",
        "facts: { x: 1 }",
        "status equals 200, but was none",
    ),
    (
        "{ fact: { x: present } }",
        "facts: { x: y }",
        "facts: { y: 1 }",
        "x is y",
    ),
    (
        "{ fact: { codes: '^tcp\\.reset$' } }",
        "facts: { codes: { tcp.reset: 2 } }",
        "facts: { codes: {} }",
        "codes is tcp.reset",
    ),
    (
        "{ log: '^Killed$' }",
        "stderr: \"a\\nKilled\"",
        "stderr: Killed by",
        "stderr: Killed",
    ),
    (
        "{ body: 'down', untrusted: true }",
        "body: is down",
        "body: up",
        "body: is down",
    ),
    (
        "{ resource: { kind: unix } }",
        "resources: ['unix:/run/x']",
        "resources: ['sock:x:1']",
        "unix:/run/x",
    ),
    (
        "{ finding: { path: ready } }",
        "findings: [[ready, 'is true', 'false']]",
        "findings: [[x, y, z]]",
        "ready is true, but was false",
    ),
    (
        "{ finding: { absent: true } }",
        "findings: [[ready, 'is true', null]]",
        "findings: [[x, y, z]]",
        "ready is true, but was none",
    ),
    (
        "{ attempts: always }",
        "before: [not_held]",
        "before: [held]",
        "0 of 2 attempts held",
    ),
    (
        "{ attempts: always }",
        "polls: 3",
        "polls: 1",
        "0 of 1 attempts held",
    ),
    (
        "{ attempts: sometimes }",
        "before: [held, not_held]",
        "before: [not_held]",
        "1 of 3 attempts held",
    ),
    (
        "{ elapsed: deadline }",
        "fault: tcp.timeout",
        "fault: tcp.timeout, errno: 110",
        "our own deadline ended it",
    ),
    (
        "{ fault: 'dns.*', phase: resolve }",
        "fault: dns.nxdomain",
        "fault: tcp.refused",
        "dns.nxdomain in phase resolve",
    ),
    (
        "{ code: 'expect.*' }",
        "code: expect.json",
        "code: capture.token",
        "expect.json",
    ),
    (
        "{ probe: tls }",
        "probe: tls",
        "probe: tcp",
        "status equals 200, but was none",
    ),
];

#[test]
fn every_key_asks_what_it_says() {
    for (when, yes, no, says) in ASKED {
        let yes = format!("{{ {yes} }}");
        let met = asks(when, &yes);
        let told = met.unwrap_or_else(|| panic!("{when} does not match {yes}"));
        assert!(told.iter().any(|text| text == *says), "{when}: {told:?}");
        let no = format!("{{ {no} }}");
        assert_eq!(asks(when, &no), None, "{when} matches {no}");
    }
}
