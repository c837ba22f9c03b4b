//! One answer: five events, unless something is wrong with them.

use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use super::conversation::{Conversation, Event};
use super::message::Said;
use super::room::Room;
use crate::demo::Fault;

/// From one event to the next: long enough for somebody to go away in the middle.
const PAUSE: Duration = Duration::from_millis(50);

/// How late [`Fault::EventLate`] is.
const LATE: Duration = Duration::from_millis(2500);

/// How often [`Fault::WsEndless`] thinks before even it gives up.
const ENDLESS: usize = 1000;

/// What an agent does, in this order when all is well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Start,
    Think,
    UseTool,
    GetResult,
    Complete,
}

impl Step {
    /// What is done under this fault, and in which order.
    fn all(fault: Fault) -> Vec<Self> {
        use Step::{Complete, GetResult, Start, Think, UseTool};
        match fault {
            Fault::EventMissing => vec![Start, Think, UseTool, Complete],
            Fault::EventOrder => vec![Start, Think, GetResult, UseTool, Complete],
            Fault::WsEndless => [vec![Start], vec![Think; ENDLESS]].concat(),
            _ => vec![Start, Think, UseTool, GetResult, Complete],
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Start => "agent_started",
            Self::Think => "agent_thinking",
            Self::UseTool => "tool_executing",
            Self::GetResult => "tool_completed",
            Self::Complete => "agent_completed",
        }
    }
}

/// Answers what was said in this conversation, event by event.
pub(super) async fn answer(room: &Room, conversation: &Conversation, said: Said) {
    // What cannot be kept is answered all the same.
    let _ = room.store.say(&conversation.user, &said.text).await;
    let Some((agent, words)) = room.agents.execute(said.text.clone()).await else {
        conversation.say("error", true, |seq| {
            let error = json!({ "type": "error", "code": "no_agent", "seq": seq });
            error.to_string()
        });
        return;
    };
    let request_id = said
        .request_id
        .unwrap_or_else(|| Uuid::new_v4().simple().to_string());
    let flow = Flow {
        conversation,
        request_id,
        tool_id: Uuid::new_v4().simple().to_string(),
        text: said.text,
        agent,
        words,
    };
    for (number, step) in Step::all(room.fault).into_iter().enumerate() {
        if number > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        match (step, room.fault) {
            (Step::UseTool, Fault::EventLate) => tokio::time::sleep(LATE).await,
            (Step::UseTool, Fault::EventCrossed) => flow.overhear(room),
            // What is complete is kept.
            (Step::Complete, _) => drop(room.store.say(&conversation.user, &flow.answer()).await),
            _ => {}
        }
        let event = flow.say(step);
        match (room.fault, step) {
            (Fault::EventDuplicated, Step::Start) => conversation.repeat(event),
            (Fault::EventCrossed, Step::Think) => room.conversations.think(conversation, event),
            _ => {}
        }
    }
    room.conversations.forget(conversation);
}

struct Flow<'c> {
    conversation: &'c Conversation,
    request_id: String,
    tool_id: String,
    text: String,
    agent: &'static str,
    /// What the tool finds.
    words: String,
}

impl Flow<'_> {
    fn say(&self, step: Step) -> Event {
        let is_last = step == Step::Complete;
        self.conversation
            .say(step.name(), is_last, |seq| self.event(step, seq))
    }

    fn event(&self, step: Step, seq: u64) -> String {
        let mut event = json!({
            "type": step.name(),
            "seq": seq,
            "user": self.conversation.user,
            "session_id": self.conversation.session_id,
            "request_id": self.request_id,
        });
        let mut add = |name: &str, value: &str| event[name] = Value::from(value);
        match step {
            Step::Start => {
                add("agent", self.agent);
                add("resume_token", &self.conversation.resume_token);
            }
            Step::Think => add("thought", &format!("What is meant by: {}", self.text)),
            Step::UseTool => {
                add("tool", "word_count");
                add("tool_id", &self.tool_id);
            }
            Step::GetResult => {
                add("tool_id", &self.tool_id);
                add("result", &self.words);
            }
            Step::Complete => add("answer", &self.answer()),
        }
        event.to_string()
    }

    fn answer(&self) -> String {
        format!("{}: {}", self.words, self.text)
    }

    /// Says what is thought for somebody else, if anybody else is answered right now.
    fn overhear(&self, room: &Room) {
        if let Some(thought) = room
            .conversations
            .thought_of_another(&self.conversation.user)
        {
            self.conversation.repeat(thought);
        }
    }
}
