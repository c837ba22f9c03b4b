//! A log that a program prints.

use std::collections::VecDeque;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use tokio::time::Instant;

use super::End;
use super::tally::{Tally, too_large};
use crate::model::{FaultKind, Keep, Phase, Unable, Value};
use crate::probe::lines::{Line, Lines};
use crate::probe::look::{Halt, Look};
use crate::probe::program::{Output, Streamed};
use crate::template::Mask;

/// So many of the last lines on standard error are shown: they say why there is no log.
const LAST: usize = 10;

/// So many bytes of each.
const SHOWN: usize = 1024;

/// Runs the program and counts the lines of both its outputs.
pub(super) async fn read(
    look: &mut Look<'_>,
    program: &Streamed,
    most: u64,
    [stdout, stderr]: [&mut Tally<'_>; 2],
) -> Result<(), End> {
    let mut left = most;
    let mut tail = Tail::default();
    let started = Instant::now();
    let mut hear = |output: Output, bytes: &[u8]| -> Result<(), Halt> {
        match output {
            Output::Stdout => stdout.feed(bytes),
            Output::Stderr => {
                stderr.feed(bytes);
                tail.feed(bytes);
            }
        }
        let rest = left.checked_sub(bytes.len() as u64);
        left = rest.ok_or_else(|| too_large(most))?;
        Ok(())
    };
    let ended = program.run(look.ctx.deadline, &mut hear).await;
    look.passed(Phase::Process, started.elapsed());
    let said = tail.text(&look.ctx.shared.mask);
    if !said.is_empty() {
        let keep = Keep::Last(LAST * (SHOWN + 1));
        look.evidence("stderr", said.clone(), keep);
    }
    let halted = |halt: Halt| match halt {
        Halt::Fault {
            kind: FaultKind::Log(_),
            ..
        } => End::Halted(Phase::Read, halt),
        halt => End::Halted(Phase::Process, halt),
    };
    let ended = ended.map_err(halted)?;
    if ended.is_held {
        let note = "something it started keeps its output open; reading has stopped";
        look.evidence("note", note.to_owned(), Keep::First(SHOWN));
    }
    if !ended.status.success() {
        return Err(halted(failed(ended.status, &said)));
    }
    look.fact("exit_code", Value::int(0));
    Ok(())
}

/// A program that fails has not shown the log, or not all of it: that is no word about whose log it is.
fn failed(status: ExitStatus, said: &str) -> Halt {
    let how = match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, signal) => format!("signal {}", signal.unwrap_or_default()),
    };
    let last = said.lines().last();
    let last = last.map_or_else(String::new, |line| format!("; it said last: {line}"));
    let why = format!("ended with {how}, so what it printed may not be the whole log{last}");
    Halt::unable(Unable::Program, why)
}

/// The last lines of an output.
#[derive(Default)]
struct Tail {
    lines: Lines,
    kept: VecDeque<String>,
}

impl Tail {
    fn feed(&mut self, bytes: &[u8]) {
        let kept = &mut self.kept;
        self.lines.feed(bytes, &mut |line| keep(kept, &line));
    }

    /// Masked line by line, before each is cut.
    fn text(mut self, mask: &Mask) -> String {
        let kept = &mut self.kept;
        self.lines.finish(&mut |line| keep(kept, &line));
        let mut text = String::new();
        for line in &self.kept {
            let line = mask.apply(line);
            text.push_str(&line[..line.floor_char_boundary(SHOWN)]);
            text.push('\n');
        }
        text
    }
}

fn keep(kept: &mut VecDeque<String>, line: &Line<'_>) {
    // A later piece of a long line may begin in the middle of a secret.
    if line.continues {
        return;
    }
    if kept.len() == LAST {
        kept.pop_front();
    }
    kept.push_back(line.text.clone().into_owned());
}
