//! What a query says of signals: `ECONNREFUSED`, `error -3`, `exit 3`, `502`, `SQLSTATE 53300`.

use crate::diagnosis::Rule;
use crate::diagnosis::signal::{Told, named_numbers};
use crate::model::FaultKind;

/// Words that say which signal a number is of.
const KINDS: &[(&str, &str)] = &[
    ("eai", "eai"),
    ("getaddrinfo", "eai"),
    ("error", "eai"),
    ("errno", "errno"),
    ("rcode", "rcode"),
    ("alert", "alert"),
    ("status", "status"),
    ("http", "status"),
    ("close", "close_code"),
    ("websocket", "close_code"),
    ("sqlstate", "sqlstate"),
    ("postgres", "sqlstate"),
    ("pg", "sqlstate"),
    ("mysql", "mysql"),
    ("mariadb", "mysql"),
    ("sqlite", "sqlite"),
    ("redis", "redis"),
    ("exit", "exit_code"),
    ("signal", "signal"),
    ("http2", "http2"),
];

/// Codes that end in a number or name of their own, and the key of rules that asks for it.
const FAMILIES: &[(&str, &str)] = &[
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

/// Signals whose numbers have names.
const NAMED: &[&str] = &["errno", "eai", "rcode", "alert", "signal"];

/// The signals a query may be about: the key of rules, and the value.
#[derive(Debug, Default)]
pub(super) struct Asked(Vec<(&'static str, String)>);

impl Asked {
    pub(super) fn read(query: &str) -> Self {
        let words: Vec<&str> = query
            .split([' ', '=', ':', '#'])
            .filter(|word| !word.is_empty())
            .collect();
        let Some((value, before)) = words.split_last() else {
            return Self::default();
        };
        let named: Vec<_> = NAMED
            .iter()
            .filter_map(|key| {
                let mut names = named_numbers(key).iter();
                let (name, _) = names.find(|(name, _)| is_called(key, name, value))?;
                Some((*key, (*name).to_owned()))
            })
            .collect();
        if !named.is_empty() {
            return Self(named);
        }
        let kinds = before.iter().filter_map(|word| {
            let kind = KINDS
                .iter()
                .find(|(kind, _)| word.eq_ignore_ascii_case(kind))?;
            Some(kind.1)
        });
        let kinds: Vec<&'static str> = kinds.collect();
        // `error 1040` is no code of getaddrinfo: those are negative.
        let kinds = kinds
            .into_iter()
            .filter(|kind| *kind != "eai" || value.starts_with('-'));
        let mut asked: Vec<_> = kinds.map(|kind| (kind, (*value).to_owned())).collect();
        if asked.is_empty()
            && before
                .iter()
                .all(|word| word.eq_ignore_ascii_case("error") || word.eq_ignore_ascii_case("code"))
        {
            asked = alone(value);
        }
        Self(asked)
    }

    /// The codes these are told with.
    pub(super) fn codes(&self) -> Vec<String> {
        let mut codes = Vec::new();
        for (key, value) in &self.0 {
            let mut names = named_numbers(key).iter();
            let named = names.find(|(name, number)| name == value || number.to_string() == *value);
            // `Nobody listens (ECONNREFUSED).`
            let says = |text: &str| {
                let is_part = |at: char| !at.is_ascii_alphanumeric() && at != '_';
                named.is_some_and(|(name, _)| text.split(is_part).any(|word| word == *name))
            };
            // Those of alerts and signals have codes of their own; elsewhere they are only mentioned.
            let is_told = matches!(*key, "errno" | "eai" | "rcode");
            let told = FaultKind::catalogue().into_iter().filter(|_| is_told);
            let told: Vec<_> = told.filter(|known| says(known.meaning)).collect();
            codes.extend(told.iter().map(|known| known.code.to_owned()));
            let number = named.map_or_else(|| value.clone(), |(_, number)| number.to_string());
            let own = FAMILIES
                .iter()
                .filter(|(_, of)| of == key && *key != "status");
            if told.is_empty() {
                for number in [number.to_ascii_uppercase(), number.to_ascii_lowercase()] {
                    codes.extend(own.clone().map(|(stem, _)| format!("{stem}{number}")));
                }
            }
        }
        codes.retain(|code| FaultKind::parse(code).is_some() || code.strip_suffix(".N").is_some());
        let broken = |name: &str| self.0.iter().any(|(_, value)| is_number(value, name));
        if broken("ECONNRESET") || broken("EPIPE") {
            codes.extend(RESET.iter().map(|code| (*code).to_owned()));
        }
        // Of a connection more is asked than of what rests on it.
        codes.sort_unstable_by_key(|code| (!code.starts_with("tcp."), code.clone()));
        codes.dedup();
        codes
    }

    /// Whether it may be a status, and something else as well.
    pub(super) fn is_status_too(&self) -> bool {
        let mut keys = self.0.iter().map(|(key, _)| *key);
        self.0.len() > 1 && keys.any(|key| key == "status")
    }

    /// Whether a rule asks for one of them.
    pub(super) fn is_asked_by(&self, rule: &Rule) -> bool {
        self.0.iter().any(|(key, value)| {
            let told = Told::of_key(key, value);
            // Of a proxy that has nobody behind it, whatever page it shows, the status is one of these.
            let is_of_a_page = *key == "status" && matches!(&**value, "502" | "503" | "504");
            told.is_some_and(|told| rule.when.asks_for(told))
                || (is_of_a_page && rule.when.is_page_of_a_proxy())
        })
    }
}

/// What a connection that was reset is called where it carried more.
const RESET: &[&str] = &[
    "http.reset.body",
    "http.reset.first_byte",
    "redis.closed",
    "tls.reset",
];

/// Whether an errno is written by this name or its number.
fn is_number(value: &str, name: &str) -> bool {
    let mut names = named_numbers("errno").iter();
    value == name || names.any(|(known, number)| *known == name && number.to_string() == value)
}

/// Whether a word is this name. Those that are words of a language, too, are meant only as they are written: `REFUSED`.
fn is_called(key: &str, name: &str, word: &str) -> bool {
    let is_no_word = name.contains('_') || matches!(key, "errno" | "signal");
    name == word || (is_no_word && name.eq_ignore_ascii_case(word))
}

/// What a number alone may be.
fn alone(value: &str) -> Vec<(&'static str, String)> {
    let is_state = value.len() == 5
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && value.bytes().any(|byte| byte.is_ascii_digit());
    // 128 and the number of a signal, as shells tell of it; no status has such a number.
    if let Ok(number @ 129..=159) = value.parse::<i64>() {
        return vec![("signal", (number - 128).to_string())];
    }
    let is_errno = || {
        let mut names = named_numbers("errno").iter();
        names.any(|(_, number)| number.to_string() == value)
    };
    let keys: &[&'static str] = match value.parse::<i64>() {
        _ if is_state => &["sqlstate"],
        Ok(..=-1) => &["eai"],
        // Reports print errnos (`errno 111`), and of the 1xx there are four (RFC 9110 §15.2, RFC 8297).
        Ok(100..=103) if is_errno() => &["errno", "status"],
        Ok(104..=199) if is_errno() => &["errno"],
        Ok(100..=599) => &["status"],
        Ok(1000..=1015 | 3000..) => &["close_code", "mysql"],
        Ok(1016..=2999) => &["mysql"],
        Ok(_) => &["exit_code", "signal", "errno", "alert"],
        Err(_) => &[],
    };
    keys.iter().map(|key| (*key, value.to_owned())).collect()
}

/// What signals are called.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let all = NAMED.iter().flat_map(|key| named_numbers(key));
    all.map(|(name, _)| *name)
}
