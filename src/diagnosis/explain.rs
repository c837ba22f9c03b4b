//! What a code, a rule or a word of an error message means: `allclear explain`.

mod about;
mod asked;
mod page;
mod printed;
mod search;

use self::about::{plainest, rules_about};
use self::asked::Asked;
pub use self::page::page;
use self::search::search;
use super::{Rule, Rules};
use crate::model::{FaultKind, KnownCode, KnownFault};
use crate::yaml::nearest;

/// What was found for a word.
#[derive(Debug)]
pub enum Explained<'r> {
    /// This is meant.
    One(Subject<'r>),
    /// Any of these may be meant: what fits best comes first.
    Several(Vec<Subject<'r>>),
    /// Nothing is called so; this is the nearest that something is called, where one is near.
    Nothing(Option<String>),
}

/// Something that can be explained.
#[derive(Debug)]
pub enum Subject<'r> {
    /// What prevented an answer.
    Fault {
        /// With its number, where it was given: `tls.alert.40`.
        code: String,
        /// What is known of the code.
        known: KnownFault,
        /// The rules that ask for it, in the order they are asked.
        rules: Vec<&'r Rule>,
    },
    /// What a test ends with when something was judged, or when we could not look.
    Judged {
        /// As it was given: `expect.status`.
        code: String,
        /// What is known of the code.
        known: KnownCode,
        /// The rules that ask for it, in the order they are asked.
        rules: Vec<&'r Rule>,
    },
    /// A rule.
    Rule(&'r Rule),
}

impl Subject<'_> {
    /// What it is called: a code, or the id of a rule.
    pub fn name(&self) -> &str {
        match self {
            Self::Fault { code, .. } | Self::Judged { code, .. } => code,
            Self::Rule(rule) => &rule.id,
        }
    }

    /// The rule that says what it means where nothing more is known: for a code the one that asks for it alone.
    pub fn plainly(&self) -> Option<&Rule> {
        match self {
            Self::Fault { code, rules, .. } | Self::Judged { code, rules, .. } => {
                plainest(code, rules)
            }
            Self::Rule(rule) => Some(rule),
        }
    }
}

/// Finds what is meant: the id of a rule, a code, the name or number of a signal (`ECONNREFUSED`, `exit 3`, `502`),
/// else words of what is said about them.
pub fn explain<'r>(query: &str, rules: &'r Rules) -> Explained<'r> {
    let query = query.trim();
    if let Some(subject) = called(query, rules) {
        return Explained::One(subject);
    }
    if let Some(meant) = printed::meant(query) {
        return explain(meant, rules);
    }
    let asked = Asked::read(query);
    let mut codes: Vec<Subject<'r>> = (asked.codes().iter())
        .filter_map(|code| code_called(code, rules))
        .collect();
    let hits = rules.all().iter().filter(|rule| asked.is_asked_by(rule));
    let hits: Vec<&Rule> = hits.collect();
    let found = match &mut codes[..] {
        [Subject::Fault { rules: about, .. }] if !asked.is_status_too() => {
            for hit in hits {
                if !about.iter().any(|known| known.id == hit.id) {
                    about.push(hit);
                }
            }
            codes
        }
        [] if hits.is_empty() => search(query, rules),
        _ => {
            codes.extend(hits.into_iter().map(Subject::Rule));
            codes
        }
    };
    one_or_several(found, query, rules)
}

fn one_or_several<'r>(mut found: Vec<Subject<'r>>, query: &str, rules: &'r Rules) -> Explained<'r> {
    match found.len() {
        0 => Explained::Nothing(nearest_name(query, rules)),
        1 => Explained::One(found.remove(0)),
        _ => Explained::Several(found),
    }
}

/// The one that has exactly this name, whatever the case of its letters.
fn called<'r>(name: &str, rules: &'r Rules) -> Option<Subject<'r>> {
    let mut all = rules.all().iter().chain([rules.fallback()]);
    let rule = all.find(|rule| rule.id.eq_ignore_ascii_case(name));
    rule.map(Subject::Rule)
        .or_else(|| code_called(name, rules))
        .or_else(|| code_called(&name.to_ascii_lowercase(), rules))
}

fn code_called<'r>(code: &str, rules: &'r Rules) -> Option<Subject<'r>> {
    let fault = |code: &str, known| Subject::Fault {
        code: code.to_owned(),
        known,
        rules: rules_about(code, rules),
    };
    if let Some(kind) = FaultKind::parse(code) {
        return Some(fault(&kind.code().to_string(), kind.known()));
    }
    let family = |known: &KnownFault| {
        let stem = known.code.strip_suffix(".N");
        known.code.eq_ignore_ascii_case(code) || stem == Some(code)
    };
    if let Some(known) = FaultKind::catalogue().into_iter().find(family) {
        return Some(fault(known.code, known));
    }
    let is_named = |known: &KnownCode| {
        let stem = known.stem();
        known.shape().eq_ignore_ascii_case(code)
            || stem
                .is_some_and(|stem| code.starts_with(stem) || stem.strip_suffix('.') == Some(code))
    };
    // What has a shape of its own comes before what has only its beginning.
    let mut all: Vec<KnownCode> = KnownCode::all().filter(is_named).collect();
    all.sort_by_key(|known| known.stem().is_some());
    let known = all.into_iter().next()?;
    let stem = known.stem().unwrap_or_default();
    let code = if known.stem().is_some() && code.len() > stem.len() {
        code
    } else {
        known.shape()
    };
    Some(Subject::Judged {
        code: code.to_owned(),
        known,
        rules: rules_about(code, rules),
    })
}

fn nearest_name(query: &str, rules: &Rules) -> Option<String> {
    let ids = rules.all().iter().map(|rule| rule.id.as_str());
    let mut names: Vec<&str> = ids.collect();
    for code in FaultKind::all_codes() {
        names.push(code);
    }
    for known in KnownCode::all() {
        names.push(known.shape());
    }
    for name in asked::names() {
        names.push(name);
    }
    nearest(query, names).map(str::to_owned)
}

#[cfg(test)]
mod tests;
