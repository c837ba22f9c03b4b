//! What the service says about itself: which build it is, with which limits it runs, what can be asked of it.

use std::sync::atomic::Ordering;

use hyper::StatusCode;
use serde_json::json;

use super::endpoints::Endpoints;
use super::reply::{Reply, html, json};
use crate::demo::Fault;

/// What some instances of [`Fault::Canary`] were built from.
const OTHER_COMMIT: &str = "0ldc0de";

impl Endpoints {
    /// Which build answers.
    pub(super) fn version(&self) -> Reply {
        let number = self.asked_for_version.fetch_add(1, Ordering::Relaxed) + 1;
        let commit = match self.fault() {
            Fault::Canary if number.is_multiple_of(3) => OTHER_COMMIT,
            _ => &self.config.commit,
        };
        let version = json!({
            "service": "demo-api",
            "version": env!("CARGO_PKG_VERSION"),
            "commit": commit,
        });
        json(StatusCode::OK, &version)
    }

    /// The limits it runs with, as it uses them.
    pub(super) fn limits(&self) -> Reply {
        json(StatusCode::OK, &self.config.limits.told())
    }
}

/// What can be asked, for people.
pub(super) fn docs(paths: impl Iterator<Item = &'static str>) -> Reply {
    let paths: Vec<String> = paths.map(|path| format!("<li>{path}</li>")).collect();
    html(format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>demo API</title></head>\n<body><ul id=\"endpoints\">{}</ul></body>\n</html>\n",
        paths.join("")
    ))
}
