//! Stopping a cell from another thread, whatever it is doing.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use threadbook::worker::COMPILER_FILE;

use super::CellId;
use super::Control;
use crate::sys::processes;
use crate::toolchain::cargo::INTERRUPTED_FILE;
use crate::worker::Status;

/// Reaches the evaluator. It exists before the evaluator does; until then there is nothing to stop.
#[derive(Debug, Default)]
pub struct Stop {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    session: Option<PathBuf>,
    worker: Option<Arc<Status>>,
    /// How often the cell that runs was interrupted; `None` while none runs.
    interrupts: Option<u32>,
}

impl Stop {
    /// From now on there is something to stop.
    pub(super) fn attach(&self, session: PathBuf, worker: Arc<Status>) {
        let mut state = self.state();
        state.session = Some(session);
        state.worker = Some(worker);
    }

    /// A cell begins.
    pub(super) fn begin_cell(&self, cell: CellId) {
        let mut state = self.state();
        state.interrupts = Some(0);
        if let Some(worker) = &state.worker {
            worker.begin_cell(cell);
        }
        if let Some(session) = &state.session {
            // Usually there is none.
            let _ = std::fs::remove_file(session.join(INTERRUPTED_FILE));
        }
    }

    /// Whether a cell runs.
    pub(super) fn has_cell(&self) -> bool {
        self.state().interrupts.is_some()
    }

    /// Whether the cell that runs was interrupted.
    pub(super) fn is_interrupted(&self) -> bool {
        self.state().interrupts.is_some_and(|count| count > 0)
    }

    /// The cell has ended.
    pub(super) fn end_cell(&self) {
        self.state().interrupts = None;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Control for Stop {
    fn interrupt(&self) {
        let mut state = self.state();
        let Some(count) = &mut state.interrupts else {
            return;
        };
        *count += 1;
        let even_asking = *count > 1;
        if let Some(session) = &state.session {
            // The compile that runs ends; one that is about to start sees the file and does not.
            let _ = std::fs::write(session.join(INTERRUPTED_FILE), "");
            kill_compiler(session);
        }
        if let Some(worker) = &state.worker {
            worker.interrupt(even_asking);
        }
    }

    fn shutdown(&self) {
        let state = self.state();
        if let Some(session) = &state.session {
            kill_compiler(session);
        }
        if let Some(worker) = &state.worker {
            worker.terminate();
        }
    }
}

/// Ends the process group that compiles, if one does. Its file is there only while it runs.
fn kill_compiler(session: &std::path::Path) {
    let pid = std::fs::read_to_string(session.join(COMPILER_FILE))
        .ok()
        .and_then(|text| text.trim().parse().ok());
    if let Some(pid) = pid {
        processes::kill_group(pid);
    }
}
