//! `json`: the whole finished run as one versioned document, from which every other report can be made again.

use super::{Format, Style};
use crate::model::FinishedRun;
use crate::wire;

pub(super) const FORMAT: Format = Format {
    name: "json",
    extension: "json",
    help: "the whole run as one document; its schema is schema/run.json",
    render,
};

fn render(run: &FinishedRun, _style: Style) -> String {
    let mut document = wire::run_to_json(run, true);
    document.push('\n');
    document
}
