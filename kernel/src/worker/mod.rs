//! The kernel's end of the worker: the pipes it talks through, and the thread that reads them.
//!
//! The worker's own side is `runtime/src/worker`; their messages to each other are in `threadbook::wire`.

mod pipes;
mod pump;

use std::ffi::OsString;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Map;
use serde_json::Value;
use threadbook::timing::Times;
use threadbook::top::Proc;
use threadbook::wire;
use threadbook::wire::CrashDump;
use threadbook::wire::End;
use threadbook::wire::Outside;
use threadbook::wire::PanicInfo;
use threadbook::wire::Place;
use threadbook::wire::Role;
use threadbook::wire::SnapshotStatus;

use pipes::Pipes;
use threadbook_jupyter::contract::CellId;
use threadbook_jupyter::output::OutputTx;

/// The pump's messages to the evaluator about the cell that runs. Output goes past it, to the output queue.
#[derive(Debug)]
pub enum WorkerEvent {
    /// Compiling is over: this shared object runs.
    Started {
        /// The object's file.
        so: String,
    },
    /// The cell has ended; everything it printed is in the output queue.
    Done {
        /// How.
        end: End,
        /// What running it took.
        times: Times,
    },
    /// The process that runs cells has died.
    Died(Death),
    /// A copy of it has taken over, without these threads.
    Resumed {
        /// Threads that could not be taken along, by name.
        missing_threads: Vec<String>,
        /// What the process that died may have changed for it.
        outside: Outside,
    },
    /// The status of the copies of the process.
    Snapshot(SnapshotStatus),
    /// There is no copy of the role that [`Worker::restore`] has named.
    NoSuchCopy,
    /// Everything that was in the pipes at [`Worker::sync`] has been taken.
    Synced,
}

/// How the process that runs cells died.
#[derive(Clone, Debug, Default)]
pub struct Death {
    /// The signal that ended it, if one did.
    pub signal: Option<i32>,
    /// Its exit code otherwise.
    pub code: Option<i32>,
    /// The name of the thread that did it, where that is known.
    pub thread: Option<String>,
    /// What a backtrace of that thread can be made of.
    pub remains: Option<CrashDump>,
    /// The cell's last panic that did not end it by itself.
    pub panic: Option<PanicInfo>,
    /// Whether a copy of it, made before the cell, has taken over.
    pub copy: bool,
    /// Processes that it had started and that ended with it, by name.
    pub children: Vec<String>,
    /// Whether the system has ended processes since memory ran out.
    pub out_of_memory: bool,
    /// Threads that the copy lacks, by name.
    pub missing_threads: Vec<String>,
    /// What lies outside of the copy and is as the process has left it.
    pub outside: Outside,
}

/// In the metadata of a display of warnings: how many there are.
pub const WARNINGS_KEY: &str = "threadbook_warnings";

/// A display that the kernel itself adds to a cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// MIME type to value.
    pub data: Map<String, Value>,
    /// A mark by which it differs from displays of the cell.
    pub metadata: Map<String, Value>,
}

/// The pump's view of the cells' texts. Each returned text goes to stderr.
pub trait CellObserver: Send {
    /// A compiled cell starts, at a time since the system's start. Returns a note about it, such as rustc's warnings.
    fn started(&self, so: &str, at_ms: u64) -> Option<Note>;

    /// The code of the cell has ended, however.
    fn ended(&self);

    /// A place in code, in words.
    fn place(&self, place: &Place) -> String;

    /// A panic that does not end a cell.
    fn panic(&self, info: &PanicInfo) -> String;

    /// The process died while no cell ran.
    fn died(&self, death: &Death) -> String;
}

/// The worker answers at once, unless it has ended.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// The pipes to a worker and what is known of it. They outlive the worker's process: a restarted one gets the same.
#[derive(Debug)]
pub struct Worker {
    pipes: Arc<Pipes>,
    status: Arc<Status>,
    events_rx: mpsc::Receiver<WorkerEvent>,
}

/// The worker's state, for other threads.
#[derive(Debug)]
pub struct Status {
    pipes: Arc<Pipes>,
    supervisor: AtomicU32,
    worker: AtomicU32,
    cell: AtomicU64,
    shows_output: AtomicBool,
    running: AtomicBool,
    asking: AtomicBool,
    stop_next: AtomicBool,
    /// The working folder of cells, as far as it is known.
    folder: Mutex<Option<PathBuf>>,
}

