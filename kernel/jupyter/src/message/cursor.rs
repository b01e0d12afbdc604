//! Places in a cell's text. The protocol counts Unicode code points, Rust counts bytes; the types keep them apart.

/// A place counted in Unicode code points, as `cursor_pos` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CodePoints(pub usize);

/// A place counted in bytes of the UTF-8 text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteOffset(pub usize);

impl CodePoints {
    /// The same place in bytes. A place behind the end is the end.
    pub fn to_bytes(self, text: &str) -> ByteOffset {
        ByteOffset(
            text.char_indices()
                .nth(self.0)
                .map_or(text.len(), |(byte, _)| byte),
        )
    }
}

impl ByteOffset {
    /// The same place in code points. A place inside a character is its start, one behind the end is the end.
    pub fn to_code_points(self, text: &str) -> CodePoints {
        let mut byte = self.0.min(text.len());
        while !text.is_char_boundary(byte) {
            byte -= 1;
        }
        CodePoints(text[..byte].chars().count())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn astral_characters_count_once() {
        let text = "let 🦀 = é;";
        assert_eq!(CodePoints(5).to_bytes(text), ByteOffset(8));
        assert_eq!(ByteOffset(8).to_code_points(text), CodePoints(5));
        assert_eq!(ByteOffset(6).to_code_points(text), CodePoints(4));
    }

    proptest! {
        #[test]
        fn there_and_back(text in "\\PC*", place in 0usize..200) {
            let count = text.chars().count();
            let bytes = CodePoints(place).to_bytes(&text);
            prop_assert!(text.is_char_boundary(bytes.0));
            prop_assert_eq!(bytes.to_code_points(&text), CodePoints(place.min(count)));
        }

        #[test]
        fn any_byte_offset_is_some_place(text in "\\PC*", place in any::<usize>()) {
            prop_assert!(ByteOffset(place).to_code_points(&text).0 <= text.chars().count());
        }
    }
}
