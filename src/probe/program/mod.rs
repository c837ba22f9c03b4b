//! Starting programs: what they are started with, the group that ends with them, who is kin to them, where they listen,
//! and how they end.

mod called;
#[cfg(target_os = "linux")]
mod descriptor;
mod ended;
mod group;
mod kin;
mod launch;
mod leader;
mod listeners;
#[cfg(target_os = "linux")]
mod sock_diag;
mod spawner;
mod streamed;
#[cfg(target_os = "linux")]
mod vfork;

pub(super) use called::called;
pub(super) use ended::{DRAIN, GRACE, exited};
pub(super) use group::Group;
#[cfg(test)]
pub(super) use kin::MARK;
pub(super) use kin::{Kin, Member};
pub(super) use launch::{check_environment, launch, not_started};
pub(super) use leader::{Leader, Spent, Watch};
pub(super) use listeners::{Listener, holder, listeners, sockets};
pub(super) use spawner::spawn;
pub(super) use streamed::{Output, Streamed};
