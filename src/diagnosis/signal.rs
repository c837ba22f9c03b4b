//! What a rule asks of a failure: every key of `when` must hold, and of a list one.
//!
//! Questions are typed wherever a code exists. Texts are asked only of who is known not to be the application,
//! or with `untrusted: true`.

mod codes;
mod contradiction;
mod covers;
mod facts;
mod findings;
mod items;
mod json;
mod keys;
mod names;
mod numbers;
mod places;
mod quantity;
mod question;
mod sqlstate;
mod texts;
mod told;
mod words;

pub(super) use self::keys::HOPS;
use self::keys::question;
pub(super) use self::places::{HOSTS, KINDS};
pub(super) use self::quantity::Quantity;
pub(super) use self::question::Often;
use self::question::Question;
pub(super) use self::told::Told;
use super::seen::Seen;
use super::short::short;
use super::vocabulary::{SIGNALS, names};
use crate::model::{Fault, Value};
use crate::yaml::{Diagnostic, Diagnostics, Fields, Node};

/// What a rule asks: `when`.
#[derive(Debug, Clone, Default)]
pub struct Signal {
    asked: Vec<Asked>,
    is_untrusted: bool,
}

/// One key of it.
#[derive(Debug, Clone)]
struct Asked {
    key: &'static str,
    written: String,
    question: Question,
}

impl Signal {
    /// Reads the mapping `when`. What is wrong with it is told, each mistake at its place.
    pub(super) fn decode(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        let known = names(SIGNALS);
        let before = problems.errors();
        let fields = Fields::of(node, "`when` mapping", &known, problems)?;
        let is_untrusted = fields.decode("untrusted", problems).unwrap_or_default();
        let mut asked = Vec::new();
        for entry in fields.entries() {
            let Some(key) = known.iter().find(|key| **key == &*entry.key) else {
                continue;
            };
            if let Some(question) = question(key, &entry.value, problems) {
                asked.push(Asked {
                    key,
                    written: items::written(&entry.value),
                    question,
                });
            }
        }
        if asked.is_empty() && problems.errors() == before {
            problems.push(Diagnostic::error(
                fields.span(),
                "`when` asks nothing: every failure would match",
            ));
        }
        // Looking at a word costs less than searching a text, and most failures end at the first question.
        asked.sort_by_key(|one| one.question.cost());
        let signal = Self {
            asked,
            is_untrusted,
        };
        signal.check_trust(&fields, problems);
        (problems.errors() == before).then_some(signal)
    }

    /// A body is asked only of a proxy, whose pages are its own: an application can write anything.
    fn check_trust(&self, fields: &Fields<'_>, problems: &mut Diagnostics) {
        let Some(body) = fields.entry("body").filter(|_| !self.is_untrusted) else {
            return;
        };
        if !self.is_of_proxies() {
            problems.push(
                Diagnostic::error(
                    body.key_span,
                    "`body` asks for `hop` with the names of proxies: an application can write anything",
                )
                .help("or write `untrusted: true`; such a rule has at most medium confidence"),
            );
        }
    }

    /// Whether it asks for what proxies say in the application's place.
    pub(super) fn is_of_proxies(&self) -> bool {
        self.asked.iter().any(|one| {
            matches!(&one.question, Question::Hop(hops) if !hops.has("app") && !hops.has("unknown"))
        })
    }

    /// Whether it believes what anybody could have written.
    pub(super) fn is_untrusted(&self) -> bool {
        self.is_untrusted
    }

    /// Whether it asks what programs wrote.
    pub(super) fn reads_logs(&self) -> bool {
        let mut all = self.asked.iter();
        all.any(|one| matches!(one.question, Question::Log(_)))
    }

    /// What programs wrote after what it asks for.
    pub(super) fn written_after<'r>(&self, seen: &Seen<'r>) -> Option<&'r str> {
        let mut patterns = self.asked.iter().filter_map(|one| match &one.question {
            Question::Log(patterns) => Some(patterns),
            _ => None,
        });
        let patterns = patterns.next()?;
        seen.written().find_map(|(_, text)| patterns.behind(text))
    }

    /// Its keys with what is asked, as written: `("errno", "ECONNREFUSED")`.
    pub fn written(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.asked.iter().map(|one| (one.key, one.written.as_str()))
    }

    /// Whether a failure gives it.
    pub(super) fn holds(&self, seen: &Seen<'_>) -> bool {
        self.asked.iter().all(|one| one.question.holds(seen))
    }
}

/// Names of the numbers that a key asks for: `("ECONNREFUSED", 111)` of `errno`.
pub(super) fn named_numbers(key: &str) -> &'static [(&'static str, i64)] {
    let quantity = Quantity::ALL.iter().find(|quantity| quantity.key() == key);
    quantity.map_or(&[], |quantity| quantity.names())
}

/// What matched, in words; of a rule that asks nothing what there is to say.
pub(super) fn evidence(signal: &Signal, seen: &Seen<'_>) -> Vec<String> {
    let mut all: Vec<String> = seen.fault.map(fault).into_iter().collect();
    let matched = signal
        .asked
        .iter()
        .filter_map(|one| one.question.evidence(seen));
    for text in matched {
        if !all.contains(&text) {
            all.push(text);
        }
    }
    if let Some(error) = seen.step.and_then(|step| step.error.as_ref()) {
        all.push(short(&format!("could not look: {}", error.message)));
    }
    if let Some(Value::List(followed)) = seen.fact("redirects")
        && let Some(last) = followed.last().and_then(Value::as_text)
    {
        all.push(short(&format!("redirected to {}", place(last))));
    }
    if seen.fault.is_none()
        && let Some(finding) = seen.findings().next()
    {
        let actual = finding.actual.as_deref().unwrap_or("none");
        all.push(short(&format!(
            "{} {}, but was {actual}",
            finding.path, finding.expected
        )));
    }
    if all.is_empty() {
        all.push(seen.code.to_string());
    }
    all
}

/// Where a URL leads, and not what it brings there: a query holds codes and signatures, and so may what stands before an `@`.
fn place(url: &str) -> String {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    let (scheme, rest) = match url[..end].split_once("//") {
        Some((scheme, rest)) => (format!("{scheme}//"), rest),
        None => (String::new(), &url[..end]),
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = match authority.rsplit_once('@') {
        Some((_, host)) if !scheme.is_empty() => host,
        _ => authority,
    };
    format!("{scheme}{host}{path}")
}

/// `tcp.refused (errno 111) in phase connect`.
fn fault(fault: &Fault) -> String {
    let origin = fault
        .origin
        .map_or_else(String::new, |origin| format!(" ({origin})"));
    format!("{}{origin} in phase {}", fault.code(), fault.phase)
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn where_a_redirect_leads_is_told_without_what_it_brings_there() {
        for (url, told) in [
            (
                "https://id.example/cb?code=s3cret&state=1#top",
                "https://id.example/cb",
            ),
            (
                "https://b.s3.example/k?X-Amz-Signature=abc",
                "https://b.s3.example/k",
            ),
            (
                "https://u:pw@api.example:8443/a@b",
                "https://api.example:8443/a@b",
            ),
            ("https://api.example?code=1", "https://api.example"),
            ("/login?next=%2F", "/login"),
        ] {
            assert_eq!(place(url), told);
        }
    }
}
