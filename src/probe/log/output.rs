//! A log that a program prints.

use std::collections::VecDeque;

use tokio::time::Instant;

use super::End;
use super::tally::{Tally, too_large};
use crate::model::{FaultKind, Keep, Origin, Phase, Value};
use crate::probe::lines::Lines;
use crate::probe::look::{Halt, Look};
use crate::probe::program::{Output, Streamed, exited};

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
    tail.tell(look);
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
    exited(ended.status).map_err(halted)?;
    let code = ended.status.code().unwrap_or_default();
    look.fact("exit_code", Value::int(code));
    if code == 0 {
        return Ok(());
    }
    let why = format!("ended with exit code {code}, so what it printed may not be the whole log");
    let halt = Halt::fault(FaultKind::ProcessExit(code), why).by(Origin::ExitCode(code));
    Err(End::Halted(Phase::Process, halt))
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
        self.lines.feed(bytes, &mut |line| keep(kept, &line.text));
    }

    /// Masked line by line, before each is cut.
    fn tell(mut self, look: &mut Look<'_>) {
        let kept = &mut self.kept;
        self.lines.finish(&mut |line| keep(kept, &line.text));
        let mut text = String::new();
        for line in &self.kept {
            let line = look.ctx.shared.mask.apply(line);
            text.push_str(&line[..line.floor_char_boundary(SHOWN)]);
            text.push('\n');
        }
        if !text.is_empty() {
            look.evidence("stderr", text, Keep::Last(LAST * (SHOWN + 1)));
        }
    }
}

fn keep(kept: &mut VecDeque<String>, line: &str) {
    if kept.len() == LAST {
        kept.pop_front();
    }
    kept.push_back(line.to_owned());
}
