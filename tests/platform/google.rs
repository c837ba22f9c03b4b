//! Cloud Run, Cloud SQL, Secret Manager and Cloud Logging.

use super::{Answer, Cloud, Slip, refuse, say, say_secret, swap};
use crate::support::is_kept;

const PLACE: &str = "--project=example-staging --region=europe-west1 --format=json";
const PROJECT: &str = "--project=example-staging";

/// Where the answers of one document stand, by words nobody else is asked with.
const CONNECTOR: &str = "connectors describe";
const SERVICE: &str = "services describe";
const REVISION: &str = "revisions describe";
const CERTIFICATE: &str = "ssl-certificates describe";
const INSTANCE: &str = "instances describe";
const OPERATIONS: &str = "operations list";
const VERSION: &str = "versions describe latest --secret=db-dsn";
const POLICY: &str = "get-iam-policy db-dsn";
const VALUE: &str = "versions access latest --secret=db-dsn";

/// The value of a secret, as it stands in Secret Manager.
const SECRET: &str = "postgres://app:kingfisher-77-at-dusk@/app?host=/cloudsql/x";

/// Over the socket that the platform mounts.
const DSN: &str =
    "postgres://app:kingfisher-77@/app_staging?host=/cloudsql/example-staging:europe-west1:app";

/// What is looked for in the log, by the test that does.
const PATTERNS: &[(&str, &str)] = &[
    ("platform/logs-container-exit", "Container called exit[(]"),
    ("platform/logs-startup-error", "DeterministicStartupError"),
    (
        "platform/logs-missing-module",
        "ModuleNotFoundError|ImportError|NameError",
    ),
    ("platform/logs-white-space", "contained whitespace"),
    ("platform/logs-name-resolution", "Error -3"),
    (
        "platform/logs-out-of-memory",
        "Memory limit of .* exceeded|Out of memory|OOMKilled",
    ),
];

const ENTRIES: &str = include_str!("answers/google/log-entries.json");

fn reading(more: &str, limit: u8) -> String {
    format!(
        "logging read resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"api\" \
         AND timestamp>=\"2025-09-16T08:00:00Z\"{more} {PROJECT} --limit={limit} --format=json"
    )
}

fn searching(pattern: &str) -> String {
    let more = format!(" AND (textPayload=~\"{pattern}\" OR jsonPayload.message=~\"{pattern}\")");
    reading(&more, 20)
}

fn complaining() -> String {
    let more = " AND log_id(\"run.googleapis.com/varlog/system\") AND severity>=WARNING";
    reading(more, 20)
}

fn healthy() -> Cloud {
    let gcloud = |arguments: String, said: &str| Answer::new("gcloud", arguments, said);
    let mut answers = vec![
        gcloud(
            format!("compute networks vpc-access {CONNECTOR} api {PLACE}"),
            include_str!("answers/google/connector.json"),
        ),
        gcloud(
            format!("run {SERVICE} api {PLACE}"),
            include_str!("answers/google/service.json"),
        ),
        gcloud(
            format!("run {REVISION} api-00017-abc {PLACE}"),
            include_str!("answers/google/revision.json"),
        ),
        gcloud(
            format!("compute {CERTIFICATE} app-staging {PROJECT} --global --format=json"),
            include_str!("answers/google/certificate.json"),
        ),
        gcloud(
            format!("sql {INSTANCE} app {PROJECT} --format=json"),
            include_str!("answers/google/sql-instance.json"),
        ),
        gcloud(
            format!(
                "sql {OPERATIONS} --instance=app {PROJECT} \
                 --filter=startTime>=\"2025-09-16T08:00:00Z\" OR status!=DONE --format=json"
            ),
            include_str!("answers/google/sql-operations.json"),
        ),
        gcloud(reading("", 1), ENTRIES),
        gcloud(complaining(), "[]\n"),
    ];
    for (name, value) in [
        ("db-dsn", SECRET),
        ("jwt-key", "0123456789abcdef0123456789abcdef"),
    ] {
        answers.extend([
            gcloud(
                format!("secrets versions describe latest --secret={name} {PROJECT} --format=json"),
                include_str!("answers/google/secret-version.json"),
            ),
            gcloud(
                format!("secrets get-iam-policy {name} {PROJECT} --format=json"),
                include_str!("answers/google/secret-policy.json"),
            ),
            gcloud(
                format!("secrets versions access latest --secret={name} {PROJECT}"),
                value,
            ),
        ]);
    }
    for (_, pattern) in PATTERNS {
        answers.push(gcloud(searching(pattern), "[]\n"));
    }
    Cloud::of(answers, &[], DSN)
}

