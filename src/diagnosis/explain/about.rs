//! Which rules ask for a code, and for a number behind it.

use crate::diagnosis::signal::named_numbers;
use crate::diagnosis::{Rule, Rules};

/// Codes that end in a number or name of their own, and the key of rules that asks for it.
pub(super) const FAMILIES: &[(&str, &str)] = &[
    ("tls.alert.", "alert"),
    ("dns.rcode.", "rcode"),
    ("http2.reset.", "http2"),
    ("http2.goaway.", "http2"),
    ("websocket.closed.", "close_code"),
    ("websocket.refused.", "status"),
    ("sse.refused.", "status"),
    ("log.refused.", "status"),
    ("proxy.", "status"),
    ("postgres.", "sqlstate"),
    ("mysql.", "mysql"),
    ("sqlite.", "sqlite"),
    ("redis.", "redis"),
    ("process.exit.", "exit_code"),
    ("process.signal.", "signal"),
];

/// The rules a failure with this code may meet, in the order they are asked.
pub(super) fn rules_about<'r>(code: &str, rules: &'r Rules) -> Vec<&'r Rule> {
    let all = rules.all().iter();
    all.filter(|rule| is_about(rule, code)).collect()
}

fn is_about(rule: &Rule, code: &str) -> bool {
    let family = FAMILIES.iter().find_map(|(stem, key)| {
        let number = code.strip_prefix(stem)?;
        Some((*key, number))
    });
    let mut is_about = false;
    for (key, written) in rule.when.written() {
        let covers = match (key, family) {
            ("fault" | "code", _) => written.split(", ").any(|item| is_pattern_of(item, code)),
            (key, Some((of, number))) if key == of => covers(key, written, number),
            _ => continue,
        };
        if !covers {
            return false;
        }
        is_about = true;
    }
    is_about || (code == "expect.status" && decides_a_status(rule))
}

/// Whether it explains an answer by its status or by who gave it: those of the proxies and of HTTP name no code.
fn decides_a_status(rule: &Rule) -> bool {
    let asks = |wanted: &[&str]| rule.when.written().any(|(key, _)| wanted.contains(&key));
    asks(&["status", "hop"]) && !asks(&["fault", "code"])
}

/// The rule that asks for this code or number and for nothing else: what it means where nothing more is known.
pub(super) fn plainest<'r>(code: &str, rules: &[&'r Rule]) -> Option<&'r Rule> {
    let number = FAMILIES.iter().find_map(|(stem, key)| {
        let number = code.strip_prefix(stem)?;
        Some((*key, number))
    });
    let names_it = |rule: &&&Rule| {
        let mut keys = rule.when.written();
        let (Some((key, written)), None) = (keys.next(), keys.next()) else {
            return false;
        };
        if written.contains(['*', ':']) {
            return false;
        }
        match number {
            Some((of, number)) if of == key => covers(key, written, number),
            _ => matches!(key, "fault" | "code") && written.split(", ").any(|item| item == code),
        }
    };
    rules.iter().find(names_it).copied()
}

/// `tls.alert.*` or `tls.alert.40` of `tls.alert.40`; of `tls.alert.N` both, too.
fn is_pattern_of(pattern: &str, code: &str) -> bool {
    let family = code.strip_suffix('N').filter(|stem| stem.ends_with('.'));
    match pattern.strip_suffix('*') {
        Some(stem) => code.starts_with(stem),
        None => pattern == code || family.is_some_and(|stem| pattern.starts_with(stem)),
    }
}

/// Whether what a rule writes under a key has this value: a number, a name of one, or the beginning of either. Ranges are written
/// `from: 500, to: 599`. `N` stands for any.
pub(super) fn covers(key: &str, written: &str, value: &str) -> bool {
    if value == "N" {
        return true;
    }
    let names = named_numbers(key);
    let number = |text: &str| -> Option<i64> {
        let named = names
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(text));
        named
            .map(|(_, number)| *number)
            .or_else(|| text.parse().ok())
    };
    // Of SQLite the lower eight bits say what it is, the others only how.
    let primary = |number: i64| {
        if key == "sqlite" {
            number & 255
        } else {
            number
        }
    };
    let wanted = number(value).map(primary);
    let mut from = None;
    written.split(", ").any(|item| {
        if let Some(low) = item.strip_prefix("from: ") {
            from = number(low);
            return false;
        }
        if let Some(high) = item.strip_prefix("to: ") {
            let range = from.take().zip(number(high)).zip(wanted);
            return range.is_some_and(|((low, high), wanted)| (low..=high).contains(&wanted));
        }
        match item.strip_suffix('*') {
            Some(stem) => value.to_ascii_uppercase().starts_with(stem),
            None if key == "sqlstate" => item.eq_ignore_ascii_case(value),
            None => match (number(item), wanted) {
                (Some(item), Some(wanted)) => item == wanted,
                _ => item.eq_ignore_ascii_case(value),
            },
        }
    })
}
