//! Rust's tokens, one after another, from any place in a text.

use std::ops::Range;

use ra_ap_rustc_lexer::FrontmatterAllowed;
pub(super) use ra_ap_rustc_lexer::LiteralKind;
pub(super) use ra_ap_rustc_lexer::TokenKind;

/// A token and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) range: Range<usize>,
}

impl Token {
    /// The token that begins at a place; nothing at the end of the text.
    pub(super) fn at(text: &str, at: usize) -> Option<Token> {
        let token = ra_ap_rustc_lexer::tokenize(text.get(at..)?, FrontmatterAllowed::No).next()?;
        Some(Token {
            kind: token.kind,
            range: at..at + token.len as usize,
        })
    }

    /// Whether it is a blank or a comment.
    pub(super) fn is_trivia(&self) -> bool {
        matches!(
            self.kind,
            TokenKind::Whitespace | TokenKind::LineComment { .. } | TokenKind::BlockComment { .. }
        )
    }

    /// Whether it is a literal or a comment that runs into the end of the text.
    pub(super) fn is_unterminated(&self) -> bool {
        match self.kind {
            TokenKind::BlockComment { terminated, .. } => !terminated,
            TokenKind::Literal { kind, .. } => match kind {
                LiteralKind::Str { terminated }
                | LiteralKind::ByteStr { terminated }
                | LiteralKind::CStr { terminated } => !terminated,
                LiteralKind::RawStr { n_hashes }
                | LiteralKind::RawByteStr { n_hashes }
                | LiteralKind::RawCStr { n_hashes } => n_hashes.is_none(),
                _ => false,
            },
            _ => false,
        }
    }
}

/// The tokens of a text that are not blanks or comments, from a place on.
pub(super) fn tokens(text: &str, mut at: usize) -> impl Iterator<Item = Token> {
    std::iter::from_fn(move || {
        loop {
            let token = Token::at(text, at)?;
            at = token.range.end;
            if !token.is_trivia() {
                return Some(token);
            }
        }
    })
}

/// Whether a text is a name, as of a variable.
pub(crate) fn is_name(text: &str) -> bool {
    ra_ap_rustc_lexer::is_ident(text)
}

/// How long the name at the start of a text is.
pub(super) fn name_len(text: &str) -> usize {
    let mut chars = text.char_indices();
    match chars.next() {
        Some((_, first)) if ra_ap_rustc_lexer::is_id_start(first) => chars
            .find(|(_, char)| !ra_ap_rustc_lexer::is_id_continue(*char))
            .map_or(text.len(), |(at, _)| at),
        _ => 0,
    }
}
