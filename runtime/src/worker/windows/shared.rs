//! What the live worker knows of interrupts.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

/// Why there are no copies of the process that runs cells.
pub const NO_COPIES: Option<&str> =
    Some("this system has no `fork`, by which a process makes a copy of itself");

/// Why each cell has statics of its own.
pub const OWN_STATICS: Option<&str> =
    Some("this system binds names to a library, not to the process, and each cell is a library");

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Whether the person has interrupted the cell that runs.
pub(crate) fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// The person interrupts the cell that runs, or a new one comes.
pub(super) fn set_interrupted(interrupted: bool) {
    INTERRUPTED.store(interrupted, Ordering::Relaxed);
}
