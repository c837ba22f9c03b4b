//! What is wrong with a script whatever its late values will be, and with its values once they are known.

use std::borrow::Cow;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json};

use super::link::{MOST_SENT, may_be_sent};
use super::script::{Closing, Entry, Pinging, Receiving, Reconnecting, Sending};
use crate::check::JsonPath;
use crate::probe::pairs::Pairs;
use crate::probe::stream::MOST_EVENTS;
use crate::probe::{Invalid, Least, json};

/// Pings of one entry.
const MOST_PINGS: u32 = 10_000;

/// A reason of a close frame has so many bytes at most: 125, and two of them are the code (RFC 6455 §5.5).
const MOST_REASON: usize = 123;

/// Whether every entry can be come to: nobody receives where nothing is connected.
pub(super) fn shape(script: &[Entry]) -> Result<(), Invalid> {
    /// What is known of the connection before an entry.
    #[derive(Clone, Copy)]
    enum Known {
        Open,
        /// The peer may have ended it while nothing was to come.
        Listened,
        Ended(&'static str),
    }
    if script.is_empty() {
        let why = "nothing is to be done; leave `script` out to connect and close";
        return Err(Invalid::new("script", why));
    }
    let mut known = Known::Open;
    for (at, entry) in script.iter().enumerate() {
        let wrong = |why: String| Err(Invalid::new(format!("script.{at}"), why));
        let name = entry.name();
        known = match (known, entry) {
            (Known::Ended(_) | Known::Listened, Entry::Reconnect(_)) => Known::Open,
            (Known::Open, Entry::Reconnect(_)) => {
                return wrong(
                    "it is still connected here: `reconnect` stands behind `drop`, `close`, or a `receive_none` in which the peer closes"
                        .to_owned(),
                );
            }
            (known, Entry::WaitFor(_)) => known,
            (Known::Ended(by), _) => {
                return wrong(format!(
                    "`{name}` needs a connection, and `{by}` has ended it; write `reconnect` in between"
                ));
            }
            (_, Entry::ReceiveNone(_)) => Known::Listened,
            (_, Entry::Drop(_) | Entry::Close(_)) => Known::Ended(name),
            (_, Entry::Send(_) | Entry::Receive(_) | Entry::Ping(_)) => Known::Open,
        };
    }
    Ok(())
}

/// The field of the first barrier.
pub(super) fn barrier(script: &[Entry]) -> Option<Cow<'static, str>> {
    let at = script
        .iter()
        .position(|entry| matches!(entry, Entry::WaitFor(_)))?;
    Some(format!("script.{at}.wait_for").into())
}

/// Whether nothing is said or awaited any more and it is still listened.
pub(super) fn listens_on(script: &[Entry]) -> bool {
    let mut after = script.iter().rev().take_while(|entry| {
        !matches!(
            entry,
            Entry::Send(_) | Entry::Receive(_) | Entry::Reconnect(_)
        )
    });
    after.any(|entry| matches!(entry, Entry::ReceiveNone(_)))
}

/// The longest that a single entry may wait by a limit of its own.
pub(super) fn longest(script: &[Entry]) -> Option<Least> {
    let waits = script.iter().filter_map(|entry| match entry {
        Entry::Receive(receive) => Some((receive.within?.get(), "receive")),
        Entry::Ping(ping) => Some((ping.within?.get(), "ping")),
        Entry::Reconnect(reconnect) => Some((reconnect.within?.get(), "reconnect")),
        _ => None,
    });
    let (time, name) = waits.max_by_key(|(time, _)| *time)?;
    Some(Least {
        field: "script",
        time,
        why: format!("a `{name}` may take"),
    })
}

/// How long it takes even when every answer comes at once.
pub(super) fn least(script: &[Entry]) -> Option<Least> {
    let waits: Vec<(Duration, &str)> = script
        .iter()
        .filter_map(|entry| match entry {
            Entry::ReceiveNone(silence) => Some((silence.time.get(), "receive_none")),
            Entry::Ping(ping) => {
                let every = ping.every.map_or(Duration::ZERO, |every| every.0);
                Some((every.saturating_mul(ping.times.saturating_sub(1)), "ping"))
            }
            Entry::Reconnect(reconnect) => Some((reconnect.after?.0, "reconnect")),
            _ => None,
        })
        .filter(|(time, _)| !time.is_zero())
        .collect();
    let time = waits
        .iter()
        .fold(Duration::ZERO, |sum, (time, _)| sum.saturating_add(*time));
    let parts: Vec<_> = waits
        .iter()
        .map(|(time, name)| format!("{time:?} of `{name}`"))
        .collect();
    (!time.is_zero()).then(|| Least {
        field: "script",
        time,
        why: parts.join(" and "),
    })
}

/// Checks what the entries say.
pub(super) fn check(script: &[Entry]) -> Result<(), Invalid> {
    for (at, entry) in script.iter().enumerate() {
        let checked = match entry {
            Entry::Send(sending) => sent(sending),
            Entry::Receive(receiving) => received(receiving),
            Entry::Ping(Pinging { times, .. }) if *times == 0 || *times > MOST_PINGS => {
                Err(format!("`times` is 1 to {MOST_PINGS}"))
            }
            Entry::Close(closing) => closed(closing),
            Entry::Reconnect(reconnecting) => reconnected(reconnecting),
            Entry::WaitFor(name) if name.is_empty() => Err("a barrier has a name".to_owned()),
            Entry::WaitFor(_) | Entry::Ping(_) | Entry::ReceiveNone(_) | Entry::Drop(_) => Ok(()),
        };
        checked.map_err(|why| Invalid::new(format!("script.{at}.{}", entry.name()), why))?;
    }
    Ok(())
}

