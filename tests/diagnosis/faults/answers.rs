//! Answers an application gives of its own.

use allclear::model::{Class, Layer};

use crate::expert::Answer::{self, Is, Leans, Open, Rather};
use crate::row::{Row, look_at, row};
use crate::support::{Answer as Said, Canary};
use crate::told::Told;

const JSON: &str = "application/json";

/// What Python prints when nobody caught it.
const TRACEBACK: &str = "Traceback (most recent call last):\\n  File \\\"/app/orders.py\\\", line 12, in total\\n    \
    return price / count\\nZeroDivisionError: division by zero";

/// The same when a database behind it does not let it in.
const TOO_MANY: &str = "sqlalchemy.exc.OperationalError: (psycopg2.OperationalError) connection to server at \\\"10.0.0.5\\\", \
    port 5432 failed: FATAL:  sorry, too many clients already (SQLSTATE 53300)";

/// How the parts of an application are.
const HEALTH: &str = r#"{"status":"unhealthy","checks":{"database":{"status":"disconnected"},"cache":{"status":"ok"}}}"#;

/// What is shown to browsers wherever they go.
const PAGE: &str = "<!doctype html><html><body><div id=\"root\"></div></body></html>";

pub(super) fn faults() -> Vec<Told> {
    let mut apps = Apps::default();
    let mut rows = erring(&mut apps);
    rows.extend(answering(&mut apps));
    look_at(rows)
}

/// One for each row, and still there when it is looked at.
#[derive(Default)]
struct Apps(Vec<Canary>);

impl Apps {
    /// A look at one that answers everybody with this.
    fn saying(&mut self, status: u16, kind: &'static str, body: &str) -> String {
        self.answering(Said::Reply(status, kind, body.to_owned()))
    }

    fn answering(&mut self, said: Said) -> String {
        let app = Canary::answering(move |_| said.clone());
        let probe = format!("http: {{ url: \"{}/orders\" }}", app.url());
        self.0.push(app);
        probe
    }
}

/// It says that something is wrong, and of which kind.
fn erring(apps: &mut Apps) -> Vec<Row> {
    use Class::{Application, Configuration, Infrastructure, TestDefect};
    use Layer::Auth;
    let app = Layer::Application;
    let cases = [
        ("", 400, "count must be a number", app, Is(TestDefect)),
        ("", 401, "token is not known", Auth, Is(Configuration)),
        ("", 403, "not yours", Auth, Is(Configuration)),
        ("", 404, "Not Found", app, Is(Configuration)),
        ("", 405, "Method Not Allowed", app, Is(TestDefect)),
        ("", 409, "there already", app, Leans(Application)),
        ("", 415, "send JSON", app, Is(TestDefect)),
        ("", 422, "field required", app, Is(TestDefect)),
        ("", 429, "too many requests", app, Rather(Infrastructure)),
        // Whether it failed, or what it needs, is in its log.
        ("", 500, "internal error", app, Leans(Application)),
        // What Node.js says of a dependency that is not reached.
        (
            "-fetch-failed",
            500,
            "TypeError: fetch failed",
            app,
            Leans(Application),
        ),
        (
            "-in-its-own-words",
            500,
            "the order database is not available",
            app,
            Open,
        ),
        ("-traceback", 500, TRACEBACK, app, Is(Application)),
        // What it met it tells of; what we met is the application.
        (
            "-refused",
            500,
            "connect ECONNREFUSED 10.0.0.5:5432",
            app,
            Leans(Infrastructure),
        ),
        ("-too-many", 500, TOO_MANY, app, Rather(Configuration)),
        (
            "-no-name",
            500,
            "getaddrinfo EAI_AGAIN db.internal",
            app,
            Rather(Infrastructure),
        ),
    ];
    let told = cases.map(|(more, status, why, layer, answer): (_, _, _, _, Answer)| {
        let probe = apps.saying(status, JSON, &format!("{{\"detail\":\"{why}\"}}"));
        let name = format!("app-{status}{more}");
        row(&name, probe, "expect.status", layer, answer).expecting("status: 200")
    });
    let mut rows: Vec<Row> = told.into();
    let names_its_database = row(
        "app-503-names-its-database",
        apps.saying(503, JSON, HEALTH),
        "expect.status",
        app,
        Leans(Infrastructure),
    );
    rows.push(names_its_database.expecting("status: 200"));
    rows
}

/// A login, wherever one wanted to go.
const LOGIN: &[u8] = b"HTTP/1.1 302 Found\r\nlocation: https://login.example.test/?next=/\r\ncontent-length: 0\r\n\r\n";

/// It says that all is well, and something is not.
fn answering(apps: &mut Apps) -> Vec<Row> {
    let healthy = "json: { $.status: healthy }";
    vec![
        row(
            "app-200-html",
            apps.saying(200, "text/html", PAGE),
            "expect.json",
            Layer::Proxy,
            Is(Class::Configuration),
        )
        .expecting(healthy),
        // The application may have changed, or the test be stale.
        row(
            "app-200-without-the-field",
            apps.saying(200, JSON, "{}"),
            "expect.json",
            Layer::Application,
            Rather(Class::Application),
        )
        .expecting(healthy),
        // What it lists is of others, and of another day.
        row(
            "app-200-that-lists-old-failures",
            apps.saying(
                200,
                JSON,
                "{\"status\":\"degraded\",\"incidents\":[\"FATAL:  password authentication failed for user \\\"app\\\"\"]}",
            ),
            "expect.json",
            Layer::Application,
            Open,
        )
        .expecting(healthy),
        row(
            "app-200-slow",
            apps.saying(200, JSON, "{}"),
            "expect.latency",
            Layer::Performance,
            Leans(Class::Application),
        )
        .expecting("latency: { below: 1us }"),
        row(
            "app-302-login",
            apps.answering(Said::Raw(LOGIN.to_vec())),
            "expect.status",
            Layer::Application,
            Is(Class::Configuration),
        )
        .expecting("status: 200"),
        // Whoever wrote the test says what the field means, and nobody looked.
        row(
            "app-200-as-its-author-knows",
            format!(
                "on_fail: {{ class: infrastructure, owner: dba }}\n    {}",
                apps.saying(200, JSON, "{\"core_db\":\"disconnected\"}")
            ),
            "expect.json",
            Layer::Application,
            Leans(Class::Infrastructure),
        )
        .expecting("json: { $.core_db: connected }"),
    ]
}
