//! Asking: statements by the extended protocol, answers as text
//! (<https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY>). The server itself refuses two
//! statements in one there, and stops after as many rows as we want.

use std::iter;
use std::time::Duration;

use fallible_iterator::FallibleIterator;
use postgres_protocol::IsNull;
use postgres_protocol::message::backend::{
    DataRowBody, ErrorResponseBody, Message, RowDescriptionBody,
};
use postgres_protocol::message::frontend;
use tokio::time::timeout;

use super::login::{unexpected, unreadable};
use super::said::Said;
use super::session::{Session, State};
use super::value::value;
use crate::model::{FaultKind, SqlFault, Unable, Value};
use crate::probe::database::broken::cut_short;
use crate::probe::database::rows::{Limits, Rows};
use crate::probe::database::session::Answer;
use crate::probe::look::Halt;
use crate::yaml::visible;

/// So many bytes are sent at most before answers are read: with more, both sides could wait for each other to read.
const AHEAD: usize = 16 * 1024;

/// After an error the server says that it is ready again; more than this is not waited for it.
const RECOVERY: Duration = Duration::from_millis(100);

const WHEN: &str = "while a query ran";

/// A statement, and how much of its answer is read.
#[derive(Debug, Clone, Copy)]
pub(in crate::probe) struct Asked<'t> {
    pub(in crate::probe) text: &'t str,
    pub(in crate::probe) limits: Limits,
    /// Whether the answer is told at once, and not with the next: it is known then while the next is waited for.
    pub(in crate::probe) at_once: bool,
    /// Whether the rows of the one before are given up for its own: only those of the last are of any use.
    pub(in crate::probe) replaces: bool,
    /// Whether it may give rows, whose columns are asked for then.
    pub(in crate::probe) gives_rows: bool,
}

impl Asked<'_> {
    fn begin(&self, answers: &mut Vec<Answer>, answer: Answer) {
        if self.replaces
            && let Some(before) = answers.last_mut()
        {
            before.rows = None;
        }
        answers.push(answer);
    }
}

impl Session {
    /// Runs one statement by itself.
    pub(in crate::probe) async fn ask(
        &mut self,
        text: &str,
        limits: Limits,
    ) -> Result<Answer, Halt> {
        let mut answers = Vec::new();
        let asked = Asked {
            text,
            limits,
            at_once: false,
            replaces: false,
            gives_rows: true,
        };
        self.ask_all(&[asked], &mut answers).await?;
        Ok(answers.pop().unwrap_or_default())
    }

