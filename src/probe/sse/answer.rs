//! Whether an answer is a stream of events.

use hyper::StatusCode;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, TRANSFER_ENCODING};

use crate::model::{FaultKind, HttpFault, Origin, Phase, SseFault};
use crate::probe::exchange::{Answer, Flow};
use crate::probe::look::{Halt, Look};
use crate::probe::request::body::see_head;
use crate::probe::request::refusal;
use crate::yaml::visible;

/// Records the head of an answer and opens its stream; else the fault, and the phase it belongs to.
pub(super) async fn open(look: &mut Look<'_>, answer: Answer) -> Result<Flow, (Phase, Halt)> {
    see_head(look, &answer);
    if let Some((kind, why)) = no_stream(answer.status, &answer.headers) {
        let signal = Origin::HttpStatus(answer.status.as_u16());
        refusal::explain(look, answer).await;
        return Err((Phase::FirstByte, Halt::fault(kind, why).by(signal)));
    }
    if let Some(coding) = packed(&answer.headers) {
        look.passed(Phase::Body, answer.began().elapsed());
        let why = format!("the stream is packed (`{coding}`), and nothing packed was asked for");
        let halt = Halt::fault(FaultKind::Http(HttpFault::Encoding), why);
        return Err((Phase::Body, halt));
    }
    Ok(answer.into_flow())
}

/// Why it is no stream of events (§9.2.2 of the standard, "announce the connection").
fn no_stream(status: StatusCode, headers: &HeaderMap) -> Option<(FaultKind, String)> {
    if status != StatusCode::OK {
        // Which status it is the code says.
        let why = "the status of the answer is not 200".to_owned();
        return Some((FaultKind::SseRefused(status.as_u16()), why));
    }
    let another = |why: String| Some((FaultKind::Sse(SseFault::NoStream), why));
    let Some(value) = headers.get(CONTENT_TYPE) else {
        let why = "the answer has no `content-type`; a stream is `text/event-stream`";
        return another(why.to_owned());
    };
    let text = String::from_utf8_lossy(value.as_bytes());
    let essence = text.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("text/event-stream") {
        return None;
    }
    another(format!(
        "the answer is `{}` instead of `text/event-stream`",
        visible(essence)
    ))
}

/// What it is packed with.
fn packed(headers: &HeaderMap) -> Option<String> {
    let codings = |name: HeaderName| headers.get_all(name).into_iter();
    codings(CONTENT_ENCODING)
        .chain(codings(TRANSFER_ENCODING))
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .map(|coding| String::from_utf8_lossy(coding.trim_ascii()).to_ascii_lowercase())
        .find(|coding| !matches!(coding.as_str(), "" | "identity" | "chunked"))
        .map(|coding| visible(&coding).to_string())
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn a_stream_is_recognised_by_its_type() {
        for (status, content_type, is_stream) in [
            (200, "text/event-stream", true),
            (200, "Text/Event-Stream ; charset=utf-8", true),
            (200, "text/event-stream;charset=windows-1251", true),
            (200, "text/event-streams", false),
            (200, "application/json", false),
            (200, "", false),
            (201, "text/event-stream", false),
            (204, "text/event-stream", false),
            (302, "text/event-stream", false),
            (503, "text/event-stream", false),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            let why = no_stream(status, &headers(&[("content-type", content_type)]));
            assert_eq!(why.is_none(), is_stream, "{status} {content_type}: {why:?}");
        }
        assert!(no_stream(StatusCode::OK, &headers(&[])).is_some());
    }

    #[test]
    fn what_is_packed_is_noticed() {
        for (name, value, expected) in [
            ("content-encoding", "gzip", Some("gzip")),
            ("content-encoding", "identity, BR", Some("br")),
            ("content-encoding", "identity", None),
            ("transfer-encoding", "chunked", None),
            ("transfer-encoding", "gzip, chunked", Some("gzip")),
            ("vary", "accept-encoding", None),
        ] {
            let coding = packed(&headers(&[(name, value)]));
            assert_eq!(coding.as_deref(), expected, "{name}: {value}");
        }
    }
}
