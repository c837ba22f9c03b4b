//! `allclear demo`: two acts, from any directory, and nothing stays.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::support::Tool;

#[test]
fn a_broken_environment_is_no_go_and_a_fixed_one_is_go() {
    let tool = Tool::bare().args(["demo"]);
    let began = Instant::now();
    let output = tool.run().exits(0);
    assert!(
        began.elapsed() < Duration::from_secs(15),
        "{:?}",
        began.elapsed()
    );
    let (broken, fixed) = output.stdout.split_once("Act two").unwrap();
    assert!(
        broken.contains(" NO-GO   demo") && broken.contains("tcp.refused in phase connect"),
        "{output}"
    );
    assert!(
        fixed.contains(" GO   demo") && !fixed.contains("NO-GO"),
        "{output}"
    );
    for format in allclear::report::FORMATS {
        for act in ["broken", "fixed"] {
            let path = format!("allclear-demo/{act}/{}.{}", format.name, format.extension);
            assert!(!tool.read(&path).is_empty(), "{path}");
        }
    }
    assert_eq!(
        tool.json("allclear-demo/broken/json.json")["verdict"]["word"],
        "NO-GO"
    );
    assert_eq!(
        tool.json("allclear-demo/fixed/json.json")["verdict"]["word"],
        "GO"
    );
    // Its database and its directory are gone; that its ports are is shown by its end, as they are the process's own.
    assert_eq!(tool.left_over(), Vec::<PathBuf>::new());
    // Twice in one directory is no trouble.
    tool.run().exits(0);
}

#[test]
fn a_served_environment_ends_with_the_signal() {
    let tool = Tool::bare().args(["demo", "--serve", "--fault", "down"]);
    let serving = tool.start();
    serving.says("Ctrl-C ends it");
    let target = tool.read("allclear-demo/served.yaml");
    assert!(target.contains("api: \"http://127.0.0.1:"), "{target}");
    assert!(!target.contains("${demo."), "{target}");
    serving.signal(Signal::SIGINT);
    serving
        .end()
        .exits(0)
        .stdout_has("demo.api=http://127.0.0.1:")
        .stdout_has("fault: down");
    assert_eq!(tool.left_over(), Vec::<PathBuf>::new());
    Tool::bare()
        .args(["demo", "--serve", "--fault", "dwon"])
        .run()
        .exits(2)
        .stderr_has("there is no fault `dwon`");
}

#[test]
fn an_interrupted_demo_is_no_usage_error() {
    let tool = Tool::bare().args(["demo"]);
    let demo = tool.start();
    demo.notes("connectivity/connector");
    demo.signal(Signal::SIGINT);
    demo.end().exits(130).stderr_has("the demo was interrupted");
}
