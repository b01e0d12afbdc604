//! Notes which await a cell is in.
//!
//! A future that waits is not on the stack. Polled once more it is, down to what it waits for, and that keeps a copy of
//! the waker that it is polled with.

use std::ptr;
use std::task::RawWaker;
use std::task::RawWakerVTable;
use std::task::Waker;

use super::cell;

static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, ignore, ignore, ignore);

/// Notes where the cell is when a copy is made of it; wakes no task.
pub(crate) fn noting_waker() -> Waker {
    // SAFETY: the table's functions use no pointer, and may be called on any thread, as often as one likes.
    unsafe { Waker::new(ptr::null(), &VTABLE) }
}

fn clone(_: *const ()) -> RawWaker {
    cell::note_stop();
    RawWaker::new(ptr::null(), &VTABLE)
}

fn ignore(_: *const ()) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_can_be_copied_woken_and_dropped() {
        let waker = noting_waker();
        let copy = waker.clone();
        copy.wake_by_ref();
        std::thread::spawn(move || copy.wake()).join().unwrap();
    }
}
