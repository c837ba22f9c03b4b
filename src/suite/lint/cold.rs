//! Lints about cold starts.

use super::View;
use crate::suite::Mode;
use crate::yaml::{Diagnostic, Diagnostics};

/// What was forced may not have happened: then starts are called cold that are warm, and fast.
pub(super) fn unproved(view: &View<'_>, found: &mut Diagnostics) {
    for test in &view.planned {
        let Some(cold) = test.cold.as_ref().filter(|cold| cold.proof.is_none()) else {
            continue;
        };
        if view.is_critical(test) || matches!(test.mode, Mode::Repeat(_)) {
            found.push(
                Diagnostic::warning(cold.span, "nothing proves that these starts are cold").help(
                    "name what another instance has another of: `proof_of_cold: { http: …, fact: { json: $.instance_id } }`",
                ),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::suite::lint;
    use crate::suite::testing::Folder;

    #[test]
    fn cold_starts_that_claim_something_are_proved() {
        let says = |keys: &str| {
            let test = format!(
                "- {{ name: x, {keys} force_cold: {{ scripted: {{ looks: [] }}, expect: {{ text: y }} }}, scripted: {{ looks: [] }}, expect: {{ text: x }} }}"
            );
            let other =
                "\n- { name: other, critical: true, scripted: { looks: [] }, expect: { text: z } }";
            let suites = Folder::tests(&format!("{test}{other}")).loaded();
            let lines = lint(&suites).in_words(&suites.sources);
            lines
                .iter()
                .any(|line| line.ends_with("nothing proves that these starts are cold"))
        };
        let proof = "proof_of_cold: { scripted: { looks: [] }, fact: { text: true } },";
        assert!(says("critical: true,"));
        assert!(says("repeat: { times: 3 },"));
        assert!(!says(""));
        assert!(!says(&format!("critical: true, {proof}")));
    }
}
