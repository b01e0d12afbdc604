//! What ends a process, in words: a signal.

use crate::worker::Death;

/// The name of what ended a process, and its meaning; nothing where the process has ended itself.
pub(super) fn of(death: &Death) -> Option<(String, &'static str)> {
    death.signal.map(signal_name)
}

/// Whether the process called for its own end.
pub(super) fn is_abort(death: &Death) -> bool {
    death.signal == Some(libc::SIGABRT)
}

/// Whether another process, or the system, ended it.
pub(super) fn is_kill(death: &Death) -> bool {
    death.signal == Some(libc::SIGKILL)
}

fn signal_name(signal: i32) -> (String, &'static str) {
    let (name, meaning) = match signal {
        libc::SIGSEGV => ("SIGSEGV", "invalid memory access"),
        libc::SIGABRT => (
            "SIGABRT",
            "abort, for example a stack overflow or a panic while dropping",
        ),
        libc::SIGILL => ("SIGILL", "illegal instruction"),
        libc::SIGBUS => ("SIGBUS", "bus error"),
        libc::SIGFPE => ("SIGFPE", "arithmetic error"),
        libc::SIGKILL => ("SIGKILL", "killed, perhaps for lack of memory"),
        libc::SIGTERM => ("SIGTERM", "terminated"),
        libc::SIGINT => ("SIGINT", "interrupted"),
        libc::SIGPIPE => ("SIGPIPE", "nobody reads a pipe any more"),
        libc::SIGTRAP => ("SIGTRAP", "trap"),
        libc::SIGXCPU => ("SIGXCPU", "out of processor time"),
        other => return (format!("signal {other}"), "see `man 7 signal`"),
    };
    (name.to_owned(), meaning)
}
