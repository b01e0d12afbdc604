//! Finds the displays that crates made for evcxr print into stdout:
//!
//! ```text
//! EVCXR_BEGIN_CONTENT text/html
//! <b>bold</b>
//! EVCXR_END_CONTENT
//! ```
//!
//! Anybody may print these words, so whatever is not exactly such a block comes out as the text that it is.

use serde_json::Map;
use serde_json::Value;

const BEGIN: &[u8] = b"EVCXR_BEGIN_CONTENT ";
const END: &[u8] = b"EVCXR_END_CONTENT";

/// A start of a line that is this long is no accident.
const CERTAIN: usize = b"EVCXR_".len();

/// No MIME type is longer.
const HEADER_LIMIT_BYTES: usize = 200;

/// A display that is longer than this is shown as text, where the limit of a cell's output holds.
const BODY_LIMIT_BYTES: usize = 64 << 20;

/// A stretch of stdout.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum MimePiece {
    /// Text to show, cut anywhere.
    Text(Vec<u8>),
    /// The content of a block.
    Display {
        /// What stands behind the opening marker.
        mime: String,
        /// The lines between the markers, without the last line's end.
        body: Vec<u8>,
    },
}

/// Cuts the stdout of one cell into pieces.
#[derive(Debug, Default)]
pub(super) struct MimeScanner {
    state: MimeState,
}

#[derive(Debug)]
enum MimeState {
    /// In a line that is no marker.
    Line,
    /// In a line that may become an opening marker.
    Held(Vec<u8>),
    /// Between the markers: everything since the opening marker's first byte.
    Block {
        mime: String,
        raw: Vec<u8>,
        body_start: usize,
        line_start: usize,
    },
}

impl Default for MimeState {
    fn default() -> MimeState {
        MimeState::Held(Vec::new())
    }
}

impl MimeScanner {
    /// Takes the next bytes.
    pub(super) fn push(&mut self, mut bytes: &[u8]) -> Vec<MimePiece> {
        let mut pieces = Vec::new();
        while !bytes.is_empty() {
            bytes = match &mut self.state {
                MimeState::Line => {
                    // Most output never leaves this arm, so it takes all lines up to one that starts like a marker.
                    let taken = end_of_text(bytes);
                    let (text, rest) = bytes.split_at(taken);
                    push_text(&mut pieces, text);
                    if text.ends_with(b"\n") {
                        self.state = MimeState::default();
                    }
                    rest
                }
                MimeState::Held(held) => {
                    let [first, rest @ ..] = bytes else { break };
                    held.push(*first);
                    self.check_held(&mut pieces);
                    rest
                }
                MimeState::Block { raw, .. } => {
                    let end = line_end(bytes);
                    let (line, rest) = bytes.split_at(end);
                    raw.extend(line);
                    if line.ends_with(b"\n") || raw.len() > BODY_LIMIT_BYTES {
                        self.check_block(&mut pieces, false);
                    }
                    rest
                }
            };
        }
        pieces
    }

    /// Whether a line's start is held that [`MimeScanner::relax`] would let go.
    pub(super) fn is_waiting(&self) -> bool {
        matches!(&self.state, MimeState::Held(held) if !held.is_empty() && held.len() < CERTAIN)
    }

    /// Lets go of a line's start that is too short to be meant as a marker, so that a prompt such as `E` is seen.
    pub(super) fn relax(&mut self) -> Vec<MimePiece> {
        let mut pieces = Vec::new();
        if let MimeState::Held(held) = &mut self.state
            && !held.is_empty()
            && held.len() < CERTAIN
        {
            push_text(&mut pieces, held);
            self.state = MimeState::Line;
        }
        pieces
    }

    /// The cell has ended. What is held comes out; a block that was not closed is text.
    pub(super) fn finish(&mut self) -> Vec<MimePiece> {
        let mut pieces = Vec::new();
        if matches!(self.state, MimeState::Block { .. }) {
            self.check_block(&mut pieces, true);
        }
        match std::mem::take(&mut self.state) {
            MimeState::Line => {}
            MimeState::Held(held) => push_text(&mut pieces, &held),
            MimeState::Block { raw, .. } => push_text(&mut pieces, &raw),
        }
        pieces
    }

