//! A tree that knows its places, the decoder, and diagnostics with carets; the only place that knows the YAML crate.

mod access;
mod ahead;
mod choice;
mod decode;
mod decode_error;
mod deserializer;
mod diagnostic;
mod duration;
mod excerpt;
mod fields;
mod frame;
mod node;
mod parse;
mod percent;
mod plain;
mod quantity;
mod raw;
mod refused;
mod render;
mod size;
mod source;
mod suggest;
mod syntax;
mod text;
#[cfg(test)]
mod told;
mod words;
mod written;

pub use decode::decode;
pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use duration::{Duration, NonZeroDuration, parse_duration, parse_nonzero_duration};
pub use fields::Fields;
pub use node::{Entry, Kind, Node, Scalar, Style};
pub use parse::{LARGE, MAX_BYTES, parse};
pub use percent::{Percent, parse_percent};
pub use plain::{Resolved, Unclear};
pub use raw::Raw;
pub use size::{Size, parse_size};
pub use source::{FileId, Position, Sources, Span};
pub use suggest::{did_you_mean, nearest};
pub use text::{TextError, decode_bytes, visible};
pub use written::written_duration;
