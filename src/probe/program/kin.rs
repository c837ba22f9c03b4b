//! Who belongs to a program: its session, what carries its mark, the children of those, and who once was one of them;
//! as `/proc` tells (proc(5)).

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use nix::unistd::Pid;

/// Stands in the environment of a program and, unless somebody clears it, of everything that it starts.
pub(in crate::probe) const MARK: &str = "ALLCLEAR_PROCESS";

/// How to know who belongs to a program.
#[derive(Debug, Clone)]
pub(in crate::probe) struct Kin {
    leader: i32,
    /// When the leader began: nothing that is older is of its kin.
    since: u64,
    /// `ALLCLEAR_PROCESS=…`
    mark: String,
    /// When the leader had begun, by our own clock.
    known: Instant,
    /// Who was found to belong to it, by number, and when each began: once its parents have ended nothing else shows whose it is,
    /// if it has left the session and cleared its environment.
    met: Arc<Mutex<HashMap<i32, u64>>>,
}

/// A process that lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::probe) struct Member {
    pub(in crate::probe) pid: i32,
    parent: i32,
    session: i32,
    /// In ticks since the system began.
    since: u64,
}

impl Kin {
    /// Of a program that runs, or was not reaped. `None` where the system does not tell.
    pub(in crate::probe) fn of(leader: Pid, mark: &str) -> Option<Self> {
        let leader = leader.as_raw();
        Some(Self {
            leader,
            since: stat(leader)?.0.since,
            mark: format!("{MARK}={mark}"),
            known: Instant::now(),
            met: Arc::default(),
        })
    }

    /// The program itself.
    pub(in crate::probe) fn leader(&self) -> i32 {
        self.leader
    }

    /// All who live, the leader included. It is looked again where somebody may have been missed.
    pub(in crate::probe) fn living(&self) -> Vec<Member> {
        let mut search = Search::of(self);
        for round in 0..ROUNDS {
            let may_have_missed = search.pass();
            let is_alone = search.ours.iter().all(|member| member.pid == self.leader);
            if is_alone && !search.unclear.is_empty() {
                thread::sleep(TICK);
            } else if !is_alone || !may_have_missed || round >= FEW {
                break;
            }
        }
        search.found()
    }

    /// Those who are seen at once. One that becomes another program just now may be missed.
    pub(in crate::probe) fn seen_now(&self) -> Vec<Member> {
        let mut search = Search::of(self);
        search.pass();
        search.found()
    }

    /// Notes who descends from it now. As long as it lives those whose parent has ended are its own children
    /// (PR_SET_CHILD_SUBREAPER).
    pub(in crate::probe) fn remember(&self) {
        let Some(first) = children(self.leader) else {
            // This kernel has no lists of children: it is looked at all processes.
            self.seen_now();
            return;
        };
        let still = self.lock().clone().into_iter();
        let still =
            still.filter(|(pid, since)| stat(*pid).is_some_and(|(now, _)| now.since == *since));
        let known: Vec<i32> = still.map(|(pid, _)| pid).collect();
        let below = known.iter().filter_map(|pid| children(*pid)).flatten();
        let mut open: Vec<i32> = first.into_iter().chain(below).collect();
        let mut seen: HashSet<i32> = known.into_iter().collect();
        while let Some(pid) = open.pop() {
            if !seen.insert(pid) {
                continue;
            }
            if let Some((member, false)) = stat(pid)
                && member.since >= self.since
            {
                self.lock().insert(pid, member.since);
                open.extend(children(pid).into_iter().flatten());
            }
        }
    }

