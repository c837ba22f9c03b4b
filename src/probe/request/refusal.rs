//! What explains an answer that is not the one that was asked for: a stream, or another protocol.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::body::see_hop;
use crate::model::Keep;
use crate::probe::exchange::{Answer, unpack};
use crate::probe::look::Look;

/// So much of its body is read.
const MOST_READ: usize = 64 * 1024;

/// So long that may take: what is wrong is known already.
const LONGEST_READ: Duration = Duration::from_secs(1);

/// So much of it is shown.
const SHOWN: usize = 2048;

/// Records who answered, and shows the beginning of the body, unpacked. That it cannot be read says nothing more.
/// The connection is closed.
pub(in crate::probe) async fn explain(look: &mut Look<'_>, mut answer: Answer) {
    let (status, headers) = (answer.status, std::mem::take(&mut answer.headers));
    let mut flow = answer.into_flow();
    let mut bytes = Vec::new();
    let reading = async {
        while bytes.len() < MOST_READ
            && let Ok(Some(piece)) = flow.next().await
        {
            let room = MOST_READ - bytes.len();
            bytes.extend_from_slice(&piece[..piece.len().min(room)]);
        }
    };
    let ends = look.ctx.deadline.min(Instant::now() + LONGEST_READ);
    let _ = timeout_at(ends, reading).await;
    drop(flow);
    let _ = unpack(look, status, &headers, &mut bytes, MOST_READ).await;
    see_hop(look, status.as_u16(), &headers, &bytes, None);
    if !bytes.is_empty() {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        look.evidence("body", text, Keep::First(SHOWN));
    }
}
