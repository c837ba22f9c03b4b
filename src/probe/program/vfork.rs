//! Starting a program without a copy of our own memory: what vfork(2) does, and posix_spawn(3), which knows nothing of the death
//! of a parent. After a fork each page that we write to is copied first,
//! and fifty programs that start at once are fifty such rounds.

use std::convert::Infallible;
use std::ffi::{CStr, CString, OsStr};
use std::fs::File;
use std::io::{self, pipe};
use std::iter::once;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::process::Command;
use std::ptr;

use nix::errno::Errno;
use nix::sched::{CloneFlags, clone};
use nix::sys::signal::{SigSet, SigmaskHow};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;

use super::group::set_apart;
use super::spawner::Begun;

/// What it has between its start and the program: calls of the system, and what `clone` itself needs.
const STACK: usize = 64 * 1024;

/// Where programs are looked for when there is no `PATH` (execvp(3)).
const PATH: &str = "/bin:/usr/bin";

/// Starts it in a session of its own, without standard input, its outputs piped to us. It dies with the thread that calls this,
/// and is the parent of all whose parent ends while it lives (PR_SET_CHILD_SUBREAPER).
/// Its environment is what the command names, and no more.
pub(super) fn begin(program: &mut Command) -> io::Result<Begun> {
    let image = Image::of(program)?;
    let nothing = File::open("/dev/null")?;
    let (stdout, its_stdout) = pipe()?;
    let (stderr, its_stderr) = pipe()?;
    let streams = [
        nothing.as_raw_fd(),
        its_stdout.as_raw_fd(),
        its_stderr.as_raw_fd(),
    ];
    let pid = image.begin(streams)?;
    Ok(Begun {
        pid,
        stdout: OwnedFd::from(stdout).into(),
        stderr: OwnedFd::from(stderr).into(),
    })
}

/// Who reads a script that does not say who does.
const SHELL: &CStr = c"/bin/sh";

/// To a text that ends with a zero, or to nothing.
type Pointer = *const libc::c_char;

/// What the system wants to know of a program, as it wants it: nothing can be allocated once the child has our memory.
struct Image {
    /// Where it may be, in the order of `PATH`.
    places: Vec<CString>,
    arguments: Vec<CString>,
    /// For each place the arguments of a shell that reads it: a script that does not say who does (execvp(3)).
    scripts: Vec<Vec<CString>>,
    environment: Vec<CString>,
    directory: Option<CString>,
}

impl Image {
    fn of(program: &Command) -> io::Result<Self> {
        let set = || {
            let named = program.get_envs();
            named.filter_map(|(name, value)| Some((name, value?)))
        };
        let path = set().find(|(name, _)| *name == "PATH");
        let path = path.map_or(OsStr::new(PATH), |(_, path)| path);
        let environment = set().map(|(name, value)| joined(&[name, value], b"="));
        let arguments = once(program.get_program()).chain(program.get_args());
        let directory = program.get_current_dir();
        let arguments: Vec<CString> = arguments.map(terminated).collect::<io::Result<_>>()?;
        let places = places(program.get_program(), path)?;
        let script = |place: &CString| {
            let read = [SHELL.to_owned(), place.clone()].into_iter();
            read.chain(arguments.iter().skip(1).cloned()).collect()
        };
        Ok(Self {
            scripts: places.iter().map(script).collect(),
            places,
            arguments,
            environment: environment.collect::<io::Result<_>>()?,
            directory: directory
                .map(|path| terminated(path.as_os_str()))
                .transpose()?,
        })
    }

    #[expect(
        unsafe_code,
        reason = "only clone(2) starts a program in our memory, and lets it ask for its parent's death"
    )]
    fn begin(&self, streams: [i32; 3]) -> io::Result<Pid> {
        let (arguments, environment) = (pointers(&self.arguments), pointers(&self.environment));
        let scripts: Vec<_> = self.scripts.iter().map(|one| pointers(one)).collect();
        let places: Vec<(&CStr, &[Pointer])> = (self.places.iter().zip(&scripts))
            .map(|(place, script)| (place.as_c_str(), script.as_slice()))
            .collect();
        let parent = Pid::this();
        let mut failed = None;
        let mut stack = vec![0; STACK];
        // No handler of ours may run in the child: it would write to our memory.
        let ours = SigSet::all().thread_swap_mask(SigmaskHow::SIG_SETMASK)?;
        let become_it = || {
            let prepared = prepare(parent, streams, self.directory.as_deref());
            let Err(errno) = prepared.and_then(|()| execute(&places, &arguments, &environment));
            failed = Some(errno);
            127
        };
        let flags = CloneFlags::CLONE_VM | CloneFlags::CLONE_VFORK;
        // SAFETY: this thread goes on only when the child has become the program or ended, so all that it looks at stays, and
        // what it writes, `failed`, is read after that. It calls async-signal-safe functions alone, allocates nothing and does
        // not unwind. Its stack is its own, and large enough.
        let begun = unsafe { clone(Box::new(become_it), &mut stack, flags, Some(libc::SIGCHLD)) };
        ours.thread_set_mask()?;
        let pid = begun?;
        match failed {
            None => Ok(pid),
            Some(errno) => {
                let _ = waitpid(pid, None);
                Err(errno.into())
            }
        }
    }
}

