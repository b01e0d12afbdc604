//! Places in code in words.

use crate::wire::Place;

/// `cell 5, line 3`, or the file, line and column of a crate's code.
pub(super) fn words(place: &Place) -> String {
    format!("{}:{}:{}", place.file, place.line, place.column)
}
