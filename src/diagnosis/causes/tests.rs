//! Runs in which something is known to be broken, and what is said of them.

mod advised;
mod apart;
mod building;
mod modified;
mod pieces;
mod pointed;
mod properties;
mod scenarios;
