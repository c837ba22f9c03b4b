//! The chat: people say something, over a WebSocket or in a request, and an agent answers in events.
//!
//! ```text
//! {"type":"user_message","text":…,"request_id":…}  ──►  agent_started, agent_thinking, tool_executing, tool_completed, agent_completed
//! {"type":"resume","token":…,"after":SEQ}          ──►  what came after SEQ, and what comes then
//! anything else                                    ──►  {"type":"error","code":…}
//! ```
//!
//! An answer goes on whether anybody listens or not: what is said is kept in its conversation, and connections follow that.

mod conversation;
mod conversations;
mod flow;
mod handshake;
mod message;
mod room;
mod socket;
mod stream;

pub(super) use room::Room;
