//! The shipped category `platform` against what stands for the command lines of three clouds: each says what its vendor documents,
//! or something else, and exactly the tests turn red that look at it. Nothing here was ever asked of a cloud.
//!
//! The documents in `answers/` are put together from the pages that the suites name, with the values of the example target.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by panicking"
)]

mod aws;
mod cloud;
mod google;
mod kubernetes;
#[expect(dead_code, unused_imports, reason = "each test binary uses its part")]
#[path = "../support/mod.rs"]
mod support;

use cloud::{Answer, Cloud, Slip, refuse, say, say_secret, swap};

/// What the preflight asks of every cloud.
const LOGIN: &[(&str, &str)] = &[
    ("version", "Google Cloud SDK 540.0.0\n"),
    (
        "auth list --filter=status:ACTIVE --format=value(account)",
        "operations@example.com\n",
    ),
];

/// Each of these is a veto.
const CRITICAL: &[&str] = &[
    "platform/vpc-connector",
    "platform/run-revision",
    "platform/sql-instance",
    "platform/sql-capacity-arith",
    "platform/secrets[db-dsn]",
    "platform/logs-come",
    "platform/logs-container-exit",
    "platform/logs-startup-error",
    "platform/logs-missing-module",
    "platform/logs-white-space",
    "platform/logs-name-resolution",
    "platform/logs-out-of-memory",
    "platform/k8s-rollout",
    "platform/k8s-secrets[api]",
    "platform/aws-service",
    "platform/aws-database",
    "platform/aws-secrets[db-dsn]",
];
