use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::model::{Event, FinishedRun, Interrupt, RunRecord, Status};

const VERSION_1: &str = include_str!("../../tests/wire/run-1.json");

/// Compared by writing as well: to the model `1` and `1.0` are equal, to a report they are not.
fn assert_same(left: &FinishedRun, right: &FinishedRun) {
    assert_eq!(left, right);
    assert_eq!(format!("{left:?}"), format!("{right:?}"));
}

fn document(run: &FinishedRun) -> Json {
    serde_json::from_str(&run_to_json(run, false)).unwrap()
}

fn read(document: &Json) -> Result<FinishedRun, WireError> {
    run_from_json(&document.to_string())
}

#[test]
fn a_run_with_every_variant_reads_back_as_it_was() {
    let run = specimen::finished("text");
    for pretty in [false, true] {
        let json = run_to_json(&run, pretty);
        let back = run_from_json(&json).unwrap();
        assert_same(&back, &run);
        assert_eq!(run_to_json(&back, pretty), json);
    }
}

#[test]
fn every_interrupt_reads_back() {
    let run = specimen::finished("text");
    for interrupted in Interrupt::ALL.iter().copied().map(Some).chain([None]) {
        let record = RunRecord {
            ended: interrupted.is_some(),
            interrupted,
            ..(*run.record).clone()
        };
        let run = FinishedRun {
            record: Arc::new(record),
            ..run.clone()
        };
        assert_same(&read(&document(&run)).unwrap(), &run);
    }
}

#[test]
fn events_read_back_and_fold_to_the_same_record() {
    let run = specimen::finished("text");
    let events: Vec<Event> = specimen::events(&run)
        .iter()
        .map(|event| event_from_line(&event_to_line(event)).unwrap())
        .collect();
    let Event::RunStarted(header) = &events[0] else {
        panic!("the first event is the run's start");
    };
    let mut fold = crate::model::Fold::new(header.clone());
    for event in &events[1..] {
        fold.apply(event);
    }
    let back = FinishedRun {
        verdict: fold.verdict().unwrap(),
        diagnosis: fold.diagnosis().unwrap(),
        record: Arc::new(fold.finish()),
    };
    assert_same(&back, &run);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn whatever_stands_in_a_text_reads_back_on_one_line(text: String) {
        let run = specimen::finished(&text);
        assert_same(&run_from_json(&run_to_json(&run, false)).unwrap(), &run);
        for event in specimen::events(&run) {
            let line = event_to_line(&event);
            prop_assert!(!line.contains('\n'));
            prop_assert_eq!(format!("{:?}", event_from_line(&line).unwrap()), format!("{event:?}"));
        }
    }
}

#[test]
fn a_record_that_does_not_add_up_still_does_not_when_read_back() {
    let run = specimen::finished("text");
    let mut record = (*run.record).clone();
    record.tests.pop();
    let mut diagnosis = (*run.diagnosis).clone();
    diagnosis.failures.pop();
    let run = FinishedRun {
        record: Arc::new(record),
        diagnosis: Arc::new(diagnosis),
        ..run
    };
    assert_same(&read(&document(&run)).unwrap(), &run);
}

#[test]
fn a_leaning_is_never_written_as_a_class() {
    let document = document(&specimen::finished("text"));
    let causes = document["causes"].as_array().unwrap();
    let leaning = causes.iter().find(|cause| cause["leaning"] != Json::Null);
    assert_eq!(leaning.unwrap()["leaning"], "infrastructure");
    for told in causes.iter().chain(
        document["tests"]
            .as_array()
            .unwrap()
            .iter()
            .map(|test| &test["diagnosis"]),
    ) {
        assert!(
            told["confidence"] != "low" || told["class"] == "unknown",
            "{told}"
        );
    }
    assert_eq!(document["diagnosis"]["split"]["infrastructure"], 1);
    assert_eq!(document["diagnosis"]["split"]["leaning_infrastructure"], 1);
    assert_eq!(document["diagnosis"]["beside"][0]["test"], "elsewhere/gone");
}

#[test]
fn a_cause_from_before_these_were_written_reads_without_meaning_advice_and_looks() {
    let run = specimen::finished("text");
    let mut json = document(&run);
    for cause in json["causes"].as_array_mut().unwrap() {
        for key in ["meaning", "advice", "looks"] {
            cause.as_object_mut().unwrap().remove(key);
        }
    }
    let back = read(&json).unwrap();
    assert_eq!(back.diagnosis.causes.len(), run.diagnosis.causes.len());
    for cause in &back.diagnosis.causes {
        let (meaning, advice, looks) = (&cause.meaning, &cause.advice, &cause.looks);
        assert!(meaning.is_empty() && advice.is_empty() && looks.is_empty());
    }
    assert_same(&read(&document(&back)).unwrap(), &back);
}

#[test]
fn a_run_nobody_diagnosed_reads_as_such_and_stays_so() {
    let run = run_from_json(VERSION_1).unwrap();
    assert!(!run.diagnosis.is_made());
    let written = document(&run);
    assert_eq!(written["diagnosis"], Json::Null);
    assert_eq!(written["causes"], Json::Null);
    let Event::Judged(judged) = specimen::events(&run).pop().unwrap() else {
        panic!("the last event is the verdict");
    };
    let line = event_to_line(&Event::Judged(judged.clone()));
    assert!(!line.contains("diagnosis"), "{line}");
    assert_eq!(event_from_line(&line).unwrap(), Event::Judged(judged));
}

