//! One WebSocket: what comes in is answered, and what is said in its conversation goes out.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncReadExt;
use tokio::sync::watch;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message as Frame};

use super::conversation::{Conversation, Event};
use super::message::{Message, Mistake};
use super::room::Room;
use crate::demo::Fault;
use crate::demo::service::limits::MAX_BODY_BYTES;

/// How long the peer may take to close after us.
const CLOSING: Duration = Duration::from_secs(2);

/// Somebody else holds the conversation now. One of those that are free for use (RFC 6455 §7.4.2).
const TAKEN: u16 = 4409;

/// After which [`Fault::Ws1011`] and [`Fault::Ws1001`] close.
const MIDDLE: &str = "agent_thinking";

/// Talks until one of the two has enough, following the conversation from `position`.
pub(super) async fn talk(
    room: Arc<Room>,
    upgraded: OnUpgrade,
    conversation: Arc<Conversation>,
    position: usize,
) {
    // Who goes away before the answer is no news.
    let Ok(upgraded) = upgraded.await else {
        return;
    };
    let mut stream = TokioIo::new(upgraded);
    if room.fault == Fault::WsSilent {
        let mut unread = [0; 512];
        while matches!(stream.read(&mut unread).await, Ok(1..)) {}
        return;
    }
    let limits = WebSocketConfig::default()
        .max_message_size(Some(MAX_BODY_BYTES))
        .max_frame_size(Some(MAX_BODY_BYTES));
    let stream = WebSocketStream::from_raw_socket(stream, Role::Server, Some(limits)).await;
    let held = conversation.hold();
    let mut socket = Socket {
        room,
        stream,
        conversation,
        position,
        held,
    };
    if let End::Close(code) = socket.talk().await {
        socket.close(code).await;
    }
}

struct Socket {
    room: Arc<Room>,
    stream: WebSocketStream<TokioIo<Upgraded>>,
    /// What it follows.
    conversation: Arc<Conversation>,
    /// What of it goes out next.
    position: usize,
    /// Changes when another connection holds the conversation.
    held: watch::Receiver<u64>,
}

/// How it ends.
enum End {
    /// The peer closed, or is lost.
    Gone,
    /// We close.
    Close(CloseCode),
}

impl Socket {
    async fn talk(&mut self) -> End {
        loop {
            let done = tokio::select! {
                frame = self.stream.next() => match frame {
                    Some(Ok(frame)) => self.hear(frame).await,
                    Some(Err(error)) => Err(End::of(&error)),
                    None => Err(End::Gone),
                },
                (event, next) = self.conversation.next(self.position) => {
                    self.position = next;
                    self.tell(&event).await
                }
                _ = self.held.changed() => Err(End::Close(TAKEN.into())),
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    async fn hear(&mut self, frame: Frame) -> Result<(), End> {
        let understood = match frame {
            Frame::Text(text) => Message::read(&text).and_then(|message| self.take(message)),
            Frame::Binary(_) => Err(Mistake::NotText),
            // Pings are answered below us, at the next look.
            Frame::Ping(_) | Frame::Pong(_) | Frame::Frame(_) => Ok(()),
            Frame::Close(_) => {
                // Our own close goes out with these looks.
                while let Some(Ok(_)) = self.stream.next().await {}
                return Err(End::Gone);
            }
        };
        match (understood, self.room.fault) {
            (Ok(()), _) => Ok(()),
            (Err(_), Fault::WsFragile) => Err(End::Close(CloseCode::Error)),
            (Err(mistake), _) => self.send(mistake.event()).await,
        }
    }

    fn take(&mut self, message: Message) -> Result<(), Mistake> {
        match message {
            Message::Said(said) => self.room.take(&self.conversation, said),
            Message::Resume { token, after } => {
                let found = self.room.resume(&token, &self.conversation.user);
                self.conversation = found.ok_or(Mistake::NoSuchSession)?;
                self.position = self.room.place_after(&self.conversation, after);
                self.held = self.conversation.hold();
                Ok(())
            }
        }
    }

    async fn tell(&mut self, event: &Event) -> Result<(), End> {
        let mut text = event.text.to_string();
        if self.room.fault == Fault::WsInvalidJson {
            text.pop();
        }
        self.send(text).await?;
        match self.room.fault {
            Fault::Ws1011 if event.name == MIDDLE => Err(End::Close(CloseCode::Error)),
            Fault::Ws1001 if event.name == MIDDLE => Err(End::Close(CloseCode::Away)),
            _ => Ok(()),
        }
    }

    async fn send(&mut self, text: String) -> Result<(), End> {
        let sent = self.stream.send(Frame::text(text)).await;
        sent.map_err(|error| End::of(&error))
    }

    /// The closing handshake (RFC 6455 §7.1.2), as far as the peer takes part in it.
    async fn close(&mut self, code: CloseCode) {
        let frame = CloseFrame {
            code,
            reason: "".into(),
        };
        let _ = tokio::time::timeout(CLOSING, async {
            if self.stream.close(Some(frame)).await.is_ok() {
                while let Some(Ok(_)) = self.stream.next().await {}
            }
        })
        .await;
    }
}

impl End {
    /// After this error (RFC 6455 §7.4.1).
    fn of(error: &Error) -> Self {
        match error {
            Error::Capacity(_) => Self::Close(CloseCode::Size),
            Error::Utf8(_) => Self::Close(CloseCode::Invalid),
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Self::Gone,
            Error::Protocol(_) => Self::Close(CloseCode::Protocol),
            _ => Self::Gone,
        }
    }
}