#[test]
fn a_healthy_one_is_go_however_its_database_is_reached() {
    healthy().is_go();
    for place in [
        // The private address, and the socket with its own name.
        "10.8.16.3/app_staging",
        "/app_staging?host=/cloudsql/example-staging:europe-west1:app/.s.PGSQL.5432",
    ] {
        let dsn = format!("postgres://app:kingfisher-77@{place}");
        // Nothing was done to the server, too.
        let quiet = healthy().saying(OPERATIONS, "[]\n");
        quiet.with_dsn(&dsn).ends("GO", &[]);
    }
}

const WAY: &[&str] = &["platform/vpc-connector"];
const ROLLOUT: &[&str] = &["platform/run-revision"];
const PROBE: &[&str] = &["platform/run-probe-budget"];
const LIMITS: &[&str] = &["platform/run-limits"];
const CERTS: &[&str] = &["platform/certs[app]"];
const SERVER: &[&str] = &["platform/sql-instance"];
const DONE: &[&str] = &["platform/sql-operations"];
const SEALED: &[&str] = &["platform/secrets[db-dsn]"];
/// All that read the revision.
const READERS: &[&str] = &[ROLLOUT[0], PROBE[0], LIMITS[0]];

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn what_is_not_as_it_was_declared_is_told() {
    let mut slips: Vec<Slip> = vec![
        swap(CONNECTOR, "\"READY\"", "\"UPDATING\"", WAY),
        swap(CONNECTOR, "\"READY\"", "\"ERROR\"", WAY),
        swap(CONNECTOR, "\"default\"", "\"other\"", WAY),
        swap(CONNECTOR, "\"minInstances\": 2", "\"minInstances\": 1", WAY),
        swap(CONNECTOR, "\"maxInstances\": 3", "\"maxInstances\": 2", WAY),
    ];
    let at_the_service = [
        (
            "\"True\", \"type\": \"Ready\"",
            "\"False\", \"type\": \"Ready\"",
        ),
        (
            "\"True\", \"type\": \"RoutesReady\"",
            "\"Unknown\", \"type\": \"RoutesReady\"",
        ),
        // A newer one was made, and does not get ready.
        (
            "CreatedRevisionName\": \"api-00017-abc\"",
            "CreatedRevisionName\": \"api-00018-bad\"",
        ),
        (
            "ReadyRevisionName\": \"api-00017-abc\"",
            "ReadyRevisionName\": \"api-00016-old\"",
        ),
        // Others still have all of the traffic, or some.
        (
            "100, \"revisionName\": \"api-00017-abc\"",
            "100, \"revisionName\": \"api-00016-old\"",
        ),
        (
            "{ \"revisionName\": \"api-00016-old\"",
            "{ \"percent\": 10, \"revisionName\": \"api-00016-old\"",
        ),
        (
            "\"percent\": 100, \"revisionName\"",
            "\"percent\": 90, \"revisionName\"",
        ),
    ];
    slips.extend(at_the_service.map(|(from, to)| swap(SERVICE, from, to, ROLLOUT)));
    let at_the_revision = [
        (
            "\"True\", \"type\": \"Ready\"",
            "\"False\", \"type\": \"Ready\"",
            ROLLOUT,
        ),
        ("connectors/api\"", "connectors/old\"", ROLLOUT),
        ("private-ranges-only", "all-traffic", ROLLOUT),
        // Another server's name that begins like ours.
        ("europe-west1:app\"", "europe-west1:app2\"", ROLLOUT),
        // A probe that knocks at the port; ten seconds too short, and too long for the platform; thirty, where nothing is said.
        (
            "\"httpGet\": { \"path\": \"/health/startup\", \"port\": 8080 }",
            "\"tcpSocket\": { \"port\": 8080 }",
            PROBE,
        ),
        (
            "\"failureThreshold\": 24",
            "\"failureThreshold\": 19",
            PROBE,
        ),
        (
            "\"failureThreshold\": 24",
            "\"failureThreshold\": 25",
            PROBE,
        ),
        ("\"failureThreshold\": 24,", "", PROBE),
        ("\"startupProbe\"", "\"livenessProbe\"", PROBE),
        ("\"memory\": \"2Gi\"", "\"memory\": \"1Gi\"", LIMITS),
        ("\"cpu\": \"2\"", "\"cpu\": \"1000m\"", LIMITS),
        ("\"timeoutSeconds\": 300", "\"timeoutSeconds\": 60", LIMITS),
        ("maxScale\": \"4\"", "maxScale\": \"40\"", LIMITS),
        (
            "\"api@example",
            "\"compute@example",
            &["platform/run-limits", "platform/run-revision"],
        ),
    ];
    slips.extend(at_the_revision.map(|(from, to, red)| swap(REVISION, from, to, red)));
    slips.extend([
        swap(
            CERTIFICATE,
            "\"status\": \"ACTIVE\"",
            "\"status\": \"PROVISIONING\"",
            CERTS,
        ),
        swap(
            CERTIFICATE,
            "\"api.staging.example\": \"ACTIVE\"",
            "\"api.staging.example\": \"FAILED_NOT_VISIBLE\"",
            CERTS,
        ),
        swap(
            CERTIFICATE,
            "\"api.staging.example\": \"ACTIVE\"",
            "\"www.staging.example\": \"ACTIVE\"",
            CERTS,
        ),
        swap(INSTANCE, "\"RUNNABLE\"", "\"MAINTENANCE\"", SERVER),
        swap(
            INSTANCE,
            "\"privateNetwork\"",
            "\"allocatedIpRange\"",
            SERVER,
        ),
        swap(
            INSTANCE,
            "\"ENCRYPTED_ONLY\"",
            "\"ALLOW_UNENCRYPTED_AND_ENCRYPTED\"",
            SERVER,
        ),
        swap(INSTANCE, "west1:app\"", "west1:app-restored\"", SERVER),
        swap(OPERATIONS, "\"DONE\"", "\"RUNNING\"", DONE),
        swap(OPERATIONS, "\"DONE\"", "\"PENDING\"", DONE),
        swap(
            OPERATIONS,
            "\"DONE\"",
            "\"DONE\", \"error\": { \"errors\": [{ \"code\": \"INTERNAL_ERROR\" }] }",
            DONE,
        ),
        swap(VERSION, "\"ENABLED\"", "\"DISABLED\"", SEALED),
    ]);
    healthy().turns_red(slips);
    // Of two documents of one test each is tried without the other.
    healthy().turns_red(vec![
        swap(
            POLICY,
            "\"serviceAccount:api@",
            "\"serviceAccount:other@",
            SEALED,
        ),
        swap(
            POLICY,
            "secretmanager.secretAccessor",
            "secretmanager.viewer",
            SEALED,
        ),
        say(POLICY, "{ \"etag\": \"ACAB\" }", SEALED),
    ]);
    // As long as declared, and twenty seconds of it before the first try.
    let later = include_str!("answers/google/revision.json").replace(
        "\"failureThreshold\": 24",
        "\"initialDelaySeconds\": 20, \"failureThreshold\": 18",
    );
    healthy().saying(REVISION, &later).ends("GO", &[]);
}