    fn check_held(&mut self, pieces: &mut Vec<MimePiece>) {
        let MimeState::Held(held) = &mut self.state else {
            return;
        };
        let complete = held.last() == Some(&b'\n');
        let may_be = if held.len() <= BEGIN.len() {
            BEGIN.starts_with(held)
        } else {
            held.len() <= HEADER_LIMIT_BYTES
        };
        if may_be && !complete {
            return;
        }
        let held = std::mem::take(held);
        if let Some(mime) = held.strip_prefix(BEGIN).and_then(mime_type) {
            self.state = MimeState::Block {
                mime,
                body_start: held.len(),
                line_start: held.len(),
                raw: held,
            };
            return;
        }
        push_text(pieces, &held);
        self.state = if complete {
            MimeState::default()
        } else {
            MimeState::Line
        };
    }

    fn check_block(&mut self, pieces: &mut Vec<MimePiece>, at_end: bool) {
        let MimeState::Block {
            mime,
            raw,
            body_start,
            line_start,
        } = &mut self.state
        else {
            return;
        };
        let line = raw.get(*line_start..).unwrap_or_default();
        if line.trim_ascii_end() == END && (at_end || line.ends_with(b"\n")) {
            let body = raw.get(*body_start..*line_start).unwrap_or_default();
            let body = body.strip_suffix(b"\n").unwrap_or(body);
            let body = body.strip_suffix(b"\r").unwrap_or(body);
            pieces.push(MimePiece::Display {
                mime: std::mem::take(mime),
                body: body.to_vec(),
            });
            self.state = MimeState::default();
        } else if raw.len() > BODY_LIMIT_BYTES {
            let complete = raw.ends_with(b"\n");
            push_text(pieces, raw);
            self.state = if complete {
                MimeState::default()
            } else {
                MimeState::Line
            };
        } else {
            *line_start = raw.len();
        }
    }
}

/// The data of a display. JSON types are unpacked, images stay the base64 text that they were printed as.
pub(super) fn bundle(mime: String, body: &[u8]) -> Map<String, Value> {
    let text = String::from_utf8_lossy(body);
    let is_json = mime == "application/json" || mime.ends_with("+json");
    let value = match serde_json::from_str(&text) {
        Ok(value) if is_json => value,
        _ => Value::String(text.into_owned()),
    };
    Map::from_iter([(mime, value)])
}

/// `type/subtype`, perhaps with parameters.
fn mime_type(line: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(line).ok()?.trim();
    let (kind, subtype) = text.split_once('/')?;
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_graphic() || byte == b' ')
    };
    (is_name(kind) && !kind.contains(' ') && is_name(subtype)).then(|| text.to_owned())
}

/// Where a line starts that may be a marker, or the end.
fn end_of_text(bytes: &[u8]) -> usize {
    let mut place = 0;
    loop {
        place += line_end(bytes.get(place..).unwrap_or_default());
        match bytes.get(place) {
            Some(b'E') | None => return place,
            Some(_) => {}
        }
    }
}

/// Behind the next newline, or the end.
fn line_end(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or(bytes.len(), |place| place + 1)
}

fn push_text(pieces: &mut Vec<MimePiece>, text: &[u8]) {
    if text.is_empty() {
        return;
    }
    if let Some(MimePiece::Text(last)) = pieces.last_mut() {
        last.extend(text);
    } else {
        pieces.push(MimePiece::Text(text.to_vec()));
    }
}

#[cfg(test)]
mod tests {
    use expect_test::Expect;
    use expect_test::expect;
    use proptest::prelude::*;

    use super::*;

    fn scan(text: &[u8], cut: usize) -> Vec<MimePiece> {
        let mut scanner = MimeScanner::default();
        let mut pieces: Vec<MimePiece> = Vec::new();
        for chunk in text.chunks(cut) {
            pieces.extend(scanner.push(chunk));
        }
        pieces.extend(scanner.finish());
        let mut joined = Vec::new();
        for piece in pieces {
            match piece {
                MimePiece::Text(text) => push_text(&mut joined, &text),
                display => joined.push(display),
            }
        }
        joined
    }

