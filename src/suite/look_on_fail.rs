//! `look` of `on_fail`: what else is looked at once a test has not held. Nothing of it is judged.

use std::sync::Arc;

use super::Step;
use super::scope::StepScope;
use super::step::{Meant, decode_all};
use super::who::need_no_actors;
use crate::yaml::{Diagnostic, Diagnostics, Fields, Kind, Node, Sources};

/// What only a step that is judged has, and what to say of it.
const JUDGED: &[(&str, &str)] = &[
    (
        "expect",
        "it is a look, not a judgement: what it expects belongs into a step of the test",
    ),
    (
        "capture",
        "nothing comes after a look that could use it; each looks by itself",
    ),
    ("until", "it is made once, and waits for nothing"),
];

/// Reads the looks of a test's `on_fail`; they see what its steps have captured.
pub(super) fn looks_of(
    fields: &Fields<'_>,
    sources: &Arc<Sources>,
    scope: &StepScope,
    problems: &mut Diagnostics,
) -> Vec<Step> {
    let Some(node) = fields.get("on_fail").and_then(|node| node.get("look")) else {
        return Vec::new();
    };
    let alone = node.as_mapping().map(|_| Node {
        span: node.span,
        kind: Kind::Sequence(vec![node.clone()]),
    });
    let node = alone.as_ref().unwrap_or(node);
    let mut is_judged = false;
    for look in node.as_sequence().unwrap_or_default() {
        for entry in look.as_mapping().unwrap_or_default() {
            if let Some((key, why)) = JUDGED.iter().find(|(key, _)| *key == &*entry.key) {
                is_judged = true;
                problems.push(
                    Diagnostic::error(
                        entry.key_span,
                        format!("a look of `on_fail` has no `{key}`"),
                    )
                    .help(*why),
                );
            }
        }
    }
    if is_judged {
        return Vec::new();
    }
    let (looks, _) = decode_all(node, Meant::ToShow, sources, scope, problems);
    need_no_actors(&looks, "a look of `on_fail`", problems);
    looks
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::model::StepName;
    use crate::suite::Step;
    use crate::suite::testing::Folder;

    fn test(look: &str) -> String {
        format!(
            "- {{ name: x, scripted: {{ looks: [] }}, expect: {{ text: x }}, capture: {{ id: {{ text: true }} }}, \
             on_fail: {{ hint: \"on ${{run.id}}\", look: {look} }} }}"
        )
    }

    fn names(looks: &[Step]) -> Vec<&str> {
        let names = looks.iter().filter_map(|look| look.name.as_ref());
        names.map(StepName::as_str).collect()
    }

    #[test]
    fn one_or_a_list_and_they_see_what_the_steps_captured() {
        let all = "[{ scripted: { looks: [{ text: \"${id}\" }] } }, { name: b, timeout: 3s, scripted: { looks: [], resources: [\"sock:ns:53\"] } }]";
        let suites = Folder::tests(&test(all)).loaded();
        let looks = &suites.tests[0].looks;
        assert_eq!(names(looks), ["look 1", "b"]);
        assert_eq!(looks[1].timeout, Some(Duration::from_secs(3)));
        assert_eq!((looks[0].expects, looks[0].expectations.len()), (false, 1));
        assert_eq!(
            suites.tests[0].on_fail.hint.as_deref(),
            Some("on ${run.id}")
        );
        let alone = Folder::tests(&test("{ scripted: { looks: [] } }")).loaded();
        assert_eq!(names(&alone.tests[0].looks), ["look 1"]);
    }

    #[test]
    fn what_judges_or_is_unknown_is_told_at_its_place() {
        let look = |keys: &str| format!("[{{ {keys} scripted: {{ looks: [] }} }}]");
        for (written, says) in [
            (
                look("expect: { text: x },"),
                "a look of `on_fail` has no `expect`",
            ),
            (look("capture: { a: { text: true } },"), "has no `capture`"),
            (look("until: { within: 3s },"), "has no `until`"),
            (look("nmae: x,"), "did you mean `name`"),
            ("[{ name: x }]".to_owned(), "there is no probe"),
            (
                "[{ scripted: { looks: [{ text: \"${di}\" }] } }]".to_owned(),
                "nothing is called `di`",
            ),
            (
                "[{ scripted: { looks: [{ wait_for: sent }] } }]".to_owned(),
                "nobody to wait for",
            ),
            ("[]".to_owned(), "looks at nothing"),
            ("tcp".to_owned(), "expected a list of steps"),
            (
                "[{ name: a, scripted: { looks: [] } }, { name: a, scripted: { looks: [] } }]"
                    .to_owned(),
                "a second step is called `a`",
            ),
        ] {
            let errors = Folder::tests(&test(&written)).errors();
            assert!(
                errors.len() == 1 && errors[0].contains(says),
                "{written}: {errors:?}"
            );
        }
    }

    #[test]
    fn what_is_only_counted_needs_no_expectation() {
        let log = "{ log: { file: app.log, patterns: { errors: error } } }";
        assert_eq!(Folder::tests(&test(log)).loaded().tests[0].looks.len(), 1);
    }
}
