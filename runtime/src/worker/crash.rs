//! Which thread takes the process down: named in the error, and not taken along by the copy that takes over, since it
//! would do so again. What a backtrace can be made of is kept too: see [`dump`].

use std::io;
use std::os::raw::c_int;
use std::os::raw::c_void;
use std::sync::OnceLock;

use super::cell;
use super::copies;
use super::dump;
use super::shared;
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
    if note()
        && let Some(dump) = dump::get()
    {
        dump.take(&sys::registers_at_signal(context));
    }
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
    if note()
        && let Some(dump) = dump::get()
    {
        sys::with_registers(|registers| dump.take(registers));
    }
}

/// Whether this is the first thread that takes the process down.
fn note() -> bool {
    shared::get().is_some_and(|shared| {
        let name = match cell::on_main_thread() {
            true => *b"main\0\0\0\0\0\0\0\0\0\0\0\0",
            false => sys::thread_name(),
        };
        shared.note_crash(copies::thread_id(), name)
    })
}
