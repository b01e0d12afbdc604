//! Unwinding a cell for a reason that is no panic.

use super::cell;

/// Unwinds the cell with an error that is not Rust's: it is shown by this name, without a place in code. On another
/// thread than the cell's it is a panic, which a `join` of the thread returns.
pub(crate) fn raise(ename: &str, message: &str) -> ! {
    if !cell::on_main_thread() {
        panic!("{message}");
    }
    cell::raised(cell::Raised {
        ename: ename.to_owned(),
        message: message.to_owned(),
    });
    // Values are dropped on the way, and no hook reports it.
    std::panic::resume_unwind(Box::new(message.to_owned()))
}

/// Unwinds the cell on behalf of the person who interrupted it.
pub(crate) fn unwind_interrupted() -> ! {
    cell::interrupted();
    // Not a panic: nothing went wrong, so no hook is to report it.
    std::panic::resume_unwind(Box::new("interrupted"))
}
