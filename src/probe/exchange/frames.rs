//! How much of a request's body has left in HTTP/2, seen in the frames that are written (RFC 9113 §4.1).
//!
//! Whose window is closed takes no body and says nothing (§5.2): only what was written shows that it was never sent.

use std::io::IoSlice;

/// What a client says first (§3.4).
const PREFACE: usize = 24;

const HEAD: usize = 9;
const DATA: u8 = 0;

/// Follows what is written, frame by frame.
#[derive(Debug)]
pub(super) struct Frames {
    /// What is left of the preface or of a payload.
    left: usize,
    is_data: bool,
    head: [u8; HEAD],
    /// So much of a head was written.
    begun: usize,
}

impl Frames {
    /// Before anything was written.
    pub(super) const fn new() -> Self {
        Self {
            left: PREFACE,
            is_data: false,
            head: [0; HEAD],
            begun: 0,
        }
    }

    /// These bytes were written; how many of them are a body's.
    pub(super) fn wrote(&mut self, mut bytes: &[u8]) -> u64 {
        let mut of_body = 0;
        while !bytes.is_empty() {
            if self.left > 0 {
                let (passed, rest) = bytes.split_at(self.left.min(bytes.len()));
                self.left -= passed.len();
                if self.is_data {
                    of_body += passed.len() as u64;
                }
                bytes = rest;
                continue;
            }
            let (more, rest) = bytes.split_at((HEAD - self.begun).min(bytes.len()));
            self.head[self.begun..][..more.len()].copy_from_slice(more);
            self.begun += more.len();
            bytes = rest;
            if self.begun == HEAD {
                let [a, b, c, kind, ..] = self.head;
                self.left = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
                self.is_data = kind == DATA;
                self.begun = 0;
            }
        }
        of_body
    }

    /// So many bytes of these were written.
    pub(super) fn wrote_of(&mut self, slices: &[IoSlice<'_>], mut count: usize) -> u64 {
        let mut of_body = 0;
        for slice in slices {
            let written = &slice[..slice.len().min(count)];
            of_body += self.wrote(written);
            count -= written.len();
        }
        of_body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let head = [length[1], length[2], length[3], kind, 0, 0, 0, 0, 1];
        [&head[..], payload].concat()
    }

    #[test]
    fn only_the_payload_of_data_is_counted_however_it_is_cut() {
        let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        let written = [
            preface,
            frame(4, &[0; 12]),
            frame(1, &[1; 40]),
            frame(DATA, &[2; 300]),
            frame(8, &[0; 4]),
            frame(DATA, &[]),
            frame(DATA, &[3; 7]),
        ]
        .concat();
        for size in [1, 2, 9, 10, 64, written.len()] {
            let mut frames = Frames::new();
            let counted: u64 = written.chunks(size).map(|cut| frames.wrote(cut)).sum();
            assert_eq!(counted, 307, "{size}");
        }
        let (first, second) = written.split_at(100);
        let slices = [IoSlice::new(first), IoSlice::new(second)];
        assert_eq!(Frames::new().wrote_of(&slices, written.len()), 307);
        // The head of the first data ends at 103.
        assert_eq!(Frames::new().wrote_of(&slices, 100), 0);
        assert_eq!(Frames::new().wrote_of(&slices, 110), 7);
    }
}
