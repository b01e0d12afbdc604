//! Where rustc's spans are, for people: in which cell, or in which file of a library.
//!
//! A span may lie in a macro's definition. Where that is a cell's own, it is shown; otherwise the macro's call stands for it.

use std::ops::Range;

use serde_json::Value;

use super::cell_place::CellPlace;
use super::cell_place::CellSpan;
use super::source_map::Cells;
use super::source_map::SourceMap;

/// The file that evcxr generates, as rustc names it.
pub(super) const FILE: &str = threadbook::worker::SOURCE_FILE;
/// Where a toolchain keeps the standard library's sources, and where the file's name begins behind it.
const LIBRARY: (&str, &str) = ("/lib/rustlib/src/rust/", "library/");
/// Where cargo keeps the sources of crates, in a folder for each registry.
const REGISTRY: &str = "/registry/src/";
/// Where the cache keeps the runtime's, below the folder of what is prepared.
const RUNTIME: (&str, &str) = ("/prepared/", "/runtime/src/");

/// What a span is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The cell with this number.
    Cell(u32),
    /// Some lines of a file that is no cell's: its name, without the folder on this machine, and the first line's number.
    File { name: String, first_line: usize },
}

/// A span in a text that can be shown.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) source: Source,
    pub(super) text: String,
    /// Bytes of the text.
    pub(super) range: Range<usize>,
}

/// The spans of a message.
pub(super) fn spans(message: &Value) -> impl Iterator<Item = &Value> {
    message["spans"].as_array().into_iter().flatten()
}

/// Whether a span is what its message is about.
pub(super) fn is_primary(span: &Value) -> bool {
    span["is_primary"] == true
}

/// The part of a cell that a span is about, by way of the macros that it comes from.
pub(super) fn in_cell(span: &Value, map: &SourceMap) -> Option<CellSpan> {
    let mut chain = std::iter::successors(Some(span), |span| {
        let call = &span["expansion"]["span"];
        call.is_object().then_some(call)
    });
    chain.find_map(|span| own_place(span, map))
}

/// The part of a cell that the span itself is.
pub(super) fn own_place(span: &Value, map: &SourceMap) -> Option<CellSpan> {
    if span["file_name"] != FILE {
        return None;
    }
    let begins_in_cell = number(span, "line_start").is_some_and(|line| {
        let column = number(span, "column_start").unwrap_or(1);
        map.place(line, column).is_some()
    });
    // Of what stands around a cell's code, only that is a cell's which the message is about.
    if !begins_in_cell && !is_primary(span) {
        return None;
    }
    map.span(
        (number(span, "line_start")?, number(span, "column_start")?),
        (number(span, "line_end")?, number(span, "column_end")?),
    )
}

/// The text that a span is about, if that is not generated code or the runtime's.
pub(super) fn found(span: &Value, map: &SourceMap, cells: &Cells) -> Option<Found> {
    match in_cell(span, map) {
        Some(part) => of_cell(part, cells),
        None => of_file(span),
    }
}

/// A part of a cell, in bytes of its text.
pub(super) fn of_cell(part: CellSpan, cells: &Cells) -> Option<Found> {
    let text = cells.text(part.start.cell)?;
    let start = byte(text, part.start);
    Some(Found {
        source: Source::Cell(part.start.cell),
        text: text.to_owned(),
        range: start..byte(text, part.end).max(start),
    })
}

/// The byte of a place in a text; the end of its line where the line has no such column.
fn byte(text: &str, place: CellPlace) -> usize {
    let line_start = match place.line {
        0 | 1 => 0,
        line => text
            .match_indices('\n')
            .nth(line as usize - 2)
            .map_or(text.len(), |(newline, _)| newline + 1),
    };
    let line = text[line_start..].lines().next().unwrap_or_default();
    let column = place.column.saturating_sub(1) as usize;
    let before = line.char_indices().nth(column);
    line_start + before.map_or(line.len(), |(byte, _)| byte)
}

