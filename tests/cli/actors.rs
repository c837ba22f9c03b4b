//! Actors and their sessions, on a real server.

use crate::support::{Answer, Asked, Canary, Tool};

const SESSIONS: &str = r#"
sessions:
  user:
    params: [name]
    steps:
      - http: { method: POST, url: "${url}/login", json: { user: "${name}" } }
        expect: { status: 200 }
        capture: { token: { json: $.token, secret: true } }
    cleanup:
      - http: { method: POST, url: "${url}/logout", headers: { authorization: "Bearer ${token}" } }
"#;

/// Each has a token with its own name in it, and a page of its own.
fn service(asked: &Asked) -> Answer {
    if asked.path == "/login" {
        let user = asked.body.split('"').nth(3).unwrap_or_default();
        return Answer::json(200, &format!(r#"{{"token":"tok-{user}-long"}}"#));
    }
    let token = format!("Bearer tok-{}-long", &asked.path[1..]);
    let is_own = asked.header("authorization") == Some(&token);
    Answer::json(
        if is_own || asked.path == "/logout" {
            200
        } else {
            403
        },
        "{}",
    )
}

#[test]
fn every_actor_acts_as_itself_and_one_that_fails_is_named() {
    let canary = Canary::answering(service);
    let suite = r#"
  - name: own
    actors: 3
    uses: [{ session: user, with: { name: "${actor}" } }]
    http: { url: "${url}/${actor}", headers: { authorization: "Bearer ${session.user.token}" } }
    expect: { status: 200 }
  - name: other
    actors: [actor1, actor2, carol, dave]
    uses: [{ session: user, with: { name: "${actor}" } }]
    http: { url: "${url}/actor1", headers: { authorization: "Bearer ${session.user.token}" } }
    expect: { status: 200 }
"#;
    let tool = Tool::new()
        .var("url", canary.url())
        .suite(suite)
        .file("suites/sessions.yaml", SESSIONS);
    tool.then(["list", "--explain"])
        .exits(0)
        .stdout_has("acted by actor1, actor2, carol, dave, at once")
        .stdout_has("uses session user[name=carol]");
    let output = tool.then([
        "run",
        "--report",
        "json=out.json",
        "--report",
        "junit=out.xml",
    ]);
    let output = output.exits(1);
    let json = tool.json("out.json");
    let tests = json["tests"].as_array().unwrap();
    assert_eq!(
        (&tests[0]["status"], &tests[1]["status"]),
        (&"passed".into(), &"failed".into()),
        "{output}"
    );
    let steps = tests[1]["attempts"][0]["steps"].as_array().unwrap();
    let told: Vec<_> = steps
        .iter()
        .map(|step| {
            (
                step["actor"].as_str().unwrap(),
                step["outcome"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("actor1", "held"),
        ("actor2", "not_held"),
        ("carol", "not_held"),
        ("dave", "not_held"),
    ];
    assert_eq!(told, expected);
    output
        .stdout_has("carol · http GET")
        .stdout_lacks("actor1 · http GET");
    assert!(tool.read("out.xml").contains("actor2 · http GET"));
    // actor1 and actor2 share theirs with those of the other test.
    let paths = canary.paths();
    let count = |wanted: &str| paths.iter().filter(|path| *path == wanted).count();
    assert_eq!((count("/login"), count("/logout")), (5, 5), "{paths:?}");
}

#[test]
fn two_hundred_actors_are_there_at_the_same_time() {
    let canary = Canary::answering(|_| Answer::Held);
    let suite = r#"
  - name: many
    actors: 200
    timeout: 30s
    http: { url: "${url}/${actor}" }
    expect: { status: 200 }
"#;
    // Most shells give 1024, and some much less; the system would give more.
    let tool = Tool::new().var("url", canary.url()).suite(suite);
    let tool = tool.program("sh").args([
        "-c",
        "ulimit -S -n 100; exec \"$0\" \"$@\"",
        env!("CARGO_BIN_EXE_allclear"),
        "run",
        "-j",
        "1",
    ]);
    let running = tool.start();
    // Nobody is answered before all have asked.
    canary.wait_for(200);
    canary.release();
    running.end().exits(0);
    let mut paths = canary.paths();
    paths.sort_unstable();
    paths.dedup();
    assert_eq!(paths.len(), 200);
}
