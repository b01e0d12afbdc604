//! Bars that stand below each other, in one display.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::Weak;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use super::draw::Screen;
use super::row::Row;
use super::state::BarState;
use super::state::lock;
use crate::check_interrupt;
use crate::worker;

/// A group is drawn at most once in this time, while it is at work.
const BETWEEN: Duration = Duration::from_millis(100);

/// A bar, and those that have begun on its thread while it is at work.
pub(super) struct Group {
    /// Which cell's code has begun it.
    load: u32,
    begun: Instant,
    /// When it was drawn last, in nanoseconds since it has begun.
    drawn: AtomicU64,
    rows: Mutex<Rows>,
    screen: Mutex<Screen>,
}

#[derive(Default)]
struct Rows {
    bars: Vec<Arc<BarState>>,
    /// Whether the first bar has ended.
    has_ended: bool,
}

std::thread_local! {
    static LATEST: RefCell<Weak<Group>> = const { RefCell::new(Weak::new()) };
}

impl Group {
    /// The group of a bar that begins: that of the bar that is at work on this thread for the same cell, or a new one.
    #[track_caller]
    pub(super) fn join(bar: &Arc<BarState>) -> Arc<Group> {
        let load = worker::load_of_caller();
        // A thread that is ending has no latest group any more.
        let latest = LATEST.try_with(|latest| latest.borrow().upgrade());
        if let Some(group) = latest.ok().flatten()
            && group.load == load
            && group.add(bar)
        {
            group.draw_if_due();
            return group;
        }
        let group = Arc::new(Group {
            load,
            begun: Instant::now(),
            drawn: AtomicU64::new(0),
            rows: Mutex::new(Rows {
                bars: vec![Arc::clone(bar)],
                has_ended: false,
            }),
            screen: Mutex::new(Screen::new(load)),
        });
        let _ = LATEST.try_with(|latest| latest.replace(Arc::downgrade(&group)));
        group.draw();
        group
    }

    /// Puts a bar below the others, in the place of those that are full; false where the first has ended.
    fn add(&self, bar: &Arc<BarState>) -> bool {
        let mut rows = lock(&self.rows);
        if rows.has_ended {
            return false;
        }
        rows.drop_full();
        rows.bars.push(Arc::clone(bar));
        true
    }

    /// A bar has ended. Where it is the first, the others go that are full.
    pub(super) fn leave(&self, bar: &Arc<BarState>) {
        let mut rows = lock(&self.rows);
        let is_first = rows
            .bars
            .first()
            .is_some_and(|first| Arc::ptr_eq(first, bar));
        if is_first {
            rows.has_ended = true;
        }
        let has_ended = rows.has_ended;
        if has_ended {
            rows.drop_full();
        }
        drop(rows);
        if has_ended {
            self.draw();
        }
    }

    /// Draws, where it was not drawn for a while: one of the threads that come here at a time. A cell that was
    /// interrupted stops here.
    pub(super) fn draw_if_due(&self) {
        let now = nanoseconds(self.begun.elapsed());
        let drawn = self.drawn.load(Ordering::Relaxed);
        if now.saturating_sub(drawn) < nanoseconds(BETWEEN) {
            return;
        }
        let taken = self
            .drawn
            .compare_exchange(drawn, now, Ordering::Relaxed, Ordering::Relaxed);
        if taken.is_ok() {
            self.draw();
            check_interrupt();
        }
    }

    /// Draws what there is now.
    pub(super) fn draw(&self) {
        // What is drawn is read under the lock, so that what is drawn last is the newest.
        let mut screen = lock(&self.screen);
        let (rows, has_ended) = {
            let rows = lock(&self.rows);
            let drawn: Vec<Row> = rows.bars.iter().map(|bar| bar.row()).collect();
            (drawn, rows.has_ended)
        };
        screen.draw(&rows, has_ended);
    }
}

impl Rows {
    /// Drops all full bars but the first.
    fn drop_full(&mut self) {
        let mut index = 0;
        self.bars.retain(|bar| {
            index += 1;
            index == 1 || !bar.is_full()
        });
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::endless;
    use super::super::of;
    use super::*;

    fn rows_of_latest() -> Vec<u64> {
        let group = LATEST.with(|latest| latest.borrow().upgrade()).unwrap();
        let rows = lock(&group.rows);
        rows.bars.iter().map(|bar| bar.row().position).collect()
    }

    #[test]
    fn a_bar_stands_below_the_one_at_work_and_a_full_one_gives_its_place() {
        let outer = of(2);
        outer.advance(1);
        let inner = of(10);
        inner.advance(10);
        assert_eq!(rows_of_latest(), [1, 10]);
        drop(inner);
        let next = of(20);
        next.advance(5);
        assert_eq!(rows_of_latest(), [1, 5]);
        // A bar that has not reached its end remains.
        drop(next);
        let third = endless();
        assert_eq!(rows_of_latest(), [1, 5, 0]);
        drop(third);
        drop(outer);
        let alone = of(1);
        assert_eq!(rows_of_latest(), [0]);
        drop(alone);
    }

    #[test]
    fn a_bar_of_another_thread_stands_alone() {
        let outer = of(2);
        let rows = std::thread::spawn(|| {
            let _alone = of(7);
            rows_of_latest()
        });
        assert_eq!(rows.join().unwrap(), [0]);
        assert_eq!(outer.position(), 0);
    }
}
