//! Settings, folded once: built-in, `allclear.yaml`, target, environment, flags.
//!
//! The only reader of `ALLCLEAR_*`, `NO_COLOR`, `CI` and the variables of proxies.
//! What a test says about itself stands above all of these.

mod environment;
mod flags;
mod fold;
mod output;
mod proxies;
mod run_config;

pub use environment::Variables;
pub use flags::{Flags, Permission};
pub use fold::{FoldError, fold};
pub use output::{Colour, Output, Verbosity};
pub use proxies::proxies;
pub use run_config::RunConfig;
