//! Asking a name server ourselves: what may be asked, the exchange over UDP and TCP, and what an answer says.

mod answer;
mod exchange;
mod lookup;
mod name;
mod presentation;
mod question;
mod server;
#[cfg(test)]
mod tests;

pub(in crate::probe) use answer::Answer;
pub(in crate::probe) use exchange::{Via, ask};
pub(in crate::probe::net) use lookup::addresses;
pub(in crate::probe) use name::{check_name, reverse};
pub(in crate::probe) use question::Question;
pub(in crate::probe) use server::{named, of_this_machine};

/// The server of our tests: its words are written by hand, so that they share no mistake with what reads them.
#[cfg(test)]
#[path = "../../../../tests/support/dns.rs"]
pub(in crate::probe) mod testing;
