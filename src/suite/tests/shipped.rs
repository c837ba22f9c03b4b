//! The suites inside the binary.

use super::super::testing::Folder;
use super::super::{Environment, Given, Look, Root, load, open, starter};

/// The embedded environment, not started and running.
pub(in crate::suite) fn demo() -> [Environment; 2] {
    let variables = [
        ("api", "http://127.0.0.1:8001"),
        ("web", "http://127.0.0.1:8002"),
        ("ws", "ws://127.0.0.1:8001/ws"),
        ("tls_host", "localhost"),
        ("tls_port", "8004"),
        ("retired_name", "127.0.0.1"),
        ("ca", "/tmp/ca.pem"),
        ("control", "https://localhost:8005"),
        ("commit", "c0ffee"),
        ("host", "127.0.0.1"),
        ("port", "8003"),
        ("dsn", "sqlite:///tmp/demo.db"),
        ("password", "open-sesame"),
        ("jwt_key", "a key of nobody but these tests"),
        ("jwt_issuer", "https://auth.demo.example"),
        ("jwt_audience", "demo-api"),
        ("program", "/bin/demo"),
        ("fault", "none"),
        ("directory", "/tmp"),
        ("database", "tcp://127.0.0.1:1"),
        ("dead_database", "tcp://127.0.0.1:2"),
    ];
    let pairs = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    [
        Environment::Names(pairs.iter().map(|(name, _)| name.clone()).collect()),
        Environment::Running(pairs.to_vec()),
    ]
}

#[test]
fn they_load_whether_or_not_the_environment_runs() {
    let folder = Root::Folder(concat!(env!("CARGO_MANIFEST_DIR"), "/suites").into());
    for root in [Root::Shipped, folder] {
        let mut ids = Vec::new();
        for embedded in demo() {
            let is_running = matches!(embedded, Environment::Running(_));
            let given = Given {
                embedded,
                ..Given::default()
            };
            let suites = match load(open(&root, None).unwrap(), &given) {
                Ok(suites) => suites,
                Err(unusable) => panic!(
                    "{}",
                    unusable
                        .problems
                        .render(&unusable.sources, false, &|text| text.to_owned())
                ),
            };
            let is_late = |look: &Look| matches!(look, Look::Late(_));
            let live = suites
                .tests
                .iter()
                .find(|test| test.id.name() == "http-live")
                .unwrap();
            assert_eq!(is_late(&live.steps[0].look), !is_running);
            ids.push(
                suites
                    .tests
                    .iter()
                    .map(|test| test.id.to_string())
                    .collect::<Vec<_>>(),
            );
        }
        assert_eq!(ids[0], ids[1]);
    }
}

/// The example stays what it is while the program grows: what it leaves out needs no variable, so a cloud that nobody uses costs
/// a target one line.
#[test]
fn a_target_without_a_cloud_has_none_of_its_variables() {
    let demo = crate::suite::shipped::FILES
        .iter()
        .find(|(path, _)| *path == "targets/demo.yaml");
    let (_, demo) = demo.unwrap();
    for name in [
        "gcp_",
        "run_",
        "sql_",
        "vpc_",
        "k8s_",
        "aws_",
        "deployed_at",
    ] {
        assert!(!demo.contains(&format!("\n  {name}")), "{name}");
    }
}

#[test]
fn the_example_target_names_what_is_missing() {
    let opened = open(&Root::Shipped, Some("staging")).unwrap();
    let unusable = load(opened, &Given::default()).unwrap_err();
    let messages: Vec<_> = unusable
        .problems
        .iter()
        .map(|problem| problem.message.as_str())
        .collect();
    let expected = [
        "STAGING_PASSWORD is not set",
        "STAGING_JWT_KEY is not set",
        "/run/secrets/staging-dsn cannot be read",
        // Once more each, where a start is given them.
        "STAGING_JWT_KEY is not set",
        "/run/secrets/staging-dsn cannot be read",
        "STAGING_BAD_DSN is not set",
        "STAGING_REDIS_URL is not set",
    ];
    assert_eq!(messages.len(), expected.len(), "{messages:?}");
    for (message, expected) in messages.iter().zip(expected) {
        assert!(message.contains(expected), "{messages:?}");
    }
    let only_reading = Given {
        only_reading: true,
        ..Given::default()
    };
    let read = load(
        open(&Root::Shipped, Some("staging")).unwrap(),
        &only_reading,
    )
    .unwrap();
    let lints = crate::suite::lint(&read);
    let told: Vec<_> = lints.iter().map(|lint| lint.message.as_str()).collect();
    assert_eq!(told.len(), 5, "{told:?}");
    assert!(told[0].contains("secret `password` is missing here, and a run needs it"));
}

#[test]
fn what_init_writes_loads() {
    let files = starter("https://example.org/health").unwrap();
    let files: Vec<_> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    assert_eq!(Folder::new(&files).loaded().tests.len(), 1);
}