#[test]
fn a_document_that_lost_a_test_is_refused() {
    let mut document = document(&specimen::finished("text"));
    document["tests"].as_array_mut().unwrap().pop();
    assert!(matches!(read(&document), Err(WireError::Planned { .. })));
}

#[test]
fn the_document_of_version_1_keeps_loading() {
    let run = run_from_json(VERSION_1).unwrap();
    assert_eq!(run.verdict.word.name(), "NO-GO");
    assert_eq!(run.record.counts().of(Status::Failed), 1);
    assert_eq!(
        run.record.tests[1].header.id.to_string(),
        "database/login[primary]"
    );
    let step = &run.record.tests[1].attempts[0].steps[0];
    assert_eq!(
        step.observation.fault.as_ref().unwrap().code().as_str(),
        "tcp.refused"
    );
}

#[test]
fn unknown_fields_are_ignored_everywhere() {
    fn add_everywhere(json: &mut Json, path: &str) {
        match json {
            Json::Array(items) => items.iter_mut().for_each(|item| add_everywhere(item, path)),
            Json::Object(entries) => {
                // A value is not a document.
                for (key, value) in entries.iter_mut().filter(|(key, _)| *key != "facts") {
                    add_everywhere(value, key);
                }
                // Objects whose keys are data, and enums with one key, have no fields to add to.
                let open = !matches!(
                    path,
                    "variables" | "phases_us" | "why" | "root" | "origin" | "keep" | "standing"
                ) && !path.starts_with("max_");
                if open {
                    entries.insert("added_later".to_owned(), json!({ "a": [1] }));
                }
            }
            _ => {}
        }
    }
    let mut document: Json = serde_json::from_str(VERSION_1).unwrap();
    add_everywhere(&mut document, "");
    assert_same(
        &read(&document).unwrap(),
        &run_from_json(VERSION_1).unwrap(),
    );
}

#[test]
fn what_is_derived_is_there_for_readers_and_ignored_when_read_back() {
    let run = specimen::finished("text");
    let mut document = document(&run);
    assert_eq!(document["counts"]["failed"], 1);
    assert_eq!(document["counts"]["filtered"], 68);
    assert_eq!(document["elapsed_ms"], 98765.432);
    assert_eq!(document["verdict"]["word"], "NO-GO");
    document["counts"] = json!("none of your business");
    document.as_object_mut().unwrap().remove("elapsed_ms");
    assert_same(&read(&document).unwrap(), &run);
}

#[test]
fn a_newer_version_is_refused_and_says_what_to_do() {
    let mut document = document(&specimen::finished("text"));
    document["version"] = json!(2);
    let error = read(&document).unwrap_err();
    assert!(matches!(
        error,
        WireError::Version {
            found: 2,
            known: 1,
            ..
        }
    ));
    assert_eq!(
        error.to_string(),
        "version 2 of `allclear-run`, but this allclear reads up to version 1: read it with the allclear that wrote it, or a newer one"
    );
}

#[test]
fn what_is_not_ours_is_told_from_what_is_damaged() {
    for foreign in [
        "[]",
        "7",
        "{}",
        r#"{"format":"sarif","version":1}"#,
        r#"{"format":3}"#,
    ] {
        let error = run_from_json(foreign).unwrap_err();
        assert!(
            matches!(error, WireError::Foreign { .. }),
            "{foreign}: {error}"
        );
    }
    for cut in ["", "{", "<xml/>", &VERSION_1[..400]] {
        let error = run_from_json(cut).unwrap_err();
        assert!(matches!(error, WireError::Syntax(_)), "{cut}: {error}");
    }
    let damaged = VERSION_1.replace("\"NO-GO\"", "\"MAYBE\"");
    let error = run_from_json(&damaged).unwrap_err();
    assert!(matches!(error, WireError::Content(_)), "{error}");
    assert!(error.to_string().contains("MAYBE"), "{error}");
    let unversioned = VERSION_1.replace("\"version\": 1", "\"version\": 0");
    let error = run_from_json(&unversioned).unwrap_err();
    assert!(
        matches!(error, WireError::Version { found: 0, .. }),
        "{error}"
    );
}

#[test]
fn a_preface_reads_back_and_a_newer_one_is_refused() {
    let run = crate::model::RunId::new("20261121T085751Z-3f9a1c");
    let line = preface(&run);
    assert_eq!(read_preface(&line).unwrap(), run);
    let newer = line.replace(r#""version":2"#, r#""version":7"#);
    assert!(matches!(
        read_preface(&newer),
        Err(WireError::Version { found: 7, .. })
    ));
    let run_document = run_to_json(&specimen::finished("text"), false);
    assert!(matches!(
        read_preface(&run_document),
        Err(WireError::Foreign { .. })
    ));
}

#[test]
fn documents_keep_what_the_schema_promises() {
    let schema: Json = serde_json::from_str(&run_schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let documents = [
        document(&specimen::finished("text")),
        serde_json::from_str(VERSION_1).unwrap(),
    ];
    for document in &documents {
        let errors: Vec<String> = validator
            .iter_errors(document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
    let mut broken = documents[0].clone();
    broken["tests"][0]["status"] = json!("splendid");
    assert!(!validator.is_valid(&broken));
}
