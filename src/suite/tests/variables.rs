//! Variables: early and late, secret, set, from the environment, from budgets, from an environment that is not started.

use super::super::testing::{Folder, says};
use super::super::{Environment, Look};

const TEST: &str =
    "- { name: x, tcp: { host: \"${host}\", port: \"${port}\" }, expect: { connected: true } }";

#[test]
fn variables_are_filled_in_order_and_keep_their_types() {
    let folder = Folder::with_target(
        "vars: { domain: example.org, host: \"db.${domain}\", port: 5432, both: \"${host}:${port}\" }\n",
        TEST,
    );
    let suites = folder.loaded();
    assert_eq!(
        suites.tests[0].steps[0].resources,
        ["dns:db.example.org", "sock:db.example.org:5432"]
    );
    let shown: Vec<_> = suites
        .target
        .variables
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    assert_eq!(
        shown,
        [
            "domain=example.org",
            "host=db.example.org",
            "port=5432",
            "both=db.example.org:5432"
        ]
    );
    assert_eq!(
        folder.set("domain", "other").loaded().tests[0].steps[0].resources[0],
        "dns:db.other"
    );

    for (target, says) in [
        (
            "vars: { host: \"${port}\", port: 80 }\n",
            "`port`: not known yet",
        ),
        (
            "vars: { host: \"${uuid}\", port: 80 }\n",
            "`uuid` is made anew",
        ),
        ("vars: { host: , port: 80 }\n", "`host` is empty"),
        (
            "vars: { host: h, port: 80, Bad: x }\n",
            "`Bad` is no name for a variable",
        ),
        ("vars: { host: h, port: many }\n", "expected a whole number"),
        (
            "vars: { host: \"${env.NOT_THERE}\", port: 80 }\n",
            "NOT_THERE is not set",
        ),
        (
            "vars: { host: \"${demo.host}\", port: 80 }\n",
            "only a target with `embedded: demo`",
        ),
        ("vars: { host: \"${host\", port: 80 }\n", "never closed"),
        ("vars: [host]\n", "expected a mapping of variables"),
    ] {
        let folder = Folder::with_target(target, TEST);
        let errors = folder.errors();
        assert!(
            errors.iter().any(|error| error.contains(says)),
            "{target}: {errors:?}"
        );
        let most = if target.starts_with("vars: [") { 3 } else { 1 };
        assert!(errors.len() <= most, "{target}: {}", folder.told());
    }
}

#[test]
fn set_changes_variables_and_makes_none() {
    let folder = || Folder::with_target("vars: { host: h, port: 80 }\n", TEST);
    assert_eq!(
        folder().set("port", "81").set("port", "82").loaded().tests[0].steps[0].resources[1],
        "sock:h:82"
    );
    let errors = folder().set("prot", "81").errors();
    assert!(
        says(
            &errors,
            "--set prot: target `t` has no variable of this name; did you mean `port`?"
        ),
        "{errors:?}"
    );
    assert!(says(
        &folder().set("demo.fault", "refuse").errors(),
        "only a target with `embedded: demo` has it"
    ));
    // A value is never looked at again.
    let suites = folder().set("host", "${port}").loaded();
    assert_eq!(suites.tests[0].steps[0].resources[0], "dns:${port}");
}

#[test]
fn the_environment_is_read_by_name() {
    let target =
        "vars: { host: \"${env.DB_HOST}\", port: \"${env.DB_PORT | default(\\\"80\\\")}\" }\n";
    let suites = Folder::with_target(target, TEST)
        .env(&[("DB_HOST", "h")])
        .loaded();
    assert_eq!(suites.tests[0].steps[0].resources, ["dns:h", "sock:h:80"]);
    let errors = Folder::with_target(target, TEST)
        .env(&[("DB_HOST", "")])
        .errors();
    assert!(
        says(&errors, "environment variable DB_HOST is empty"),
        "{errors:?}"
    );
}

