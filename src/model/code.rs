//! Stable dotted codes: what a failure is called, the same in every report and every release.

use std::borrow::Cow;
use std::fmt;

/// A stable dotted code such as `tcp.refused`, `expect.status` or `claim.latency.p95`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(Cow<'static, str>);

impl Code {
    /// A code known when the program was written.
    pub const fn fixed(code: &'static str) -> Self {
        Self(Cow::Borrowed(code))
    }

    /// A code with a part that is only known later, such as `postgres.53300` or `capture.token`.
    pub fn new(code: impl Into<String>) -> Self {
        Self(Cow::Owned(code.into()))
    }

    /// The code as written in suites and reports.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A code, or the beginning of one followed by `*`: `tls.expired`, `tls.*`, `http.timeout.*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodePattern(String);

impl CodePattern {
    /// Reads a pattern; `None` when it is empty, has `*` anywhere but at its end, or holds a character no code has.
    pub fn parse(text: &str) -> Option<Self> {
        let stem = text.strip_suffix('*').unwrap_or(text);
        let clean = stem
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
        (clean && !text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// Whether `code` is meant by this pattern.
    pub fn matches(&self, code: &Code) -> bool {
        match self.0.strip_suffix('*') {
            Some(stem) => code.as_str().starts_with(stem),
            None => code.as_str() == self.0,
        }
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CodePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_matches_only_at_the_end() {
        let tls = CodePattern::parse("tls.*").unwrap();
        assert!(tls.matches(&Code::fixed("tls.expired")));
        assert!(!tls.matches(&Code::fixed("tcp.refused")));
        assert!(CodePattern::parse("*.expired").is_none());
        assert!(CodePattern::parse("").is_none());
        assert!(
            !CodePattern::parse("tls.expired")
                .unwrap()
                .matches(&Code::fixed("tls.expired.x"))
        );
    }
}
