//! Faults that are brought about for real, and whether we tell whose they are: the layer, the class and the code that an expert
//! would give, and never a confident answer that is wrong.
//!
//! [`faults`] are one look each, and are judged together as one table. What many failures of one run say of each other is
//! elsewhere, and so are peers that lie about who they are.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by panicking"
)]

mod expert;
mod faults;
mod places;
mod probes;
mod row;
mod scenarios;
mod table;
mod told;

#[expect(dead_code, unused_imports, reason = "each test binary uses its part")]
#[path = "../support/mod.rs"]
mod support;
