//! Pieces of a text that something else stands for, and the way back from the new text to the old one.

use std::ops::Range;

/// Replacements in one text, in order. Each keeps the number of its lines, so that lines hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edits {
    list: Vec<Edit>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Edit {
    /// Bytes of the old text.
    range: Range<usize>,
    text: String,
}

/// What an edit did to one line, in characters from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ColumnEdit {
    /// The line, from 0, which is the same in both texts.
    pub(crate) line: usize,
    /// Where it stands in the new text, and how long it is there.
    pub(crate) new: (u32, u32),
    /// The same in the old text.
    pub(crate) old: (u32, u32),
}

impl Edits {
    /// Puts a text in the place of a range that lies after all earlier ones. Line ends that it lacks are added.
    pub(super) fn replace(&mut self, old: &str, range: Range<usize>, text: impl Into<String>) {
        let mut text = text.into();
        let lines = |text: &str| text.matches('\n').count();
        let missing = lines(&old[range.clone()]).saturating_sub(lines(&text));
        text.push_str(&"\n".repeat(missing));
        self.list.push(Edit { range, text });
    }

    /// Leaves a range empty, but for its line ends.
    pub(super) fn blank(&mut self, old: &str, range: Range<usize>) {
        if !range.is_empty() {
            self.replace(old, range, "");
        }
    }

    /// Whether nothing is replaced.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The new text.
    pub fn apply(&self, old: &str) -> String {
        let mut new = String::with_capacity(old.len());
        let mut at = 0;
        for edit in &self.list {
            new.push_str(&old[at..edit.range.start]);
            new.push_str(&edit.text);
            at = edit.range.end;
        }
        new.push_str(&old[at..]);
        new
    }

    /// The place in the new text of one in the old, in bytes; nothing where something else stands for it.
    pub(crate) fn to_new(&self, old: usize) -> Option<usize> {
        let mut shift = 0isize;
        for edit in &self.list {
            if old < edit.range.start || (old == edit.range.start && !edit.range.is_empty()) {
                break;
            }
            if old < edit.range.end {
                return None;
            }
            let is_after = old > edit.range.end || !edit.range.is_empty();
            if is_after {
                shift += edit.text.len() as isize - edit.range.len() as isize;
            }
        }
        old.checked_add_signed(shift)
    }

    /// The place in the old text of one in the new, in bytes.
    pub(crate) fn to_old(&self, new: usize) -> usize {
        // What the edits so far have put in and taken out.
        let (mut added, mut removed) = (0, 0);
        for edit in &self.list {
            let start = edit.range.start + added - removed;
            if new < start || (new == start && edit.range.is_empty()) {
                break;
            }
            if new < start + edit.text.len() {
                return edit.range.start;
            }
            added += edit.text.len();
            removed += edit.range.len();
        }
        new + removed - added
    }

    /// What has changed line by line.
    pub(crate) fn columns(&self, old: &str) -> Vec<ColumnEdit> {
        let mut columns = Vec::new();
        let mut line = 0;
        let mut at = 0;
        // Where the old and the new text stand on the line that is being written.
        let (mut old_column, mut new_column) = (0, 0);
        for edit in &self.list {
            let kept = &old[at..edit.range.start];
            advance(kept, &mut line, &mut old_column);
            match kept.contains('\n') {
                true => new_column = old_column,
                false => new_column += width(kept),
            }
            let was: Vec<&str> = old[edit.range.clone()].split('\n').collect();
            let is: Vec<&str> = edit.text.split('\n').collect();
            for (index, (was, is)) in was.iter().zip(&is).enumerate() {
                if index > 0 {
                    line += 1;
                    (old_column, new_column) = (0, 0);
                }
                // A line end alone stays where it is.
                if !(was.is_empty() && is.is_empty()) {
                    columns.push(ColumnEdit {
                        line,
                        new: (new_column, width(is)),
                        old: (old_column, width(was)),
                    });
                }
                old_column += width(was);
                new_column += width(is);
            }
            at = edit.range.end;
        }
        columns
    }
}

impl ColumnEdit {
    /// The column in the old text of one in the new text, both from 0, by the edits of that line.
    pub(crate) fn to_old(edits: &[ColumnEdit], column: u32) -> u32 {
        let before = edits.iter().rev().find(|edit| edit.new.0 <= column);
        match before {
            None => column,
            // Inside of what was put in: where that begins.
            Some(edit) if column < edit.new.0 + edit.new.1 => edit.old.0,
            Some(edit) => column - (edit.new.0 + edit.new.1) + edit.old.0 + edit.old.1,
        }
    }

    /// The column in the new text of one in the old text, both from 0.
    pub(crate) fn to_new(edits: &[ColumnEdit], column: u32) -> u32 {
        let before = edits.iter().rev().find(|edit| edit.old.0 <= column);
        match before {
            None => column,
            Some(edit) if column < edit.old.0 + edit.old.1 => edit.new.0,
            Some(edit) => column - (edit.old.0 + edit.old.1) + edit.new.0 + edit.new.1,
        }
    }
}

fn width(text: &str) -> u32 {
    u32::try_from(text.chars().count()).unwrap_or(u32::MAX)
}

/// Moves over a text that stays.
fn advance(kept: &str, line: &mut usize, column: &mut u32) {
    match kept.rfind('\n') {
        Some(newline) => {
            *line += kept.matches('\n').count();
            *column = width(&kept[newline + 1..]);
        }
        None => *column += width(kept),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_lead_back_through_replacements() {
        let old = "é; !ls {dir}/x\nlet y = 2;";
        let mut edits = Edits::default();
        edits.replace(old, 4..9, "line(\"ls {}/x\", ");
        edits.replace(old, 12..15, ");");
        let new = edits.apply(old);
        assert_eq!(new, "é; line(\"ls {}/x\", dir);\nlet y = 2;");
        let columns = edits.columns(old);
        let column =
            |at: &str| u32::try_from(new[..new.find(at).unwrap()].chars().count()).unwrap();
        for (at, expected) in [("é", 0), ("line", 3), ("{}/x", 3), ("dir", 8), (");", 11)] {
            assert_eq!(ColumnEdit::to_old(&columns, column(at)), expected, "{at}");
        }
        assert_eq!(ColumnEdit::to_new(&columns, 8), column("dir"));
        assert_eq!(ColumnEdit::to_new(&columns, 1), 1);
    }

    #[test]
    fn lines_hold() {
        let old = "a\n!b \\\n  c\nd";
        let mut edits = Edits::default();
        edits.replace(old, 2..10, "line(\"b c\");");
        let new = edits.apply(old);
        assert_eq!(new, "a\nline(\"b c\");\n\nd");
        assert!(edits.columns(old).iter().map(|edit| edit.line).eq([1, 2]));
    }
}
