//! The worker program. It is compiled against the prepared runtime library, not by cargo.
//!
//! Its `write` and `read` stand in front of libc's for every library in the process: see `threadbook::worker`.

use std::os::raw::c_int;
use std::os::raw::c_void;

/// # Safety
///
/// As `write(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn write(fd: c_int, buffer: *const c_void, len: usize) -> isize {
    // SAFETY: passed on as it came.
    unsafe { threadbook::worker::write_hook(fd, buffer, len) }
}

/// # Safety
///
/// As `read(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn read(fd: c_int, buffer: *mut c_void, len: usize) -> isize {
    // SAFETY: passed on as it came.
    unsafe { threadbook::worker::read_hook(fd, buffer, len) }
}

fn main() {
    threadbook::worker::main()
}
