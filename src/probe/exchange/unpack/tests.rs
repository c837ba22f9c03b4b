use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use hyper::header::{HeaderName, HeaderValue};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::*;
use crate::model::Stopped;
use crate::probe::Context;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

/// An uncompressed meta-block (RFC 7932 §9.2), then the last, empty one.
fn brotli(bytes: &[u8]) -> Vec<u8> {
    // WBITS 16 in one bit, ISLAST 0, MNIBBLES 4, MLEN - 1 in 16 bits, ISUNCOMPRESSED 1, then to the byte.
    let head = u32::try_from(bytes.len() - 1).unwrap() << 4 | 1 << 20;
    let mut packed = head.to_le_bytes()[..3].to_vec();
    packed.extend_from_slice(bytes);
    packed.push(0b11);
    packed
}

async fn unpacked(name: &str, packed: Vec<u8>, most: usize) -> (Vec<u8>, Option<String>) {
    unpacked_by(&[(CONTENT_ENCODING, name)], StatusCode::OK, packed, most).await
}

async fn unpacked_by(
    pairs: &[(HeaderName, &str)],
    status: StatusCode,
    packed: Vec<u8>,
    most: usize,
) -> (Vec<u8>, Option<String>) {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(name, HeaderValue::from_str(value).unwrap());
    }
    let ctx = Context::for_tests(Duration::from_mins(1));
    let mut look = Look::begin(&ctx);
    let mut body = packed;
    let outcome = unpack(&look, status, &headers, &mut body, most).await;
    let code = outcome.and_then(Result::err).map(|halt| {
        let stopped = look.stop(crate::model::Phase::Body, halt);
        match stopped {
            Stopped::Fault(seen) => seen.fault.unwrap().code().to_string(),
            Stopped::Unable(error) => panic!("{error:?}"),
        }
    });
    (body, code)
}

const TEXT: &[u8] =
    b"{\"status\": \"healthy\", \"padding\": \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}";

#[tokio::test]
async fn every_coding_is_unpacked() {
    let two_frames = [
        zstd(&TEXT[..20]),
        vec![0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9],
        zstd(&TEXT[20..]),
    ]
    .concat();
    let two_members = [gzip(&TEXT[..20]), gzip(&TEXT[20..])].concat();
    for (name, packed) in [
        ("gzip", gzip(TEXT)),
        ("X-GZIP", two_members),
        ("deflate", deflate(TEXT)),
        ("br", brotli(TEXT)),
        ("zstd", zstd(TEXT)),
        ("zstd", two_frames),
        ("gzip, br", brotli(&gzip(TEXT))),
        ("identity, zstd,, gzip", gzip(&zstd(TEXT))),
        ("identity", TEXT.to_vec()),
        ("compress", TEXT.to_vec()),
    ] {
        let (body, code) = unpacked(name, packed, 1024).await;
        assert_eq!(code, None, "{name}");
        assert_eq!(body, TEXT, "{name}");
    }
}

