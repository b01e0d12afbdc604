//! What travels from a worker to the kernel, on one pipe, in the order in which it was made.
//!
//! A pipe takes writes of up to 4096 bytes whole (`PIPE_BUF`), also from several threads and forked processes at once.
//! Each frame is one such write, so nothing needs a lock and nothing is torn: a header of [`HEADER_LEN`] bytes and up
//! to [`PAYLOAD_MAX`] bytes. Streams are sent as bytes, cut anywhere. A [`Report`] is JSON; a longer one takes several
//! frames with the same number, and happens where its last frame stands.

use std::collections::HashMap;

use super::report::Report;

/// Bytes before the payload: kind, whether more follows, payload length, and a number: of a report, or of the load of
/// a cell that a stream's bytes come from.
pub const HEADER_LEN: usize = 8;
/// Bytes that fit into one frame.
pub const PAYLOAD_MAX: usize = 4096 - HEADER_LEN;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Bytes of stdout.
    Stdout,
    /// Bytes of stderr.
    Stderr,
    /// A piece of a [`Report`].
    Report,
}

impl Kind {
    const fn code(self) -> u8 {
        match self {
            Kind::Stdout => 1,
            Kind::Stderr => 2,
            Kind::Report => 3,
        }
    }

    fn from_code(code: u8) -> Option<Kind> {
        match code {
            1 => Some(Kind::Stdout),
            2 => Some(Kind::Stderr),
            3 => Some(Kind::Report),
            _ => None,
        }
    }
}

/// The header of a frame with `len` bytes of payload.
///
/// # Panics
///
/// When `len` is more than [`PAYLOAD_MAX`].
pub fn header(kind: Kind, more: bool, len: usize, number: u32) -> [u8; HEADER_LEN] {
    assert!(
        len <= PAYLOAD_MAX,
        "a frame holds at most {PAYLOAD_MAX} bytes, got {len}"
    );
    let len = (len as u16).to_le_bytes();
    let number = number.to_le_bytes();
    [
        kind.code(),
        more.into(),
        len[0],
        len[1],
        number[0],
        number[1],
        number[2],
        number[3],
    ]
}

/// One thing out of the pipe.
#[derive(Debug, PartialEq)]
pub enum Item {
    /// Bytes of stdout, and which load of a cell printed them (0: not known).
    Stdout(u32, Vec<u8>),
    /// Bytes of stderr, likewise.
    Stderr(u32, Vec<u8>),
    /// A whole report.
    Report(Box<Report>),
}

/// Puts frames together again.
#[derive(Debug, Default)]
pub struct ReportDecoder {
    buffer: Vec<u8>,
    start: usize,
    pieces: HashMap<u32, Vec<u8>>,
}

impl ReportDecoder {
    /// Takes bytes as they came out of the pipe.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.start);
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// Forgets what was begun by a process that has died.
    pub fn forget_pieces(&mut self) {
        self.pieces.clear();
    }

    /// The next whole item, if one is there. What is no frame of ours is skipped.
    #[expect(
        clippy::should_implement_trait,
        reason = "more may come after a None, which iterators do not promise"
    )]
    pub fn next(&mut self) -> Option<Item> {
        loop {
            let rest = &self.buffer[self.start..];
            let header = rest.first_chunk::<HEADER_LEN>()?;
            let [kind, more, len0, len1, n0, n1, n2, n3] = *header;
            let len = usize::from(u16::from_le_bytes([len0, len1]));
            let payload = rest.get(HEADER_LEN..HEADER_LEN + len)?.to_vec();
            self.start += HEADER_LEN + len;
            let number = u32::from_le_bytes([n0, n1, n2, n3]);
            match Kind::from_code(kind) {
                Some(Kind::Stdout) => return Some(Item::Stdout(number, payload)),
                Some(Kind::Stderr) => return Some(Item::Stderr(number, payload)),
                Some(Kind::Report) => {
                    let mut whole = self.pieces.remove(&number).unwrap_or_default();
                    whole.extend(payload);
                    if more == 1 {
                        self.pieces.insert(number, whole);
                    } else if let Ok(report) = serde_json::from_slice(&whole) {
                        return Some(Item::Report(report));
                    }
                }
                None => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: Kind, more: bool, number: u32, payload: &[u8]) -> Vec<u8> {
        let mut bytes = header(kind, more, payload.len(), number).to_vec();
        bytes.extend_from_slice(payload);
        bytes
    }

    #[test]
    fn frames_survive_any_cut() {
        let mut bytes = frame(Kind::Stdout, false, 0, b"abc");
        let report = serde_json::to_vec(&Report::Clear {
            load: 0,
            wait: true,
        })
        .unwrap();
        bytes.extend(frame(Kind::Report, true, 7, &report[..5]));
        bytes.extend(frame(Kind::Stderr, false, 0, b"between"));
        bytes.extend(frame(Kind::Report, false, 7, &report[5..]));
        for cut in 0..bytes.len() {
            let mut decoder = ReportDecoder::default();
            let mut items = Vec::new();
            for part in [&bytes[..cut], &bytes[cut..]] {
                decoder.feed(part);
                items.extend(std::iter::from_fn(|| decoder.next()));
            }
            assert_eq!(
                items,
                [
                    Item::Stdout(0, b"abc".to_vec()),
                    Item::Stderr(0, b"between".to_vec()),
                    Item::Report(Box::new(Report::Clear {
                        load: 0,
                        wait: true
                    })),
                ],
                "cut at {cut}"
            );
        }
    }

    #[test]
    fn a_report_that_is_no_json_is_skipped() {
        let mut decoder = ReportDecoder::default();
        decoder.feed(&frame(Kind::Report, false, 1, b"{"));
        decoder.feed(&frame(Kind::Stdout, false, 0, b"on"));
        assert_eq!(decoder.next(), Some(Item::Stdout(0, b"on".to_vec())));
        assert_eq!(decoder.next(), None);
    }
}
