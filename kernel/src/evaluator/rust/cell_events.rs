//! What the worker has reported about a cell, from its start to its end.

use threadbook::timing::Times;
use threadbook::wire::End;

use crate::worker::Death;
use crate::worker::WorkerEvent;

/// The events of one cell, put together.
#[derive(Debug, Default)]
pub(super) struct CellEvents {
    /// Whether code of the cell has run.
    pub(super) has_started: bool,
    /// How the last code ended that came to an end, and what it took.
    pub(super) end: Option<End>,
    pub(super) times: Option<Times>,
    /// How the process died, if it did.
    pub(super) death: Option<Death>,
}

impl FromIterator<WorkerEvent> for CellEvents {
    fn from_iter<T: IntoIterator<Item = WorkerEvent>>(events: T) -> CellEvents {
        let mut of_cell = CellEvents::default();
        for event in events {
            match event {
                WorkerEvent::Started { .. } => of_cell.has_started = true,
                WorkerEvent::Done { end, times } => {
                    of_cell.end = Some(end);
                    of_cell.times = Some(times);
                }
                WorkerEvent::Died(death) => of_cell.death = Some(death),
                WorkerEvent::Resumed {
                    missing_threads,
                    outside,
                } => {
                    if let Some(death) = &mut of_cell.death {
                        death.missing_threads = missing_threads;
                        death.outside = outside;
                    }
                }
                WorkerEvent::Copies(_) | WorkerEvent::NoSuchCopy | WorkerEvent::Synced => {}
            }
        }
        of_cell
    }
}

#[cfg(test)]
mod tests {
    use threadbook::wire::Outside;

    use super::*;

    fn started() -> WorkerEvent {
        WorkerEvent::Started {
            so: "code.so".to_owned(),
        }
    }

    #[test]
    fn a_cell_that_did_not_start_has_no_end() {
        let events = CellEvents::from_iter([WorkerEvent::Synced]);
        assert!(!events.has_started && events.end.is_none() && events.times.is_none());
    }

    #[test]
    fn the_last_end_counts() {
        let done = |end| WorkerEvent::Done {
            end,
            times: Times::default(),
        };
        let failed = End::Raised {
            ename: "Deadlock".to_owned(),
            message: String::new(),
        };
        let events =
            CellEvents::from_iter([started(), done(End::Finished), started(), done(failed)]);
        assert!(events.has_started && events.death.is_none());
        assert!(matches!(events.end, Some(End::Raised { .. })));
    }

    #[test]
    fn a_copy_that_takes_over_completes_what_is_known_of_the_death() {
        let resumed = || WorkerEvent::Resumed {
            missing_threads: vec!["lost".to_owned()],
            outside: Outside::default(),
        };
        let death = Death {
            copy: true,
            ..Death::default()
        };
        let events = CellEvents::from_iter([started(), WorkerEvent::Died(death), resumed()]);
        assert_eq!(events.death.unwrap().missing_threads, ["lost"]);
        assert!(CellEvents::from_iter([resumed()]).death.is_none());
    }
}
