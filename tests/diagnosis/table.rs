//! All faults in one table, and how often we are right.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::thread;

use allclear::model::Class;

use crate::faults::GROUPS;
use crate::told::Told;

/// So many groups are at work at once: most of their time they wait for servers.
const AT_ONCE: usize = 3;

/// So many faults the table has at least.
const LEAST: usize = 60;

/// Of the classes that one look can decide, so many in a hundred are right.
const CLASSES: usize = 95;

#[test]
fn each_fault_is_told_as_an_expert_would_tell_it() {
    let all = everything();
    let names: BTreeSet<&str> = all.iter().map(|told| told.row.name.as_str()).collect();
    assert_eq!(names.len(), all.len(), "two rows have one name");
    assert!(all.len() >= LEAST, "only {} faults", all.len());
    let score = Score::of(&all);
    assert!(score.is_good(), "{score}");
}

/// The faults of all groups.
fn everything() -> Vec<Told> {
    let (queue, all) = (Mutex::new(GROUPS.iter()), Mutex::new(Vec::new()));
    let work = || {
        // In a statement of its own, so that the queue is free meanwhile.
        loop {
            let Some(group) = queue.lock().unwrap().next() else {
                return;
            };
            let told = group();
            all.lock().unwrap().extend(told);
        }
    };
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(work);
        }
    });
    all.into_inner().unwrap()
}

/// How often we were right, and where not.
#[derive(Default)]
struct Score {
    rows: usize,
    codes: usize,
    layers: usize,
    /// Rows whose class one look can decide, and of how many it was told.
    known: usize,
    classes: usize,
    /// Rows of which a class was told aloud that is not the right one, or that nobody can know.
    betrayed: usize,
    disagreements: String,
}

impl Score {
    fn of(all: &[Told]) -> Self {
        let mut score = Self::default();
        for told in all {
            score.add(told);
        }
        score
    }

    fn add(&mut self, told: &Told) {
        let row = &told.row;
        let is_red = matches!(told.status.as_str(), "failed" | "errored");
        let has_code = is_red && row.code == told.code;
        let mut agrees = has_code;
        self.rows += 1;
        self.codes += usize::from(has_code);
        self.known += usize::from(row.answer.is_known());
        let mut said = String::from("nothing");
        agrees &= told.diagnosis.is_some();
        if let Some(told) = &told.diagnosis {
            let has_layer = told.layer == row.layer;
            let has_class = row.answer.agrees(told.class, told.leaning);
            self.layers += usize::from(has_layer);
            self.classes += usize::from(has_class && row.answer.is_known());
            self.betrayed += usize::from(row.answer.is_betrayed_by(told.class));
            agrees &= has_layer && has_class;
            let leaning = match told.leaning {
                Some(class) if told.class == Class::Unknown => format!(", leaning {class}"),
                _ => String::new(),
            };
            said = format!(
                "{} {}{leaning} ({}) {}",
                told.layer, told.class, told.rule, told.adjusted
            );
        }
        if !agrees {
            let (code, layer, answer) = (row.code, row.layer, row.answer);
            let (status, ended) = (&told.status, &told.code);
            let _ = writeln!(
                self.disagreements,
                "{}\n  expert: {code}, {layer}, {answer}\n  told:   {status} {ended}, {said}",
                row.name,
            );
        }
    }

    fn is_good(&self) -> bool {
        let has_classes = self.classes * 100 >= self.known * CLASSES;
        self.codes == self.rows && self.layers == self.rows && self.betrayed == 0 && has_classes
    }
}

impl std::fmt::Display for Score {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            rows,
            codes,
            layers,
            known,
            classes,
            betrayed,
            disagreements,
        } = self;
        writeln!(
            f,
            "{codes} codes and {layers} layers of {rows}, {classes} classes of {known} that can be known, \
             {betrayed} confident and wrong"
        )?;
        f.write_str(disagreements)
    }
}
