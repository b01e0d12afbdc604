//! The Rust around a cursor, for completion: what else the cell holds is left out.

use super::assemble;
use super::cell_magic::cell_magic;
use super::scan::Scanner;
use super::types::Facts;
use super::types::Step;
use crate::cell::Edits;

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
    pub fn find(cell: &str, cursor: usize, facts: &dyn Facts) -> RustAt {
        let mut start = 0;
        while let Some(magic) = cell_magic(&cell[start..]) {
            start += magic.body.start;
        }
        // Someone is writing it, so it need not close what it opens.
        let steps = match Scanner::new(cell, start, facts).run() {
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

    /// The place in the cell of one in the text, both in bytes.
    pub fn to_cell(&self, byte: usize) -> usize {
        self.edits.to_old(byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::magics::RegistryFacts;

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
            let found = RustAt::find(cell, cursor, &RegistryFacts);
            assert!(
                found.text[..found.cursor].ends_with("x.a"),
                "{cell}: {found:?}"
            );
            assert_eq!(found.to_cell(found.cursor), cursor, "{cell}");
        }
    }
}
