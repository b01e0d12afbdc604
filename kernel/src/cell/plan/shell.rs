//! Shell lines, and values of Rust put into the text of a line.
//!
//! `!` at the start of a line or behind `let x =` begins a shell line, unless what follows at once can only be meant as
//! Rust: `(`, `*`, `&` or a number; a call, a macro or a path (`name(`, `name!(`, `name::`); or a name that the cell or
//! an earlier one has made, or one in capitals, followed by what Rust would have there: a dot, an operator of two
//! signs, the end of the line or of the statement.
//!
//! In the line `{expr}` is a value where `expr` is a Rust expression, with a format as in `{expr:>8}`; `$name` is one
//! where `name` is known. `{{`, `}}` and `$$name` stand for the signs themselves. Everything else is the shell's.

use std::ops::Range;

use ra_ap_syntax::AstNode;
use ra_ap_syntax::Edition;
use ra_ap_syntax::SourceFile;
use ra_ap_syntax::ast;

use super::mark::Mark;
use super::scan::is_number;
use crate::cell::lexer::Token;
use crate::cell::lexer::TokenKind;
use crate::cell::lexer::name_len;
use crate::cell::lexer::tokens;

const LINE: &str = "threadbook::abi::shell::line";
const LINE_NO_RAISE: &str = "threadbook::abi::shell::line_no_raise";
const CAPTURE: &str = "threadbook::abi::shell::capture";

/// A call of the runtime with a text.
#[derive(Clone, Copy)]
pub(super) struct Call {
    pub(super) function: &'static str,
    /// What comes after it.
    pub(super) end: &'static str,
}

/// Whether a `!` is Rust's, by the text after it.
pub(super) fn is_rust(after: &str, known: &dyn Fn(&str) -> bool) -> bool {
    if let Some(again) = after.strip_prefix('!') {
        return is_rust(again, known);
    }
    if after.starts_with(['(', '*', '&']) {
        return true;
    }
    let len = name_len(after);
    let rest = &after[len..];
    if len == 0 {
        let number = Token::at(after, 0).filter(|token| is_number(token.kind));
        return number.is_some_and(|token| goes_on_as_rust(&after[token.range.end..]));
    }
    if rest.starts_with('(') || rest.starts_with("::") {
        return true;
    }
    if let Some(inside) = rest.strip_prefix('!') {
        return inside.starts_with(['(', '[', '{']);
    }
    let name = &after[..len];
    let is_constant = len > 1 && !name.contains(|char: char| char.is_lowercase());
    (is_constant || known(name)) && goes_on_as_rust(rest)
}

fn goes_on_as_rust(rest: &str) -> bool {
    if rest.starts_with(['.', '[', '?']) {
        return true;
    }
    let rest = rest.trim_start_matches([' ', '\t', '\r']);
    rest.is_empty()
        || rest.starts_with(['\n', ';', '}', ')', ','])
        || ["&&", "||", "==", "!=", "& ", "| ", "^ ", "as ", "//"]
            .iter()
            .any(|operator| rest.starts_with(operator))
}

/// How long a shell line is: a backslash at its end takes the next line along.
pub(super) fn line_len(text: &str) -> usize {
    let mut end = 0;
    loop {
        let line = &text[end..];
        let len = line.find('\n').unwrap_or(line.len());
        let line = line[..len].trim_end_matches('\r');
        let backslashes = line.bytes().rev().take_while(|byte| *byte == b'\\').count();
        if backslashes % 2 == 0 || end + len == text.len() {
            return end + line.len();
        }
        end += len + 1;
    }
}

/// What a shell line calls, and where the shell's text begins.
pub(super) fn command(text: &str, at: usize, len: usize, alone: bool) -> (Call, usize) {
    let line = &text[at..at + len];
    let is_double = line.starts_with("!!");
    let mut rest = line[1 + usize::from(is_double)..].trim_start();
    let no_raise = rest
        .strip_prefix("--no-raise")
        .filter(|rest| rest.is_empty() || rest.starts_with([' ', '\t']));
    let function = match (alone && !is_double, no_raise) {
        (true, Some(_)) => LINE_NO_RAISE,
        (true, None) => LINE,
        (false, _) => CAPTURE,
    };
    rest = no_raise.map_or(rest, str::trim_start);
    (Call { function, end: "" }, at + len - rest.len())
}

impl Call {
    pub(super) fn has_value(self) -> bool {
        self.function == CAPTURE
    }

    /// What stands for a range of the cell whose end, from `args` on, is the text to be passed.
    pub(super) fn marks(
        self,
        text: &str,
        range: Range<usize>,
        args: usize,
        known: &dyn Fn(&str) -> bool,
    ) -> Vec<Mark> {
        let pieces = pieces(text, args..range.end, known);
        let values: Vec<&Range<usize>> = pieces
            .iter()
            .filter_map(|piece| match piece {
                Piece::Value { expression, .. } => Some(expression),
                Piece::Text(_) => None,
            })
            .collect();
        let format: String = pieces
            .iter()
            .map(|piece| piece.literal(!values.is_empty()))
            .collect();
        let Call { function, end } = self;
        let (Some(first), Some(last)) = (values.first(), values.last()) else {
            return vec![Mark::Replace(
                range,
                format!("{function}(\"{format}\"){end}"),
            )];
        };
        let mut marks = vec![Mark::Replace(
            range.start..first.start,
            format!("{function}(&::std::format!(\"{format}\", "),
        )];
        for pair in values.windows(2) {
            marks.push(Mark::Replace(pair[0].end..pair[1].start, ", ".to_owned()));
        }
        marks.push(Mark::Replace(last.end..range.end, format!(")){end}")));
        marks
    }
}

