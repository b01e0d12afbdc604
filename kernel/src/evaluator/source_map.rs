//! Where a line of generated code comes from: which cell, line and column.
//!
//! evcxr cuts a cell into statements and items, puts each on lines of its own among code that it generates, and takes
//! items of earlier cells along. The map finds those pieces again in the generated file, each of them once: those of one
//! cell come in their order. `use` declarations are the exception: evcxr writes them anew, one for each name, so they are
//! looked for by what they bring in.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;

use super::cell_place::CellPlace;
use super::cell_place::CellSpan;
use super::form::CodePiece;
use super::form::Form;
use super::imports::Import;
use super::imports::imports;
use crate::cell::Code;
use crate::cell::ColumnEdit;
use crate::cell::Edits;
use crate::cell::binding;
use crate::cell::binds_for_later;
use crate::cell::is_outside_functions;
use crate::rewrite::PutIn;

/// The texts of the cells that were run, newest last.
#[derive(Debug, Default)]
pub(super) struct Cells {
    cells: Vec<CellText>,
}

#[derive(Debug)]
struct CellText {
    count: u32,
    /// As the person wrote it.
    text: String,
    /// As it is compiled, on the same lines.
    code: Code,
    /// Where the two differ.
    edits: Vec<ColumnEdit>,
    imports: Vec<(String, Import)>,
    /// As generated code has it.
    form: Form,
}

/// What the messages of a compile are about.
#[derive(Clone, Copy)]
pub(super) struct Sources<'a> {
    pub(super) map: &'a SourceMap,
    pub(super) cells: &'a Cells,
    /// The cell that was compiled.
    pub(super) latest: u32,
}

/// Where the lines of a generated file come from, by their numbers from 1. Most of them come from nowhere.
#[derive(Clone, Debug, Default)]
pub(super) struct SourceMap {
    lines: BTreeMap<u32, LineOrigin>,
}

#[derive(Clone, Debug, Default)]
struct LineOrigin {
    /// The cell, its line, and how far columns are shifted.
    origin: Option<(u32, u32, u32)>,
    /// What the stand-in has put in: at which column, from 0, and how many characters.
    insertions: Vec<(u32, u32)>,
    /// Where the cell's line differs from what the person wrote.
    edits: Vec<ColumnEdit>,
    /// Where a cell's expression begins that generated code puts into brackets here: its line and column, from 1.
    opens: Option<(u32, u32)>,
    /// What the line is in place of a cell's line: an import that evcxr has written anew.
    import: Option<Import>,
}

impl Cells {
    pub(super) fn push(&mut self, count: u32, text: &str, code: &Code) {
        self.cells.push(CellText {
            count,
            text: text.to_owned(),
            code: code.clone(),
            edits: code.edits.columns(text),
            imports: imports(count, text, code),
            form: Form::of(text, code, &Edits::default()),
        });
    }

    /// evcxr is given the code of the latest cell with these changes.
    pub(super) fn keep(&mut self, kept: &Edits) {
        if let Some(cell) = self.cells.last_mut() {
            cell.form = Form::of(&cell.text, &cell.code, kept);
        }
    }

    /// A cell's text.
    pub(super) fn text(&self, count: u32) -> Option<&str> {
        let mut cells = self.cells.iter().rev();
        let cell = cells.find(|cell| cell.count == count)?;
        Some(&cell.text)
    }

    /// One line of a cell's text.
    pub(super) fn line(&self, place: CellPlace) -> Option<&str> {
        let text = self.text(place.cell)?;
        text.lines().nth(place.line as usize - 1)
    }

