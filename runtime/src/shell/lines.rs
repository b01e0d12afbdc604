//! What a program has printed, as a value.

use std::fmt;
use std::ops::Deref;
use std::ops::DerefMut;

/// The lines that a program printed, and its exit code: what `let lines = !command` binds.
///
/// It is a `Vec<String>` in all but name, and shows as one.
///
/// ```
/// let lines = threadbook::shell::Lines::of("a\nb\n", 0);
/// assert_eq!(lines.len(), 2);
/// assert_eq!(lines[1], "b");
/// assert_eq!(lines.code, 0);
/// assert_eq!(lines.text(), "a\nb");
/// for line in &lines {
///     assert_eq!(line.len(), 1);
/// }
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Lines {
    lines: Vec<String>,
    /// The exit code; where a signal ended the program, 128 and the signal's number, as in a shell.
    pub code: i32,
}

impl Lines {
    /// The lines of a text.
    pub fn of(text: &str, code: i32) -> Lines {
        Lines {
            lines: text.lines().map(str::to_owned).collect(),
            code,
        }
    }

    /// The lines as one text, without the end of the last one.
    pub fn text(&self) -> String {
        self.lines.join("\n")
    }
}

impl Deref for Lines {
    type Target = Vec<String>;

    fn deref(&self) -> &Vec<String> {
        &self.lines
    }
}

impl DerefMut for Lines {
    fn deref_mut(&mut self) -> &mut Vec<String> {
        &mut self.lines
    }
}

impl IntoIterator for Lines {
    type Item = String;
    type IntoIter = std::vec::IntoIter<String>;

    fn into_iter(self) -> Self::IntoIter {
        self.lines.into_iter()
    }
}

impl<'a> IntoIterator for &'a Lines {
    type Item = &'a String;
    type IntoIter = std::slice::Iter<'a, String>;

    fn into_iter(self) -> Self::IntoIter {
        self.lines.iter()
    }
}

impl From<Lines> for Vec<String> {
    fn from(lines: Lines) -> Vec<String> {
        lines.lines
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.fmt(f)
    }
}
