//! One instance that is not simply good, told in lines. The console paints them, JUnit puts them into the body.

use std::fmt::Write as _;

use super::by_actor::by_actor;
use super::style::Tone;
use super::{facts, sample, visible, wording};
use crate::model::{
    AttemptRecord, Excerpt, Fault, Finding, Keep, Outcome, Place, State, Status, StepRecord,
    TestRecord, Why,
};

/// A line without its colour, indented in steps of two.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) indent: usize,
    pub(super) tone: Tone,
    pub(super) text: String,
}

/// How much of what has no natural end is told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Actors of one attempt.
    pub(super) actors: usize,
    /// Findings of one step.
    pub(super) findings: usize,
    /// Lines of the detail of one finding: a list of events says where it broke only as a whole.
    pub(super) detail: usize,
    /// Lines of one excerpt of evidence.
    pub(super) evidence: usize,
    /// Characters of one line.
    pub(super) line: usize,
}

impl Bounds {
    /// For a screen.
    pub(super) const SCREEN: Self = Self {
        actors: 3,
        findings: 5,
        detail: 48,
        evidence: 6,
        line: 200,
    };
    /// For a file that is searched later.
    pub(super) const FILE: Self = Self {
        actors: 20,
        findings: 50,
        detail: 60,
        evidence: 60,
        line: 1000,
    };
}

/// Everything a person needs who has to act on this instance.
pub(super) fn tell(test: &TestRecord, bounds: Bounds) -> Vec<Line> {
    let mut lines = Lines {
        all: Vec::new(),
        bounds,
    };
    lines.place(test);
    lines.statement(test);
    if let Some(attempt) = test.deciding_attempt() {
        lines.attempt(attempt);
    }
    lines.attempts(test);
    lines.sample(test);
    lines.looks(test);
    for left in &test.left_behind {
        lines.add(0, Tone::Warn, &format!("left behind: {left}"));
    }
    lines.on_fail(test);
    lines.all
}

/// The same as plain text with its id, code and status: what a trial of `cargo test` fails with.
pub fn instance(test: &TestRecord) -> String {
    let code = test
        .code
        .as_ref()
        .map(|code| format!("  {code}"))
        .unwrap_or_default();
    let status = wording::status(test.status);
    let mut text = format!("{}  {status}{code}", test.header.id);
    for line in tell(test, Bounds::SCREEN) {
        let _ = write!(text, "\n{}{}", "  ".repeat(line.indent + 1), line.text);
    }
    text
}

/// The steps of an attempt that belongs to a session.
pub(super) fn tell_attempt(attempt: &AttemptRecord, bounds: Bounds) -> Vec<Line> {
    let mut lines = Lines {
        all: Vec::new(),
        bounds,
    };
    lines.attempt(attempt);
    lines.all
}

/// One line a reader recognises the failure by: the fault's message, or the first finding that does not hold.
pub(super) fn headline(test: &TestRecord) -> Option<String> {
    if let Some(why) = &test.why {
        return Some(wording::why(why));
    }
    if test.status == Status::UnexpectedPass {
        return Some(UNEXPECTED_PASS.to_owned());
    }
    let claims = test.sample.iter().flat_map(|sample| &sample.findings);
    let mut claims = claims.filter(|claim| claim.is_open());
    let of_attempt = test.deciding_attempt().and_then(|attempt| {
        // What no claim can make good has a code of its own: a leak.
        let decides = attempt.code.is_some() && attempt.code == test.code;
        let text = attempt_headline(attempt)?;
        Some((decides, text))
    });
    match (of_attempt, claims.next()) {
        (Some((true, text)), _) | (Some((false, text)), None) => Some(text),
        (_, Some(claim)) => Some(finding(claim)),
        (None, None) => None,
    }
}

/// The same for one attempt.
pub(super) fn attempt_headline(attempt: &AttemptRecord) -> Option<String> {
    let steps = attempt.steps.iter().filter(|step| step.may_decide());
    let of_step = |step: &StepRecord| {
        let text = if let Some(error) = &step.error {
            visible::line(&error.message)
        } else {
            let open = step.findings.iter().filter(|finding| finding.is_open());
            let decides = |finding: &&&Finding| Some(&finding.code) == attempt.code.as_ref();
            let open = open
                .clone()
                .find(|finding| decides(&finding))
                .or(open.clone().next())?;
            match &step.observation.fault {
                Some(seen) if seen.code() == open.code => unexpected(seen, open),
                _ => finding(open),
            }
        };
        Some(match &step.actor {
            Some(actor) => visible::line(&format!("{actor}: {text}")),
            None => text,
        })
    };
    // Of many actors the first may only have waited for the one that decided.
    let mut deciding = steps.clone().filter(|step| attempt.is_decided_by(step));
    deciding
        .find_map(of_step)
        .or_else(|| steps.clone().find_map(of_step))
}

