//! What the server says in words: errors and notices.

use std::io;

use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend::ErrorFields;

use crate::model::{FaultKind, Origin, SqlFault, SqlState};
use crate::probe::look::Halt;
use crate::yaml::visible;

/// So many characters of each part are repeated.
const MOST: usize = 1000;

/// An error or a notice (<https://www.postgresql.org/docs/current/protocol-error-fields.html>).
#[derive(Debug)]
pub(super) struct Said {
    state: Option<SqlState>,
    /// The session ends with it.
    pub(super) is_fatal: bool,
    words: String,
}

impl Said {
    pub(super) fn read(mut fields: ErrorFields<'_>) -> io::Result<Self> {
        let mut said = Self {
            state: None,
            is_fatal: false,
            words: String::new(),
        };
        let mut besides = Vec::new();
        while let Some(field) = fields.next()? {
            let text = String::from_utf8_lossy(field.value_bytes());
            match field.type_() {
                b'C' => said.state = text.parse().ok(),
                // Before PostgreSQL 9.6 there is only the word that may be translated.
                b'S' | b'V' if matches!(&*text, "FATAL" | "PANIC") => said.is_fatal = true,
                b'M' => said.words = shortened(&text),
                b'D' => besides.push(format!("detail: {}", shortened(&text))),
                b'H' => besides.push(format!("hint: {}", shortened(&text))),
                b'P' => besides.push(format!("at character {}", shortened(&text))),
                _ => {}
            }
        }
        if !besides.is_empty() {
            said.words = format!("{} ({})", said.words, besides.join("; "));
        }
        Ok(said)
    }

    /// Whether the server says goodbye with it. A shutdown tells every session so, as an error to those that wait for an answer
    /// and as a notice to others.
    pub(super) fn is_farewell(&self) -> bool {
        let state = self.state.as_ref().map(SqlState::as_str);
        matches!(state, Some("57P01" | "57P02" | "57P03"))
    }

    /// `28…`: it is about who we are.
    pub(super) fn is_about_credentials(&self) -> bool {
        self.state
            .as_ref()
            .is_some_and(|state| state.as_str().starts_with("28"))
    }

    /// With more words of ours.
    pub(super) fn and(mut self, words: &str) -> Self {
        self.words.push_str(words);
        self
    }

    pub(super) fn halt(self) -> Halt {
        match self.state {
            Some(state) => {
                Halt::fault(FaultKind::Postgres(state), self.words).by(Origin::SqlState(state))
            }
            None => Halt::fault(
                FaultKind::Sql(SqlFault::Protocol),
                format!("an error without an SQLSTATE: {}", self.words),
            ),
        }
    }
}

fn shortened(text: &str) -> String {
    let cut: String = text.chars().take(MOST).collect();
    visible(&cut).into_owned()
}
