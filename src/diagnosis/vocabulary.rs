//! Every key of a file of rules: what is read, what editors complete (`schema/rules.schema.json`),
//! and what `docs/rules.md` lists.

mod reference;
mod schema;
mod shape;

pub use self::reference::reference;
pub use self::schema::rules_schema;
pub(super) use self::shape::Shape;

use super::signal::Quantity;

/// A key of a mapping.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    /// A value, as it is written.
    pub(super) example: &'static str,
    pub(super) about: &'static str,
}

/// The names of these keys.
pub(super) fn names(keys: &'static [Key]) -> Vec<&'static str> {
    keys.iter().map(|key| key.name).collect()
}

const fn key(name: &'static str, shape: Shape, example: &'static str, about: &'static str) -> Key {
    Key {
        name,
        shape,
        example,
        about,
    }
}

/// The keys of a file.
pub(super) const FILE: &[Key] = &[
    key(
        "rules",
        Shape::Rules,
        "[…]",
        "The rules, in the order they are asked; at most 2000.",
    ),
    key(
        "commands",
        Shape::Named,
        "{ mesh-routes: 'meshctl routes \"${host}\"' }",
        "Lines that rules name in `commands`. One with a name of ours takes its place. Printed and never run; `${host}`, `${port}`, `${origin}` and `${name}` are those of what broke, `${request}` is the curl line of the request that failed (its origin alone, where asking again may change something), `${sni}` the option that tells openssl the host, `-U \"${user}\"` and `-d \"${database}\"` are left out where nobody knows them, other names are variables of the target.",
    ),
    key(
        "ruleset",
        Shape::Text,
        "mesh-7",
        "What the whole of them is called in reports, beside the name of the file (our version).",
    ),
];

/// The keys of a rule that are required of one that takes no other's place.
pub(super) const REQUIRED: &[&str] = &[
    "id",
    "layer",
    "when",
    "class",
    "confidence",
    "owner",
    "meaning",
];

/// The keys of a rule.
pub(super) const RULE: &[Key] = &[
    key(
        "id",
        Shape::Id,
        "MESH-1",
        "Its name: reports show it, `explain` takes it. With the id of one of ours it takes that one's place, and what it leaves out stays as it is there.",
    ),
    key(
        "layer",
        Shape::Layer,
        "transport",
        "Where it broke: what failed at a deeper layer explains what failed above it.",
    ),
    key(
        "when",
        Shape::When,
        "{ fault: tcp.refused, phase: connect }",
        "What is asked of a failure: [signals](#signals), all of which must hold.",
    ),
    key(
        "class",
        Shape::Class,
        "infrastructure/mesh",
        "Whose kind of failure it is, and behind `/` a word of your own that says which.",
    ),
    key(
        "confidence",
        Shape::Confidence,
        "medium",
        "How sure that is. `low` is told as *unknown, leaning*; with `untrusted`, `medium` is the most, and what is `unknown` is `low`.",
    ),
    key(
        "owner",
        Shape::Owner,
        "mesh-team",
        "Who answers for it: a word, or several with `+`.",
    ),
    key(
        "meaning",
        Shape::Text,
        "The mesh has no route to the service.",
        "What it means, in one or two sentences.",
    ),
    key(
        "alternatives",
        Shape::Texts,
        "[the service is not deployed yet]",
        "What else it could be.",
    ),
    key(
        "next",
        Shape::Text,
        "Ask the mesh for its routes.",
        "One check that would tell them apart.",
    ),
    key(
        "confirm",
        Shape::Text,
        "The route is missing.",
        "What one sees when it is so.",
    ),
    key(
        "falsify",
        Shape::Text,
        "The route is there.",
        "What one sees when it is not.",
    ),
    key(
        "hint",
        Shape::Text,
        "Add the route.",
        "What to do about it.",
    ),
    key(
        "commands",
        Shape::Texts,
        "[mesh-routes, 'ss -ltn']",
        "Names of `commands`, of yours or of ours, or whole lines.",
    ),
    key(
        "nested",
        Shape::Truth,
        "true",
        "What an application wrote of a layer below (an errno or a SQLSTATE in a body or a log) gives the class then, if there is such (`false`).",
    ),
    key(
        "source",
        Shape::Text,
        "'[D] the handbook of the mesh'",
        "How that is known.",
    ),
];

/// The signals: the keys of `when`, in the order people are told them.
pub(super) const SIGNALS: &[Key] = &[
    key(
        "fault",
        Shape::Faults,
        "tcp.refused",
        "What stopped the look: a [code](codes.md) of a fault, or the beginning of some.",
    ),
    key(
        "code",
        Shape::Codes,
        "[expect.status, 'claim.*']",
        "The code that the test ended with: that of the fault, or of what was judged.",
    ),
    key(
        "phase",
        Shape::Phases,
        "connect",
        "In which phase it was stopped.",
    ),
    key("probe", Shape::Probes, "[http, sse]", "What looked."),
    key(
        "hop",
        Shape::Hops,
        "nginx",
        "Who answered: `app`, a proxy that was recognised, or `unknown`.",
    ),
    key(
        "status",
        Shape::Number(Quantity::Status),
        "{ from: 502, to: 504 }",
        "The status of the answer; not where it is the one that was expected.",
    ),
    key(
        "header",
        Shape::Headers,
        "{ server: '^nginx' }",
        "Headers of the answer, all of them.",
    ),
    key(
        "body",
        Shape::Patterns,
        "'upstream connect error'",
        "What the answer says, in what is kept of it. Asked only of proxies (`hop`), or with `untrusted`: an application can write anything.",
    ),
    key(
        "json",
        Shape::Json,
        "{ $.checks.database: [down, null] }",
        "Values in the answer's JSON: names and positions, all of them; of a list of values any.",
    ),
    key(
        "errno",
        Shape::Number(Quantity::Errno),
        "ECONNREFUSED",
        "An errno of Linux.",
    ),
    key(
        "eai",
        Shape::Number(Quantity::Eai),
        "EAI_AGAIN",
        "A code of getaddrinfo (glibc).",
    ),
    key(
        "rcode",
        Shape::Number(Quantity::Rcode),
        "SERVFAIL",
        "The code of a DNS answer.",
    ),
    key(
        "alert",
        Shape::Number(Quantity::Alert),
        "[unknown_ca, 40]",
        "A TLS alert that the peer sent.",
    ),
    key(
        "http2",
        Shape::Number(Quantity::Http2),
        "7",
        "An error code of HTTP/2.",
    ),
    key(
        "close_code",
        Shape::Number(Quantity::CloseCode),
        "1011",
        "What a WebSocket was closed with.",
    ),
    key(
        "sqlstate",
        Shape::SqlStates,
        "['53300', '08*']",
        "What PostgreSQL said, or the beginning of it.",
    ),
    key(
        "mysql",
        Shape::Number(Quantity::MySql),
        "1040",
        "An error number of MySQL or MariaDB.",
    ),
    key(
        "sqlite",
        Shape::Number(Quantity::Sqlite),
        "5",
        "The primary result code of SQLite.",
    ),
    key(
        "redis",
        Shape::RedisWords,
        "WRONGPASS",
        "The first word of an error of Redis.",
    ),
    key(
        "exit_code",
        Shape::Number(Quantity::ExitCode),
        "[3, 78]",
        "The exit code of a process.",
    ),
    key(
        "signal",
        Shape::Number(Quantity::Signal),
        "SIGKILL",
        "The signal that ended a process.",
    ),
    key(
        "log",
        Shape::Patterns,
        "'^FATAL'",
        "What a program wrote: its output, or lines of a log.",
    ),
    key(
        "fact",
        Shape::Facts,
        "{ oom_killed: true, upstream: '^10\\.', proxy: absent }",
        "Other facts that the probe saw, by name, all of them: what they are, `present`, `absent`, or a pattern that the text, an item of the list or a name of the mapping has.",
    ),
    key(
        "finding",
        Shape::Finding,
        "{ path: 'headers content-*', absent: true }",
        "What the expectation that decided is about: its path, or the beginning before a `*`, and whether there was nothing at all.",
    ),
    key(
        "resource",
        Shape::Resource,
        "{ kind: dns, host: mangled }",
        "What was looked at: a kind, and whether its host is a name, an address (`literal`), one with something around it (`mangled`), or this machine (`local`).",
    ),
    key(
        "attempts",
        Shape::Words(&["always", "sometimes"]),
        "sometimes",
        "Whether it failed every time, of several, or held now and then.",
    ),
    key(
        "elapsed",
        Shape::Words(&["deadline"]),
        "deadline",
        "That our own deadline ended it, and no word of the system or the peer.",
    ),
    key(
        "untrusted",
        Shape::Truth,
        "true",
        "That what anybody could have written is believed, at most half: `body` of an application.",
    ),
];

#[cfg(test)]
mod tests;
