//! What to run next, with the values of the target filled in. Printed, and never run by us.
//!
//! Somebody pastes these lines into a shell, and the values come from suites, answers and the environment. So only what no shell gives
//! any meaning to is filled in: a host called `$(reboot)` leaves its place empty, as `HOST`.

use super::Rules;
use super::address::Address;
use super::rule::Rule;

/// The lines of a rule for a resource: of a rule's commands those that are names are looked up, others are lines already.
pub(super) fn commands(
    rule: &Rule,
    rules: &Rules,
    resource: &str,
    variables: &[(String, String)],
) -> Vec<String> {
    let lines = rule.commands.iter().map(|command| {
        let line = rules.command(command).unwrap_or(command);
        filled(line, &Address::of(resource), resource, variables)
    });
    let mut lines: Vec<String> = lines.collect();
    let mut seen = std::collections::HashSet::new();
    lines.retain(|line| seen.insert(line.clone()));
    lines
}

/// One line; what is not known, or not harmless, stands there in capitals.
fn filled(
    template: &str,
    address: &Address<'_>,
    resource: &str,
    variables: &[(String, String)],
) -> String {
    let mut line = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, hole)) = rest.split_once("${") {
        line.push_str(before);
        let Some((name, after)) = hole.split_once('}') else {
            line.push_str("${");
            rest = hole;
            continue;
        };
        let value = value(name, address, resource, variables);
        match value.filter(|value| is_harmless(value)) {
            Some(value) => line.push_str(&value),
            None => line.extend(name.chars().map(capital)),
        }
        rest = after;
    }
    line.push_str(rest);
    line
}

fn value(
    name: &str,
    address: &Address<'_>,
    resource: &str,
    variables: &[(String, String)],
) -> Option<String> {
    let of_resource = match name {
        "host" => address.host.map(str::to_owned),
        "port" => address.port.map(|port| port.to_string()),
        "name" => address.name.or(address.host).map(str::to_owned),
        "origin" => resource.strip_prefix("origin:").map(str::to_owned),
        _ => None,
    };
    let named = |wanted: &str| {
        let found = variables.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.clone())
    };
    of_resource
        .or_else(|| named(name))
        .or_else(|| named(&name.to_ascii_lowercase()))
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
mod tests {
    use super::*;

    fn line(template: &str, resource: &str) -> String {
        let variables = [
            ("project".to_owned(), "my-project".to_owned()),
            ("region".to_owned(), "a b".to_owned()),
            ("hidden".to_owned(), "***".to_owned()),
        ];
        filled(template, &Address::of(resource), resource, &variables)
    }

    #[test]
    fn what_is_known_is_filled_in_and_what_is_missing_is_told() {
        let at = "sock:db.internal:5432";
        assert_eq!(
            line("ss -ltn \"sport = :${port}\"", at),
            "ss -ltn \"sport = :5432\""
        );
        assert_eq!(
            line("x --project=${PROJECT} ${region} ${hidden} ${gone-by}", at),
            "x --project=my-project REGION HIDDEN GONE_BY"
        );
        assert_eq!(line("dig ${host}", "runner"), "dig HOST");
        assert_eq!(
            line("curl '${origin}/'", "origin:https://[::1]:443"),
            "curl 'https://[::1]:443/'"
        );
        assert_eq!(line("nc ${host} ${port}", "sock:[::1]:53"), "nc ::1 53");
        assert_eq!(
            line("ls \"${name}\"", "unix:/run/db.sock"),
            "ls \"/run/db.sock\""
        );
        assert_eq!(line("echo ${", at), "echo ${");
    }

    #[test]
    fn a_hostile_host_does_not_reach_the_line() {
        for hostile in [
            "$(reboot)",
            "a;reboot",
            "`reboot`",
            "a\"; reboot; \"",
            "a'; reboot; '",
            "-oProxyCommand=reboot",
            "a\nreboot",
            "a\rreboot",
            "a\u{1b}[2Jb",
            "a\u{202e}b",
            "a b",
            "a|b",
            "a&b",
            "a>b",
            "a*",
            "~root",
            "!!",
            "a\\b",
            "{a,b}",
            "=ls",
            "%1",
            "a#b",
            "",
            "a\u{a0}b",
        ] {
            let told = line("dig ${host}", &format!("dns:{hostile}"));
            assert_eq!(told, "dig HOST", "{hostile:?}");
        }
    }
}
