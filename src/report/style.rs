//! How much is told, and in which colours.

use anstyle::{AnsiColor, Style as Ansi};

/// What the reader wants. Formats for machines ignore it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    /// Whether escape sequences for colours may be written.
    pub colour: bool,
    /// How much is told.
    pub detail: Detail,
}

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Detail {
    /// `-q`: the verdict and its reasons.
    Quiet,
    /// What is not good, folded where many are alike.
    #[default]
    Normal,
    /// `-v`: every test, nothing folded.
    Verbose,
}

/// What a piece of text means, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Strong,
    Dim,
    Good,
    Warn,
    Bad,
    /// A banner: the tone's colour behind the text.
    GoBanner,
    NoGoBanner,
    InconclusiveBanner,
}

impl Style {
    /// The text in the colour of its tone, or the text alone.
    pub(super) fn paint(self, tone: Tone, text: &str) -> String {
        let ansi = match tone {
            _ if !self.colour => return text.to_owned(),
            Tone::Plain => return text.to_owned(),
            Tone::Strong => Ansi::new().bold(),
            Tone::Dim => Ansi::new().dimmed(),
            Tone::Good => AnsiColor::Green.on_default(),
            Tone::Warn => AnsiColor::Yellow.on_default(),
            Tone::Bad => AnsiColor::Red.on_default(),
            Tone::GoBanner => AnsiColor::Black.on(AnsiColor::Green).bold(),
            Tone::NoGoBanner => AnsiColor::White.on(AnsiColor::Red).bold(),
            Tone::InconclusiveBanner => AnsiColor::Black.on(AnsiColor::Yellow).bold(),
        };
        format!("{ansi}{text}{ansi:#}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colour_no_escape_is_written() {
        let plain = Style::default();
        assert_eq!(plain.paint(Tone::NoGoBanner, "NO-GO"), "NO-GO");
        let colour = Style {
            colour: true,
            ..plain
        };
        assert!(
            colour
                .paint(Tone::NoGoBanner, "NO-GO")
                .starts_with('\u{1b}')
        );
    }
}
