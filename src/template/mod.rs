//! `${…}`: parse, names used, fill; values, their secrecy, and the one [`Mask`]; pure.
//!
//! Scalars are filled after YAML was parsed, one by one, so a value can never change the document's structure. A value
//! is never looked at again: what stands in it is text, also when it looks like `${…}`.

mod call;
mod cursor;
mod early;
mod fill;
mod filter;
mod hole;
mod jwt;
mod late;
mod mask;
mod name;
mod place;
mod resolve;
mod scope;
mod tampered;
mod text;
mod value;

pub use early::{Early, Use, fill_early, uses};
pub use fill::is_filled;
pub use late::{Filled, LateError, Template};
pub use mask::Mask;
pub use name::is_variable_name;
pub use place::place;
pub use scope::{Lookup, Scope, Secrecy};
pub use value::value_of;
