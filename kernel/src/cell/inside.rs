//! What the end of a piece of Rust stands in: code, a comment or a string.

use super::lexer::LiteralKind;
use super::lexer::Token;
use super::lexer::TokenKind;

/// What a place of Rust stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inside {
    /// Anything but the others.
    Code,
    /// A comment.
    Comment,
    /// A string, whose text begins at `start`.
    Text { start: usize, is_raw: bool },
}

impl Inside {
    /// What the end of a text stands in.
    pub(crate) fn end_of(text: &str) -> Inside {
        let mut at = 0;
        let mut last = None;
        while let Some(token) = Token::at(text, at) {
            at = token.range.end;
            last = Some(token);
        }
        let Some(token) = last else {
            return Inside::Code;
        };
        let is_line_comment = matches!(token.kind, TokenKind::LineComment { .. });
        if is_line_comment || token.is_unterminated() && token.is_trivia() {
            return Inside::Comment;
        }
        let TokenKind::Literal { kind, .. } = token.kind else {
            return Inside::Code;
        };
        let quote = text[token.range.clone()].find('"');
        match quote.filter(|_| token.is_unterminated()) {
            Some(quote) => Inside::Text {
                start: token.range.start + quote + 1,
                is_raw: matches!(
                    kind,
                    LiteralKind::RawStr { .. }
                        | LiteralKind::RawByteStr { .. }
                        | LiteralKind::RawCStr { .. }
                ),
            },
            None => Inside::Code,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_stands_in_code_a_comment_or_a_string() {
        let text = |start, is_raw| Inside::Text { start, is_raw };
        for (code, expected) in [
            ("", Inside::Code),
            ("f(x", Inside::Code),
            ("\"done\"", Inside::Code),
            ("'a", Inside::Code),
            ("// x", Inside::Comment),
            ("/* x", Inside::Comment),
            ("/* x */ ", Inside::Code),
            ("// x\n", Inside::Code),
            ("f(\"é", text(3, false)),
            ("b\"x", text(2, false)),
            ("r\"x", text(2, true)),
            ("r#\"x\"", text(3, true)),
            ("\"a\" + \"b\\\"", text(7, false)),
        ] {
            assert_eq!(Inside::end_of(code), expected, "{code}");
        }
    }
}
