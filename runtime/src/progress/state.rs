//! A bar's state, which the bar changes and its group draws.

use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use super::row::Row;

/// A bar as its group draws it.
pub(super) struct BarState {
    pub(super) position: AtomicU64,
    pub(super) total: Option<u64>,
    pub(super) name: Mutex<String>,
    pub(super) begun: Instant,
    /// How long it took, once it has ended.
    pub(super) took: Mutex<Option<Duration>>,
}

impl BarState {
    /// What is to be drawn of it now.
    pub(super) fn row(&self) -> Row {
        let took = *lock(&self.took);
        Row {
            name: lock(&self.name).clone(),
            position: self.position.load(Ordering::Relaxed),
            total: self.total,
            took: took.unwrap_or_else(|| self.begun.elapsed()),
            has_ended: took.is_some(),
        }
    }

    /// Whether it has ended with all its steps done.
    pub(super) fn is_full(&self) -> bool {
        let is_full = |total| self.position.load(Ordering::Relaxed) >= total;
        lock(&self.took).is_some() && self.total.is_none_or(is_full)
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
