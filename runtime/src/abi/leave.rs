//! How a cell ends before its last line, and how a program's `main` ends in a cell.

use std::any::type_name;
use std::convert::Infallible;
use std::error::Error;
use std::fmt::Debug;
use std::panic::Location;
use std::process::ExitCode;

use crate::worker::cell;
use crate::worker::place_of;

/// What a cell may `return`. `C` is what the cell makes of errors.
pub trait Leave<C> {
    /// Ends the cell.
    ///
    /// # Errors
    ///
    /// The error that the cell returns.
    #[track_caller]
    fn leave(self) -> Result<(), C>;
}

impl<C> Leave<C> for () {
    fn leave(self) -> Result<(), C> {
        cell::left();
        Ok(())
    }
}

impl<T, E, C: From<E>> Leave<C> for Result<T, E> {
    fn leave(self) -> Result<(), C> {
        match self {
            Ok(_) => ().leave(),
            Err(error) => Err(C::from(error)),
        }
    }
}

/// `return value;` in a cell.
///
/// # Errors
///
/// The error that the cell returns.
#[track_caller]
pub fn leave<C>(value: impl Leave<C>) -> Result<(), C> {
    value.leave()
}

/// `return Ok(value);` in a cell.
///
/// # Errors
///
/// None.
pub fn leave_with_value<T, C>(_: T) -> Result<(), C> {
    ().leave()
}

/// `return Err(error);` in a cell.
///
/// # Errors
///
/// The error that the cell returns.
#[track_caller]
pub fn leave_with_error<E, C: From<E>>(error: E) -> Result<(), C> {
    Err(C::from(error))
}

/// The same where nothing but the kind of error that `main` mostly returns settles its type.
///
/// # Errors
///
/// The error that the cell returns.
#[track_caller]
pub fn leave_with_boxed<C: From<Box<dyn Error>>>(error: Box<dyn Error>) -> Result<(), C> {
    Err(C::from(error))
}

/// What a program's `main` may return.
pub trait MainResult {
    /// Has the cell fail as the program would.
    #[track_caller]
    fn end_cell(self);
}

impl MainResult for () {
    fn end_cell(self) {}
}

impl MainResult for Infallible {
    fn end_cell(self) {}
}

impl<T: MainResult, E: Debug> MainResult for Result<T, E> {
    fn end_cell(self) {
        match self {
            Ok(value) => value.end_cell(),
            Err(error) => {
                let place = place_of(Location::caller());
                cell::returned(format!("{error:?}"), type_name::<E>().to_owned(), place);
            }
        }
    }
}

impl MainResult for ExitCode {
    fn end_cell(self) {
        if self != ExitCode::SUCCESS {
            // The standard library shows the number in no other way.
            let text = format!("{self:?}");
            let code: String = text.chars().filter(char::is_ascii_digit).collect();
            cell::exited(&format!("`main` has returned the exit code {code}"));
        }
    }
}

/// A program's `main` has ended in a cell.
#[track_caller]
pub fn main_ended(result: impl MainResult) {
    result.end_cell();
}
