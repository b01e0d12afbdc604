//! Which thread takes the process down: said in the error, and not taken along by the copy that takes over, since it
//! would do so again.

use std::io;
use std::os::raw::c_int;
use std::os::raw::c_void;
use std::sync::OnceLock;

use super::cell;
use super::shared;
use super::snapshot;
use super::sys;

/// Signals that end a process for what one of its threads has done.
const FATAL: [c_int; 7] = [
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGILL,
    libc::SIGFPE,
    libc::SIGABRT,
    libc::SIGTRAP,
    libc::SIGSYS,
];

/// What was done about each of these signals before: std prints words about a stack overflow.
static BEFORE: OnceLock<Vec<(c_int, sys::Handler)>> = OnceLock::new();

/// Has crashes and exits of this process noted.
pub(super) fn install() -> io::Result<()> {
    let mut before = Vec::new();
    for signal in FATAL {
        if let Some(handler) = sys::handle_crash(signal, on_crash)? {
            before.push((signal, handler));
        }
    }
    let _ = BEFORE.set(before);
    sys::at_exit(on_exit);
    Ok(())
}

/// Runs in a signal handler: allocates nothing, takes no lock.
extern "C" fn on_crash(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    note();
    sys::default_signal(signal);
    let before = BEFORE.get().and_then(|before| {
        let known = before.iter().find(|(of, _)| *of == signal);
        known.map(|(_, handler)| *handler)
    });
    if let Some(before) = before {
        before(signal, info, context);
    }
    // Comes once this handler has returned.
    sys::raise(signal);
}

extern "C" fn on_exit() {
    note();
}

fn note() {
    if let Some(shared) = shared::get() {
        let name = match cell::on_main_thread() {
            true => *b"main\0\0\0\0\0\0\0\0\0\0\0\0",
            false => sys::thread_name(),
        };
        shared.note_crash(snapshot::thread_id(), name);
    }
}
