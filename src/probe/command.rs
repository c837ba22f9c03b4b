//! `command`: what does a program say when it is run?

mod pipes;

use std::process::{ExitStatus, Stdio};
use std::sync::OnceLock;

use nix::sys::signal::Signal;
use regex::bytes::Regex;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::process::Child;
use tokio::time::{Instant, timeout_at};

use self::pipes::Pipes;
use super::argv::Argv;
use super::look::{Halt, Look};
use super::pairs::Pairs;
use super::program::{DRAIN, GRACE, Group, check_environment, exited, launch, not_started};
use super::{Context, Invalid, Needs, Probe};
use crate::model::{FaultKind, KnownFact, Looked, Phase, ProbeError, ProcessFault, Value};

/// The end of each output that is worth showing.
const SHOWN: usize = 64 * 1024;

/// Runs a program without a shell and waits for its end. It gets `env` and of our environment only PATH, HOME, USER, LOGNAME,
/// LANG, LC_ALL, LC_CTYPE, TZ, TMPDIR, SSL_CERT_FILE and SSL_CERT_DIR; shortly before the budget ends it is asked to end and then
/// killed, with everything it has started.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// The program and its arguments, as a list. No shell reads it: no globs, pipes or variables.
    argv: Argv,
    /// Its environment, added to what is inherited.
    #[serde(default)]
    env: Pairs,
    /// Text given on standard input; without it there is none.
    stdin: Option<String>,
    /// The directory it runs in; relative to where we were started.
    cwd: Option<String>,
    /// That it writes a secret on standard output, and what that looks like: a regular expression, as `'\A\S+\z'` for no white
    /// space. The secret is read and shown nowhere: `well_formed` is the one fact about it,
    /// and there is no `stdout` and no `json`.
    secret: Option<String>,
    #[serde(skip)]
    form: OnceLock<Regex>,
}

impl Command {
    /// The form of the secret it writes, where it writes one.
    fn form(&self) -> Result<Option<&Regex>, Invalid> {
        let Some(pattern) = &self.secret else {
            return Ok(None);
        };
        if let Some(known) = self.form.get() {
            return Ok(Some(known));
        }
        let read = Regex::new(pattern)
            .map_err(|error| Invalid::new("secret", format!("the regular expression: {error}")))?;
        Ok(Some(self.form.get_or_init(|| read)))
    }

    fn spawn(&self) -> Result<(Child, Group), ProbeError> {
        let mut program = launch(&self.argv, &self.env, self.cwd.as_deref())?;
        program.stdin(if self.stdin.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        });
        Group::begin(program).map_err(|error| not_started(&self.argv, &error))
    }
}

impl Probe for Command {
    const FACTS: &'static [KnownFact] = &[
        KnownFact::number("exit_code"),
        KnownFact::text("stdout"),
        KnownFact::text("stderr"),
        KnownFact::truth("well_formed"),
        KnownFact::JSON,
    ];

    fn prepare(&self) -> Result<(), Invalid> {
        self.argv.check()?;
        self.form()?;
        check_environment(&self.env)
    }

    fn resources(&self) -> Vec<String> {
        vec![format!("proc:{}", self.argv.split().0)]
    }

    fn request(&self) -> String {
        self.argv.to_string()
    }

    fn needs(&self) -> Needs {
        Needs {
            commands: true,
            side_effects: false,
        }
    }

    async fn observe(&self, ctx: &Context) -> Looked {
        self.prepare()?;
        let form = self.form()?;
        let mut look = Look::begin(ctx);
        let started = Instant::now();
        let (mut child, group) = self.spawn()?;
        let mut pipes = Pipes::of(&mut child, self.stdin.as_deref());
        let ended = attend(&mut child, &group, &mut pipes, ctx.deadline).await;
        drop(group);
        look.passed(Phase::Process, started.elapsed());
        if let Ok(status) = &ended
            && let Some(code) = status.code()
        {
            look.fact("exit_code", Value::int(code));
        }
        match form {
            None => pipes.tell(&mut look),
            Some(form) => pipes.tell_form(form, ended.is_ok(), &mut look),
        }
        match ended.and_then(exited) {
            Ok(()) => Ok(look.finish()),
            Err(halt) => Err(look.stop(Phase::Process, halt)),
        }
    }
}

