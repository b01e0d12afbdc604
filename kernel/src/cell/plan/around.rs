//! Magics that stand before Rust, such as `%time let x = f();`: how far that Rust goes, and what is put around it.

use std::ops::Range;

use super::mark::Mark;
use super::types::Around;
use crate::cell::lexer::TokenKind;
use crate::cell::lexer::tokens;

/// How far the Rust after a magic goes.
#[derive(Clone, Debug)]
pub(super) struct Extent {
    pub(super) end: usize,
    /// Where its brackets begin that are open where the text ends.
    pub(super) open: Vec<usize>,
    /// Whether it can't end so.
    pub(super) wants_more: bool,
}

/// Where the Rust ends that begins at a place: with its `;`, with the line, or later where that can't be its end.
pub(super) fn extent(text: &str, start: usize) -> Extent {
    let mut extent = Extent {
        end: start,
        open: Vec::new(),
        wants_more: false,
    };
    for token in tokens(text, start) {
        let word = &text[token.range.clone()];
        let new_line = extent.open.is_empty() && text[extent.end..token.range.start].contains('\n');
        let goes_on = extent.wants_more || continues(token.kind, word);
        if new_line && !(extent.end > start && goes_on) {
            return extent;
        }
        match token.kind {
            TokenKind::OpenParen | TokenKind::OpenBracket | TokenKind::OpenBrace => {
                extent.open.push(token.range.start)
            }
            TokenKind::CloseParen | TokenKind::CloseBracket | TokenKind::CloseBrace => {
                match extent.open.pop() {
                    Some(_) => {}
                    None => return extent,
                }
            }
            _ => {}
        }
        extent.end = token.range.end;
        extent.wants_more = asks_for_more(token.kind, word);
        if token.kind == TokenKind::Semi && extent.open.is_empty() {
            return extent;
        }
    }
    extent
}

/// Whether a line that begins so belongs to the line before, where that could end too.
fn continues(kind: TokenKind, word: &str) -> bool {
    matches!(
        kind,
        TokenKind::Dot | TokenKind::Plus | TokenKind::Slash | TokenKind::Caret | TokenKind::Eq
    ) || matches!(word, "else" | "as")
}

/// Whether nothing ends with this token.
pub(in crate::cell) fn asks_for_more(kind: TokenKind, word: &str) -> bool {
    const WORDS: [&str; 27] = [
        "let", "else", "fn", "if", "while", "for", "in", "match", "struct", "enum", "impl",
        "trait", "use", "mod", "mut", "pub", "as", "unsafe", "async", "move", "const", "static",
        "type", "where", "dyn", "ref", "extern",
    ];
    match kind {
        TokenKind::Eq
        | TokenKind::Plus
        | TokenKind::Minus
        | TokenKind::Star
        | TokenKind::Slash
        | TokenKind::Percent
        | TokenKind::Caret
        | TokenKind::And
        | TokenKind::Or
        | TokenKind::Lt
        | TokenKind::Dot
        | TokenKind::Comma
        | TokenKind::Bang
        | TokenKind::Colon => true,
        TokenKind::Ident => WORDS.contains(&word),
        _ => false,
    }
}

/// What stands for the magic at `start` and the Rust after it.
pub(super) fn marks(
    text: &str,
    start: usize,
    code: Range<usize>,
    around: &Around,
    terminator: &str,
) -> Vec<Mark> {
    let source = &text[code.clone()];
    let bare = source.strip_suffix(';').unwrap_or(source);
    let semicolon = if bare.len() < source.len() {
        ";"
    } else {
        terminator
    };
    let bare = code.start..code.start + bare.trim_end().len();
    let (before, after) = match &around.awaiting {
        Some((before, after)) if awaits(text, &bare) => (before, after),
        _ => (&around.before, &around.after),
    };
    let value = let_value(text, &bare);
    let Some(value) = value.clone().filter(|_| around.keeps_let) else {
        // A `let` on its own in braces needs its end.
        let after = match value {
            Some(_) => format!(";{after}"),
            None => after.clone(),
        };
        return vec![
            Mark::Replace(start..code.start, before.clone()),
            Mark::Replace(bare.end..code.end, format!("{after}{semicolon}")),
        ];
    };
    let mut marks = vec![
        Mark::Replace(start..code.start, String::new()),
        Mark::Replace(value.start..value.start, before.clone()),
    ];
    if value.end < bare.end {
        marks.push(Mark::Replace(value.end..value.end, after.clone()));
        marks.push(Mark::Replace(bare.end..code.end, ";".to_owned()));
    } else {
        marks.push(Mark::Replace(bare.end..code.end, format!("{after};")));
    }
    marks
}

/// Whether a piece of Rust awaits something.
pub(super) fn awaits(text: &str, code: &Range<usize>) -> bool {
    tokens(text, code.start)
        .take_while(|token| token.range.end <= code.end)
        .any(|token| &text[token.range] == "await")
}

/// The value of a `let`, without the `&` in front, whose target then lives as long as it would without the magic.
fn let_value(text: &str, code: &Range<usize>) -> Option<Range<usize>> {
    let mut tokens = tokens(text, code.start)
        .take_while(|token| token.range.end <= code.end)
        .peekable();
    if &text[tokens.next()?.range] != "let" {
        return None;
    }
    let mut depth = 0i32;
    let mut start = None;
    let mut end = code.end;
    let mut last = TokenKind::Eof;
    while let Some(token) = tokens.next() {
        let word = &text[token.range.clone()];
        match token.kind {
            TokenKind::OpenParen | TokenKind::OpenBracket | TokenKind::OpenBrace => depth += 1,
            TokenKind::CloseParen | TokenKind::CloseBracket | TokenKind::CloseBrace => depth -= 1,
            TokenKind::Lt if start.is_none() => depth += 1,
            TokenKind::Gt if start.is_none() && last != TokenKind::Minus => depth -= 1,
            TokenKind::Eq if depth == 0 && start.is_none() => {
                let mut at = tokens.peek()?.range.start;
                let mut is_borrowed = false;
                while let Some(next) = tokens.next_if(|next| {
                    next.kind == TokenKind::And
                        || (is_borrowed && &text[next.range.clone()] == "mut")
                }) {
                    is_borrowed = true;
                    at = next.range.end;
                }
                start = Some(tokens.peek().map_or(at, |next| next.range.start));
            }
            // `let Some(x) = value else { .. }`; the `else` of an `if` comes after a brace.
            TokenKind::Ident if word == "else" && depth == 0 && last != TokenKind::CloseBrace => {
                end = text[..token.range.start].trim_end().len();
                break;
            }
            _ => {}
        }
        last = token.kind;
    }
    start.map(|start| start..end.max(start))
}