/// Makes of the copy of us what the program is to find. Async-signal-safe.
#[expect(
    unsafe_code,
    reason = "nothing safe takes the bare number of a file to become, or the signals of real time"
)]
fn prepare(parent: Pid, streams: [i32; 3], directory: Option<&CStr>) -> Result<(), Errno> {
    set_apart(parent)?;
    // SAFETY: all of these take numbers, or what lives as long as the caller's frame; the signals are those there are.
    unsafe {
        // None of them is 0, 1 or 2 and would stay closed on exec: the standard library sees at the start that those are open.
        for (stream, number) in streams.into_iter().zip(0..) {
            Errno::result(libc::dup2(stream, number))?;
        }
        if let Some(directory) = directory {
            Errno::result(libc::chdir(directory.as_ptr()))?;
        }
        let mut action = std::mem::zeroed::<libc::sigaction>();
        // Of SIGABRT, which we never handle, newer versions of glibc hold a lock while it is changed, and the lock is ours.
        for signal in (1..=libc::SIGRTMAX()).filter(|signal| *signal != libc::SIGABRT) {
            // What we ignore the program would go on to ignore; of ours that is SIGPIPE alone.
            if libc::sigaction(signal, ptr::null(), &raw mut action) == 0
                && (action.sa_sigaction != libc::SIG_IGN || signal == libc::SIGPIPE)
            {
                action.sa_sigaction = libc::SIG_DFL;
                libc::sigaction(signal, &raw const action, ptr::null_mut());
            }
        }
        libc::sigemptyset(&raw mut action.sa_mask);
        let none = ptr::null_mut();
        Errno::result(libc::sigprocmask(
            libc::SIG_SETMASK,
            &raw const action.sa_mask,
            none,
        ))?;
    }
    Ok(())
}

/// Becomes the program, at the first place where there is one. Async-signal-safe.
#[expect(unsafe_code, reason = "the exec of a child that shares our memory")]
fn execute(
    places: &[(&CStr, &[Pointer])],
    arguments: &[Pointer],
    environment: &[Pointer],
) -> Result<Infallible, Errno> {
    let mut why = None;
    for (place, script) in places {
        // SAFETY: all lists end with a null pointer, and all that they point to lives as long as the caller's frame.
        let errno = unsafe {
            libc::execve(place.as_ptr(), arguments.as_ptr(), environment.as_ptr());
            if Errno::last() == Errno::ENOEXEC {
                libc::execve(SHELL.as_ptr(), script.as_ptr(), environment.as_ptr());
            }
            Errno::last()
        };
        match errno {
            // There is none here, but there may be further on (execvp(3)).
            Errno::ENOENT | Errno::ENOTDIR | Errno::ESTALE | Errno::ENODEV | Errno::ETIMEDOUT => {
                why = why.or(Some(errno));
            }
            Errno::EACCES => why = Some(Errno::EACCES),
            _ => return Err(errno),
        }
    }
    Err(why.unwrap_or(Errno::ENOENT))
}

/// Where a program of this name may be. With a slash in it, it is a path.
fn places(name: &OsStr, path: &OsStr) -> io::Result<Vec<CString>> {
    if name.as_bytes().contains(&b'/') {
        return Ok(vec![terminated(name)?]);
    }
    let folders = path.as_bytes().split(|byte| *byte == b':');
    let folders = folders.map(|folder| match folder {
        // The current one, as it always was.
        [] => OsStr::new("."),
        named => OsStr::from_bytes(named),
    });
    // There is no program without a name, not even a folder.
    let folders = folders.filter(|_| !name.is_empty());
    folders
        .map(|folder| joined(&[folder, name], b"/"))
        .collect()
}

fn joined(parts: &[&OsStr], between: &[u8]) -> io::Result<CString> {
    let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
    Ok(CString::new(parts.join(between))?)
}

fn terminated(text: &OsStr) -> io::Result<CString> {
    Ok(CString::new(text.as_bytes())?)
}