/// Waits for the end; near the deadline asks for it, then forces it.
async fn attend(
    child: &mut Child,
    group: &Group,
    pipes: &mut Pipes,
    deadline: Instant,
) -> Result<ExitStatus, Halt> {
    let budget = deadline.saturating_duration_since(Instant::now());
    let asked_at = deadline - GRACE.min(budget / 5);
    match timeout_at(asked_at, pipes.until_exit(child, group)).await {
        Ok(Ok(status)) => return Ok(status),
        Ok(Err(halt)) => return Err(halt),
        Err(_) => {}
    }
    group.signal(Signal::SIGTERM);
    // What it still says belongs to what is known of it; how it ends then is our doing.
    let said_more = timeout_at(deadline, pipes.until_exit(child, group)).await;
    group.signal(Signal::SIGKILL);
    let how = match said_more {
        Ok(_) => "asked to end",
        Err(_) => "killed",
    };
    Err(Halt::fault(
        FaultKind::Process(ProcessFault::Timeout),
        format!("still running when the budget of {budget:.0?} was used up; {how}"),
    ))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use nix::sys::signal::kill;
    use nix::unistd::Pid;

    use super::super::testing::{
        BUDGET, brief_look, code, drop_once_there, look, node, problem, read, stopped, unable,
    };
    use super::pipes::MOST;
    use super::*;
    use crate::model::{Observation, Unable};

    /// These tests may use a shell; the probe does not.
    fn shell(script: &str) -> Command {
        read(&format!("argv: [sh, -c, {script:?}]"))
    }

    fn text<'o>(seen: &'o Observation, name: &str) -> &'o str {
        seen.facts.get(name).and_then(Value::as_text).unwrap()
    }

    /// Whether a process is gone, or only waits to be reaped by whoever inherited it.
    fn is_gone(process: Pid) -> bool {
        kill(process, None).is_err()
            || std::fs::read_to_string(format!("/proc/{process}/stat"))
                .map_or(true, |stat| stat.contains(") Z "))
    }

    async fn wait_until_gone(process: Pid) {
        let gone = async {
            while !is_gone(process) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), gone)
            .await
            .expect("the process is gone");
    }

    #[tokio::test]
    async fn what_a_program_says_becomes_facts() {
        let seen = look(&shell("echo '{\"a\": 1}'; echo oops >&2; exit 3"))
            .await
            .unwrap();
        assert_eq!(seen.facts.get("exit_code"), Some(&Value::int(3)));
        assert_eq!(text(&seen, "stdout"), "{\"a\": 1}\n");
        assert_eq!(text(&seen, "stderr"), "oops\n");
        let json = seen.facts.get("json").unwrap();
        assert_eq!(json.get("a"), Some(&Value::int(1)));
        assert!(seen.phase(Phase::Process).is_some());
    }

    #[tokio::test]
    async fn it_gets_its_input_and_little_of_our_environment() {
        let probe: Command =
            read("{ argv: [sh, -c, \"cat; env\"], stdin: hello, env: { GREETING: 1 } }");
        let seen = look(&probe).await.unwrap();
        let said = text(&seen, "stdout");
        assert!(
            said.starts_with("hello") && said.contains("GREETING=1\n"),
            "{said}"
        );
        assert!(said.contains("PATH=") && !said.contains("CARGO"), "{said}");
    }

    #[tokio::test]
    async fn arguments_are_not_read_by_a_shell() {
        let probe: Command = read("argv: [echo, \"$HOME *\", \"; exit 1\", 5]");
        let seen = look(&probe).await.unwrap();
        assert_eq!(text(&seen, "stdout"), "$HOME * ; exit 1 5\n");
        assert_eq!(probe.request(), "echo '$HOME *' '; exit 1' 5");
    }

    #[tokio::test]
    async fn what_cannot_be_started_is_no_fault_of_the_target() {
        let error = unable(look(&read::<Command>("argv: [/no/such/program]")).await);
        assert_eq!(error.kind, Unable::Program);
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().display();
        let error = unable(look(&read::<Command>(&format!("argv: [{path}]"))).await);
        assert_eq!(error.kind, Unable::Program);
        let error = unable(look(&read::<Command>("{ argv: [ls], cwd: /no/such/place }")).await);
        assert_eq!(error.kind, Unable::File);
    }

    #[tokio::test]
    async fn of_a_secret_only_its_form_is_told() {
        let secret = "kingfisher-77-at-dusk";
        let of = |said: &str, form: &str| {
            let script = format!("printf '{said}'; printf '{said}' >&2");
            read::<Command>(&format!(
                "{{ argv: [sh, -c, {script:?}], secret: {form:?} }}"
            ))
        };
        for (said, is_well_formed) in [
            (secret.to_owned(), true),
            (format!("{secret}\\n"), false),
            (format!(" {secret}"), false),
            (String::new(), false),
            ("a b".to_owned(), false),
            (format!("{secret}\\n{}", "x".repeat(20_000)), false),
        ] {
            let ctx = Context::for_tests(Duration::from_secs(5));
            let seen = of(&said, r"\A\S+\z").observe(&ctx).await.unwrap();
            let told = seen.facts.get("well_formed");
            assert_eq!(told, Some(&Value::Bool(is_well_formed)), "{said}");
            let all = ctx.shared.mask.apply(&format!("{seen:?}")).into_owned();
            assert!(!all.contains(secret) && !all.contains("a b"), "{all}");
            assert!(seen.facts.get("stdout").is_none() && seen.facts.get("json").is_none());
            // What it says besides is shown where the secret in it can be masked, or there is none.
            let is_shown = said.is_empty() || (6..20_000).contains(&said.len());
            assert_eq!(seen.facts.get("stderr").is_some(), is_shown, "{said}");
        }
        // One that is cut off has no form.
        let (code, seen) = stopped(
            brief_look(&read::<Command>(&format!(
                "{{ argv: [sh, -c, 'printf {secret}; sleep 100'], secret: . }}"
            )))
            .await,
        );
        assert_eq!(code.as_str(), "process.timeout");
        assert!(seen.facts.get("well_formed").is_none());
        let why = problem("command", "{ argv: [ls], secret: '(' }");
        assert!(why.contains("the regular expression"), "{why}");
    }

    #[tokio::test]
    async fn a_signal_is_a_fault() {
        assert_eq!(
            code(look(&shell("kill -SEGV $$")).await),
            "process.signal.11"
        );
    }

    #[tokio::test]
    async fn it_ends_with_its_grandchildren_when_the_budget_ends() {
        let looked = brief_look(&shell("trap '' TERM; sleep 100 & echo $!; wait; sleep 100")).await;
        let (code, seen) = stopped(looked);
        assert_eq!(code.as_str(), "process.timeout");
        assert!(seen.latency < BUDGET * 3, "{:?}", seen.latency);
        let grandchild = text(&seen, "stdout").trim().parse().unwrap();
        wait_until_gone(Pid::from_raw(grandchild)).await;
    }

    #[tokio::test]
    async fn it_is_asked_to_end_before_it_is_killed() {
        let looked = brief_look(&shell(
            "trap 'echo bye; exit 0' TERM; while :; do sleep 0.01; done",
        ))
        .await;
        let (code, seen) = stopped(looked);
        assert_eq!(code.as_str(), "process.timeout");
        assert_eq!(text(&seen, "stdout"), "bye\n");
    }

    #[tokio::test]
    async fn a_grandchild_that_keeps_the_output_open_does_not_keep_us() {
        let seen = look(&shell("sleep 100 & echo $!")).await.unwrap();
        assert_eq!(seen.facts.get("exit_code"), Some(&Value::int(0)));
        let grandchild = text(&seen, "stdout").trim().parse().unwrap();
        wait_until_gone(Pid::from_raw(grandchild)).await;
    }

    #[tokio::test]
    async fn one_that_left_the_group_is_not_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let ready = directory.path().join("ready").display().to_string();
        let stray = "setsid sh -c 'echo $$; echo up > $READY; exec sleep 100' & read up < $READY";
        let probe = shell(&format!(
            "READY={ready}; mkfifo $READY; export READY; {stray}"
        ));
        let seen = look(&probe).await.unwrap();
        assert!(seen.evidence.iter().any(|it| it.label == "note"));
        let stray = text(&seen, "stdout").trim().parse().unwrap();
        kill(Pid::from_raw(stray), Signal::SIGKILL).unwrap();
    }

    #[tokio::test]
    async fn a_flood_is_cut() {
        let (code, seen) = stopped(look(&shell("yes")).await);
        assert_eq!(code.as_str(), "process.too_large");
        assert_eq!(text(&seen, "stdout").len(), MOST);
    }

    #[tokio::test]
    async fn a_look_that_is_dropped_leaves_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("pid");
        let script = format!(
            "sleep 100 & echo $! > {0}.new; mv {0}.new {0}; wait",
            file.display()
        );
        let probe = shell(&script);
        drop_once_there(&probe, &file).await;
        let grandchild = std::fs::read_to_string(&file)
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        wait_until_gone(Pid::from_raw(grandchild)).await;
    }

    #[test]
    fn slips_are_told() {
        assert!(problem("command", "argv: ls -l").contains("as a list: `[ls, -l]`"));
        assert!(problem("command", "argv: []").contains("the program to run"));
        assert!(problem("command", "{ argv: [ls], env: { \"a=b\": c } }").contains("`=`"));
        let mut problems = crate::yaml::Diagnostics::default();
        let probe =
            super::super::AnyProbe::decode("command", &node("argv: [ls]"), false, &mut problems);
        assert!(probe.unwrap().needs().commands);
    }
}
