//! A request of HTTP as suites write it, and what is told of who answered: what every probe shares that begins with one.

pub(super) mod body;
pub(super) mod curl;
mod hop;
pub(super) mod keys;
pub(super) mod payload;
pub(super) mod prepare;
pub(super) mod refusal;
mod text;
