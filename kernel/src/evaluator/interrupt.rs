//! Stopping a cell from another thread, whatever it is doing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use threadbook_jupyter::contract::CellId;
use threadbook_jupyter::contract::CommRequest;
use threadbook_jupyter::contract::Control;

use crate::build::SessionPaths;
use crate::sys::processes;
use crate::worker::Comms;
use crate::worker::Status;

/// Reaches the evaluator. It exists before the evaluator does; until then there is nothing to stop.
#[derive(Debug, Default)]
pub struct Interrupter {
    state: Mutex<InterruptState>,
}

#[derive(Debug, Default)]
struct InterruptState {
    session: Option<SessionPaths>,
    worker: Option<Arc<Status>>,
    comms: Option<Arc<Comms>>,
    /// How often the cell that runs was interrupted; `None` while none runs.
    interrupts: Option<u32>,
}

impl Interrupter {
    /// From now on there is something to stop.
    pub(super) fn attach(&self, session: SessionPaths, worker: Arc<Status>, comms: Arc<Comms>) {
        let mut state = self.state();
        state.session = Some(session);
        state.worker = Some(worker);
        state.comms = Some(comms);
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
            let _ = std::fs::remove_file(session.interrupted());
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

    fn state(&self) -> MutexGuard<'_, InterruptState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Control for Interrupter {
    fn interrupt(&self) {
        let mut state = self.state();
        let Some(count) = &mut state.interrupts else {
            return;
        };
        *count += 1;
        let even_asking = *count > 1;
        if let Some(session) = &state.session {
            // The compile that runs ends; one that is about to start sees the file and does not.
            let _ = std::fs::write(session.interrupted(), "");
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

    fn comm(&self, request: CommRequest) {
        let comms = self.state().comms.clone();
        match comms {
            Some(comms) => comms.deliver(request),
            None => request.refuse(),
        }
    }

    fn comms(&self) -> BTreeMap<String, String> {
        let comms = self.state().comms.clone();
        comms.map(|comms| comms.open()).unwrap_or_default()
    }
}

/// Ends the process group that compiles, if one does. Its file is there only while it runs.
fn kill_compiler(session: &SessionPaths) {
    let pid = std::fs::read_to_string(session.compiler())
        .ok()
        .and_then(|text| text.trim().parse().ok());
    if let Some(pid) = pid {
        processes::kill_group(pid);
    }
}
