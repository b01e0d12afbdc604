//! Where the imports of cells are written, of which evcxr makes declarations of its own.

use super::cell_place::CellPlace;
use super::cell_place::CellSpan;
use crate::cell::Code;
use crate::cell::ColumnEdit;
use crate::cell::imported;

/// Where an import is written, as evcxr's declaration for it has it.
#[derive(Clone, Debug)]
pub(super) struct Import {
    /// The segments of its path: at which column of evcxr's declaration, from 0, how many characters, and where in the cell.
    segments: Vec<(u32, u32, CellPlace)>,
    /// The part of the cell's declaration that is about it alone.
    own: CellSpan,
}

/// The imports of a cell by the declarations that evcxr makes of them.
pub(super) fn imports(count: u32, text: &str, code: &Code) -> Vec<(String, Import)> {
    let edits = code.edits.columns(text);
    let place = |byte| {
        let place = CellPlace::of_byte(count, &code.text, byte);
        let on_line = ColumnEdit::of_line(&edits, place.line - 1);
        CellPlace {
            column: ColumnEdit::to_old(&on_line, place.column - 1) + 1,
            ..place
        }
    };
    let chars = |text: &str| text.chars().count() as u32;
    let imports = imported(&code.text).into_iter().map(|import| {
        // evcxr leaves out what a path may begin with.
        let declaration = import.declaration.replacen("use ::", "use ", 1);
        let mut column = chars("use ");
        let mut segments = Vec::new();
        for range in import.segments {
            let len = chars(&code.text[range.clone()]);
            segments.push((column, len, place(range.start)));
            column += len + chars("::");
        }
        let own = CellSpan {
            start: place(import.own.start),
            end: place(import.own.end),
        };
        (declaration, Import { segments, own })
    });
    imports.collect()
}

impl Import {
    /// The same for a declaration that stands so many columns further right.
    pub(super) fn indented(mut self, columns: u32) -> Import {
        for (column, _, _) in &mut self.segments {
            *column += columns;
        }
        self
    }

    /// The place of a column of the declaration, from 0.
    pub(super) fn place(&self, column: u32, is_end: bool) -> CellPlace {
        let is_before = |start: u32| start < column || (start == column && !is_end);
        let mut segments = self.segments.iter().rev();
        match segments.find(|(start, _, _)| is_before(*start)) {
            Some((start, len, place)) => CellPlace {
                column: place.column + (column - start).min(*len),
                ..*place
            },
            None => self.own.start,
        }
    }

    /// What a part of the declaration stands for; what is shared with other imports only where it is about that alone.
    pub(super) fn span(&self, start: u32, end: u32) -> CellSpan {
        let key = |place: CellPlace| (place.line, place.column);
        let (start, end) = (self.place(start, false), self.place(end, true));
        let is_shared = key(end) <= key(self.own.start);
        CellSpan {
            start: match is_shared || key(start) > key(self.own.start) {
                true => start,
                false => self.own.start,
            },
            end,
        }
    }
}