/// As execve(2) takes lists.
fn pointers(of: &[CString]) -> Vec<Pointer> {
    let all = of.iter().map(|one| one.as_ptr());
    all.chain(once(ptr::null())).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    /// What it wrote, until it had ended.
    fn told(program: &mut Command) -> String {
        let mut begun = begin(program).unwrap();
        let mut text = String::new();
        begun.stdout.read_to_string(&mut text).unwrap();
        begun.stderr.read_to_string(&mut text).unwrap();
        waitpid(begun.pid, None).unwrap();
        text
    }

    fn not_begun(name: &str, path: &str) -> Option<Errno> {
        let error = begin(Command::new(name).env("PATH", path)).unwrap_err();
        error.raw_os_error().map(Errno::from_raw)
    }

    #[test]
    fn it_finds_what_it_is_given_and_nothing_of_ours() {
        let folder = tempfile::tempdir().unwrap();
        let mut program = Command::new("env");
        program
            .env("PATH", "/nowhere:/usr/bin:/bin")
            .env("ONE", "=1");
        assert_eq!(told(&mut program), "ONE==1\nPATH=/nowhere:/usr/bin:/bin\n");
        let mut program = Command::new("/bin/sh");
        program.current_dir(folder.path());
        program.args([
            "-c",
            "pwd -P; cat; echo oops >&2; echo \"$@\"",
            "x",
            "a b",
            "",
        ]);
        let here = folder.path().canonicalize().unwrap();
        assert_eq!(
            told(&mut program),
            format!("{}\na b \noops\n", here.display())
        );
        // Whoever started us may have left some open, too.
        let open = || {
            let mut program = Command::new("/bin/ls");
            program.arg("/proc/self/fd");
            program
        };
        let as_std_does = open().output().unwrap().stdout;
        assert_eq!(told(&mut open()).as_bytes(), as_std_does);
    }

    #[test]
    fn no_signal_of_ours_is_blocked_or_ignored_and_its_session_is_its_own() {
        let mut program = Command::new("/bin/sh");
        program.args([
            "-c",
            "grep -E '^Sig(Blk|Ign)' /proc/self/status; cut -d' ' -f6 /proc/$$/stat; echo $$",
        ]);
        let told = told(&mut program);
        let lines: Vec<&str> = told.lines().collect();
        let [blocked, ignored, session, own] = lines[..] else {
            panic!("{told}");
        };
        let signals = |line: &str| u64::from_str_radix(line.split_once('\t').unwrap().1, 16);
        assert_eq!(signals(blocked), Ok(0));
        // What whoever started us wanted to be ignored still is, as it is with any other program.
        let ours = std::fs::read_to_string("/proc/self/status").unwrap();
        let ours = ours
            .lines()
            .find(|line| line.starts_with("SigIgn"))
            .unwrap();
        let pipe = 1 << (libc::SIGPIPE - 1);
        assert_eq!(signals(ignored).unwrap(), signals(ours).unwrap() & !pipe);
        assert_eq!(session, own);
    }

    #[test]
    fn what_cannot_be_begun_says_why_and_leaves_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let plain = folder.path().join("plain");
        std::fs::write(&plain, "echo \"$0\" \"$@\"").unwrap();
        let path = folder.path().display().to_string();
        assert_eq!(
            not_begun("nothing-of-this-name", &path),
            Some(Errno::ENOENT)
        );
        assert_eq!(not_begun("", &path), Some(Errno::ENOENT));
        // Though it may be found further on, as execvp(3) has it.
        assert_eq!(
            not_begun("plain", &format!("{path}:/nowhere")),
            Some(Errno::EACCES)
        );
        assert_eq!(not_begun(&path, ""), Some(Errno::EACCES));
        assert_eq!(
            not_begun(&format!("{path}/plain/inside"), ""),
            Some(Errno::ENOTDIR)
        );
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&plain, mode).unwrap();
        let mut script = Command::new("plain");
        script
            .env("PATH", format!("/nowhere:{path}"))
            .args(["a b", "c"]);
        assert_eq!(told(&mut script), format!("{path}/plain a b c\n"));
        let begun = begin(Command::new("true").current_dir("/nowhere"));
        assert_eq!(begun.unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn it_dies_with_the_thread_that_began_it() {
        let begin = || begin(Command::new("sleep").arg("600")).unwrap().pid;
        let pid = std::thread::spawn(begin).join().unwrap();
        let ended = waitpid(pid, None).unwrap();
        let killed =
            nix::sys::wait::WaitStatus::Signaled(pid, nix::sys::signal::Signal::SIGKILL, false);
        assert_eq!(ended, killed);
    }
}
