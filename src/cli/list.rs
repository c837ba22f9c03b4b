//! `allclear list`: what would run, in which order, and what each test asserts.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::Duration;

use serde_json::json;

use super::args::{ListArgs, ListFormat};
use super::door::enter;
use super::exit;
use super::failure::Failure;
use super::terminal::print;
use crate::model::{Category, CodePattern};
use crate::plan::{Mode, Plan, PlannedTest};
use crate::report::codes_text;
use crate::validation::preview;
use crate::yaml::written_duration;

/// Lists the plan.
pub(super) fn list(args: &ListArgs) -> Result<u8, Failure> {
    if args.codes {
        print(&codes_text())?;
        return Ok(exit::GO);
    }
    let (request, output) = enter(args.flags(), &args.select.paths)?;
    let preview = preview(&request)
        .map_err(|refused| Failure::refused(&refused, &request.mask, output.colour_stderr))?;
    let text = match args.format {
        ListFormat::Text => as_text(&preview.plan, args.explain),
        ListFormat::Json => as_json(&preview.plan, args.explain),
    };
    print(&request.mask.apply(&text))?;
    // The process ends: to give back ten thousand tests piece by piece would only take time.
    std::mem::forget(preview);
    Ok(exit::GO)
}

fn as_text(plan: &Plan, explain: bool) -> String {
    let mut text = String::new();
    let mut category: Option<&Category> = None;
    let name = |test: &PlannedTest| test.header.id.name_with_row();
    let names: Vec<String> = plan.tests.iter().map(name).collect();
    let widths = names.iter().map(|name| name.chars().count());
    let width = widths.max().unwrap_or(0).min(48);
    for (test, name) in plan.tests.iter().zip(&names) {
        let header = &test.header;
        if category != Some(header.id.category()) {
            let gap = if category.is_some() { "\n" } else { "" };
            let _ = writeln!(text, "{gap}{}", header.id.category());
            category = Some(header.id.category());
        }
        let marks = marks(test);
        let title = header.title.as_deref().unwrap_or_default();
        let line = format!("  {name:width$}  {title}{marks}");
        let _ = writeln!(text, "{}", line.trim_end());
        if explain {
            explain_test(test, &mut text);
        }
    }
    let omitted: u64 = plan
        .header
        .omitted
        .iter()
        .map(|omitted| omitted.instances)
        .sum();
    let _ = writeln!(
        text,
        "\n{} planned for target {}",
        plan.tests.len(),
        plan.header.target
    );
    for omitted in plan.header.omitted.iter().filter(|_| omitted > 0) {
        let _ = writeln!(text, "omitted: {} ({})", omitted.pattern, omitted.reason);
    }
    if let Some(partial) = &plan.header.partial {
        let _ = writeln!(
            text,
            "partial: {} of {} selected by {}",
            partial.selected, partial.of, partial.by
        );
    }
    text
}

fn marks(test: &PlannedTest) -> String {
    let header = &test.header;
    let mut marks: Vec<Cow<'_, str>> = Vec::new();
    if header.critical {
        marks.push(if header.invariant {
            "invariant".into()
        } else {
            "critical".into()
        });
    }
    if header.pulled_in {
        marks.push("pulled in".into());
    }
    if let Some(skip) = &test.skip {
        marks.push(format!("skipped: {skip}").into());
    }
    if marks.is_empty() {
        String::new()
    } else {
        format!("  [{}]", marks.join(", "))
    }
}

fn explain_test(test: &PlannedTest, text: &mut String) {
    let header = &test.header;
    let _ = writeln!(text, "      at {}", header.place);
    for requirement in &header.requires {
        let _ = writeln!(text, "      requires {requirement}");
    }
    for category in &header.requires_categories {
        let _ = writeln!(text, "      requires all of {category}");
    }
    for session in header.uses.iter().take(SHOWN) {
        let _ = writeln!(text, "      uses session {session}");
    }
    if let Some(more) = more_than(SHOWN, header.uses.len()) {
        let _ = writeln!(text, "      uses {more} more sessions");
    }
    if !test.actors.is_empty() {
        let names = joined(
            test.actors
                .iter()
                .take(SHOWN)
                .map(|actor| actor.name.as_str()),
        );
        let more = more_than(SHOWN, test.actors.len());
        let more = more.map_or_else(String::new, |more| format!(" and {more} more"));
        let _ = writeln!(text, "      acted by {names}{more}, at once");
    }
    for expectation in &header.expectations {
        let step = expectation
            .step
            .as_ref()
            .map(|step| format!("{step}: "))
            .unwrap_or_default();
        let _ = writeln!(text, "      {step}{}", expectation.text);
    }
    let _ = writeln!(text, "      {}", attempts(test));
    if let Some(cold) = &test.cold {
        let s = if cold.force.len() == 1 { "" } else { "s" };
        let proof = match cold.proof {
            Some(_) => format!("proved by {}", cold.fact),
            None => "not proved".to_owned(),
        };
        let _ = writeln!(
            text,
            "      each from a cold start, forced in {} step{s}, {proof}",
            cold.force.len()
        );
    }
    if !test.cleanup.is_empty() {
        let s = if test.cleanup.len() == 1 { "" } else { "s" };
        let _ = writeln!(
            text,
            "      then cleans up, in {} step{s}",
            test.cleanup.len()
        );
    }
    if !test.looks.is_empty() {
        let names = joined(
            test.looks
                .iter()
                .filter_map(|look| Some(look.name.as_ref()?.as_str())),
        );
        let _ = writeln!(text, "      when it fails also looks: {names}");
    }
    if let Some(expected) = &test.expect_failure {
        let code = expected.code.as_str();
        let _ = writeln!(
            text,
            "      and must fail, with {code}: {}",
            expected.reason
        );
    }
}

