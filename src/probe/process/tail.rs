//! The end of a text that comes line by line.

/// So much of the end is kept at least, as far as there is so much.
const LEAST: usize = 64 * 1024;

/// The last lines: twice the least at most, and a line.
#[derive(Debug, Default)]
pub(super) struct Tail(String);

impl Tail {
    /// Adds a line, and what ends it.
    pub(super) fn add(&mut self, line: &str, end: &str) {
        self.0.push_str(line);
        self.0.push_str(end);
        if self.0.len() > 2 * LEAST {
            // Only whole lines go: half a secret would not be recognised.
            let from = self.0.floor_char_boundary(self.0.len() - LEAST);
            if let Some(break_at) = self.0[..from].rfind('\n') {
                self.0.drain(..=break_at);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_with_a_whole_line() {
        let mut tail = Tail::default();
        for number in 0..50_000 {
            tail.add(&format!("line {number}"), "\n");
            assert!(tail.text().len() <= 2 * LEAST);
            assert!(tail.text().starts_with("line "));
        }
        assert!(tail.text().len() >= LEAST);
        assert!(tail.text().ends_with("line 49999\n"));
        assert_eq!(Tail::default().into_text(), "");
    }
}
