//! The standard streams of a cell.
//!
//! The worker program has its own `write` and `read` functions, which the dynamic linker gives to every library in the
//! process, std included, in place of libc's. What the process writes to stdout and stderr so becomes frames on one
//! pipe, in the order written; reading stdin becomes a question to the person. Programs that a cell starts write to
//! plain pipes, which the kernel reads too; [`after_programs`] keeps their output before what the cell prints later.

use std::io;
use std::io::Write;
use std::os::fd::RawFd;
use std::os::raw::c_int;
use std::os::raw::c_long;
use std::os::raw::c_void;
use std::sync::Mutex;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::time::Duration;

use super::ask;
use super::cell;
use super::channel;
use super::child;
use super::hooks::interruptible;
use super::sys;
use crate::wire::Kind;
use crate::wire::Reply;

/// The descriptors that carry a cell's streams.
#[derive(Debug)]
pub(crate) struct Streams {
    /// What programs inherit as stdout and stderr: plain pipes.
    pub(crate) raw: [RawFd; 2],
    /// How many bytes the kernel has taken out of each plain pipe.
    pub(crate) drained: RawFd,
    identities: [Option<(u64, u64)>; 3],
}

static STREAMS: OnceLock<Streams> = OnceLock::new();

/// Puts the streams of a cell in place of those that the process was started with.
pub(crate) fn install(raw: [RawFd; 2], input: RawFd, drained: RawFd) -> io::Result<()> {
    let nothing = sys::open(c"/dev/null")?;
    for (from, to) in [(nothing, 0), (raw[0], 1), (raw[1], 2)] {
        sys::dup_onto(from, to)?;
    }
    sys::close(nothing);
    for fd in [raw[0], raw[1], input, drained] {
        sys::set_private(fd)?;
    }
    let identities = [sys::identity(0), sys::identity(1), sys::identity(2)];
    ask::open(input);
    // Nothing reads the streams before the first of these calls, and there is no second.
    let _ = STREAMS.set(Streams {
        raw,
        drained,
        identities,
    });
    Ok(())
}

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
    let Some(streams) = ours(fd) else {
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
    after_programs(streams);
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
    if fd != 0 || len == 0 || ours(fd).is_none() {
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

/// The streams, if `fd` is still what [`install`] put there: a cell may redirect its own stdout.
fn ours(fd: RawFd) -> Option<&'static Streams> {
    let streams = STREAMS.get()?;
    (sys::identity(fd) == streams.identities[fd as usize]).then_some(streams)
}

/// What was printed before comes before what follows: std's own buffer, C's, and the pipes of programs.
pub(crate) fn settle() {
    // Nothing to do about a failure: what could not be written has nowhere to be reported either.
    let _ = io::stdout().flush();
    sys::flush_c();
    if let Some(streams) = STREAMS.get() {
        after_programs(streams);
    }
}

/// Waits until the kernel has taken what programs have written so far, so that it shows before what comes now.
fn after_programs(streams: &Streams) {
    for (index, fd) in streams.raw.into_iter().enumerate() {
        // Read in this order: what the kernel takes between the two calls only makes the goal larger than needed.
        let waiting = sys::waiting(fd);
        if waiting == 0 {
            continue;
        }
        let goal = sys::read_counter(streams.drained, index) + waiting;
        while sys::waiting(fd) > 0 && sys::read_counter(streams.drained, index) < goal {
            // The kernel's thread is on its way; there is nothing to wait on that would wake this one.
            std::thread::sleep(Duration::from_micros(20));
        }
    }
}
