//! What `%whos` becomes: a table of the session's variables.

use std::fmt::Debug;
use std::fmt::Write;

use crate::printing;

/// A variable to look at.
#[derive(Debug)]
pub struct Probe<'a, T: ?Sized>(pub &'a T);

/// Values that can be shown. Method lookup tries this one first.
pub trait Shown {
    /// The value in few words.
    fn preview(&self) -> String;
}

impl<T: Debug + ?Sized> Shown for Probe<'_, T> {
    fn preview(&self) -> String {
        let mut preview = Preview::default();
        // It fails as soon as there is enough.
        let is_whole = write!(preview, "{:?}", self.0).is_ok();
        let mut text: String = preview.0.chars().take(PREVIEW_CHARS).collect();
        if !is_whole || preview.0.chars().count() > PREVIEW_CHARS {
            text.push('…');
        }
        text
    }
}

/// Any other value.
pub trait Hidden {
    /// Nothing.
    fn preview(&self) -> String;
}

impl<T: ?Sized> Hidden for &Probe<'_, T> {
    fn preview(&self) -> String {
        String::new()
    }
}

/// How much of a value is shown.
const PREVIEW_CHARS: usize = 60;

/// Takes no more text than a preview needs, so that a million numbers are not formatted for sixty characters.
#[derive(Default)]
struct Preview(String);

impl Write for Preview {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        if self.0.len() > 4 * PREVIEW_CHARS {
            return Err(std::fmt::Error);
        }
        self.0.extend(
            text.chars()
                .map(|char| if char.is_control() { ' ' } else { char }),
        );
        Ok(())
    }
}

/// Prints the table: name, type, size in bytes, value.
pub fn table(anchor: &'static str, rows: &[(&str, &str, usize, String)]) {
    let header = ["Variable", "Type", "Size", "Value"].map(str::to_owned);
    let cells: Vec<[String; 4]> = rows
        .iter()
        .map(|(name, ty, size, value)| {
            [
                (*name).to_owned(),
                (*ty).to_owned(),
                size.to_string(),
                value.clone(),
            ]
        })
        .collect();
    let width = |column: usize| {
        let texts = cells
            .iter()
            .chain([&header])
            .map(|row| row[column].chars().count());
        texts.max().unwrap_or(0)
    };
    let widths = [width(0), width(1), width(2)];
    let mut text = String::new();
    let rule = [
        "-".repeat(widths[0]),
        "-".repeat(widths[1]),
        "-".repeat(widths[2]),
        "-----".to_owned(),
    ];
    for [name, ty, size, value] in [&header, &rule].into_iter().chain(&cells) {
        let line = format!(
            "{name:<0$}  {ty:<1$}  {size:>2$}  {value}",
            widths[0], widths[1], widths[2]
        );
        text.push_str(line.trim_end());
        text.push('\n');
    }
    printing::out(anchor, format_args!("{text}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Opaque;

    #[test]
    fn values_that_cannot_be_shown_are_left_out() {
        assert_eq!(Probe(&vec![1, 2]).preview(), "[1, 2]");
        assert_eq!((&Probe(&Opaque)).preview(), "");
        assert_eq!(Probe("a\nb").preview(), "\"a\\nb\"");
        let long = Probe(&vec![7; 1_000_000]).preview();
        assert_eq!(long.chars().count(), PREVIEW_CHARS + 1, "{long}");
        assert!(long.ends_with('…'), "{long}");
    }
}
