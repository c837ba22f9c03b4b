//! Patterns on test ids: only `*` and `?` are special.

use super::TestId;

/// An exact id, an id without its row, a category, or a glob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdPattern(String);

impl IdPattern {
    /// Takes a pattern; every text is one.
    pub fn new(pattern: impl Into<String>) -> Self {
        Self(pattern.into())
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it may mean many that it does not name.
    pub fn is_glob(&self) -> bool {
        self.0.contains(['*', '?'])
    }

    /// Whether an instance is meant: by its id, by its id without the row, or by its category.
    pub fn matches(&self, id: &TestId) -> bool {
        fits(&self.0, &id.to_string())
            || fits(&self.0, &id.without_row().to_string())
            || self.0 == id.category().as_str()
    }
}

/// Greedy matching with one point of return: linear in practice, at worst the product of both lengths.
fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    p = at + 1;
                    t = from + 1;
                    star = Some((at, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_star_and_question_mark_are_special() {
        let id = TestId::parse("connectivity/dns[web]").unwrap();
        for pattern in [
            "connectivity/dns[web]",
            "connectivity/dns",
            "connectivity",
            "connectivity/*",
            "*",
            "*/d?s",
            "*[web]",
        ] {
            assert!(IdPattern::new(pattern).matches(&id), "{pattern}");
        }
        for pattern in [
            "",
            "connect",
            "connectivity/dns[api]",
            "database/*",
            "dns",
            "connectivity/dn",
        ] {
            assert!(!IdPattern::new(pattern).matches(&id), "{pattern}");
        }
    }
}
