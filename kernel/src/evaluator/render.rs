//! rustc's messages, with positions in cells in place of those in generated code.

use super::source_map::CellPlace;
use super::source_map::SourceMap;
use super::source_map::as_written;

/// The file that evcxr generates, as rustc names it.
pub(super) const FILE: &str = "src/lib.rs";
/// Stands for a place that no cell has.
const GENERATED: &str = "<generated code>";
/// What rustc says of a constant that reads a static which can change, and why that is so between cells as well.
const CONSTANT: (&str, &str) = (
    "constant accesses mutable global memory",
    "  = help: a constant is evaluated when the cell is compiled, and a static has its value only when the cell runs: read it \
     in a function, or with `let`",
);
/// Where a toolchain keeps the standard library's sources.
const LIBRARY: &str = "/lib/rustlib/src/rust/";
/// Where the cache keeps the runtime's, below the folder of what is prepared.
const RUNTIME: &str = "/runtime/src/";
const PREPARED: &str = "/prepared/";

/// Rewrites one rendered message, colours kept: `--> src/lib.rs:97:5` becomes `--> cell 3, line 2, column 5`, the line
/// numbers in the margin become those of the cell, and lines of generated code are left out.
pub(super) fn rewrite(rendered: &str, map: &SourceMap) -> String {
    let mut in_cells = true;
    let lines: Vec<Line> = rendered
        .lines()
        .map(|line| {
            let text = plain(line);
            let arrow = text.trim_start();
            if arrow.starts_with("--> ") || arrow.starts_with("::: ") {
                in_cells = arrow.contains(FILE);
            } else if !text.starts_with([' ', '.'])
                && !text.starts_with(|first: char| first.is_ascii_digit())
            {
                // A new part of the message is about the cells again, unless an arrow says otherwise.
                in_cells = true;
            }
            Line::read(line, map, in_cells)
        })
        .collect();
    let mut lines = without_generated(with_places_of_cells(lines));
    move_marks(&mut lines);
    let width = |number: u32| number.to_string().len();
    let before = lines
        .iter()
        .filter_map(|line| line.number)
        .map(|(old, _)| width(old))
        .max()
        .unwrap_or(0);
    let after = lines
        .iter()
        .filter_map(|line| line.number?.1)
        .map(width)
        .max()
        .unwrap_or(before);
    let margin = Margin {
        narrower: before.saturating_sub(after),
        width: after,
        is_right_aligned: lines.iter().any(Line::is_padded),
    };
    let mut text = String::new();
    for line in lines {
        if let Some(line) = line.write(&margin) {
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
    if rendered.contains(CONSTANT.0) {
        text.push_str(CONSTANT.1);
    }
    text.trim_end()
        .replace("`evcxr_variable_store`", "the end of the cell")
}

/// Where a message is about generated code around a cell's, the first line of the cell that it shows is its place.
fn with_places_of_cells(lines: Vec<Line>) -> Vec<Line> {
    let mut kept: Vec<Line> = Vec::new();
    let mut waiting = None;
    for line in lines {
        if line.after.contains(GENERATED) {
            waiting = Some((kept.len(), line));
            continue;
        }
        if line.is_headline() {
            // A place that only the generated code has is no help to anyone.
            waiting = None;
        } else if let Some(place) = line.place
            && let Some((at, mut arrow)) = waiting.take()
        {
            arrow.after = arrow.after.replace(GENERATED, &place.to_string());
            kept.insert(at, arrow);
        }
        kept.push(line);
    }
    kept
}

/// Leaves out source lines of generated code with the marks under them, and suggestions that are about nothing else.
fn without_generated(lines: Vec<Line>) -> Vec<Line> {
    let mut parts: Vec<Vec<Line>> = Vec::new();
    for line in lines {
        match parts.last_mut() {
            Some(part) if !line.is_headline() => part.push(line),
            _ => parts.push(vec![line]),
        }
    }
    let mut kept = Vec::new();
    for (index, part) in parts.into_iter().enumerate() {
        let is_generated = |line: &Line| matches!(line.number, Some((_, None)));
        let is_cells = |line: &Line| matches!(line.number, Some((_, Some(_))));
        if index > 0 && part.iter().any(is_generated) && !part.iter().any(is_cells) {
            continue;
        }
        let mut under_generated = false;
        for line in part {
            under_generated = is_generated(&line) || (under_generated && line.is_marks());
            if !under_generated {
                kept.push(line);
            }
        }
    }
    kept
}

/// Moves the marks below a line from which something was cut out.
fn move_marks(lines: &mut [Line]) {
    let mut cuts: Vec<(usize, usize)> = Vec::new();
    for line in lines {
        if line.number.is_some() {
            cuts.clone_from(&line.cuts);
        } else if line.is_marks() {
            for (start, len) in cuts.iter().rev() {
                line.after = without_columns(&line.after, *start, *len);
            }
        } else {
            cuts.clear();
        }
    }
}

/// The text without some of its columns, colours aside, if all of them are blanks or all are one mark.
fn without_columns(text: &str, start: usize, len: usize) -> String {
    let mut rest = String::new();
    let mut cut: Vec<char> = Vec::new();
    let mut column = 0;
    let mut in_colour = false;
    for char in text.chars() {
        in_colour |= char == '\x1b';
        if !in_colour && (start..start + len).contains(&column) {
            cut.push(char);
        } else {
            rest.push(char);
        }
        column += usize::from(!in_colour);
        in_colour &= char != 'm';
    }
    let is_plain = cut
        .iter()
        .all(|char| " ^-_".contains(*char) && *char == cut[0]);
    if is_plain { rest } else { text.to_owned() }
}

/// What is to be cut out below a line of a message, counted from its margin's bar.
fn cuts(line: &str) -> Vec<(usize, usize)> {
    let bar = line.find('|').map_or(0, |bar| line[..bar].chars().count());
    let (_, put_in) = as_written(line);
    let put_in = put_in.into_iter();
    put_in
        .filter_map(|(at, len)| Some(((at as usize).checked_sub(bar)?, len as usize)))
        .collect()
}

/// Puts places in cells where rustc names places in generated code.
pub(super) fn rewrite_positions(line: &str, map: &SourceMap) -> String {
    // Inside of long types rustc shortens the file's name.
    let line = &line.replace("{closure@lib.rs:", &format!("{{closure@{FILE}:"));
    let mut text = String::new();
    let mut rest = line.as_str();
    while let Some(start) = rest.find(FILE) {
        text.push_str(&rest[..start]);
        let after = &rest[start + FILE.len()..];
        // A file of a dependency may end in the same words.
        let is_ours = !text.ends_with('/');
        match position(after).filter(|_| is_ours) {
            Some((line, column, len)) => {
                match map.place(line, column) {
                    Some(place) => text.push_str(&place.to_string()),
                    None => text.push_str(GENERATED),
                }
                rest = &after[len..];
                rest = &rest[closure_end(rest).unwrap_or(0)..];
            }
            None => {
                text.push_str(FILE);
                rest = after;
            }
        }
    }
    text.push_str(rest);
    text
}

/// Reads `: line:column`, with which the type of a closure names its end after its place; gives its length.
fn closure_end(text: &str) -> Option<usize> {
    let rest = text.strip_prefix(": ")?;
    let (_, line_len) = number(rest)?;
    let (_, column_len) = number(rest[line_len..].strip_prefix(':')?)?;
    let len = 3 + line_len + column_len;
    text[len..].starts_with('}').then_some(len)
}

/// Names a file of the standard library, or of the runtime, without the folder that it lies in on this machine.
fn without_folder(line: &str) -> String {
    let (end, name) = match (line.find(LIBRARY), line.find(RUNTIME)) {
        (Some(end), _) => (end, &line[end + LIBRARY.len()..]),
        (None, Some(end)) if line[..end].contains(PREPARED) => (end, &line[end + 1..]),
        _ => return line.to_owned(),
    };
    let start = line[..end].rfind(' ').map_or(0, |space| space + 1);
    let start = line[start..end]
        .find('/')
        .map_or(start, |slash| start + slash);
    format!("{}{name}", &line[..start])
}

/// Whether a line of a suggestion adds an import. It goes to the top of the generated code, and so to that of a cell.
fn adds_import(line: &str) -> bool {
    plain(line).starts_with("+ use ")
}

/// Reads `:line:column`; gives its length too.
fn position(text: &str) -> Option<(u32, u32, usize)> {
    let (line, line_len) = number(text.strip_prefix(':')?)?;
    let (column, column_len) = number(text[1 + line_len..].strip_prefix(':')?)?;
    Some((line, column, 2 + line_len + column_len))
}

fn number(text: &str) -> Option<(u32, usize)> {
    let len = text.bytes().take_while(u8::is_ascii_digit).count();
    Some((text[..len].parse().ok()?, len))
}

/// Where the numbers of source lines stand.
struct Margin {
    /// By how many columns it is narrower than in rustc's message.
    narrower: usize,
    /// Of the longest number.
    width: usize,
    /// rustc 1.95 aligns numbers at the right; older ones do at the left.
    is_right_aligned: bool,
}

/// A line of a message, cut at its margin.
struct Line {
    /// Blanks and colours before the number, or before what stands in the margin's place.
    before: String,
    /// The number of a source line, and that line's number in its cell; none there for generated code.
    number: Option<(u32, Option<u32>)>,
    /// Where the source line is, if it is a cell's.
    place: Option<CellPlace>,
    /// What was cut out of the source line: where, counted from its margin's bar without colours, and how much.
    cuts: Vec<(usize, usize)>,
    after: String,
}

impl Line {
    /// `in_cells`: whether source lines are those of cells, not of a dependency or the standard library.
    fn read(line: &str, map: &SourceMap, in_cells: bool) -> Line {
        let cuts = cuts(&plain(line));
        let (line, _) = as_written(line);
        let line = without_folder(&rewrite_positions(&line, map));
        let start = skip_blank(&line, 0);
        let (before, rest) = line.split_at(start);
        if let Some((number, len)) = number(rest) {
            let bar = skip_blank(rest, len);
            // A suggestion shows `-` and `+` lines, and `~` for a replacement.
            if rest[bar..].starts_with(['|', '-', '+', '~']) {
                let place = map.place(number, 1).filter(|_| in_cells);
                let mapped = if in_cells {
                    let top = || adds_import(&rest[bar..]).then_some(1);
                    place.map(|place| place.line).or_else(top)
                } else {
                    Some(number)
                };
                return Line {
                    before: before.to_owned(),
                    number: Some((number, mapped)),
                    place,
                    cuts,
                    after: rest[len..].to_owned(),
                };
            }
        }
        Line {
            before: before.to_owned(),
            number: None,
            place: None,
            cuts,
            after: rest.to_owned(),
        }
    }

    /// Whether a part of the message begins: the error itself, a help, a note.
    fn is_headline(&self) -> bool {
        let text = plain(&format!("{}{}", self.before, self.after));
        self.number.is_none() && !text.is_empty() && !text.starts_with([' ', '.'])
    }

    /// Whether it holds marks or labels for the source line above.
    fn is_marks(&self) -> bool {
        let text = plain(&self.after);
        self.number.is_none() && text.trim_end().len() > 1 && text.starts_with('|')
    }

    /// Whether there are blanks before its number.
    fn is_padded(&self) -> bool {
        self.number.is_some() && self.before.contains(' ')
    }

    /// `None`: it shows generated code.
    fn write(self, margin: &Margin) -> Option<String> {
        let Margin {
            narrower, width, ..
        } = *margin;
        let Line {
            before,
            number,
            after,
            ..
        } = self;
        match number {
            Some((_, None)) => None,
            Some((_, Some(new))) if margin.is_right_aligned => {
                let before = before.replace(' ', "");
                Some(format!("{before}{new:>width$}{after}"))
            }
            Some((old, Some(new))) => {
                // The blanks that pad a shorter number stand behind it, perhaps behind a colour code.
                let padding =
                    " ".repeat(old.to_string().len().max(width + narrower) - old.to_string().len());
                let after = after.replacen(&padding, "", 1);
                Some(format!("{before}{new:<width$}{after}"))
            }
            None if after.starts_with(['|', '=', '-', ':']) => Some(format!(
                "{}{after}",
                before.replacen(&" ".repeat(narrower), "", 1)
            )),
            None => Some(format!("{before}{after}")),
        }
    }
}

/// Skips blanks and colour codes.
fn skip_blank(line: &str, mut at: usize) -> usize {
    loop {
        let rest = &line[at..];
        if let Some(code) = rest.strip_prefix("\x1b[") {
            match code.find('m') {
                Some(end) => at += 2 + end + 1,
                None => return at,
            }
        } else if rest.starts_with(' ') {
            at += 1;
        } else {
            return at;
        }
    }
}

/// The text without colours.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("\x1b[") {
        plain.push_str(&rest[..start]);
        let code = &rest[start + 2..];
        rest = code.find('m').map_or("", |end| &code[end + 1..]);
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use expect_test::Expect;
    use expect_test::expect;

    use super::super::source_map::Cells;
    use super::*;
    use crate::toolchain::statics::ATTRIBUTE_END;
    use crate::toolchain::statics::ATTRIBUTE_START;

    fn check(cell: &str, generated: &str, rendered: &str, expected: Expect) {
        let mut cells = Cells::default();
        cells.push(3, cell, &crate::cell::Code::verbatim(cell));
        expected.assert_eq(&rewrite(rendered, &cells.map(generated)));
    }

    #[test]
    fn positions_and_margins_are_the_cells() {
        check(
            "let a = 1;\nlet b = c;",
            "gen\ngen\nlet a = 1;\nlet b = c;\ngen",
            "\x1b[1m\x1b[91merror[E0425]\x1b[0m: cannot find value `c`\n\x1b[1m\x1b[94m --> \x1b[0msrc/lib.rs:4:9\n  \
             \x1b[94m|\x1b[0m\n\x1b[1m\x1b[94m4\x1b[0m \x1b[1m\x1b[94m|\x1b[0m let b = c;\n\x1b[94m5 |\x1b[0m gen\n",
            expect![[r#"
                [1m[91merror[E0425][0m: cannot find value `c`
                [1m[94m --> [0mcell 3, line 2, column 9
                  [94m|[0m
                [1m[94m2[0m [1m[94m|[0m let b = c;"#]],
        );
    }

    #[test]
    fn the_margin_is_no_wider_than_the_cells_numbers() {
        let generated = format!("{}let b = c;\nlet d = e;\n", "gen\n".repeat(98));
        check(
            "let b = c;\nlet d = e;",
            &generated,
            "error: no\n   --> src/lib.rs:99:9\n    |\n99  | let b = c;\n    |         ^\n100 | let d = e;\n    = note: x\n",
            expect![[r#"
                error: no
                 --> cell 3, line 1, column 9
                  |
                1 | let b = c;
                  |         ^
                2 | let d = e;
                  = note: x"#]],
        );
    }

    #[test]
    fn numbers_may_be_aligned_at_the_right() {
        let cell = format!("{}let b = c;\nlet d = e;", "1;\n".repeat(8));
        let generated = format!("{}{cell}\n", "gen\n".repeat(90));
        check(
            &cell,
            &generated,
            "error: no\n   --> src/lib.rs:99:9\n    |\n 99 | let b = c;\n    |         ^\n100 | let d = e;\n    = note: x\n",
            expect![[r#"
                error: no
                  --> cell 3, line 9, column 9
                   |
                 9 | let b = c;
                   |         ^
                10 | let d = e;
                   = note: x"#]],
        );
    }

    #[test]
    fn a_message_about_the_code_around_a_cell_is_placed_in_it() {
        check(
            "Opaque",
            "gen\nOpaque\ngen",
            "error: no\n --> src/lib.rs:1:1\n  |\n1 | / gen\n2 | | Opaque\n3 | | gen\n  | |___^\n",
            expect![[r#"
                error: no
                 --> cell 3, line 1, column 1
                  |
                1 | | Opaque"#]],
        );
    }

    #[test]
    fn marks_stand_under_what_they_are_about() {
        let put_in = format!("{ATTRIBUTE_START}0123456789abcdef{ATTRIBUTE_END}");
        let generated = format!("f({put_in}static x)");
        let marks = " ".repeat(1 + put_in.len() + 7);
        check(
            "f(static x)",
            &generated,
            &format!("error: no\n --> src/lib.rs:1:1\n  |\n1 | {generated}\n  | -{marks}^ here\n"),
            expect![[r#"
                error: no
                 --> cell 3, line 1, column 1
                  |
                1 | f(static x)
                  | -        ^ here"#]],
        );
    }

    #[test]
    fn text_that_only_looks_like_a_position_stays() {
        check(
            "1",
            "1",
            "note: see src/lib.rs and src/lib.rs:x",
            expect!["note: see src/lib.rs and src/lib.rs:x"],
        );
        check("1", "1", "7 things", expect!["7 things"]);
    }

    #[test]
    fn notes_about_the_standard_library_keep_their_lines() {
        check(
            "f()",
            "gen\nf()",
            "error: no\n --> src/lib.rs:2:1\n  |\n2 | f()\n  | ^\nnote: here\n   --> /home/x/.rustup/lib/rustlib/src/rust/library/std/a.rs:9:1\n    |\n9   | fn f()\n",
            expect![[r#"
                error: no
                 --> cell 3, line 1, column 1
                  |
                1 | f()
                  | ^
                note: here
                   --> library/std/a.rs:9:1
                    |
                9   | fn f()"#]],
        );
    }

    #[test]
    fn colours_can_be_taken_off() {
        assert_eq!(plain("\x1b[1ma\x1b[0mb\x1b["), "ab");
    }
}
