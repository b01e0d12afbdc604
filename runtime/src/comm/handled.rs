//! Which delivery of the kernel the calling thread handles.

use std::cell::Cell;

std::thread_local! {
    static NUMBER: Cell<Option<u32>> = const { Cell::new(None) };
}

/// The number of the delivery; `None` on threads that handle none.
pub(super) fn number() -> Option<u32> {
    NUMBER.try_with(Cell::get).unwrap_or_default()
}

/// Runs code that handles a delivery.
pub(super) fn within(number: u32, handle: impl FnOnce()) {
    NUMBER.set(Some(number));
    handle();
    NUMBER.set(None);
}
