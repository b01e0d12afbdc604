//! What generated code calls. No cell of a person names it.

use std::any::type_name;
use std::fmt::Display;
use std::panic::Location;

use crate::worker::cell;
use crate::worker::place_of;

/// A panic reached the edge of the cell.
pub fn panicked() {
    cell::panicked();
}

/// A `?` leaves the cell with this error.
#[track_caller]
pub fn returned<T: Display>(error: &T) {
    cell::returned(
        error.to_string(),
        type_name::<T>().to_owned(),
        place_of(Location::caller()),
    );
}

/// A stored variable has another type than the cell thinks.
pub fn type_changed(name: &str) {
    cell::type_changed(name);
}