/// The attempts of an instance in one line: `3 attempts: 1 tcp.reset, 2 tcp.reset, 3 held`.
pub(super) fn attempts(test: &TestRecord) -> String {
    let told: Vec<String> = test
        .attempts
        .iter()
        .map(|attempt| {
            let came_out = match (attempt.outcome, &attempt.code) {
                (Outcome::Held, _) => "held",
                (Outcome::NotHeld | Outcome::Unable, Some(code)) => code.as_str(),
                (Outcome::NotHeld, None) => "did not hold",
                (Outcome::Unable, None) => "could not look",
            };
            visible::line(&format!("{} {came_out}", attempt.number))
        })
        .collect();
    let flaps = test.attempts.iter().rev().find_map(|attempt| attempt.flaps);
    let flaps = flaps.map_or_else(String::new, |flaps| {
        format!(", {}", wording::count(flaps, "flap"))
    });
    format!(
        "{}{flaps}: {}",
        wording::count(test.attempts_made, "attempt"),
        wording::list(&told, 6)
    )
}

/// Bytes of an expectation that is told after what was seen.
const LONG_EXPECTED: usize = 64;

const UNEXPECTED_PASS: &str =
    "passed, although `expect_failure` says that it fails: the expectation is stale";

/// `status equals 200, but was 503`.
fn finding(finding: &Finding) -> String {
    let wanted = visible::line(format!("{} {}", finding.path, finding.expected).trim());
    let actual = finding.actual.as_deref().map(visible::line);
    match finding.state {
        State::Held => format!("{wanted}: held"),
        State::NotReached => format!("{wanted}: not reached"),
        State::NotHeld => match actual {
            // What is cut is the end: what was seen is not said behind all that was wanted.
            Some(actual) if finding.expected.len() > LONG_EXPECTED => {
                let expected = visible::line(&finding.expected);
                format!(
                    "{}: {actual}; expected {expected}",
                    visible::line(&finding.path)
                )
            }
            Some(actual) => format!("{wanted}, but was {actual}"),
            None => format!("{wanted}, but there was none"),
        },
        State::Undecided {
            more_successes_needed,
        } => {
            let seen = actual.map_or_else(String::new, |actual| format!(" (seen: {actual})"));
            let settle = match more_successes_needed {
                Some(1) => "1 more success would settle it".to_owned(),
                Some(n) => format!("{n} more successes would settle it"),
                None => "no number of attempts within reach would settle it".to_owned(),
            };
            format!("{wanted}: neither proved nor refuted{seen}; {settle}")
        }
    }
}

/// `tcp.refused in phase connect: nobody listens on 127.0.0.1:5432 (errno 111)`.
fn fault(fault: &Fault) -> String {
    let origin = fault
        .origin
        .map_or_else(String::new, |origin| format!(" ({origin})"));
    visible::line(&format!("{fault}{origin}"))
}

/// A fault, and which one was expected instead, if any was.
fn unexpected(seen: &Fault, finding: &Finding) -> String {
    match finding.expected.as_str() {
        "" | "none" => fault(seen),
        expected => format!("{}; expected {}", fault(seen), visible::line(expected)),
    }
}

struct Lines {
    all: Vec<Line>,
    bounds: Bounds,
}

impl Lines {
    fn add(&mut self, indent: usize, tone: Tone, text: &str) {
        let text = visible::cut(&visible::line(text), self.bounds.line);
        self.all.push(Line { indent, tone, text });
    }

    fn place(&mut self, test: &TestRecord) {
        let header = &test.header;
        let mut about = vec![format!("{}:{}", header.place.file, header.place.line)];
        let marks = [
            (header.critical, "critical"),
            (header.invariant, "invariant"),
            (header.pulled_in, "pulled in"),
        ];
        about.extend(
            marks
                .into_iter()
                .filter(|(is_so, _)| *is_so)
                .map(|(_, mark)| mark.to_owned()),
        );
        about.extend(header.title.clone());
        self.add(0, Tone::Dim, &about.join(" · "));
    }

    fn statement(&mut self, test: &TestRecord) {
        if test.status == Status::UnexpectedPass {
            self.add(0, Tone::Bad, UNEXPECTED_PASS);
        }
        let told_by_a_step = test
            .deciding_attempt()
            .is_some_and(|attempt| attempt.steps.iter().any(|step| step.error.is_some()));
        match &test.why {
            Some(Why::Errored(_)) if told_by_a_step => {}
            Some(why) => self.add(0, Tone::Plain, &wording::why(why)),
            None => {}
        }
    }

