//! What generated code calls. No cell of a person names it.

pub mod inspect;
pub mod program;
pub mod shell;
pub mod store;
pub mod timing;
pub mod top;

use std::any::type_name;
use std::fmt::Display;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;

use crate::persistent;
use crate::show;
use crate::task;
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

/// The value of the final expression, as text: what evcxr falls back to where the expression did not compile at first,
/// as when it moves a variable.
pub fn result(text: &str) -> std::io::Result<()> {
    // As everywhere, `()` shows nothing.
    if text != "()" {
        show::result_text(text.to_owned());
    }
    Ok(())
}

/// The cell defines these thread-locals anew.
pub fn redefined(names: &[&str]) {
    persistent::forget(names);
}

/// Runs the cell's code, which may await, with the session's tokio at hand.
pub fn block_on<T>(future: Pin<Box<dyn Future<Output = T> + '_>>) -> T {
    let _tokio = task::enter();
    run(future)
}

/// Runs the cell's code, which names no tokio, without starting tokio's threads.
pub fn run<T>(mut future: Pin<Box<dyn Future<Output = T> + '_>>) -> T {
    let mut output = None;
    task::poll_until(&mut |context| {
        let poll = future.as_mut().poll(context);
        poll.map(|value| output = Some(value))
    });
    match output {
        Some(value) => value,
        None => unreachable!("the future was polled until it was ready"),
    }
}
