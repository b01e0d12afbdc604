//! Joins characters that were cut between chunks.

/// Decodes the bytes of one stream.
#[derive(Debug, Default)]
pub(super) struct Utf8Decoder {
    /// The start of a character, at most three bytes.
    partial: Vec<u8>,
}

impl Utf8Decoder {
    /// Appends what is whole; bytes that can become no character turn into U+FFFD.
    pub(super) fn push(&mut self, bytes: &[u8], text: &mut String) {
        let joined;
        let mut rest = if self.partial.is_empty() {
            bytes
        } else {
            self.partial.extend(bytes);
            joined = std::mem::take(&mut self.partial);
            &joined
        };
        loop {
            match std::str::from_utf8(rest) {
                Ok(valid) => {
                    text.push_str(valid);
                    return;
                }
                Err(error) => {
                    let (valid, after) = rest.split_at(error.valid_up_to());
                    text.push_str(std::str::from_utf8(valid).unwrap_or_default());
                    let Some(invalid) = error.error_len() else {
                        self.partial = after.to_vec();
                        return;
                    };
                    text.push('\u{fffd}');
                    rest = after.get(invalid..).unwrap_or_default();
                }
            }
        }
    }

    /// The stream ends here: a cut character is not joined any more.
    pub(super) fn finish(&mut self, text: &mut String) {
        if !self.partial.is_empty() {
            self.partial.clear();
            text.push('\u{fffd}');
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(bytes: &[u8], cut: usize) -> String {
        let mut decoder = Utf8Decoder::default();
        let mut text = String::new();
        for chunk in bytes.chunks(cut) {
            decoder.push(chunk, &mut text);
        }
        decoder.finish(&mut text);
        text
    }

    proptest! {
        #[test]
        fn any_cut_gives_the_same_text(bytes in prop::collection::vec(any::<u8>(), 0..60), cut in 1usize..9) {
            prop_assert_eq!(decode(&bytes, cut), String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn text_comes_out_whole(text in "\\PC*", cut in 1usize..9) {
            prop_assert_eq!(decode(text.as_bytes(), cut), text);
        }
    }
}
