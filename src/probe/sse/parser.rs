//! From bytes to events, as the HTML standard has it (§9.2.6, "Interpreting an event stream"). It is given bytes as they come,
//! and holds at most one line and one event.
//!
//! Where it differs from a browser, it is stricter: bytes that are no UTF-8 are told instead of replaced, and what is longer than
//! it may be is told instead of held.

use std::time::Duration;

/// What an event is called that does not say so.
const UNNAMED: &str = "message";

/// One event, complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    /// Its field `event`; `message` where it has none.
    pub(super) name: String,
    /// Its own field `id`, if it has one; it may be empty.
    pub(super) id: Option<String>,
    /// Its fields `data`, joined by line feeds.
    pub(super) data: String,
}

/// Why nothing more can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    /// A line, or the data of an event, has more bytes than it may.
    TooLarge,
    /// A line is no UTF-8.
    Utf8,
}

/// Reads one stream after the other: what the server said of reconnecting outlives a stream.
#[derive(Debug)]
pub(super) struct Parser {
    /// A line, and the data of one event, may have so many bytes.
    most: usize,
    /// The line that has begun.
    line: Vec<u8>,
    /// The last byte was a carriage return: a line feed that follows belongs to it.
    is_after_return: bool,
    /// No line was read yet: it may begin with a byte order mark.
    is_first_line: bool,
    /// Each line of data, with a line feed after it.
    data: String,
    name: String,
    id: Option<String>,
    last_id: String,
    retry: Option<Duration>,
    /// What was said and is no part of an event, where somebody wants it.
    beside: Option<Vec<String>>,
}

