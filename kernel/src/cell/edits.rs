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

/// A part of a text that edits have made.
enum Part {
    /// Bytes of the old text.
    Kept(Range<usize>),
    PutIn(String),
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
    /// Texts that are put in at places, each without a line end. At one place they keep their order.
    pub(crate) fn insertions(mut list: Vec<(usize, String)>) -> Edits {
        list.sort_by_key(|(at, _)| *at);
        let edit = |(at, text)| Edit {
            range: at..at,
            text,
        };
        Edits {
            list: list.into_iter().map(edit).collect(),
        }
    }

    /// Puts a text in the place of a range that lies after all earlier ones. Line ends that it lacks are added.
    pub(crate) fn replace(&mut self, old: &str, range: Range<usize>, text: impl Into<String>) {
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

    /// These edits, and then others of the text that they make, as edits of the old text.
    pub(crate) fn then(&self, old: &str, later: &Edits) -> Edits {
        let new = self.apply(old);
        let mut made = Vec::new();
        let mut at = 0;
        for edit in &later.list {
            self.cut(old, at..edit.range.start, &mut made);
            made.push(Part::PutIn(edit.text.clone()));
            at = edit.range.end;
        }
        self.cut(old, at..new.len(), &mut made);
        made.push(Part::Kept(old.len()..old.len()));
        let mut list = Vec::new();
        let (mut at, mut text) = (0, String::new());
        for piece in made {
            match piece {
                Part::PutIn(more) => text.push_str(&more),
                Part::Kept(range) => {
                    if at < range.start || !text.is_empty() {
                        list.push(Edit {
                            range: at..range.start,
                            text: std::mem::take(&mut text),
                        });
                    }
                    at = range.end;
                }
            }
        }
        Edits { list }
    }

    /// Adds what a range of the new text consists of.
    fn cut(&self, old: &str, range: Range<usize>, made: &mut Vec<Part>) {
        let inside = |start: usize, len: usize| {
            let from = range.start.clamp(start, start + len);
            from - start..range.end.clamp(from, start + len) - start
        };
        // Where the old and the new text are.
        let (mut at, mut new) = (0, 0);
        let end = Edit {
            range: old.len()..old.len(),
            text: String::new(),
        };
        for edit in self.list.iter().chain([&end]) {
            let kept = inside(new, edit.range.start - at);
            if !kept.is_empty() {
                made.push(Part::Kept(at + kept.start..at + kept.end));
            }
            new += edit.range.start - at;
            let put_in = &edit.text[inside(new, edit.text.len())];
            if !put_in.is_empty() {
                made.push(Part::PutIn(put_in.to_owned()));
            }
            new += edit.text.len();
            at = edit.range.end;
        }
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
    /// Those of a line, from 0.
    pub(crate) fn of_line(edits: &[ColumnEdit], line: u32) -> Vec<ColumnEdit> {
        let edits = edits.iter().copied();
        edits.filter(|edit| edit.line == line as usize).collect()
    }

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
    fn edits_of_edits_are_edits_of_the_first_text() {
        let old = "ab cd ef\ngh";
        let edits = |of: &str, list: &[(Range<usize>, &str)]| {
            let mut edits = Edits::default();
            for (range, text) in list {
                edits.replace(of, range.clone(), *text);
            }
            edits
        };
        let first = edits(old, &[(0..0, "<<"), (3..5, "CCDD"), (9..11, "x")]);
        let new = first.apply(old);
        assert_eq!(new, "<<ab CCDD ef\nx");
        for list in [
            vec![],
            vec![(0..14, "all")],
            vec![(1..3, "-"), (6..8, "+"), (14..14, "!")],
            vec![(2..2, "{"), (9..9, "}"), (12..14, "\n")],
        ] {
            let later = edits(&new, &list);
            let both = first.then(old, &later);
            assert_eq!(both.apply(old), later.apply(&new), "{list:?}");
        }
        assert_eq!(first.then(old, &Edits::default()), first);
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