    fn has_met(&self, member: &Member) -> bool {
        self.lock().get(&member.pid) == Some(&member.since)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<i32, u64>> {
        self.met.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All who live but the leader.
    pub(in crate::probe) fn others(&self) -> Vec<Member> {
        let mut living = self.living();
        living.retain(|member| member.pid != self.leader);
        living
    }

    /// Kills all who live but the leader, wherever they are, and what they start meanwhile.
    /// What the system does not let go at once is not waited for.
    pub(in crate::probe) fn kill_others(&self) {
        for _ in 0..ROUNDS {
            let others = self.others();
            if others.is_empty() {
                return;
            }
            for member in others {
                member.signal(Signal::SIGKILL);
            }
            thread::sleep(TICK);
        }
    }

    fn carried(&self, pid: i32) -> Carried {
        match fs::read(format!("/proc/{pid}/environ")) {
            Ok(environment) if environment.is_empty() => Carried::Nothing,
            Ok(environment) => {
                let mut entries = environment.split(|byte| *byte == 0);
                if entries.any(|entry| entry == self.mark.as_bytes()) {
                    Carried::OurMark
                } else {
                    Carried::Other
                }
            }
            // It is not for us to read, and so of nobody we started.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Carried::Other,
            Err(_) => Carried::Gone,
        }
    }
}

/// What stands in the environment of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Carried {
    OurMark,
    Other,
    /// Nothing: it may be about to become another program.
    Nothing,
    /// It ends just now.
    Gone,
}

/// So often it is looked again for those who are about to become another program; and so often because others ended, which a busy
/// machine has all the time.
const ROUNDS: usize = 50;
const FEW: usize = 2;

/// What is killed, or becomes another program, needs about so long.
const TICK: Duration = Duration::from_millis(1);

/// The parent of the kernel's own threads.
const KERNEL: i32 = 2;

/// A search through all processes, in passes: each looks at those that the ones before did not see.
struct Search<'k> {
    kin: &'k Kin,
    seen: HashSet<i32>,
    ours: Vec<Member>,
    others: HashMap<i32, Member>,
    /// Those who have no environment now.
    unclear: Vec<i32>,
}

impl<'k> Search<'k> {
    fn of(kin: &'k Kin) -> Self {
        Self {
            kin,
            seen: HashSet::new(),
            ours: Vec::new(),
            others: HashMap::new(),
            unclear: Vec::new(),
        }
    }

    /// Looks once. Whether somebody may have been missed: one that ended meanwhile may just have started another.
    fn pass(&mut self) -> bool {
        let mut has_ended = false;
        let again = std::mem::take(&mut self.unclear);
        let first = first(self.kin.leader, last(), self.kin.known.elapsed());
        let younger = pids().filter(|pid| *pid >= first);
        let fresh: Vec<i32> = younger.filter(|pid| self.seen.insert(*pid)).collect();
        for pid in again.into_iter().chain(fresh) {
            let Some((member, is_over)) = stat(pid) else {
                has_ended = true;
                continue;
            };
            if member.since < self.kin.since || member.parent == KERNEL {
                continue;
            }
            if is_over {
                has_ended |= pid != self.kin.leader;
                continue;
            }
            let is_own = pid == self.kin.leader
                || member.session == self.kin.leader
                || self.kin.has_met(&member);
            let carried = if is_own {
                Carried::OurMark
            } else {
                self.kin.carried(pid)
            };
            if carried == Carried::OurMark {
                self.others.remove(&pid);
                self.ours.push(member);
                continue;
            }
            has_ended |= carried == Carried::Gone;
            if carried == Carried::Nothing {
                self.unclear.push(pid);
            }
            self.others.insert(pid, member);
        }
        has_ended
    }

    /// Those who were found, and their children: one that left the session and cleared its environment
    /// may still be a child of somebody.
    fn found(mut self) -> Vec<Member> {
        let mut at = 0;
        while at < self.ours.len() {
            let parent = self.ours[at].pid;
            let children = self.others.extract_if(|_, other| other.parent == parent);
            self.ours.extend(children.map(|(_, child)| child));
            at += 1;
        }
        let met = self.ours.iter().map(|one| (one.pid, one.since));
        self.kin.lock().extend(met);
        self.ours
    }
}

impl Member {
    /// Larger for one that began later.
    pub(in crate::probe) fn began(&self) -> u64 {
        self.since
    }

    /// Sends a signal to it, and never to another that has its number by now.
    pub(in crate::probe) fn signal(self, signal: Signal) {
        #[cfg(target_os = "linux")]
        if let Ok(process) = super::descriptor::open(Pid::from_raw(self.pid))
            && self.is_still_it()
        {
            super::descriptor::send(&process, signal);
        }
        #[cfg(not(target_os = "linux"))]
        let _ = signal;
    }

