//! Places in cells, as people count them.

/// A place in a cell, all from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CellPlace {
    /// The execution count.
    pub(super) cell: u32,
    pub(super) line: u32,
    pub(super) column: u32,
}

impl CellPlace {
    /// A place of a text, in bytes.
    pub(super) fn of_byte(cell: u32, text: &str, byte: usize) -> CellPlace {
        let before = &text[..byte];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let count = |number: usize| u32::try_from(number + 1).unwrap_or(u32::MAX);
        CellPlace {
            cell,
            line: count(before.matches('\n').count()),
            column: count(before[line_start..].chars().count()),
        }
    }
}

/// A part of a cell's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CellSpan {
    pub(super) start: CellPlace,
    /// Behind its last character.
    pub(super) end: CellPlace,
}

impl std::fmt::Display for CellPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "cell {}, line {}, column {}",
            self.cell, self.line, self.column
        )
    }
}
