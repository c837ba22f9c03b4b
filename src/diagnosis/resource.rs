//! What a failure broke at.

use super::address::Address;
use super::probe_kind::ProbeKind;
use super::seen::Seen;
use super::uses::proxy;
use crate::model::Layer;

/// The resource of the failing step at the failing layer; where it has none, the test itself: `test:database/login`.
pub(super) fn resource(layer: Layer, seen: &Seen<'_>) -> String {
    let layer = match layer {
        // Of what was written down wrong, the thing that it was written for.
        Layer::Configuration => seen.family(),
        other => other,
    };
    if layer == Layer::Runner {
        return "runner".to_owned();
    }
    let kinds = match layer {
        Layer::Dns => &["dns:"][..],
        Layer::Transport => &["sock:", "unix:"],
        Layer::Tls => &["tls:", "sock:", "unix:"],
        Layer::Proxy => &["proxy:", "origin:"],
        Layer::Runner
        | Layer::Configuration
        | Layer::Auth
        | Layer::Protocol
        | Layer::Application
        | Layer::Performance => spoken_by(seen.kind()),
    };
    let found = kinds
        .iter()
        .find_map(|kind| seen.resources.iter().find(|one| one.starts_with(kind)));
    match (found, seen.step.and_then(proxy)) {
        (None, _) => format!("test:{}", seen.id),
        (Some(found), None) => found.clone(),
        // One place, however the tests that go there would find it themselves.
        (Some(found), Some(_)) => Address::wherever(found).to_owned(),
    }
}

/// What a probe talks to, nearest first.
fn spoken_by(probe: Option<ProbeKind>) -> &'static [&'static str] {
    let Some(probe) = probe else {
        return &["dsn:", "origin:", "proc:", "program:", "file:", "sock:"];
    };
    match probe {
        ProbeKind::Sql | ProbeKind::Pool | ProbeKind::Redis => &["dsn:", "file:", "sock:", "unix:"],
        ProbeKind::Process | ProbeKind::Command => &["proc:", "program:"],
        ProbeKind::Log => &["file:", "proc:", "program:", "origin:"],
        ProbeKind::Tcp => &["sock:", "unix:"],
        ProbeKind::Tls => &["tls:", "sock:"],
        ProbeKind::Dns => &["dns:"],
        ProbeKind::Runner => &["runner"],
        ProbeKind::Http | ProbeKind::WebSocket | ProbeKind::Sse => &["origin:", "sock:"],
    }
}
