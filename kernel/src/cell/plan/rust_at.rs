//! The Rust around a cursor, for completion: what else the cell holds is left out.

use super::Facts;
use super::Step;
use super::assemble;
use super::cell_magic;
use super::is_word;
use super::scan::Scanner;
use crate::cell::Edits;
use crate::cell::lexer::TokenKind;
use crate::cell::lexer::tokens;
use crate::magics::RegistryFacts;

/// Where the command begins of the shell line that a cursor stands in. `known` are the names that a session has.
pub(crate) fn shell_line_at(cell: &str, cursor: usize, known: &dyn Facts) -> Option<usize> {
    let scan = Scanner::new(cell, body_start(cell), known).run().ok()?;
    let line = scan
        .shell
        .into_iter()
        .find(|line| line.start < cursor && cursor <= line.end)?;
    let signs = cell[line.clone()].len() - cell[line.clone()].trim_start_matches('!').len();
    (line.start + signs <= cursor).then_some(line.start + signs)
}

/// Where the lines below cell magics begin.
fn body_start(cell: &str) -> usize {
    let mut start = 0;
    while let Some(magic) = cell_magic(&cell[start..]) {
        start += magic.body.start;
    }
    start
}

/// The Rust that a cursor stands in.
#[derive(Clone, Debug)]
pub struct RustAt {
    /// The text to look at.
    pub text: String,
    /// Where the cursor stands in it, in bytes.
    pub cursor: usize,
    edits: Edits,
}

impl RustAt {
    /// The Rust at a place of a cell, in bytes; the cell itself where it has no plan yet.
    pub fn find(cell: &str, cursor: usize) -> RustAt {
        let start = body_start(cell);
        // Someone is writing it, so it need not close what it opens.
        let steps = match Scanner::new(cell, start, &RegistryFacts).run() {
            Ok(scan) => assemble::steps(cell, start..cell.len(), scan.marks),
            Err(_) => Vec::new(),
        };
        let pieces = steps.into_iter().filter_map(|step| match step {
            Step::Rust(code) => Some(code.edits),
            Step::Line(_) | Step::Help(_) => None,
        });
        // From the last: the end of the text is the end of the earlier ones too, which are blank there.
        for edits in pieces.rev() {
            if let Some(place) = edits.to_new(cursor) {
                return RustAt {
                    text: edits.apply(cell),
                    cursor: place,
                    edits,
                };
            }
        }
        RustAt {
            text: cell.to_owned(),
            cursor,
            edits: Edits::default(),
        }
    }

    /// The text with the brackets closed that someone has still to close: round and square ones behind the cursor's word.
    pub fn closed(&self) -> String {
        let mut open: Vec<(usize, char)> = Vec::new();
        for token in tokens(&self.text, 0) {
            match token.kind {
                TokenKind::OpenParen => open.push((token.range.start, ')')),
                TokenKind::OpenBracket => open.push((token.range.start, ']')),
                TokenKind::OpenBrace => open.push((token.range.start, '}')),
                TokenKind::CloseParen | TokenKind::CloseBracket | TokenKind::CloseBrace => {
                    let sign = self.text[token.range.clone()].chars().next();
                    // One that is closed by another kind was forgotten.
                    if let Some(at) = open.iter().rposition(|(_, close)| Some(*close) == sign) {
                        open.remove(at);
                    }
                }
                _ => {}
            }
        }
        let rest = &self.text[self.cursor..];
        let word = rest.find(|char| !is_word(char)).unwrap_or(rest.len());
        let end = self.cursor + word;
        let is_near = |(at, close): &&(usize, char)| *at < self.cursor && *close != '}';
        let near: String = open
            .iter()
            .rev()
            .filter(is_near)
            .map(|(_, close)| close)
            .collect();
        let far: String = open
            .iter()
            .rev()
            .filter(|open| !is_near(open))
            .map(|(_, close)| close)
            .collect();
        let (before, after) = self.text.split_at(end);
        match (near.is_empty(), far.is_empty()) {
            (true, true) => self.text.clone(),
            (false, true) => format!("{before}{near}{after}"),
            _ => format!("{before}{near}{after}\n{far}"),
        }
    }

    /// The place in the cell of one in the text, both in bytes.
    pub fn to_cell(&self, byte: usize) -> usize {
        self.edits.to_old(byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_brackets_are_closed_behind_the_cursor() {
        for (text, closed) in [
            ("f(x.a|", "f(x.a)"),
            ("f(&[x.a|\nlet y = (1);", "f(&[x.a])\nlet y = (1);"),
            ("f(x.a|)", "f(x.a)"),
            ("fn f() { g(x.a|", "fn f() { g(x.a)\n}"),
            ("f(x.a|bc", "f(x.abc)"),
            ("println!(\"{\", x.a|", "println!(\"{\", x.a)"),
            ("f((x.a|", "f((x.a))"),
        ] {
            let cursor = text.find('|').unwrap();
            let found = RustAt::find(&text.replace('|', ""), cursor);
            assert_eq!(found.closed(), closed, "{text}");
        }
    }

    #[test]
    fn a_cursor_finds_its_rust() {
        for cell in [
            "let x = 1;\n%who\nx.a",
            "%%time\nlet x = 1;\nx.a",
            "%time x.a",
            "%timeit -n 3 x.a",
            "!ls {x.a}",
            "fn f() {\n    %time x.a",
            "x.a",
        ] {
            let cursor = cell.find("x.a").unwrap() + 3;
            let found = RustAt::find(cell, cursor);
            assert!(
                found.text[..found.cursor].ends_with("x.a"),
                "{cell}: {found:?}"
            );
            assert_eq!(found.to_cell(found.cursor), cursor, "{cell}");
        }
    }
}
