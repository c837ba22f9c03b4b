//! Unpacking a body (RFC 9110 §8.4, RFC 9112 §7), bounded in size and in time.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use flate2::bufread::ZlibDecoder;
use flate2::read::MultiGzDecoder;
use hyper::StatusCode;
use hyper::header::{CONTENT_ENCODING, HeaderMap, TRANSFER_ENCODING};
use ruzstd::decoding::StreamingDecoder;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout_at;

use super::room;
use crate::model::{FaultKind, HttpFault, Unable};
use crate::probe::look::{Halt, Look};
use crate::yaml::visible;

/// So much is unpacked between two looks at whether anybody still waits.
const CHUNK: usize = 64 * 1024;

/// The window of a frame may be so large (RFC 9659).
const MOST_WINDOW: u64 = 8 * 1024 * 1024;

/// A body packed more often than this is not worth believing.
const MOST_CODINGS: usize = 4;

/// Who may unpack now. One after the other: what threads have held they are slow to give back.
#[derive(Debug)]
pub(in crate::probe) struct Turns(Arc<Semaphore>);

impl Default for Turns {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(1)))
    }
}

/// How a body is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

impl Coding {
    fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }
}

/// Unpacks a body in place, up to `most` bytes; `None` when it came as it is, or was packed by whoever wrote it in a way that we
/// do not know, and is left alone. When it cannot be unpacked, what could be stays there. An empty body is not: answers that have
/// none (to HEAD, or 304) say how it would be packed, and some servers also say it of one that is empty. On a thread of its own:
/// a packed body may be long and come to nothing, and the other looks would stand still meanwhile.
pub(in crate::probe) async fn unpack(
    look: &Look<'_>,
    status: StatusCode,
    headers: &HeaderMap,
    body: &mut Vec<u8>,
    most: usize,
) -> Option<Result<(), Halt>> {
    let is_packed =
        headers.contains_key(CONTENT_ENCODING) || headers.contains_key(TRANSFER_ENCODING);
    if body.is_empty() || !is_packed {
        return None;
    }
    let codings = match codings(status, headers) {
        Ok(codings) if codings.is_empty() => return None,
        Ok(codings) => codings,
        Err(halt) => return Some(Err(halt)),
    };
    let packed = std::mem::take(body);
    let turn = look.ctx.shared.unpacking.0.clone().acquire_owned();
    let Ok(turn) = timeout_at(look.ctx.deadline, turn).await else {
        let message = "other bodies are being unpacked, and this one had to wait";
        return Some(Err(Halt::unable(Unable::Limit, message)));
    };
    let is_given_up = Arc::new(AtomicBool::new(false));
    let unpacking = spawn_blocking({
        let is_given_up = is_given_up.clone();
        move || {
            let mut body = packed;
            let outcome = codings.iter().rev().try_for_each(|coding| {
                let packed = std::mem::take(&mut body);
                let limits = Limits {
                    most,
                    is_given_up: &is_given_up,
                };
                unpack_one(*coding, &packed, &mut body, &limits)
            });
            drop(turn);
            (body, outcome)
        }
    });
    Some(match timeout_at(look.ctx.deadline, unpacking).await {
        Ok(Ok((unpacked, outcome))) => {
            *body = unpacked;
            outcome
        }
        Ok(Err(_)) => Err(Halt::unable(Unable::Panic, "unpacking a body panicked")),
        Err(_) => {
            is_given_up.store(true, Ordering::Relaxed);
            Err(look.too_late(FaultKind::Http(HttpFault::TimeoutBody)))
        }
    })
}

/// What ends unpacking before its end.
struct Limits<'l> {
    /// The unpacked body may have so many bytes.
    most: usize,
    /// Nobody waits for it any more.
    is_given_up: &'l AtomicBool,
}

/// The codings that are to be undone, in the order they were applied: those of the content, unless somebody chose one that we do
/// not know, and those it was put into for its way.
fn codings(status: StatusCode, headers: &HeaderMap) -> Result<Vec<Coding>, Halt> {
    let mut codings = Vec::new();
    // A part of a packed body cannot be unpacked (RFC 9110 §15.3.7).
    if status != StatusCode::PARTIAL_CONTENT {
        codings = of_content(headers).unwrap_or_default();
    }
    of_transfer(headers, &mut codings)?;
    Ok(codings)
}

/// `None` when there is one that we do not know, or when there are too many.
fn of_content(headers: &HeaderMap) -> Option<Vec<Coding>> {
    let mut codings = Vec::new();
    for value in headers.get_all(CONTENT_ENCODING) {
        for name in value.to_str().ok()?.split(',') {
            codings.push(match name.trim().to_ascii_lowercase().as_str() {
                "gzip" | "x-gzip" => Coding::Gzip,
                "deflate" => Coding::Deflate,
                "br" => Coding::Brotli,
                "zstd" => Coding::Zstd,
                "identity" | "" => continue,
                _ => return None,
            });
        }
    }
    (codings.len() <= MOST_CODINGS).then_some(codings)
}

/// What the body is in on its way is no part of it (RFC 9112 §7): it is undone, or the body cannot be known.
/// Chunks are put together already.
fn of_transfer(headers: &HeaderMap, codings: &mut Vec<Coding>) -> Result<(), Halt> {
    for value in headers.get_all(TRANSFER_ENCODING) {
        let names = String::from_utf8_lossy(value.as_bytes());
        for name in names.split(',') {
            codings.push(match name.trim().to_ascii_lowercase().as_str() {
                "gzip" | "x-gzip" => Coding::Gzip,
                "deflate" => Coding::Deflate,
                "chunked" | "identity" | "" => continue,
                _ => {
                    let message = format!(
                        "the body comes as `{}` (transfer-encoding), which nobody knows here",
                        visible(name.trim())
                    );
                    return Err(Halt::fault(FaultKind::Http(HttpFault::Encoding), message));
                }
            });
        }
    }
    if codings.len() > MOST_CODINGS {
        let message = format!("the body is packed more than {MOST_CODINGS} times");
        return Err(Halt::fault(FaultKind::Http(HttpFault::Encoding), message));
    }
    Ok(())
}

