//! Codes of findings and faults, as suites name them.

use crate::model::{Code, CodePattern, FaultKind, KnownCode};
use crate::yaml::{Diagnostic, Diagnostics, Span, did_you_mean};

/// What codes of findings begin with; what stands behind is as free as the names of facts and captures.
fn findings() -> impl Iterator<Item = &'static str> {
    KnownCode::all().filter_map(KnownCode::stem)
}

/// Reads a code, or the beginning of one with `*`; a code that nothing can have is an error.
pub(super) fn pattern(span: Span, text: &str, problems: &mut Diagnostics) -> Option<CodePattern> {
    let Some(pattern) = CodePattern::parse(text) else {
        problems.push(Diagnostic::error(
            span,
            "expected a code such as `tcp.refused`, or the beginning of some: `tcp.*`",
        ));
        return None;
    };
    if is_known(&pattern) {
        return Some(pattern);
    }
    let known = FaultKind::all_codes();
    let hint = did_you_mean(text, known);
    problems.push(
        Diagnostic::error(span, format!("nothing fails with the code `{text}`{hint}"))
            .help("`allclear list --codes` shows every code"),
    );
    None
}

fn is_known(pattern: &CodePattern) -> bool {
    let text = pattern.as_str();
    let Some(stem) = text.strip_suffix('*') else {
        return FaultKind::parse(text).is_some()
            || findings().any(|stem| text.len() > stem.len() && text.starts_with(stem));
    };
    let begins = |code: &str| code.starts_with(stem) || stem.starts_with(code);
    findings().any(begins)
        || FaultKind::all_codes()
            .into_iter()
            .any(|code| match code.strip_suffix('N') {
                Some(family) => begins(family),
                None => pattern.matches(&Code::fixed(code)),
            })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::Sources;

    #[test]
    fn only_codes_that_something_can_have_are_codes() {
        let mut sources = Sources::default();
        let span = Span {
            file: sources.add("x", ""),
            start: 0,
            end: 0,
        };
        for text in [
            "tcp.refused",
            "tcp.*",
            "*",
            "expect.status",
            "expect.*",
            "claim.latency.p95",
            "capture.token",
            "sqlite.1",
            "sqlite.*",
            "process.signal.9",
        ] {
            let mut problems = Diagnostics::default();
            assert!(pattern(span, text, &mut problems).is_some(), "{text}");
        }
        for (text, says) in [
            ("tcp.refusd", "did you mean `tcp.refused`"),
            ("tpc.*", "nothing fails with"),
            ("expect.", "nothing fails with"),
            ("a b", "expected a code"),
            ("", "expected a code"),
        ] {
            let mut problems = Diagnostics::default();
            assert!(pattern(span, text, &mut problems).is_none(), "{text}");
            let message = &problems.iter().next().unwrap().message;
            assert!(message.contains(says), "{text}: {message}");
        }
    }
}
