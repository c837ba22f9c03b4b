//! The events of a look as a list to be read.

use std::fmt::Write as _;

use crate::model::{Excerpt, Keep, Observation, Received, Value};

/// So much of the list is shown: its end.
const SHOWN: usize = 64 * 1024;

/// So much of it is written at least, where there is more: it is masked first and cut afterwards, so this is generous.
const WRITTEN: usize = 2 * SHOWN;

/// Adds the last events to the evidence, one a line: when it came, its name, what it says.
pub(in crate::probe) fn show(seen: &mut Observation) {
    let Some(Value::List(events)) = seen.facts.get("events") else {
        return;
    };
    // From the end, each whole: what is cut could not be masked.
    let mut lines = Vec::new();
    let mut length = 0;
    for event in events.iter().rev() {
        let line = line(event);
        length += line.len();
        lines.push(line);
        if length > WRITTEN {
            break;
        }
    }
    if lines.is_empty() {
        return;
    }
    lines.reverse();
    seen.evidence.push(Excerpt {
        label: "events".into(),
        text: lines.concat(),
        keep: Keep::Last(SHOWN),
    });
}

fn line(event: &Value) -> String {
    let text = |name| event.get(name).and_then(Value::as_text);
    let mut line = String::new();
    if let Some(at) = Received::at(event) {
        // Writing to a string cannot fail.
        let _ = write!(line, "{:>9.3}s ", at.as_secs_f64());
    }
    for (name, mark) in [("event", ""), ("id", "#")] {
        if let Some(word) = text(name) {
            let _ = write!(line, " {mark}{word}");
        }
    }
    if let Some(Value::Number(bytes)) = event.get("bytes") {
        let _ = write!(line, " {bytes} bytes:");
    }
    let _ = writeln!(line, " {}", text("data").unwrap_or_default());
    line
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::Data;

    fn seen(events: impl Iterator<Item = Received>) -> Observation {
        let events = events.map(Received::into_value).collect();
        let mut seen = Observation::default().with("events", Value::List(events));
        show(&mut seen);
        seen
    }

    fn event(data: Data) -> Received {
        Received {
            at: Duration::from_millis(1500),
            since_send: None,
            event: None,
            id: None,
            data,
        }
    }

    #[test]
    fn each_event_is_a_line() {
        let named = Received {
            event: Some("done".to_owned()),
            id: Some("7".to_owned()),
            ..event(Data::Text("{}".to_owned(), None))
        };
        let seen = seen([named, event(Data::Binary(2, "00ff".to_owned()))].into_iter());
        assert_eq!(
            seen.evidence[0].text,
            "    1.500s  done #7 {}\n    1.500s  2 bytes: 00ff\n"
        );
    }

    #[test]
    fn only_the_last_of_many_are_written() {
        let text = "x".repeat(1000);
        let many = (0..1000).map(|_| event(Data::Text(text.clone(), None)));
        let length = seen(many).evidence[0].text.len();
        assert!((WRITTEN..WRITTEN + 2000).contains(&length), "{length}");
        assert!(seen(std::iter::empty()).evidence.is_empty());
    }
}
