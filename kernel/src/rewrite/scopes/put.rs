//! The lines of evcxr's text that put variables into the store.

use crate::evcxr_text::generated;

/// A line that puts a variable into the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Put {
    pub(super) name: String,
    pub(super) type_name: String,
    /// The whole line.
    pub(super) text: String,
    /// Its number in evcxr's text, from 1.
    pub(super) line: usize,
}

/// Cuts off the lines at the end that put variables into the store, or are empty where others stood.
pub(super) fn split_puts(text: &str) -> (&str, &str) {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let is_put = |line: &&&str| line.starts_with(generated::PUT) || line.trim().is_empty();
    let count = lines.iter().rev().take_while(is_put).count();
    // Empty lines before the first of them are the cell's.
    let puts = &lines[lines.len() - count..];
    let empty = puts
        .iter()
        .take_while(|line| line.trim().is_empty())
        .count();
    let len: usize = puts[empty.min(count)..].iter().map(|line| line.len()).sum();
    text.split_at(text.len() - len)
}

/// The lines that put variables into the store; `lines_before` stand above the text.
pub(super) fn puts(text: &str, lines_before: usize) -> Vec<Put> {
    let lines = text.lines().enumerate();
    lines
        .filter_map(|(index, line)| {
            let (type_name, name) = generated::put_of_line(line)?;
            Some(Put {
                name: name.trim_start_matches("r#").to_owned(),
                type_name: type_name.to_owned(),
                text: line.to_owned(),
                line: lines_before + index + 1,
            })
        })
        .collect()
}
