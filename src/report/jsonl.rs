//! `jsonl`: the run as events, one JSON object a line, after a line that names format and version: what a journal holds.

use super::{Format, Style, retold};
use crate::model::FinishedRun;
use crate::wire;

pub(super) const FORMAT: Format = Format {
    name: "jsonl",
    extension: "jsonl",
    help: "the run as events, one JSON object a line",
    render,
};

fn render(run: &FinishedRun, _style: Style) -> String {
    let mut lines = wire::preface(&run.record.header.id);
    lines.push('\n');
    for event in retold(run) {
        lines.push_str(&wire::event_to_line(&event));
        lines.push('\n');
    }
    lines
}
