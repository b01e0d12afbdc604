//! rustc's messages, with positions in cells in place of those in generated code.

use super::source_map::SourceMap;

/// The file that evcxr generates, as rustc names it.
const FILE: &str = "src/lib.rs";

/// Rewrites one rendered message, colours kept: `--> src/lib.rs:97:5` becomes `--> cell 3, line 2, column 5`, the line
/// numbers in the margin become those of the cell, and lines of generated code are left out.
pub(super) fn rewrite(rendered: &str, map: &SourceMap) -> String {
    let mut text = String::new();
    for line in rendered.lines() {
        let line = rewrite_positions(line, map);
        if let Some(line) = rewrite_margin(&line, map) {
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
    text.trim_end().replace("`evcxr_variable_store`", "the end of the cell")
}

fn rewrite_positions(line: &str, map: &SourceMap) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some(start) = rest.find(FILE) {
        text.push_str(&rest[..start]);
        let after = &rest[start + FILE.len()..];
        match position(after) {
            Some((line, column, len)) => {
                match map.place(line, column) {
                    Some(place) => text.push_str(&place.to_string()),
                    None => text.push_str("generated code"),
                }
                rest = &after[len..];
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

/// A source line has its number in the margin, in colour, before a bar. `None`: it shows generated code.
fn rewrite_margin(line: &str, map: &SourceMap) -> Option<String> {
    let start = skip_blank(line, 0);
    let Some((lib_line, len)) = number(&line[start..]) else {
        return Some(line.to_owned());
    };
    let after = skip_blank(line, start + len);
    // A suggestion shows `-` and `+` lines, and `~` for a replacement.
    if !line[after..].starts_with(['|', '-', '+', '~']) {
        return Some(line.to_owned());
    }
    let place = map.place(lib_line, 1)?;
    let number = format!("{:<len$}", place.line);
    Some(format!("{}{number}{}", &line[..start], &line[start + len..]))
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

    fn check(cell: &str, generated: &str, rendered: &str, expected: Expect) {
        let mut cells = Cells::default();
        cells.push(3, cell);
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
                [1m[91merror[E0425][0m: cannot find value `c`
                [1m[94m --> [0mcell 3, line 2, column 9
                  [94m|[0m
                [1m[94m2[0m [1m[94m|[0m let b = c;"#]],
        );
    }

    #[test]
    fn text_that_only_looks_like_a_position_stays() {
        check("1", "1", "note: see src/lib.rs and src/lib.rs:x", expect!["note: see src/lib.rs and src/lib.rs:x"]);
        check("1", "1", "7 things", expect!["7 things"]);
    }

    #[test]
    fn colours_can_be_taken_off() {
        assert_eq!(plain("\x1b[1ma\x1b[0mb\x1b["), "ab");
    }
}
