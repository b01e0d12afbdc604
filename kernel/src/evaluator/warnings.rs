//! rustc's warnings about a cell as a display of the cell.
//!
//! On stderr a front end shows them as it shows errors, in red.

use serde_json::Map;
use serde_json::json;

use super::colours;
use super::positions;
use crate::worker::Note;
use crate::worker::WARNINGS_KEY;

/// More warnings than this are folded.
const OPEN_LIMIT: usize = 3;

/// The display of warnings that `report` has drawn, if there are any.
pub(super) fn note(drawn: &[String]) -> Option<Note> {
    if drawn.is_empty() {
        return None;
    }
    let text = drawn.join("\n\n");
    let mut html = colours::html(&text);
    if drawn.len() > OPEN_LIMIT {
        let count = drawn.len();
        html = format!("<details><summary>{count} warnings</summary>{html}</details>");
    }
    Some(Note {
        data: Map::from_iter([
            ("text/html".to_owned(), html.into()),
            ("text/plain".to_owned(), positions::plain(&text).into()),
        ]),
        metadata: Map::from_iter([(WARNINGS_KEY.to_owned(), json!(drawn.len()))]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms(count: usize) -> Option<(String, String)> {
        let note = note(&vec!["\x1b[1mwarning\x1b[0m: it is".to_owned(); count])?;
        assert_eq!(note.metadata[WARNINGS_KEY], count);
        let form = |mime: &str| note.data[mime].as_str().unwrap().to_owned();
        Some((form("text/html"), form("text/plain")))
    }

    #[test]
    fn more_than_three_warnings_are_folded() {
        assert_eq!(forms(0), None);
        let (html, plain) = forms(2).unwrap();
        assert!(html.starts_with("<pre>"), "{html}");
        assert_eq!(plain, "warning: it is\n\nwarning: it is");
        let (html, plain) = forms(4).unwrap();
        assert!(
            html.starts_with("<details><summary>4 warnings</summary><pre>"),
            "{html}"
        );
        assert_eq!(plain.matches("warning").count(), 4);
    }
}
