//! What is put into lines of a cell. The stand-in notes it in [`SessionPaths::put_in`], and the kernel takes it out of
//! places again.
//!
//! [`SessionPaths::put_in`]: crate::build::SessionPaths::put_in

use serde::Deserialize;
use serde::Serialize;

use crate::cell::ColumnEdit;
use crate::cell::Edits;

/// A part of a line that is not the cell's, in characters from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PutIn {
    /// The line, from 0.
    pub(crate) line: u32,
    /// Where the part begins.
    pub(crate) column: u32,
    /// How long it is.
    pub(crate) len: u32,
}

impl PutIn {
    /// What insertions into a text have put into its lines, if that begins so many lines further down.
    pub(crate) fn of(insertions: &Edits, text: &str, first_line: usize) -> Vec<PutIn> {
        let edits = insertions.columns(text).into_iter();
        edits
            .map(|ColumnEdit { line, new, .. }| PutIn {
                line: (first_line + line) as u32,
                column: new.0,
                len: new.1,
            })
            .collect()
    }

    /// What was put into the lines of a text before, and by insertions later.
    pub(crate) fn then(before: &[PutIn], insertions: &Edits, text: &str) -> Vec<PutIn> {
        let edits = insertions.columns(text);
        let moved = before.iter().map(|part| PutIn {
            column: ColumnEdit::to_new(&ColumnEdit::of_line(&edits, part.line), part.column),
            ..*part
        });
        moved.chain(PutIn::of(insertions, text, 0)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text without these parts.
    fn without(text: &str, parts: &[PutIn]) -> String {
        let is_put_in = |line: u32, column: u32| {
            let mut parts = parts.iter().filter(|part| part.line == line);
            parts.any(|part| (part.column..part.column + part.len).contains(&column))
        };
        let line = |(line, text): (u32, &str)| -> String {
            let chars = (0..).zip(text.chars());
            let own = chars.filter(|(column, _)| !is_put_in(line, *column));
            own.map(|(_, char)| char).collect()
        };
        let lines: Vec<String> = (0..).zip(text.lines()).map(line).collect();
        lines.join("\n")
    }

    #[test]
    fn what_was_put_in_step_by_step_can_be_taken_out() {
        let text = "é; let a = 1;\nfn f() {} fn g() {}\nlet b = 2;";
        let at = |part: &str, of: &str| of.find(part).unwrap();
        let first = Edits::insertions(vec![
            (at("let a", text), "{ ".to_owned()),
            (at("let b", text), "{ ".to_owned()),
        ]);
        let then = first.apply(text);
        let later = Edits::insertions(vec![
            (at("fn f", &then) - 1, "#[inline] ".to_owned()),
            (at("fn g", &then), "#[inline] ".to_owned()),
            (at("é", &then), "/*1*/".to_owned()),
        ]);
        let parts = PutIn::then(&PutIn::of(&first, text, 0), &later, &then);
        let last = later.apply(&then);
        assert_eq!(
            last,
            "/*1*/é; { let a = 1;#[inline] \nfn f() {} #[inline] fn g() {}\n{ let b = 2;"
        );
        assert_eq!(without(&last, &parts), text);
        assert_eq!(PutIn::of(&first, text, 5)[1].line, 7);
    }
}
