//! Runs in which something is known to be broken, and what is said of them.

mod building;
mod modified;
mod pieces;
mod properties;
mod scenarios;
