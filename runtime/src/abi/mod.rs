//! What generated code calls. No cell of a person names it.

pub mod inspect;
mod leave;
pub mod logging;
pub mod program;
pub mod shell;
pub mod store;
pub mod timing;
pub mod top;

pub use leave::Leave;
pub use leave::MainResult;
pub use leave::leave;
pub use leave::leave_with_boxed;
pub use leave::leave_with_error;
pub use leave::leave_with_value;
pub use leave::main_ended;

use std::any::type_name;
use std::fmt::Debug;
use std::fmt::Display;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::panic::Location;
use std::panic::catch_unwind;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

use crate::blocking;
use crate::persistent;
use crate::session_tokio;
use crate::show;
use crate::worker::cell;
use crate::worker::place_of;

/// A panic reached the edge of the cell.
pub fn panicked() {
    cell::panicked();
}

/// What a `?` makes of an error with which it leaves the cell: a type for each of evcxr's formats.
macro_rules! returned_errors {
    ($($name:ident: $format:literal of $trait:ident,)*) => {
        $(
            #[doc = concat!("An error shown by `", $format, "`.")]
            // With `Debug` it would have to come from itself in two ways.
            #[allow(missing_debug_implementations)]
            pub struct $name(());

            impl<T: $trait> From<T> for $name {
                #[track_caller]
                fn from(error: T) -> $name {
                    returned(format!($format, error), type_name::<T>());
                    $name(())
                }
            }
        )*
    };
}

returned_errors! {
    DisplayedError: "{}" of Display,
    DebugError: "{:?}" of Debug,
    PrettyDebugError: "{:#?}" of Debug,
}

/// A `?` leaves the cell with an error.
#[track_caller]
fn returned(message: String, type_name: &str) {
    let place = place_of(Location::caller());
    cell::returned(message, type_name.to_owned(), place);
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

/// A cell's code. The functions that run it are not generic, so no cell compiles them.
pub trait CellCode {
    /// Goes on with the code until it waits or ends. Its error was reported when it was made.
    fn poll_code(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()>;
}

impl<F: Future> CellCode for F {
    fn poll_code(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.poll(context).map(drop)
    }
}

/// Does the same as [`block_on`] and catches a panic. Gives whether there was none.
pub fn catch_block_on(code: Pin<Box<dyn CellCode + '_>>) -> bool {
    catch_unwind(AssertUnwindSafe(|| block_on(code))).is_ok()
}

/// Does the same as [`run`] and catches a panic. Gives whether there was none.
pub fn catch_run(code: Pin<Box<dyn CellCode + '_>>) -> bool {
    catch_unwind(AssertUnwindSafe(|| run(code))).is_ok()
}

/// Runs the cell's code, which may await, with the session's tokio at hand.
pub fn block_on(code: Pin<Box<dyn CellCode + '_>>) {
    let _tokio = session_tokio::enter();
    run(code);
}

/// Runs the cell's code, which names no tokio, without starting tokio's threads.
pub fn run(mut code: Pin<Box<dyn CellCode + '_>>) {
    let ran = catch_unwind(AssertUnwindSafe(|| {
        blocking::poll_until(&mut |context| code.as_mut().poll_code(context));
    }));
    if let Err(payload) = ran {
        cell::unwinds_with(&*payload);
        resume_unwind(payload);
    }
}
