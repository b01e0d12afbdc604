//! Waiting for a word of memory that processes share.

use std::sync::atomic::AtomicU32;
use std::time::Duration;

use crate::worker::sys;

/// Waits while the word has this value, at most for the limit. May return early, as for an interrupt of the cell.
pub(super) fn wait(word: &AtomicU32, value: u32, limit: Duration) {
    sys::futex_wait_shared(word, value, limit);
}

/// Wakes everybody who waits for the word.
pub(super) fn wake(word: &AtomicU32) {
    sys::futex_wake_shared(word);
}
