//! Who a server runs as: some refuse root.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// A user of this machine.
pub(super) struct User {
    pub(super) name: String,
    id: u32,
    group: u32,
    is_somebody_else: bool,
}

impl User {
    /// Who runs the tests.
    #[track_caller]
    pub(super) fn ourselves() -> Self {
        let us = fs::metadata("/proc/self").unwrap().uid();
        all()
            .find(|somebody| somebody.id == us)
            .unwrap_or_else(|| panic!("/etc/passwd has no name for the user {us}"))
    }

    /// Ourselves, or the first of these there is when we are root.
    #[track_caller]
    pub(super) fn other_than_root(names: &[&str]) -> Self {
        let ourselves = Self::ourselves();
        if ourselves.id != 0 {
            return ourselves;
        }
        let mut there = names
            .iter()
            .filter_map(|name| all().find(|somebody| somebody.name == *name));
        let somebody = there
            .next()
            .unwrap_or_else(|| panic!("/etc/passwd has none of {names:?}"));
        Self {
            is_somebody_else: true,
            ..somebody
        }
    }

    /// Lets the program run as this user.
    pub(super) fn runs(&self, command: &mut Command) {
        if self.is_somebody_else {
            command.uid(self.id).gid(self.group);
        }
    }

    /// Copies a file for nobody's eyes but this user's: there are servers that take no key others may read.
    pub(super) fn keeps(&self, from: &Path, to: &Path) {
        fs::copy(from, to).unwrap();
        fs::set_permissions(to, Permissions::from_mode(0o600)).unwrap();
        self.owns(to);
    }

    /// Gives the user a file or a directory.
    pub(super) fn owns(&self, path: &Path) {
        if self.is_somebody_else {
            chown(path, Some(self.id), Some(self.group)).unwrap();
        }
    }
}

/// Everybody in `/etc/passwd`: passwd(5).
fn all() -> impl Iterator<Item = User> {
    let text = fs::read_to_string("/etc/passwd").unwrap();
    let users: Vec<User> = text.lines().filter_map(user).collect();
    users.into_iter()
}

fn user(line: &str) -> Option<User> {
    let mut fields = line.split(':');
    Some(User {
        name: fields.next()?.to_owned(),
        id: fields.nth(1)?.parse().ok()?,
        group: fields.next()?.parse().ok()?,
        is_somebody_else: false,
    })
}