    fn check(text: &str, expected: Expect) {
        let shown = |pieces: Vec<MimePiece>| {
            pieces
                .into_iter()
                .map(|piece| match piece {
                    MimePiece::Text(text) => format!("text {:?}\n", String::from_utf8_lossy(&text)),
                    MimePiece::Display { mime, body } => {
                        format!("{mime} {:?}\n", String::from_utf8_lossy(&body))
                    }
                })
                .collect::<String>()
        };
        expected.assert_eq(&shown(scan(text.as_bytes(), usize::MAX)));
        for cut in 1..text.len() {
            assert_eq!(
                scan(text.as_bytes(), cut),
                scan(text.as_bytes(), usize::MAX),
                "cut at {cut}"
            );
        }
    }

    #[test]
    fn blocks_stand_where_they_were_printed() {
        check(
            "before\nEVCXR_BEGIN_CONTENT text/html\n<b>\n\nx</b>\nEVCXR_END_CONTENT\nbetween\n\
             EVCXR_BEGIN_CONTENT image/png\niVBO\nEVCXR_END_CONTENT\nEVCXR_BEGIN_CONTENT text/plain\nEVCXR_END_CONTENT",
            expect![[r#"
                text "before\n"
                text/html "<b>\n\nx</b>"
                text "between\n"
                image/png "iVBO"
                text/plain ""
            "#]],
        );
    }

    #[test]
    fn what_is_not_exactly_a_block_is_text() {
        check(
            "xEVCXR_BEGIN_CONTENT text/html\nEVCXR_END_CONTENT\nEVCXR_BEGIN_CONTENTtext\nEVCXR_BEGIN_CONTENT nomime\n\
             E\nEVCXR_\nEVCXR_BEGIN_CONTENT ",
            expect![[r#"
                text "xEVCXR_BEGIN_CONTENT text/html\nEVCXR_END_CONTENT\nEVCXR_BEGIN_CONTENTtext\nEVCXR_BEGIN_CONTENT nomime\nE\nEVCXR_\nEVCXR_BEGIN_CONTENT "
            "#]],
        );
    }

    #[test]
    fn a_block_without_end_is_text() {
        check(
            "EVCXR_BEGIN_CONTENT text/html\n<b>\nEVCXR_END_CONTENTS\n EVCXR_END_CONTENT\n",
            expect![[r#"
                text "EVCXR_BEGIN_CONTENT text/html\n<b>\nEVCXR_END_CONTENTS\n EVCXR_END_CONTENT\n"
            "#]],
        );
    }

    #[test]
    fn json_is_unpacked_and_images_are_not() {
        assert_eq!(
            bundle("application/json".into(), b"{\"a\": 1}")["application/json"]["a"],
            1
        );
        assert_eq!(
            bundle("application/json".into(), b"{oops")["application/json"],
            "{oops"
        );
        assert_eq!(bundle("image/png".into(), b"1234")["image/png"], "1234");
    }

    #[test]
    fn a_short_start_is_shown_when_nothing_follows() {
        let mut scanner = MimeScanner::default();
        assert_eq!(scanner.push(b"E"), []);
        assert_eq!(scanner.relax(), [MimePiece::Text(b"E".to_vec())]);
        assert_eq!(
            scanner.push(b"VCXR_BEGIN_CONTENT text/html\n"),
            [MimePiece::Text(b"VCXR_BEGIN_CONTENT text/html\n".to_vec())]
        );
    }

    proptest! {
        #[test]
        fn no_byte_is_lost_however_it_is_cut(
            parts in prop::collection::vec(prop::sample::select(vec!["EVCXR_", "BEGIN_CONTENT ", "EVCXR_BEGIN_CONTENT a/b\n",
                "EVCXR_END_CONTENT", "\n", "\r\n", "x", "E", "EVCXR_END_CONTENT\n"]), 0..20),
            cut in 1usize..30,
        ) {
            let text = parts.concat();
            let whole = scan(text.as_bytes(), usize::MAX);
            prop_assert_eq!(&scan(text.as_bytes(), cut), &whole);
            if !text.contains("EVCXR_BEGIN_CONTENT a/b\n") || !text.contains("EVCXR_END_CONTENT") {
                prop_assert_eq!(whole, if text.is_empty() { vec![] } else { vec![MimePiece::Text(text.into_bytes())] });
            }
        }
    }
}
