//! The worker's state, shared by the threads that read, command and interrupt it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use threadbook::wire;
use threadbook_jupyter::contract::CellId;

use super::pipes::Pipes;

/// The worker's state, for other threads.
#[derive(Debug)]
pub struct Status {
    pub(super) pipes: Arc<Pipes>,
    pub(super) supervisor: AtomicU32,
    pub(super) worker: AtomicU32,
    pub(super) cell: AtomicU64,
    pub(super) shows_output: AtomicBool,
    pub(super) running: AtomicBool,
    pub(super) asking: AtomicBool,
    pub(super) stop_next: AtomicBool,
    /// The working folder of cells, as far as it is known.
    pub(super) folder: Mutex<Option<PathBuf>>,
}

impl Status {
    pub(super) fn new(pipes: Arc<Pipes>) -> Status {
        Status {
            pipes,
            supervisor: AtomicU32::new(0),
            worker: AtomicU32::new(0),
            cell: AtomicU64::new(0),
            shows_output: AtomicBool::new(false),
            running: AtomicBool::new(false),
            asking: AtomicBool::new(false),
            stop_next: AtomicBool::new(false),
            folder: Mutex::default(),
        }
    }

    /// The process that runs cells, if it is up.
    pub fn worker_pid(&self) -> Option<u32> {
        let pid = self.worker.load(Ordering::SeqCst);
        (pid != 0).then_some(pid)
    }

    /// Stops the cell that runs, or the one that is being compiled as soon as it starts.
    ///
    /// A cell that waits for the person to type something is left alone unless `even_asking`: the client that holds the
    /// question drops it, and the cell unwinds.
    pub fn interrupt(&self, even_asking: bool) {
        self.stop_next.store(true, Ordering::SeqCst);
        let waits = self.asking.load(Ordering::SeqCst) && !even_asking;
        if self.running.load(Ordering::SeqCst) && !waits {
            self.stop_running();
        }
    }

    /// A new cell begins, which is not interrupted yet.
    pub fn begin_cell(&self, cell: CellId) {
        self.cell.store(cell.0, Ordering::SeqCst);
        self.stop_next.store(false, Ordering::SeqCst);
    }

    /// The working folder of the process that runs cells, which starts in that of the kernel.
    pub fn folder(&self) -> PathBuf {
        let folder = self.folder.lock().unwrap_or_else(PoisonError::into_inner);
        let kernels = || std::env::current_dir().unwrap_or_default();
        folder.clone().unwrap_or_else(kernels)
    }

    pub(super) fn set_folder(&self, folder: Option<OsString>) {
        *self.folder.lock().unwrap_or_else(PoisonError::into_inner) = folder.map(PathBuf::from);
    }

    pub(super) fn cell(&self) -> CellId {
        CellId(self.cell.load(Ordering::SeqCst))
    }

    /// Ends the worker and everything below it.
    pub fn terminate(&self) {
        self.pipes.end(self.supervisor.load(Ordering::SeqCst));
    }

    pub(super) fn stop_running(&self) {
        if let Err(error) = self.pipes.control(&wire::Command::Interrupt) {
            tracing::error!("an interrupt did not reach the worker: {error}");
        }
    }

    /// The order of the two steps pairs with that in [`Status::interrupt`]: one of the two sees the other.
    pub(super) fn started(&self) {
        self.running.store(true, Ordering::SeqCst);
        if self.stop_next.load(Ordering::SeqCst) {
            self.stop_running();
        }
    }

    pub(super) fn ended(&self) {
        self.running.store(false, Ordering::SeqCst);
    }
}
