//! The promises of the runner, on tokio's paused clock with scripted probes; events are collected in a `Vec`.

mod actors;
pub(super) mod bench;
mod cold;
mod ending;
mod flaps;
mod isolation;
mod limits;
mod look_on_fail;
mod modes;
mod order;
mod requires;
mod samples;
mod sessions;
mod steps;