enum Piece {
    Text(String),
    Value {
        expression: Range<usize>,
        format: String,
    },
}

impl Piece {
    /// As it stands in a Rust string, which is a format if there are values.
    fn literal(&self, is_format: bool) -> String {
        match self {
            Piece::Text(text) if is_format => text_in_format(text),
            Piece::Text(text) => text.chars().flat_map(char::escape_debug).collect(),
            Piece::Value { format, .. } if format.is_empty() => "{}".to_owned(),
            Piece::Value { format, .. } => format!("{{:{format}}}"),
        }
    }
}

/// A text in a format string: braces twice, and no escapes with braces of their own.
fn text_in_format(text: &str) -> String {
    let mut literal = String::new();
    for char in text.chars() {
        match char {
            '{' => literal.push_str("{{"),
            '}' => literal.push_str("}}"),
            '"' => literal.push_str("\\\""),
            '\\' => literal.push_str("\\\\"),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            char => literal.push(char),
        }
    }
    literal
}

/// Cuts a text at its values.
fn pieces(text: &str, range: Range<usize>, known: &dyn Fn(&str) -> bool) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut at = range.start;
    let mut last = ' ';
    while let Some(char) = text[at..range.end].chars().next() {
        let rest = &text[at..range.end];
        let name = match rest.strip_prefix('$') {
            Some(after) => &after[..name_len(after)],
            None => "",
        };
        let value = match char {
            '{' if last != '$' => braced(text, at, range.end),
            '$' if last != '\\' && !name.is_empty() && known(name) => Some((
                at + 1..at + 1 + name.len(),
                String::new(),
                at + 1 + name.len(),
            )),
            _ => None,
        };
        let doubled = ["{{", "}}"]
            .into_iter()
            .find(|doubled| rest.starts_with(doubled));
        if let Some(doubled) = doubled.filter(|_| last != '$') {
            literal.push_str(&doubled[1..]);
            at += 2;
            last = ' ';
        } else if let Some((expression, format, end)) = value {
            pieces.push(Piece::Text(std::mem::take(&mut literal)));
            pieces.push(Piece::Value { expression, format });
            at = end;
            last = ' ';
        } else if rest.starts_with("$$") && known(&rest[2..2 + name_len(&rest[2..])]) {
            literal.push('$');
            let name_len = name_len(&rest[2..]);
            literal.push_str(&rest[2..2 + name_len]);
            at += 2 + name_len;
            last = ' ';
        } else {
            literal.push(char);
            at += char.len_utf8();
            last = char;
        }
    }
    pieces.push(Piece::Text(literal));
    pieces
}

/// `{expr}` or `{expr:format}` at a place: the expression, the format, and where it ends.
fn braced(text: &str, open: usize, end: usize) -> Option<(Range<usize>, String, usize)> {
    let mut depth = 0usize;
    let mut colon = None;
    let mut last = open;
    for token in tokens(text, open + 1) {
        if token.range.end > end || text[last..token.range.start].contains('\n') {
            return None;
        }
        match token.kind {
            TokenKind::OpenParen | TokenKind::OpenBracket | TokenKind::OpenBrace => depth += 1,
            TokenKind::CloseBrace if depth == 0 => {
                let stop = colon.unwrap_or(token.range.start);
                let inside = &text[open + 1..stop];
                let start = stop - inside.trim_start().len();
                let expression = start..start + inside.trim().len();
                let format = colon.map_or("", |colon| &text[colon + 1..token.range.start]);
                let is_format = !format.contains([' ', '"', '\'', '{', '}', ',', ';', '\\']);
                return (is_format && is_value(&text[expression.clone()]))
                    .then(|| (expression, format.to_owned(), token.range.end));
            }
            TokenKind::CloseParen | TokenKind::CloseBracket | TokenKind::CloseBrace => {
                depth = depth.checked_sub(1)?
            }
            TokenKind::Semi if depth == 0 => return None,
            TokenKind::Colon if depth == 0 && colon.is_none() => {
                let is_path = text[..token.range.start].ends_with(':')
                    || text[token.range.end..].starts_with(':');
                colon = (!is_path).then_some(token.range.start);
            }
            _ => {}
        }
        last = token.range.end;
    }
    None
}

/// Whether a text is one Rust expression that could be shown. The shell has braces with commas and dots of its own.
fn is_value(text: &str) -> bool {
    if text.is_empty() || text.contains("//") {
        return false;
    }
    let parsed = SourceFile::parse(&format!("const _: () = ({text});"), Edition::Edition2024);
    let inside = parsed
        .tree()
        .syntax()
        .descendants()
        .find_map(ast::ParenExpr::cast);
    parsed.errors().is_empty()
        && inside
            .and_then(|inside| inside.expr())
            .is_some_and(|expr| !matches!(expr, ast::Expr::RangeExpr(_)))
}
