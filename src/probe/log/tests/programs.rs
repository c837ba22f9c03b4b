//! Logs that programs print. These tests may use a shell; the probe does not.

use super::*;
use crate::model::Unable;
use crate::probe::testing::BUDGET;

fn printing(script: &str, more: &str) -> Log {
    let keys = keys(more);
    read(&format!("{{ command: [sh, -c, {script:?}], {keys} }}"))
}

#[tokio::test]
async fn both_outputs_are_the_log() {
    let script = "echo ImportError; echo 'Container called exit(3)' >&2; echo ImportError >&2";
    let seen = look(&printing(script, "")).await.unwrap();
    assert_eq!(count(&seen, "missing_module"), Some(Value::int(2)));
    assert_eq!(count(&seen, "container_exit"), Some(Value::int(1)));
    assert_eq!(lines(&seen), Some(Value::int(3)));
    assert_eq!(fact(&seen, "exit_code"), Some(&Value::int(0)));
    assert!(seen.phase(Phase::Process).is_some());
}

#[tokio::test]
async fn it_has_its_environment_and_directory() {
    let log: Log = read(
        "{ command: [sh, -c, 'echo $WHAT; pwd'], env: { WHAT: ImportError }, cwd: /, patterns: { import: ImportError, root: '^/$' } }",
    );
    let seen = look(&log).await.unwrap();
    assert_eq!(count(&seen, "import"), Some(Value::int(1)));
    assert_eq!(count(&seen, "root"), Some(Value::int(1)));
}

#[tokio::test]
async fn what_comes_to_much_is_counted_whole() {
    let script =
        "i=0; while [ $i -lt 40 ]; do printf '%065536d\\n' 0; i=$((i+1)); done; echo ImportError";
    let seen = look(&printing(script, "")).await.unwrap();
    assert_eq!(lines(&seen), Some(Value::int(41)));
    assert_eq!(count(&seen, "missing_module"), Some(Value::int(1)));
}

#[tokio::test]
async fn one_that_fails_may_not_have_printed_all_and_that_is_no_fault_of_the_target() {
    let script = "echo ImportError; echo 'who are you?' >&2; exit 4";
    let error = unable(look(&printing(script, "")).await);
    assert_eq!(error.kind, Unable::Program);
    let message = error.message;
    assert!(
        message.starts_with("ended with exit code 4") && message.ends_with("who are you?"),
        "{message}"
    );
    let killed = unable(look(&printing("kill -KILL $$", "")).await);
    assert_eq!(killed.kind, Unable::Program);
    assert!(
        killed.message.starts_with("ended with signal 9"),
        "{killed:?}"
    );
    let missing: Log = read("command: [/no/such/program]");
    assert_eq!(unable(look(&missing).await).kind, Unable::Program);
}

#[tokio::test]
async fn what_it_says_of_its_failure_is_masked_wherever_it_stands_in_a_line() {
    let ctx = Context::for_tests(crate::probe::testing::AMPLE);
    ctx.shared.mask.add("hunter2-hunter2");
    // The second piece of the line begins in the middle of the secret.
    let script =
        "printf '%061434dhunter2-hunter2%04096d\\n' 0 0 >&2; echo hunter2-hunter2 >&2; exit 1";
    let looked = crate::probe::testing::look_in(&printing(script, ""), &ctx).await;
    let message = unable(looked).message;
    assert!(message.ends_with("it said last: ***"), "{message}");
    let goes_on = script.replace("; echo hunter2-hunter2 >&2; exit 1", "");
    let looked = crate::probe::testing::look_in(&printing(&goes_on, ""), &ctx).await;
    let seen = looked.unwrap();
    assert!(!evidence(&seen, "stderr").unwrap().contains("unter2"));
}

#[tokio::test]
async fn one_that_prints_what_is_packed_shows_no_log() {
    let error = unable(look(&printing("echo ImportError | gzip -c", "")).await);
    assert_eq!(error.kind, Unable::File);
    assert!(error.message.contains("zcat"), "{error:?}");
}

#[tokio::test]
async fn one_that_prints_nothing_proves_nothing() {
    assert_eq!(code(look(&printing(":", "")).await), "log.empty");
}

#[tokio::test]
async fn one_that_goes_on_is_ended_and_what_came_until_then_is_known() {
    let script = "trap '' TERM; echo ImportError; sleep 100 & echo $! >&2; wait; sleep 100";
    let (fault, seen) = stopped(brief_look(&printing(script, "")).await);
    assert_eq!(fault.as_str(), "process.timeout");
    assert_eq!(count(&seen, "missing_module"), Some(Value::int(1)));
    assert!(seen.latency < BUDGET * 3, "{:?}", seen.latency);
}

#[tokio::test]
async fn a_flood_is_cut_where_that_is_asked_for() {
    let (fault, seen) = stopped(look(&printing("yes", ", max_size: 1MiB")).await);
    assert_eq!(fault.as_str(), "log.too_large");
    assert!(matches!(lines(&seen), Some(Value::Number(many)) if many.to_f64() > 500_000.0));
}

#[tokio::test]
async fn a_grandchild_that_keeps_the_output_open_does_not_keep_us() {
    let seen = look(&printing("echo ImportError; sleep 100 &", ""))
        .await
        .unwrap();
    assert_eq!(count(&seen, "missing_module"), Some(Value::int(1)));
}
