//! What to run next, with the values of the target filled in. Printed, and never run by us.
//!
//! Somebody pastes these lines into a shell, and the values come from suites, answers and the environment. So only what no shell
//! gives any meaning to is filled in: a host called `$(reboot)` leaves its place empty, as `HOST`. The request that failed is the
//! line the probe quoted for a shell itself; what it masked stays `***` there, for whoever runs it to put in.

use super::Rules;
use super::address::Address;
use super::rule::Rule;
use crate::model::StepRecord;
use crate::yaml::visible;

/// What the places of a line are filled with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Filling<'f> {
    /// What the rule is about: `sock:db:5432`; empty where nobody knows.
    pub(super) resource: &'f str,
    /// The look that speaks for it.
    pub(super) step: Option<&'f StepRecord>,
    /// What the target gives.
    pub(super) variables: &'f [(String, String)],
}

/// The lines of a rule: of its commands those that are names are looked up, others are lines already.
///
/// What asks a platform, a unit or an admin port is left out where the target does not say which: `explain` has it. So are the
/// tools of a database that is not the one which was asked.
pub(super) fn commands(rule: &Rule, rules: &Rules, filling: &Filling<'_>) -> Vec<String> {
    let written = rule
        .commands
        .iter()
        .map(|command| rules.command(command).unwrap_or(command));
    let mut lines = Vec::with_capacity(rule.commands.len());
    for template in written {
        let Line { text, is_whole } = filled(template, filling);
        let is_known = is_whole || platform(template).is_some_and(|program| filling.ran(program));
        let applies = engine(template).is_none_or(|engine| filling.speaks(engine, rule));
        if applies && is_known && !lines.contains(&text) {
            lines.push(text);
        }
    }
    let is_known = || Rules::embedded().rule(&rule.id).is_some();
    if lines.is_empty() && !rule.commands.is_empty() && is_known() {
        lines.push(format!("allclear explain {}", rule.id));
    }
    lines
}

/// Programs that ask a platform, and not what broke.
const PLATFORMS: &[&str] = &[
    "aws", "az", "bq", "gcloud", "gsutil", "helm", "kubectl", "oc",
];

/// The program of a line, where it asks a platform.
fn platform(template: &str) -> Option<&str> {
    let program = template.split_whitespace().next()?;
    PLATFORMS.contains(&program).then_some(program)
}

/// The database that a line asks, by the engine of a DSN.
fn engine(template: &str) -> Option<&'static str> {
    let mut words = template.split_whitespace();
    match words.next()? {
        "psql" | "pg_isready" => Some("postgres"),
        "mysql" => Some("mysql"),
        "sqlite3" => Some("sqlite"),
        "redis-cli" => Some("redis"),
        "journalctl" if words.any(|word| word == "postgresql") => Some("postgres"),
        "journalctl" if template.contains("-u mysql") => Some("mysql"),
        _ => None,
    }
}

/// Places of a line that every failure has something for, or nobody has: an empty one is told in capitals.
const OF_THE_FAILURE: &[&str] = &["host", "port", "name", "origin", "request", "sni"];

/// Options that a line does without: `-U "${user}" `.
const OPTIONS: &[&str] = &["user", "database"];

/// A line, and whether everything in it was known that the target says.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    text: String,
    is_whole: bool,
}

/// One line; what is not known, or not harmless, stands there in capitals.
fn filled(template: &str, filling: &Filling<'_>) -> Line {
    let mut line = String::with_capacity(template.len());
    let mut is_whole = true;
    let mut rest = template;
    while let Some((before, hole)) = rest.split_once("${") {
        line.push_str(before);
        let Some((name, after)) = hole.split_once('}') else {
            line.push_str("${");
            rest = hole;
            continue;
        };
        let value = match name {
            "request" => filling.request(),
            "sni" => filling.value("host").as_deref().and_then(server_name),
            _ => filling.value(name).filter(|value| is_harmless(value)),
        };
        rest = after;
        if let Some(value) = value {
            line.push_str(&value);
        } else if let (true, Some(at)) = (OPTIONS.contains(&name), line.rfind(" -")) {
            line.truncate(at);
            rest = rest.strip_prefix('"').unwrap_or(rest);
        } else {
            is_whole &= OF_THE_FAILURE.contains(&name);
            line.extend(name.chars().map(capital));
        }
    }
    line.push_str(rest);
    if template.contains("${request}")
        && let Some(method) = filling.changing()
    {
        // Whoever pastes a line asks a question, and orders nothing again.
        line.push_str(" # the ");
        line.push_str(method);
        line.push_str(" that failed stands with the evidence");
    }
    Line {
        text: line,
        is_whole,
    }
}

/// The longest request that is told again, in bytes: what is longer stands with the evidence.
const LONGEST: usize = 2 * 1024;

