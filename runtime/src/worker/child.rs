//! Whether this process is the live worker, or was forked off it by code of a cell.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicI32;
use std::sync::atomic::Ordering;

/// The process that runs cells; 0 outside a worker.
static LIVE: AtomicI32 = AtomicI32::new(0);
/// Whether this process is one that was forked off it.
static IS_CHILD: AtomicBool = AtomicBool::new(false);
/// How many threads the worker has by itself: the main one and the one that flushes.
pub(crate) const OWN_THREADS: u64 = 2;

/// This process is the live worker from now on.
pub(super) fn set_live() {
    LIVE.store(std::process::id().cast_signed(), Ordering::Relaxed);
}

/// Whether this process is the live worker, or was forked off it.
pub(super) fn has_live() -> bool {
    LIVE.load(Ordering::Relaxed) != 0
}

/// This process was forked off the live worker. Allocates nothing, takes no lock.
pub(super) fn set_child() {
    IS_CHILD.store(true, Ordering::Relaxed);
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
