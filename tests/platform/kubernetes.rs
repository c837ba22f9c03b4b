//! A service in Kubernetes.

use crate::support::is_kept;

use super::{Answer, Cloud, refuse, say, say_secret, swap};

const ROLLOUT: &str = "rollout status";
const DEPLOYMENT: &str = "get deployment";
const PODS: &str = "get pods";
const SECRET: &str = "get secret";

/// What the example says of Kubernetes, with its comment signs taken away.
const LINES: &[(&str, &str)] = &[
    ("  # k8s_namespace:", "  k8s_namespace:"),
    ("  # k8s_deployment:", "  k8s_deployment:"),
    ("  # k8s_selector:", "  k8s_selector:"),
    ("  # k8s_image:", "  k8s_image:"),
    ("  # k8s_service_account:", "  k8s_service_account:"),
    ("  # k8s_memory:", "  k8s_memory:"),
    ("  # k8s_cpu:", "  k8s_cpu:"),
    ("  # k8s_sealed:", "  k8s_sealed:"),
    (
        "  - { id: platform/k8s-*, reason: it does not run in Kubernetes }",
        "",
    ),
];

fn healthy() -> Cloud {
    let kubectl = |arguments: &str, said: &str| Answer::new("kubectl", arguments, said);
    let answers = vec![
        kubectl(
            "rollout status deployment/api --namespace=staging --timeout=5s",
            "deployment \"api\" successfully rolled out\n",
        ),
        kubectl(
            "get deployment api --namespace=staging --output=json",
            include_str!("answers/kubernetes/deployment.json"),
        ),
        kubectl(
            "get pods --selector=app=api --namespace=staging --output=json",
            include_str!("answers/kubernetes/pods.json"),
        ),
        kubectl(
            "get secret api --namespace=staging --output=go-template={{index .data \"db-dsn\" | base64decode}}",
            "postgres://app:kingfisher-77-at-dusk@db/app",
        ),
    ];
    Cloud::elsewhere(
        answers,
        LINES,
        "postgres://app:kingfisher-77@db/app_staging",
    )
}

#[test]
fn a_healthy_one_is_go() {
    healthy().is_go();
}

#[test]
fn each_slip_turns_its_test_red() {
    const ROLLED: &[&str] = &["platform/k8s-rollout"];
    const PROBED: &[&str] = &["platform/k8s-probe-budget"];
    const LIMITED: &[&str] = &["platform/k8s-limits"];
    const STAYED: &[&str] = &["platform/k8s-restarts"];
    const SEALED: &[&str] = &["platform/k8s-secrets[api]"];
    const ALL: &[&str] = &[ROLLED[0], PROBED[0], LIMITED[0]];
    let at_the_deployment: [(&str, &str, &[&str]); 8] = [
        (
            "\"True\", \"type\": \"Available\"",
            "\"False\", \"type\": \"Available\"",
            ROLLED,
        ),
        ("api:1.4.2", "api:1.4.1", ROLLED),
        (
            "\"serviceAccountName\": \"api\"",
            "\"serviceAccountName\": \"default\"",
            ROLLED,
        ),
        (
            "\"failureThreshold\": 22",
            "\"failureThreshold\": 19",
            PROBED,
        ),
        (
            "\"failureThreshold\": 22",
            "\"failureThreshold\": 24",
            PROBED,
        ),
        (
            "\"httpGet\": { \"path\": \"/health/startup\", \"port\": 8080, \"scheme\": \"HTTP\" }",
            "\"tcpSocket\": { \"port\": 8080 }",
            PROBED,
        ),
        ("\"memory\": \"2Gi\"", "\"memory\": \"1Gi\"", LIMITED),
        ("\"cpu\": \"2\", ", "", LIMITED),
    ];
    let mut slips: Vec<_> = at_the_deployment
        .into_iter()
        .map(|(from, to, red)| swap(DEPLOYMENT, from, to, red))
        .collect();
    let once = "\"ready\": true, \"restartCount\": 0";
    for name in ["api", "collector"] {
        let from = format!("\"name\": \"{name}\", {once}");
        slips.push(swap(PODS, &from, &from.replace(": 0", ": 2"), STAYED));
    }
    slips.extend([
        swap(
            PODS,
            "\"True\", \"type\": \"Ready\"",
            "\"False\", \"type\": \"Ready\"",
            STAYED,
        ),
        // Nobody to look at, and nothing to read.
        say(PODS, "{ \"items\": [] }", STAYED),
        say(PODS, "", STAYED),
        say(PODS, "{", STAYED),
        refuse(PODS, STAYED),
        say_secret(SECRET, "postgres://app:kingfisher@db/app\n", SEALED),
        say_secret(SECRET, " postgres://app:kingfisher@db/app", SEALED),
        say_secret(SECRET, "", SEALED),
        refuse(SECRET, SEALED),
    ]);
    slips.extend(["", "{", "{}"].map(|nothing| say(DEPLOYMENT, nothing, ALL)));
    slips.push(refuse(DEPLOYMENT, ALL));
    healthy().turns_red(slips);
    healthy().turns_red(vec![refuse(ROLLOUT, ROLLED)]);
}

/// `kubectl` prints the whole secret where a template does not fit it, in base64, and on standard output.
#[test]
fn a_secret_without_the_key_is_shown_nowhere_either() {
    let canary = "kingfisher-77-at-dusk";
    let said = "Error executing template: template: output:1:25: invalid value; expected string. Printing more information:\n\
                \traw data was:\n\t\t{\"data\":{\"dsn\":\"a2luZ2Zpc2hlci03Ny1hdC1kdXNr\"},\"kind\":\"Secret\"}\n";
    let cloud = healthy().failing(SECRET, said);
    cloud.ends(
        "NO-GO",
        &[("platform/k8s-secrets[api]", "failed expect.exit_code")],
    );
    let (tool, output) = cloud.told("platform/k8s-secrets");
    is_kept(&tool, &output, canary);
}