    fn attempt(&mut self, attempt: &AttemptRecord) {
        let mut groups = by_actor(attempt);
        // The one that decided first; others may only have waited for it.
        groups.sort_by_key(|(_, steps)| !steps.iter().any(|step| attempt.is_decided_by(step)));
        // What `on_fail` looked at is told by itself.
        let is_wrong = |step: &&StepRecord| step.outcome != Outcome::Held && !step.diagnostic;
        groups.retain(|(_, steps)| steps.iter().any(&is_wrong));
        for (_, steps) in groups.iter().take(self.bounds.actors) {
            // What belongs to a cold start has a name of its own.
            let counted = |step: &&&StepRecord| !step.cold && !step.diagnostic;
            let several = steps.iter().filter(counted).count() > 1;
            let mut position = 0;
            for step in steps {
                position += usize::from(!step.cold);
                if is_wrong(step) {
                    self.step(step, several.then_some(position));
                }
            }
        }
        let more: Vec<String> = groups
            .iter()
            .skip(self.bounds.actors)
            .filter_map(|(actor, _)| Some(visible::line(actor.as_ref()?.as_str())))
            .collect();
        if !more.is_empty() {
            let count = wording::count(more.len() as u64, "more actor");
            let names = wording::list(&more, 8);
            self.add(0, Tone::Dim, &format!("… and {count}: {names}"));
        }
    }

    fn step(&mut self, step: &StepRecord, position: Option<usize>) {
        let kind = match (step.cleanup, step.cold, step.diagnostic) {
            (true, ..) => "clean-up",
            (false, true, _) => "cold start:",
            (false, false, true) => "look",
            (false, false, false) => "step",
        };
        let name = match (&step.name, position) {
            // A look without a name of its own is called `look 1`.
            (Some(name), _) if step.diagnostic && name.as_str().starts_with("look ") => {
                format!("{name} · ")
            }
            (Some(name), _) => format!("{kind} {name} · "),
            (None, Some(position)) => format!("{kind} {position} · "),
            (None, None) => String::new(),
        };
        let whose = step
            .actor
            .as_ref()
            .map_or_else(String::new, |actor| format!("{actor} · "));
        let polls = step.polls.map_or_else(String::new, |polls| {
            format!(" · {}", wording::count(polls, "poll"))
        });
        let flaps = step.flaps.map_or_else(String::new, |flaps| {
            format!(", {}", wording::count(flaps, "flap"))
        });
        self.add(
            0,
            Tone::Plain,
            &format!(
                "{whose}{name}{} {} · {}{polls}{flaps}",
                step.probe,
                step.request,
                wording::duration(step.observation.latency)
            ),
        );
        if let Some(error) = &step.error {
            let code = error.kind.code();
            self.add(
                1,
                Tone::Warn,
                &format!("could not look: {} ({code})", error.message),
            );
        }
        self.findings(step);
        if step.diagnostic {
            self.seen(step);
        }
        for excerpt in &step.observation.evidence {
            self.evidence(excerpt);
        }
    }

    /// What `on_fail` looked at, whatever it saw.
    fn looks(&mut self, test: &TestRecord) {
        let steps = test.attempts.iter().flat_map(|attempt| &attempt.steps);
        for look in steps.filter(|step| step.diagnostic) {
            self.step(look, None);
        }
    }

    fn seen(&mut self, look: &StepRecord) {
        if let Some(seen) = &look.observation.fault {
            self.add(1, Tone::Plain, &fault(seen));
        }
        let (lines, left_out) = facts::in_lines(&look.observation, self.bounds.findings);
        for line in lines {
            self.add(1, Tone::Plain, &line);
        }
        if left_out > 0 {
            let more = wording::count(left_out as u64, "fact");
            self.add(1, Tone::Dim, &format!("… and {more} more"));
        }
    }

    fn findings(&mut self, step: &StepRecord) {
        let open: Vec<&Finding> = step.findings.iter().filter(|one| one.is_open()).collect();
        for finding in open.iter().take(self.bounds.findings) {
            match &step.observation.fault {
                // The finding of an unexpected fault says less than the fault itself.
                Some(seen) if seen.code() == finding.code => {
                    self.add(1, Tone::Bad, &unexpected(seen, finding));
                }
                _ => self.finding(finding),
            }
        }
        if let Some(more) = open.len().checked_sub(self.bounds.findings + 1) {
            let more = wording::count(more as u64 + 1, "expectation");
            self.add(
                1,
                Tone::Dim,
                &format!("… and {more} more that did not hold"),
            );
        }
        let not_reached = step
            .findings
            .iter()
            .filter(|finding| finding.state == State::NotReached)
            .count();
        if not_reached > 0 {
            let folded = wording::count(not_reached as u64, "expectation");
            self.add(1, Tone::Dim, &format!("{folded} not reached"));
        }
    }

