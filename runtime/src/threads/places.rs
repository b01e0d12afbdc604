//! Places in code in words.

use crate::wire::Place;
use crate::worker;
use crate::worker::SOURCE_FILE;

/// `cell 5, line 3, column 9`, or the file, line and column of a crate's code.
pub(super) fn words(place: &Place) -> Option<String> {
    if let Some(words) = worker::describe(place) {
        return Some(words);
    }
    // Lines of the code around a cell mean nothing to anybody.
    let is_cell = worker::is_open() && place.file == SOURCE_FILE;
    (!is_cell).then(|| format!("{}:{}:{}", place.file, place.line, place.column))
}
