//! The document of a finished run.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::diagnosis::{Cause, Diagnosed, Summary};
use super::document::{WireError, check};
use super::header::Header;
use super::mirror::Mirror;
use super::scalar::Elapsed;
use super::test::{Session, Test};
use super::verdict::Verdict;
use super::word::Named;
use crate::model::{self, FinishedRun, Interrupt, RunRecord, Status, TestId};

/// The `format` of the document.
pub const RUN_FORMAT: &str = "allclear-run";

/// Grows only when an old reader would be misled; what is merely added keeps it.
const VERSION: u64 = 1;

/// The document of a finished run; `pretty` is for people.
pub fn run_to_json(run: &FinishedRun, pretty: bool) -> String {
    let document = Run::of(run);
    let json = if pretty {
        serde_json::to_string_pretty(&document)
    } else {
        serde_json::to_string(&document)
    };
    json.expect("finite numbers and string keys can always be written")
}

/// The finished run of a document.
pub fn run_from_json(text: &str) -> Result<FinishedRun, WireError> {
    check(text, RUN_FORMAT, VERSION)?;
    serde_json::from_str::<Run<'_>>(text)?.back()
}

/// The JSON Schema of the document, for people and for those who generate readers.
pub fn run_schema() -> String {
    let schema = SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator()
        .into_root_schema_for::<Run<'_>>();
    serde_json::to_string_pretty(&schema).expect("a schema is JSON")
}

/// What an allclear run was, and what was decided on it. Unknown fields are to be ignored.
#[derive(Debug, serde::Serialize, serde::Deserialize, JsonSchema)]
struct Run<'a> {
    /// Always `allclear-run`.
    format: Cow<'a, str>,
    /// The version of the format.
    version: u64,
    /// What the gate decided.
    verdict: Verdict<'a>,
    /// How many instances were planned.
    planned: u64,
    /// How many instances ended in each status. Ignored when read back.
    #[serde(skip_deserializing)]
    counts: Counts,
    #[serde(flatten)]
    header: Header<'a>,
    #[serde(flatten)]
    elapsed: Elapsed,
    /// It never said that it had ended: it was killed, or still ran when this was written.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    cut_short: bool,
    /// The signal that ended the run early.
    #[serde(skip_serializing_if = "Option::is_none")]
    interrupted: Option<Named<Interrupt>>,
    /// The sessions that were opened, in the order they ended.
    sessions: Vec<Session<'a>>,
    /// What explains the failures, where anybody diagnosed the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    diagnosis: Option<Summary<'a>>,
    /// The few causes behind the many failures: who explains most first.
    #[serde(skip_serializing_if = "Option::is_none")]
    causes: Option<Vec<Cause<'a>>>,
    /// Every planned instance, in plan order.
    tests: Vec<Told<'a>>,
}

/// An instance, how it ended, and what its evidence says where it failed of its own.
#[derive(Debug, serde::Serialize, serde::Deserialize, JsonSchema)]
struct Told<'a> {
    #[serde(flatten)]
    test: Test<'a>,
    /// What the evidence of the failure says.
    #[serde(skip_serializing_if = "Option::is_none")]
    diagnosis: Option<Diagnosed<'a>>,
}

impl<'a> Run<'a> {
    fn of(
        FinishedRun {
            record,
            verdict,
            diagnosis,
        }: &'a FinishedRun,
    ) -> Self {
        let mut header = Header::of(&record.header);
        // The plan is told twice only when a record does not add up, which the gate must still see later.
        if is_as_planned(record) {
            header.tests.clear();
        }
        let is_made = diagnosis.is_made();
        let (tests, beside) = told(record, if is_made { &diagnosis.failures } else { &[] });
        Self {
            format: RUN_FORMAT.into(),
            version: VERSION,
            verdict: Mirror::of(verdict),
            planned: record.header.tests.len() as u64,
            counts: Counts(record.counts()),
            header,
            elapsed: Mirror::of(&record.elapsed),
            cut_short: !record.ended,
            interrupted: Mirror::of(&record.interrupted),
            sessions: Mirror::of(&record.sessions),
            diagnosis: is_made.then(|| Summary::of(diagnosis, beside)),
            causes: is_made.then(|| Mirror::of(&diagnosis.causes)),
            tests,
        }
    }

    fn back(self) -> Result<FinishedRun, WireError> {
        let mut failures = Vec::new();
        let mut tests: Vec<model::TestRecord> = Vec::with_capacity(self.tests.len());
        for Told { test, diagnosis } in self.tests {
            failures.extend(diagnosis.map(Mirror::back));
            tests.push(test.back());
        }
        let mut header: model::RunHeader = self.header.back();
        if header.tests.is_empty() {
            header.tests = tests.iter().map(|test| test.header.clone()).collect();
        }
        let found = header.tests.len() as u64;
        if found != self.planned {
            return Err(WireError::Planned {
                planned: self.planned,
                found,
            });
        }
        let record = RunRecord {
            header: Arc::new(header),
            elapsed: self.elapsed.back(),
            ended: !self.cut_short,
            interrupted: self.interrupted.back(),
            sessions: self.sessions.back(),
            tests,
        };
        let causes = self.causes.unwrap_or_default();
        let diagnosis = self.diagnosis.map(|summary| summary.back(causes, failures));
        Ok(FinishedRun {
            record: Arc::new(record),
            verdict: self.verdict.back(),
            diagnosis: Arc::new(diagnosis.unwrap_or_default()),
        })
    }
}

/// Each instance with what is said of it, and what is said of none of them.
fn told<'a>(
    record: &'a RunRecord,
    failures: &'a [model::Diagnosed],
) -> (Vec<Told<'a>>, Vec<Diagnosed<'a>>) {
    let mut left: Vec<Option<&model::Diagnosed>> = failures.iter().map(Some).collect();
    let mut position: HashMap<&TestId, usize> = HashMap::new();
    for (at, one) in failures.iter().enumerate() {
        position.entry(&one.test).or_insert(at);
    }
    let tell = |test: &'a model::TestRecord| {
        let at = position.get(&test.header.id);
        Told {
            test: Mirror::of(test),
            diagnosis: at.and_then(|at| left[*at].take()).map(Mirror::of),
        }
    };
    let tests = record.tests.iter().map(tell).collect();
    (tests, left.into_iter().flatten().map(Mirror::of).collect())
}

fn is_as_planned(record: &RunRecord) -> bool {
    let planned = &record.header.tests;
    planned.len() == record.tests.len()
        && planned
            .iter()
            .zip(&record.tests)
            .all(|(planned, test)| Arc::ptr_eq(planned, &test.header) || *planned == test.header)
}

/// How many instances ended in each status.
#[derive(Debug, Default)]
struct Counts(model::Counts);

impl Serialize for Counts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for status in Status::ALL {
            map.serialize_entry(status.name(), &self.0.of(*status))?;
        }
        map.serialize_entry("filtered", &self.0.filtered)?;
        map.end()
    }
}

impl JsonSchema for Counts {
    fn schema_name() -> Cow<'static, str> {
        "Counts".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let count = generator.subschema_for::<u64>();
        let names: Vec<&str> = Status::ALL
            .iter()
            .map(|status| status.name())
            .chain(["filtered"])
            .collect();
        let properties: serde_json::Map<_, _> = names
            .iter()
            .map(|name| ((*name).to_owned(), count.clone().into()))
            .collect();
        json_schema!({ "type": "object", "properties": properties, "required": names })
    }
}