    fn finding(&mut self, one: &Finding) {
        let tone = match one.state {
            State::NotHeld => Tone::Bad,
            State::Undecided { .. } => Tone::Warn,
            State::Held | State::NotReached => Tone::Plain,
        };
        let at = one.place.as_ref().map_or_else(String::new, line_of);
        let actual_is_long = one
            .actual
            .as_ref()
            .is_some_and(|actual| actual.contains('\n') || actual.len() > 120);
        if actual_is_long {
            let short = Finding {
                actual: Some("as follows".to_owned()),
                ..one.clone()
            };
            self.add(1, tone, &format!("{}{at}", finding(&short)));
            let actual = one.actual.as_deref().unwrap_or_default();
            self.quote(actual, Keep::First(0), self.bounds.evidence);
        } else {
            self.add(1, tone, &format!("{}{at}", finding(one)));
        }
        if let Some(detail) = &one.detail {
            self.quote(detail, Keep::First(0), self.bounds.detail);
        }
    }

    fn evidence(&mut self, excerpt: &Excerpt) {
        if excerpt.text.trim().is_empty() {
            return;
        }
        self.add(1, Tone::Dim, &format!("{}:", excerpt.label));
        self.quote(&excerpt.text, excerpt.keep, self.bounds.evidence);
    }

    /// Text from outside, with a bar before it, so that it is never taken for ours.
    fn quote(&mut self, text: &str, keep: Keep, most: usize) {
        let text = visible::block(text.trim_end());
        let lines: Vec<&str> = text.lines().collect();
        let left_out = lines.len().saturating_sub(most);
        let note = format!("│ … {} left out", wording::count(left_out as u64, "line"));
        let (shown, note_first) = match keep {
            Keep::First(_) => (&lines[..lines.len() - left_out], false),
            Keep::Last(_) => (&lines[left_out..], true),
        };
        if left_out > 0 && note_first {
            self.add(2, Tone::Dim, &note);
        }
        for line in shown {
            self.add(2, Tone::Dim, &format!("│ {line}"));
        }
        if left_out > 0 && !note_first {
            self.add(2, Tone::Dim, &note);
        }
    }

    fn attempts(&mut self, test: &TestRecord) {
        if test.attempts_made > 1 && test.sample.is_none() {
            self.add(0, Tone::Plain, &attempts(test));
        }
    }

    fn sample(&mut self, test: &TestRecord) {
        let Some(sample) = &test.sample else { return };
        for claim in sample.findings.iter().filter(|claim| claim.is_open()) {
            self.finding(claim);
        }
        self.add(0, Tone::Plain, &sample::summary(sample));
    }

    fn on_fail(&mut self, test: &TestRecord) {
        let on_fail = &test.header.on_fail;
        let owner = on_fail.owner.as_ref().or(test.header.owner.as_ref());
        for (label, said) in [
            ("hint", on_fail.hint.as_ref()),
            ("owner", owner),
            ("runbook", on_fail.runbook.as_ref()),
        ] {
            if let Some(said) = said {
                self.add(0, Tone::Plain, &format!("{label}: {said}"));
            }
        }
    }
}

fn line_of(place: &Place) -> String {
    format!(" · line {}", place.line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FaultKind, KnownCode, Phase, WebSocketFault};

    fn one(path: &str, expected: &str, actual: &str) -> Finding {
        Finding {
            code: KnownCode::Expect.of("isolation"),
            path: path.to_owned(),
            expected: expected.to_owned(),
            actual: Some(actual.to_owned()),
            state: State::NotHeld,
            detail: None,
            place: None,
        }
    }

    #[test]
    fn what_was_seen_is_not_cut_off_by_what_was_wanted() {
        let looked_for = format!(
            "nothing of another actor's (looked for: {})",
            "nonce, ".repeat(9)
        );
        let leak = one(
            "isolation actor2",
            &looked_for,
            "`nonce` of actor3 in event 4",
        );
        let told = finding(&leak);
        let first = "isolation actor2: `nonce` of actor3 in event 4; expected nothing of";
        assert!(told.starts_with(first), "{told}");
        let short = finding(&one("status", "equals 200", "503"));
        assert_eq!(short, "status equals 200, but was 503");
    }

    #[test]
    fn another_fault_is_told_with_the_one_that_was_expected() {
        let seen = Fault {
            kind: FaultKind::WebSocket(WebSocketFault::Lost),
            phase: Phase::Event,
            message: "gone".to_owned(),
            origin: None,
        };
        let told = |expected| unexpected(&seen, &one("fault", expected, "gone"));
        assert_eq!(told("none"), "websocket.lost in phase event: gone");
        assert_eq!(
            told("websocket.closed.1008"),
            "websocket.lost in phase event: gone; expected websocket.closed.1008"
        );
    }
}
