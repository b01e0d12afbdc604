//! What processes that code of a cell has forked off the live worker must not share with it.
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
use super::child;
use super::copies;
use super::loads;
use super::streams;
use super::sys;
use crate::panics;
use crate::wire::Kind;

/// Whether an epoll set was made in this process or before it was forked.
static HAS_EPOLL: AtomicBool = AtomicBool::new(false);
/// What only the live worker may use.
static OWN_FDS: [AtomicI32; 4] = [const { AtomicI32::new(-1) }; 4];

/// This process is the live worker, and has these descriptors for itself.
pub(super) fn install(own: [RawFd; 4]) {
    for (slot, fd) in OWN_FDS.iter().zip(own) {
        slot.store(fd, Ordering::Relaxed);
    }
    child::set_live();
    sys::at_fork(on_fork);
}

/// In a child that is about to leave the cell which has forked it: prints that, and ends.
pub(super) fn end_unless_live() {
    if child::is_live() {
        return;
    }
    streams::settle();
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
    if had_threads || HAS_EPOLL.load(Ordering::Relaxed) || !child::has_live() {
        copies::own_epoll_sets();
    }
}

/// Runs in a new child, whose parent may have had more threads: allocates nothing, takes no lock.
extern "C" fn on_fork() {
    child::set_child();
    cell::leave();
    for fd in &OWN_FDS {
        let fd = fd.swap(-1, Ordering::Relaxed);
        if fd >= 0 {
            sys::close(fd);
        }
    }
}
