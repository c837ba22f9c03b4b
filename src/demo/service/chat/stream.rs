//! The same answer as a stream of server-sent events, to one request.

use std::sync::Arc;

use hyper::HeaderMap;
use hyper::body::Bytes;
use serde::Deserialize;
use tokio::sync::mpsc;

use super::conversation::Conversation;
use super::message::{Mistake, Said};
use super::room::{Room, SOMEBODY};
use crate::demo::Fault;
use crate::demo::service::reply::{Refusal, Reply, events, nothing};

/// After how many events [`Fault::SseCut`] ends the stream.
const CUT_AFTER: usize = 3;

/// What clients wait before they come back, in milliseconds.
const RETRY_MS: u32 = 100;

/// The body of the request; without it only somebody who comes back is answered.
#[derive(Deserialize, Default)]
struct Asked {
    message: String,
    request_id: Option<String>,
}

impl Room {
    /// Answers what the body says; or, with `Last-Event-ID`, goes on with an answer that broke off.
    pub(in crate::demo::service) fn stream(
        self: &Arc<Self>,
        user: Option<String>,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Reply, Refusal> {
        let user = user.unwrap_or_else(|| SOMEBODY.to_owned());
        let (conversation, position) = match headers.get("last-event-id") {
            None => (self.ask(user, body)?, 0),
            Some(last) => {
                let not_theirs = || Refusal::Forbidden("no stream of yours");
                let last = last.to_str().ok().and_then(|last| last.split_once('.'));
                let (token, seq) = last.ok_or_else(not_theirs)?;
                let seq = seq.parse().map_err(|_| not_theirs())?;
                let conversation = self.resume(token, &user).ok_or_else(not_theirs)?;
                if conversation.ended_by(seq) {
                    // The one answer after which clients stay away.
                    return Ok(nothing());
                }
                let position = self.place_after(&conversation, seq);
                (conversation, position)
            }
        };
        let (sender, receiver) = mpsc::channel(1);
        let longest = match self.fault {
            Fault::SseCut => CUT_AFTER,
            _ => usize::MAX,
        };
        self.tasks
            .spawn(tell(conversation, position, longest, sender));
        Ok(events(receiver))
    }

    fn ask(self: &Arc<Self>, user: String, body: &[u8]) -> Result<Arc<Conversation>, Refusal> {
        let asked: Asked = serde_json::from_slice(body)
            .map_err(|_| Refusal::BadRequest("a JSON object with a message is wanted"))?;
        let said = Said::new(&asked.message, asked.request_id.as_deref());
        let conversation = self.conversations.begin(user);
        said.and_then(|said| self.take(&conversation, said))
            .map_err(|mistake: Mistake| Refusal::BadRequest(mistake.code()))?;
        Ok(conversation)
    }
}

/// Sends what is said until the answer is complete or the client goes away.
async fn tell(
    conversation: Arc<Conversation>,
    mut position: usize,
    longest: usize,
    sender: mpsc::Sender<Bytes>,
) {
    let retry = format!("retry: {RETRY_MS}\n\n");
    if sender.send(retry.into()).await.is_err() {
        return;
    }
    for _ in 0..longest {
        let (event, next) = conversation.next(position).await;
        position = next;
        let token = &conversation.resume_token;
        let (seq, name, data) = (event.seq, event.name, event.text);
        let fields = format!("id: {token}.{seq}\nevent: {name}\ndata: {data}\n\n");
        if sender.send(fields.into()).await.is_err() || event.is_last {
            return;
        }
    }
}
