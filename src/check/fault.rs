//! The `fault` of an expectation.

use super::expectation::ExpectedFault;
use super::literal::named;
use crate::model::{Code, CodePattern, FaultKind};
use crate::yaml::{Diagnostic, Diagnostics, Kind, Node, did_you_mean};

/// Reads `none`, a code, a pattern or a list of them. A value that is only known later expects a fault that nothing is.
pub(super) fn decode(node: &Node, problems: &mut Diagnostics) -> Option<ExpectedFault> {
    match &node.resolved().kind {
        Kind::Pending => Some(ExpectedFault::OneOf(Vec::new())),
        Kind::Scalar(scalar) if &*scalar.text == "none" => Some(ExpectedFault::None),
        Kind::Scalar(_) => Some(ExpectedFault::OneOf(vec![pattern(node, problems)?])),
        Kind::Sequence(items) if !items.is_empty() => {
            let patterns: Vec<_> = items.iter().map(|item| pattern(item, problems)).collect();
            patterns
                .into_iter()
                .collect::<Option<_>>()
                .map(ExpectedFault::OneOf)
        }
        _ => {
            problems.push(Diagnostic::error(
                node.span,
                "`fault` takes `none`, a code such as `tls.expired`, a pattern such as `tls.*`, or a list of them",
            ));
            None
        }
    }
}

fn pattern(node: &Node, problems: &mut Diagnostics) -> Option<CodePattern> {
    let Some(scalar) = node.as_scalar() else {
        problems.push(Diagnostic::error(
            node.span,
            "expected a code such as `tls.expired`",
        ));
        return None;
    };
    let text = &*scalar.text;
    let message = match CodePattern::parse(text) {
        _ if text == "none" => "`none` and a fault cannot both be expected".to_owned(),
        None => format!(
            "{} is no code: letters, digits, `.`, `_` and `-`, and `*` at the end only",
            named(scalar)
        ),
        Some(pattern) if is_known(&pattern) => return Some(pattern),
        Some(_) => {
            let codes = FaultKind::all_codes();
            let hint = did_you_mean(text, codes);
            format!("no fault has the code {}{hint}", named(scalar))
        }
    };
    problems.push(
        Diagnostic::error(node.span, message).help("`allclear list --codes` shows every code"),
    );
    None
}

/// Whether some fault can have a code that is meant.
fn is_known(pattern: &CodePattern) -> bool {
    let text = pattern.as_str();
    let Some(stem) = text.strip_suffix('*') else {
        return FaultKind::parse(text).is_some();
    };
    FaultKind::all_codes()
        .iter()
        .any(|code| match code.strip_suffix('N') {
            // A numbered family: `sqlite.1*` is the beginning of one of its codes. Only SQLSTATEs have letters.
            Some(family) => {
                let is_part = |byte: u8| {
                    byte.is_ascii_digit() || (family == "postgres." && byte.is_ascii_uppercase())
                };
                family.starts_with(stem)
                    || stem
                        .strip_prefix(family)
                        .is_some_and(|number| number.bytes().all(is_part))
            }
            None => pattern.matches(&Code::fixed(code)),
        })
}
