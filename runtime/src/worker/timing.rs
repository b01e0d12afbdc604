//! Measures what code costs: the clock's time, and the processors'.

use std::time::Duration;
use std::time::Instant;

use super::sys;
use crate::timing::Times;

/// A measurement that has begun.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch {
    own: [Duration; 2],
    children: [Duration; 2],
    start: Instant,
}

impl Stopwatch {
    pub(crate) fn start() -> Stopwatch {
        let (own, children) = sys::processor_times();
        Stopwatch {
            own,
            children,
            start: Instant::now(),
        }
    }

    pub(crate) fn times(&self) -> Times {
        let wall = self.start.elapsed();
        let (own, children) = sys::processor_times();
        let [user, system] = since(own, self.own);
        let [children_user, children_system] = since(children, self.children);
        Times {
            loading: Duration::ZERO,
            wall,
            user,
            system,
            children_user,
            children_system,
        }
    }
}

fn since(now: [Duration; 2], then: [Duration; 2]) -> [Duration; 2] {
    [0, 1].map(|index| now[index].saturating_sub(then[index]))
}
