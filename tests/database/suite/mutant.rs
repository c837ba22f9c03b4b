//! An environment of the example target's kind with one thing wrong, and what has to turn red.

use std::time::Duration;

use crate::support::{APP, Ends, Output, Postgres, Running, Tool, ends_of, postgres};

/// The example that newcomers copy: what it says of each variable is tried here.
const EXAMPLE: &str = include_str!("../../../suites/targets/staging.yaml");

/// What has the tables the shipped tests ask for; any engine takes it.
pub(super) const SCHEMA: &[&str] = &[
    "CREATE TABLE environment (name VARCHAR(80) NOT NULL)",
    "INSERT INTO environment VALUES ('staging')",
    "CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(80), name VARCHAR(80))",
    "CREATE TABLE threads (id INTEGER PRIMARY KEY, user_id INTEGER, title VARCHAR(80))",
    "CREATE TABLE messages (id INTEGER PRIMARY KEY, thread_id INTEGER, body VARCHAR(80))",
    "CREATE TABLE schema_migrations (version VARCHAR(80) PRIMARY KEY)",
    "INSERT INTO schema_migrations VALUES ('0002_threads'), ('0003_messages')",
];

/// Where the budgets are not what is tried, they are ample: the machine may be busy.
const LONGEST: Duration = Duration::from_secs(12);

/// Such a budget only the server's silence uses up.
const BRIEF: &str = "700ms";
/// And so much later everything has ended that waits for nothing else: two budgets, one after the other.
const SOON: Duration = Duration::from_secs(2);

/// Nobody's password.
const WRONG: &str = "buzzard-0815-in-the-wind";

/// The whole category.
const EVERYTHING: &str = "database/*";

/// Instances that are not good, and how they end: `failed postgres.28P01`.
pub(super) type Red = &'static [(&'static str, &'static str)];

/// What requires a login, which fails with a code.
const BEHIND_LOGIN: &[&str] = &[
    "database/identity",
    "database/bad-password",
    "database/reconnect",
    "database/headroom",
    "database/capacity",
    "database/storm",
    "database/pool",
    "database/roundtrip",
    "database/schema",
    "database/soak",
];

/// The environment as somebody would describe it.
#[derive(Clone)]
pub(super) struct Mutant {
    name: &'static str,
    /// Lines of the example, and what stands there instead.
    lines: Vec<(&'static str, String)>,
    dsn: String,
    bad_dsn: String,
    redis_url: String,
    only: &'static str,
    longest: Duration,
}

impl Mutant {
    /// A healthy one with this database.
    pub(super) fn of(dsn: &str) -> Self {
        let lines = [
            (
                "db_dsn: { file: /run/secrets/staging-dsn }",
                "db_dsn: { env: STAGING_DSN }",
            ),
            ("db_names: [app_staging]", "db_names: [app]"),
            ("db_tls_modes: [verify-full]", "db_tls_modes: [prefer]"),
            ("db_offers_tls: true", "db_offers_tls: false"),
            // Both PostgreSQL and MariaDB are beyond their ninth version, and not at their twentieth.
            ("db_version: \"16.\"", "db_version: \"1\""),
            ("db_demand: 50", "db_demand: 20"),
            ("db_instances: 4", "db_instances: 2"),
            ("db_pool_size: 20", "db_pool_size: 3"),
            ("db_pool_overflow: 30", "db_pool_overflow: 2"),
            ("db_storm: 60", "db_storm: 20"),
            ("db_storm_hold: 2s", "db_storm_hold: 50ms"),
            ("pool_db: 30s", "pool_db: 400ms"),
            ("db_soak_times: 60", "db_soak_times: 5"),
            ("soak_interval: 1s", "soak_interval: 20ms"),
            // A machine with two cores has others to serve.
            ("redis_answer: 100ms", "redis_answer: 8s"),
            ("db_login: 35s", "db_login: 10s"),
        ];
        Self {
            name: "healthy",
            lines: lines.map(|(line, other)| (line, other.to_owned())).to_vec(),
            dsn: dsn.to_owned(),
            bad_dsn: dsn.replacen(APP.password, WRONG, 1),
            redis_url: "redis://127.0.0.1:1".to_owned(),
            only: EVERYTHING,
            longest: LONGEST,
        }
    }

    pub(super) fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    /// Another line than the example has, or than was put there before.
    pub(super) fn with(mut self, line: &'static str, other: impl Into<String>) -> Self {
        self.lines.retain(|(known, _)| *known != line);
        self.lines.push((line, other.into()));
        self
    }

    /// Only what looks at this.
    pub(super) fn only(mut self, pattern: &'static str) -> Self {
        self.only = pattern;
        self
    }

    /// The DSN with a password that is wrong.
    pub(super) fn bad_dsn(&self) -> String {
        self.dsn.replacen(APP.password, WRONG, 1)
    }

    pub(super) fn with_dsn(mut self, dsn: impl Into<String>) -> Self {
        self.dsn = dsn.into();
        self
    }

    pub(super) fn with_bad_dsn(mut self, dsn: impl Into<String>) -> Self {
        self.bad_dsn = dsn.into();
        self
    }

