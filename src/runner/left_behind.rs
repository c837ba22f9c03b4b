//! What clean-ups left behind: said once each, and bounded however often they ran.

/// So many different ones are listed.
const LISTED: usize = 10;

/// Clean-ups that did not hold.
#[derive(Debug, Default)]
pub(super) struct LeftBehind {
    listed: Vec<String>,
    more: u64,
}

impl LeftBehind {
    /// Takes what one attempt left.
    pub(super) fn extend(&mut self, left: Vec<String>) {
        for one in left {
            if self.listed.contains(&one) {
                continue;
            }
            if self.listed.len() < LISTED {
                self.listed.push(one);
            } else {
                self.more += 1;
            }
        }
    }

    /// The list, for the record.
    pub(super) fn into_lines(mut self) -> Vec<String> {
        if self.more > 0 {
            self.listed.push(format!("and {} more", self.more));
        }
        self.listed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_thousand_failing_clean_ups_are_a_short_list() {
        let mut left = LeftBehind::default();
        for attempt in 0..100_000 {
            left.extend(vec![
                "logout: tcp.refused".to_owned(),
                format!("file {}", attempt % 12),
            ]);
        }
        let lines = left.into_lines();
        assert_eq!(lines.len(), LISTED + 1);
        assert_eq!(lines[0], "logout: tcp.refused");
        assert!(lines[LISTED].starts_with("and "));
    }
}