impl Parser {
    /// With at most so many bytes in a line, and in the data of an event.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            line: Vec::new(),
            is_after_return: false,
            is_first_line: true,
            data: String::new(),
            name: String::new(),
            id: None,
            last_id: String::new(),
            retry: None,
            beside: None,
        }
    }

    /// Keeps what is no part of an event, too: comments, fields that say nothing, what was left unfinished.
    pub(super) fn keeping_all(self) -> Self {
        Self {
            beside: Some(Vec::new()),
            ..self
        }
    }

    /// What came that is no part of an event, since it was last asked for.
    pub(super) fn take_beside(&mut self) -> Vec<String> {
        self.beside.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// No more of this stream comes: what has begun and is not finished is no event.
    pub(super) fn give_up(&mut self) {
        if self.beside.is_some() {
            let line = std::mem::take(&mut self.line);
            let data = std::mem::take(&mut self.data);
            self.set_aside("", &String::from_utf8_lossy(&line));
            self.set_aside("data: ", data.trim_end_matches('\n'));
            self.set_aside_fields();
        }
        self.line.clear();
        self.forget_event();
    }

    /// Another stream begins. What the last one left unfinished is dropped.
    pub(super) fn begin_again(&mut self) {
        self.give_up();
        self.is_after_return = false;
        self.is_first_line = true;
    }

    /// The id to continue after: that of the last event that had one, empty when there is none.
    pub(super) fn last_id(&self) -> &str {
        &self.last_id
    }

    /// How long to wait before connecting again, if the server said so.
    pub(super) fn retry(&self) -> Option<Duration> {
        self.retry
    }

    /// The next event that is complete in these bytes, which are taken up to its end; `None` when all were taken.
    pub(super) fn next(&mut self, bytes: &mut &[u8]) -> Result<Option<Event>, Broken> {
        loop {
            if self.is_after_return && !bytes.is_empty() {
                self.is_after_return = false;
                *bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
            }
            let Some(end) = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
                self.add_to_line(bytes)?;
                *bytes = &[];
                return Ok(None);
            };
            let (line, rest) = bytes.split_at(end);
            self.is_after_return = rest[0] == b'\r';
            *bytes = &rest[1..];
            let event = if self.line.is_empty() && line.len() <= self.most {
                self.take_line(line)?
            } else {
                self.add_to_line(line)?;
                let mut line = std::mem::take(&mut self.line);
                let event = self.take_line(&line)?;
                // Its room is kept for the next one that comes in pieces.
                line.clear();
                self.line = line;
                event
            };
            if event.is_some() {
                return Ok(event);
            }
        }
    }

    fn add_to_line(&mut self, piece: &[u8]) -> Result<(), Broken> {
        if self.line.len() + piece.len() > self.most {
            return Err(Broken::TooLarge);
        }
        self.line.extend_from_slice(piece);
        Ok(())
    }

    fn take_line(&mut self, line: &[u8]) -> Result<Option<Event>, Broken> {
        let is_first = std::mem::replace(&mut self.is_first_line, false);
        let line = std::str::from_utf8(line).map_err(|_| Broken::Utf8)?;
        let line = match line.strip_prefix('\u{feff}') {
            Some(rest) if is_first => rest,
            _ => line,
        };
        if line.is_empty() {
            return Ok(self.dispatch());
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => {
                if self.data.len() + value.len() > self.most {
                    return Err(Broken::TooLarge);
                }
                self.data.push_str(value);
                self.data.push('\n');
            }
            "event" => {
                let before = std::mem::replace(&mut self.name, value.to_owned());
                self.set_aside("event: ", &before);
            }
            "id" if !value.contains('\0') => {
                let before = self.id.replace(value.to_owned());
                self.set_aside("id: ", &before.unwrap_or_default());
            }
            "retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                // Of a number that does not fit only one thing is known: it is longer than anybody waits.
                self.retry = Some(Duration::from_millis(value.parse().unwrap_or(u64::MAX)));
                self.set_aside("", line);
            }
            // A comment, whose field is empty, or a field nobody knows.
            _ => self.set_aside("", line.strip_prefix(':').unwrap_or(line)),
        }
        Ok(None)
    }

    fn set_aside(&mut self, field: &str, said: &str) {
        if let Some(beside) = self.beside.as_mut().filter(|_| !said.is_empty()) {
            beside.push(format!("{field}{said}"));
        }
    }

    /// An event that is none has them all the same.
    fn set_aside_fields(&mut self) {
        let name = std::mem::take(&mut self.name);
        self.set_aside("event: ", &name);
        let id = self.id.take().unwrap_or_default();
        self.set_aside("id: ", &id);
    }

    /// An empty line ends an event; one without data is none, and yet its id counts.
    fn dispatch(&mut self) -> Option<Event> {
        if let Some(id) = &self.id {
            id.clone_into(&mut self.last_id);
        }
        if self.data.is_empty() {
            self.set_aside_fields();
            return None;
        }
        let mut data = std::mem::take(&mut self.data);
        data.pop();
        let name = std::mem::take(&mut self.name);
        Some(Event {
            name: if name.is_empty() {
                UNNAMED.to_owned()
            } else {
                name
            },
            id: self.id.take(),
            data,
        })
    }

    fn forget_event(&mut self) {
        self.data.clear();
        self.name.clear();
        self.id = None;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All events of these pieces, and how they ended.
    fn read(pieces: &[&[u8]], most: usize) -> (Vec<Event>, Result<Parser, Broken>) {
        let mut parser = Parser::new(most);
        let mut events = Vec::new();
        for piece in pieces {
            let mut rest = *piece;
            loop {
                match parser.next(&mut rest) {
                    Ok(Some(event)) => events.push(event),
                    Ok(None) => break,
                    Err(broken) => return (events, Err(broken)),
                }
            }
            assert!(rest.is_empty());
        }
        (events, Ok(parser))
    }

    fn event(name: &str, id: Option<&str>, data: &str) -> Event {
        Event {
            name: name.to_owned(),
            id: id.map(str::to_owned),
            data: data.to_owned(),
        }
    }

    fn data(stream: &str) -> Vec<String> {
        let (events, ended) = read(&[stream.as_bytes()], 1000);
        assert!(ended.is_ok(), "{stream:?}: {ended:?}");
        events.into_iter().map(|event| event.data).collect()
    }

    #[test]
    fn streams_are_read_as_the_standard_says() {
        for (stream, expected) in [
            // Its own examples.
            ("data: YHOO\ndata: +2\ndata: 10\n\n", &["YHOO\n+2\n10"][..]),
            (
                ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
                &["first event", "second event", " third event"],
            ),
            ("data\n\ndata\ndata\n\ndata:", &["", "\n"]),
            ("data:test\n\ndata: test\n\n", &["test", "test"]),
            // Line ends, also mixed.
            (
                "data: a\r\n\r\ndata: b\r\rdata: c\n\r\ndata: d\r\n\n",
                &["a", "b", "c", "d"],
            ),
            // Without data, without an end, with nothing to say.
            ("event: x\n\nid: 1\n\n\n\n", &[]),
            ("data: a\n", &[]),
            ("data: a\n\ndata: b", &["a"]),
            ("", &[]),
            // One byte order mark, at the start only.
            ("\u{feff}data: a\n\n", &["a"]),
            ("\u{feff}\u{feff}data: a\n\n", &[]),
            ("data: a\n\n\u{feff}data: b\n\n", &["a"]),
            // Fields are compared as they are.
            ("Data: a\n\n data: b\n\ndata : c\n\ndata:d\n\n", &["d"]),
            ("data: a:b: c\n\n", &["a:b: c"]),
            (
                "data: \u{e4}\u{2028}\u{85}x\0\n\n",
                &["\u{e4}\u{2028}\u{85}x\0"],
            ),
        ] {
            assert_eq!(data(stream), expected, "{stream:?}");
        }
    }

    #[test]
    fn events_have_names_and_ids() {
        let stream = "event: add\nid: 7\ndata: 1\n\ndata: 2\n\nevent: a\nevent: b\nid: 8\nid: 9\ndata: 3\n\n\
                      event:\nid\ndata: 4\n\nid: 5\0\ndata: 5\n\nevent: gone\n\ndata: 6\n\n";
        let (events, ended) = read(&[stream.as_bytes()], 1000);
        assert_eq!(
            events,
            [
                event("add", Some("7"), "1"),
                event("message", None, "2"),
                event("b", Some("9"), "3"),
                event("message", Some(""), "4"),
                event("message", None, "5"),
                event("message", None, "6"),
            ]
        );
        assert_eq!(ended.unwrap().last_id(), "");
    }

    #[test]
    fn what_a_server_says_of_reconnecting_outlives_a_stream() {
        let mut parser = Parser::new(1000);
        // An id without data counts, one that was not finished does not.
        let mut stream = &b"data: x\nid: 1\n\nid: 2\n\nretry: 1500\nid: 3\ndata: y"[..];
        assert!(parser.next(&mut stream).unwrap().is_some());
        assert_eq!(parser.next(&mut stream), Ok(None));
        assert_eq!(parser.last_id(), "2");
        parser.begin_again();
        assert_eq!(parser.retry(), Some(Duration::from_millis(1500)));
        let mut stream = &b"\xef\xbb\xbfdata: z\n\n"[..];
        assert_eq!(
            parser.next(&mut stream),
            Ok(Some(event("message", None, "z")))
        );
        assert_eq!(parser.last_id(), "2");
        for (line, expected) in [
            (&b"retry: 10s\n"[..], Some(1500)),
            (b"retry\n", Some(1500)),
            (b"retry: -1\n", Some(1500)),
            (b"retry:0\n", Some(0)),
            (b"retry: 99999999999999999999999\n", Some(u64::MAX)),
        ] {
            let mut line = line;
            assert_eq!(parser.next(&mut line), Ok(None));
            assert_eq!(parser.retry(), expected.map(Duration::from_millis));
        }
    }

    #[test]
    fn what_is_no_part_of_an_event_is_kept_where_it_is_wanted() {
        let stream = ": ours\n:\nretry: 1500\nretry: x7\nfoo: bar\nevent: a\nevent: b\nid: 1\nid: 2\ndata: d\n\n\
                      event: c\nid: 3\n\nid: 4\0\nevent: e\ndata: un\ndata: done\nrest";
        let mut parser = Parser::new(1000).keeping_all();
        let mut bytes = stream.as_bytes();
        let first = parser.next(&mut bytes).unwrap();
        assert_eq!(first, Some(event("b", Some("2"), "d")));
        let said = [
            " ours",
            "retry: 1500",
            "retry: x7",
            "foo: bar",
            "event: a",
            "id: 1",
        ];
        assert_eq!(parser.take_beside(), said);
        assert_eq!(parser.next(&mut bytes), Ok(None));
        parser.begin_again();
        let said = [
            "event: c",
            "id: 3",
            "id: 4\0",
            "rest",
            "data: un\ndone",
            "event: e",
        ];
        assert_eq!(parser.take_beside(), said);
        parser.give_up();
        assert!(parser.take_beside().is_empty());
        let (_, ended) = read(&[stream.as_bytes()], 1000);
        assert!(ended.unwrap().take_beside().is_empty());
    }

    #[test]
    fn nothing_is_held_that_is_too_large() {
        for (stream, expected) in [
            ("data: 90\n\n", Ok(1)),
            ("data: 901\n", Err(Broken::TooLarge)),
            ("data: 901", Err(Broken::TooLarge)),
            (":23456789", Err(Broken::TooLarge)),
            ("data:1\ndata:2\ndata:3\n\n", Ok(1)),
            ("data:123\ndata:45\ndata:678\n\n", Err(Broken::TooLarge)),
            (":2345678\n:2345678\n:2345678\ndata:1\n\n", Ok(1)),
        ] {
            let (events, ended) = read(&[stream.as_bytes()], 8);
            assert_eq!(ended.map(|_| events.len()), expected, "{stream:?}");
        }
        let flood = [b'x'; 100];
        let pieces = vec![&flood[..]; 100];
        let (_, ended) = read(&pieces, 1000);
        assert_eq!(ended.err(), Some(Broken::TooLarge));
    }

    #[test]
    fn what_is_no_utf8_is_told() {
        for stream in [&b"data: a\n\ndata: \xff\n"[..], b"data: a\n\n: \xc3\n\n"] {
            let (events, ended) = read(&[stream], 1000);
            assert_eq!((events.len(), ended.err()), (1, Some(Broken::Utf8)));
        }
        let (events, ended) = read(&[b"data: \xc3", b"\xa4\n\n"], 1000);
        assert_eq!(events, [event("message", None, "\u{e4}")]);
        assert!(ended.is_ok());
    }

    /// The standard once more, without a thought for pieces or for room.
    fn at_once(stream: &str) -> (Vec<Event>, String) {
        let stream = stream.strip_prefix('\u{feff}').unwrap_or(stream);
        let stream = stream.replace("\r\n", "\n").replace('\r', "\n");
        let mut lines: Vec<_> = stream.split('\n').collect();
        lines.pop();
        let (mut events, mut last_id) = (Vec::new(), String::new());
        let (mut name, mut id, mut data) = ("", None, Vec::new());
        for line in lines {
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "" if line.is_empty() => {
                    if let Some(id) = id {
                        last_id = str::to_owned(id);
                    }
                    if !data.is_empty() {
                        let name = if name.is_empty() { "message" } else { name };
                        events.push(event(name, id, &data.join("\n")));
                    }
                    (name, id) = ("", None);
                    data.clear();
                }
                "data" => data.push(value),
                "event" => name = value,
                "id" if !value.contains('\0') => id = Some(value),
                _ => {}
            }
        }
        (events, last_id)
    }

    fn stream() -> impl Strategy<Value = String> {
        let word = prop::sample::select(vec![
            "data",
            "event",
            "id",
            "retry",
            ":",
            ": ",
            "\n",
            "\n",
            "\n\n",
            "\r",
            "\r\n",
            "\r\r\n",
            "a",
            "\u{e4}",
            "\u{1f980}",
            "\0",
            "\u{feff}",
            " ",
            "7",
        ]);
        prop::collection::vec(word, 0..60).prop_map(|words| words.concat())
    }

    proptest! {
        #[test]
        fn pieces_give_what_the_whole_gives(stream in stream(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8)) {
            let bytes = stream.as_bytes();
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<_> = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect();
            let (events, ended) = read(&pieces, 10_000);
            let ended = ended.unwrap();
            prop_assert_eq!((events, ended.last_id().to_owned()), at_once(&stream));
        }

        #[test]
        fn rubbish_in_any_pieces_gives_the_same_and_holds_little(
            bytes in prop::collection::vec(prop::sample::select(b"da:\nta \r\xc3\xa4\xff\0".to_vec()), 0..200),
            size in 1_usize..9,
        ) {
            let (events, ended) = read(&[&bytes], 20);
            let pieces: Vec<_> = bytes.chunks(size).collect();
            let (pieced, pieced_end) = read(&pieces, 20);
            prop_assert_eq!(&events, &pieced);
            // A line that is too long is told as soon as it is, also before it is known to be no UTF-8.
            prop_assert_eq!(ended.as_ref().err(), pieced_end.as_ref().err());
            if let Ok(parser) = &pieced_end {
                prop_assert!(parser.line.len() <= 20 && parser.data.len() <= 21);
            }
        }
    }
}
