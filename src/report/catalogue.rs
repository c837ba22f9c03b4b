//! Every code a test can end with, for people: `allclear list --codes` and `docs/codes.md`.

use std::fmt::Write as _;

use crate::model::{FaultKind, KnownCode, KnownFault};

/// Every code as a table of plain lines.
pub fn codes_text() -> String {
    let faults = FaultKind::catalogue();
    let width = faults
        .iter()
        .map(|known| known.code.len())
        .chain(KnownCode::all().map(|known| known.shape().len()))
        .max()
        .unwrap_or(0);
    let mut text = String::from("Faults: what prevented an answer\n");
    for known in faults {
        let _ = writeln!(text, "  {:width$}  {}", known.code, known.meaning.trim());
        let indent = " ".repeat(width + 4);
        let _ = writeln!(text, "{indent}{}", beside(&known));
    }
    text.push_str("\nFindings, and why we could not look\n");
    for known in KnownCode::all() {
        let _ = writeln!(text, "  {:width$}  {}", known.shape(), known.meaning());
    }
    text
}

/// Every code as a page of Markdown.
pub fn codes_page() -> String {
    let mut page = String::from(
        "# Codes\n\nGenerated from the code: `just renew` writes it anew; `allclear list --codes` prints it.\n\n\
         An instance that is not good ends with one of these codes, the same in every report and every release. `expect: { fault: CODE }` says that a \
         fault must happen, `retry: { if: [CODE] }` which ends are tried again; `*` at the end of a code stands for every rest: `tls.*`.\n\n\
         A **fault** is what prevented an answer. It is decided on a typed signal, never on the text of a message, and says in which phase of the look it \
         happened. `N` stands for a number.\n\n\
         [diagnosis.md](diagnosis.md) says whose each usually is and how to make sure, as `allclear explain CODE` does.\n",
    );
    let mut layer = "";
    for known in FaultKind::catalogue() {
        if known.layer() != layer {
            layer = known.layer();
            let _ = write!(
                page,
                "\n## `{layer}.*`\n\n| code | meaning | phases | decided on |\n|---|---|---|---|\n"
            );
        }
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} |",
            known.code,
            known.meaning.trim(),
            phases(&known, "`"),
            origins(&known),
        );
    }
    page.push_str("\n## Findings, and why we could not look\n\n| code | meaning |\n|---|---|\n");
    for known in KnownCode::all() {
        let _ = writeln!(page, "| `{}` | {} |", known.shape(), known.meaning());
    }
    page
}

/// `phases connect, read; errno`.
fn beside(known: &KnownFault) -> String {
    let plural = if known.phases.len() == 1 {
        "phase"
    } else {
        "phases"
    };
    format!(
        "{plural} {}; decided on {}",
        phases(known, ""),
        origins(known)
    )
}

fn phases(known: &KnownFault, quote: &str) -> String {
    let names: Vec<_> = known
        .phases
        .iter()
        .map(|phase| format!("{quote}{phase}{quote}"))
        .collect();
    names.join(", ")
}

fn origins(known: &KnownFault) -> String {
    if known.origins.is_empty() {
        return "what came, or did not".to_owned();
    }
    let names: Vec<_> = known.origins.iter().map(|origin| origin.name()).collect();
    names.join(" or ")
}
