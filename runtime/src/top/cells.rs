//! When which cell began, in a file of the session.

use std::fs;
use std::path::Path;

/// The file's name in the session's folder.
pub const CELLS_FILE: &str = "cells";

/// The cells of a session, in the order in which they ran.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cells {
    /// Number, and milliseconds from the system's start to that of the cell's code.
    begun: Vec<(u32, u64)>,
    /// The one that was read last, and what it does.
    latest: Option<u32>,
    now: Now,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Now {
    #[default]
    Ended,
    Runs,
    /// This cell is compiled, since this moment.
    Compiles(u32, u64),
}

impl Cells {
    /// A line of the file: a cell's code begins.
    pub fn begin_line(count: u32, at_ms: u64) -> String {
        format!("{count} {at_ms}\n")
    }

    /// A line of the file: a cell is read and compiled.
    pub fn compile_line(count: u32, at_ms: u64) -> String {
        format!("+{count} {at_ms}\n")
    }

    /// A line of the file: it has ended.
    pub fn end_line() -> &'static str {
        "-\n"
    }

    /// Reads the file in a session's folder. Before the first cell there is none.
    pub fn read(session: &Path) -> Cells {
        Cells::parse(&fs::read_to_string(session.join(CELLS_FILE)).unwrap_or_default())
    }

    fn parse(text: &str) -> Cells {
        let mut cells = Cells::default();
        for line in text.lines() {
            let mut words = line.split(' ');
            let word = words.next().unwrap_or_default();
            let compiles = word.starts_with('+');
            let count = word.trim_start_matches('+').parse().ok();
            let at_ms = words.next().and_then(|word| word.parse().ok());
            if compiles {
                cells.latest = count;
            }
            cells.now = match (count, at_ms) {
                (Some(count), Some(at_ms)) if compiles => Now::Compiles(count, at_ms),
                (Some(count), Some(at_ms)) => {
                    cells.begun.push((count, at_ms));
                    Now::Runs
                }
                _ => Now::Ended,
            };
        }
        cells
    }

    /// The cell that runs now.
    pub fn running(&self) -> Option<u32> {
        let (count, _) = self.begun.last()?;
        (self.now == Now::Runs).then_some(*count)
    }

    /// The cell that calls this. The kernel may not have noted yet that it was compiled.
    pub(super) fn asking(&self) -> Option<u32> {
        self.latest
    }

    /// The cell that ran, or had run last, at a moment.
    pub(super) fn at(&self, at_ms: u64) -> Option<u32> {
        // Both were rounded down to the same ticks, so what a cell starts never seems to be older than the cell.
        let mut begun = self.begun.iter().rev();
        let found = begun.find(|(_, began_ms)| *began_ms <= at_ms);
        // Before the first cell the kernel runs code of its own, under this number.
        found.map(|(count, _)| *count).filter(|count| *count > 0)
    }

    /// The lines at one moment.
    pub(super) fn headline(&self, now_ms: u64) -> String {
        let (count, began_ms) = self.begun.last().copied().unwrap_or_default();
        let seconds = |since_ms| now_ms.saturating_sub(since_ms) as f64 / 1000.0;
        match self.now {
            Now::Compiles(count, since_ms) => {
                format!(
                    "cell {count} has been compiling for {:.1} s",
                    seconds(since_ms)
                )
            }
            Now::Runs => format!(
                "cell {count} has been running for {:.1} s",
                seconds(began_ms)
            ),
            Now::Ended if count == 0 => "no cell has run yet".to_owned(),
            Now::Ended => format!("cell {count} has ended"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_starts_in_the_tick_of_a_cells_begin_is_the_cells() {
        let cells = Cells::parse("0 500\n-\n+1 900\n1 1000\n-\n3 2000\n");
        for (at_ms, cell) in [
            (0, None),
            (990, None),
            (1000, Some(1)),
            (1990, Some(1)),
            (2000, Some(3)),
            (9000, Some(3)),
        ] {
            assert_eq!(cells.at(at_ms), cell, "{at_ms}");
        }
        assert_eq!(cells.running(), Some(3));
        assert_eq!(cells.headline(3500), "cell 3 has been running for 1.5 s");
        let ended = Cells::parse("1 1000\n-\n");
        assert_eq!(ended.running(), None);
        assert_eq!(ended.headline(3500), "cell 1 has ended");
        let compiles = Cells::parse("1 1000\n-\n+2 1500\n");
        assert_eq!((compiles.running(), compiles.asking()), (None, Some(2)));
        assert_eq!(
            compiles.headline(3500),
            "cell 2 has been compiling for 2.0 s"
        );
        assert_eq!(Cells::parse("0 9\n-\n").headline(10), "no cell has run yet");
    }
}
