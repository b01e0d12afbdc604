//! Where bars are drawn: in a display of the notebook, in a terminal, or as a last line.

use std::io::IsTerminal;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::row::Row;
use crate::wire::Report;
use crate::worker;

/// The form of a display by which programs that show it as text recognise a progress.
pub const PROGRESS_MIME: &str = "application/vnd.threadbook.progress+json";

/// Where a group is drawn.
pub(super) enum Screen {
    /// A display, by its name.
    Display {
        load: u32,
        id: String,
        is_shown: bool,
    },
    /// A terminal, in which a number of lines was drawn.
    Terminal { lines: usize },
    /// What can't be drawn over.
    Plain,
}

impl Screen {
    /// The one that this process has, for a cell.
    pub(super) fn new(load: u32) -> Screen {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        if worker::is_open() {
            // By the pid, displays of two kernels, or of a restarted worker, differ.
            let (pid, number) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
            return Screen::Display {
                load,
                id: format!("threadbook-progress-{pid}-{number}"),
                is_shown: false,
            };
        }
        match std::io::stderr().is_terminal() {
            true => Screen::Terminal { lines: 0 },
            false => Screen::Plain,
        }
    }

    pub(super) fn draw(&mut self, rows: &[Row], has_ended: bool) {
        match self {
            Screen::Display { load, id, is_shown } => {
                let update = std::mem::replace(is_shown, true);
                worker::report(&Report::Display {
                    load: *load,
                    data: data(rows, has_ended),
                    json: None,
                    id: Some(id.clone()),
                    update,
                });
            }
            Screen::Terminal { lines } => {
                std::eprint!("{}", over(*lines, rows, has_ended));
                *lines = rows.len();
            }
            Screen::Plain if has_ended => std::eprintln!("{}", text(rows)),
            Screen::Plain => {}
        }
    }
}

fn data(rows: &[Row], has_ended: bool) -> Map<String, Value> {
    let html: String = rows.iter().map(Row::html).collect();
    let forms = [
        ("text/html", html.into()),
        ("text/plain", text(rows).into()),
        (PROGRESS_MIME, json!({"ended": has_ended})),
    ];
    forms
        .into_iter()
        .map(|(mime, value)| (mime.to_owned(), value))
        .collect()
}

fn text(rows: &[Row]) -> String {
    let lines: Vec<String> = rows.iter().map(Row::text).collect();
    lines.join("\n")
}

/// What draws rows over those that a terminal shows, and leaves the cursor at the end of the last.
fn over(lines: usize, rows: &[Row], has_ended: bool) -> String {
    let mut drawn = match lines {
        0 | 1 => "\r".to_owned(),
        lines => format!("\r\x1b[{}A", lines - 1),
    };
    // Clears what stands below.
    drawn.push_str("\x1b[J");
    drawn.push_str(&text(rows));
    if has_ended {
        drawn.push('\n');
    }
    drawn
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn rows(count: u64) -> Vec<Row> {
        let row = |position| Row {
            name: String::new(),
            position,
            total: None,
            took: Duration::ZERO,
            has_ended: false,
        };
        (0..count).map(row).collect()
    }

    #[test]
    fn rows_are_drawn_over_the_earlier_ones() {
        assert_eq!(over(0, &rows(1), false), "\r\x1b[J0 [00:00]");
        assert_eq!(over(2, &rows(1), true), "\r\x1b[1A\x1b[J0 [00:00]\n");
    }

    #[test]
    fn a_display_has_text_beside_the_html() {
        let data = data(&rows(2), true);
        assert_eq!(data["text/plain"], "0 [00:00]\n1 [00:00]");
        assert_eq!(data[PROGRESS_MIME]["ended"], true);
        assert!(data["text/html"].as_str().unwrap().starts_with("<div"));
    }
}
