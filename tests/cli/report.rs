//! `allclear report`: a recorded run tells the same as it did live.

use crate::support::{Answer, Canary, Tool};

fn sick() -> Canary {
    Canary::answering(|asked| match asked.path.as_str() {
        "/sick" => Answer::json(500, r#"{"why":"<&>\u0007 sick"}"#),
        _ => Answer::ok(),
    })
}

/// One of most things a report can hold.
fn varied(canary: &Canary) -> Tool {
    Tool::new().var("url", canary.url()).suite(
        r#"
  - name: well
    title: All is well
    http: { url: "${url}/well" }
    expect: { status: 200 }
  - name: sick
    http: { url: "${url}/sick" }
    expect: { status: 200, json: { $.status: healthy } }
  - name: blocked
    requires: [c/sick]
    http: { url: "${url}/well" }
    expect: { status: 200 }
  - name: sample
    http: { url: "${url}/well" }
    expect: { status: 200 }
    repeat: { times: 5, claims: { latency: { max: 5s } } }
  - name: skipped
    when: not url
    http: { url: "${url}/well" }
    expect: { status: 200 }
  - name: steps
    steps:
      - name: one
        http: { url: "${url}/well" }
        expect: { status: 200 }
        capture: { state: { json: $.status } }
      - name: two
        http: { url: "${url}/${state}" }
        expect: { status: 200 }
"#,
    )
}

#[test]
fn every_format_is_byte_for_byte_what_the_run_wrote() {
    let canary = sick();
    let tool = varied(&canary);
    let formats = allclear::report::FORMATS;
    let reports = |folder: &str| -> Vec<String> {
        formats
            .iter()
            .flat_map(|format| {
                [
                    "--report".to_owned(),
                    format!("{0}={folder}.{0}", format.name),
                ]
            })
            .collect()
    };
    for extra in [&[][..], &["-v"], &["-q"]] {
        let asked = |command: &str, folder: &str| {
            let mut args = vec![command.to_owned()];
            args.extend(reports(folder));
            args.extend(extra.iter().map(|&flag| flag.to_owned()));
            tool.then(args)
        };
        asked("run", "live").exits(1);
        asked("report", "again").exits(0);
        for format in formats {
            let name = format.name;
            assert_eq!(
                tool.read(&format!("live.{name}")),
                tool.read(&format!("again.{name}")),
                "{name} {extra:?}"
            );
        }
    }
}

#[test]
fn standard_output_tells_the_same_again() {
    let canary = sick();
    let tool = varied(&canary);
    let live = tool.then(["run"]).exits(1);
    let again = tool.then(["report"]).exits(0);
    assert_eq!(live.stdout, again.stdout);
    // `last`, an id, the beginning of one, a folder.
    let id = tool.then(["report", "last", "--report", "json"]).json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for run in [
        id.as_str(),
        &id[..id.len() - 2],
        &format!(".allclear/runs/{id}"),
    ] {
        assert_eq!(tool.then(["report", run]).exits(0).stdout, live.stdout);
    }
}

#[test]
fn a_run_that_is_not_there_is_a_mistake() {
    let tool = Tool::bare();
    tool.then(["report"]).exits(2).stderr_has(".allclear/runs");
    let canary = Canary::healthy();
    let tool = varied(&canary);
    tool.then(["run"]);
    tool.then(["report", "nonsense"])
        .exits(2)
        .stderr_has("nonsense");
}

#[test]
fn the_newest_runs_are_kept() {
    let canary = Canary::healthy();
    let tool = varied(&canary);
    for _ in 0..4 {
        tool.then(["run", "--keep", "2"]);
    }
    assert_eq!(
        std::fs::read_dir(tool.path(".allclear/runs"))
            .unwrap()
            .count(),
        2
    );
}

#[test]
fn a_record_that_nobody_diagnosed_is_diagnosed_when_it_is_reported() {
    let canary = sick();
    let tool = varied(&canary);
    tool.then([
        "run",
        "--report",
        "handoff=live.md",
        "--report",
        "console=live.txt",
    ])
    .exits(1);
    let live = tool.read("live.txt");
    assert!(live.contains("\nNO-GO: 1 failed, 1 blocked — "), "{live}");
    assert!(
        tool.read("live.md").contains("`c/sick#1`"),
        "{}",
        tool.read("live.md")
    );

    let runs = std::fs::read_dir(tool.path(".allclear/runs")).unwrap();
    let run = runs.map(|entry| entry.unwrap().path()).next().unwrap();
    let journal = run.join("journal.jsonl");
    let whole = std::fs::read_to_string(&journal).unwrap();
    let (before, judged) = whole.trim_end().rsplit_once('\n').unwrap();
    let mut event: serde_json::Value = serde_json::from_str(judged).unwrap();
    let diagnosis = event["judged"].as_object_mut().unwrap().remove("diagnosis");
    assert!(diagnosis.is_some(), "{judged}");
    // As an older version wrote it, and as a run that was killed before its verdict left it.
    for last in [format!("{event}\n"), String::new()] {
        std::fs::write(&journal, format!("{before}\n{last}")).unwrap();
        tool.then([
            "report",
            "--report",
            "handoff=again.md",
            "--report",
            "console=again.txt",
        ])
        .exits(0);
        assert_eq!(tool.read("again.txt"), live);
        assert_eq!(tool.read("again.md"), tool.read("live.md"));
    }
}