fn unpack_one(
    coding: Coding,
    packed: &[u8],
    body: &mut Vec<u8>,
    limits: &Limits<'_>,
) -> Result<(), Halt> {
    match coding {
        Coding::Gzip => pour(coding, MultiGzDecoder::new(packed), body, limits),
        Coding::Deflate => {
            let mut decoder = ZlibDecoder::new(packed);
            pour(coding, &mut decoder, body, limits)?;
            nothing_behind(coding, decoder.into_inner().is_empty())
        }
        // A window of 2³⁰ bytes is no brotli as browsers know it (RFC 7932 §9.1 has 17 as an invalid pattern).
        Coding::Brotli if packed.first().is_some_and(|first| first & 0x7f == 0x11) => {
            Err(spoiled(coding, "its window is too large"))
        }
        Coding::Brotli => {
            let mut decoder = brotli_decompressor::Decompressor::new(packed, 4096);
            pour(coding, &mut decoder, body, limits)?;
            // Behind the end it fails while there is more in its own room.
            let is_read = decoder.read(&mut [0]).is_ok();
            nothing_behind(coding, is_read && decoder.into_inner().is_empty())
        }
        Coding::Zstd => unpack_frames(packed, body, limits),
    }
}

/// Zstandard comes in frames, one after the other (RFC 8878 §3.1).
fn unpack_frames(mut packed: &[u8], body: &mut Vec<u8>, limits: &Limits<'_>) -> Result<(), Halt> {
    let wrong = |why: &str| spoiled(Coding::Zstd, why);
    while let Some((magic, rest)) = packed.split_first_chunk::<4>() {
        if limits.is_given_up.load(Ordering::Relaxed) {
            return Ok(());
        }
        let magic = u32::from_le_bytes(*magic);
        if magic & 0xffff_fff0 == 0x184d_2a50 {
            let (length, rest) = rest
                .split_first_chunk::<4>()
                .ok_or_else(|| wrong("it ends too early"))?;
            let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
            packed = rest
                .get(length..)
                .ok_or_else(|| wrong("it ends too early"))?;
            continue;
        }
        // The decoder makes room for a window before it has read a byte of it.
        if window(rest).is_none_or(|window| window > MOST_WINDOW.max(limits.most as u64)) {
            return Err(wrong("its window is too large"));
        }
        let mut decoder =
            StreamingDecoder::new(&mut packed).map_err(|error| wrong(&error.to_string()))?;
        let before = body.len();
        pour(Coding::Zstd, &mut decoder, body, limits)?;
        // 0 when the frame does not say; the decoder believes whatever it says.
        let promised = decoder.decoder.content_size();
        if promised != 0 && promised != (body.len() - before) as u64 {
            return Err(wrong("a frame does not have the size it promised"));
        }
        // A frame need not have a checksum (RFC 8878 §3.1.1).
        let (said, made) = (
            decoder.decoder.get_checksum_from_data(),
            decoder.decoder.get_calculated_checksum(),
        );
        if said.is_some() && said != made {
            return Err(wrong("the checksum of a frame is another one"));
        }
    }
    if packed.is_empty() {
        Ok(())
    } else {
        Err(wrong("it ends too early"))
    }
}

/// The size of the window a frame wants (RFC 8878 §3.1.1.1), from what follows its magic number.
fn window(header: &[u8]) -> Option<u64> {
    let (descriptor, rest) = header.split_first()?;
    let is_single = descriptor & 0x20 != 0;
    if !is_single {
        let byte = u64::from(*rest.first()?);
        let base = 1u64 << (10 + (byte >> 3));
        return Some(base + base / 8 * (byte & 7));
    }
    let id = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let size = rest.get(id..)?;
    let count = [1, 2, 4, 8][usize::from(descriptor >> 6)];
    let mut bytes = [0; 8];
    bytes[..count].copy_from_slice(size.get(..count)?);
    Some(u64::from_le_bytes(bytes) + if count == 2 { 256 } else { 0 })
}

/// Reads a decoder to its end.
fn pour(
    coding: Coding,
    mut decoder: impl Read,
    body: &mut Vec<u8>,
    limits: &Limits<'_>,
) -> Result<(), Halt> {
    let (mut chunk, most) = (vec![0; CHUNK], limits.most);
    while !limits.is_given_up.load(Ordering::Relaxed) {
        match decoder.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(count) => {
                if !room::add(body, &chunk[..count], most) {
                    let message =
                        format!("the body has more than `max_body`, {most} bytes, unpacked");
                    return Err(Halt::fault(FaultKind::Http(HttpFault::TooLarge), message));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(spoiled(coding, "it ends too early"));
            }
            Err(error) => return Err(spoiled(coding, &error.to_string())),
        }
    }
    Ok(())
}

/// Neither `deflate` nor `br` goes on behind its end (RFC 1950 §2.2, RFC 7932 §2).
fn nothing_behind(coding: Coding, is_at_end: bool) -> Result<(), Halt> {
    if is_at_end {
        Ok(())
    } else {
        Err(spoiled(coding, "something follows behind its end"))
    }
}

fn spoiled(coding: Coding, why: &str) -> Halt {
    let message = format!(
        "the body is said to be `{}`, and is not: {why}",
        coding.name()
    );
    Halt::fault(FaultKind::Http(HttpFault::Encoding), message)
}

#[cfg(test)]
mod tests;