/// The lines of a library that a span is about.
fn of_file(span: &Value) -> Option<Found> {
    let name = span["file_name"].as_str()?;
    if name == FILE || is_runtime(name) {
        return None;
    }
    let lines = span["text"].as_array()?;
    let texts: Vec<&str> = lines
        .iter()
        .map(|line| line["text"].as_str().unwrap_or_default())
        .collect();
    let (first, last) = (lines.first()?, lines.last()?);
    let column = |line: &Value, name: &str| Some(line[name].as_u64()?.max(1) as usize - 1);
    let byte = |text: &str, column: usize| {
        text.char_indices()
            .nth(column)
            .map_or(text.len(), |(byte, _)| byte)
    };
    let text = texts.join("\n");
    let last_start = text.len() - texts.last()?.len();
    let start = byte(texts[0], column(first, "highlight_start")?);
    let end = last_start + byte(&text[last_start..], column(last, "highlight_end")?);
    Some(Found {
        source: Source::File {
            name: file_name(name).to_owned(),
            first_line: usize::try_from(span["line_start"].as_u64()?).ok()?,
        },
        range: start..end.max(start),
        text,
    })
}

fn is_runtime(file: &str) -> bool {
    let prepared = file.find(RUNTIME.0);
    prepared.is_some_and(|start| file[start..].contains(RUNTIME.1))
}

/// A file of the standard library or of a crate, without the folder that it lies in on this machine.
pub(super) fn file_name(file: &str) -> &str {
    if let Some((_, name)) = file.split_once(LIBRARY.0) {
        return name;
    }
    let in_registry = file.split_once(REGISTRY).map(|(_, rest)| rest);
    if let Some((_, name)) = in_registry.and_then(|rest| rest.split_once('/')) {
        return name;
    }
    // The name that std has for itself where its sources are not there.
    let in_std = file.strip_prefix("/rustc/");
    let named = in_std.and_then(|rest| rest.split_once('/'));
    match named {
        Some((_, name)) if name.starts_with(LIBRARY.1) => name,
        _ => file,
    }
}

pub(super) fn number(span: &Value, name: &str) -> Option<u32> {
    u32::try_from(span[name].as_u64()?).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cell::Code;

    #[test]
    fn a_span_in_a_librarys_macro_is_at_its_call() {
        let text = "let é = 1;\n  f(format!(\"x\"));";
        let mut cells = Cells::default();
        cells.push(2, text, &Code::verbatim(text));
        let map = cells.map("gen\nlet é = 1;\nf(format!(\"x\"));", &[]);
        let span = json!({
            "file_name": "/x/lib/rustlib/src/rust/library/alloc/src/macros.rs", "is_primary": true,
            "line_start": 9, "line_end": 9, "column_start": 9, "column_end": 12,
            "text": [{"text": "        res", "highlight_start": 9, "highlight_end": 12}],
            "expansion": {"span": {
                "file_name": FILE, "is_primary": false, "expansion": null,
                "line_start": 3, "line_end": 3, "column_start": 3, "column_end": 15,
            }},
        });
        let at_call = found(&span, &map, &cells).unwrap();
        assert_eq!(at_call.source, Source::Cell(2));
        assert_eq!(&text[at_call.range], "format!(\"x\")");
        let elsewhere = found(&span, &SourceMap::default(), &cells).unwrap();
        assert_eq!(&elsewhere.text[elsewhere.range], "res");
        let name = "library/alloc/src/macros.rs".to_owned();
        let first_line = 9;
        assert_eq!(elsewhere.source, Source::File { name, first_line });
    }

    #[test]
    fn files_lose_the_folders_of_this_machine() {
        for (file, name) in [
            ("/a/lib/rustlib/src/rust/library/b.rs", "library/b.rs"),
            (
                "/a/registry/src/index-1f/tokio-1.0.0/src/a.rs",
                "tokio-1.0.0/src/a.rs",
            ),
            (
                "/rustc/0123abc/library/core/src/a.rs",
                "library/core/src/a.rs",
            ),
            ("/home/a/own/src/a.rs", "/home/a/own/src/a.rs"),
        ] {
            assert_eq!(file_name(file), name);
        }
        assert!(is_runtime("/c/prepared/1f/runtime/src/abi/store.rs"));
        assert!(!is_runtime("/c/runtime/src/abi/store.rs"));
    }
}
