//! `docs/diagnosis.md`: every rule, by layer.

use std::fmt::Write as _;

use crate::diagnosis::{Rule, Rules};
use crate::model::Layer;

const FRONT: &str = "\
# What failures mean

Generated from the rules: `just renew` writes it anew; `allclear explain CODE` prints any part of it.

A run that is not good says more than which tests failed: of which layer each failure is, whose it usually is, how sure that is, and which few
causes explain them all. It takes that from rules. The first rule, in the order of their file, whose signals a failure has says what it means; the rest of the
run then changes its words, when others passed through the same socket, or something deeper failed on the way. Nothing of this is part of the verdict.

A rule asks for signals that have a type: an errno, a code of getaddrinfo, a TLS alert, a status and who answered, a SQLSTATE, an exit code. Texts are asked only of proxies,
whose pages are their own. **High** confidence means that the signal is specific to the class, **medium** that it is usually so, and there are
alternatives. What is less sure is told as *unknown, leaning* somewhere: a refused connection alone does not say whether a program crashed or a port is written
wrong, and whoever is told so looks at both.

*Confirm* is what one sees when it is so, *falsify* what one sees when it is not. Commands are printed and never run; `${host}` and `${port}` are those of what
broke, or of what a body or a log says is behind it; `${request}` is the request that failed, as the test's own line for curl has it; other names are variables of the target. What asks a
platform (`gcloud`, `aws`, `kubectl`) is printed only where the target has all the variables it names. What is in brackets says how it is known: `[V]` reproduced, `[S]` read in a source, `[D]` documented, `[K]` by experience.

A file of your own adds rules, which are asked before these, or takes the place of one by its `id`: [rules.md](rules.md). [codes.md](codes.md) has every code, [gate.md](gate.md) what decides the run.
";

/// Every rule as a page of Markdown.
pub fn page(rules: &Rules) -> String {
    let mut page = FRONT.to_owned();
    let _ = writeln!(
        page,
        "\nRules {}: {} of them.",
        rules.ruleset(),
        rules.all().len()
    );
    for layer in Layer::ALL {
        let of_layer: Vec<&Rule> = rules
            .all()
            .iter()
            .filter(|rule| rule.layer == *layer)
            .collect();
        if of_layer.is_empty() {
            continue;
        }
        let _ = write!(
            page,
            "\n## {layer}\n\n| rule | when | class | who |\n|---|---|---|---|\n"
        );
        for rule in &of_layer {
            let _ = writeln!(
                page,
                "| [{id}](#{anchor}) | {} | {} | {} |",
                cell(&asks(rule)),
                rule.blame,
                rule.blame.owner,
                id = rule.id,
                anchor = rule.id.to_ascii_lowercase(),
            );
        }
        for rule in of_layer {
            page.push_str(&section(rule, rules));
        }
    }
    page
}

fn section(rule: &Rule, rules: &Rules) -> String {
    let mut text = format!("\n### {}\n\n{}\n\n", rule.id, plain(&rule.meaning));
    let mut line = |label: &str, said: &str| {
        if !said.is_empty() {
            let _ = writeln!(text, "- {label}: {}", plain(said));
        }
    };
    line("also", &rule.alternatives.join("; "));
    line("do", rule.hint.as_deref().unwrap_or_default());
    line("next", &rule.next);
    line("confirm", &rule.confirm);
    line("falsify", &rule.falsify);
    for command in rule
        .commands
        .iter()
        .map(|name| rules.command(name).unwrap_or(name))
    {
        let _ = writeln!(text, "- run: `` {command} ``");
    }
    if let Some(source) = &rule.source {
        let _ = writeln!(text, "- known from: {}", plain(source));
    }
    text
}

/// What it asks, in one line.
pub(super) fn asks(rule: &Rule) -> String {
    let keys = rule.when.written();
    let keys: Vec<String> = keys
        .map(|(key, written)| format!("{key}: {written}"))
        .collect();
    keys.join("; ")
}

/// In a cell of a table, as code.
fn cell(text: &str) -> String {
    let text = text.replace('|', "\\|").replace('\n', " ");
    format!("`` {text} ``")
}

/// As text: nothing in it is a link or a tag.
fn plain(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.replace('<', "&lt;")
        .replace("](", "] (")
        .replace('*', "\\*")
}
