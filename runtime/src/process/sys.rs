//! System calls of processes: forks, their ends, files in memory.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::os::fd::FromRawFd;
use std::os::fd::OwnedFd;
use std::os::raw::c_int;
use std::time::Duration;
use std::time::Instant;

use super::ended::Ended;
use crate::cancel::check_interrupt;

/// Signals whose handlers belong to the process that has set them: one of tokio writes into a pipe that is shared.
const RESET: [c_int; 8] = [
    libc::SIGINT,
    libc::SIGTERM,
    libc::SIGHUP,
    libc::SIGQUIT,
    libc::SIGCHLD,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGALRM,
];

fn check(result: i64) -> io::Result<c_int> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result as c_int)
    }
}

/// Makes a child with the calling thread alone. 0 in the child.
///
/// # Safety
///
/// In the child, what other threads held locked stays locked; no call may come to such a lock but those that the caller
/// holds itself.
pub(super) unsafe fn fork() -> io::Result<i32> {
    // SAFETY: the caller answers for locks; the C library for its own.
    check(unsafe { libc::fork() }.into())
}

/// This process.
pub(super) fn pid() -> i32 {
    std::process::id().cast_signed()
}

/// The process that started this one, or has adopted it.
pub(super) fn parent() -> i32 {
    // SAFETY: takes nothing and can't fail.
    unsafe { libc::getppid() }
}

/// A descriptor that can be read once the process has ended.
pub(super) fn watch(pid: i32) -> io::Result<OwnedFd> {
    // SAFETY: numbers only.
    let fd = check(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) })?;
    // SAFETY: the descriptor is new.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Sends a signal to a watched process; nothing happens where it has ended.
pub(super) fn signal(watched: BorrowedFd<'_>, signal: c_int) {
    let no_info = std::ptr::null::<libc::siginfo_t>();
    // SAFETY: numbers, and no pointer.
    unsafe {
        libc::syscall(
            libc::SYS_pidfd_send_signal,
            watched.as_raw_fd(),
            signal,
            no_info,
            0,
        )
    };
}

/// Sends a signal to a group, by its founder; the caller has not reaped that one.
pub(super) fn signal_group(founder: i32, signal: c_int) {
    // SAFETY: numbers only.
    unsafe { libc::kill(-founder, signal) };
}

/// Ends a child that can't be watched, and takes note of its end.
pub(super) fn end_child(pid: i32) {
    // SAFETY: numbers, and no pointer. The child was not reaped, so the number is still its own.
    unsafe {
        libc::kill(pid, libc::SIGKILL);
        libc::waitpid(pid, std::ptr::null_mut(), 0);
    }
}

/// Puts a process into a group of its own; 0 is this one.
pub(super) fn found_group(pid: i32) {
    // SAFETY: numbers only. It fails where the process has ended, or has done so itself.
    unsafe { libc::setpgid(pid, pid) };
}

/// How a process has ended, by the system's account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    Code(i32),
    Signal(i32),
    /// The process is no child of this one, or another thread has reaped it.
    Unknown,
}

/// Takes note of a child's end, which has come or is waited for.
pub(super) fn reap(watched: BorrowedFd<'_>) -> Exit {
    loop {
        // SAFETY: zero is a valid value of this plain structure.
        let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
        // SAFETY: the structure is ours. The system call itself, since `waitid` fails for a cell that is interrupted.
        let waited = unsafe {
            libc::syscall(
                libc::SYS_waitid,
                libc::P_PIDFD,
                watched.as_raw_fd(),
                &raw mut info,
                libc::WEXITED,
                std::ptr::null::<libc::rusage>(),
            )
        };
        if waited == 0 {
            // SAFETY: the call has filled the structure with the end of a child.
            let status = unsafe { info.si_status() };
            return match info.si_code {
                libc::CLD_EXITED => Exit::Code(status),
                _ => Exit::Signal(status),
            };
        }
        if io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
            return Exit::Unknown;
        }
    }
}

/// Whether a descriptor can be read now.
pub(super) fn is_ready(fd: BorrowedFd<'_>) -> bool {
    poll(&[fd], Some(Duration::ZERO)).is_some()
}