    /// Runs statements in order, and none behind one that fails. They are sent in one go, so that they cost one round trip. What
    /// was answered is in `answers`, also when this fails or is dropped; the last of them may be incomplete then.
    pub(in crate::probe) async fn ask_all(
        &mut self,
        all: &[Asked<'_>],
        answers: &mut Vec<Answer>,
    ) -> Result<(), Halt> {
        if !matches!(self.state, State::Idle | State::InTransaction) {
            return Err(cut_short());
        }
        let mut answered = 0;
        for (at, asked) in all.iter().enumerate() {
            let ahead = self.wire.outgoing.len();
            if ahead > 0 && ahead + asked.text.len() > AHEAD {
                frontend::flush(&mut self.wire.outgoing);
                self.send().await?;
                for asked in &all[answered..at] {
                    self.answer(*asked, answers).await?;
                }
                answered = at;
            }
            self.write(*asked)?;
            if asked.at_once {
                frontend::flush(&mut self.wire.outgoing);
            }
        }
        frontend::sync(&mut self.wire.outgoing);
        self.send().await?;
        for asked in &all[answered..] {
            self.answer(*asked, answers).await?;
        }
        match self.hear().await? {
            Message::ReadyForQuery(ready) => {
                self.state = after(ready.status());
                Ok(())
            }
            Message::ErrorResponse(error) => Err(self.failed(&error).await),
            _ => Err(unexpected(WHEN)),
        }
    }

    /// Adds one statement to what is sent next.
    fn write(&mut self, asked: Asked<'_>) -> Result<(), Halt> {
        let out = &mut self.wire.outgoing;
        // One more than wanted tells that there are more.
        let most = i32::try_from(asked.limits.rows.saturating_add(1)).unwrap_or(0);
        let none: [u32; 0] = [];
        let as_text: [i16; 0] = [];
        frontend::parse("", asked.text, none, out)
            .and_then(|()| {
                let nothing = iter::empty::<()>();
                let bound = frontend::bind(
                    "",
                    "",
                    as_text,
                    nothing,
                    |(), _| Ok(IsNull::Yes),
                    as_text,
                    out,
                );
                bound.map_err(|_| std::io::ErrorKind::InvalidInput.into())
            })
            .and_then(|()| {
                if asked.gives_rows {
                    frontend::describe(b'P', "", out)?;
                }
                Ok(())
            })
            .and_then(|()| frontend::execute("", most, out))
            .map_err(|_| Halt::unable(Unable::Value, "a statement holds a NUL, or is too long"))
    }

    async fn send(&mut self) -> Result<(), Halt> {
        self.state = State::Busy;
        let sent = self.wire.send(WHEN).await;
        if sent.is_err() {
            self.state = State::Over;
        }
        sent
    }

    /// Reads the answer to one statement.
    async fn answer(&mut self, asked: Asked<'_>, answers: &mut Vec<Answer>) -> Result<(), Halt> {
        let Asked { limits, .. } = asked;
        self.wire.most_row = limits.bytes;
        let mut types = None;
        loop {
            match self.hear().await? {
                Message::ParseComplete | Message::BindComplete | Message::NoData => {}
                Message::RowDescription(columns) if types.is_none() => {
                    let (names, known) = described(&columns)?;
                    let answer = Answer {
                        rows: Some(Rows::of(names)),
                        affected: None,
                    };
                    asked.begin(answers, answer);
                    types = Some(known);
                }
                Message::DataRow(row) => {
                    let rows = answers.last_mut().and_then(|answer| answer.rows.as_mut());
                    let (Some(rows), Some(types)) = (rows, &types) else {
                        return Err(unexpected("before its columns were described"));
                    };
                    rows.push(values(&row, types)?, limits)?;
                }
                Message::CommandComplete(complete) => {
                    let tag = complete.tag().map_err(unreadable)?;
                    let affected = affected(tag, types.is_some());
                    match answers.last_mut() {
                        Some(answer) if types.is_some() => answer.affected = affected,
                        _ => {
                            let rows = None;
                            asked.begin(answers, Answer { rows, affected });
                        }
                    }
                    return Ok(());
                }
                Message::EmptyQueryResponse => {
                    asked.begin(answers, Answer::default());
                    return Ok(());
                }
                Message::ErrorResponse(error) => return Err(self.failed(&error).await),
                Message::CopyInResponse(_) | Message::CopyOutResponse(_) => {
                    let why = "the statement copies to or from us, which is not done here";
                    return Err(Halt::unable(Unable::Value, why));
                }
                _ => return Err(unexpected(WHEN)),
            }
        }
    }

    async fn hear(&mut self) -> Result<Message, Halt> {
        let heard = self.wire.next(WHEN).await;
        match &heard {
            // It works on at the rest of an answer that is too long, which is cancelled when nobody reads it any more.
            Ok(_)
            | Err(Halt::Fault {
                kind: FaultKind::Sql(SqlFault::TooLarge),
                ..
            }) => {}
            // Who is gone, or speaks something else, has nothing to cancel.
            Err(_) => self.state = State::Over,
        }
        heard
    }

    /// The server refused. It skips what else was sent, and says when it is ready again.
    async fn failed(&mut self, error: &ErrorResponseBody) -> Halt {
        self.state = State::Over;
        let said = match Said::read(error.fields()) {
            Ok(said) => said,
            Err(error) => return unreadable(error),
        };
        if !said.is_fatal {
            let recovering = async {
                loop {
                    match self.wire.next(WHEN).await {
                        Ok(Message::ReadyForQuery(ready)) => break Some(ready.status()),
                        Ok(_) => {}
                        Err(_) => break None,
                    }
                }
            };
            if let Ok(Some(status)) = timeout(RECOVERY, recovering).await {
                self.state = after(status);
            }
        }
        said.halt()
    }
}

/// What a transaction's status says (`I`: none, `T`: in one, `E`: in one that failed).
fn after(status: u8) -> State {
    match status {
        b'I' => State::Idle,
        _ => State::InTransaction,
    }
}

fn described(columns: &RowDescriptionBody) -> Result<(Vec<String>, Vec<u32>), Halt> {
    let mut fields = columns.fields();
    let (mut names, mut types) = (Vec::new(), Vec::new());
    while let Some(field) = fields.next().map_err(unreadable)? {
        if field.format() != 0 {
            return Err(unexpected("where text was asked for"));
        }
        names.push(visible(field.name()).into_owned());
        types.push(field.type_oid());
    }
    Ok((names, types))
}

fn values(row: &DataRowBody, types: &[u32]) -> Result<Vec<Value>, Halt> {
    let mut ranges = row.ranges();
    let mut all = Vec::with_capacity(types.len());
    while let Some(range) = ranges.next().map_err(unreadable)? {
        all.push(match (range, types.get(all.len())) {
            (Some(range), Some(oid)) => value(*oid, &row.buffer()[range]),
            _ => Value::Null,
        });
    }
    if all.len() == types.len() {
        return Ok(all);
    }
    let why = format!(
        "a row of {} values, where {} were described",
        all.len(),
        types.len()
    );
    Err(Halt::fault(FaultKind::Sql(SqlFault::Protocol), why))
}

/// How many rows a statement changed, by its tag: `INSERT 0 2`, `UPDATE 3`. `SELECT 5` changed some only as `CREATE TABLE AS`,
/// which gives none.
fn affected(tag: &str, gives_rows: bool) -> Option<u64> {
    let verb = tag.split(' ').next()?;
    let changes = matches!(verb, "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "COPY")
        || (verb == "SELECT" && !gives_rows);
    let count = tag.rsplit(' ').next()?;
    changes.then(|| count.parse().ok())?
}
