//! How a cause, what speaks for it and what its authors wrote are called: for every report that tells them.

use crate::model::{Adjustment, Advice, Cause, Cited, Class, Diagnosed, Standing, WhyLine};
use crate::report::{visible, wording};

/// What broke, and whose it is: `infrastructure/network (medium) at sock:db.internal:5432, in 3 of 20`.
pub(in crate::report) fn title(cause: &Cause) -> String {
    let mut text = match (cause.unexplained, cause.blame.leaning()) {
        (false, _) => cause.blame.to_string(),
        // It is known how little is known: to say "unknown" as well would be to say it twice.
        (true, Some(_)) => cause
            .blame
            .to_string()
            .replacen("unknown", NOT_EXPLAINED, 1),
        (true, None) => NOT_EXPLAINED.to_owned(),
    };
    if !cause.resource.is_empty() {
        text = format!("{text} at {}", cause.resource);
    }
    if let Standing::Intermittent { failed, of } = cause.standing {
        text = format!("{text}, now and then: {failed} of {of} failed there");
    }
    visible::cut(&visible::line(&text), 200)
}

/// What is listed without being called a cause.
pub(super) const NOT_EXPLAINED: &str = "not explained";

/// Why it is not called one.
pub(in crate::report) const UNEXPLAINED: &str =
    "one test saw this, once, and it is weak: too little to call it a cause";

/// `cause 1: infrastructure/network (medium) at …`; what is not explained is not called a cause.
pub(in crate::report) fn numbered(at: usize, cause: &Cause) -> String {
    let called = if cause.unexplained { "" } else { "cause " };
    format!("{called}{}: {}", at + 1, title(cause))
}

/// Whom to call, where it broke, and who says so: `owner team data, as the suite says;
/// by the rule platform+app · transport · rule TCP-1`.
pub(in crate::report) fn about(cause: &Cause) -> String {
    let (owner, layer, rule) = (owner(cause), cause.layer, &cause.rule);
    visible::line(&format!("owner {owner} · {layer} · rule {rule}"))
}

/// Whom the suite names knows the house; whom the rule names is who usually answers for such things.
/// Both are told where they differ.
pub(in crate::report) fn owner(cause: &Cause) -> String {
    let named: Vec<String> = cause
        .named_owners()
        .into_iter()
        .map(str::to_owned)
        .collect();
    let usual = &cause.blame.owner;
    match named.as_slice() {
        [] => usual.clone(),
        [one] if one == usual => format!("{one}, as the suite says"),
        _ => format!(
            "{}, as the suite says; by the rule {usual}",
            wording::list(&named, 3)
        ),
    }
}

/// What the author of tests wrote beside an owner and a runbook: `says it is configuration, which the evidence does not; was the
/// password rotated? (database/login)`.
pub(in crate::report) fn advised(cause: &Cause, advice: &Advice) -> Option<String> {
    let on_fail = &advice.on_fail;
    let class = on_fail.class.as_deref();
    let is_decided = class.and_then(Class::parse) == Some(cause.blame.decided());
    let class = class.map(|class| match cause.blame.decided() {
        _ if is_decided => format!("says it is {class}"),
        Class::Unknown => format!("says it is {class}, which the evidence does not decide"),
        other => format!("says it is {class}, where the evidence says {other}"),
    });
    let said: Vec<String> = class.into_iter().chain(on_fail.hint.clone()).collect();
    let more = match advice.tests.saturating_sub(1) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    (!said.is_empty()).then(|| format!("{} ({}{more})", said.join("; "), advice.test))
}

/// What changed the words of the rule, as far as the chain of whys does not say it.
pub(in crate::report) fn adjusted<'a>(
    cause: &Cause,
    lead: Option<&'a Diagnosed>,
) -> Vec<&'a Adjustment> {
    let all = lead.into_iter().flat_map(|one| &one.adjusted);
    all.filter(|one| cause.why.iter().all(|line| line.text != one.text))
        .collect()
}

/// Where it is written what to do, each place once.
pub(in crate::report) fn runbooks(cause: &Cause) -> Vec<&str> {
    let mut all: Vec<&str> = Vec::new();
    for runbook in cause
        .advice
        .iter()
        .filter_map(|one| one.on_fail.runbook.as_deref())
    {
        if !all.contains(&runbook) {
            all.push(runbook);
        }
    }
    all
}

/// That others explain as much; nothing where none do.
pub(in crate::report) fn tied(cause: &Cause) -> String {
    let others: Vec<String> = cause
        .tied_with
        .iter()
        .map(|at| at.saturating_add(1).to_string())
        .collect();
    if others.is_empty() {
        return String::new();
    }
    let others = wording::list(&others, 5);
    format!("cause {others}, which explains as much: this run cannot tell which it is")
}

/// `infrastructure/network`, or `unknown`: what may be said in one word.
pub(in crate::report) fn class(one: &Diagnosed) -> String {
    match (one.blame.leaning(), &one.blame.detail) {
        (None, Some(detail)) => format!("{}/{detail}", one.blame.class),
        _ => one.blame.decided().to_string(),
    }
}

/// What was seen in several tests alike, once, with their names: `database/login#1`.
pub(in crate::report) fn folded(all: &[Cited]) -> Vec<(Vec<String>, &str)> {
    let mut folded: Vec<(Vec<String>, &str)> = Vec::new();
    for cited in all {
        match folded.iter_mut().find(|(_, text)| *text == cited.text) {
            Some((names, _)) => names.push(name(cited)),
            None => folded.push((vec![name(cited)], &cited.text)),
        }
    }
    folded
}

/// The texts of what is cited, each once, in their order.
pub(in crate::report) fn distinct(all: &[Cited]) -> impl Iterator<Item = &str> {
    folded(all).into_iter().map(|(_, text)| text)
}

/// `database/login#1: tcp.refused, errno 111, after 2 ms`.
pub(super) fn cited(names: &[String], text: &str, most: usize) -> String {
    format!("{}: {text}", wording::list(names, most))
}

/// `database/login#1`: a test, and which of its attempts.
pub(in crate::report) fn name(cited: &Cited) -> String {
    let attempt = cited.attempt.map_or_else(String::new, |n| format!("#{n}"));
    format!("{}{attempt}", cited.test)
}

/// A line of reasoning with what it rests on, in brackets; what was `told` above is not told again.
pub(super) fn why(line: &WhyLine, told: &[&str]) -> String {
    match &line.evidence {
        Some(evidence) if told.contains(&evidence.text.as_str()) => {
            format!("{} [{}, above]", line.text, name(evidence))
        }
        Some(evidence) => format!("{} [{}: {}]", line.text, name(evidence), evidence.text),
        None => line.text.clone(),
    }
}
