//! Every key of every file with one line about it: what the schema and the reference are made of.

mod events;

pub(super) use events::{EVENTS, PAIR, PARTIAL};

/// A mapping: its keys in the order they are shown.
#[derive(Debug)]
pub(super) struct Table {
    /// Among the definitions of the schema.
    pub(super) name: &'static str,
    /// What it is: "A test".
    pub(super) about: &'static str,
    pub(super) keys: &'static [Key],
}

/// A key of a mapping.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    pub(super) is_required: bool,
    pub(super) about: &'static str,
}

/// What stands under a key.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    /// Text on as many lines as you like; `${…}` is filled.
    Text,
    /// `[a-z0-9.-]`.
    Name,
    /// `true` or `false`, never from a variable.
    Switch,
    /// A whole number, never from a variable.
    Count(u64, u64),
    /// A whole number or a `${…}`.
    FilledCount(u64, u64),
    /// A number, 1 to 100.
    Factor,
    Duration,
    /// Longer than zero.
    Time,
    Percent,
    /// A count or a percentage.
    Cap,
    /// A percentage, or tests and percentage.
    MinExecuted,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Test ids, categories, names or codes.
    Names,
    /// `true`, or categories.
    Alone,
    /// A code, or the beginning of one.
    Code,
    Codes,
    /// One of these mappings.
    Mapping(&'static Table),
    /// A list of them.
    List(&'static Table),
    /// One of them, or a list.
    OneOrList(&'static Table),
    /// A fact and a path into it, as under a name in `capture`.
    Fact,
    /// How many, or their names.
    Actors,
    /// Sessions: a name, or a mapping.
    Uses,
    /// A name, or one of these mappings.
    NameOr(&'static Table),
    /// A mapping from names of one's own to these.
    Named(&'static Table),
    /// A mapping from names of one's own to durations.
    NamedTimes,
    /// Names and any values.
    Variables,
    /// Rows of names and any values.
    Rows,
    /// A JSONPath or `event`, or a list of them.
    EventKey,
    /// Names of events, or a variable that is such a list.
    EventNames,
    /// A list of pairs of names of events.
    Orders,
    Matcher,
    /// Names of one's own, each with a matcher.
    NamedMatchers,
    /// JSONPaths, each with a matcher.
    Paths,
    /// Names of one's own, each with JSONPaths and matchers.
    NamedPaths,
    /// A limit of a duration: `{ below: 5s }`.
    AtMost,
    /// The other way round: `{ at_least: 2s }`.
    AtLeast,
    /// The facts of the probe.
    Expect,
    Capture,
    Claims,
    /// Exactly one of three.
    Secret,
}

const fn key(name: &'static str, shape: Shape, about: &'static str) -> Key {
    Key {
        name,
        shape,
        is_required: false,
        about,
    }
}

const fn required(name: &'static str, shape: Shape, about: &'static str) -> Key {
    Key {
        name,
        shape,
        is_required: true,
        about,
    }
}

pub(super) const SUITE: Table = Table {
    name: "suite",
    about: "A suite file: tests of one category.",
    keys: &[
        required(
            "category",
            Shape::Name,
            "Which of the categories in allclear.yaml its tests belong to.",
        ),
        key("description", Shape::Text, "What the file proves."),
        key(
            "defaults",
            Shape::Mapping(&DEFAULTS),
            "What its tests inherit where they say nothing; over those of allclear.yaml.",
        ),
        required("tests", Shape::List(&TEST), "The tests; at least one."),
    ],
};

pub(super) const DEFAULTS: Table = Table {
    name: "defaults",
    about: "What tests inherit where they say nothing themselves.",
    keys: &[
        key("timeout", Shape::Time, "Of one attempt."),
        key("owner", Shape::Text, "Who answers for the tests."),
        key("tags", Shape::Names, "Added to each test's own."),
        key(
            "connections",
            Shape::Word(&["fresh", "reuse"]),
            "Whether every attempt connects anew.",
        ),
    ],
};

pub(super) const TEST: Table = Table {
    name: "test",
    about: "A test: one probe with `expect`, or `steps`.",
    keys: &[
        required(
            "name",
            Shape::Name,
            "With the category its id: `connectivity/api-live`. a-z, 0-9, `.` and `-`, unique in its category.",
        ),
        key("title", Shape::Text, "One line for people."),
        key(
            "description",
            Shape::Text,
            "What it proves, and why that matters.",
        ),
        key(
            "tags",
            Shape::Names,
            "Words for `--tag`, added to those of the defaults.",
        ),
        key("owner", Shape::Text, "Who answers for it."),
        key(
            "actors",
            Shape::Actors,
            "How many do it at once, 1 to 1000 (`actor1`, `actor2`, …), or a list of their names: each with its own `${actor}`, `${nonce}`, `${uuid}`, captures, cookies, connections, clean-ups, and sessions that are opened with `${actor}`. An attempt is one round of all of them, and holds when it holds for each. They are one test to `limits`: neither `jobs` nor `per_origin` counts them.",
        ),
        key(
            "steps",
            Shape::List(&STEP),
            "Several looks in order instead of one probe; they share what they capture. The first that does not hold ends the attempt.",
        ),
        key(
            "expect",
            Shape::Expect,
            "What must hold of what was seen: facts of the probe and matchers. The shortest honest expectation is `{ fault: none }`.",
        ),
        key(
            "capture",
            Shape::Capture,
            "Names for later steps and the clean-up.",
        ),
        key(
            "critical",
            Shape::Switch,
            "A veto in the gate: when it is not good, the verdict is not GO.",
        ),
        key(
            "requires",
            Shape::Names,
            "Ids (`database/login`, `database/login[row]`) and categories that must have passed before; run too when only this test is selected.",
        ),
        key(
            "uses",
            Shape::Uses,
            "Sessions of sessions.yaml, for `${session.NAME.CAPTURE}`: names, and for one with parameters `{ session: user, with: { name: alice } }`.",
        ),
        key(
            "timeout",
            Shape::Time,
            "Of one attempt; required, or inherited from the defaults.",
        ),
        key(
            "retry",
            Shape::Mapping(&RETRY),
            "Tries again after a failure; what then holds is *flaky*. At most one of `retry`, `until`, `repeat`.",
        ),
        key(
            "until",
            Shape::Mapping(&UNTIL),
            "Polls until it holds; then it is simply passed, and the time it took is recorded.",
        ),
        key(
            "repeat",
            Shape::Mapping(&REPEAT),
            "A sample: many attempts, and claims about all of them.",
        ),
        key(
            "force_cold",
            Shape::OneOrList(&STEP),
            "A step, or a list of them, taken before the steps of every attempt: what makes the start that the steps look at a cold one. Each has `expect`, and its own `timeout` (10s) outside the attempt's budget, and is no part of what is measured. Needs `--allow-side-effects`. One that does not hold: `error.not_forced`. The test is `alone` unless it says otherwise, and every attempt connects anew; not with `until`, `actors` or a `concurrency`.",
        ),
        key(
            "proof_of_cold",
            Shape::Mapping(&PROOF),
            "Looked at before `force_cold` and after the steps: its fact must have become one that no attempt of this test has seen before, else the attempt counts for nothing, `error.not_cold`. One that did not hold, and after which there is nothing to read, counts.",
        ),
        key(
            "cleanup",
            Shape::List(&STEP),
            "Steps after each attempt, also after Ctrl-C; each with its own `timeout` (10s). One whose captures were never made is passed over.",
        ),
        key(
            "matrix",
            Shape::Rows,
            "Rows, each a mapping with a `name`: the test once a row, with `${matrix.KEY}`. All but the `name` may be late: of a session, `${uuid}`, `${jwt(…)}`. Or a variable of the target that is such a list: `\"${origins}\"`.",
        ),
        key(
            "when",
            Shape::Text,
            "A condition over the target's variables with `and or not ( ) == !=`; when it is false the test is skipped.",
        ),
        key(
            "alone",
            Shape::Alone,
            "`true`: nothing runs beside it; `[category…]`: nothing of these. A test with `force_cold` is alone where nothing else is said.",
        ),
        key(
            "connections",
            Shape::Word(&["fresh", "reuse"]),
            "`fresh` (default): every attempt resolves, connects and shakes hands anew; its steps share. `reuse`: attempts share; not with `actors`, who share no connections.",
        ),
        key(
            "expect_failure",
            Shape::Mapping(&EXPECT_FAILURE),
            "A reproduction that must fail, with this code.",
        ),
        key(
            "side_effects",
            Shape::Switch,
            "It changes something: needs `--allow-side-effects`, and is never repeated on resume.",
        ),
        key(
            "on_fail",
            Shape::Mapping(&ON_FAIL),
            "What the author knows better than the classifier.",
        ),
    ],
};

pub(super) const STEP: Table = Table {
    name: "step",
    about: "A step: one probe. In a test at least one step has `expect`.",
    keys: &[
        key(
            "name",
            Shape::Text,
            "Unique in its list; `step N` where it has none.",
        ),
        key(
            "expect",
            Shape::Expect,
            "What must hold of what was seen; without it, that nothing got in the way.",
        ),
        key(
            "capture",
            Shape::Capture,
            "Names for later steps and the clean-up.",
        ),
        key(
            "timeout",
            Shape::Time,
            "Of this step; the test's where it has none.",
        ),
        key(
            "until",
            Shape::Mapping(&UNTIL),
            "Polls until it holds; bounds the step instead of `timeout`, and its `within` is added to the attempt's budget.",
        ),
    ],
};

pub(super) const PROOF: Table = Table {
    name: "proof",
    about: "What shows that a start was a cold one: a probe, and a fact of it that another instance has another of.",
    keys: &[
        required(
            "fact",
            Shape::Fact,
            "As under a name in `capture`: `{ json: $.instance_id }`, `{ headers: x-revision }`. Nothing that is measured.",
        ),
        key("timeout", Shape::Time, "Of each of its two looks (10s)."),
    ],
};

pub(super) const USE: Table = Table {
    name: "use",
    about: "A session that is used with values of its parameters.",
    keys: &[
        required("session", Shape::Text, "Its name."),
        key(
            "with",
            Shape::Variables,
            "A value for each of its parameters, known before the test runs. Reports show them as the session's name, `user[name=alice]`, but for those that are secret. All who use the same values share one session.",
        ),
    ],
};

pub(super) const RETRY: Table = Table {
    name: "retry",
    about: "How often and when it is tried again.",
    keys: &[
        required(
            "count",
            Shape::FilledCount(1, 100),
            "How many more attempts after the first, 1 to 100.",
        ),
        key("delay", Shape::Duration, "Before the first retry (1s)."),
        key(
            "backoff",
            Shape::Factor,
            "Factor of each further delay, 1 to 100 (1); no delay passes 60s.",
        ),
        key(
            "if",
            Shape::Codes,
            "The codes that are tried again; without it what the network does for a moment. Never what could not look.",
        ),
    ],
};

pub(super) const UNTIL: Table = Table {
    name: "until",
    about: "How long and how often it is polled.",
    keys: &[
        required("within", Shape::Time, "The whole budget."),
        key(
            "every",
            Shape::Time,
            "From the end of a poll to the start of the next (1s).",
        ),
        key(
            "stable_for",
            Shape::Duration,
            "How long it must hold without a break (0s); shorter than `within`.",
        ),
        key(
            "max_flaps",
            Shape::Count(0, 1000),
            "So often it may hold and then not hold any more, 0 to 1000; one more ends the polling at once, in `expect.flapping`. Without it polling goes on until `within` is over. Only with `stable_for`.",
        ),
    ],
};

pub(super) const REPEAT: Table = Table {
    name: "repeat",
    about: "How many attempts, and what is claimed of them. Without `pass_rate` every attempt must hold.",
    keys: &[
        required(
            "times",
            Shape::FilledCount(1, 100_000),
            "How many attempts, 1 to 100000.",
        ),
        key(
            "concurrency",
            Shape::FilledCount(1, 1000),
            "How many at once, 1 to 1000 (1).",
        ),
        key(
            "interval",
            Shape::Duration,
            "From the end of an attempt to the start of the next in its lane, or from the end of a round to the next (0s).",
        ),
        key(
            "barrier",
            Shape::Switch,
            "Rounds of `concurrency` attempts that start at one moment; the next round when all of them have ended. Reports tell how far apart the starts of a round were (false).",
        ),
        key(
            "idle",
            Shape::Duration,
            "A pause before every attempt, the first included; only where one goes at a time, and instead of `interval` (0s).",
        ),
        key(
            "pass_rate",
            Shape::Percent,
            "The share of attempts that must hold: observed, or with `confidence` proved.",
        ),
        key(
            "confidence",
            Shape::Percent,
            "How sure a proof must be; 95% for percentiles in `claims`.",
        ),
        key(
            "claims",
            Shape::Claims,
            "Limits: `{ latency: { p95: 2s, max: 5s }, phases.tls: { max: 1s } }`.",
        ),
        key(
            "compare_with",
            Shape::NameOr(&COMPARE_WITH),
            "A test with `repeat` whose sample this one must not be worse than: its id, or a mapping. It runs before, and is selected, too; its status does not matter. Both samples are made to their end. Finding `claim.compare`.",
        ),
    ],
};

pub(super) const COMPARE_WITH: Table = Table {
    name: "compare_with",
    about: "A sample that another must not be worse than: that it holds as often, by Fisher's exact test, and on wish as fast, by the test of Mann and Whitney; both one-sided, at 95%. Where the samples are so small that not even the worst outcome could show a difference, the test is *unproved*.",
    keys: &[
        required(
            "test",
            Shape::Text,
            "Its id: `startup/cold-serial`. Of a test with rows the row that is called like one's own, or the one that is named.",
        ),
        key(
            "measure",
            Shape::Text,
            "The time that is compared: `latency`, or a phase such as `phases.ready`. Attempts that did not hold took for ever (latency).",
        ),
        key(
            "time",
            Shape::Word(&["not_slower"]),
            "It must not be slower either; without it the times are only told.",
        ),
    ],
};

pub(super) const EXPECT_FAILURE: Table = Table {
    name: "expect_failure",
    about: "How it must fail. When it passes, the expectation is stale and the test fails.",
    keys: &[
        required(
            "code",
            Shape::Code,
            "The code it must fail with: `tcp.refused`, `expect.status`, `tls.*`.",
        ),
        required("reason", Shape::Text, "Why that is right for now."),
    ],
};

pub(super) const ON_FAIL: Table = Table {
    name: "on_fail",
    about: "Shown when it fails.",
    keys: &[
        key(
            "class",
            Shape::Word(&[
                "infrastructure",
                "application",
                "configuration",
                "test_defect",
            ]),
            "Whose fault it is.",
        ),
        key("owner", Shape::Text, "Who is to look at it."),
        key("hint", Shape::Text, "What to look at first."),
        key("runbook", Shape::Text, "Where it is written what to do."),
        key(
            "look",
            Shape::OneOrList(&LOOK),
            "What else to look at then: steps without `expect` and `capture`, once, after the clean-up of the attempt that decided. They are shown, and change nothing.",
        ),
    ],
};

pub(super) const LOOK: Table = Table {
    name: "look",
    about: "A look that is only shown: one probe. It sees what the steps have captured; where that is missing it says so. One that needs a flag that was not given is not made, and says so; the test runs all the same.",
    keys: &[
        key(
            "name",
            Shape::Text,
            "Unique in its list; `look N` where it has none.",
        ),
        key(
            "timeout",
            Shape::Time,
            "Of this look (10s); the end of the run is an end for it, too.",
        ),
    ],
};

pub(super) const PROJECT: Table = Table {
    name: "allclear",
    about: "allclear.yaml: categories, the gate, defaults.",
    keys: &[
        key(
            "target",
            Shape::Text,
            "The target when `--target` is not given: a name in targets/.",
        ),
        key(
            "defaults",
            Shape::Mapping(&DEFAULTS),
            "What all tests inherit.",
        ),
        key(
            "categories",
            Shape::Named(&CATEGORY),
            "The categories, in the order of plan and report.",
        ),
        key("gate", Shape::Mapping(&GATE), "What GO means."),
        key(
            "diagnosis",
            Shape::Mapping(&DIAGNOSIS),
            "How failures are explained; never part of the verdict.",
        ),
    ],
};

pub(super) const DIAGNOSIS: Table = Table {
    name: "diagnosis",
    about: "How failures are explained.",
    keys: &[key(
        "rules",
        Shape::Text,
        "A file of rules of your own, below this folder: new ones are asked before ours, one with the id of ours takes its place.",
    )],
};

pub(super) const CATEGORY: Table = Table {
    name: "category",
    about: "What a category is worth.",
    keys: &[
        key("critical", Shape::Switch, "Each of its tests is a veto."),
        key(
            "preflight",
            Shape::Switch,
            "It is about us and the target's identity: when a critical test of it is not good, nothing can be said.",
        ),
        key(
            "pass_rate",
            Shape::Percent,
            "A floor of its own, besides the run's.",
        ),
        key(
            "flaky",
            Shape::Word(&["open", "pass"]),
            "`pass`: its flaky tests count as good (`open`).",
        ),
    ],
};

pub(super) const GATE: Table = Table {
    name: "gate",
    about: "The rules of the verdict.",
    keys: &[
        key(
            "pass_rate",
            Shape::Percent,
            "The floor over the whole run (80%).",
        ),
        key(
            "min_executed",
            Shape::MinExecuted,
            "How much must have been executed, of planned minus skipped (90%).",
        ),
        key(
            "require_categories",
            Shape::Names,
            "Categories that must have proved something (all that are listed).",
        ),
        key(
            "max_flaky",
            Shape::Cap,
            "A count or a share of planned minus filtered (5%).",
        ),
        key(
            "max_skipped",
            Shape::Cap,
            "The same for skipped tests (10%).",
        ),
        key("max_waived", Shape::Cap, "The same for waived tests (3)."),
        key(
            "invariants",
            Shape::Names,
            "Ids of tests that nothing may waive or omit.",
        ),
    ],
};

pub(super) const TARGET: Table = Table {
    name: "target",
    about: "A target: where to look. targets/NAME.yaml.",
    keys: &[
        key("description", Shape::Text, "What it is."),
        key(
            "production",
            Shape::Switch,
            "Side effects are refused unless the target is named on the flag.",
        ),
        key(
            "embedded",
            Shape::Word(&["demo"]),
            "`demo`: the environment inside the program is started first and offers `${demo.…}`.",
        ),
        key(
            "vars",
            Shape::Variables,
            "Variables, in order: each may use those above it, `${env.X}`, `${secret.X}` and `${demo.X}`. One that holds a secret is secret.",
        ),
        key(
            "secrets",
            Shape::Secret,
            "Where secrets come from, for `${secret.X}`; never the secrets themselves.",
        ),
        key(
            "budgets",
            Shape::NamedTimes,
            "Durations for `${budget.X}`. The first word of a name is its role, where it is one of connect, pool, phase, startup, platform: `check` warns of one that is not shorter than those of the roles behind it.",
        ),
        key(
            "limits",
            Shape::Mapping(&LIMITS),
            "How much may be asked of it at once.",
        ),
        key(
            "gate",
            Shape::Mapping(&GATE),
            "Single keys of the gate that differ here; every report lists them.",
        ),
        key(
            "omit",
            Shape::List(&OMISSION),
            "What is not planned here; each a condition of the verdict.",
        ),
    ],
};

pub(super) const LIMITS: Table = Table {
    name: "limits",
    about: "Limits of what runs at once.",
    keys: &[
        key("jobs", Shape::Count(1, 1000), "Tests at once (8)."),
        key(
            "per_origin",
            Shape::Count(1, 1000),
            "Tests at once that speak to the same host and port (jobs); the actors of a test are one.",
        ),
    ],
};

pub(super) const OMISSION: Table = Table {
    name: "omission",
    about: "Something this target leaves out. Neither an invariant nor what a planned test requires.",
    keys: &[
        required(
            "id",
            Shape::Text,
            "An id, a category, or a glob with `*` and `?`.",
        ),
        required("reason", Shape::Text, "Why."),
    ],
};

pub(super) const SECRET: Table = Table {
    name: "secret",
    about: "Where a secret comes from: exactly one of these.",
    keys: &[
        key("env", Shape::Text, "An environment variable."),
        key(
            "file",
            Shape::Text,
            "A file; one newline at its end is dropped.",
        ),
        key(
            "command",
            Shape::Names,
            "A program and its arguments, no shell; needs `--allow-commands`.",
        ),
    ],
};

pub(super) const SESSIONS: Table = Table {
    name: "sessions",
    about: "sessions.yaml: what is done once a run and shared.",
    keys: &[required(
        "sessions",
        Shape::Named(&SESSION),
        "The sessions. A test says `uses: [NAME]` and writes `${session.NAME.CAPTURE}`.",
    )],
};

pub(super) const SESSION: Table = Table {
    name: "session",
    about: "A session: run once, when first needed; with parameters once for each of their values. A JSON Web Token that it captures must last as long as the longest of those that use it may take, or to the deadline of the run where that is sooner; `session.expires` where it does not.",
    keys: &[
        key("description", Shape::Text, "What it is for."),
        key(
            "params",
            Shape::Names,
            "Names of parameters, read as `${name}` in its steps and its clean-up; a test gives their values in `uses`.",
        ),
        required(
            "steps",
            Shape::List(&STEP),
            "In order; at least one has `expect`.",
        ),
        key("cleanup", Shape::List(&STEP), "At the end of the run."),
        key(
            "timeout",
            Shape::Time,
            "Of all its steps together; the project's where it has none.",
        ),
    ],
};

/// Every mapping with a table, by what it is called in the reference.
pub(super) const TABLES: &[(&str, &Table)] = &[
    ("A suite file", &SUITE),
    ("`defaults`", &DEFAULTS),
    ("A test", &TEST),
    ("A step", &STEP),
    ("`proof_of_cold`", &PROOF),
    ("An entry of `uses`", &USE),
    ("`retry`", &RETRY),
    ("`until`", &UNTIL),
    ("`repeat`", &REPEAT),
    ("`compare_with`", &COMPARE_WITH),
    ("`expect_failure`", &EXPECT_FAILURE),
    ("`on_fail`", &ON_FAIL),
    ("An entry of `look`", &LOOK),
    ("`events`", &EVENTS),
    ("`partial`", &PARTIAL),
    ("An entry of `pairs`", &PAIR),
    ("sessions.yaml", &SESSIONS),
    ("A session", &SESSION),
    ("A target", &TARGET),
    ("A secret", &SECRET),
    ("`limits`", &LIMITS),
    ("`omit`", &OMISSION),
    ("allclear.yaml", &PROJECT),
    ("A category", &CATEGORY),
    ("`gate`", &GATE),
    ("`diagnosis`", &DIAGNOSIS),
];

/// What a matcher's key takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    Any,
    Matcher,
    Matchers,
    Values,
    /// A low and a high end.
    Ends,
    Bound,
    Text,
    Truth,
    Type,
    Mapping,
}

/// Every key of a matcher, what it takes, an example, and what it means.
pub(super) const MATCHERS: &[(&str, Takes, &str, &str)] = &[
    (
        "equals",
        Takes::Any,
        "equals: [1, 2]",
        "Is this; the same as writing the value alone.",
    ),
    ("not", Takes::Matcher, "not: 500", "Does not match."),
    ("in", Takes::Values, "in: [401, 403]", "Is one of these."),
    ("above", Takes::Bound, "above: 3", "Is more."),
    ("at_least", Takes::Bound, "at_least: 3", "Is this or more."),
    ("below", Takes::Bound, "below: 3", "Is less."),
    ("at_most", Takes::Bound, "at_most: 3", "Is this or less."),
    (
        "between",
        Takes::Ends,
        "between: [1, 5]",
        "Both ends belong to it.",
    ),
    (
        "contains",
        Takes::Any,
        "contains: ready",
        "A text that has this part, a list that has this item.",
    ),
    (
        "starts_with",
        Takes::Text,
        "starts_with: application/json",
        "A text that begins so.",
    ),
    (
        "ends_with",
        Takes::Text,
        "ends_with: .example",
        "A text that ends so.",
    ),
    (
        "matches",
        Takes::Text,
        "matches: \"^v[0-9]+$\"",
        "A regular expression matches somewhere; linear in the text, so without backreferences.",
    ),
    (
        "exists",
        Takes::Truth,
        "exists: false",
        "Is there, or is not; `null` is there.",
    ),
    (
        "empty",
        Takes::Truth,
        "empty: false",
        "A text, list or mapping without anything in it.",
    ),
    (
        "length",
        Takes::Matcher,
        "length: { at_least: 1 }",
        "Characters of a text, items of a list, entries of a mapping.",
    ),
    (
        "probe_window",
        Takes::Matcher,
        "probe_window: { at_least: 2m }",
        "How long a probe as Kubernetes and Cloud Run write it tries before it gives up: `initialDelaySeconds` (0) + `failureThreshold` (3) × `periodSeconds` (10).",
    ),
    (
        "type",
        Takes::Type,
        "type: string",
        "One of null, boolean, number, string, duration, array, object.",
    ),
    (
        "each",
        Takes::Matcher,
        "each: ready",
        "Every item of a list that is not empty.",
    ),
    (
        "any",
        Takes::Matcher,
        "any: { contains: error }",
        "At least one item of a list.",
    ),
    (
        "all_of",
        Takes::Matchers,
        "all_of: [{ contains: a }, { contains: b }]",
        "All of these match.",
    ),
    (
        "any_of",
        Takes::Matchers,
        "any_of: [200, { in: [301, 302] }]",
        "At least one of these matches.",
    ),
    (
        "none_of",
        Takes::Matchers,
        "none_of: [{ contains: error }]",
        "None of these matches.",
    ),
    (
        "includes",
        Takes::Any,
        "includes: { status: ok }",
        "A JSON subset: entries may be more, items stand anywhere.",
    ),
    (
        "schema",
        Takes::Mapping,
        "schema: { type: object, required: [id] }",
        "JSON Schema, draft 2020-12, known at load, or `{ file: event.json }` beside the suite. Formats are checked; nothing is fetched, so `$ref` stays within it; keywords that do not exist are errors.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Matcher;
    use crate::suite::{cold, decode, defaults, failure_keys, gate_keys, step};
    use crate::yaml::{Diagnostics, Sources, parse};

    fn names(table: &Table) -> Vec<&str> {
        table.keys.iter().map(|key| key.name).collect()
    }

    #[test]
    fn the_tables_have_the_keys_the_decoders_know() {
        assert_eq!(names(&TEST), decode::KEYS);
        assert_eq!(names(&STEP), step::STEP_KEYS);
        assert_eq!(names(&PROOF), cold::PROOF_KEYS);
        assert_eq!(names(&ON_FAIL), failure_keys::ON_FAIL_KEYS);
        assert_eq!(names(&LOOK), step::LOOK_KEYS);
        assert_eq!(names(&DEFAULTS), defaults::Defaults::KEYS);
        assert_eq!(names(&GATE), gate_keys::GateKeys::KEYS);
    }

    #[test]
    fn every_line_is_a_sentence() {
        for (name, table) in TABLES {
            for key in table.keys {
                assert!(
                    key.about.ends_with('.') && !key.about.contains('|'),
                    "{name}: {}",
                    key.name
                );
            }
        }
    }

    #[test]
    fn every_matcher_is_one() {
        for (name, _, example, _) in MATCHERS {
            assert!(example.starts_with(name), "{name}");
            let mut sources = Sources::default();
            let file = sources.add("x", *example);
            let mut problems = Diagnostics::default();
            let node = parse(&sources, file, &mut problems).unwrap();
            assert!(
                Matcher::decode(&node, &mut problems).is_some(),
                "{example}: {problems:?}"
            );
        }
    }
}