fn sent(sending: &Sending) -> Result<(), String> {
    let Sending {
        text,
        json,
        with,
        binary,
        raw,
    } = sending;
    let given = [
        text.is_some(),
        json.is_some(),
        binary.is_some(),
        raw.is_some(),
    ];
    if given.into_iter().filter(|is_given| *is_given).count() != 1 {
        return Err("one of `text`, `json`, `binary` and `raw` says what is sent".to_owned());
    }
    if let Some(with) = with {
        let Some(document) = json else {
            return Err("`with` puts members into the object of `json`".to_owned());
        };
        json::from_yaml(&document.0).and_then(object)?;
        paths("with", with)?;
    } else if let Some(document) = json {
        json::from_yaml(&document.0)?;
    }
    let length = match (text, binary, raw) {
        (Some(text), _, _) => text.len(),
        (_, Some(binary), _) => from_base64(binary)?.len(),
        (_, _, Some(raw)) => from_hex(raw)?.len(),
        _ => 0,
    };
    if length > MOST_SENT {
        return Err(too_long());
    }
    Ok(())
}

/// What a message of ours that is too long is told.
pub(super) fn too_long() -> String {
    format!("at most {} MiB are sent at once", MOST_SENT / 1024 / 1024)
}

/// The members of an object, into which others can be put.
pub(super) fn object(json: Json) -> Result<Map<String, Json>, String> {
    match json {
        Json::Object(members) => Ok(members),
        _ => Err("`with` puts members into an object, and `json` is none".to_owned()),
    }
}

pub(super) fn from_base64(text: &str) -> Result<Vec<u8>, String> {
    STANDARD
        .decode(text)
        .map_err(|error| format!("`binary` is no base64: {error}"))
}

/// Hexadecimal digits, two for a byte, with white space between bytes.
pub(super) fn from_hex(text: &str) -> Result<Vec<u8>, String> {
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let byte = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).ok()?;
        let is_digits = pair.len() == 2 && pair.bytes().all(|b| b.is_ascii_hexdigit());
        is_digits.then(|| u8::from_str_radix(pair, 16).ok())?
    };
    let bytes: Option<Vec<u8>> = digits.chunks(2).map(byte).collect();
    match bytes {
        Some(bytes) if !bytes.is_empty() => Ok(bytes),
        _ => Err("`raw` is bytes in hexadecimal: `\"81 02 68 69\"`".to_owned()),
    }
}

fn received(receiving: &Receiving) -> Result<(), String> {
    let given = [
        receiving.json.is_some(),
        receiving.text.is_some(),
        receiving.binary.is_some(),
    ];
    if given.into_iter().filter(|is_given| *is_given).count() > 1 {
        return Err("only one of `json`, `text` and `binary` says what is waited for".to_owned());
    }
    if receiving.binary == Some(false) {
        return Err("`binary` is `true` or absent".to_owned());
    }
    if receiving.times == 0 || receiving.times as usize > MOST_EVENTS {
        return Err(format!("`times` is 1 to {MOST_EVENTS}"));
    }
    Ok(())
}

fn closed(Closing { code, reason }: &Closing) -> Result<(), String> {
    if !may_be_sent(*code) {
        return Err(match code {
            1005 | 1006 | 1015 => {
                format!("{code} says what no frame has said; it is never sent (RFC 6455 §7.4.1)")
            }
            _ => format!("{code} may not be sent: 1000 to 1003, 1007 to 1014 and 3000 to 4999 may"),
        });
    }
    if (1016..3000).contains(code) {
        return Err(format!(
            "{code} has no meaning yet (RFC 6455 §7.4.2): 1000 to 1003, 1007 to 1014 and 3000 to 4999 may be sent"
        ));
    }
    if reason.len() > MOST_REASON {
        return Err(format!(
            "a reason has at most {MOST_REASON} bytes, and this one has {}",
            reason.len()
        ));
    }
    Ok(())
}

fn reconnected(reconnecting: &Reconnecting) -> Result<(), String> {
    for (key, given) in [
        ("query", &reconnecting.query),
        ("headers", &reconnecting.headers),
    ] {
        if let Some(given) = given {
            paths(key, given)?;
        }
    }
    Ok(())
}

/// Each value is a JSONPath to one node.
fn paths(key: &str, given: &Pairs) -> Result<(), String> {
    for (name, text) in &given.0 {
        path(text).map_err(|why| format!("`{name}` of `{key}`: {why}"))?;
    }
    Ok(())
}

/// A JSONPath to one node.
pub(super) fn path(text: &str) -> Result<JsonPath, String> {
    let path = JsonPath::parse(text)?;
    if path.is_singular() {
        Ok(path)
    } else {
        Err(format!(
            "`{text}` may find several values; a path of names and indices finds one"
        ))
    }
}