#[test]
fn a_dsn_that_leads_to_another_server_is_told() {
    for elsewhere in [
        "/app_staging?host=/cloudsql/example-staging:europe-west1:app-old",
        "10.8.16.4/app_staging",
    ] {
        let dsn = format!("postgres://app:kingfisher-77@{elsewhere}");
        let red = &[("platform/sql-instance", "failed expect.json")];
        healthy().with_dsn(&dsn).ends("NO-GO", red);
    }
    healthy()
        .declaring("db_max_connections: 400", "db_max_connections: 205")
        .ends(
            "NO-GO",
            &[("platform/sql-capacity-arith", "failed pool.capacity")],
        );
}

/// Whatever is wrong with a secret, and when nothing is: it is in no output, in no form.
#[test]
fn the_value_of_a_secret_is_shown_nowhere() {
    let canary = "kingfisher-77-at-dusk";
    let long = format!("{SECRET} {}", "plumage ".repeat(4_000));
    for (value, is_well_formed) in [
        (SECRET.to_owned(), true),
        (format!("{SECRET}\n"), false),
        (format!(" {SECRET}"), false),
        (SECRET.replace("/app", "/a pp"), false),
        (canary.to_owned(), false),
        (long, false),
    ] {
        let (tool, output) = healthy().saying(VALUE, &value).told("platform/secrets");
        let code = tool.json("out.json")["tests"]
            .as_array()
            .unwrap()
            .iter()
            .find(|test| test["id"] == SEALED[0])
            .map(|test| test["code"].clone());
        let expected = (!is_well_formed).then_some("expect.well_formed");
        assert_eq!(code, Some(expected.into()), "{output}");
        is_kept(&tool, &output, canary);
    }
}

