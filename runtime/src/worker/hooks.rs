//! What the worker program defines in front of the C library, besides `write` and `read`: calls that wait, and those of
//! locks with owners (`owners.rs`).
//!
//! A signal ends the system call that the cell's thread is in, and std would call again. After an interrupt these fail
//! with `ECANCELED` instead, which std hands on as an error, or panics where it has no way to fail: both unwind the
//! cell. On other threads, and while a cell unwinds already, they are what they always are.
//!
//! Locks, channels and condition variables wait by a system call of their own without a way to fail: a cell that hangs
//! there is ended, and its process goes back to the state before it.

use std::os::raw::c_int;
use std::os::raw::c_long;
use std::os::raw::c_void;
use std::time::Duration;
use std::time::SystemTime;

use super::at_fork;
use super::cell;
use super::interrupt::interruptible;
use super::interrupt::interruptible_wait;
use super::sys;

pub use super::owners::pthread_mutex_lock;
pub use super::owners::pthread_mutex_trylock;
pub use super::owners::pthread_mutex_unlock;
pub use super::owners::pthread_rwlock_unlock;
pub use super::stdio::read_hook;
pub use super::stdio::write_hook;

/// The types of libc that the worker program, which links only this crate, needs to define them.
pub use libc::clockid_t as Clock;
pub use libc::id_t as Id;
pub use libc::idtype_t as IdType;
pub use libc::nfds_t as Count;
pub use libc::pollfd as PollFd;
pub use libc::pthread_mutex_t as Mutex;
pub use libc::pthread_rwlock_t as RwLock;
pub use libc::pthread_t as Thread;
pub use libc::siginfo_t as SignalInfo;
pub use libc::sockaddr as Address;
pub use libc::socklen_t as AddressLen;
pub use libc::timespec as Time;

/// The process's `clock_nanosleep`, by which std sleeps.
///
/// # Safety
///
/// As `clock_nanosleep(2)`.
pub unsafe fn clock_nanosleep(
    clock: libc::clockid_t,
    flags: c_int,
    request: *const libc::timespec,
    remain: *mut libc::timespec,
) -> c_int {
    let sleep = || {
        // SAFETY: the caller vouches for the pointers; the kernel checks them.
        unsafe { libc::syscall(libc::SYS_clock_nanosleep, clock, flags, request, remain) }
    };
    if interruptible(sleep) < 0 {
        sys::errno()
    } else {
        0
    }
}

/// The process's `pthread_join`, by which std joins a thread.
///
/// # Safety
///
/// As `pthread_join(3)`.
pub unsafe fn pthread_join(thread: libc::pthread_t, value: *mut *mut c_void) -> c_int {
    const STEP: Duration = Duration::from_millis(50);
    loop {
        if cell::must_stop() {
            cell::interrupted();
            return libc::ECANCELED;
        }
        let until = SystemTime::now() + STEP;
        let since = until
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let until = libc::timespec {
            tv_sec: since.as_secs() as libc::time_t,
            tv_nsec: since.subsec_nanos().into(),
        };
        // SAFETY: the caller vouches for the thread and the pointer; the time lives through the call.
        match unsafe { pthread_timedjoin_np(thread, value, &raw const until) } {
            libc::ETIMEDOUT => {}
            result => return result,
        }
    }
}

unsafe extern "C" {
    /// The C library's own; the `libc` crate does not have it.
    fn pthread_timedjoin_np(
        thread: libc::pthread_t,
        value: *mut *mut c_void,
        until: *const libc::timespec,
    ) -> c_int;
}

/// The process's `waitpid`.
///
/// # Safety
///
/// As `waitpid(2)`.
pub unsafe fn waitpid(pid: libc::pid_t, status: *mut c_int, options: c_int) -> libc::pid_t {
    let none = std::ptr::null_mut::<libc::rusage>();
    // SAFETY: the caller vouches for the pointer; the kernel checks it.
    interruptible_wait(|| unsafe { libc::syscall(libc::SYS_wait4, pid, status, options, none) })
        as libc::pid_t
}

