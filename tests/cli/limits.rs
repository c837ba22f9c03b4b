//! Our own limits are never the target's fault.

use crate::support::{Answer, Canary, Tool};

#[test]
fn running_out_of_descriptors_is_inconclusive() {
    // Nobody is answered before somebody found no descriptor left: until then all connections stay open.
    let canary = Canary::answering(|_| Answer::Held);
    let rows: Vec<String> = (0..60).map(|row| format!("{{ name: r{row} }}")).collect();
    let suite = format!(
        "  - name: many\n    timeout: 20s\n    matrix: [{}]\n    http: {{ url: \"${{url}}/x\" }}\n    \
         expect: {{ status: 200 }}\n",
        rows.join(", ")
    );
    let tool = Tool::new().var("url", canary.url()).suite(&suite);
    let tool = tool.program("sh").args([
        "-c",
        "ulimit -n 32; exec \"$0\" \"$@\"",
        env!("CARGO_BIN_EXE_allclear"),
        "run",
        "-j",
        "60",
        "--report",
        "json=out.json",
    ]);
    let running = tool.start();
    running.notes("errored");
    canary.release();
    let output = running.end().exits(3);
    let run = tool.json("out.json");
    for test in run["tests"].as_array().unwrap() {
        let ended = (test["status"].as_str().unwrap(), test["code"].as_str());
        assert!(
            matches!(ended, ("passed", None) | ("errored", Some("error.limit"))),
            "{ended:?}\n{output}"
        );
    }
    output.stdout_has("INCONCLUSIVE");
}
