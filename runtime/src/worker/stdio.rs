//! The standard streams of a cell.
//!
//! The worker program has its own `write` and `read` functions, which the dynamic linker gives to every library in the
//! process, std included, in place of libc's. What the process writes to stdout and stderr so becomes frames on one
//! pipe, in the order written; reading stdin becomes a question to the person. Programs that a cell starts write to
//! plain pipes, which the kernel reads too; [`streams::after_programs`] keeps their output before what the cell prints later.

use std::os::raw::c_int;
use std::os::raw::c_long;
use std::os::raw::c_void;
use std::sync::Mutex;
use std::sync::PoisonError;

use super::ask;
use super::cell;
use super::channel;
use super::child;
use super::interrupt::interruptible;
use super::streams;
use super::sys;
use crate::wire::Kind;
use crate::wire::Reply;

/// The process's `write`.
///
/// # Safety
///
/// As `write(2)`: `buffer` holds `len` bytes.
pub unsafe fn write_hook(fd: c_int, buffer: *const c_void, len: usize) -> isize {
    let kind = match fd {
        1 => Kind::Stdout,
        2 => Kind::Stderr,
        _ => return sys::write_through(fd, buffer, len),
    };
    let Some(streams) = streams::ours(fd) else {
        return sys::write_through(fd, buffer, len);
    };
    let bytes = if len == 0 {
        // A length of zero may come with any pointer.
        &[]
    } else {
        // SAFETY: the caller vouches for the buffer.
        unsafe { std::slice::from_raw_parts(buffer.cast::<u8>(), len) }
    };
    // Straight to the kernel: std's stdout, which would be flushed before, may be what is writing.
    if let Some(caught) = cell::take_caught_panic() {
        channel::send(&caught);
    }
    streams::after_programs(streams);
    match channel::send_stream(kind, 0, bytes) {
        Ok(()) => len as isize,
        Err(error) => {
            sys::set_errno(error.raw_os_error().unwrap_or(libc::EIO));
            -1
        }
    }
}

/// The process's `read`.
///
/// # Safety
///
/// As `read(2)`: `buffer` has room for `len` bytes.
pub unsafe fn read_hook(fd: c_int, buffer: *mut c_void, len: usize) -> isize {
    static TYPED: Mutex<Vec<u8>> = Mutex::new(Vec::new());
    if fd != 0 || len == 0 || streams::ours(fd).is_none() {
        return interruptible(|| sys::read_through(fd, buffer, len) as c_long) as isize;
    }
    if child::is_child() {
        // Another thread may have been reading when this process was made: the lock would never be free.
        let text = b"stdin: a process that a cell has started can't ask for input (ask before it is started)\n";
        let _ = channel::send_stream(Kind::Stderr, 0, text);
        sys::set_errno(libc::EOPNOTSUPP);
        return -1;
    }
    let mut typed = TYPED.lock().unwrap_or_else(PoisonError::into_inner);
    if typed.is_empty() {
        match ask("", false) {
            Ok(Reply::Line { text }) => {
                typed.extend(text.bytes());
                typed.push(b'\n');
            }
            Ok(Reply::Interrupted) => {
                cell::interrupted();
                sys::set_errno(libc::ECANCELED);
                return -1;
            }
            Ok(Reply::NotAllowed) => {
                let _ = channel::send_stream(
                    Kind::Stderr,
                    0,
                    format!("stdin: {}\n", crate::Error::input_not_allowed()).as_bytes(),
                );
                sys::set_errno(libc::EOPNOTSUPP);
                return -1;
            }
            Err(_) => {
                sys::set_errno(libc::EIO);
                return -1;
            }
        }
    }
    let count = typed.len().min(len);
    // SAFETY: the caller has room for `len` bytes, and `count` is no more than that.
    unsafe { std::ptr::copy_nonoverlapping(typed.as_ptr(), buffer.cast::<u8>(), count) };
    typed.drain(..count);
    count as isize
}
