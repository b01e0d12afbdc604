//! A bar: how far it is, and when it is drawn.

use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::group::Group;
use super::state::BarState;
use super::state::lock;

/// A bar that threads and tasks advance. Clones are the same bar, which ends when the last of them is dropped.
#[derive(Clone)]
pub struct Bar {
    work: Arc<Work>,
}

/// Ends the bar when it is dropped.
struct Work {
    state: Arc<BarState>,
    group: Arc<Group>,
}

impl Bar {
    #[track_caller]
    pub(super) fn begin(total: Option<u64>) -> Bar {
        let state = Arc::new(BarState {
            position: AtomicU64::new(0),
            total,
            name: Mutex::default(),
            begun: Instant::now(),
            took: Mutex::default(),
        });
        let group = Group::join(&state);
        Bar {
            work: Arc::new(Work { state, group }),
        }
    }

    /// Advances the bar by a number of steps.
    ///
    /// It takes some ten nanoseconds, and now and then it draws. In a cell that was interrupted it unwinds, as
    /// [`check_interrupt`](crate::check_interrupt) does.
    pub fn advance(&self, steps: u64) {
        self.work.state.position.fetch_add(steps, Ordering::Relaxed);
        self.work.group.draw_if_due();
    }

    /// Sets how far the bar is.
    pub fn set_position(&self, position: u64) {
        self.work.state.position.store(position, Ordering::Relaxed);
        self.work.group.draw_if_due();
    }

    /// Puts a name before the bar, in the place of an earlier one.
    pub fn name(&self, name: impl Into<String>) {
        *lock(&self.work.state.name) = name.into();
        match self.position() {
            // A bar is often named when it begins.
            0 => self.work.group.draw(),
            _ => self.work.group.draw_if_due(),
        }
    }

    /// The same bar, with a name before it: `progress::of(3).named("pages")`.
    pub fn named(self, name: impl Into<String>) -> Bar {
        self.name(name);
        self
    }

    /// How far the bar is.
    pub fn position(&self) -> u64 {
        self.work.state.position.load(Ordering::Relaxed)
    }

    /// How many steps there are, where that is known.
    pub fn total(&self) -> Option<u64> {
        self.work.state.total
    }

    /// A bar that ends a cell shows nothing more than it has shown.
    #[doc(hidden)]
    pub fn evcxr_display(&self) {}
}

impl fmt::Debug for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bar")
            .field("position", &self.position())
            .field("total", &self.total())
            .finish_non_exhaustive()
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        *lock(&self.state.took) = Some(self.state.begun.elapsed());
        self.group.leave(&self.state);
    }
}
