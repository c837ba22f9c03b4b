//! Whether the kernel had to kill for want of memory: `memory.events` of our control group (cgroup v2).

use std::fs;

/// How often something in our control group was killed for want of memory; `None` where the system does not tell.
/// What we start is in the same group.
pub(super) fn oom_kills() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let path = group(&groups)?;
    let events = fs::read_to_string(format!("/sys/fs/cgroup{path}/memory.events")).ok()?;
    count(&events)
}

/// cgroups(7): the line of the unified hierarchy is `0::/path`.
fn group(groups: &str) -> Option<&str> {
    let path = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
    Some(path.trim_end_matches('/'))
}

fn count(events: &str) -> Option<u64> {
    let line = events
        .lines()
        .find_map(|line| line.strip_prefix("oom_kill "))?;
    line.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unified_group_is_the_one_that_counts() {
        assert_eq!(group("0::/user.slice/a\n"), Some("/user.slice/a"));
        assert_eq!(group("4:memory:/x\n0::/\n"), Some(""));
        assert_eq!(group("4:memory:/x\n"), None);
    }

    #[test]
    fn kills_are_counted_and_not_the_wish_to_kill() {
        let events = "low 0\nhigh 3\nmax 7\noom 2\noom_kill 1\noom_group_kill 0\n";
        assert_eq!(count(events), Some(1));
        assert_eq!(count("oom 2\n"), None);
    }
}