    pub(super) fn with_redis(mut self, url: impl Into<String>) -> Self {
        self.redis_url = url.into();
        self
    }

    /// What asks first has little time, and is the only one that waits.
    pub(super) fn in_brief(mut self) -> Self {
        self.longest = SOON;
        self.with("db_path: 10s", format!("db_path: {BRIEF}"))
            .with("db_login: 35s", format!("db_login: {BRIEF}"))
            .with(" redis: 10s", format!(" redis: {BRIEF}"))
    }

    /// Either it has them, or nobody asks.
    fn has_analytics(&self) -> bool {
        let is_told = |(_, other): &(&str, String)| other == "has_clickhouse: true";
        self.only != EVERYTHING || self.lines.iter().any(is_told)
    }

    fn target(&self) -> String {
        let mut text = EXAMPLE.to_owned();
        for (line, other) in &self.lines {
            assert_eq!(text.matches(line).count(), 1, "{line}");
            text = text.replace(line, other);
        }
        text
    }

    fn tool(&self) -> Tool {
        let suites = concat!(env!("CARGO_MANIFEST_DIR"), "/suites");
        let tool = Tool::bare().file("here.yaml", &self.target());
        let target = tool.path("here.yaml");
        tool.env("STAGING_PASSWORD", "osprey-1234-over-the-lake")
            .env("STAGING_DSN", &self.dsn)
            .env("STAGING_BAD_DSN", &self.bad_dsn)
            .env("STAGING_REDIS_URL", &self.redis_url)
            .env("STAGING_JWT_KEY", "heron-5678-under-the-bridge")
            .args([
                "run",
                "--suites",
                suites,
                "--target",
                target.to_str().unwrap(),
                "--gate",
                "selection",
                "--only",
                self.only,
                "--report",
                "json=run.json",
            ])
    }

    /// The word, and exactly these not good.
    #[track_caller]
    pub(super) fn ends(&self, word: &str, red: Red) {
        self.ends_with(word, red.iter().copied());
    }

    /// This many cannot be reached, and whoever requires a login is blocked by it.
    #[track_caller]
    pub(super) fn is_locked_out(&self, code: &str, more: &[(&str, &str)]) {
        let (failed, blocked) = (format!("failed {code}"), format!("blocked {code}"));
        let mut red = vec![("database/login", failed.as_str())];
        let asked = |id: &&&str| !self.omits(id);
        red.extend(
            BEHIND_LOGIN
                .iter()
                .filter(asked)
                .map(|id| (*id, blocked.as_str())),
        );
        red.extend(more);
        self.ends_with("NO-GO", red);
    }

    /// Whether the target leaves this test out.
    fn omits(&self, id: &str) -> bool {
        let omission = format!("  - {{ id: {id},");
        self.lines
            .iter()
            .any(|(_, other)| other.contains(&omission))
    }

    #[track_caller]
    pub(super) fn ends_with<'r>(
        &self,
        word: &str,
        red: impl IntoIterator<Item = (&'r str, &'r str)>,
    ) {
        let under_way = self.begin();
        under_way.ends_with(word, red);
    }

    /// Starts it, for what happens in the middle.
    pub(super) fn begin(&self) -> UnderWay {
        let tool = self.tool();
        UnderWay {
            running: tool.start(),
            tool,
            mutant: self.clone(),
        }
    }
}

/// A run that has not ended yet.
pub(super) struct UnderWay {
    running: Running,
    tool: Tool,
    mutant: Mutant,
}

impl UnderWay {
    #[track_caller]
    pub(super) fn ends(self, word: &str, red: Red) {
        self.ends_with(word, red.iter().copied());
    }

    #[track_caller]
    fn ends_with<'r>(self, word: &str, red: impl IntoIterator<Item = (&'r str, &'r str)>) {
        let Self {
            running,
            tool,
            mutant,
        } = self;
        let output = running.end();
        let seen = ends_of(&tool, &output, mutant.longest);
        let mut expected: Ends = red
            .into_iter()
            .map(|(id, how)| (id.to_owned(), how.to_owned()))
            .collect();
        if !mutant.has_analytics() {
            expected.insert("database/clickhouse".to_owned(), "skipped ".to_owned());
        }
        assert_eq!(
            seen,
            (word.to_owned(), expected),
            "{}\n{output}",
            mutant.name
        );
        is_discreet(&mutant, &tool, &output);
    }
}

/// No password of a DSN is anywhere.
#[track_caller]
fn is_discreet(mutant: &Mutant, tool: &Tool, output: &Output) {
    let all = format!("{output}{}", tool.read("run.json"));
    let has = |password: &str| mutant.dsn.contains(password) && all.contains(password);
    assert!(!has(APP.password), "{}\n{all}", mutant.name);
}

/// With the schema, and room enough.
#[track_caller]
pub(super) fn postgres_with(options: &postgres::Options<'_>) -> Postgres {
    let sql = [
        &SCHEMA.join("; "),
        "; GRANT ALL ON ALL TABLES IN SCHEMA public TO app; ",
        options.sql,
    ]
    .concat();
    Postgres::start(&postgres::Options {
        sql: &sql,
        ..*options
    })
}