impl Filling<'_> {
    /// The value of a place that is one word.
    fn value(&self, name: &str) -> Option<String> {
        if OPTIONS.contains(&name) {
            return self.of_session(name);
        }
        let address = Address::of(self.resource);
        let of_resource = match name {
            "host" => address.host.map(str::to_owned),
            "port" => address.port.map(|port| port.to_string()),
            "name" => address.name.or(address.host).map(str::to_owned),
            "origin" if address.kind == "origin" => address.name.map(str::to_owned),
            _ => None,
        };
        let named = |wanted: &str| {
            let found = self.variables.iter().find(|(name, _)| name == wanted);
            found.map(|(_, value)| value.clone())
        };
        of_resource
            .or_else(|| named(name))
            .or_else(|| named(&name.to_ascii_lowercase()))
    }

    /// Who logs in, and where: what the session saw, else what its DSN names. A variable of the target may be of somebody else.
    fn of_session(&self, name: &str) -> Option<String> {
        let step = self.step?;
        let seen = step.observation.facts.get(name);
        let seen = seen.and_then(|value| value.as_text()).map(str::to_owned);
        let named = || {
            let mut all = step.resources.iter().map(|one| Address::of(one));
            let dsn = all.find(|one| one.kind == "dsn" && one.host.is_some())?;
            dsn.name.map(str::to_owned)
        };
        seen.or_else(|| named().filter(|_| name == "database"))
    }

    /// What curl is to be given to ask what the test asked;
    /// else the origin alone, and so where asking again may change something.
    fn request(&self) -> Option<String> {
        let again = match self.changing() {
            Some(_) => None,
            None => self.asked().or_else(|| self.url()),
        };
        again.or_else(|| {
            let origin = self.value("origin").filter(|origin| is_harmless(origin))?;
            Some(format!("\"{}/\"", spoken_by_curl(&origin)))
        })
    }

    /// The request as the probe wrote it down for a shell, each word quoted where it must be.
    fn asked(&self) -> Option<String> {
        let evidence = self.step?.observation.evidence.iter();
        let mut lines = evidence.filter(|one| one.label == "curl");
        let line = lines.next()?.text.as_str();
        // One that was cut, or has more than one line, is no longer what was sent.
        let is_sound = line.len() <= LONGEST && !line.ends_with('…') && visible(line) == line;
        line.strip_prefix("curl ")
            .filter(|_| is_sound)
            .map(str::to_owned)
    }

    /// The URL of a look that has no such line: a WebSocket is not asked with curl.
    fn url(&self) -> Option<String> {
        let mut words = self.step?.request.split_whitespace();
        let url = words.find(|word| word.contains("://"))?;
        let is_part = |c: char| c.is_ascii_graphic() && !"'\"\\<>^`{|}".contains(c);
        let url = spoken_by_curl(url);
        let is_sound = url.starts_with("http") && url.chars().all(is_part);
        (is_sound && url.len() <= LONGEST).then(|| format!("'{url}'"))
    }

    /// The method of the request, where it is none of those that change nothing (RFC 9110 §9.2.1).
    fn changing(&self) -> Option<&str> {
        let method = self.step?.request.split_whitespace().next()?;
        let is_method = method.bytes().all(|byte| byte.is_ascii_uppercase());
        let is_safe = ["GET", "HEAD", "OPTIONS"].contains(&method);
        (is_method && !is_safe && method.len() <= 20).then_some(method)
    }

    /// Whether it is this database that was asked; of a look that asked none, whether the rule is about one at all.
    fn speaks(&self, engine: &str, rule: &Rule) -> bool {
        let resources = self.step.into_iter().flat_map(|step| &step.resources);
        let mut engines = resources
            .map(String::as_str)
            .chain([self.resource])
            .filter_map(|one| match one.split_once(':')? {
                ("dsn", rest) => rest.split(':').next(),
                ("file", _) => Some("sqlite"),
                _ => None,
            })
            .peekable();
        if engines.peek().is_some() {
            return engines.any(|one| one == engine);
        }
        // What is said of SQL in general is said of each of them that speaks it.
        let speaks =
            |layer: &str| layer == engine || (matches!(layer, "sql" | "pool") && engine != "redis");
        rule.when.layers().any(speaks)
    }

    /// Whether the look ran this program itself.
    fn ran(&self, program: &str) -> bool {
        let mut used = self.step.into_iter().flat_map(|step| &step.resources);
        used.any(|one| {
            let path = one
                .strip_prefix("proc:")
                .or_else(|| one.strip_prefix("program:"));
            path.is_some_and(|path| path.rsplit('/').next() == Some(program))
        })
    }
}

/// How openssl is told whom to ask for: an address is no name of a server (RFC 6066 §3).
fn server_name(host: &str) -> Option<String> {
    if host.parse::<std::net::IpAddr>().is_ok() {
        return Some("-noservername".to_owned());
    }
    is_harmless(host).then(|| format!("-servername \"{host}\""))
}

/// As curl wants it: a handshake is asked for over HTTP.
fn spoken_by_curl(url: &str) -> String {
    match url.split_once("://") {
        Some(("ws", rest)) => format!("http://{rest}"),
        Some(("wss", rest)) => format!("https://{rest}"),
        _ => url.to_owned(),
    }
}

/// Whether every shell takes it for plain text, bare and between quotes of either kind, and no program for an option.
fn is_harmless(value: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || "._:/@%+=,-[]".contains(c);
    let starts_well = |c: char| c.is_alphanumeric() || "._:/@[".contains(c);
    value.len() <= 512 && value.starts_with(starts_well) && value.chars().all(is_plain)
}

fn capital(c: char) -> char {
    if c.is_ascii_alphanumeric() {
        c.to_ascii_uppercase()
    } else {
        '_'
    }
}

#[cfg(test)]
mod tests;
