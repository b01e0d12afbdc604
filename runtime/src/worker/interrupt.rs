//! Calls that wait, which end when the person interrupts the cell.

use std::os::raw::c_long;

use super::cell;
use super::sys;

/// Makes a call that may wait; after an interrupt it fails with `ECANCELED`.
pub(super) fn interruptible(call: impl Fn() -> c_long) -> c_long {
    if cell::must_stop() {
        return canceled();
    }
    let result = call();
    if result < 0 && sys::errno() == libc::EINTR && cell::must_stop() {
        return canceled();
    }
    result
}

/// As [`interruptible`], also where the call has succeeded since: an interrupt ends the child that was waited for.
pub(super) fn interruptible_wait(call: impl Fn() -> c_long) -> c_long {
    let result = interruptible(call);
    if result >= 0 && cell::must_stop() {
        return canceled();
    }
    result
}

fn canceled() -> c_long {
    cell::interrupted();
    sys::set_errno(libc::ECANCELED);
    -1
}