    /// Where an earlier cell binds a variable, unless the latest binds one of its name too.
    pub(super) fn earlier_binding(&self, name: &str) -> Option<CellPlace> {
        let (latest, earlier) = self.cells.split_last()?;
        if binding(&latest.code.text, name).is_some() {
            return None;
        }
        let mut found = earlier
            .iter()
            .rev()
            .filter_map(|cell| Some((cell, binding(&cell.code.text, name)?)));
        let (cell, byte) = found.next()?;
        let place = CellPlace::of_byte(cell.count, &cell.code.text, byte);
        let edits = ColumnEdit::of_line(&cell.edits, place.line - 1);
        Some(CellPlace {
            column: ColumnEdit::to_old(&edits, place.column - 1) + 1,
            ..place
        })
    }

    /// Whether a cell's own variable is bound there.
    pub(super) fn is_variable(&self, place: CellPlace) -> bool {
        self.in_code(place)
            .is_some_and(|(code, column)| binds_for_later(code, place.line, column))
    }

    /// Whether it is none of a cell's functions or closures.
    pub(super) fn is_outside_functions(&self, place: CellPlace) -> bool {
        self.in_code(place)
            .is_some_and(|(code, column)| is_outside_functions(code, place.line, column))
    }

    /// The code that a cell is compiled as, and the column there.
    fn in_code(&self, place: CellPlace) -> Option<(&str, u32)> {
        let mut cells = self.cells.iter().rev();
        let cell = cells.find(|cell| cell.count == place.cell)?;
        let edits = ColumnEdit::of_line(&cell.edits, place.line - 1);
        let column = ColumnEdit::to_new(&edits, place.column.saturating_sub(1)) + 1;
        Some((&cell.code.text, column))
    }

    /// Finds the cells' pieces in a generated file, in whose lines the stand-in has put something.
    pub(super) fn map(&self, generated: &str, put_in: &[PutIn]) -> SourceMap {
        let mut by_first_line: HashMap<&str, Vec<(&CellText, &CodePiece)>> = HashMap::new();
        let mut taken: HashSet<*const CodePiece> = HashSet::new();
        // The newest first: what was defined again is there in its newest form.
        for cell in self.cells.iter().rev() {
            for piece in &cell.form.pieces {
                if let Some(first) = piece.lines.first() {
                    by_first_line.entry(first).or_default().push((cell, piece));
                }
            }
        }
        let mut lines = vec![LineOrigin::default(); generated.lines().count()];
        for part in put_in {
            if let Some(line) = lines.get_mut(part.line as usize) {
                line.insertions.push((part.column, part.len));
            }
        }
        // Blanks go last: what is put in may end with one, and may stand at the end of a line.
        let generated: Vec<String> = generated
            .lines()
            .zip(&lines)
            .map(|(line, origin)| without(line, &origin.insertions).trim_end().to_owned())
            .collect();
        let mut index = 0;
        while let Some(line) = generated.get(index) {
            let found = by_first_line.get(line.as_str()).and_then(|candidates| {
                let is_here = |piece: &CodePiece| {
                    generated[index..].len() >= piece.lines.len()
                        && piece
                            .lines
                            .iter()
                            .zip(&generated[index..])
                            .all(|(piece, line)| piece == line)
                };
                let is_free = |piece: &CodePiece| !taken.contains(&std::ptr::from_ref(piece));
                let mut fitting = candidates.iter().filter(|(_, piece)| is_here(piece));
                fitting.find(|(_, piece)| is_free(piece))
            });
            let Some((cell, piece)) = found else {
                lines[index].import = self.import(line);
                index += 1;
                continue;
            };
            taken.insert(std::ptr::from_ref(piece));
            for offset in 0..piece.lines.len() {
                let shift = if offset == 0 { piece.indent } else { 0 };
                let cell_line = piece.first_line + offset as u32;
                let line = &mut lines[index + offset];
                line.origin = Some((cell.count, cell_line, shift));
                line.edits = ColumnEdit::of_line(&cell.form.edits, cell_line - 1);
            }
            index += piece.lines.len();
        }
        for (index, pair) in generated.windows(2).enumerate() {
            let is_cells = |index: usize| lines[index].origin.is_some();
            if pair[0].ends_with('(') && !is_cells(index) && is_cells(index + 1) {
                let blanks = pair[1].len() - pair[1].trim_start().len();
                lines[index].opens = Some((index as u32 + 2, blanks as u32 + 1));
            }
        }
        let has_one = |(_, line): &(u32, LineOrigin)| {
            line.origin.is_some() || line.opens.is_some() || line.import.is_some()
        };
        SourceMap {
            lines: (1..).zip(lines).filter(has_one).collect(),
        }
    }

