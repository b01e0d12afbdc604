//! Processes that code of a cell has forked off the live worker: what they must not share with it.
//!
//! A fork gives the child everything that the worker has: the pipes on which the kernel sends its commands, the page that
//! it shares with the supervisor, and its part of being the thread that runs cells. A child that used any of these would be
//! taken for the worker. So each fork by the C library ends the child's part in them, whoever calls it.

use std::os::fd::RawFd;
use std::sync::MutexGuard;
use std::sync::RwLockWriteGuard;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicI32;
use std::sync::atomic::Ordering;

use super::cell;
use super::channel;
use super::loads;
use super::stdio;
use super::sys;
use crate::panics;
use crate::wire::Kind;

/// The process that runs cells; 0 outside a worker.
static LIVE: AtomicI32 = AtomicI32::new(0);
/// Whether this process is one that was forked off it.
static IS_CHILD: AtomicBool = AtomicBool::new(false);
/// Whether an epoll set was made in this process or before it was forked.
static HAS_EPOLL: AtomicBool = AtomicBool::new(false);
/// What only the live worker may use.
static OWN_FDS: [AtomicI32; 3] = [const { AtomicI32::new(-1) }; 3];

/// This process is the live worker, and has these descriptors for itself.
pub(super) fn install(own: [RawFd; 3]) {
    for (slot, fd) in OWN_FDS.iter().zip(own) {
        slot.store(fd, Ordering::Relaxed);
    }
    set_live();
    sys::at_fork(on_fork);
}

/// How many threads the worker has by itself: the main one and the one that flushes.
pub(crate) const OWN_THREADS: u64 = 2;

/// This process is the live worker from now on.
pub(super) fn set_live() {
    LIVE.store(std::process::id().cast_signed(), Ordering::Relaxed);
}

/// Whether this process was forked off the live worker by code of a cell.
pub(crate) fn is_child() -> bool {
    IS_CHILD.load(Ordering::Relaxed)
}

/// Whether this process is the one that runs cells.
pub(crate) fn is_live() -> bool {
    let live = LIVE.load(Ordering::Relaxed);
    live != 0 && !is_child() && live == std::process::id().cast_signed()
}

/// In a child that is about to leave the cell which has forked it: prints that, and ends.
pub(super) fn end_unless_live() {
    if is_live() {
        return;
    }
    stdio::settle();
    let text = format!(
        "process {} was forked by code of a cell and came to the cell's end, where it ends (start it by \
         `threadbook::process::spawn`, or end it by `std::process::exit`)\n",
        std::process::id()
    );
    let _ = channel::send_stream(Kind::Stderr, 0, text.as_bytes());
    sys::exit_now(1);
}

/// The runtime's own locks.
pub(crate) struct Locks {
    _loads: RwLockWriteGuard<'static, Option<loads::Loads>>,
    cell: MutexGuard<'static, Option<cell::CellState>>,
    _panics: MutexGuard<'static, panics::Threads>,
}

/// Takes the runtime's own locks, so that none is held by another thread when the process forks.
pub(crate) fn lock() -> Locks {
    Locks {
        _loads: loads::lock(),
        cell: cell::lock(),
        _panics: panics::lock(),
    }
}

impl Locks {
    /// In the child: it runs no cell.
    pub(crate) fn forget_cell(&mut self) {
        *self.cell = None;
    }
}

/// An epoll set is about to be made.
pub(super) fn note_epoll() {
    HAS_EPOLL.store(true, Ordering::Relaxed);
}

/// In a child: makes epoll sets its own, where there may be some. They are noted where the C library makes them for a cell;
/// what makes one by itself has a thread for it.
pub(crate) fn own_epoll_sets(had_threads: bool) {
    if had_threads || HAS_EPOLL.load(Ordering::Relaxed) || LIVE.load(Ordering::Relaxed) == 0 {
        super::snapshot::own_epoll_sets();
    }
}

/// Runs in a new child, whose parent may have had more threads: allocates nothing, takes no lock.
extern "C" fn on_fork() {
    IS_CHILD.store(true, Ordering::Relaxed);
    cell::leave();
    for fd in &OWN_FDS {
        let fd = fd.swap(-1, Ordering::Relaxed);
        if fd >= 0 {
            sys::close(fd);
        }
    }
}