/// The process's `waitid`.
///
/// # Safety
///
/// As `waitid(2)`.
pub unsafe fn waitid(
    kind: libc::idtype_t,
    id: libc::id_t,
    info: *mut libc::siginfo_t,
    options: c_int,
) -> c_int {
    let none = std::ptr::null_mut::<libc::rusage>();
    interruptible_wait(|| {
        // SAFETY: the caller vouches for the pointer; the kernel checks it.
        unsafe { libc::syscall(libc::SYS_waitid, kind, id, info, options, none) }
    }) as c_int
}

/// The process's `poll`.
///
/// # Safety
///
/// As `poll(2)`.
pub unsafe fn poll(fds: *mut libc::pollfd, count: libc::nfds_t, timeout_ms: c_int) -> c_int {
    let timeout = libc::timespec {
        tv_sec: (timeout_ms / 1000).into(),
        tv_nsec: (i64::from(timeout_ms % 1000) * 1_000_000) as c_long,
    };
    interruptible(|| {
        // The kernel writes the time that is left.
        let mut timeout = timeout;
        let timeout = if timeout_ms < 0 {
            std::ptr::null_mut()
        } else {
            &raw mut timeout
        };
        let no_mask = std::ptr::null::<c_void>();
        // SAFETY: the caller vouches for the list; the time lives through the call.
        unsafe { libc::syscall(libc::SYS_ppoll, fds, count, timeout, no_mask, 8) }
    }) as c_int
}

/// The process's `epoll_create1`: a process that is forked later must not share the set.
///
/// # Safety
///
/// As `epoll_create1(2)`.
pub unsafe fn epoll_create1(flags: c_int) -> c_int {
    at_fork::note_epoll();
    // SAFETY: numbers only.
    unsafe { libc::syscall(libc::SYS_epoll_create1, flags) as c_int }
}

/// The process's `accept4`.
///
/// # Safety
///
/// As `accept4(2)`.
pub unsafe fn accept4(
    fd: c_int,
    address: *mut libc::sockaddr,
    len: *mut libc::socklen_t,
    flags: c_int,
) -> c_int {
    // SAFETY: the caller vouches for the pointers; the kernel checks them.
    interruptible(|| unsafe { libc::syscall(libc::SYS_accept4, fd, address, len, flags) }) as c_int
}

/// The process's `connect`.
///
/// # Safety
///
/// As `connect(2)`.
pub unsafe fn connect(fd: c_int, address: *const libc::sockaddr, len: libc::socklen_t) -> c_int {
    // SAFETY: the caller vouches for the pointer; the kernel checks it.
    interruptible(|| unsafe { libc::syscall(libc::SYS_connect, fd, address, len) }) as c_int
}

/// The process's `recv`.
///
/// # Safety
///
/// As `recv(2)`.
pub unsafe fn recv(fd: c_int, buffer: *mut c_void, len: usize, flags: c_int) -> isize {
    let null = std::ptr::null_mut();
    // SAFETY: the caller vouches for the buffer; no address is requested.
    unsafe { recvfrom(fd, buffer, len, flags, null, null.cast()) }
}

/// The process's `recvfrom`.
///
/// # Safety
///
/// As `recvfrom(2)`.
pub unsafe fn recvfrom(
    fd: c_int,
    buffer: *mut c_void,
    len: usize,
    flags: c_int,
    address: *mut libc::sockaddr,
    address_len: *mut libc::socklen_t,
) -> isize {
    interruptible(|| {
        // SAFETY: the caller vouches for the pointers; the kernel checks them.
        unsafe {
            libc::syscall(
                libc::SYS_recvfrom,
                fd,
                buffer,
                len,
                flags,
                address,
                address_len,
            )
        }
    }) as isize
}