    /// The import that a declaration of evcxr's stands for.
    fn import(&self, generated: &str) -> Option<Import> {
        let declaration = generated.trim_start().trim_start_matches("pub ");
        if !declaration.starts_with("use ") {
            return None;
        }
        let indent = generated.chars().count() - declaration.chars().count();
        let mut cells = self.cells.iter().rev();
        cells.find_map(|cell| {
            let mut imports = cell.imports.iter();
            let (_, import) = imports.find(|(text, _)| text == declaration)?;
            Some(import.clone().indented(indent as u32))
        })
    }
}

impl SourceMap {
    /// The place in a cell of a place in the generated file; nothing where evcxr's own code stands.
    pub(super) fn place(&self, line: u32, column: u32) -> Option<CellPlace> {
        let line = self.lines.get(&line)?;
        let column = column.saturating_sub(1);
        if let Some(import) = &line.import {
            return Some(import.place(column, false));
        }
        let (cell, cell_line, shift) = line.origin?;
        let before = line.insertions.iter().filter(|(at, _)| *at <= column);
        let put_in: u32 = before.map(|(at, len)| (*len).min(column - at)).sum();
        Some(CellPlace {
            cell,
            line: cell_line,
            column: ColumnEdit::to_old(&line.edits, column - put_in + shift) + 1,
        })
    }
}

impl SourceMap {
    /// The part of a cell that a part of the generated file is, both by lines and columns. Where it begins or ends in
    /// code that is generated around a cell's, what is the cell's own of it.
    pub(super) fn span(&self, start: (u32, u32), end: (u32, u32)) -> Option<CellSpan> {
        if start.0 == end.0
            && let Some(LineOrigin {
                import: Some(import),
                ..
            }) = self.lines.get(&start.0)
        {
            return Some(import.span(start.1.saturating_sub(1), end.1.saturating_sub(1)));
        }
        let is_cells = |line: &u32| self.place(*line, 1).is_some();
        let first = (start.0..=end.0).find(is_cells)?;
        let last = (first..=end.0).rev().find(is_cells)?;
        let start = self.place(first, if first == start.0 { start.1 } else { 1 })?;
        let end = match last == end.0 {
            true => self.place(last, end.1)?,
            false => CellPlace {
                column: u32::MAX,
                ..self.place(last, 1)?
            },
        };
        let key = |place: CellPlace| (place.line, place.column);
        let is_one = end.cell == start.cell && key(start) <= key(end);
        Some(CellSpan {
            start,
            end: if is_one { end } else { start },
        })
    }

    /// The same for a place where code runs: rustc counts the brackets around an expression as a part of it.
    pub(super) fn place_of_code(&self, line: u32, column: u32) -> Option<CellPlace> {
        self.place(line, column).or_else(|| {
            let (line, column) = self.lines.get(&line)?.opens?;
            self.place(line, column)
        })
    }

    /// Whether the kernel has put in what stands there.
    pub(super) fn is_put_in(&self, line: u32, column: u32) -> bool {
        self.lines.get(&line).is_some_and(|line| {
            let shift = line.origin.map_or(0, |(_, _, shift)| shift);
            let column = (column + shift).saturating_sub(1);
            line.edits
                .iter()
                .any(|edit| (edit.new.0..edit.new.0 + edit.new.1).contains(&column))
        })
    }
}

