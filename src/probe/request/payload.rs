//! Bodies that are read from files, or put together from parts (RFC 7578).

use std::borrow::Cow;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use super::keys::Keys;
use crate::model::{ProbeError, Unable};
use crate::probe::Invalid;
use crate::probe::exchange::Prepared;
use crate::yaml::visible;

/// So much is sent: files are read whole.
const MOST: u64 = 256 * 1024 * 1024;

/// One part of a `multipart` body: a text, or a file.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::probe) struct Part {
    /// The name of the field.
    pub(super) name: String,
    /// Its text.
    pub(super) text: Option<String>,
    /// A file with its bytes. Relative paths begin where the program was started.
    pub(super) file: Option<PathBuf>,
    /// What the file is called; by default the last part of its path.
    pub(super) filename: Option<String>,
    /// Its media type; of a file by default `application/octet-stream`.
    pub(super) content_type: Option<String>,
}

impl Part {
    /// The name a file is sent under.
    pub(super) fn shown_name(&self) -> Option<Cow<'_, str>> {
        let given = self.filename.as_deref().map(Cow::Borrowed);
        given.or_else(|| Some(self.file.as_ref()?.file_name()?.to_string_lossy()))
    }

    /// The media type it is sent with.
    pub(super) fn media_type(&self) -> Option<&str> {
        let by_default = self.file.as_ref().map(|_| "application/octet-stream");
        self.content_type.as_deref().or(by_default)
    }
}

/// Checks what can be checked without reading a file.
pub(super) fn check(parts: &[Part]) -> Result<(), Invalid> {
    let wrong = |part: &Part, why: &str| {
        let name = visible(&part.name);
        Err(Invalid::new(
            "multipart",
            format!("the part `{name}` {why}"),
        ))
    };
    if parts.is_empty() {
        return Err(Invalid::new("multipart", "no part is given"));
    }
    for part in parts {
        match (&part.text, &part.file) {
            (Some(_), Some(_)) => return wrong(part, "has `text` and `file`; write one of them"),
            (None, None) => return wrong(part, "has neither `text` nor `file`"),
            _ => {}
        }
        let media_type = part.content_type.as_deref().unwrap_or_default();
        if media_type.contains(char::is_control) {
            return wrong(part, "has a `content_type` with a control character");
        }
    }
    Ok(())
}

/// The request with its body, read now: what is not the target's time is spent before the clock starts.
pub(in crate::probe) async fn filled<'p>(
    keys: &Keys<'_>,
    prepared: &'p Prepared,
) -> Result<Cow<'p, Prepared>, ProbeError> {
    let body = match (keys.file, keys.multipart) {
        (Some(path), _) => Box::pin(read("file", path)).await?,
        (None, Some(parts)) => Box::pin(multipart(parts, keys.boundary())).await?,
        (None, None) => return Ok(Cow::Borrowed(prepared)),
    };
    Ok(Cow::Owned(prepared.with_body(body.into())))
}

async fn multipart(parts: &[Part], boundary: &str) -> Result<Vec<u8>, ProbeError> {
    let mut body = Vec::new();
    for part in parts {
        let mut head = format!("--{boundary}\r\ncontent-disposition: form-data; name=\"");
        head.push_str(&quoted(&part.name));
        head.push('"');
        if let Some(name) = part.shown_name() {
            let _ = write!(head, "; filename=\"{}\"", quoted(&name));
        }
        if let Some(media_type) = part.media_type() {
            let _ = write!(head, "\r\ncontent-type: {media_type}");
        }
        head.push_str("\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        match (&part.text, &part.file) {
            (Some(text), _) => body.extend_from_slice(text.as_bytes()),
            (None, Some(path)) => body.extend_from_slice(&read("multipart", path).await?),
            (None, None) => {}
        }
        body.extend_from_slice(b"\r\n");
        if body.len() as u64 > MOST {
            return Err(unreadable("multipart", "the parts have more than 256 MiB"));
        }
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    Ok(body)
}

/// As browsers write names (<https://html.spec.whatwg.org/#multipart-form-data>).
fn quoted(name: &str) -> String {
    name.replace('\r', "%0D")
        .replace('\n', "%0A")
        .replace('"', "%22")
}

/// Reads a plain file. Of anything else, a pipe say, nobody knows when it ends.
async fn read(field: &str, path: &Path) -> Result<Vec<u8>, ProbeError> {
    let place = path.display();
    let failed = |error| unreadable(field, &format!("`{place}`: {error}"));
    let about = tokio::fs::metadata(path).await.map_err(failed)?;
    if !about.is_file() {
        return Err(unreadable(field, &format!("`{place}` is no plain file")));
    }
    if about.len() > MOST {
        return Err(unreadable(
            field,
            &format!("`{place}` has more than 256 MiB"),
        ));
    }
    tokio::fs::read(path).await.map_err(failed)
}

fn unreadable(field: &str, why: &str) -> ProbeError {
    ProbeError::new(Unable::File, format!("`{field}`: {why}"))
}
