//! Starting programs: what they are started with, the group that ends with them, who is kin to them, and where they listen.

#[cfg(target_os = "linux")]
mod descriptor;
mod group;
mod kin;
mod launch;
mod leader;
mod listeners;
mod spawner;

pub(super) use group::Group;
pub(super) use kin::{Kin, MARK, Member};
pub(super) use launch::{check_environment, launch, not_started};
pub(super) use leader::{Leader, Spent, Watch};
pub(super) use listeners::{Listener, holder, listeners, sockets};
pub(super) use spawner::spawn;
