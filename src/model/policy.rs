//! The gate's rules as data.

use std::fmt;

use super::{Category, TestId};

/// A share, kept as millionths so that it is compared as an integer and never as a rounded number. `0 % < rate ≤ 100 %`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(u32);

impl Rate {
    /// 100 %.
    pub const ALL: Self = Self(1_000_000);

    /// A rate from millionths; `None` outside `0 < millionths ≤ 1 000 000`.
    pub const fn from_millionths(millionths: u32) -> Option<Self> {
        if millionths == 0 || millionths > 1_000_000 {
            None
        } else {
            Some(Self(millionths))
        }
    }

    /// The rate in millionths.
    pub const fn millionths(self) -> u32 {
        self.0
    }

    /// Whether `part` of `whole` reaches this rate, in exact arithmetic. Of nothing, nothing reaches it.
    pub fn is_reached_by(self, part: u64, whole: u64) -> bool {
        whole > 0 && u128::from(part) * 1_000_000 >= u128::from(self.0) * u128::from(whole)
    }

    /// The smallest count out of `whole` that reaches this rate.
    pub fn needed_of(self, whole: u64) -> u64 {
        let needed = (u128::from(self.0) * u128::from(whole)).div_ceil(1_000_000);
        u64::try_from(needed).unwrap_or(u64::MAX)
    }

    /// The rate as a fraction of one.
    pub fn to_f64(self) -> f64 {
        f64::from(self.0) / 1_000_000.0
    }
}

impl fmt::Display for Rate {
    /// `80 %`, `99.95 %`: as many decimals as it has.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.0 / 10_000, self.0 % 10_000);
        if fraction == 0 {
            return write!(f, "{whole} %");
        }
        let digits = format!("{fraction:04}");
        write!(f, "{whole}.{} %", digits.trim_end_matches('0'))
    }
}

/// At most so many, as a count or as a share of planned minus filtered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cap {
    /// At most this many.
    Count(u64),
    /// At most this share. Zero is allowed here, in millionths.
    Share(u32),
}

impl Cap {
    /// Whether `count` out of `whole` is within the cap.
    pub fn allows(self, count: u64, whole: u64) -> bool {
        match self {
            Self::Count(most) => count <= most,
            Self::Share(millionths) => {
                u128::from(count) * 1_000_000 <= u128::from(millionths) * u128::from(whole)
            }
        }
    }
}

impl fmt::Display for Cap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(most) => write!(f, "{most}"),
            Self::Share(0) => f.write_str("0 %"),
            Self::Share(millionths) => match Rate::from_millionths(*millionths) {
                Some(rate) => write!(f, "{rate}"),
                None => write!(f, "{millionths} millionths"),
            },
        }
    }
}

/// How much must have been executed: a share of planned minus skipped, a count, or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MinExecuted {
    /// At least this many tests.
    pub tests: Option<u64>,
    /// At least this share.
    pub percent: Option<Rate>,
}

/// What the gate applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GateMode {
    /// All planned instances. A partial run is at most INCONCLUSIVE.
    Full,
    /// The selected and pulled-in instances, as if they were all there is.
    Selection,
}

/// The rules of one category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CategoryPolicy {
    /// Its name.
    pub name: Category,
    /// Every instance of it is critical.
    pub critical: bool,
    /// About us and the target's identity: its critical tests decide whether anything can be said at all.
    pub preflight: bool,
    /// An extra floor.
    pub pass_rate: Option<Rate>,
    /// `flaky: pass`: flaky instances are good, critical ones too.
    pub flaky_passes: bool,
}

/// The rules of the gate, complete: what was not written holds its default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The floor over the whole run.
    pub pass_rate: Rate,
    /// How much must have been executed.
    pub min_executed: MinExecuted,
    /// Categories that must have proved something.
    pub require_categories: Vec<Category>,
    /// Cap on flaky instances.
    pub max_flaky: Cap,
    /// Cap on skipped instances.
    pub max_skipped: Cap,
    /// Cap on waived instances.
    pub max_waived: Cap,
    /// Tests that nothing may waive; without a row, all rows.
    pub invariants: Vec<TestId>,
    /// The categories, in the order listed.
    pub categories: Vec<CategoryPolicy>,
    /// What the gate applies to.
    pub mode: GateMode,
    /// `--strict`: a condition keeps a run from GO.
    pub strict: bool,
}

impl Policy {
    /// The rules of a category; a category nobody listed is neither critical nor preflight.
    pub fn category(&self, name: &Category) -> Option<&CategoryPolicy> {
        self.categories
            .iter()
            .find(|category| category.name == *name)
    }

    /// Whether a category is preflight.
    pub fn is_preflight(&self, name: &Category) -> bool {
        self.category(name)
            .is_some_and(|category| category.preflight)
    }
}

impl Default for Policy {
    /// The numbers the documentation promises; no categories.
    fn default() -> Self {
        Self {
            pass_rate: Rate(800_000),
            min_executed: MinExecuted {
                tests: None,
                percent: Some(Rate(900_000)),
            },
            require_categories: Vec::new(),
            max_flaky: Cap::Share(50_000),
            max_skipped: Cap::Share(100_000),
            max_waived: Cap::Count(3),
            invariants: Vec::new(),
            categories: Vec::new(),
            mode: GateMode::Full,
            strict: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_exact_at_its_edge() {
        let rate = Rate::from_millionths(800_000).unwrap();
        assert!(rate.is_reached_by(4, 5));
        assert!(!rate.is_reached_by(79, 99));
        assert!(!rate.is_reached_by(0, 0));
        assert_eq!(rate.needed_of(99), 80);
        assert_eq!(rate.to_string(), "80 %");
        assert_eq!(
            Rate::from_millionths(999_500).unwrap().to_string(),
            "99.95 %"
        );
    }

    #[test]
    fn a_share_cap_counts_exactly() {
        assert!(Cap::Share(50_000).allows(1, 20));
        assert!(!Cap::Share(50_000).allows(2, 20));
        assert!(Cap::Share(0).allows(0, 20));
    }
}
