//! System calls around signals.

use std::io;
use std::os::fd::RawFd;
use std::os::raw::c_int;
use std::os::raw::c_void;

use super::check;
use super::read_exact;

/// A handler that gets the signal's cause.
pub(crate) type Handler = extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);

/// The signal that wakes the cell's thread out of a system call.
pub(crate) fn interrupt_signal() -> c_int {
    libc::SIGRTMAX() - 5
}

/// Blocks the signals and gives a descriptor that reads them.
pub(crate) fn signal_fd(signals: &[c_int]) -> io::Result<RawFd> {
    // SAFETY: zero is a valid value of the set, and the calls write only to it.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        for signal in signals {
            libc::sigaddset(&raw mut set, *signal);
        }
        check(libc::sigprocmask(
            libc::SIG_BLOCK,
            &raw const set,
            std::ptr::null_mut(),
        ))?;
        check(libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC))
    }
}

/// Unblocks every signal, as a program expects to find them.
pub(crate) fn unblock_signals() {
    // SAFETY: zero is a valid value of the set, and the calls write only to it.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const set, std::ptr::null_mut());
    }
}

/// Reads one signal's number from [`signal_fd`].
pub(crate) fn read_signal(fd: RawFd) -> io::Result<c_int> {
    let mut info = [0; size_of::<libc::signalfd_siginfo>()];
    read_exact(fd, &mut info)?;
    let number = info
        .first_chunk::<4>()
        .map_or(0, |bytes| u32::from_ne_bytes(*bytes));
    Ok(number as c_int)
}

/// Has a function called when the signal comes.
pub(crate) fn handle_signal(signal: c_int, handler: Handler, flags: c_int) -> io::Result<()> {
    // SAFETY: the structure is plain, and the handlers that are given do only what a signal handler may.
    check(unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | flags;
        libc::sigaction(signal, &raw const action, std::ptr::null_mut())
    })
    .map(drop)
}

/// Blocks a signal for the calling thread, or unblocks it.
pub(crate) fn block_signal(signal: c_int, block: bool) {
    let how = if block {
        libc::SIG_BLOCK
    } else {
        libc::SIG_UNBLOCK
    };
    // SAFETY: the set is ours; the calls write only to it.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, signal);
        libc::pthread_sigmask(how, &raw const set, std::ptr::null_mut());
    }
}

/// Waits for a signal that is blocked.
pub(crate) fn wait_for_signal(signal: c_int) {
    // SAFETY: the set is ours, and nothing is written elsewhere.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, signal);
        while libc::sigwaitinfo(&raw const set, std::ptr::null_mut()) != signal {}
    }
}

/// Leaves a signal to the system again.
pub(crate) fn default_signal(signal: c_int) {
    // SAFETY: numbers only.
    unsafe { libc::signal(signal, libc::SIG_DFL) };
}

/// Sends a signal to the calling thread.
pub(crate) fn raise(signal: c_int) {
    // SAFETY: numbers only.
    unsafe { libc::raise(signal) };
}

/// Has a function called when the signal comes, on a stack of its own where the thread has one; gives the one that was
/// called before.
pub(crate) fn handle_crash(signal: c_int, handler: Handler) -> io::Result<Option<Handler>> {
    // SAFETY: the structures are plain; a handler that was set with SA_SIGINFO has this signature.
    unsafe {
        let mut before: libc::sigaction = std::mem::zeroed();
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        check(libc::sigaction(signal, &raw const action, &raw mut before))?;
        let is_function = ![libc::SIG_DFL, libc::SIG_IGN].contains(&before.sa_sigaction);
        Ok((is_function && before.sa_flags & libc::SA_SIGINFO != 0)
            .then(|| std::mem::transmute::<usize, Handler>(before.sa_sigaction)))
    }
}