#[tokio::test]
async fn what_is_not_as_said_is_an_error_of_encoding() {
    let flipped = |mut packed: Vec<u8>| {
        let at = packed.len() - 2;
        packed[at] ^= 0xff;
        packed
    };
    let short = |packed: Vec<u8>| packed[..packed.len() - 3].to_vec();
    for (name, packed) in [
        ("gzip", TEXT.to_vec()),
        ("br", TEXT.to_vec()),
        ("zstd", TEXT.to_vec()),
        ("deflate", TEXT.to_vec()),
        ("gzip", short(gzip(TEXT))),
        ("deflate", short(deflate(TEXT))),
        ("br", short(brotli(TEXT))),
        ("zstd", short(zstd(TEXT))),
        ("zstd", zstd(TEXT)[..3].to_vec()),
        ("gzip", flipped(gzip(TEXT))),
        ("gzip", [gzip(TEXT), b"garbage".to_vec()].concat()),
        ("zstd", [zstd(TEXT), b"garbage".to_vec()].concat()),
        ("deflate", [deflate(TEXT), b"garbage".to_vec()].concat()),
        ("deflate", [deflate(TEXT), deflate(TEXT)].concat()),
        ("br", [brotli(TEXT), b"garbage".to_vec()].concat()),
        ("br", [brotli(TEXT), vec![0; 100_000]].concat()),
        ("gzip, br", [brotli(&gzip(TEXT)), vec![0]].concat()),
        // A frame ends in the checksum of what it holds.
        ("zstd", flipped(zstd(TEXT))),
        ("br", vec![0x11, 0, 0, 0]),
        // A frame that promises 9 bytes, with one raw block of 2 (RFC 8878 §3.1.1).
        (
            "zstd",
            vec![0x28, 0xb5, 0x2f, 0xfd, 0x20, 9, 0x11, 0, 0, b'{', b'}'],
        ),
        ("zstd", vec![0x28, 0xb5, 0x2f, 0xfd, 0, 0xff, 1, 0, 0]),
    ] {
        let (_, code) = unpacked(name, packed.clone(), 1024).await;
        assert_eq!(code.as_deref(), Some("http.encoding"), "{name} {packed:?}");
    }
}

#[tokio::test]
async fn what_a_body_is_in_on_its_way_is_undone_or_a_fault() {
    let gzip_in = |transfer| [(TRANSFER_ENCODING, transfer)];
    for transfer in ["gzip", "x-gzip, chunked", "identity, GZIP"] {
        let headers = gzip_in(transfer);
        for status in [StatusCode::OK, StatusCode::PARTIAL_CONTENT] {
            let (body, code) = unpacked_by(&headers, status, gzip(TEXT), 1024).await;
            assert_eq!((body.as_slice(), code), (TEXT, None), "{transfer}");
        }
    }
    // What the content was packed in comes first, and was put into the other.
    let both = [(TRANSFER_ENCODING, "deflate"), (CONTENT_ENCODING, "br")];
    let packed = deflate(&brotli(TEXT));
    let (body, code) = unpacked_by(&both, StatusCode::OK, packed.clone(), 1024).await;
    assert_eq!((body.as_slice(), code), (TEXT, None));
    let (body, code) = unpacked_by(&both, StatusCode::PARTIAL_CONTENT, packed, 1024).await;
    assert_eq!((body, code), (brotli(TEXT), None));
    let unknown = [(TRANSFER_ENCODING, "gzip"), (CONTENT_ENCODING, "compress")];
    let (body, code) = unpacked_by(&unknown, StatusCode::OK, gzip(b"x"), 1024).await;
    assert_eq!((body.as_slice(), code), (&b"x"[..], None));
    for (transfer, packed) in [
        ("gzip", TEXT.to_vec()),
        ("compress, chunked", TEXT.to_vec()),
        ("gzip, gzip, gzip, gzip, gzip", gzip(TEXT)),
    ] {
        let headers = gzip_in(transfer);
        let (_, code) = unpacked_by(&headers, StatusCode::OK, packed, 1024).await;
        assert_eq!(code.as_deref(), Some("http.encoding"), "{transfer}");
    }
    let plain = gzip_in("chunked");
    let (body, code) = unpacked_by(&plain, StatusCode::OK, TEXT.to_vec(), 1024).await;
    assert_eq!((body.as_slice(), code), (TEXT, None));
}

#[tokio::test]
async fn a_bomb_stops_at_the_cap() {
    let zeros = vec![0; 16 * 1024 * 1024];
    for (name, packed) in [
        ("gzip", gzip(&zeros)),
        ("deflate", deflate(&zeros)),
        ("gzip, gzip", gzip(&gzip(&zeros))),
        ("zstd", zstd(&zeros)),
    ] {
        assert!(packed.len() < 64 * 1024, "{name}: {}", packed.len());
        let (body, code) = unpacked(name, packed, 100_000).await;
        assert_eq!(code.as_deref(), Some("http.too_large"), "{name}");
        assert_eq!(body.len(), 100_000, "{name}");
    }
}
