//! JUDGING what was seen; pure: no clock, no files, no async.

mod capture;
mod claims;
mod compare;
mod events;
mod expectation;
mod fact;
mod fault;
pub mod isolation;
mod json;
mod json_path;
mod literal;
mod matcher;
mod meets;
mod sample;
#[cfg(test)]
pub(crate) mod testing;
mod token;
mod words;

pub use capture::{Captured, Captures, is_taken};
pub use claims::{Claims, Measure};
pub use compare::{Compared, Comparison, could_differ};
pub use expectation::{Expectations, ExpectedFault, Vocabulary, all_hold, evaluate};
pub use json::{to_json, to_value};
pub use json_path::JsonPath;
pub use matcher::Matcher;
pub use meets::meets;
pub use sample::{is_futile, judge};
pub use token::{Needed, NoDate, Token};
