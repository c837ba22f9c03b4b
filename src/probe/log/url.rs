//! A log that a server sends.

use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderMap};
use tokio::task::yield_now;
use tokio::time::Instant;

use super::End;
use super::tally::{Tally, too_large};
use crate::model::{FaultKind, HttpFault, LogFault, Origin, Phase};
use crate::probe::exchange::{Answer, Prepared, ask, tls_for, unpack};
use crate::probe::look::{Halt, Look};
use crate::probe::request::body::see_head;
use crate::probe::request::refusal;

/// So much is counted before others have their turn.
const CHUNK: usize = 64 * 1024;

/// Asks for it, and counts the lines of the answer. What came before it broke counts, too.
pub(super) async fn read(
    look: &mut Look<'_>,
    prepared: &Prepared,
    most: u64,
    tally: &mut Tally<'_>,
) -> Result<(), End> {
    for secret in &prepared.secrets {
        look.ctx.shared.mask.add(secret);
    }
    let security = tls_for(look.ctx, prepared)
        .await
        .map_err(|error| End::Stopped(error.into()))?;
    let answer = ask(look, prepared, &security).await.map_err(End::Stopped)?;
    let mut answer = accepted(look, answer).await?;
    let (status, headers) = (answer.status, std::mem::take(&mut answer.headers));
    let room = usize::try_from(most).unwrap_or(usize::MAX);
    let mut bytes = Vec::new();
    let mut ended = answer.read_body(look, room, &mut bytes).await;
    let started = Instant::now();
    if let Some(unpacked) = unpack(look, status, &headers, &mut bytes, room).await {
        look.passed(Phase::Body, started.elapsed());
        ended = ended.and(unpacked);
    }
    let counting = async {
        for piece in bytes.chunks(CHUNK) {
            tally.feed(piece);
            yield_now().await;
        }
        Ok(())
    };
    let late = FaultKind::Log(LogFault::Timeout);
    let counted = look.timed(Phase::Read, late, counting).await;
    ended.map_err(|halt| broken(halt, most))?;
    counted.map_err(|halt| End::Halted(Phase::Read, halt))
}

/// The answer, if it can be a log.
async fn accepted(look: &mut Look<'_>, answer: Answer) -> Result<Answer, End> {
    see_head(look, &answer);
    let status = answer.status.as_u16();
    let (kind, why) = if answer.status != StatusCode::OK {
        // Which status it is the code says.
        let why = "the status of the answer is not 200";
        (FaultKind::LogRefused(status), why)
    } else if is_page(&answer.headers) {
        let why = "the answer is a page of HTML; a log is text, or JSON line by line";
        (FaultKind::Log(LogFault::NoLog), why)
    } else {
        return Ok(answer);
    };
    refusal::explain(look, answer).await;
    let halt = Halt::fault(kind, why).by(Origin::HttpStatus(status));
    Err(End::Halted(Phase::FirstByte, halt))
}

fn is_page(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return false;
    };
    let text = String::from_utf8_lossy(value.as_bytes());
    let essence = text.split(';').next().unwrap_or_default().trim();
    let pages = ["text/html", "application/xhtml+xml"];
    pages.iter().any(|page| essence.eq_ignore_ascii_case(page))
}

fn broken(halt: Halt, most: u64) -> End {
    match halt {
        Halt::Fault {
            kind: FaultKind::Http(HttpFault::TooLarge),
            ..
        } => End::Halted(Phase::Read, too_large(most)),
        halt => End::Halted(Phase::Body, halt),
    }
}