impl Worker {
    /// Opens the pipes and starts the thread that reads them.
    pub fn new(output: OutputTx, narrator: Box<dyn CellObserver>) -> std::io::Result<Worker> {
        let pipes = Arc::new(Pipes::new()?);
        let status = Arc::new(Status::new(Arc::clone(&pipes)));
        let (events_tx, events_rx) = mpsc::channel();
        let pump = pump::Pump::new(
            Arc::clone(&pipes),
            Arc::clone(&status),
            output,
            events_tx,
            narrator,
        );
        std::thread::Builder::new()
            .name("worker-output".to_owned())
            .spawn(move || pump.run())?;
        Ok(Worker {
            pipes,
            status,
            events_rx,
        })
    }

    /// The command that starts the worker program with its ends of the pipes. No copies are made above the limit, where
    /// there is one.
    pub fn command(
        &self,
        program: &Path,
        session: &Path,
        copies_limit_megabytes: Option<u32>,
    ) -> Command {
        let mut command = Command::new(program);
        self.pipes
            .hand_to(&mut command, session, copies_limit_megabytes);
        command
    }

    /// A file whose text shows as stderr of the cell that runs. It is there as long as the worker's pipes are.
    pub fn stderr_file(&self) -> PathBuf {
        self.pipes.stderr_file()
    }

    /// The worker's state, for other threads.
    pub fn status(&self) -> Arc<Status> {
        Arc::clone(&self.status)
    }

    /// From now on output is shown; until then evcxr tries itself out.
    pub fn show_output(&self) {
        self.status.shows_output.store(true, Ordering::SeqCst);
    }

    /// Sends a command to the worker.
    pub fn control(&self, command: &wire::Command) -> std::io::Result<()> {
        self.pipes.control(command)
    }

    /// Sends a command about copies, while no cell runs, and waits for the answer.
    pub fn ask(&self, command: &wire::Command) -> std::io::Result<SnapshotStatus> {
        self.control(command)?;
        loop {
            if let WorkerEvent::Snapshot(status) = self.next_event()? {
                return Ok(status);
            }
        }
    }

    /// Has the copy of a role take over, while no cell runs.
    pub fn restore(&self, role: Role) -> std::io::Result<()> {
        self.control(&wire::Command::Restore(role))?;
        loop {
            match self.next_event()? {
                WorkerEvent::Resumed { .. } => return Ok(()),
                WorkerEvent::NoSuchCopy => return Err(std::io::Error::other("it is not there")),
                WorkerEvent::Died(death) if !death.copy => {
                    return Err(std::io::Error::other("it has ended"));
                }
                _ => {}
            }
        }
    }

    /// The programs that cells have started and that still run, by name.
    pub fn programs(&self) -> Vec<String> {
        let Some(pid) = self.status.worker_pid() else {
            return Vec::new();
        };
        let programs = Proc::read(Path::new("/proc")).worker(pid as i32).programs;
        programs
            .into_iter()
            // One that has ended, and was not reaped, is still listed.
            .filter(|program| !program.stat.has_ended())
            .map(|program| program.stat.name)
            .collect()
    }

    fn next_event(&self) -> std::io::Result<WorkerEvent> {
        self.events_rx
            .recv_timeout(ANSWER_LIMIT)
            .map_err(std::io::Error::other)
    }

    /// Waits until everything that the worker has sent so far is in the output queue; gives back what it told
    /// meanwhile.
    pub fn sync(&self) -> Vec<WorkerEvent> {
        let mut events = Vec::new();
        if self.pipes.send_sync().is_err() {
            return events;
        }
        while let Ok(event) = self.events_rx.recv() {
            if matches!(event, WorkerEvent::Synced) {
                break;
            }
            events.push(event);
        }
        events
    }
}

impl Status {
    fn new(pipes: Arc<Pipes>) -> Status {
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

    fn set_folder(&self, folder: Option<OsString>) {
        *self.folder.lock().unwrap_or_else(PoisonError::into_inner) = folder.map(PathBuf::from);
    }

    fn cell(&self) -> CellId {
        CellId(self.cell.load(Ordering::SeqCst))
    }

    /// Ends the worker and everything below it.
    pub fn terminate(&self) {
        self.pipes.end(self.supervisor.load(Ordering::SeqCst));
    }

    fn stop_running(&self) {
        if let Err(error) = self.pipes.control(&wire::Command::Interrupt) {
            tracing::error!("an interrupt did not reach the worker: {error}");
        }
    }

    /// The order of the two steps pairs with that in [`Status::interrupt`]: one of the two sees the other.
    fn started(&self) {
        self.running.store(true, Ordering::SeqCst);
        if self.stop_next.load(Ordering::SeqCst) {
            self.stop_running();
        }
    }

    fn ended(&self) {
        self.running.store(false, Ordering::SeqCst);
    }
}