/// The line without parts of it: at which columns they stand, and how many characters they are.
fn without(line: &str, parts: &[(u32, u32)]) -> String {
    if parts.is_empty() {
        return line.to_owned();
    }
    let is_of_part = |column: u32| {
        let mut parts = parts.iter();
        parts.any(|(start, len)| (*start..start + len).contains(&column))
    };
    let chars = (0..).zip(line.chars());
    chars
        .filter(|(column, _)| !is_of_part(*column))
        .map(|(_, char)| char)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::hide_lets;
    use crate::cell::mark_item_macros;

    fn places(cells: &[(u32, &str)], generated: &str) -> Vec<String> {
        let mut all = Cells::default();
        for (count, text) in cells {
            all.push(*count, text, &Code::verbatim(text));
        }
        let map = all.map(generated, &[]);
        (1..=generated.lines().count() as u32)
            .map(|line| {
                map.place(line, 1)
                    .map_or("-".to_owned(), |place| place.to_string())
            })
            .collect()
    }

    #[test]
    fn statements_on_one_line_keep_their_columns() {
        assert_eq!(
            places(
                &[(4, "// title\nlet a = 1; let b =\n  2;")],
                "gen\nlet a = 1; \nlet b =\n  2;\ngen"
            ),
            [
                "-",
                "cell 4, line 2, column 1",
                "cell 4, line 2, column 12",
                "cell 4, line 3, column 1",
                "-"
            ]
        );
    }

    #[test]
    fn items_of_earlier_cells_are_found_in_their_newest_form() {
        assert_eq!(
            places(
                &[(1, "fn f() {\n  1\n}"), (2, "fn f() {\n  2\n}"), (3, "f()")],
                "fn f() {\n  2\n}\n(\nf()\n)"
            ),
            [
                "cell 2, line 1, column 1",
                "cell 2, line 2, column 1",
                "cell 2, line 3, column 1",
                "-",
                "cell 3, line 1, column 1",
                "-"
            ]
        );
    }

    #[test]
    fn a_last_expression_begins_behind_the_brackets_around_it() {
        let mut cells = Cells::default();
        let text = "  let a = 1;\nf(a)";
        cells.push(7, text, &Code::verbatim(text));
        let map = cells.map("gen(\n  let a = 1;\n(\nf(a)\n).show();", &[]);
        let place = |line| map.place_of_code(line, 1).map(|place| place.to_string());
        assert_eq!(place(3).as_deref(), Some("cell 7, line 2, column 1"));
        assert_eq!(place(4), place(3));
        assert_eq!(place(5), None);
        assert_eq!(place(1).as_deref(), Some("cell 7, line 1, column 3"));
    }

    #[test]
    fn what_the_stand_in_puts_into_a_line_does_not_count() {
        let mut cells = Cells::default();
        let text = "fn f() { static N: u8 = x; }";
        cells.push(1, text, &Code::verbatim(text));
        let put_in = |column, len| PutIn {
            line: 0,
            column,
            len,
        };
        let map = cells.map("fn f() { #[a] static N: u8 = x; }", &[put_in(9, 5)]);
        assert_eq!(map.place(1, 5).map(|place| place.column), Some(5));
        assert_eq!(map.place(1, 31).map(|place| place.column), Some(26));
        // If a static begins its line, the attribute is at the end of the line before.
        let map = cells.map(&format!("{text}#[a] \nother"), &[put_in(28, 5)]);
        assert_eq!(map.place(1, 26).map(|place| place.column), Some(26));
        // The same text does not count as inserted if the person has written it.
        let map = cells.map("fn f() { #[a] static N: u8 = x; }", &[]);
        assert_eq!(map.place(1, 5), None);
    }

    #[test]
    fn what_the_kernel_puts_into_a_cell_does_not_count() {
        let text = "!x; let a = 1; let f = |x| x; make!(A); f(a)";
        let mut shell = Edits::default();
        shell.replace(text, 0..3, "run(\"x\");");
        let code = Code::verbatim(text).then(text, &shell);
        let mut cells = Cells::default();
        cells.push(2, text, &code);
        let at = |part| code.text.find(part).unwrap();
        let typed = Edits::insertions(vec![(at(" = 1"), ": i32".to_owned())]);
        let form = Code::verbatim(&code.text).then(&code.text, &typed);
        let names = HashSet::from(["f".to_owned()]);
        let form = form.then(&code.text, &hide_lets(&form.text, &names));
        let macros = HashSet::from(["make".to_owned()]);
        let form = form.then(&code.text, &mark_item_macros(&form.text, &macros));
        cells.keep(&form.edits);
        let generated = "run(\"x\");\nlet a: i32 = 1;\nlet f = |x| x;\nf(a)\nmake!(A);\n";
        let map = cells.map(generated, &[]);
        for (line, part) in [
            (1, "run"),
            (2, "let a"),
            (2, "1;"),
            (3, "let f"),
            (3, "|x|"),
            (4, "f(a)"),
            (5, "make"),
        ] {
            let of_line = generated.lines().nth(line as usize - 1).unwrap();
            let column = of_line.find(part).unwrap() as u32 + 1;
            let written = text.find(if part == "run" { "!x" } else { part });
            let place = map.place(line, column).map(|place| place.column as usize);
            assert_eq!(place, written.map(|at| at + 1), "{part}");
        }
        assert!(map.is_put_in(2, 7) && !map.is_put_in(2, 5));
    }

    #[test]
    fn use_declarations_are_found_by_name() {
        assert_eq!(
            places(
                &[(1, "let x = 1;\nuse std::{fmt, io::Wrong};")],
                "use std::io::Wrong;"
            ),
            ["cell 1, line 2, column 16"]
        );
    }

    #[test]
    fn a_part_of_an_import_is_found_where_it_is_written() {
        let mut cells = Cells::default();
        let text = "let x = 1;\nuse std::{fmt, io::{Read, Wrong as W}};";
        cells.push(1, text, &Code::verbatim(text));
        let generated = "use std::io::Wrong as W;\nuse std::fmt;";
        let map = cells.map(generated, &[]);
        let written = |line: u32, part: &str| {
            let at = generated.lines().nth(line as usize - 1).unwrap();
            let start = at.find(part).unwrap() as u32 + 1;
            let end = start + part.len() as u32;
            let span = map.span((line, start), (line, end)).unwrap();
            assert_eq!(span.start.line, 2);
            let line = text.lines().nth(1).unwrap();
            line[span.start.column as usize - 1..span.end.column as usize - 1].to_owned()
        };
        for (part, expected) in [
            ("std", "std"),
            ("io", "io"),
            ("Wrong", "Wrong"),
            ("std::io::Wrong", "Wrong"),
        ] {
            assert_eq!(written(1, part), expected, "{part}");
        }
        assert_eq!(written(2, "std::fmt"), "fmt");
    }

    #[test]
    fn equal_lines_of_a_cell_are_found_in_their_order() {
        assert_eq!(
            places(
                &[(1, "f();\nlet a = 1;\nf();"), (2, "f();\nf(); f();")],
                "gen\nf();\nf();\nf();"
            ),
            [
                "-",
                "cell 2, line 1, column 1",
                "cell 2, line 2, column 1",
                "cell 2, line 2, column 6",
            ]
        );
    }

    #[test]
    fn a_part_that_begins_outside_of_a_cell_is_cut_to_it() {
        let mut cells = Cells::default();
        let text = "a(\n  b)";
        cells.push(4, text, &Code::verbatim(text));
        let map = cells.map("gen(\na(\n  b)\n)", &[]);
        let span = map.span((1, 1), (4, 2)).unwrap();
        assert_eq!(span.start.to_string(), "cell 4, line 1, column 1");
        assert_eq!(span.end.line, 2);
        assert_eq!(map.span((1, 1), (1, 4)), None);
    }
}