/// Waits until one of the descriptors can be read; gives the first such. `None` when the time is over. An interrupt
/// of the cell unwinds it.
pub(super) fn wait(fds: &[BorrowedFd<'_>], limit: Option<Duration>) -> Option<usize> {
    let end = limit.map(|limit| Instant::now() + limit);
    loop {
        check_interrupt();
        let left = end.map(|end| end.saturating_duration_since(Instant::now()));
        // A signal or a rounded time may end it early.
        if let Some(index) = poll(fds, left) {
            return Some(index);
        }
        if end.is_some_and(|end| Instant::now() >= end) {
            return None;
        }
    }
}

fn poll(fds: &[BorrowedFd<'_>], limit: Option<Duration>) -> Option<usize> {
    let mut polls: Vec<libc::pollfd> = fds
        .iter()
        .map(|fd| libc::pollfd {
            fd: fd.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        })
        .collect();
    let limit_ms = limit.map_or(-1, |limit| {
        let micros = limit.as_micros().div_ceil(1000);
        c_int::try_from(micros).unwrap_or(c_int::MAX)
    });
    // SAFETY: the list is ours and as long as stated.
    unsafe { libc::poll(polls.as_mut_ptr(), polls.len() as libc::nfds_t, limit_ms) };
    polls.iter().position(|poll| poll.revents != 0)
}

impl Exit {
    /// For a process that gives its parent no more than its end.
    pub(super) fn into_ended(self) -> Ended {
        match self {
            Exit::Code(code) => Ended::Exited(code),
            Exit::Signal(number) => Ended::Signal(number),
            Exit::Unknown => Ended::Lost,
        }
    }
}

/// A file in memory, private to this process and those that it forks.
pub(super) fn memory_file() -> io::Result<File> {
    // SAFETY: the name ends in a zero byte.
    let fd = check(
        unsafe { libc::memfd_create(c"threadbook-process".as_ptr(), libc::MFD_CLOEXEC) }.into(),
    )?;
    // SAFETY: the descriptor is new.
    Ok(unsafe { File::from_raw_fd(fd) })
}

/// A counter that can be waited for with [`wait`].
pub(super) fn doorbell() -> io::Result<OwnedFd> {
    // SAFETY: numbers only.
    let fd = check(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) }.into())?;
    // SAFETY: the descriptor is new.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Rings a doorbell.
pub(super) fn ring(bell: impl AsFd) {
    // SAFETY: the eight bytes live through the call.
    unsafe {
        libc::syscall(
            libc::SYS_write,
            bell.as_fd().as_raw_fd(),
            (&raw const ONE).cast::<libc::c_void>(),
            8,
        )
    };
}

static ONE: u64 = 1;

/// Makes a doorbell silent again.
pub(super) fn answer(bell: impl AsFd) {
    let mut count = 0_u64;
    // SAFETY: the eight bytes are ours.
    unsafe {
        libc::syscall(
            libc::SYS_read,
            bell.as_fd().as_raw_fd(),
            (&raw mut count).cast::<libc::c_void>(),
            8,
        )
    };
}

/// Holds back the signals that a person or a program may send to end this process, until the value is dropped.
pub(super) struct Held(libc::sigset_t);

impl Held {
    pub(super) fn new() -> Held {
        // SAFETY: zero is a valid value of a set; the calls write only to the two sets, which are ours.
        unsafe {
            let mut set: libc::sigset_t = std::mem::zeroed();
            let mut before: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&raw mut set);
            for signal in RESET {
                libc::sigaddset(&raw mut set, signal);
            }
            libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, &raw mut before);
            Held(before)
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // SAFETY: the set is one that the system gave.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, std::ptr::null_mut())
        };
    }
}

/// In a child: leaves to the system what its parent has handlers for.
pub(super) fn reset_handlers() {
    for signal in RESET {
        // SAFETY: zero is a valid value of this plain structure, which the first call fills.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            libc::sigaction(signal, std::ptr::null(), &raw mut action);
            if ![libc::SIG_DFL, libc::SIG_IGN].contains(&action.sa_sigaction) {
                libc::signal(signal, libc::SIG_DFL);
            }
        }
    }
}

/// Whether the process has no more threads than this. Where that can't be found out it may have.
pub(super) fn has_threads_up_to(count: u64) -> bool {
    // The folder has a link from itself, one from its parent, and one from each thread's folder.
    let folder = std::fs::metadata("/proc/self/task");
    folder.is_ok_and(|folder| std::os::unix::fs::MetadataExt::nlink(&folder) <= 2 + count)
}