#[test]
fn what_nobody_wants_to_read_is_told_one_by_one() {
    for (id, pattern) in PATTERNS {
        let cloud = healthy().saying(&searching(pattern), ENTRIES);
        cloud.ends("NO-GO", &[(id, "failed expect.json")]);
    }
    healthy()
        .saying(&complaining(), ENTRIES)
        .ends("GO", &[("platform/restarts", "failed expect.json")]);
    // In a log that is empty nothing is found either.
    let mut behind: Vec<_> = PATTERNS
        .iter()
        .map(|(id, _)| (*id, "blocked expect.json"))
        .collect();
    behind.push(("platform/logs-come", "failed expect.json"));
    behind.push(("platform/restarts", "blocked expect.json"));
    healthy()
        .saying(&reading("", 1), "[]\n")
        .ends("NO-GO", &behind);
}

#[test]
fn an_answer_that_is_none_is_no_pass() {
    let found = searching(PATTERNS[0].1);
    let documents: Vec<(&str, &'static [&'static str])> = vec![
        (CONNECTOR, WAY),
        (SERVICE, ROLLOUT),
        (INSTANCE, SERVER),
        (OPERATIONS, DONE),
        (CERTIFICATE, CERTS),
        (VERSION, SEALED),
        (&found, &["platform/logs-container-exit"]),
    ];
    let mut slips = Vec::new();
    for nothing in ["", "Listed 0 items.\n", "{", "null", "{}"] {
        slips.extend(
            documents
                .iter()
                .map(|(asked, red)| say(asked, nothing, red)),
        );
    }
    slips.extend(documents.iter().map(|(asked, red)| refuse(asked, red)));
    healthy().turns_red(slips);

    let complaining = complaining();
    let restarts = &["platform/restarts"];
    let mut slips = vec![
        refuse(POLICY, SEALED),
        refuse(&complaining, restarts),
        refuse(REVISION, READERS),
    ];
    for nothing in ["", "{}", "["] {
        slips.extend([
            say(POLICY, nothing, SEALED),
            say(&complaining, nothing, restarts),
            say(REVISION, nothing, READERS),
        ]);
    }
    healthy().turns_red(slips);
    let unknown = vec![refuse(VALUE, SEALED), say_secret(VALUE, "", SEALED)];
    healthy().turns_red(unknown);
}

/// Who has no command line, or may not use it, learns nothing about the service: that is neither GO nor NO-GO.
#[test]
fn without_a_command_line_nothing_is_known() {
    let allowed = &["--allow-commands"][..];
    let missing = healthy().without_programs();
    missing.all_end(
        "INCONCLUSIVE",
        &["errored error.program", "blocked error.program"],
        allowed,
    );
    healthy().all_end("INCONCLUSIVE", &["skipped "], &[]);
    // Also where the preflight asks another program than the tests do: nobody is blamed for it.
    let elsewhere = missing
        .declaring("cloud_version: [gcloud, version]", "cloud_version: [echo, \"1.0\"]")
        .declaring(
            "cloud_login: [gcloud, auth, list, \"--filter=status:ACTIVE\", \"--format=value(account)\"]",
            "cloud_login: [echo, me]",
        );
    let (_, ends) = elsewhere.seen();
    for id in [
        "vpc-connector",
        "run-revision",
        "sql-instance",
        "sql-operations",
        "logs-come",
        "certs[app]",
        "secrets[db-dsn]",
    ] {
        let seen = ends.get(&format!("platform/{id}")).map(String::as_str);
        assert_eq!(seen, Some("errored error.program"), "{id}");
    }
}
