//! Words for what was found and what was expected.

use super::suggest::listed;
use super::{Kind, Node, Resolved, Scalar, Style};

/// "the text `http`", "the number `1.5`", "a list".
pub(super) fn found(node: &Node) -> String {
    match &node.resolved().kind {
        Kind::Scalar(scalar) => found_scalar(scalar),
        Kind::Sequence(items) if items.is_empty() => "an empty list".to_owned(),
        Kind::Sequence(_) => "a list".to_owned(),
        Kind::Mapping(entries) if entries.is_empty() => "an empty mapping".to_owned(),
        Kind::Mapping(_) => "a mapping".to_owned(),
        Kind::Pending => "a value that is only known later".to_owned(),
        // `resolved` ends at what an alias stands for.
        Kind::Alias(_) => "an alias".to_owned(),
    }
}

fn found_scalar(scalar: &Scalar) -> String {
    if scalar.filled {
        // It may be a secret, and a shortened one would slip through the mask.
        return match scalar.as_number_or_bool() {
            Resolved::Null => "nothing, filled from a variable",
            Resolved::Int(_) | Resolved::Float(_) => "a number filled from a variable",
            Resolved::Bool(_) => "a truth value filled from a variable",
            Resolved::Text | Resolved::Unclear(_) => "text filled from a variable",
        }
        .to_owned();
    }
    let shown = shown(&scalar.text);
    match scalar.resolve() {
        Resolved::Null if scalar.text.is_empty() => "nothing".to_owned(),
        Resolved::Null | Resolved::Bool(_) => format!("`{shown}`"),
        Resolved::Int(_) | Resolved::Float(_) | Resolved::Unclear(_) => {
            format!("the number `{shown}`")
        }
        Resolved::Text if scalar.text.is_empty() => "empty text".to_owned(),
        Resolved::Text => format!("the text `{shown}`"),
    }
}

/// A value in a message: one line, and not the whole of a long text.
pub(super) fn shown(text: &str) -> String {
    const SHOWN: usize = 60;
    let mut characters = text.chars();
    let mut shown: String = characters.by_ref().take(SHOWN).collect();
    if characters.next().is_some() {
        shown.push('…');
    }
    shown
        .replace('\n', "\\n")
        .replace('\r', "\\r")
        .replace('\t', "\\t")
}

/// Turns serde's and Rust's names of types into words.
pub(super) fn expected(type_name: &str) -> String {
    let range = |low: &str, high: &str| format!("a whole number from {low} to {high}");
    let words = match type_name {
        "u8" => return range("0", "255"),
        "u16" => return range("0", "65535"),
        "u32" => return range("0", "4294967295"),
        "i8" => return range("-128", "127"),
        "i16" => return range("-32768", "32767"),
        "i32" => return range("-2147483648", "2147483647"),
        "u64" | "u128" | "usize" => "a whole number, 0 or more",
        "i64" | "i128" | "isize" => "a whole number",
        "a nonzero u8" => return range("1", "255"),
        "a nonzero u16" => return range("1", "65535"),
        "a nonzero u32" => return range("1", "4294967295"),
        "a nonzero u64" | "a nonzero usize" => "a whole number, 1 or more",
        "f32" | "f64" => "a number",
        "a boolean" => "`true` or `false`",
        "a string" | "a borrowed string" => "text",
        "a character" => "one character",
        "path string" => "a path",
        "a sequence" => "a list",
        "a map" => "a mapping",
        "unit" => "nothing",
        _ => {
            return if let Some(size) = type_name.strip_prefix("a tuple of size ") {
                format!("a list of {size} items")
            } else if let Some(size) = type_name.strip_prefix("an array of length ") {
                format!("a list of {size} items")
            } else if type_name.starts_with("struct ") {
                "a mapping".to_owned()
            } else {
                type_name.to_owned()
            };
        }
    };
    words.to_owned()
}

/// "a mapping with `host`, `port` or `sni`".
pub(super) fn a_mapping_with(fields: &[&str]) -> String {
    if fields.is_empty() {
        "an empty mapping, `{}`".to_owned()
    } else {
        format!("a mapping with {}", listed(fields.iter().copied()))
    }
}

/// What would be right, when what was found is a usual slip.
pub(super) fn hint(node: &Node, expected: &str) -> Option<String> {
    let scalar = node.as_scalar().filter(|scalar| !scalar.filled)?;
    let text = shown(&scalar.text);
    if expected == "`true` or `false`" {
        let meant = match scalar.text.to_ascii_lowercase().as_str() {
            "yes" | "on" | "y" | "1" | "true" => "true",
            "no" | "off" | "n" | "0" | "false" => "false",
            _ => return None,
        };
        return Some(format!("write `{meant}`, without quotes"));
    }
    if expected.starts_with("a whole number") || expected == "a number" {
        let unquoted = Scalar {
            style: Style::Plain,
            ..scalar.clone()
        };
        return (scalar.style == Style::Text
            && matches!(unquoted.resolve(), Resolved::Int(_) | Resolved::Float(_)))
        .then(|| format!("numbers are written without quotes: `{text}`"));
    }
    if expected == "text" && scalar.style == Style::Plain {
        let is_word = matches!(scalar.resolve(), Resolved::Null) && !scalar.text.is_empty();
        return is_word
            .then(|| format!("write quotes around it if the word is meant: `\"{text}\"`"));
    }
    if expected == "a list" && !text.is_empty() && !text.contains("\\n") {
        return Some(format!("a list of one is written `[{text}]`"));
    }
    if expected.starts_with("a mapping") && scalar.style == Style::Plain {
        let (key, value) = scalar.text.split_once(':')?;
        return (!key.is_empty() && !key.contains(' ') && !value.starts_with("//")).then(|| {
            format!(
                "a space is missing after `:`: write `{}: {}`",
                shown(key),
                shown(value)
            )
        });
    }
    None
}
