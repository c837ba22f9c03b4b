//! `console`: the report a person reads, ending with the verdict, why, and what to do next.

mod causes;
mod closing;
mod unwell;

use super::explained::Explained;
use super::style::Tone;
use super::{Detail, Format, Style, visible};
use crate::model::{FinishedRun, RunHeader};

pub(super) const FORMAT: Format = Format {
    name: "console",
    extension: "txt",
    help: "for people: what is not good, then the verdict and its reasons",
    render,
};

/// The whole report. What is alike is folded, so that a NO-GO fits on a screen however many tests there are.
fn render(run: &FinishedRun, style: Style) -> String {
    let mut page = Page {
        text: String::new(),
        style,
    };
    let explained = Explained::new(run);
    if style.detail == Detail::Quiet {
        closing::verdict(&mut page, run);
        causes::tell(&mut page, &explained);
        return page.text;
    }
    head(&mut page, &run.record.header);
    unwell::tell(&mut page, &explained);
    closing::categories(&mut page, &run.record);
    causes::tell(&mut page, &explained);
    closing::verdict(&mut page, run);
    page.text
}

/// The causes alone, for those who told the failures themselves; `None` where there is nothing to explain.
pub fn causes(run: &FinishedRun) -> Option<String> {
    let mut page = Page {
        text: String::new(),
        style: Style::default(),
    };
    causes::tell(&mut page, &Explained::new(run));
    Some(page.text).filter(|text| !text.is_empty())
}

fn head(page: &mut Page, header: &RunHeader) {
    let mut about = vec![
        format!("allclear {}", header.tool_version),
        format!("run {}", header.id),
        format!("target {}", header.target),
        format!("from {}", header.vantage),
        header.started.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    ];
    about.extend(header.flags.iter().cloned());
    page.line(0, Tone::Dim, &visible::line(&about.join(" · ")));
    if !header.overridden.is_empty() {
        let keys = header.overridden.join(", ");
        page.line(
            0,
            Tone::Dim,
            &visible::line(&format!("the target overrides the gate's {keys}")),
        );
    }
}

/// The text so far, and how to add to it.
struct Page {
    text: String,
    style: Style,
}

impl Page {
    fn line(&mut self, indent: usize, tone: Tone, text: &str) {
        let painted = self.style.paint(tone, text);
        self.raw(indent, &painted);
    }

    /// A line whose parts are painted already.
    fn raw(&mut self, indent: usize, text: &str) {
        self.text.extend(std::iter::repeat_n(' ', indent));
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn gap(&mut self) {
        self.text.push('\n');
    }
}
