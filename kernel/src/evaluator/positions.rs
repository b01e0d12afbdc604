//! Places in cells, in texts that name places in generated code: rustc names closures by theirs.

use anstream::adapter::strip_str;

use super::source_map::SourceMap;
use super::spans::FILE;

/// Stands for a place that no cell has.
const GENERATED: &str = "<generated code>";

/// Puts places in cells where rustc names places in generated code.
pub(super) fn rewrite(text: &str, map: &SourceMap) -> String {
    // Inside of long types rustc shortens the file's name.
    let text = &text.replace("{closure@lib.rs:", &format!("{{closure@{FILE}:"));
    let mut rewritten = String::new();
    let mut rest = text.as_str();
    while let Some(start) = rest.find(FILE) {
        rewritten.push_str(&rest[..start]);
        let after = &rest[start + FILE.len()..];
        // A file of a dependency may end in the same words.
        let is_ours = !rewritten.ends_with('/');
        match position(after).filter(|_| is_ours) {
            Some((line, column, len)) => {
                match map.place(line, column) {
                    Some(place) => rewritten.push_str(&place.to_string()),
                    None => rewritten.push_str(GENERATED),
                }
                rest = &after[len..];
                rest = &rest[closure_end(rest).unwrap_or(0)..];
            }
            None => {
                rewritten.push_str(FILE);
                rest = after;
            }
        }
    }
    rewritten.push_str(rest);
    rewritten
}

/// Reads `: line:column`, with which the type of a closure names its end after its place; gives its length.
fn closure_end(text: &str) -> Option<usize> {
    let rest = text.strip_prefix(": ")?;
    let (_, line_len) = number(rest)?;
    let (_, column_len) = number(rest[line_len..].strip_prefix(':')?)?;
    let len = 3 + line_len + column_len;
    text[len..].starts_with('}').then_some(len)
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

/// The text without colours.
pub(super) fn plain(text: &str) -> String {
    strip_str(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::super::source_map::Cells;
    use super::*;
    use crate::cell::Code;

    #[test]
    fn places_in_texts_are_the_cells() {
        let mut cells = Cells::default();
        cells.push(3, "f(|| 1)", &Code::verbatim("f(|| 1)"));
        let map = cells.map("gen\nf(|| 1)", &[]);
        for (text, expected) in [
            (
                "`{closure@src/lib.rs:2:3: 2:5}`",
                "`{closure@cell 3, line 1, column 3}`",
            ),
            (
                "{closure@lib.rs:2:3: 2:5}",
                "{closure@cell 3, line 1, column 3}",
            ),
            (
                "{closure@src/lib.rs:1:3: 1:5}",
                "{closure@<generated code>}",
            ),
            ("/tokio/src/lib.rs:2:3", "/tokio/src/lib.rs:2:3"),
            (
                "see src/lib.rs and src/lib.rs:x",
                "see src/lib.rs and src/lib.rs:x",
            ),
        ] {
            assert_eq!(rewrite(text, &map), expected);
        }
    }
}