#[test]
fn secrets_are_masked_hidden_and_only_read_when_used() {
    let target = "
vars: { user: u, dsn: \"pg://u:${secret.password}@h/x\", copy: \"${dsn}\", url: \"http://a:hunter22@h/\" }
secrets: { password: { env: PASSWORD }, unused: { env: NOT_SET }, also_unused: { command: [rm, -rf, /] } }
";
    let test =
        "- { name: x, scripted: { looks: [{ text: \"${copy}\" }] }, expect: { fault: none } }";
    let folder = Folder::with_target(target, test).env(&[("PASSWORD", "s3cr3t-value")]);
    let suites = folder.loaded();
    let names: Vec<_> = suites
        .target
        .variables
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(names, ["user", "url"]);
    assert_eq!(
        folder.given.mask.apply("the s3cr3t-value of hunter22"),
        "the *** of ***"
    );
    // What is set in the place of a secret is as secret.
    let folder = folder.set("dsn", "pg://other:hunter33@h/x");
    let suites = folder.loaded();
    assert!(
        suites
            .target
            .variables
            .iter()
            .all(|(name, _)| name != "dsn" && name != "copy")
    );
    assert_eq!(folder.given.mask.apply("pg://other:hunter33@h/x"), "***");
}

#[test]
fn a_secret_that_cannot_be_had_is_an_error_that_names_it() {
    let test =
        "- { name: x, scripted: { looks: [{ text: \"${secret.p}\" }] }, expect: { fault: none } }";
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("secret");
    std::fs::write(&file, "from-a-file\n").unwrap();
    let file = file.display().to_string();
    for (secret, says) in [
        ("{ env: P }".to_owned(), "environment variable P is not set"),
        (
            "{ env: EMPTY }".to_owned(),
            "environment variable EMPTY is empty",
        ),
        ("{ env: NEWLINE }".to_owned(), "holds a control character"),
        (
            "{ file: /nonexistent/secret }".to_owned(),
            "file /nonexistent/secret cannot be read",
        ),
        ("{ file: /dev/zero }".to_owned(), "not a regular file"),
        (
            "{ command: [printf, hello-there] }".to_owned(),
            "may only run with --allow-commands",
        ),
        ("{ command: [] }".to_owned(), "an empty command"),
        ("{ env: A, file: b }".to_owned(), "exactly one of"),
        ("{ evn: A }".to_owned(), "did you mean `env`"),
        (
            "hunter22".to_owned(),
            "named by reference, never written here",
        ),
    ] {
        let folder = Folder::with_target(&format!("secrets: {{ p: {secret} }}\n"), test)
            .env(&[("EMPTY", ""), ("NEWLINE", "secret-part\r\nX-Evil: 1")]);
        let told = folder.told();
        assert!(
            told.contains(says) && !told.contains("secret-part"),
            "{secret}: {told}"
        );
        assert!(folder.errors().len() <= 2, "{told}");
    }
    let mut folder = Folder::with_target(
        &format!("secrets: {{ p: {{ file: {file} }}, q: {{ command: [printf, hello-there] }} }}\n"),
        &test.replace("${secret.p}", "${secret.p}${secret.q}"),
    );
    folder.given.allow_commands = true;
    folder.loaded();
    assert_eq!(
        folder.given.mask.apply("from-a-file hello-there"),
        "*** ***"
    );
    let errors = Folder::tests(&test.replace("secret.p", "secret.pp")).errors();
    assert!(says(&errors, "nothing is called `secret.pp`"), "{errors:?}");
}

#[test]
fn budgets_are_durations() {
    let test = "- { name: x, timeout: \"${budget.init}\", scripted: { looks: [] }, expect: { latency: { below: \"${budget.init}\" } } }";
    let suites = Folder::with_target("budgets: { init: 75s }\n", test).loaded();
    assert_eq!(suites.tests[0].timeout.as_secs(), 75);
    let errors = Folder::with_target("budgets: { init: 75 }\n", test).errors();
    assert!(
        errors.len() == 1 && says(&errors, "a unit is missing"),
        "{errors:?}"
    );
    let errors = Folder::with_target("budgets: { intit: 75s }\n", test).errors();
    assert!(says(&errors, "did you mean `budget.intit`"), "{errors:?}");
}

const EMBEDDED: &str = "embedded: demo\nvars: { host: \"${demo.host}\", port: \"${demo.port}\" }\n";

#[test]
fn what_an_environment_that_is_not_started_offers_is_late() {
    let tests = "
- { name: x, title: \"on ${host}\", on_fail: { hint: \"look at ${host}\" }, when: host == a, matrix: [{ name: r, host: \"${host}\" }], tcp: { host: \"${matrix.host}\", port: \"${port}\" }, expect: { connected: true } }
- { name: y, timeout: \"${port}\", tcp: { host: \"${demo.host}\", port: 80 }, expect: { connected: true } }
";
    let names = Environment::Names(vec!["host".into(), "port".into()]);
    let suites = Folder::with_target(EMBEDDED, tests)
        .embedded(names)
        .loaded();
    let test = &suites.tests[0];
    assert!(suites.target.embedded);
    assert_eq!(test.title.as_deref(), Some("on ${host}"));
    assert_eq!(test.on_fail.hint.as_deref(), Some("look at ${host}"));
    assert_eq!(test.when_false, None);
    assert!(matches!(test.steps[0].look, Look::Late(_)));

    let running = Environment::Running(vec![
        ("host".into(), "127.0.0.1".into()),
        ("port".into(), "81".into()),
    ]);
    let folder = Folder::with_target(EMBEDDED, tests).embedded(running);
    let errors = folder.errors();
    assert!(
        errors.len() == 1 && says(&errors, "a unit is missing"),
        "{errors:?}"
    );
    let tests = tests.replace("timeout: \"${port}\", ", "");
    let running = Environment::Running(vec![
        ("host".into(), "127.0.0.1".into()),
        ("port".into(), "81".into()),
    ]);
    let suites = Folder::with_target(EMBEDDED, &tests)
        .embedded(running)
        .loaded();
    assert_eq!(suites.tests[0].steps[0].resources, ["sock:127.0.0.1:81"]);
    assert_eq!(suites.tests[0].when_false.as_deref(), Some("host == a"));

    let names = Environment::Names(vec!["hots".into()]);
    let errors = Folder::with_target(EMBEDDED, &tests)
        .embedded(names)
        .errors();
    assert!(
        says(
            &errors,
            "nothing is called `demo.host`; did you mean `demo.hots`?"
        ),
        "{errors:?}"
    );
}

#[test]
fn the_passwords_of_a_running_environment_are_secret() {
    let running = Environment::Running(vec![("password".into(), "open-sesame".into())]);
    let folder = Folder::with_target(
        "embedded: demo\nvars: { login: \"${demo.password}\" }\n",
        "- { name: x, scripted: { looks: [] }, expect: { fault: none } }",
    )
    .embedded(running);
    assert!(folder.loaded().target.variables.is_empty());
    assert_eq!(folder.given.mask.apply("open-sesame"), "***");
}

#[test]
fn names_that_are_made_anew_are_late() {
    let mut folder = Folder::tests(
        "- { name: x, scripted: { looks: [{ text: \"${uuid} ${now} ${nonce} ${attempt} ${run.id} ${run.started}\" }] }, expect: { fault: none } }",
    );
    let late = |folder: &Folder| match &folder.loaded().tests[0].steps[0].look {
        Look::Late(late) => late.probe.late_names(),
        Look::Ready(..) => Vec::new(),
    };
    let made_anew = ["uuid", "now", "nonce", "attempt"];
    assert_eq!(late(&folder)[..4], made_anew);
    assert_eq!(late(&folder)[4..], ["run.id", "run.started"]);
    folder.given.run_id = Some("r1".to_owned());
    assert_eq!(late(&folder)[4..], ["run.started"]);
}

#[test]
fn a_list_may_be_a_variable_and_stays_a_value() {
    let suites = Folder::with_target(
        "vars: { codes: [200, 204] }\n",
        "- { name: x, scripted: { looks: [] }, expect: { status: { in: \"${codes}\" } } }",
    )
    .loaded();
    assert_eq!(suites.tests[0].steps[0].expectations.len(), 2);
}

#[test]
fn what_has_an_anchor_is_filled_where_it_stands_and_wherever_it_is_used() {
    let tests = "
- { name: x, tcp: &it { host: \"${host}\", port: 80 }, expect: &seen { connected: \"${yes}\" } }
- { name: y, tcp: *it, expect: *seen }
- { name: z, scripted: { looks: [] }, expect: { status: &codes { in: \"${codes}\" } } }
- { name: w, scripted: { looks: [] }, expect: { status: *codes } }
";
    let target = "vars: { host: localhost, yes: true, codes: [200, 204] }\n";
    let suites = Folder::with_target(target, tests).loaded();
    for pair in suites.tests.chunks(2) {
        let [one, other] = [&pair[0].steps[0], &pair[1].steps[0]];
        assert_eq!(one.resources, other.resources);
        assert_eq!(one.expectations, other.expectations);
    }
    assert_eq!(
        suites.tests[0].steps[0].resources,
        ["dns:localhost", "sock:localhost:80"]
    );
}

#[test]
fn a_program_may_be_known_only_in_a_run() {
    let target = "embedded: demo\nvars: { start: [\"${demo.program}\", --now] }\n";
    let tests = "- { name: x, command: { argv: \"${start}\" }, expect: { exit_code: 0 } }";
    let names = Environment::Names(vec!["program".into()]);
    let suites = Folder::with_target(target, tests).embedded(names).loaded();
    assert!(matches!(suites.tests[0].steps[0].look, Look::Late(_)));
    let running = Environment::Running(vec![("program".into(), "/bin/ls".into())]);
    let suites = Folder::with_target(target, tests)
        .embedded(running)
        .loaded();
    assert_eq!(suites.tests[0].steps[0].resources, ["proc:/bin/ls"]);
    for wrong in ["[]", "\"\"", "\"\\0\"", "ls -l", "pending"] {
        let test = tests.replace("\"${start}\"", wrong);
        let errors = Folder::with_target(target, &test)
            .embedded(Environment::Names(vec!["program".into()]))
            .errors();
        assert_eq!(errors.len(), 1, "{wrong}: {errors:?}");
    }
}
