//! The two formats that lose nothing.

use allclear::model::{FinishedRun, Fold};
use allclear::report::{Format, Style};
use allclear::wire;

use super::built;
use super::explained::several_causes;

fn render(format: &str, run: &FinishedRun) -> String {
    (Format::named(format).unwrap().render)(run, Style::default())
}

#[test]
fn a_run_read_back_reports_like_a_fresh_one_in_every_format() {
    for run in [built::every_status(), several_causes()] {
        let back = wire::run_from_json(&render("json", &run)).unwrap();
        for format in allclear::report::FORMATS {
            assert_eq!(
                render(format.name, &back),
                render(format.name, &run),
                "{}",
                format.name
            );
        }
    }
}

#[test]
fn the_lines_of_jsonl_fold_to_the_run() {
    let run = several_causes();
    let text = render("jsonl", &run);
    let mut lines = text.lines();
    let id = wire::read_preface(lines.next().unwrap()).unwrap();
    assert_eq!(id, run.record.header.id);
    let mut fold = Fold::new(run.record.header.clone());
    for line in lines {
        fold.apply(&wire::event_from_line(line).unwrap());
    }
    assert_eq!(fold.verdict(), Some(run.verdict.clone()));
    assert_eq!(fold.diagnosis(), Some(run.diagnosis.clone()));
    assert_eq!(fold.finish(), *run.record);
}
