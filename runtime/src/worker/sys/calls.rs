//! The calls that the calling thread is in, by the library that unwinds panics.

use std::os::raw::c_int;
use std::os::raw::c_void;

/// The library's data about a frame, which only the library can read.
type Frame = *mut c_void;

/// Where to go on looking (0), or not to.
const GO_ON: c_int = 0;
const STOP: c_int = 5;

unsafe extern "C-unwind" {
    fn _Unwind_Backtrace(
        look: extern "C-unwind" fn(Frame, *mut c_void) -> c_int,
        argument: *mut c_void,
    ) -> c_int;
    fn _Unwind_GetIP(frame: Frame) -> usize;
}

struct Found {
    addresses: Vec<u64>,
    limit: usize,
    is_cut: bool,
}

/// Where the calls return to that the calling thread is in, the innermost first, and whether there are more of them.
pub(crate) fn calls(limit: usize) -> (Vec<u64>, bool) {
    let mut found = Found {
        addresses: Vec::with_capacity(64),
        limit,
        is_cut: false,
    };
    // SAFETY: the function is called while this call runs, with what it is given here, which no other code uses
    // meanwhile.
    unsafe { _Unwind_Backtrace(look, (&raw mut found).cast()) };
    (found.addresses, found.is_cut)
}

extern "C-unwind" fn look(frame: Frame, found: *mut c_void) -> c_int {
    // SAFETY: what `calls` has passed on, and a frame that the library describes for the time of this call.
    let (found, address) = unsafe { (&mut *found.cast::<Found>(), _Unwind_GetIP(frame)) };
    if found.addresses.len() == found.limit {
        found.is_cut = true;
        return STOP;
    }
    found.addresses.push(address as u64);
    GO_ON
}