/// So many sessions and actors of a test are listed; with hundreds of them it is enough to see how they are called.
const SHOWN: usize = 5;

/// How many there are beyond those that are shown.
fn more_than(shown: usize, of: usize) -> Option<usize> {
    of.checked_sub(shown).filter(|more| *more > 0)
}

/// How attempts follow each other, and how long one may take: `once, within 10s`.
fn attempts(test: &PlannedTest) -> String {
    let each = written_duration(test.timeout);
    match &test.mode {
        Mode::Once => format!("once, within {each}"),
        Mode::Retry(retry) => format!(
            "within {each}, and up to {} more after {} where one ends with {}",
            retry.count,
            written_duration(retry.delay),
            joined(retry.codes.iter().map(CodePattern::as_str)),
        ),
        Mode::Until(until) => format!(
            "until it holds{}{}, every {}, within {}",
            match until.stable_for {
                Duration::ZERO => String::new(),
                stable => format!(" for {} without a break", written_duration(stable)),
            },
            match until.max_flaps {
                None => String::new(),
                Some(0) => ", with no flap".to_owned(),
                Some(1) => ", with 1 flap at most".to_owned(),
                Some(most) => format!(", with {most} flaps at most"),
            },
            written_duration(until.every),
            written_duration(until.within),
        ),
        Mode::Repeat(repeat) => format!(
            "{} times, {}, each within {each}",
            repeat.times,
            match repeat.concurrency {
                1 if repeat.idle.is_zero() => "one after the other".to_owned(),
                1 => format!(
                    "one after the other, each after a pause of {}",
                    written_duration(repeat.idle)
                ),
                many if repeat.barrier => {
                    format!("in rounds of {many} that start at one moment")
                }
                many => format!("{many} at once"),
            },
        ),
    }
}

fn joined<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    texts.collect::<Vec<_>>().join(", ")
}

fn as_json(plan: &Plan, explain: bool) -> String {
    let tests: Vec<_> = plan
        .tests
        .iter()
        .map(|test| {
            let header = &test.header;
            let mut entry = json!({
                "id": header.id.to_string(),
                "category": header.id.category().as_str(),
                "title": header.title,
                "file": &*header.place.file,
                "line": header.place.line,
                "tags": header.tags,
                "owner": header.owner,
                "critical": header.critical,
                "invariant": header.invariant,
                "pulled_in": header.pulled_in,
                "requires": header.requires.iter().map(ToString::to_string).collect::<Vec<_>>(),
                "requires_categories": header.requires_categories.iter().map(ToString::to_string).collect::<Vec<_>>(),
                "uses": header.uses.iter().map(ToString::to_string).collect::<Vec<_>>(),
                "skip": test.skip.as_ref().map(ToString::to_string),
            });
            if !test.actors.is_empty() {
                entry["actors"] = test.actors.iter().map(|actor| actor.name.as_str()).collect();
            }
            if explain {
                let expectation = |expectation: &crate::model::ExpectationText| {
                    json!({ "step": expectation.step.as_ref().map(ToString::to_string), "text": expectation.text })
                };
                entry["attempts"] = attempts(test).into();
                entry["expectations"] = header.expectations.iter().map(expectation).collect();
            }
            entry
        })
        .collect();
    let omitted: Vec<_> = plan
        .header
        .omitted
        .iter()
        .map(|omitted| json!({ "id": omitted.pattern, "reason": omitted.reason, "instances": omitted.instances }))
        .collect();
    let document = json!({
        "format": "allclear-list",
        "version": 1,
        "target": plan.header.target,
        "filtered": plan.header.filtered,
        "omitted": omitted,
        "tests": tests,
    });
    format!("{document:#}\n")
}