    /// Ends when it has ended, or after this time.
    pub(in crate::probe) async fn ended(self, within: Duration) {
        #[cfg(target_os = "linux")]
        if let Ok(process) = super::descriptor::Descriptor::of(Pid::from_raw(self.pid))
            && self.is_still_it()
        {
            let _ = tokio::time::timeout(within, process.ended()).await;
        }
        #[cfg(not(target_os = "linux"))]
        let _ = within;
    }

    fn is_still_it(self) -> bool {
        stat(self.pid).is_some_and(|(now, _)| now.since == self.since)
    }
}

/// The lowest number that one younger than the leader can have. They are given in order, and from the beginning after the last:
/// not twice within this time.
fn first(leader: i32, last: Option<i32>, age: Duration) -> i32 {
    match last {
        Some(last) if last >= leader && age < IN_ORDER => leader,
        _ => 0,
    }
}

/// For 32768 processes, the fewest that there are numbers for, it takes several times as long.
const IN_ORDER: Duration = Duration::from_secs(5);

/// The number that was given last: the end of proc_loadavg(5).
fn last() -> Option<i32> {
    let load = fs::read_to_string("/proc/loadavg").ok()?;
    load.split_ascii_whitespace().last()?.parse().ok()
}

/// All processes.
pub(super) fn pids() -> impl Iterator<Item = i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The children of a process: of each of its threads those that it started, or was left with. `None` where the kernel has no such
/// lists (CONFIG_PROC_CHILDREN), or the process is gone.
fn children(pid: i32) -> Option<Vec<i32>> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).ok()?;
    let mut all = Vec::new();
    for thread in threads.flatten() {
        let list = match fs::read_to_string(thread.path().join("children")) {
            Ok(list) => list,
            // This thread has ended meanwhile, or no thread has a list.
            Err(_) if thread.path().exists() => return None,
            Err(_) => continue,
        };
        all.extend(
            list.split_ascii_whitespace()
                .filter_map(|pid| pid.parse::<i32>().ok()),
        );
    }
    Some(all)
}

/// A process, and whether it has ended and only waits to be reaped.
fn stat(pid: i32) -> Option<(Member, bool)> {
    // In one go: there are hundreds of them, and none is longer.
    let mut text = [0; 1024];
    let mut file = File::open(format!("/proc/{pid}/stat")).ok()?;
    let length = file.read(&mut text).ok()?;
    parse(pid, &String::from_utf8_lossy(&text[..length]))
}

/// proc_pid_stat(5): the name, in parentheses, may hold anything.
fn parse(pid: i32, stat: &str) -> Option<(Member, bool)> {
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    let session = fields.nth(1)?.parse().ok()?;
    let since = fields.nth(15)?.parse().ok()?;
    let member = Member {
        pid,
        parent,
        session,
        since,
    };
    Some((member, matches!(state, "Z" | "X")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_whatever_it_calls_itself() {
        let line = "42 (a) R 1 (b) Z 7 41 40 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 99887 0 0";
        let member = Member {
            pid: 42,
            parent: 7,
            session: 40,
            since: 99887,
        };
        assert_eq!(parse(42, line), Some((member, true)));
        assert_eq!(parse(42, "42 (sh"), None);
        assert_eq!(parse(42, "42 (sh) S 1 2"), None);
    }

    #[test]
    fn none_is_overlooked_when_numbers_begin_again() {
        let (soon, later) = (Duration::from_secs(1), Duration::from_mins(1));
        assert_eq!(first(4000, Some(4001), soon), 4000);
        assert_eq!(first(4000, Some(4001), later), 0);
        assert_eq!(first(4000, Some(17), soon), 0);
        assert_eq!(first(4000, None, soon), 0);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn we_are_our_own_kin() {
        let kin = Kin::of(Pid::this(), "nobody").unwrap();
        assert!(
            kin.living()
                .iter()
                .any(|one| one.pid == Pid::this().as_raw())
        );
    }
}
