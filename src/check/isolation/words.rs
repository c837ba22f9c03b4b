//! How events are called in what is said of a leak.

use crate::model::{Received, Value};

/// Longest name of an event that is shown.
const NAME: usize = 64;

/// `event 3 (progress, +0.120s)`, `events 3 to 5 put together (+0.120s)`, positions counted from 0.
/// A name that has something to hide is left out.
pub(super) fn events(
    first: usize,
    last: usize,
    entries: &[Value],
    hides: impl Fn(&str) -> bool,
) -> String {
    let entry = &entries[last];
    let since = Received::at(entry).unwrap_or_default().as_secs_f64();
    if first < last {
        return format!(
            "events {} to {} put together (+{since:.3}s)",
            first + 1,
            last + 1
        );
    }
    let field = entry.get("event").and_then(Value::as_text);
    let name = field.or_else(|| entry.get("json")?.get("type")?.as_text());
    let fits = |name: &&str| name.len() <= NAME && !name.is_empty() && !hides(name);
    match name.filter(fits) {
        Some(name) => format!("event {} ({name}, +{since:.3}s)", last + 1),
        None => format!("event {} (+{since:.3}s)", last + 1),
    }
}

/// Whether all of it was kept.
pub(super) fn is_whole(entry: &Value) -> bool {
    let (Some(Value::Number(bytes)), Some(hex)) = (entry.get("bytes"), entry.get("data")) else {
        return true;
    };
    let kept = hex.as_text().map_or(0, str::len) / 2;
    bytes.to_f64() <= kept as f64
}
