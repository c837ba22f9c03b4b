//! The layer a code is of, where no rule knows more.

use crate::model::{Code, Layer};

/// By the first words of a code; of what was judged and not stopped, the application.
pub(super) fn layer_of(code: &Code) -> Layer {
    let code = code.as_str();
    let stem = code.split('.').next().unwrap_or(code);
    match stem {
        "runner" | "error" => Layer::Runner,
        "dns" => Layer::Dns,
        "tcp" => Layer::Transport,
        "tls" => Layer::Tls,
        "proxy" => Layer::Proxy,
        "session" => Layer::Auth,
        "http" | "http2" | "websocket" | "sse" | "sql" | "postgres" | "mysql" | "sqlite"
        | "redis" | "pool" | "process" | "log" => Layer::Protocol,
        "claim" if code != "claim.pass_rate" => Layer::Performance,
        _ => Layer::Application,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FaultKind, KnownCode};

    #[test]
    fn no_fault_is_taken_for_something_that_was_judged() {
        for known in FaultKind::catalogue() {
            let layer = layer_of(&Code::fixed(known.code));
            assert!(layer < Layer::Application, "{} is of {layer}", known.code);
        }
        for known in KnownCode::all() {
            let judged = layer_of(&known.code()) >= Layer::Application;
            let is_ours = matches!(known, KnownCode::Unable(_) | KnownCode::SessionExpires);
            assert_ne!(judged, is_ours, "{}", known.shape());
        }
    }
}
